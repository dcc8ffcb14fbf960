//! Synchronization of local accounts with the cloud: by file, over the network, and by the schedule of the server.
//!
//! A synchronization file says everything that is here; the response says which licenses there are. Files are made and read
//! by `sync::format`, which both ends share. The account's own key signs what goes out, and the key that came with its
//! registration verifies what comes in.
//!
//! The dashboard and "Synchronisation" of the Admin Workspace are lists by hand (`dashboard_pages.rs`): the same rows, for people
//! with different rights, below a pop-up that a third right opens.

mod admin_pages;
mod api;
mod claim;
mod dashboard_pages;
mod exchange;
mod files;
mod pages;
mod schedule;
mod store;

pub use dashboard_pages::{changes, not_yet};
pub use exchange::network;
pub use files::{Applied, Generated, apply, generate, make};
pub use schedule::{Frequency, Schedule, apply as set_schedule, jobs, kept as schedule_of, run as run_due};
pub use store::{MadeFile, Way, followed_before, forget, upcoming};

use crate::http::Routes;

/// The routes of synchronization, and of the dashboard that shows how it stands.
pub fn routes(routes: &mut Routes) {
    dashboard_pages::routes(routes);
    pages::routes(routes);
    admin_pages::routes(routes);
    api::routes(routes);
}
