//! User groups: people who are given roles together, in their own Smart Account and in others that let them in.
//!
//! The people of a group are a list by hand (`pages/group.rs`): they are read with the group, which the pop-ups over them show
//! as well.

pub(super) mod api;
mod list;
mod model;
mod operations;
pub(super) mod pages;
mod service;
mod store;

pub use model::RequestState;
pub use service::{Asking, Groups, NewGroup, add, ask, create, let_in};
pub(super) use service::{
    add_kept, asked_in_a_letter, left_by, named_like, names, remove_from_all, report, whole_request,
};

/// What becomes of a group's request.
pub fn lifecycle() -> crate::kernel::Life {
    model::REQUEST_LIFECYCLE.in_words()
}
