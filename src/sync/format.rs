//! The files that travel between an On-Prem server and the cloud, version 1. `docs/sync-format.md` is this file in prose.
//!
//! Two lines of text, then perhaps a body: what the file is, a signed header, and compressed records, one a line. A file
//! is read in steps, and each step has a type, so that none is left out: [`open`] tells what it claims to be,
//! [`Opened::verify`] that the header is genuine, [`Verified::check`] that the body is the one the header speaks of (its
//! length and its hash, over the compressed bytes). Only then can records be read, and a file that was cut or changed
//! on its way is refused before that. Nothing here holds more than one line of the body.

use crate::catalog::Billing;
use crate::devices::{MOST_LICENSES, MOST_QUANTITY, Udi};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::{Moment, Name};
use crate::platform::config::SYNC_RECORDS;
use crate::platform::signing::{self, FileKey};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

/// The version that is written and read.
pub const VERSION: u32 = 1;
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
    fn first_line(self) -> String {
        format!("LICENTRAL {} {VERSION}\n", self.word())
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
    /// Of the body.
    pub packed: Packed,
}

/// A header of one kind of file.
pub trait Header: Serialize + DeserializeOwned {
    /// Of which.
    const KIND: FileKind;
    /// What it says of a body; none when there is none.
    fn packed(&self) -> Option<Packed>;
}

/// A header of a file with a body.
pub trait HasBody: Header {
    /// In what order its records come.
    fn order() -> Order;
    /// Whether what was counted is what the header says.
    fn agrees(&self, order: &Order) -> Result<(), String>;
}

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
    /// The key that was registered, by its id ([`signing::file_key_id`]): an authorization for another On-Prem is told apart.
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
        let counts = |one: &Self| (one.places, one.devices, one.usages, one.counted());
        self.follows() && counts(self) == counts(earlier)
    }
}

impl Header for SyncHeader {
    const KIND: FileKind = FileKind::Sync;
    fn packed(&self) -> Option<Packed> {
        Some(self.counted())
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
        ] {
            if said != found {
                return Err(format!("the header says {said} {what}, and there are {found}"));
            }
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
}
impl HasBody for ResponseHeader {
    fn order() -> Order {
        Order::of(FileKind::Response)
    }
    fn agrees(&self, order: &Order) -> Result<(), String> {
        if order.stage == Stage::Policy {
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

/// One line of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Record {
    /// A local Virtual Account.
    Place(Place),
    /// A product instance.
    Device(Device),
    /// What the Virtual Account in the cloud holds.
    License(License),
    /// What the cloud has taken in.
    Acknowledged(Acknowledged),
    /// By what rules the cloud goes.
    Policy(Policy),
}

/// A local Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// What it is for, or "".
    pub description: String,
}

/// A product instance, and what it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// The local Virtual Account in which it is.
    pub place: String,
    /// Since when it is registered with the On-Prem server.
    pub registered_at: Moment,
    /// When it called last.
    pub contact_at: Moment,
    /// Entitlement and quantity, by the entitlement.
    pub usage: Vec<(String, i64)>,
}

impl Device {
    /// What it is known by.
    pub fn udi(&self) -> Udi {
        Udi {
            pid: self.pid.clone(),
            serial: self.serial.clone(),
        }
    }
}

/// What the Virtual Account in the cloud holds of one license under one term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid.
    pub billing: Billing,
    /// How many.
    pub purchased: i64,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
}

/// What the cloud has taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// Product instances.
    pub devices: u64,
    /// Lines of usage.
    pub usages: u64,
}

/// By what rules the cloud goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A synchronization is due after so many days.
    pub due_days: i64,
    /// So many days later the device manager is removed.
    pub overdue_removal_days: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Start,
    Places,
    Devices,
    Licenses,
    Acknowledged,
    Policy,
}

/// In what order records come: told of each, it says whether it may come now. The same for whoever writes and whoever
/// reads, so that nothing is written that would be refused.
#[derive(Debug)]
pub struct Order {
    kind: FileKind,
    stage: Stage,
    places: BTreeSet<String>,
    /// The key of the last device or license.
    last: String,
    devices: u64,
    usages: u64,
}

impl Order {
    fn of(kind: FileKind) -> Self {
        Self {
            kind,
            stage: Stage::Start,
            places: BTreeSet::new(),
            last: String::new(),
            devices: 0,
            usages: 0,
        }
    }

    fn take(&mut self, record: &Record) -> Result<(), String> {
        let (stage, kind) = match record {
            Record::Place(_) => (Stage::Places, FileKind::Sync),
            Record::Device(_) => (Stage::Devices, FileKind::Sync),
            Record::License(_) => (Stage::Licenses, FileKind::Response),
            Record::Acknowledged(_) => (Stage::Acknowledged, FileKind::Response),
            Record::Policy(_) => (Stage::Policy, FileKind::Response),
        };
        if kind != self.kind {
            return Err(format!("it does not belong into a {}", self.kind));
        }
        if stage < self.stage || (stage == self.stage && stage >= Stage::Acknowledged) {
            return Err("it comes too late, or a second time".to_owned());
        }
        if stage == Stage::Policy && self.stage != Stage::Acknowledged {
            return Err("the acknowledgement has to come before it".to_owned());
        }
        if stage != self.stage {
            self.last.clear();
        }
        self.stage = stage;
        match record {
            Record::Place(place) => self.place(place),
            Record::Device(device) => self.device(device),
            Record::License(license) => self.license(license),
            Record::Acknowledged(_) => Ok(()),
            Record::Policy(policy) => {
                if (1..=3650).contains(&policy.due_days) && (1..=3650).contains(&policy.overdue_removal_days)
                {
                    Ok(())
                } else {
                    Err("its days are not between 1 and 3,650".to_owned())
                }
            }
        }
    }

    fn place(&mut self, place: &Place) -> Result<(), String> {
        one_line(&place.name, "its name", 1, Name::MOST)?;
        one_line(&place.description, "its description", 0, 2_000)?;
        if self.places.len() as u64 >= MOST_PLACES {
            return Err(format!(
                "there are more than {MOST_PLACES} local Virtual Accounts"
            ));
        }
        if self.places.insert(place.name.clone()) {
            Ok(())
        } else {
            Err(format!("the local Virtual Account {} comes twice", place.name))
        }
    }

    fn device(&mut self, device: &Device) -> Result<(), String> {
        let mut problems = Problems::default();
        if Udi::parse(&device.pid, &device.serial, &mut problems) != Some(device.udi()) {
            return Err("its pid and serial are not 1 to 60 visible ASCII characters each".to_owned());
        }
        one_line(&device.hostname, "its host name", 0, 253)?;
        one_line(&device.product, "its product", 1, 200)?;
        one_line(&device.software, "its software", 0, 100)?;
        let key = device.udi().key();
        if key <= self.last {
            return Err(if key == self.last {
                format!("the product instance {} comes twice", device.udi())
            } else {
                format!(
                    "the product instance {} is not in the order of the UDIs",
                    device.udi()
                )
            });
        }
        if !self.places.contains(&device.place) {
            return Err(format!(
                "the product instance {} is in a local Virtual Account that is not listed",
                device.udi()
            ));
        }
        if device.usage.len() > MOST_LICENSES {
            return Err(format!("it uses more than {MOST_LICENSES} licenses"));
        }
        let mut last = "";
        for (entitlement, quantity) in &device.usage {
            check_entitlement(entitlement)?;
            if entitlement.as_str() <= last {
                return Err(format!("its usage of {entitlement} comes twice, or not in order"));
            }
            if !(1..=MOST_QUANTITY).contains(quantity) {
                return Err(format!(
                    "it uses {quantity} of {entitlement}: 1 to {MOST_QUANTITY} can be told of"
                ));
            }
            last = entitlement;
        }
        self.last = key;
        self.devices += 1;
        self.usages += device.usage.len() as u64;
        Ok(())
    }

    fn license(&mut self, license: &License) -> Result<(), String> {
        check_entitlement(&license.entitlement)?;
        one_line(&license.name, "its name", 1, 200)?;
        if license.purchased < 0 {
            return Err("fewer than none were purchased".to_owned());
        }
        if license.entitlement < self.last {
            return Err("it is not in the order of the entitlements".to_owned());
        }
        self.last.clone_from(&license.entitlement);
        Ok(())
    }
}

fn check_entitlement(entitlement: &str) -> Result<(), String> {
    let good = (1..=100).contains(&entitlement.len()) && entitlement.chars().all(|c| c.is_ascii_graphic());
    if good {
        Ok(())
    } else {
        Err("an entitlement has 1 to 100 visible ASCII characters without spaces".to_owned())
    }
}

/// One line that can be shown, and that is spelled as it would be kept.
fn one_line(text: &str, what: &str, least: usize, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    let clean = crate::kernel::text::note(text, what, most).is_ok_and(|kept| kept == text);
    if clean && !text.contains(['\n', '\t']) && (least..=most).contains(&length) {
        Ok(())
    } else {
        Err(format!(
            "{what} is not a clean line of {least} to {most} characters"
        ))
    }
}

// Writing --------------------------------------------------------------------------------------------

/// Counts and hashes what goes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes a whole file while it is written.
pub struct Hashed<W>(Hashing<W>);

impl<W: Write> Hashed<W> {
    /// Around where it is written to.
    pub fn new(out: W) -> Self {
        Self(Hashing {
            inner: out,
            hash: Sha256::new(),
            bytes: 0,
        })
    }
    /// SHA-256 of what was written, in hexadecimal: what a response calls the request by.
    pub fn sha256(self) -> String {
        hex(self.0.hash)
    }
}
impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn hex(hash: Sha256) -> String {
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// Writes a body, one record after the other, into a file of its own or into memory: the header, which comes first in
/// the whole file, can only be made when the body is known. The same records make the same bytes.
pub struct Writer<W: Write> {
    gzip: GzEncoder<Hashing<W>>,
    order: Order,
    records: u64,
    unpacked: u64,
}

impl<W: Write> Writer<W> {
    /// A body of this kind of file.
    pub fn new(kind: FileKind, body: W) -> Self {
        let hashing = Hashing {
            inner: body,
            hash: Sha256::new(),
            bytes: 0,
        };
        Self {
            gzip: GzEncoder::new(hashing, Compression::default()),
            order: Order::of(kind),
            records: 0,
            unpacked: 0,
        }
    }

    /// One more record.
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.order.take(record).map_err(|why| {
            Error::refused(
                "sync.bad-record",
                format!("Record {} cannot be written: {why}.", self.records + 1),
            )
        })?;
        let mut line = serde_json::to_vec(record).map_err(Error::internal)?;
        line.push(b'\n');
        if line.len() as u64 > MOST_LINE {
            return Err(Error::refused(
                "sync.bad-record",
                format!("Record {} is too long.", self.records + 1),
            ));
        }
        self.gzip.write_all(&line).map_err(Error::internal)?;
        self.records += 1;
        self.unpacked += line.len() as u64;
        Ok(())
    }

    /// Ends the body: what it was written into, and what the header has to say of it.
    pub fn finish(self) -> Result<(W, Counts)> {
        let hashing = self.gzip.finish().map_err(Error::internal)?;
        let counts = Counts {
            places: self.order.places.len() as u64,
            devices: self.order.devices,
            usages: self.order.usages,
            packed: Packed {
                records: self.records,
                body_bytes: hashing.bytes,
                unpacked_bytes: self.unpacked,
                body_sha256: hex(hashing.hash),
            },
        };
        Ok((hashing.inner, counts))
    }
}

/// Writes the two lines that begin a file; for a file without a body this is all.
pub fn write_head<H: Header>(out: &mut dyn Write, header: &H, key: &FileKey) -> Result<()> {
    let payload = serde_json::to_string(header).map_err(Error::internal)?;
    let signed = key.sign_file(H::KIND.typ(), &payload)?;
    if signed.len() as u64 > MOST_HEADER {
        return Err(Error::internal("the header of a sync file is too long"));
    }
    writeln!(out, "{}{signed}", H::KIND.first_line()).map_err(Error::internal)
}

/// Writes a whole file: the two lines, and the body as [`Writer::finish`] has left it, read from its beginning.
pub fn write_file<H: HasBody>(
    out: &mut dyn Write,
    header: &H,
    key: &FileKey,
    body: &mut dyn Read,
) -> Result<()> {
    write_head(out, header, key)?;
    io::copy(body, out).map_err(Error::internal)?;
    out.flush().map_err(Error::internal)
}

/// A whole file without a body, as text.
pub fn text_of<H: Header>(header: &H, key: &FileKey) -> Result<String> {
    let mut out = Vec::new();
    write_head(&mut out, header, key)?;
    String::from_utf8(out).map_err(Error::internal)
}

// Reading --------------------------------------------------------------------------------------------

/// A file of which nothing is known but what it claims to be.
#[derive(Debug, Clone)]
pub struct Opened<S> {
    kind: FileKind,
    signed: String,
    /// Whether the signed line has an end.
    is_whole: bool,
    body_at: u64,
    changes: Changes,
    source: S,
}

/// What was changed of a file on its way, as an editor, a mail or a transfer as text does it. The two lines are the same
/// lines with other ends; a body that went through it is another.
#[derive(Debug, Clone, Copy, Default)]
struct Changes {
    mark: bool,
    ends: bool,
    blanks: bool,
}

impl Changes {
    /// A sentence for the end of a refusal, or nothing.
    fn words(self) -> String {
        let mut what = Vec::new();
        if self.mark {
            what.push("a byte order mark was put in front of it");
        }
        if self.ends {
            what.push("its line ends were changed");
        }
        if self.blanks {
            what.push("spaces or empty lines were added");
        }
        if what.is_empty() {
            String::new()
        } else {
            format!(
                " On its way {}: carry it as a file, not as text.",
                what.join(", and ")
            )
        }
    }

    fn told(self, error: Error) -> Error {
        match error {
            Error::Refused(why) => Error::refused(why.code, format!("{}{}", why.says, self.words())),
            other => other,
        }
    }
}

/// Reads the first two lines. What an editor or a mail changes of them is no matter: a byte order mark, empty lines and
/// spaces around them, other line ends, and the end of the last line.
pub fn open<S: Read + Seek>(mut source: S) -> Result<Opened<S>> {
    source.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
    let mut changes = Changes::default();
    let (kind, signed, is_whole, body_at) = {
        let mut lines = Lines {
            source: BufReader::new(&mut source),
            taken: 0,
            changes: &mut changes,
        };
        lines.mark()?;
        let first = lines.next(64)?;
        let kind = kind_of(&first)?;
        let signed = lines.next(MOST_HEADER + 1)?;
        let text = signed.text();
        if text.len() as u64 > MOST_HEADER {
            return Err(Error::refused(
                "sync.too-large",
                format!("The header of the file is longer than {MOST_HEADER} bytes."),
            ));
        }
        if !signed.is_whole && kind.has_body() {
            return Err(truncated("inside its header"));
        }
        let text = String::from_utf8(text.to_vec()).map_err(|_| bad_signature())?;
        (kind, text, signed.is_whole, lines.taken)
    };
    Ok(Opened {
        kind,
        signed,
        is_whole,
        body_at,
        changes,
        source,
    })
}

/// A line without its end, or as much of it as there is.
struct Line {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Line {
    fn text(&self) -> &[u8] {
        self.bytes.trim_ascii()
    }
}

/// Reads lines with whatever ends.
struct Lines<'a, R> {
    source: R,
    /// How many bytes they took.
    taken: u64,
    changes: &'a mut Changes,
}

impl<R: BufRead> Lines<'_, R> {
    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(self.source.fill_buf().map_err(Error::internal)?.first().copied())
    }

    fn take(&mut self) {
        self.source.consume(1);
        self.taken += 1;
    }

    fn mark(&mut self) -> Result<()> {
        let has = self
            .source
            .fill_buf()
            .map_err(Error::internal)?
            .starts_with(b"\xef\xbb\xbf");
        if has {
            self.source.consume(3);
            self.taken += 3;
            self.changes.mark = true;
        }
        Ok(())
    }

    fn one(&mut self, most: u64) -> Result<Line> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < most {
            let Some(byte) = self.peek()? else { break };
            self.take();
            match byte {
                b'\n' => {
                    return Ok(Line {
                        bytes,
                        is_whole: true,
                    });
                }
                b'\r' => {
                    self.changes.ends = true;
                    if self.peek()? == Some(b'\n') {
                        self.take();
                    }
                    return Ok(Line {
                        bytes,
                        is_whole: true,
                    });
                }
                other => bytes.push(other),
            }
        }
        Ok(Line {
            bytes,
            is_whole: false,
        })
    }

    /// The next line that is not empty.
    fn next(&mut self, most: u64) -> Result<Line> {
        /// So many empty ones are passed over.
        const MOST_EMPTY: usize = 20;
        let mut line = self.one(most)?;
        for _ in 0..MOST_EMPTY {
            if !line.is_whole || !line.text().is_empty() {
                break;
            }
            self.changes.blanks = true;
            line = self.one(most)?;
        }
        if line.text().len() != line.bytes.len() {
            self.changes.blanks = true;
        }
        Ok(line)
    }
}

fn kind_of(first: &Line) -> Result<FileKind> {
    let no = || {
        Error::refused(
            "sync.not-a-sync-file",
            "This is not a file of an On-Prem server or for one: such a file begins with the words LICENTRAL SYNC, RESPONSE, REGISTRATION or AUTHORIZATION. Choose the file that the On-Prem server generated.",
        )
    };
    let text = std::str::from_utf8(first.text()).map_err(|_| no())?;
    if !first.is_whole {
        return Err(no());
    }
    let words: Vec<&str> = text.split(' ').collect();
    let (["LICENTRAL", kind, version], true) = (words.as_slice(), text.len() < 60) else {
        return Err(no());
    };
    let kind: FileKind = kind.parse().map_err(|_| no())?;
    let digits = !version.starts_with('0') && version.bytes().all(|b| b.is_ascii_digit());
    match version.parse::<u32>() {
        Ok(VERSION) if digits => Ok(kind),
        Ok(other) if digits => Err(Error::refused(
            "sync.unsupported-version",
            format!(
                "The {kind} has version {other} of the format, and version {VERSION} is read here. Generate it with a fitting version of the On-Prem server, or update this installation."
            ),
        )),
        _ => Err(no()),
    }
}

fn bad_signature() -> Error {
    Error::refused(
        "sync.bad-signature",
        "The signature of the file is not good: its header was changed after it was made, or it was made with another key. Generate the file again and bring it unchanged. If the On-Prem server was set up anew, with another key, register it again.",
    )
}
fn truncated(place: &str) -> Error {
    Error::refused(
        "sync.truncated",
        format!("The file ends {place}: it was cut off on its way. Copy it again, whole."),
    )
}
fn altered(why: &str) -> Error {
    Error::refused(
        "sync.body-altered",
        format!(
            "The content of the file is not what its header says: {why}. Generate the file again and bring it unchanged."
        ),
    )
}

impl<S: Read + Seek> Opened<S> {
    /// What it claims to be.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// What it claims of itself, which nobody has verified: good for looking up with which key to verify it (or, for
    /// the two files that carry their key, for taking it from there), and for nothing else.
    pub fn claimed<H: Header>(&self) -> Result<H> {
        self.expect(H::KIND)?;
        signing::claimed_in_file(&self.signed)
            .and_then(|payload| serde_json::from_str(&payload).ok())
            .ok_or_else(|| self.not_genuine())
    }

    fn not_genuine(&self) -> Error {
        self.changes.told(if self.is_whole {
            bad_signature()
        } else {
            truncated("inside its header")
        })
    }

    /// Goes on with what the header claims, unproven: for looking into a file whose key is not at hand. Nothing that
    /// is read in this way may be applied.
    pub fn unproven<H: Header>(self) -> Result<Verified<H, S>> {
        let header = self.claimed()?;
        Ok(Verified { header, file: self })
    }

    /// The signed header as it stands in the file.
    pub fn signed(&self) -> &str {
        &self.signed
    }

    fn expect(&self, kind: FileKind) -> Result<()> {
        if self.kind == kind {
            return Ok(());
        }
        Err(Error::refused(
            "sync.not-a-sync-file",
            format!(
                "This is a {}, and a {kind} is expected here. Choose that one.",
                self.kind
            ),
        ))
    }

    /// Goes on only with a header that was signed with the other half of this public key, for this kind of file.
    pub fn verify<H: Header>(self, public_key: &str) -> Result<Verified<H, S>> {
        self.expect(H::KIND)?;
        let payload = signing::verify_file(H::KIND.typ(), public_key, &self.signed)
            .ok_or_else(|| self.not_genuine())?;
        let header: H = serde_json::from_str(&payload).map_err(|e| {
            Error::refused(
                "sync.bad-record",
                format!(
                    "The header of the {} is signed, but cannot be understood: {e}.",
                    H::KIND
                ),
            )
        })?;
        Ok(Verified { header, file: self })
    }
}

/// A file whose header is genuine.
#[derive(Debug, Clone)]
pub struct Verified<H, S> {
    /// The header.
    pub header: H,
    file: Opened<S>,
}

impl<H: Header, S: Read + Seek> Verified<H, S> {
    /// The whole of a file of which the beginning was verified.
    pub fn read_on<T: Read + Seek>(self, source: T) -> Result<Verified<H, T>> {
        let file = open(source)?;
        if file.kind != self.file.kind || file.signed != self.file.signed {
            return Err(file.not_genuine());
        }
        Ok(Verified {
            header: self.header,
            file,
        })
    }

    /// Reads the file to its end without looking into the body, and goes on only when that is the body of which the
    /// header speaks, to the last bit, and not larger than is taken here.
    pub fn check(self, limits: &Limits) -> Result<Checked<H, S>> {
        let changes = self.file.changes;
        self.checked(limits).map_err(|error| changes.told(error))
    }

    fn checked(mut self, limits: &Limits) -> Result<Checked<H, S>> {
        let packed = self.header.packed();
        if let Some(packed) = &packed {
            within(packed, limits)?;
        }
        let says = packed.as_ref().map_or(0, |packed| packed.body_bytes);
        let source = &mut self.file.source;
        source
            .seek(SeekFrom::Start(self.file.body_at))
            .map_err(Error::internal)?;
        // The file as it was made: its two lines with their ends, whatever became of those on the way.
        let (mut file, mut body) = (Sha256::new(), Sha256::new());
        file.update(self.file.kind.first_line());
        file.update(format!("{}\n", self.file.signed));
        let mut found: u64 = 0;
        let mut more = false;
        let mut buffer = vec![0; 64 * 1024];
        // A little more than there should be tells that there is more. Empty lines at the end are none.
        let mut all = source.take(says.saturating_add(MOST_AFTER));
        loop {
            let count = match all.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::internal(e)),
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            let theirs = usize::try_from(says.saturating_sub(found)).unwrap_or(usize::MAX);
            let (content, after) = bytes.split_at(theirs.min(count));
            file.update(content);
            body.update(content);
            more |= !after.trim_ascii().is_empty();
            found += count as u64;
        }
        more |= found == says.saturating_add(MOST_AFTER);
        if found < says {
            return Err(truncated(&format!(
                "after {found} of {says} bytes of its content"
            )));
        }
        if more {
            return Err(altered(&format!("there is more after its {says} bytes")));
        }
        if let Some(packed) = &packed
            && hex(body) != packed.body_sha256
        {
            return Err(altered("its SHA-256 is another"));
        }
        Ok(Checked {
            header: self.header,
            sha256: hex(file),
            source: self.file.source,
            body_at: self.file.body_at,
        })
    }
}

/// What a header says of a body is held against the limits before the body is looked at. What comes out of it is held
/// against the header later, so that it cannot be more than is allowed here.
fn within(packed: &Packed, limits: &Limits) -> Result<()> {
    for (what, says, most) in [
        ("bytes", packed.body_bytes, limits.body_bytes),
        ("unpacked bytes", packed.unpacked_bytes, limits.unpacked_bytes),
        ("records", packed.records, limits.records),
    ] {
        if says > most {
            return Err(Error::refused(
                "sync.too-large",
                format!(
                    "The content of the file has {says} {what}, and {most} are taken at most. Whoever runs this installation can raise the limit."
                ),
            ));
        }
    }
    let most = FREE_UNPACKED.saturating_add(packed.body_bytes.saturating_mul(MOST_RATIO));
    if packed.unpacked_bytes > most {
        return Err(Error::refused(
            "sync.too-large",
            format!(
                "The content of the file has {} bytes and would become {} of them. More than {MOST_RATIO} times as much is not taken.",
                packed.body_bytes, packed.unpacked_bytes
            ),
        ));
    }
    Ok(())
}

/// A file whose header is genuine and whose body is unaltered.
#[derive(Debug, Clone)]
pub struct Checked<H, S> {
    /// The header.
    pub header: H,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    source: S,
    body_at: u64,
}

impl<H: HasBody, S: Read + Seek> Checked<H, S> {
    /// Reads the records, from the first one; as often as it is asked for.
    pub fn records(&mut self) -> Result<Records<'_, H, S>> {
        let packed = self.header.packed().unwrap_or_default();
        self.source
            .seek(SeekFrom::Start(self.body_at))
            .map_err(Error::internal)?;
        let hashing = HashingReader {
            inner: BufReader::with_capacity(64 * 1024, (&mut self.source).take(packed.body_bytes)),
            hash: Sha256::new(),
        };
        Ok(Records {
            header: &self.header,
            lines: BufReader::with_capacity(64 * 1024, GzDecoder::new(hashing)),
            order: H::order(),
            packed,
            line: Vec::new(),
            count: 0,
            bytes: 0,
            is_over: false,
        })
    }
}

/// Hashes what is taken out.
struct HashingReader<R> {
    inner: R,
    hash: Sha256,
}

impl<R: BufRead> Read for HashingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}
impl<R: BufRead> BufRead for HashingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, count: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            self.hash.update(bytes.get(..count).unwrap_or_default());
        }
        self.inner.consume(count);
    }
}

type Body<'a, S> = HashingReader<BufReader<io::Take<&'a mut S>>>;

/// The records of a body, one after the other. A fault ends them. Whoever applies them waits for the end: only then is
/// it known that all of them came, that there are as many as the header says, and that they are those of the hash.
pub struct Records<'a, H, S: Read> {
    header: &'a H,
    lines: BufReader<GzDecoder<Body<'a, S>>>,
    order: Order,
    packed: Packed,
    line: Vec<u8>,
    count: u64,
    bytes: u64,
    is_over: bool,
}

impl<H: HasBody, S: Read> Records<'_, H, S> {
    fn bad(&self, why: impl std::fmt::Display) -> Error {
        Error::refused(
            "sync.bad-record",
            format!("Record {} of the file cannot be taken: {why}.", self.count + 1),
        )
    }

    fn one(&mut self) -> Result<Option<Record>> {
        self.line.clear();
        // The longest line is held against what may still come out, so that a bomb ends here.
        let may = self
            .packed
            .unpacked_bytes
            .saturating_sub(self.bytes)
            .min(MOST_LINE);
        if let Err(e) = (&mut self.lines).take(may + 1).read_until(b'\n', &mut self.line) {
            return Err(match e.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                    self.bad(format_args!("the compressed content is damaged ({e})"))
                }
                _ => Error::internal(e),
            });
        }
        let length = self.line.len() as u64;
        if length == 0 {
            self.end()?;
            return Ok(None);
        }
        if length > may {
            return Err(if may == MOST_LINE {
                self.bad(format_args!("it is longer than {MOST_LINE} bytes"))
            } else {
                altered(&format!(
                    "more than {} bytes come out of it",
                    self.packed.unpacked_bytes
                ))
            });
        }
        if self.line.pop() != Some(b'\n') {
            return Err(self.bad("its line does not end"));
        }
        if self.count >= self.packed.records {
            return Err(altered(&format!(
                "there are more than {} records",
                self.packed.records
            )));
        }
        let record: Record = serde_json::from_slice(&self.line).map_err(|e| self.bad(e))?;
        self.order.take(&record).map_err(|why| self.bad(why))?;
        self.count += 1;
        self.bytes += length;
        Ok(Some(record))
    }

    fn end(&mut self) -> Result<()> {
        if self.count != self.packed.records || self.bytes != self.packed.unpacked_bytes {
            return Err(altered(&format!(
                "there are {} records in {} bytes, not {} in {}",
                self.count, self.bytes, self.packed.records, self.packed.unpacked_bytes
            )));
        }
        let body = self.lines.get_mut().get_mut();
        let left = body.fill_buf().map_err(Error::internal)?.len();
        if left > 0 {
            return Err(altered("something follows after the compressed records"));
        }
        // The file was hashed before. Once more, over what was read: it may have been changed in between.
        if hex(std::mem::take(&mut body.hash)) != self.packed.body_sha256 {
            return Err(altered("its SHA-256 is another"));
        }
        self.header.agrees(&self.order).map_err(|why| altered(&why))
    }
}

impl<H: HasBody, S: Read> Iterator for Records<'_, H, S> {
    type Item = Result<Record>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.one().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// With what codes files are refused.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "sync.bad-record",
        "A record of the file is not what the format demands.",
        "Generate the file again; when that is refused too, update the On-Prem server.",
    ),
    (
        "sync.bad-signature",
        "The header was changed, or was signed with another key.",
        "Generate the file again and bring it unchanged; a server that was set up anew is re-registered.",
    ),
    (
        "sync.body-altered",
        "The content of the file is not the one of which its signed header speaks.",
        "Generate the file again and bring it unchanged.",
    ),
    (
        "sync.not-a-sync-file",
        "The file is of another kind.",
        "Choose the file that is expected here.",
    ),
    (
        "sync.too-large",
        "The file is larger than is taken.",
        "Move product instances to another On-Prem server, or have the limit of this installation raised.",
    ),
    (
        "sync.truncated",
        "The file was cut off.",
        "Copy the file again, whole.",
    ),
    (
        "sync.unsupported-version",
        "The file has a version of the format that is not read here.",
        "Generate the file with a fitting version of the On-Prem server, or update this installation.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }
    fn place(name: &str) -> Record {
        Record::Place(Place {
            name: name.to_owned(),
            description: String::new(),
        })
    }
    fn device(serial: &str, usage: &[(&str, i64)]) -> Record {
        Record::Device(Device {
            pid: "C9200-48P-E".to_owned(),
            serial: serial.to_owned(),
            hostname: "sw".to_owned(),
            product: "C9200 Series Switch".to_owned(),
            software: "17.12.4".to_owned(),
            place: "DEFAULT".to_owned(),
            registered_at: at("2026-11-01T00:00:00Z"),
            contact_at: at("2026-11-20T00:00:00Z"),
            usage: usage.iter().map(|(e, n)| ((*e).to_owned(), *n)).collect(),
        })
    }
    fn key() -> FileKey {
        FileKey::make().unwrap().0
    }
    /// A header for what was counted.
    fn header(counts: &Counts) -> SyncHeader {
        Made {
            manager: "01900000-0000-7000-8000-000000000001".parse().unwrap(),
            smart_account: 100_001,
            virtual_account: "Local-Virtual-Account".to_owned(),
            sequence: 3,
            last_response: 2,
            created_at: at("2026-11-22T10:00:00Z"),
            software: "test".to_owned(),
        }
        .header(counts.clone())
    }
    fn records() -> Vec<Record> {
        vec![
            place("DEFAULT"),
            place("Lab"),
            device("A1", &[("c9200-dna-e-48", 1), ("c9200-ne-48", 1)]),
            device("A2", &[]),
        ]
    }
    fn file(records: &[Record], key: &FileKey) -> Vec<u8> {
        let mut writer = Writer::new(FileKind::Sync, Vec::new());
        for record in records {
            writer.record(record).unwrap();
        }
        let (body, counts) = writer.finish().unwrap();
        assemble(&header(&counts), &body, key)
    }
    fn assemble(header: &SyncHeader, body: &[u8], key: &FileKey) -> Vec<u8> {
        let mut out = Vec::new();
        write_file(&mut out, header, key, &mut &body[..]).unwrap();
        out
    }
    /// Signs whatever stands in the lines, as somebody would who has the key and means ill.
    fn by_hand(lines: &[u8], change: impl FnOnce(&mut SyncHeader), key: &FileKey) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(lines).unwrap();
        let body = gzip.finish().unwrap();
        let mut header = header(&Counts {
            places: 1,
            devices: 0,
            usages: 0,
            packed: Packed {
                records: lines.split(|b| *b == b'\n').count() as u64 - 1,
                body_bytes: body.len() as u64,
                unpacked_bytes: lines.len() as u64,
                body_sha256: crate::platform::token::fingerprint(&body),
            },
        });
        change(&mut header);
        assemble(&header, &body, key)
    }
    fn read_with(file: &[u8], key: &str, limits: &Limits) -> Result<(SyncHeader, Vec<Record>)> {
        let mut checked = open(Cursor::new(file))?
            .verify::<SyncHeader>(key)?
            .check(limits)?;
        let records = checked.records()?.collect::<Result<Vec<_>>>()?;
        Ok((checked.header, records))
    }
    fn read(file: &[u8], key: &FileKey) -> Result<(SyncHeader, Vec<Record>)> {
        read_with(file, key.public_key(), &Limits::default())
    }
    fn code(result: Result<(SyncHeader, Vec<Record>)>) -> &'static str {
        match result {
            Err(Error::Refused(refusal)) => {
                assert!(
                    REFUSALS.iter().any(|(code, ..)| *code == refusal.code),
                    "{}",
                    refusal.code
                );
                refusal.code
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let key = key();
        let file = file(&records(), &key);
        assert!(file.starts_with(b"LICENTRAL SYNC 1\n"));
        let (header, found) = read(&file, &key).unwrap();
        assert_eq!(
            (header.places, header.devices, header.usages, header.records),
            (2, 2, 2, 4)
        );
        assert_eq!(found, records());
        let mut checked = open(Cursor::new(&file))
            .unwrap()
            .verify::<SyncHeader>(key.public_key())
            .unwrap()
            .check(&Limits::default())
            .unwrap();
        assert_eq!(checked.sha256, crate::platform::token::fingerprint(&file));
        for _ in 0..2 {
            assert_eq!(checked.records().unwrap().count(), 4, "as often as one likes");
        }
        assert_eq!(
            super::tests::file(&records(), &key),
            file,
            "the same bytes each time"
        );
    }

    #[test]
    fn each_byte_cut_and_each_bit_flipped_is_refused() {
        let key = key();
        let file = file(&records(), &key);
        for length in 0..file.len() {
            code(read(&file[..length], &key));
        }
        for byte in 0..file.len() {
            for bit in 0..8 {
                let mut bent = file.clone();
                bent[byte] ^= 1 << bit;
                code(read(&bent, &key));
            }
        }
        let mut longer = file.clone();
        longer.push(0);
        assert_eq!(code(read(&longer, &key)), "sync.body-altered");
        assert_eq!(code(read(&file[..file.len() - 1], &key)), "sync.truncated");
        // The same of the two kinds without a body.
        let registration = RegistrationHeader {
            manager: None,
            name: "Smart-On-Prem-Account".to_owned(),
            public_key: key.public_key().to_owned(),
            software: "test".to_owned(),
            created_at: at("2026-11-22T10:00:00Z"),
        };
        let text = text_of(&registration, &key).unwrap().into_bytes();
        let good = |bytes: &[u8]| {
            open(Cursor::new(bytes.to_vec()))
                .and_then(|file| file.verify::<RegistrationHeader>(key.public_key()))
                .and_then(|file| file.check(&Limits::default()))
                .is_ok()
        };
        assert!(good(&text));
        // Without its last line end it is whole.
        assert!(good(text.trim_ascii_end()));
        for at in 0..text.len() {
            assert!(at == text.len() - 1 || !good(&text[..at]), "cut at {at}");
            for bit in 0..8 {
                let mut bent = text.clone();
                bent[at] ^= 1 << bit;
                assert!(!good(&bent), "bit {bit} of {at}");
            }
        }
        assert!(!good(&[text.as_slice(), b"x"].concat()));
    }

    /// What an editor, a mail or a transfer as text makes of the two lines of a file.
    fn carried(file: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let first = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let second = first + file[first..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let (one, two, body) = (&file[..first - 1], &file[first..second - 1], &file[second..]);
        // The line end after the header is the last byte before a body, so no empty line may stand there.
        let with = |before: &str, end: &str, after: &str| {
            [
                before.as_bytes(),
                one,
                end.as_bytes(),
                two,
                end.as_bytes(),
                body,
                after.as_bytes(),
            ]
            .concat()
        };
        vec![
            ("as it is", with("", "\n", "")),
            ("other line ends", with("", "\r\n", "")),
            ("old line ends", with("", "\r", "")),
            ("a mark in front", with("\u{feff}", "\n", "")),
            ("an empty line in front", with("\n\r\n", "\n", "")),
            ("spaces", with("  ", " \n", "")),
            ("an empty line between", [one, b"\n\n", two, b"\n", body].concat()),
            ("more at the end", with("", "\n", "\r\n \n")),
            ("all of it", with("\u{feff}\r\n", " \r\n", "\r\n")),
        ]
    }

    #[test]
    fn every_kind_of_file_is_read_whatever_became_of_its_line_ends() {
        let key = key();
        let whole = |made: String| {
            let mut all = carried(made.as_bytes());
            all.push(("no end", made.trim_end().as_bytes().to_vec()));
            all
        };
        let registration = text_of(
            &RegistrationHeader {
                manager: None,
                name: "Plant".to_owned(),
                public_key: key.public_key().to_owned(),
                software: "test".to_owned(),
                created_at: at("2026-11-22T10:00:00Z"),
            },
            &key,
        )
        .unwrap();
        for (what, file) in whole(registration) {
            let read = open(Cursor::new(&file))
                .and_then(|file| file.verify::<RegistrationHeader>(key.public_key()))
                .and_then(|file| file.check(&Limits::default()));
            assert!(read.is_ok(), "registration, {what}: {:?}", read.err());
        }
        let authorization = text_of(
            &AuthorizationHeader {
                manager: "01900000-0000-7000-8000-000000000001".parse().unwrap(),
                name: "Plant".to_owned(),
                key_id: "0".repeat(16),
                smart_account: 100_001,
                smart_account_name: "XYZ COMPANY".to_owned(),
                domain: "xyz.example".to_owned(),
                virtual_account: "Plant".to_owned(),
                public_key: key.public_key().to_owned(),
                registered_at: at("2026-11-22T10:00:00Z"),
            },
            &key,
        )
        .unwrap();
        for (what, file) in whole(authorization) {
            let read = open(Cursor::new(&file))
                .and_then(|file| file.verify::<AuthorizationHeader>(key.public_key()))
                .and_then(|file| file.check(&Limits::default()));
            assert!(read.is_ok(), "authorization, {what}: {:?}", read.err());
        }
        let made = file(&records(), &key);
        let sha256 = hex(Sha256::new_with_prefix(&made));
        for (what, file) in carried(&made) {
            let mut checked = open(Cursor::new(&file))
                .and_then(|file| file.verify::<SyncHeader>(key.public_key()))
                .and_then(|file| file.check(&Limits::default()))
                .unwrap_or_else(|e| panic!("sync, {what}: {e}"));
            assert_eq!(checked.sha256, sha256, "it is the same file: {what}");
            let read: Vec<Record> = checked.records().unwrap().map(Result::unwrap).collect();
            assert_eq!(read, records(), "{what}");
        }
    }

    #[test]
    fn a_refusal_says_what_was_changed_on_the_way() {
        let key = key();
        let made = file(&records(), &key);
        // A transfer as text: each line end in the body as well.
        let text: Vec<u8> = made
            .iter()
            .flat_map(|byte| {
                if *byte == b'\n' {
                    vec![b'\r', b'\n']
                } else {
                    vec![*byte]
                }
            })
            .chain([b'x'])
            .collect();
        let says = read(&text, &key).unwrap_err().to_string();
        assert!(says.contains("its line ends were changed"), "{says}");
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend_from_slice(&made[..made.len() - 1]);
        let says = read(&marked, &key).unwrap_err().to_string();
        assert!(
            says.contains("a byte order mark was put in front of it"),
            "{says}"
        );
    }

    #[test]
    fn another_key_another_kind_and_another_version_are_refused() {
        let (ours, theirs) = (key(), key());
        let file = file(&records(), &ours);
        assert_eq!(code(read(&file, &theirs)), "sync.bad-signature");
        let as_kind = |first: &str| [first.as_bytes(), &file["LICENTRAL SYNC 1\n".len()..]].concat();
        assert_eq!(
            code(read(&as_kind("LICENTRAL RESPONSE 1\n"), &ours)),
            "sync.not-a-sync-file"
        );
        for version in ["2", "10", "4294967295"] {
            let future = as_kind(&format!("LICENTRAL SYNC {version}\n"));
            assert_eq!(code(read(&future, &ours)), "sync.unsupported-version");
        }
        for first in [
            "",
            "\n",
            "LICENTRAL SYNC 01\n",
            "LICENTRAL SYNC +1\n",
            "LICENTRAL  SYNC 1\n",
            "PK\u{3}\u{4}\n",
        ] {
            assert_eq!(
                code(read(&as_kind(first), &ours)),
                "sync.not-a-sync-file",
                "{first:?}"
            );
        }
        // A response's header under a request's first line.
        let signed = ours.sign_file("licentral-response+jws", "{}").unwrap();
        let mixed = format!("LICENTRAL SYNC 1\n{signed}\n");
        assert_eq!(code(read(mixed.as_bytes(), &ours)), "sync.bad-signature");
        let long = [b"LICENTRAL SYNC 1\n".as_slice(), &vec![b'a'; 20_000]].concat();
        assert_eq!(code(read(&long, &ours)), "sync.too-large");
    }

    #[test]
    fn a_header_that_lies_is_refused_however_well_it_is_signed() {
        let key = key();
        let line = b"{\"place\":{\"name\":\"DEFAULT\",\"description\":\"\"}}\n";
        assert!(read(&by_hand(line, |_| {}, &key), &key).is_ok());
        let refused = |change: fn(&mut SyncHeader)| code(read(&by_hand(line, change, &key), &key));
        assert_eq!(refused(|h| h.body_bytes += 1), "sync.truncated");
        assert_eq!(refused(|h| h.body_bytes -= 1), "sync.body-altered");
        assert_eq!(refused(|h| h.unpacked_bytes += 1), "sync.body-altered");
        assert_eq!(refused(|h| h.unpacked_bytes -= 1), "sync.body-altered");
        assert_eq!(refused(|h| h.records += 1), "sync.body-altered");
        assert_eq!(refused(|h| h.records = 0), "sync.body-altered");
        assert_eq!(refused(|h| h.places = 2), "sync.body-altered");
        assert_eq!(refused(|h| h.devices = 1), "sync.body-altered");
        assert_eq!(refused(|h| h.usages = 1), "sync.body-altered");
        assert_eq!(refused(|h| h.sequence = 0), "sync.body-altered");
        assert_eq!(refused(|h| h.last_response = 3), "sync.body-altered");
        assert_eq!(refused(|h| h.body_sha256 = "0".repeat(64)), "sync.body-altered");
        assert_eq!(refused(|h| h.body_bytes = u64::MAX), "sync.too-large");
        assert_eq!(refused(|h| h.records = 1_000_001), "sync.too-large");
        assert_eq!(refused(|h| h.unpacked_bytes = 600 << 20), "sync.too-large");
        // An unknown field in a signed header.
        let mut payload = serde_json::to_value(header(&Counts::default())).unwrap();
        payload["more"] = 1.into();
        let signed = key.sign_file("licentral-sync+jws", &payload.to_string()).unwrap();
        let file = format!("LICENTRAL SYNC 1\n{signed}\n");
        assert_eq!(code(read(file.as_bytes(), &key)), "sync.bad-record");
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        let key = key();
        let zeros = vec![b' '; 8 << 20];
        assert_eq!(
            code(read(&by_hand(&zeros, |_| {}, &key), &key)),
            "sync.too-large",
            "by its ratio"
        );
        assert_eq!(
            code(read(&by_hand(&zeros, |h| h.unpacked_bytes = 1000, &key), &key)),
            "sync.body-altered",
            "by what it said"
        );
        assert_eq!(
            code(read(&by_hand(&zeros, |h| h.unpacked_bytes = 1 << 20, &key), &key)),
            "sync.bad-record",
            "by its line"
        );
        let few = Limits {
            records: 3,
            ..Limits::default()
        };
        let file = file(&records(), &key);
        assert_eq!(code(read_with(&file, key.public_key(), &few)), "sync.too-large");
    }

    #[test]
    fn records_out_of_order_twice_or_unknown_are_refused() {
        let key = key();
        let line = |record: &Record| serde_json::to_string(record).unwrap() + "\n";
        let text = |list: &[Record]| list.iter().map(line).collect::<String>();
        let base = place("DEFAULT");
        let refused = |lines: String, what: &str| {
            let made = by_hand(
                lines.as_bytes(),
                |h| {
                    h.places = lines.matches("\"place\":{").count() as u64;
                    h.devices = lines.matches("\"device\":").count() as u64;
                    h.usages = lines.matches("[\"").count() as u64;
                },
                &key,
            );
            let code = code(read(&made, &key));
            assert_eq!(code, "sync.bad-record", "{what}");
        };
        let (a, b) = (device("A1", &[("x", 1)]), device("B1", &[]));
        assert!(read(&file(&[base.clone(), a.clone(), b.clone()], &key), &key).is_ok());
        refused(text(&[base.clone(), a.clone(), a.clone()]), "a device twice");
        refused(
            text(&[base.clone(), device("a1", &[]), a.clone()]),
            "the same in other letters",
        );
        refused(
            text(&[base.clone(), b.clone(), a.clone()]),
            "devices out of order",
        );
        refused(text(&[base.clone(), base.clone()]), "a place twice");
        refused(text(&[a.clone(), base.clone()]), "a device before its place");
        refused(
            text(&[base.clone(), a.clone(), place("Z")]),
            "a place after a device",
        );
        refused(
            text(&[base.clone(), device("A1", &[("x", 1), ("x", 1)])]),
            "usage twice",
        );
        refused(
            text(&[base.clone(), device("A1", &[("y", 1), ("x", 1)])]),
            "usage out of order",
        );
        refused(text(&[base.clone(), device("A1", &[("x", 0)])]), "nothing used");
        refused(
            text(&[base.clone(), device("A1", &[("x", -5)])]),
            "less than nothing used",
        );
        refused(
            text(&[base.clone(), device("A1", &[("x", i64::MAX)])]),
            "too much used",
        );
        refused(text(&[base.clone(), device("", &[])]), "no serial");
        refused(text(&[base.clone(), device("A 1", &[])]), "a space in a serial");
        refused(text(&[place("a\u{202e}b")]), "a name that turns");
        refused(text(&[place("")]), "no name");
        refused(
            text(&[Record::Acknowledged(Acknowledged {
                devices: 0,
                usages: 0,
            })]),
            "a record of a response",
        );
        for lines in [
            "\n",
            "{}\n",
            "null\n",
            "[]\n",
            "{\"place\":{\"name\":\"a\",\"description\":\"\"}}",
            "{\"place\":{\"name\":\"a\",\"description\":\"\",\"more\":1}}\n",
            "{\"place\":{\"name\":\"a\",\"name\":\"b\",\"description\":\"\"}}\n",
            "{\"place\":{\"name\":\"a\"}}\n",
            "{\"place\":{\"name\":\"a\",\"description\":\"\"},\"more\":1}\n",
            "{\"house\":{\"name\":\"a\",\"description\":\"\"}}\n",
            "{\"place\":{\"name\":\"a\",\"description\":\"\"}} x\n",
        ] {
            refused(lines.to_owned(), lines);
        }
        refused(format!("{}{}\n", line(&base), "[".repeat(60_000)), "deep nesting");
        refused(
            format!(
                "{{\"place\":{{\"name\":\"{}\",\"description\":\"\"}}}}\n",
                "x".repeat(70_000)
            ),
            "a long line",
        );
    }

    #[test]
    fn a_writer_refuses_what_a_reader_would() {
        let mut writer = Writer::new(FileKind::Sync, Vec::new());
        writer.record(&place("DEFAULT")).unwrap();
        writer.record(&device("B", &[])).unwrap();
        assert!(writer.record(&device("A", &[])).is_err());
        assert!(writer.record(&place("late")).is_err());
    }

    #[test]
    fn a_response_has_its_licenses_then_its_acknowledgement_then_its_policy() {
        let license = |entitlement: &str| {
            Record::License(License {
                entitlement: entitlement.to_owned(),
                name: entitlement.to_owned(),
                billing: Billing::Prepaid,
                purchased: 5,
                ends_at: None,
            })
        };
        let acknowledged = Record::Acknowledged(Acknowledged {
            devices: 1,
            usages: 2,
        });
        let policy = Record::Policy(Policy {
            due_days: 30,
            overdue_removal_days: 90,
        });
        let all = [
            license("a"),
            license("a"),
            license("b"),
            acknowledged.clone(),
            policy.clone(),
        ];
        let mut writer = Writer::new(FileKind::Response, Vec::new());
        for record in &all {
            writer.record(record).unwrap();
        }
        for late in &all {
            assert!(writer.record(late).is_err());
        }
        let mut early = Writer::new(FileKind::Response, Vec::new());
        assert!(early.record(&policy).is_err(), "the policy is the last");
        let (body, counts) = writer.finish().unwrap();
        let key = key();
        let header = ResponseHeader {
            manager: DeviceManagerId::new(),
            smart_account: 1,
            virtual_account: "Local".to_owned(),
            sequence: 1,
            request_sha256: "00".to_owned(),
            created_at: at("2026-11-22T10:00:00Z"),
            due_at: at("2026-12-22T10:00:00Z"),
            records: counts.packed.records,
            body_bytes: counts.packed.body_bytes,
            unpacked_bytes: counts.packed.unpacked_bytes,
            body_sha256: counts.packed.body_sha256,
        };
        let mut out = Vec::new();
        write_file(&mut out, &header, &key, &mut body.as_slice()).unwrap();
        let mut checked = open(Cursor::new(out))
            .unwrap()
            .verify::<ResponseHeader>(key.public_key())
            .unwrap()
            .check(&Limits::default())
            .unwrap();
        let found: Vec<Record> = checked.records().unwrap().map(Result::unwrap).collect();
        assert_eq!(found, all);
    }

    proptest! {
        // For longer: PROPTEST_CASES, see docs/reliability.md.
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..400), front in 0_usize..3) {
            let front: &[u8] = [&b""[..], b"LICENTRAL SYNC 1\n", b"LICENTRAL SYNC 1\na.b.c\n"][front];
            let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            prop_assert!(read_with(&[front, &bytes].concat(), key, &Limits::default()).is_err());
        }

        #[test]
        fn no_signed_body_brings_the_reader_down(
            cuts in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4), 1..8),
            raw in any::<bool>(),
        ) {
            // Whoever has the key signs what they like: lines bent before they are compressed, or the compressed bytes.
            let key = key();
            let mut bytes: Vec<u8> = records().iter().flat_map(|r| serde_json::to_vec(r).unwrap().into_iter().chain([b'\n'])).collect();
            if raw {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
                gzip.write_all(&bytes).unwrap();
                bytes = gzip.finish().unwrap();
            }
            for (at, with, how) in &cuts {
                if bytes.is_empty() { break; }
                let at = at.index(bytes.len());
                match how { 0 => bytes[at] = *with, 1 => bytes.insert(at, *with), 2 => { bytes.remove(at); } _ => bytes.truncate(at) }
            }
            let made = if raw {
                let mut header = header(&Counts { places: 2, devices: 2, usages: 2, packed: Packed {
                    records: 4, body_bytes: bytes.len() as u64, unpacked_bytes: 700, body_sha256: crate::platform::token::fingerprint(&bytes) } });
                header.software = "bent".to_owned();
                assemble(&header, &bytes, &key)
            } else {
                by_hand(&bytes, |h| { h.places = 2; h.devices = 2; h.usages = 2; }, &key)
            };
            // Whatever comes of it, it ends, and what is taken is well formed.
            if let Ok((_, found)) = read(&made, &key) {
                let mut writer = Writer::new(FileKind::Sync, Vec::new());
                for record in &found { prop_assert!(writer.record(record).is_ok()); }
            }
        }
    }
}
