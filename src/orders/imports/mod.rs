//! A file of orders: read, reported on line by line, and taken in when the operator agrees.

mod api;
mod model;
mod pages;
mod service;

pub use api::{OrderBody, routes as api_routes};
pub use model::Import;
pub use pages::routes as page_routes;
