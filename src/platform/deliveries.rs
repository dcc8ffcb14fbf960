//! How what is to go out reaches its carrier: a row waits until it is due, one carrier takes it over for a while, and it is
//! settled as sent, as to be tried again, or as given up. Letters and webhooks lie in tables of their own, which have these
//! columns in common: `id`, `attempts`, `not_before`, `leased_until`, `sent_at`, `gave_up_at`, `last_problem`. Due and leases
//! go by wall time.

use crate::kernel::Moment;
use chrono::TimeDelta;

/// After so many tries it is given up.
pub const MOST_TRIES: i32 = 10;
/// How long a carrier may take over one.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// When it is tried again after so many tries: a minute after the first, and each time twice as long.
pub fn next_try(attempt: i32, wall: Moment) -> Moment {
    wall.plus(TimeDelta::minutes(1 << (attempt - 1).clamp(0, 9)))
}

/// What is kept of a problem.
pub fn short(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(500).collect()
}

/// The statements over one of the tables.
macro_rules! machine {
    ($table:ident, $id:ty) => {
        /// Takes one over for a while; nothing when another carrier was quicker. The try that it gets is its number.
        fn take_over(tx: &mut Tx<'_>, id: $id, wall: Moment) -> Result<bool> {
            let open = $table::sent_at.is_null().and($table::gave_up_at.is_null());
            let free = $table::leased_until
                .is_null()
                .or($table::leased_until.lt(wall));
            let claimed = diesel::update(
                $table::table
                    .filter($table::id.eq(id))
                    .filter(open)
                    .filter(free),
            )
            .set((
                $table::leased_until.eq(Some(wall.plus(crate::platform::deliveries::LEASE))),
                $table::attempts.eq($table::attempts + 1),
            ))
            .execute(tx.conn())?;
            Ok(claimed == 1)
        }

        /// It went out. A carrier that was overtaken (its try is no longer the last) changes nothing.
        pub(super) fn sent(tx: &mut Tx<'_>, id: $id, attempt: i32, at: Moment, note: &str) -> Result<()> {
            let its = $table::id
                .eq(id)
                .and($table::attempts.eq(attempt))
                .and($table::sent_at.is_null());
            diesel::update($table::table.filter(its))
                .set((
                    $table::sent_at.eq(Some(at)),
                    $table::leased_until.eq(None::<Moment>),
                    $table::last_problem.eq(note),
                ))
                .execute(tx.conn())?;
            Ok(())
        }

        /// It did not go out and will be tried again.
        pub(super) fn later(
            tx: &mut Tx<'_>,
            id: $id,
            attempt: i32,
            not_before: Moment,
            problem: &str,
        ) -> Result<()> {
            diesel::update($table::table.filter($table::id.eq(id).and($table::attempts.eq(attempt))))
                .set((
                    $table::not_before.eq(not_before),
                    $table::leased_until.eq(None::<Moment>),
                    $table::last_problem.eq(problem),
                ))
                .execute(tx.conn())?;
            Ok(())
        }

        /// It will not be tried again.
        pub(super) fn give_up(
            tx: &mut Tx<'_>,
            id: $id,
            attempt: i32,
            at: Moment,
            problem: &str,
        ) -> Result<()> {
            diesel::update($table::table.filter($table::id.eq(id).and($table::attempts.eq(attempt))))
                .set((
                    $table::gave_up_at.eq(Some(at)),
                    $table::leased_until.eq(None::<Moment>),
                    $table::last_problem.eq(problem),
                ))
                .execute(tx.conn())?;
            Ok(())
        }
    };
}
pub(crate) use machine;
