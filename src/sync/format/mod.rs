//! The files that travel between an On-Prem server and the cloud, versions 1 and 2. `docs/sync-format.md` is this module in
//! prose.
//!
//! Two lines of text, then perhaps a body: what the file is, a signed header, and compressed records, one a line. A file
//! is read in steps, and each step has a type, so that none is left out: [`open()`] tells what it claims to be,
//! [`Opened::verify`] that the header is genuine, [`Verified::check`] that the body is the one the header speaks of (its
//! length and its hash, over the compressed bytes). Only then can records be read, and a file that was cut or changed
//! on its way is refused before that. Nothing here holds more than one line of the body.

mod head;
mod lines;
mod open;
mod order;
mod record;
mod records;
mod refusals;
mod write;

pub use head::{AuthorizationHeader, Made, RegistrationHeader, ResponseHeader, SyncHeader};
pub use open::{Opened, Verified, open};
pub use order::Order;
pub use record::{
    Acknowledged, Authorization, Authorized, AuthorizedAs, Device, License, Place, Policy, Record, Refused,
    Report,
};
pub use records::{Checked, Records};
pub use refusals::REFUSALS;
pub use write::{Hashed, Writer, text_of, write_file};

use crate::error::Result;
use crate::platform::config::SYNC_RECORDS;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The newest version that is written and read. Files are written as [`FIRST_VERSION`] as long as nothing in them needs more.
pub const VERSION: u32 = 2;
/// The version of files without product instances by policy.
pub const FIRST_VERSION: u32 = 1;

/// How long the signed header is at most, in bytes.
pub const MOST_HEADER: u64 = 8 * 1024;

/// So many bytes may stand after the content, when they are spaces and line ends.
const MOST_AFTER: u64 = 64;

/// How long a line of the body is at most, with its end.
pub const MOST_LINE: u64 = 64 * 1024;

/// How many local Virtual Accounts an On-Prem server tells of: they are remembered while its devices are read.
pub const MOST_PLACES: u64 = 10_000;

/// So much may come out of a small body ...
const FREE_UNPACKED: u64 = 1024 * 1024;

/// ... and beyond that so many times as much as went in.
const MOST_RATIO: u64 = 100;

crate::words! {
    /// What a file is.
    pub enum FileKind {
        /// From an On-Prem server: what it has.
        Sync = "SYNC", "synchronization file";
        /// The cloud's answer to it.
        Response = "RESPONSE", "response file";
        /// An On-Prem server asks to be registered.
        Registration = "REGISTRATION", "registration request file";
        /// The cloud's answer to that.
        Authorization = "AUTHORIZATION", "authorization file";
    }
}

impl FileKind {
    /// For what the header is signed: the `typ` of its JWS.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Sync => "licentral-sync+jws",
            Self::Response => "licentral-response+jws",
            Self::Registration => "licentral-registration+jws",
            Self::Authorization => "licentral-authorization+jws",
        }
    }
    /// Whether records follow its header.
    const fn has_body(self) -> bool {
        matches!(self, Self::Sync | Self::Response)
    }
    /// The newest version of it.
    const fn newest(self) -> u32 {
        if self.has_body() { VERSION } else { FIRST_VERSION }
    }
    fn first_line(self, version: u32) -> String {
        format!("LICENTRAL {} {version}\n", self.word())
    }
}

/// How much is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a compressed body.
    pub body_bytes: u64,
    /// Bytes of what comes out of it.
    pub unpacked_bytes: u64,
    /// Records in it.
    pub records: u64,
}

impl Limits {
    /// With so many records; what comes out of the body may have 512 bytes for each of them.
    pub fn of_records(records: u64) -> Self {
        let usual = Self::default();
        Self {
            unpacked_bytes: usual.unpacked_bytes.max(records.saturating_mul(512)),
            records,
            ..usual
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024 * 1024,
            unpacked_bytes: 512 * 1024 * 1024,
            records: SYNC_RECORDS,
        }
    }
}

/// What a header says of the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    /// How many lines.
    pub records: u64,
    /// Bytes as they are in the file.
    pub body_bytes: u64,
    /// Bytes that come out.
    pub unpacked_bytes: u64,
    /// SHA-256 of the bytes as they are in the file, in hexadecimal.
    pub body_sha256: String,
}

/// What a writer has counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Local Virtual Accounts.
    pub places: u64,
    /// Product instances.
    pub devices: u64,
    /// Lines of usage of all of them.
    pub usages: u64,
    /// Product instances that report by policy.
    pub by_policy: u64,
    /// Usage reports, or what came of them.
    pub reports: u64,
    /// Requests for authorization codes, or what came of them.
    pub authorizations: u64,
    /// Of the body.
    pub packed: Packed,
}

/// A header of one kind of file.
pub trait Header: Serialize + DeserializeOwned {
    /// Of which.
    const KIND: FileKind;
    /// What it says of a body; none when there is none.
    fn packed(&self) -> Option<Packed>;
    /// Of which version its file is.
    fn version(&self) -> u32 {
        FIRST_VERSION
    }
}

/// A header of a file with a body.
pub trait HasBody: Header {
    /// In what order its records come.
    fn order() -> Order;
    /// Whether what was counted is what the header says.
    fn agrees(&self, order: &Order) -> Result<(), String>;
}

#[cfg(test)]
mod tests;
