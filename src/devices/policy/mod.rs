//! Product instances by policy: they report what they used without being registered. A report is signed by the product
//! instance, counted once by its number, and acknowledged; the policy of the Smart Account says when the next one is due.
//!
//! `payload` is one report as it travels, `files` are reports in files; `take_in` counts them, `usage_files` what people
//! upload, `bring` what an On-Prem server brings, `on_prem` is what such a server keeps of them; `acknowledge` tells that they
//! were counted, `rules` is the policy, `clock` what time makes of a product instance that does not report.

mod acknowledge;
mod api;
mod api_device;
mod bring;
mod calls;
mod clock;
mod file_pages;
pub mod files;
mod lifecycle;
mod list;
mod model;
pub mod on_prem;
mod operations;
mod pages;
pub mod payload;
mod polls;
mod rules;
mod rules_pages;
mod store;
mod take_in;
mod upload_pages;
mod usage_files;

pub use acknowledge::{acknowledge, acknowledgement_of, next_report, reports_of};
pub use bring::{Bringer, Brought, bring};
pub use calls::{Taker, report};
pub use clock::{due_reports, jobs, troubled, upcoming};
pub use lifecycle::LIFECYCLE;
pub use model::{Days, LicenseClass, Policy, PolicyState, Way};
pub use polls::{keep, kept};
pub use rules::{change_policy, of_account, place};
pub use store::{Counted, LineOutcome, Poll};
pub use take_in::{
    Arrival, Bundle, Outcome, Replays, Taken, against_device, reported_before, take_all, take_each,
};

use crate::http::Routes;
use crate::kernel::Clock;
use crate::platform::db::{Db, off_the_loop};
use crate::platform::jobs::Job;
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use std::time::Duration;

/// The jobs that the cloud has: large usage files are taken in. `any` takes signatures that are not ours.
pub fn file_jobs(db: &Db, clock: &Clock, occupants: &Occupants, any: bool, progress: &Progress) -> Vec<Job> {
    let (occupants, progress) = (occupants.clone(), progress.clone());
    let run = move |db: Db, clock: Clock| {
        let (occupants, progress, at) = (occupants.clone(), progress.clone(), clock.now());
        off_the_loop(move || {
            while usage_files::take_in_waiting(&db, &occupants, any, at, &progress)? {}
            Ok(())
        })
    };
    vec![Job::by_clock("take usage files in", Duration::from_secs(1), db, clock, run).aside()]
}

/// The routes of product instances by policy.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    upload_pages::routes(routes);
    file_pages::routes(routes);
    rules_pages::routes(routes);
    api::routes(routes);
    api_device::routes(routes);
}

/// Those that an On-Prem server has: the device protocol.
pub fn device_routes(routes: &mut Routes) {
    api_device::routes(routes);
}
