//! Synchronization: what travels between an On-Prem server and the cloud, and what the cloud does with it. A file is
//! judged, shown, and applied in one transaction; the response is kept and given again for the same file.
//!
//! The files of a device manager are a list by hand (`history_pages.rs`): they are found by the device manager that the page has
//! read.

mod again_pages;
mod api;
mod api_network;
mod apply;
mod check;
pub mod format;
mod genuine;
mod history_pages;
mod jobs;
mod judge;
mod lifecycle;
mod model;
mod pages;
mod registration;
mod registration_pages;
mod respond;
mod store;
mod take_in;
pub mod workshop;

pub use apply::{exchange, exchange_now};
pub use check::unlike_their_files;
pub use genuine::{Head, claimed};
pub use jobs::jobs;
pub use judge::{Sender, look_now};
pub use model::{Outcome, SyncFile, Way};
pub use registration::{Registered, answer, read as read_registration};
pub use store::{forget as forget_files, settled_before as files_before};
pub use take_in::{Taken, take_in_now};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    history_pages::routes(routes);
    registration_pages::routes(routes);
    again_pages::routes(routes);
    api::routes(routes);
    api_network::routes(routes);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![lifecycle::LIFECYCLE.in_words()]
}

/// With what codes the rules of this room refuse, beside those of the format.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "sync.being-applied",
        "The file was submitted and a job applies it, so it cannot be withdrawn.",
        "Wait until it is applied, then upload a newer file.",
    ),
    (
        "sync.no-response",
        "No file of the device manager has been applied yet, so there is no response.",
        "Upload a synchronization file and submit it first.",
    ),
    (
        "sync.not-waiting",
        "The file was withdrawn, refused or replaced by a newer one, so it cannot be submitted.",
        "Upload the newest file of the On-Prem server.",
    ),
    (
        "sync.old-key",
        "The file was signed with a key that ended when the On-Prem server was registered again.",
        "Generate the file on the server that has the new key, or re-register the right one.",
    ),
    (
        "sync.old-response",
        "The file was made before the latest response was applied on the On-Prem server.",
        "Apply the latest response on the On-Prem server, then generate another file; one that was restored from a backup is re-registered.",
    ),
    (
        "sync.registered-elsewhere",
        "A product instance of the file is registered in the Smart Account directly, or by another device manager.",
        "Remove the product instance there first, or on this On-Prem server.",
    ),
    (
        "sync.removed-device-manager",
        "The device manager of the file was removed.",
        "Make a registration file with a new key on the On-Prem server, and add it as a device manager.",
    ),
    (
        "sync.replayed",
        "A file with this sequence, or a newer one, was applied already.",
        "Generate a new file; a server that was restored from a backup is re-registered.",
    ),
    (
        "sync.wrong-device-manager",
        "The file comes from another On-Prem server, or from one that is not registered here.",
        "Choose the file of this device manager; add the On-Prem server, or re-register the one whose place it took.",
    ),
];
