//! What one can do with user groups. Whatever changes a group's people or access brings the grants after it
//! in the same write, so that a role through a group begins and ends at once.

mod change;
mod elsewhere;
mod follow;
mod membership;
mod occupant;
mod read;

pub use change::{NewGroup, create, delete, edit, set_access};
pub use elsewhere::{Asking, ask, decline, end_as_owner, end_as_target, external, let_in, look_up, stands};

pub use membership::{add, add_kept, left_by, message, remove_from_all, remove_person, report};
pub use occupant::Groups;
pub use read::{
    Details, Row, asked_in_a_letter, details, list, named_like, names, one_of_mine, whole_request,
};
