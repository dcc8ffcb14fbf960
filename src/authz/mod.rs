//! What may they do, and over what.
//!
//! Three questions, three answers: who is asking ([`crate::authn::Actor`]), may they
//! ([`matrix`]), over what ([`Within`]). A [`Permit`] holds all three and is the only way into a service.

pub mod action;
pub mod delegation;
pub mod explain;
pub mod grants;
pub mod links;
pub mod matrix;
mod permit;
mod store;
mod within;

pub use action::{Action, Does, Over};
pub use delegation::{Lent, Mandate};
pub use grants::{Grant, Role};
pub use permit::{Decided, Permit};
pub use within::{Reach, Tenant, TenantKind, TenantState, Within};
