//! The catalog: products and services that can be ordered, and the licenses that each carries.

mod model;

pub use model::{Billing, Entitlement, Item, LineKind, Term, all, families, find};
