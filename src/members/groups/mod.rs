//! User groups: people who are given roles together, in their own Smart Account and in others that let them in.

pub(super) mod api;
mod list;
mod model;
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
