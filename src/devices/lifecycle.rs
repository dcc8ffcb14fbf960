//! What becomes of a product instance that calls here itself.

use super::model::Standing;
use crate::kernel::Lifecycle;

/// One whose certificate is not renewed for a year is removed.
pub const LIFECYCLE: Lifecycle<Standing> = {
    use Standing::{Connected, Released, Silent};
    Lifecycle {
        of: "Product instance",
        states: Standing::ALL,
        begins: &[Connected],
        moves: &[
            (Connected, "nothing is heard of it for 30 days", Silent),
            (
                Connected,
                "nothing was heard of it for 90 days when it is looked for",
                Released,
            ),
            (
                Silent,
                "nothing is heard of it for 90 days; its licenses are free again",
                Released,
            ),
            (Silent, "it calls again", Connected),
            (Released, "it calls again", Connected),
        ],
    }
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Moment;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_a_device_does_stands_in_the_table(days in proptest::collection::vec(-20..100_i64, 1..12)) {
            let mut now = Moment::parse("2026-01-01T00:00:00Z").unwrap();
            let mut contact = now;
            for days in days {
                let was = Standing::of(contact, now);
                if days < 0 {
                    contact = now;
                } else {
                    now = now.plus(TimeDelta::days(days));
                }
                let is = Standing::of(contact, now);
                prop_assert!(was == is || LIFECYCLE.must(was, is).is_ok(), "{was} to {is}");
            }
        }
    }
}
