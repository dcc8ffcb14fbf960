//! The signed heads of the files: who made a file, for whom, and what comes after.

use super::order::{Order, Stage};
use super::record::Record;
use super::write::{Writer, write_file};
use super::{Counts, FIRST_VERSION, FileKind, HasBody, Header, Packed, VERSION};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::DeviceManagerId;
use crate::platform::signing::FileKey;
use serde::{Deserialize, Serialize};

/// The header of a synchronization file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncHeader {
    /// Who made it.
    pub manager: DeviceManagerId,
    /// The number of its Smart Account.
    pub smart_account: i64,
    /// The name of the Virtual Account that it is bound to.
    pub virtual_account: String,
    /// Counts its files, from 1.
    pub sequence: i64,
    /// The sequence of the last response that it has applied, or 0.
    pub last_response: i64,
    /// When it was made, by its clock.
    pub created_at: Moment,
    /// With what it was made.
    pub software: String,
    /// How many local Virtual Accounts.
    pub places: u64,
    /// How many product instances.
    pub devices: u64,
    /// How many lines of usage.
    pub usages: u64,
    /// How many usage reports; none in version 1, which has no product instances by policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<u64>,
    /// How many requests for authorization codes; none where there is none, and in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizations: Option<u64>,
    /// How many lines there are in the body.
    pub records: u64,
    /// How long the body is in the file.
    pub body_bytes: u64,
    /// How much comes out of it.
    pub unpacked_bytes: u64,
    /// Its SHA-256 as it is in the file, in hexadecimal.
    pub body_sha256: String,
}

/// What a synchronization file says of itself, but for what is counted while its body is written.
#[derive(Debug, Clone)]
pub struct Made {
    /// Who made it.
    pub manager: DeviceManagerId,
    /// The number of its Smart Account.
    pub smart_account: i64,
    /// The name of the Virtual Account that it is bound to.
    pub virtual_account: String,
    /// Counts its files, from 1.
    pub sequence: i64,
    /// The sequence of the last response that it has applied, or 0.
    pub last_response: i64,
    /// When it was made, by its clock.
    pub created_at: Moment,
    /// With what it was made.
    pub software: String,
}

impl Made {
    /// The header over a body in which so much was counted.
    pub fn header(self, counts: Counts) -> SyncHeader {
        SyncHeader {
            manager: self.manager,
            smart_account: self.smart_account,
            virtual_account: self.virtual_account,
            sequence: self.sequence,
            last_response: self.last_response,
            created_at: self.created_at,
            software: self.software,
            places: counts.places,
            devices: counts.devices,
            usages: counts.usages,
            reports: (counts.by_policy > 0 || counts.reports > 0 || counts.authorizations > 0)
                .then_some(counts.reports),
            authorizations: (counts.authorizations > 0).then_some(counts.authorizations),
            records: counts.packed.records,
            body_bytes: counts.packed.body_bytes,
            unpacked_bytes: counts.packed.unpacked_bytes,
            body_sha256: counts.packed.body_sha256,
        }
    }

    /// A whole file with these records, in memory.
    pub fn file(self, records: impl IntoIterator<Item = Record>, key: &FileKey) -> Result<Vec<u8>> {
        let mut writer = Writer::new(FileKind::Sync, Vec::new());
        for record in records {
            writer.record(&record)?;
        }
        let (body, counts) = writer.finish()?;
        let mut out = Vec::new();
        write_file(&mut out, &self.header(counts), key, &mut body.as_slice())?;
        Ok(out)
    }
}

/// The header of a response file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseHeader {
    /// For whom it is.
    pub manager: DeviceManagerId,
    /// The number of its Smart Account.
    pub smart_account: i64,
    /// The name of the Virtual Account that it is bound to.
    pub virtual_account: String,
    /// The sequence of the file that it answers.
    pub sequence: i64,
    /// SHA-256 of that whole file, in hexadecimal.
    pub request_sha256: String,
    /// When it was made.
    pub created_at: Moment,
    /// When the next synchronization is due.
    pub due_at: Moment,
    /// How many lines say what came of usage reports; none in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<u64>,
    /// How many lines answer requests for authorization codes; none where there is none, and in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizations: Option<u64>,
    /// How many lines there are in the body.
    pub records: u64,
    /// How long the body is in the file.
    pub body_bytes: u64,
    /// How much comes out of it.
    pub unpacked_bytes: u64,
    /// Its SHA-256 as it is in the file, in hexadecimal.
    pub body_sha256: String,
}

/// What a registration request file says. It is signed with the key that it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationHeader {
    /// What the On-Prem account calls itself.
    pub name: String,
    /// Its public key, base64url.
    pub public_key: String,
    /// By what the cloud knows it, when it was registered before and has made itself a new key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<DeviceManagerId>,
    /// With what it was made.
    pub software: String,
    /// When, by its clock.
    pub created_at: Moment,
}

/// What an authorization file says. It is signed with the cloud's key, which it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationHeader {
    /// By what the cloud knows the On-Prem account.
    pub manager: DeviceManagerId,
    /// What it is called there.
    pub name: String,
    /// The key that was registered, by its id (`signing::file_key_id`): an authorization for another On-Prem is told apart.
    pub key_id: String,
    /// The number of the Smart Account.
    pub smart_account: i64,
    /// Its name.
    pub smart_account_name: String,
    /// Its domain identifier.
    pub domain: String,
    /// The name of the Virtual Account that it is bound to.
    pub virtual_account: String,
    /// The cloud's public key, base64url.
    pub public_key: String,
    /// When it was registered.
    pub registered_at: Moment,
}

/// Of which version a file is that speaks of so many usage reports, or of none at all.
fn version_with(reports: Option<u64>) -> u32 {
    if reports.is_some() { VERSION } else { FIRST_VERSION }
}

impl SyncHeader {
    fn counted(&self) -> Packed {
        Packed {
            records: self.records,
            body_bytes: self.body_bytes,
            unpacked_bytes: self.unpacked_bytes,
            body_sha256: self.body_sha256.clone(),
        }
    }
    /// Whether it can have been made after the response of which it speaks.
    fn follows(&self) -> bool {
        self.last_response >= 0 && self.last_response < self.sequence
    }
    /// Whether it speaks of the very content of an earlier file that was read to its end, so that this one need not be.
    pub fn has_content_of(&self, earlier: &Self) -> bool {
        let counts = |one: &Self| (one.places, one.devices, one.usages, one.reports, one.counted());
        self.follows() && counts(self) == counts(earlier)
    }
}

impl Header for SyncHeader {
    const KIND: FileKind = FileKind::Sync;
    fn packed(&self) -> Option<Packed> {
        Some(self.counted())
    }
    fn version(&self) -> u32 {
        version_with(self.reports)
    }
}

impl HasBody for SyncHeader {
    fn order() -> Order {
        Order::of(FileKind::Sync)
    }
    fn agrees(&self, order: &Order) -> Result<(), String> {
        if !self.follows() {
            return Err(format!(
                "a file with the sequence {} cannot follow the response {}",
                self.sequence, self.last_response
            ));
        }
        for (what, said, found) in [
            ("local Virtual Accounts", self.places, order.places.len() as u64),
            ("product instances", self.devices, order.devices),
            ("lines of usage", self.usages, order.usages),
            ("usage reports", self.reports.unwrap_or_default(), order.reports),
            (
                "requests for authorization codes",
                self.authorizations.unwrap_or_default(),
                order.authorizations,
            ),
        ] {
            if said != found {
                return Err(format!("the header says {said} {what}, and there are {found}"));
            }
        }
        if self.reports.is_none() && (order.by_policy > 0 || order.authorizations > 0) {
            return Err("a file of version 1 has no product instances by policy".to_owned());
        }
        Ok(())
    }
}

impl Header for ResponseHeader {
    const KIND: FileKind = FileKind::Response;
    fn packed(&self) -> Option<Packed> {
        Some(Packed {
            records: self.records,
            body_bytes: self.body_bytes,
            unpacked_bytes: self.unpacked_bytes,
            body_sha256: self.body_sha256.clone(),
        })
    }
    fn version(&self) -> u32 {
        version_with(self.reports)
    }
}

impl HasBody for ResponseHeader {
    fn order() -> Order {
        Order::of(FileKind::Response)
    }
    fn agrees(&self, order: &Order) -> Result<(), String> {
        if order.reports != self.reports.unwrap_or_default() {
            Err(format!(
                "the header says {} lines of what came of usage reports, and there are {}",
                self.reports.unwrap_or_default(),
                order.reports
            ))
        } else if order.authorizations != self.authorizations.unwrap_or_default()
            || (order.authorizations > 0 && self.reports.is_none())
        {
            Err(format!(
                "the header says {} answers to requests for authorization codes, and there are {}",
                self.authorizations.unwrap_or_default(),
                order.authorizations
            ))
        } else if order.stage >= Stage::Policy {
            Ok(())
        } else {
            Err("it ends before its acknowledgement and its policy".to_owned())
        }
    }
}

impl Header for RegistrationHeader {
    const KIND: FileKind = FileKind::Registration;
    fn packed(&self) -> Option<Packed> {
        None
    }
}

impl Header for AuthorizationHeader {
    const KIND: FileKind = FileKind::Authorization;
    fn packed(&self) -> Option<Packed> {
        None
    }
}
