//! Alerts: licenses that are short or end, product instances that do not call, renew or report. They are what is so, looked at
//! when somebody asks; kept are only who hides which, who wants to be told, and what was told.

mod api;
mod jobs;
mod letters;
mod list;
mod model;
mod pages;
mod service;
mod store;

pub use jobs::jobs;
pub use model::{Alert, Settings, Severity, Type};
pub use service::{all, upcoming, worst};

use crate::http::Routes;
use crate::platform::mail::Letters;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}
