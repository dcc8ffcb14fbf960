//! How the portal speaks HTTP and HTML.
//!
//! A handler's first parameter is always a proof of access ([`Public`], [`SignedIn`], [`May`], [`LabOnly`]):
//! [`Routes`] takes no other. Everything that a page needs of the request comes with the proof, as its
//! [`Visit`].

pub mod access;
pub mod assets;
pub mod connections;
pub mod csv;
pub mod error_view;
mod error_words;
pub mod errors;
pub mod form;
pub mod form_state;
pub mod freshness;
pub mod gallery;
pub mod headers;
pub mod health;
pub mod kept;
pub mod lab;
pub mod list;
mod masked;
pub mod menu;
mod multipart;
pub mod openapi;
pub mod parts;
pub mod portal;
mod query;
pub mod quota;
pub mod reason;
pub mod recorder;
mod refusal;
pub mod refused;
pub mod reply;
pub mod routes;
pub mod search;
mod searches;
pub mod server;
pub mod sheet;
pub mod shell;
pub mod surface;
pub mod upload;
pub mod view_as;
pub mod visit;
pub mod widgets;
mod wire;

pub use access::{LabOnly, May, Public, SignedIn};
pub use form::{IdempotencyKey, JsonBody, NoFields, Posted};
pub use form_state::FormState;
pub use freshness::Freshness;
pub use headers::lets_forms_lead_to;
pub use list::{ListQuery, ListSpec};
pub use portal::Portal;
pub use query::Param;
pub use reply::{Answer, json, page, page_with, see_other};
pub use routes::{Api, Routes};
pub use shell::{Crumb, Flash, FlashKind, Shell};
pub use surface::Surface;
pub use visit::Visit;
