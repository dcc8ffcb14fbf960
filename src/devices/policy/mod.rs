//! Product instances by policy: they report what they used without being registered. A report is signed by the product
//! instance, counted once by its number, and acknowledged; the policy of the Smart Account says when the next one is due.
//!
//! `payload` is one report as it travels, `files` are reports in files; `take_in` counts them, `usage_files` what people
//! upload, `clock` is what time makes of a product instance that does not report.

mod api;
mod api_device;
mod clock;
pub mod files;
mod model;
mod pages;
pub mod payload;
mod store;
mod take_in;
mod usage_files;

pub use clock::{due_reports, jobs, upcoming};
pub use model::{Days, LicenseClass, Policy, PolicyState, Way};
pub use store::{Counted, LineOutcome, Poll};
pub use take_in::{
    Arrival, Outcome, Replays, Taken, acknowledge, acknowledgement_of, against_device, change_policy, keep,
    kept, next_report, of_account, place, reports_of, take_all,
};

use crate::http::Routes;

/// The routes of product instances by policy.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
    api_device::routes(routes);
}
