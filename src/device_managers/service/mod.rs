//! What can be done with device managers.

mod add;
mod again;
mod due;
mod read;
mod remove;
mod synced;

pub use add::{Binding, New, add, against_binding, announced, bindable};
pub use again::{Again, former_keys, register_again, rename};
pub use due::{Due, carry_out, days_left, due};
pub use read::{Row, all, find, lock, overdue, theirs, whose};
pub use remove::{licenses_in_use, remove, remove_lost};
pub use synced::{failed, synced, waits};
