//! Looks into files that travel between an On-Prem server and the cloud, and spoils them for training and tests.

mod spoil;

pub use spoil::{WAYS, Way, spoil};

use super::format::{
    self, AuthorizationHeader, Checked, FileKind, HasBody, Header, Limits, Opened, Record,
    RegistrationHeader, ResponseHeader, SyncHeader,
};
use crate::error::{Error, Result};
use crate::platform::signing;
use std::io::{Read, Seek};

/// So many records are shown.
const MOST_SHOWN: usize = 100;

/// How many records of each kind a file has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    /// Local Virtual Accounts.
    pub places: u64,
    /// Product instances.
    pub devices: u64,
    /// Lines of usage.
    pub usages: u64,
    /// Licenses.
    pub licenses: u64,
    /// Usage reports.
    pub reports: u64,
    /// Product instances whose usage reports are acknowledged.
    pub acknowledgements: u64,
}

/// What is in a file, as far as it could be read.
#[derive(Debug)]
pub struct Looked {
    /// Which file it is.
    pub kind: FileKind,
    /// Of which version.
    pub version: u32,
    /// What its header says.
    pub header: Vec<(String, String)>,
    /// The checks that it passed, in words.
    pub checks: Vec<String>,
    /// What its records say of the server or of the cloud, in words.
    pub notes: Vec<String>,
    /// The first of its records, as they stand in it.
    pub records: Vec<String>,
    /// How many it has; none of a file without records, or one whose records cannot all be read.
    pub counts: Option<Counted>,
    /// Why it is refused, if it is.
    pub refused: Option<Error>,
}

/// Looks into a file. Without a key the signature is not checked, but of those that bring their key. An error is of what
/// is no file of these at all.
pub fn look<S: Read + Seek>(source: S, key: Option<&str>) -> Result<Looked> {
    let opened = format::open(source)?;
    let mut looked = Looked {
        kind: opened.kind(),
        version: opened.version(),
        header: Vec::new(),
        checks: Vec::new(),
        notes: Vec::new(),
        records: Vec::new(),
        counts: None,
        refused: None,
    };
    let read = match looked.kind {
        FileKind::Sync => with_body::<SyncHeader, S>(&mut looked, opened, key),
        FileKind::Response => with_body::<ResponseHeader, S>(&mut looked, opened, key),
        // These two bring their key.
        FileKind::Registration => opened.claimed::<RegistrationHeader>().and_then(|own| {
            let key = key.unwrap_or(&own.public_key);
            whole::<RegistrationHeader, S>(&mut looked, opened, Some(key)).map(drop)
        }),
        FileKind::Authorization => opened.claimed::<AuthorizationHeader>().and_then(|own| {
            let key = key.unwrap_or(&own.public_key);
            whole::<AuthorizationHeader, S>(&mut looked, opened, Some(key)).map(drop)
        }),
    };
    looked.refused = read.err();
    Ok(looked)
}

/// Reads the header, and whether the file is whole and genuine.
fn whole<H: Header, S: Read + Seek>(
    looked: &mut Looked,
    opened: Opened<S>,
    key: Option<&str>,
) -> Result<Checked<H, S>> {
    let claimed: H = opened.claimed()?;
    let header = serde_json::to_value(&claimed).map_err(Error::internal)?;
    looked.header = header
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), value)
        })
        .collect();
    let verified = match key {
        Some(key) => opened.verify::<H>(key)?,
        None => opened.unproven::<H>()?,
    };
    looked.checks.push(match key.and_then(signing::file_key_id) {
        Some(id) => format!("signature: good, by the key {id}"),
        None => "signature: not checked (say --public-key)".to_owned(),
    });
    let checked = verified.check(&Limits::default())?;
    looked.checks.push("length and SHA-256: good".to_owned());
    looked
        .checks
        .push(format!("SHA-256 of the file: {}", checked.sha256));
    Ok(checked)
}

fn with_body<H: HasBody, S: Read + Seek>(
    looked: &mut Looked,
    opened: Opened<S>,
    key: Option<&str>,
) -> Result<()> {
    let mut checked = whole::<H, S>(looked, opened, key)?;
    let mut counts = Counted::default();
    for record in checked.records()? {
        let record = record?;
        if looked.records.len() < MOST_SHOWN {
            looked
                .records
                .push(serde_json::to_string(&record).unwrap_or_default());
        }
        match record {
            Record::Place(_) => counts.places += 1,
            Record::Device(one) => {
                counts.devices += 1;
                counts.usages += one.usage.len() as u64;
            }
            Record::License(_) => counts.licenses += 1,
            Record::Acknowledged(said) => looked.notes.push(format!(
                "acknowledged: {} product instances, {} lines of usage",
                said.devices, said.usages
            )),
            Record::Policy(said) => looked.notes.push(format!(
                "policy: due after {} days, removed after {} days",
                said.due_days, said.overdue_removal_days
            )),
            Record::Report(_) => counts.reports += 1,
            Record::Acknowledgement(_) => counts.acknowledgements += 1,
            Record::Refused(said) => looked
                .notes
                .push(format!("a usage report is refused: {}", said.says)),
            Record::Authorization(asked) => looked.notes.push(format!(
                "an authorization code is {} by {}",
                if asked.return_code.is_empty() {
                    "asked for"
                } else {
                    "returned"
                },
                asked.request
            )),
            Record::Authorized(said) => looked.notes.push(format!(
                "an authorization code is {}: {}",
                said.outcome.label().to_lowercase(),
                said.request
            )),
        }
    }
    looked.counts = Some(counts);
    Ok(())
}
