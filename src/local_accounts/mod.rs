//! Local accounts of an On-Prem server: asked for, approved and registered with the cloud, used, deactivated, deleted. A local
//! account is a tenant: its Virtual Accounts, licenses, tokens and devices are those of the rooms that the cloud has, too.
//! What is kept here besides is how it was asked for, the cloud that it is registered with, and how its synchronization
//! stands.

mod model;
mod pages;
mod service;
mod store;
mod sync;

pub use model::{AccountState, Cloud, LocalAccount, Requested, SyncState};
pub use service::{New, key_of, registered, request};
pub use store::{by_number, find, requested_by, sealed_key};

pub use sync::{Applied, Frequency, Schedule, Way, apply, generate, network};

use crate::http::Routes;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use crate::platform::signing::Signing;
use std::sync::Arc;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    sync::routes(routes);
}

/// What this room does by the clock.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>) -> Vec<Job> {
    sync::jobs(db, clock, signing)
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "on-prem.account-not-active",
        "Something was to be changed in an On-Prem account that is not registered yet, or is Inactive.",
        "A System Administrator approves and registers the account, or activates it again.",
    ),
    (
        "on-prem.no-address",
        "The address of the cloud is not known, or cannot be called, so the account synchronizes by file.",
        "Initiate a manual (offline) sync.",
    ),
    (
        "on-prem.older-response",
        "A response file is older than the last one that was applied.",
        "Download the latest response file in the cloud.",
    ),
    (
        "on-prem.other-response",
        "A response file is for another On-Prem account, or answers a file that this one did not make.",
        "Generate a new synchronization file and upload it in the cloud; after a restore from a backup register the account again.",
    ),
    (
        "on-prem.sync-failed",
        "The cloud did not answer, or refused the synchronization file.",
        "Look at the reason beside Sync Status, mend it and synchronize again, or synchronize by file.",
    ),
    (
        "on-prem.sync-in-progress",
        "The account is being synchronized.",
        "Wait until Sync Status says how it ended; after ten minutes it can be started anew.",
    ),
];
