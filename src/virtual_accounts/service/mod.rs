//! What can be done with Virtual Accounts. A function that takes a `Tx` is a part of the caller's write, unless it
//! returns what was recorded.

mod change;
mod create;
mod default;
mod read;
mod record;

pub use change::{delete, edit, move_below, not_default, set_default, theirs};
pub use create::{NewVirtualAccount, Place, create, create_at, create_default};
pub use read::{
    Branch, Order, Row, against_registering, branches, count, count_all, counts, default_of, find, first_of,
    list, meant_by_name, meant_by_tag, named, names, nested_in, numbered, of_account, open_places, page,
    possible_parents, reached, row, row_of_new, tagged, tags_in_use, these,
};
