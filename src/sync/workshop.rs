//! Looks into files that travel between an On-Prem server and the cloud, and spoils them for training and tests.

use super::format::{
    self, AuthorizationHeader, Checked, FileKind, HasBody, Header, Limits, Opened, Record,
    RegistrationHeader, ResponseHeader, SyncHeader,
};
use crate::error::{Error, Result};
use crate::platform::signing::{self, FileKey};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{Read, Seek, Write};

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

/// A way to spoil a file.
#[derive(Debug)]
pub struct Way {
    /// For scripts.
    pub word: &'static str,
    /// What is wrong with it then.
    pub says: &'static str,
    /// Whether it is signed again.
    pub signs: bool,
    /// With which code it is to be refused.
    pub code: &'static str,
}

/// All of them.
pub const WAYS: &[Way] = &[
    Way {
        word: "tampered",
        says: "A bit of the content is another",
        signs: false,
        code: "sync.body-altered",
    },
    Way {
        word: "bad-signature",
        says: "A bit of the signature is another",
        signs: false,
        code: "sync.bad-signature",
    },
    Way {
        word: "truncated",
        says: "Half of it is missing",
        signs: false,
        code: "sync.truncated",
    },
    Way {
        word: "appended",
        says: "Something stands behind its end",
        signs: false,
        code: "sync.body-altered",
    },
    Way {
        word: "future-version",
        says: "It is of a later version",
        signs: false,
        code: "sync.unsupported-version",
    },
    Way {
        word: "not-a-sync-file",
        says: "It is of another kind",
        signs: false,
        code: "sync.not-a-sync-file",
    },
    Way {
        word: "replayed",
        says: "The same number with other content",
        signs: true,
        code: "sync.replayed",
    },
    Way {
        word: "reordered",
        says: "Its product instances are out of order",
        signs: true,
        code: "sync.bad-record",
    },
    Way {
        word: "repeated",
        says: "A product instance stands twice",
        signs: true,
        code: "sync.bad-record",
    },
    Way {
        word: "unknown-field",
        says: "A record has a field that nobody knows",
        signs: true,
        code: "sync.bad-record",
    },
    Way {
        word: "wrong-account",
        says: "It names another Smart Account",
        signs: true,
        code: "sync.wrong-device-manager",
    },
    Way {
        word: "wrong-device-manager",
        says: "It names another device manager",
        signs: true,
        code: "sync.wrong-device-manager",
    },
    Way {
        word: "wrong-count",
        says: "Its header counts one too many",
        signs: true,
        code: "sync.body-altered",
    },
    Way {
        word: "oversized",
        says: "It says that it has more records than are taken",
        signs: true,
        code: "sync.too-large",
    },
    Way {
        word: "bomb",
        says: "It unpacks to far more than it says",
        signs: true,
        code: "sync.too-large",
    },
];

/// A spoiled copy. A way that signs the copy again needs the key of the server that made the file.
#[expect(
    clippy::too_many_lines,
    reason = "each way of spoiling a file, one after the other"
)]
pub fn spoil(file: &[u8], way: &Way, key: Option<&FileKey>) -> Result<Vec<u8>, String> {
    let mut parts = file.splitn(3, |b| *b == b'\n');
    let (Some(first), Some(signed), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("This is not a synchronization file.".to_owned());
    };
    if !first.starts_with(b"LICENTRAL SYNC ") || body.is_empty() {
        return Err("Only a synchronization file can be spoiled.".to_owned());
    }
    let join = |first: &[u8], signed: &[u8], body: &[u8]| [first, b"\n", signed, b"\n", body].concat();
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
        bytes
    };
    if !way.signs {
        return Ok(match way.word {
            "tampered" => join(first, signed, &flipped(body)),
            "bad-signature" => join(first, &flipped(signed), body),
            "truncated" => file
                .get(..file.len() - body.len() / 2 - 1)
                .unwrap_or_default()
                .to_vec(),
            "appended" => [file, b"more"].concat(),
            "future-version" => join(b"LICENTRAL SYNC 3", signed, body),
            _ => [b"PK\x03\x04".as_slice(), file].concat(),
        });
    }
    let key = key.ok_or("This way signs the copy again: say --data FILE, the On-Prem server's file.")?;
    let claimed = std::str::from_utf8(signed)
        .ok()
        .and_then(signing::claimed_in_file);
    let mut header: Value = claimed
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or("The header cannot be read.")?;
    let mut text = String::new();
    GzDecoder::new(body)
        .read_to_string(&mut text)
        .map_err(|e| format!("The content cannot be read: {e}"))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_device = |line: &String| line.starts_with("{\"device\"");
    let add = |header: &mut Value, name: &str, by: i64| {
        let now = header.get(name).and_then(Value::as_i64).unwrap_or_default();
        set(header, name, json!(now + by));
    };
    match way.word {
        // The same sequence, and other content.
        "replayed" => {
            let software = header.get("software").and_then(Value::as_str).unwrap_or_default();
            let software = format!("{software} again");
            set(&mut header, "software", json!(software));
        }
        "wrong-account" => add(&mut header, "smart_account", 1),
        "wrong-device-manager" => {
            set(
                &mut header,
                "manager",
                json!(crate::kernel::ids::DeviceManagerId::new()),
            );
        }
        "wrong-count" => add(&mut header, "devices", 1),
        "unknown-field" => {
            if let Some(line) = lines.first_mut() {
                *line = line.replacen("{\"name\"", "{\"more\":1,\"name\"", 1);
            }
        }
        "reordered" => {
            let at = lines.iter().position(is_device).unwrap_or(0);
            if lines.len() < at + 2 {
                return Err("The file has fewer than two product instances.".to_owned());
            }
            lines.swap(at, at + 1);
        }
        "repeated" => {
            let at = lines
                .iter()
                .position(is_device)
                .ok_or("The file has no product instance.")?;
            if let Some(line) = lines.get(at).cloned() {
                lines.insert(at, line);
            }
        }
        "bomb" => lines.push(" ".repeat(16 << 20)),
        _ => {}
    }
    let mut text = lines.join("\n");
    text.push('\n');
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let body = gzip
        .write_all(text.as_bytes())
        .and_then(|()| gzip.finish())
        .map_err(|e| e.to_string())?;
    set(&mut header, "body_bytes", json!(body.len()));
    set(&mut header, "unpacked_bytes", json!(text.len()));
    set(&mut header, "records", json!(lines.len()));
    set(
        &mut header,
        "body_sha256",
        json!(crate::platform::token::fingerprint(&body)),
    );
    if way.word == "oversized" {
        set(&mut header, "records", json!(Limits::default().records + 1));
    }
    let signed = key
        .sign_file(FileKind::Sync.typ(), &header.to_string())
        .map_err(|_| "The copy cannot be signed.")?;
    Ok(join(first, signed.as_bytes(), &body))
}

fn set(header: &mut Value, name: &str, value: Value) {
    if let Some(fields) = header.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::sync::format::{Device, Made, Place};
    use std::io::Cursor;

    #[test]
    fn each_spoiled_file_is_refused_with_its_code() {
        let (key, _) = FileKey::make().unwrap();
        let at = crate::kernel::Moment::parse("2026-11-22T10:00:00Z").unwrap();
        let place = Record::Place(Place {
            name: "DEFAULT".to_owned(),
            description: String::new(),
        });
        let device = |serial: &str| {
            Record::Device(Device {
                pid: "P".to_owned(),
                serial: serial.to_owned(),
                hostname: String::new(),
                product: "P".to_owned(),
                software: String::new(),
                place: "DEFAULT".to_owned(),
                registered_at: at,
                contact_at: at,
                by_policy: false,
                usage: Vec::new(),
            })
        };
        let file = Made {
            manager: crate::kernel::ids::DeviceManagerId::new(),
            smart_account: 100_001,
            virtual_account: "Local".to_owned(),
            sequence: 1,
            last_response: 0,
            created_at: at,
            software: "test".to_owned(),
        }
        .file([place, device("A1"), device("A2")], &key)
        .unwrap();
        for way in WAYS {
            let (word, code) = (way.word, way.code);
            let made = spoil(&file, way, Some(&key)).unwrap();
            assert_ne!(made, file, "{word}");
            assert_eq!(spoil(&file, way, None).is_err(), way.signs, "{word}");
            let read = || -> crate::error::Result<usize> {
                let mut checked = format::open(Cursor::new(&made))?
                    .verify::<SyncHeader>(key.public_key())?
                    .check(&Limits::default())?;
                Ok(checked
                    .records()?
                    .collect::<crate::error::Result<Vec<_>>>()?
                    .len())
            };
            match read() {
                Err(Error::Refused(refusal)) => assert_eq!(refusal.code, code, "{word}"),
                // What only the cloud can tell, since it knows whom it has and what came before.
                Ok(3) => assert!(
                    ["sync.replayed", "sync.wrong-device-manager"].contains(&code),
                    "{word}"
                ),
                other => panic!("{word}: {other:?}"),
            }
        }
    }
}
