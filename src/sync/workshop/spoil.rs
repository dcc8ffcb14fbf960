//! Spoils synchronization files, each in a way that is refused with a code of its own.

use super::super::format::{FileKind, Limits};
use crate::platform::signing::{self, FileKey};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{Read, Write};

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

/// The three parts of a file: its first line, the signed header, the packed content.
#[derive(Clone, Copy)]
struct Parts<'a> {
    first: &'a [u8],
    signed: &'a [u8],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(file: &'a [u8]) -> Result<Self, String> {
        let mut parts = file.splitn(3, |b| *b == b'\n');
        let (Some(first), Some(signed), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("This is not a synchronization file.".to_owned());
        };
        if !first.starts_with(b"LICENTRAL SYNC ") || body.is_empty() {
            return Err("Only a synchronization file can be spoiled.".to_owned());
        }
        Ok(Self { first, signed, body })
    }
    fn joined(self) -> Vec<u8> {
        [self.first, b"\n", self.signed, b"\n", self.body].concat()
    }
    /// The header and the lines of the content.
    fn opened(self) -> Result<Inside, String> {
        let claimed = std::str::from_utf8(self.signed)
            .ok()
            .and_then(signing::claimed_in_file);
        let header = claimed
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or("The header cannot be read.")?;
        let mut text = String::new();
        GzDecoder::new(self.body)
            .read_to_string(&mut text)
            .map_err(|e| format!("The content cannot be read: {e}"))?;
        Ok(Inside {
            header,
            lines: text.lines().map(str::to_owned).collect(),
        })
    }
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes
}

/// Spoiled from outside: whoever does it has no key.
fn spoiled_outside(file: &[u8], parts: Parts<'_>, way: &Way) -> Vec<u8> {
    match way.word {
        "tampered" => Parts {
            body: &flipped(parts.body),
            ..parts
        }
        .joined(),
        "bad-signature" => Parts {
            signed: &flipped(parts.signed),
            ..parts
        }
        .joined(),
        "truncated" => file
            .get(..file.len() - parts.body.len() / 2 - 1)
            .unwrap_or_default()
            .to_vec(),
        "appended" => [file, b"more"].concat(),
        "future-version" => Parts {
            first: b"LICENTRAL SYNC 3",
            ..parts
        }
        .joined(),
        _ => [b"PK\x03\x04".as_slice(), file].concat(),
    }
}

/// What is signed, opened to be spoiled inside.
struct Inside {
    header: Value,
    lines: Vec<String>,
}

impl Inside {
    fn spoil(&mut self, way: &Way) -> Result<(), String> {
        let Self { header, lines } = self;
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
                set(header, "software", json!(software));
            }
            "wrong-account" => add(header, "smart_account", 1),
            "wrong-device-manager" => {
                set(
                    header,
                    "manager",
                    json!(crate::kernel::ids::DeviceManagerId::new()),
                );
            }
            "wrong-count" => add(header, "devices", 1),
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
        Ok(())
    }

    /// The content as it is now, with a header that fits it: packed and signed.
    fn signed_again(mut self, way: &Way, first: &[u8], key: &FileKey) -> Result<Vec<u8>, String> {
        let mut text = self.lines.join("\n");
        text.push('\n');
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let body = gzip
            .write_all(text.as_bytes())
            .and_then(|()| gzip.finish())
            .map_err(|e| e.to_string())?;
        let records = match way.word {
            "oversized" => Limits::default().records + 1,
            _ => self.lines.len() as u64,
        };
        let header = &mut self.header;
        set(header, "body_bytes", json!(body.len()));
        set(header, "unpacked_bytes", json!(text.len()));
        set(header, "records", json!(records));
        let sha256 = crate::platform::token::fingerprint(&body);
        set(header, "body_sha256", json!(sha256));
        let signed = key
            .sign_file(FileKind::Sync.typ(), &header.to_string())
            .map_err(|_| "The copy cannot be signed.")?;
        Ok(Parts {
            first,
            signed: signed.as_bytes(),
            body: &body,
        }
        .joined())
    }
}

/// A spoiled copy. A way that signs the copy again needs the key of the server that made the file.
pub fn spoil(file: &[u8], way: &Way, key: Option<&FileKey>) -> Result<Vec<u8>, String> {
    let parts = Parts::of(file)?;
    if !way.signs {
        return Ok(spoiled_outside(file, parts, way));
    }
    let key = key.ok_or("This way signs the copy again: say --data FILE, the On-Prem server's file.")?;
    let mut opened = parts.opened()?;
    opened.spoil(way)?;
    opened.signed_again(way, parts.first, key)
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
    use crate::sync::format::{self, Device, Made, Place, Record, SyncHeader};
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
