//! An On-Prem server of our own: the counterpart of the cloud's device managers, with one local account.
//!
//! It keeps a small store of its own and does not reuse the rooms of a tenant: there a license comes from an order and
//! leaves a ledger, a device comes with a token and proves itself with a secret, and everything is done by a person with
//! a role. Here licenses are what the last response said, devices are the truth that nobody else has, and there are no
//! people yet. What both share is the format (`sync::format`). A portal can be set upon [`OnPrem`].

mod model;
mod service;
mod store;

pub use model::{
    Account, Answered, Cloud, Facts, Frequency, Holding, LocalDevice, LocalPlace, LocalState, Schedule,
    SyncState, next_run,
};
pub use service::{NewDevice, OnPrem};

/// With what codes the rules of an On-Prem server refuse.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "onprem.answered-already",
        "A response file is older than the last one that was applied.",
        "Bring the latest response file.",
    ),
    (
        "onprem.has-devices",
        "The local account still has product instances.",
        "Remove the product instances, synchronize, then deactivate the account.",
    ),
    (
        "onprem.inactive",
        "The local account is Inactive.",
        "Delete the account and make a new one.",
    ),
    (
        "onprem.no-account",
        "The On-Prem server has no local account yet.",
        "Make it: account new.",
    ),
    (
        "onprem.not-inactive",
        "Only an Inactive local account is deleted.",
        "Deactivate the account, then delete it.",
    ),
    (
        "onprem.not-registered",
        "The local account is not registered with the cloud.",
        "Register the account, and authorize it with the answer of the cloud.",
    ),
    (
        "onprem.not-synchronized",
        "The cloud does not know yet that the last product instance is gone.",
        "Synchronize, then deactivate the account.",
    ),
    (
        "onprem.one-account",
        "The On-Prem server has its local account already.",
        "Use it, or name another file with --data.",
    ),
    (
        "onprem.other-file",
        "The file is not for this On-Prem server, or answers a file that it did not make.",
        "Bring the file that is meant for this server; after a backup was restored, register it again: register --again.",
    ),
    (
        "onprem.registered",
        "The local account is registered with a cloud already.",
        "Use it as it is; for a new key, after a backup was restored: register --again.",
    ),
    (
        "onprem.same-place",
        "Nothing goes from a local Virtual Account to itself.",
        "Choose another local Virtual Account.",
    ),
    (
        "onprem.taken",
        "The name or the UDI is there already.",
        "Choose another name, or use what is there.",
    ),
    (
        "onprem.too-many",
        "More was to be transferred than there is.",
        "Choose a smaller quantity.",
    ),
    (
        "onprem.unknown",
        "There is no such local Virtual Account or product instance.",
        "Choose one of those that the list shows.",
    ),
];
