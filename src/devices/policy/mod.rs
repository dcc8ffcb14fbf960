//! Product instances by policy: they report what they used without being registered. A report is signed by the product
//! instance, counted once by its number, and acknowledged; the policy of the Smart Account says when the next one is due.
//!
//! `bring` takes in what an On-Prem server brings. `payload` is one report as it travels, `files` are reports in files; `take_in` counts them, `usage_files` what people
//! upload, `on_prem` is what an On-Prem server keeps of them, `clock` what time makes of a product instance that does not report.

mod api;
mod api_device;
mod bring;
mod clock;
pub mod files;
mod model;
pub mod on_prem;
mod pages;
pub mod payload;
mod store;
mod take_in;
mod usage_files;

pub use bring::{Bringer, Brought, bring};
pub use clock::{due_reports, jobs, troubled, upcoming};
pub use model::{Days, LicenseClass, Policy, PolicyState, Way};
pub use store::{Counted, LineOutcome, Poll};
pub use take_in::{
    Arrival, Outcome, Replays, Taken, acknowledge, acknowledgement_of, against_device, change_policy, keep,
    kept, next_report, of_account, place, reported_before, reports_of, take_all,
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
    api::routes(routes);
    api_device::routes(routes);
}

/// Those that an On-Prem server has: the device protocol.
pub fn device_routes(routes: &mut Routes) {
    api_device::routes(routes);
}
