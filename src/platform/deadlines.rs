//! What waits for somebody's decision until a day: a reminder once before, and the end when nobody has decided. A room keeps
//! the times in its own table; its store says [`deadlines!`](crate::deadlines) and its job [`each_due`].

use super::db::{Db, Read, Recorded, Tx};
use crate::error::Result;

/// Does what is due, each in a write of its own, until nothing is due any more. `due` finds some of it; what was done is due
/// no more.
pub async fn each_due<D, T>(
    db: &Db,
    due: impl Fn(&mut Read<'_>) -> Result<Vec<D>> + Copy + Send + 'static,
    does: impl Fn(&mut Tx<'_>, &D) -> Result<Recorded<T>> + Copy + Send + 'static,
) -> Result<()>
where
    D: Send + 'static,
    T: Send + 'static,
{
    loop {
        let found = db.read(due).await?;
        if found.is_empty() {
            return Ok(());
        }
        for one in found {
            db.write(move |tx| does(tx, &one)).await?;
        }
    }
}

/// The statements about a table with the columns `state`, `remind_at`, `reminded_at`, `expires_at` and `reference`: which are
/// to be reminded of, which to be ended, and what comes next, with the words of the calendar.
#[macro_export]
macro_rules! deadlines {
    (
        $table:ident of $id:ty, while $waits:expr,
        reminder: $reminder:literal, $why_reminder:literal,
        end: $end:literal, $why_end:literal $(,)?
    ) => {
        /// Those of which the reminder is due.
        pub fn to_remind(
            read: &mut dyn $crate::platform::db::Reads,
            now: $crate::kernel::Moment,
            most: i64,
        ) -> $crate::error::Result<Vec<$id>> {
            Ok($table::table
                .filter(
                    $table::state
                        .eq($waits)
                        .and($table::reminded_at.is_null())
                        .and($table::remind_at.le(now))
                        .and($table::expires_at.gt(now)),
                )
                .order(($table::remind_at.asc(), $table::id.asc()))
                .select($table::id)
                .limit(most)
                .load(read.conn())?)
        }

        /// Claims a reminder. Only one process can.
        pub fn remind(
            tx: &mut $crate::platform::db::Tx<'_>,
            id: $id,
            now: $crate::kernel::Moment,
        ) -> $crate::error::Result<bool> {
            let due = $table::table.filter(
                $table::id
                    .eq(id)
                    .and($table::state.eq($waits))
                    .and($table::reminded_at.is_null())
                    .and($table::remind_at.le(now)),
            );
            let changed = diesel::update(due)
                .set($table::reminded_at.eq(Some(now)))
                .execute(tx.conn())?;
            Ok(changed == 1)
        }

        /// Those that nobody has decided in time.
        pub fn to_expire(
            read: &mut dyn $crate::platform::db::Reads,
            now: $crate::kernel::Moment,
            most: i64,
        ) -> $crate::error::Result<Vec<$id>> {
            Ok($table::table
                .filter($table::state.eq($waits).and($table::expires_at.le(now)))
                .order(($table::expires_at.asc(), $table::id.asc()))
                .select($table::id)
                .limit(most)
                .load(read.conn())?)
        }

        /// The next reminders and ends of those that wait.
        pub fn upcoming(
            read: &mut dyn $crate::platform::db::Reads,
            after: $crate::kernel::Moment,
            most: i64,
        ) -> $crate::error::Result<Vec<$crate::platform::calendar::Due>> {
            use $crate::platform::calendar::each;
            let waits = $table::state.eq($waits);
            let reminded: Vec<($crate::kernel::Moment, String)> = $table::table
                .filter(
                    waits
                        .and($table::reminded_at.is_null())
                        .and($table::remind_at.gt(after)),
                )
                .order(($table::remind_at.asc(), $table::id.asc()))
                .select(($table::remind_at, $table::reference))
                .limit(most)
                .load(read.conn())?;
            let ended: Vec<($crate::kernel::Moment, String)> = $table::table
                .filter(waits.and($table::expires_at.gt(after)))
                .order(($table::expires_at.asc(), $table::id.asc()))
                .select(($table::expires_at, $table::reference))
                .limit(most)
                .load(read.conn())?;
            Ok(each(reminded, $reminder, $why_reminder)
                .chain(each(ended, $end, $why_end))
                .collect())
        }
    };
}
