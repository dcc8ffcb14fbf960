//! What becomes of a synchronization file.

use super::model::Outcome;
use crate::kernel::Lifecycle;

/// A file that came over the network never waited.
pub const LIFECYCLE: Lifecycle<Outcome> = {
    use Outcome::{Applied, Refused, Replaced, Waiting, Withdrawn};
    Lifecycle {
        of: "Synchronization file",
        states: Outcome::ALL,
        begins: &[Waiting, Applied, Refused],
        moves: &[
            (Waiting, "it is submitted and applied", Applied),
            (Waiting, "a rule says no when it is applied", Refused),
            (
                Waiting,
                "somebody withdraws it, or the server is registered again",
                Withdrawn,
            ),
            (Waiting, "a newer one is applied", Replaced),
            (Refused, "the same file is uploaded again", Waiting),
            (Withdrawn, "the same file is uploaded again", Waiting),
            (
                Refused,
                "the same file comes over the network and is applied",
                Applied,
            ),
            (
                Withdrawn,
                "the same file comes over the network and is applied",
                Applied,
            ),
            (
                Withdrawn,
                "the same file comes again, and a rule says no",
                Refused,
            ),
            (Replaced, "the same file comes again, and a rule says no", Refused),
        ],
    }
};
