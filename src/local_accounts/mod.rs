//! Local accounts of an On-Prem server: asked for, approved and registered with the cloud, used, deactivated, deleted. A local
//! account is a tenant: its Virtual Accounts, licenses, tokens and devices are those of the rooms that the cloud has, too.
//! What is kept here besides is how it was asked for, the cloud that it is registered with, and how its synchronization
//! stands.
//!
//! "SL Using Policy" is a list by hand (`using_policy_pages.rs`): a line of it is put together from what three rooms say of a
//! product instance.

mod account_pages;
mod admin_pages;
mod adopt;
mod api;
mod by_hand_pages;
mod cloud;
mod letters;
mod lifecycle;
mod list;
mod model;
mod occupant;
mod register_pages;
mod registration;
mod request_pages;
mod service;
mod state_pages;
mod store;
mod sync;
mod using_policy_pages;

pub use adopt::{Adopted, OldFile, adopt};
pub use model::{AccountState, Cloud, LocalAccount, Requested, SyncState};
pub use occupant::LocalAccounts;
pub use registration::{ApiClient, Registrar, address};
pub use service::{New, deactivate, delete, key_of, key_with, reason, registered, request};
pub use store::{by_number, find, list, requested_by, sealed_key};

pub use sync::{
    Applied, Frequency, Generated, Schedule, Way, apply, generate, make, network, run_due, schedule_of,
    set_schedule, upcoming,
};
pub use sync::{followed_before as files_before, forget as forget_files};

use crate::http::Routes;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use crate::platform::mail::Letters;
use crate::platform::signing::Signing;
use std::sync::Arc;
use std::time::Duration;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    request_pages::routes(routes);
    admin_pages::routes(routes);
    register_pages::routes(routes);
    by_hand_pages::routes(routes);
    state_pages::routes(routes);
    account_pages::routes(routes);
    api::routes(routes);
    sync::routes(routes);
    using_policy_pages::routes(routes);
}

/// What this room does by the clock.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>) -> Vec<Job> {
    let mut jobs = sync::jobs(db, clock, signing);
    jobs.push(Job::by_clock(
        "give up registrations",
        Duration::from_secs(10),
        db,
        clock,
        |db, clock| async move {
            let (at, wall) = (clock.now(), clock.wall());
            db.write(move |tx| service::give_up(tx, at, wall)).await.map(drop)
        },
    ));
    jobs
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![lifecycle::in_words()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "on-prem.adopted",
        "An old file of the command `licentral on-prem` was taken over before.",
        "Use the On-Prem account of that name.",
    ),
    (
        "on-prem.no-old-file",
        "What was to be taken over is no file of the command `licentral on-prem`, has no key beside it, or holds no account that is registered and Active.",
        "Name the right file, with its key beside it; otherwise request a new On-Prem account.",
    ),
    (
        "on-prem.account-not-active",
        "Something was to be changed in an On-Prem account that is not registered yet, or is Inactive.",
        "A System Administrator approves and registers the account, or activates it again.",
    ),
    (
        "on-prem.has-devices",
        "An On-Prem account with product instances cannot be deactivated.",
        "Remove the product instances, synchronize, then deactivate the account.",
    ),
    (
        "on-prem.no-address",
        "The address of the cloud is not known, or cannot be called, so the account synchronizes by file.",
        "Initiate a manual (offline) sync.",
    ),
    (
        "on-prem.not-synchronized",
        "The cloud was not told yet that the product instances of an On-Prem account are gone, so it cannot be deactivated.",
        "Synchronize the account, then deactivate it; when the cloud has removed its device manager, nothing is left to be told.",
    ),
    (
        "on-prem.older-response",
        "A response file is older than the last one that was applied.",
        "Download the latest response file in the cloud.",
    ),
    (
        "on-prem.other-account",
        "The authorization file is for another On-Prem account of this server.",
        "Upload it on the page of that account, or download the authorization file of this one in the cloud.",
    ),
    (
        "on-prem.other-key",
        "The authorization file answers a registration file with another key.",
        "Upload the authorization file that answers the last registration file, or start again with a new one.",
    ),
    (
        "on-prem.other-response",
        "A response file is for another On-Prem account, or answers a file that this one did not make.",
        "Generate a new synchronization file and upload it in the cloud; after a restore from a backup register the account again.",
    ),
    (
        "on-prem.registered",
        "The On-Prem account is registered already.",
        "Nothing is left to register; Re-register gives it a new key and a new binding.",
    ),
    (
        "on-prem.registration-failed",
        "The cloud could not be reached, or did not register the On-Prem account.",
        "Mend what the reason says and approve again, or register by file.",
    ),
    (
        "on-prem.sync-failed",
        "The cloud did not answer, or refused the synchronization file.",
        "Look at the reason beside Sync Status, mend it and synchronize again, or synchronize by file.",
    ),
    (
        "on-prem.sync-in-progress",
        "The account is being synchronized.",
        "Wait until Sync Status says how it ended; when the process that ran it has stopped, it can be started anew some seconds later.",
    ),
    (
        "on-prem.wrong-state",
        "The state of the On-Prem account does not allow this step.",
        "The menu of the account offers the steps that its state allows.",
    ),
];
