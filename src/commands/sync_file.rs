//! Looks into files that travel between an On-Prem server and the cloud, and spoils them for training and tests.

use crate::kernel::Clock;
use crate::platform::signing::{self, FileKey};
use crate::sync::format::{
    self, AuthorizationHeader, FileKind, HasBody, Header, Limits, Record, RegistrationHeader, ResponseHeader,
    SyncHeader,
};
use clap::{Args, Subcommand};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Files of a synchronization.
#[derive(Args)]
pub struct SyncArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints header, checks and counts of a file. Nothing is changed anywhere.
    Inspect {
        /// The file.
        file: PathBuf,
        /// With which public key it should have been signed; without, the signature is not checked.
        #[arg(long, allow_hyphen_values = true)]
        public_key: Option<String>,
        /// The database of a portal, for example sqlite://licentral.db: prints what the file would change there.
        #[arg(long)]
        database_url: Option<String>,
    },
    /// Writes a spoiled copy of a synchronization file.
    Spoil {
        /// A good one.
        file: PathBuf,
        /// In which way.
        #[arg(long = "as", value_parser = WAYS.iter().map(|(way, ..)| *way).collect::<Vec<_>>())]
        way: String,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
        /// The database of the On-Prem server, one of whose accounts signs the copy again where the way needs it.
        #[arg(long)]
        data: Option<String>,
        /// The file of the server's keys. Without it: the one beside the database.
        #[arg(long)]
        keys: Option<PathBuf>,
        /// Name or number of the account, when the server has several.
        #[arg(long)]
        account: Option<String>,
    },
}

/// Ways to spoil a file: the word, whether it is signed again, and with which code it is to be refused.
const WAYS: &[(&str, bool, &str)] = &[
    ("tampered", false, "sync.body-altered"),
    ("bad-signature", false, "sync.bad-signature"),
    ("truncated", false, "sync.truncated"),
    ("appended", false, "sync.body-altered"),
    ("future-version", false, "sync.unsupported-version"),
    ("not-a-sync-file", false, "sync.not-a-sync-file"),
    ("replayed", true, "sync.replayed"),
    ("reordered", true, "sync.bad-record"),
    ("repeated", true, "sync.bad-record"),
    ("unknown-field", true, "sync.bad-record"),
    ("wrong-account", true, "sync.wrong-device-manager"),
    ("wrong-device-manager", true, "sync.wrong-device-manager"),
    ("wrong-count", true, "sync.body-altered"),
    ("oversized", true, "sync.too-large"),
    ("bomb", true, "sync.too-large"),
];

/// Does what the command line says.
pub fn run(args: SyncArgs) -> Result<(), String> {
    match args.what {
        What::Inspect {
            file,
            public_key,
            database_url,
        } => {
            inspect(&file, public_key.as_deref())?;
            database_url.map_or(Ok(()), |url| difference(&file, &url))
        }
        What::Spoil {
            file,
            way,
            out,
            data,
            keys,
            account,
        } => {
            let key = data
                .map(|data| super::on_prem::key_of(&data, keys.as_deref(), account.as_deref()))
                .transpose()?;
            let read = std::fs::read(&file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
            let spoiled = spoil(&read, &way, key.as_ref())?;
            if out.exists() {
                return Err(format!("{} is there already", out.display()));
            }
            std::fs::write(&out, spoiled).map_err(|e| format!("{} cannot be written: {e}", out.display()))?;
            let code = WAYS
                .iter()
                .find(|(one, ..)| *one == way)
                .map_or("", |(.., code)| *code);
            super::say(&format!(
                "Written: {}. It is to be refused with {code}.",
                out.display()
            ))
        }
    }
}

fn inspect(path: &Path, key: Option<&str>) -> Result<(), String> {
    let open = || {
        let file = File::open(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        format::open(file).map_err(super::words)
    };
    let opened = open()?;
    let kind = opened.kind();
    super::say(&format!(
        "{}: a {kind}, version {}",
        path.display(),
        format::VERSION
    ))?;
    match kind {
        FileKind::Sync => with_body::<SyncHeader>(opened, key),
        FileKind::Response => with_body::<ResponseHeader>(opened, key),
        // These two bring their key.
        FileKind::Registration => {
            let own = opened
                .claimed::<RegistrationHeader>()
                .map_err(super::words)?
                .public_key;
            whole::<RegistrationHeader>(opened, Some(key.unwrap_or(&own))).map(drop)
        }
        FileKind::Authorization => {
            let own = opened
                .claimed::<AuthorizationHeader>()
                .map_err(super::words)?
                .public_key;
            whole::<AuthorizationHeader>(opened, Some(key.unwrap_or(&own))).map(drop)
        }
    }
}

/// Prints what a file would change in a portal, whose database is read and not changed.
fn difference(path: &Path, url: &str) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let db = super::current(url)?;
    let (manager, found) = crate::sync::look_now(&db, Clock::new().now(), &bytes).map_err(super::words)?;
    super::say(&format!(
        "What it would change at {manager}\n  product instances: {} appear, {} change, {} vanish, {} stay as they are",
        found.appeared, found.changed, found.vanished, found.unchanged
    ))?;
    for effect in found.effects() {
        super::say(&format!(
            "  {}: balance {} before, {} after{}",
            effect.name,
            effect.before,
            effect.after,
            if effect.is_short() {
                ", Insufficient Licenses"
            } else {
                ""
            }
        ))?;
    }
    Ok(())
}

type Opened = format::Opened<File>;

/// Prints the header, and says whether the file is whole and genuine.
fn whole<H: Header>(opened: Opened, key: Option<&str>) -> Result<format::Checked<H, File>, String> {
    let claimed: H = opened.claimed().map_err(super::words)?;
    let header = serde_json::to_value(&claimed).map_err(|e| e.to_string())?;
    super::say("Header")?;
    for (name, value) in header.as_object().into_iter().flatten() {
        super::say(&format!(
            "  {name}: {}",
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        ))?;
    }
    super::say("Checks")?;
    let verified = match key {
        Some(key) => opened.verify::<H>(key).map_err(super::words)?,
        None => opened.unproven::<H>().map_err(super::words)?,
    };
    super::say(&match key.and_then(signing::file_key_id) {
        Some(id) => format!("  signature: good, by the key {id}"),
        None => "  signature: not checked (say --public-key)".to_owned(),
    })?;
    let checked = verified.check(&Limits::default()).map_err(super::words)?;
    super::say(&format!(
        "  length and SHA-256: good\n  SHA-256 of the file: {}",
        checked.sha256
    ))?;
    Ok(checked)
}

fn with_body<H: HasBody>(opened: Opened, key: Option<&str>) -> Result<(), String> {
    let mut checked = whole::<H>(opened, key)?;
    let (mut places, mut devices, mut usages, mut licenses) = (0_u64, 0_u64, 0_u64, 0_u64);
    for record in checked.records().map_err(super::words)? {
        match record.map_err(super::words)? {
            Record::Place(_) => places += 1,
            Record::Device(one) => {
                devices += 1;
                usages += one.usage.len() as u64;
            }
            Record::License(_) => licenses += 1,
            Record::Acknowledged(said) => super::say(&format!(
                "  acknowledged: {} product instances, {} lines of usage",
                said.devices, said.usages
            ))?,
            Record::Policy(said) => super::say(&format!(
                "  policy: due after {} days, removed after {} days",
                said.due_days, said.overdue_removal_days
            ))?,
        }
    }
    super::say(&format!(
        "  records: good\nCounts\n  local Virtual Accounts: {places}\n  product instances: {devices}\n  lines of usage: {usages}\n  licenses: {licenses}"
    ))
}

/// A spoiled copy.
fn spoil(file: &[u8], way: &str, key: Option<&FileKey>) -> Result<Vec<u8>, String> {
    let mut parts = file.splitn(3, |b| *b == b'\n');
    let (Some(first), Some(signed), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("This is not a synchronization file.".to_owned());
    };
    if first != b"LICENTRAL SYNC 1" || body.is_empty() {
        return Err("Only a synchronization file of version 1 can be spoiled.".to_owned());
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
    let (_, signs, _) = WAYS
        .iter()
        .find(|(one, ..)| *one == way)
        .ok_or("There is no such way.")?;
    if !signs {
        return Ok(match way {
            "tampered" => join(first, signed, &flipped(body)),
            "bad-signature" => join(first, &flipped(signed), body),
            "truncated" => file
                .get(..file.len() - body.len() / 2 - 1)
                .unwrap_or_default()
                .to_vec(),
            "appended" => [file, b"more"].concat(),
            "future-version" => join(b"LICENTRAL SYNC 2", signed, body),
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
    match way {
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
    if way == "oversized" {
        set(&mut header, "records", json!(Limits::default().records + 1));
    }
    let signed = key
        .sign_file(FileKind::Sync.typ(), &header.to_string())
        .map_err(super::words)?;
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
        for (way, signs, code) in WAYS {
            let made = spoil(&file, way, Some(&key)).unwrap();
            assert_ne!(made, file, "{way}");
            assert_eq!(spoil(&file, way, None).is_err(), *signs, "{way}");
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
                Err(Error::Refused(refusal)) => assert_eq!(refusal.code, *code, "{way}"),
                // What only the cloud can tell, since it knows whom it has and what came before.
                Ok(3) => assert!(
                    ["sync.replayed", "sync.wrong-device-manager"].contains(code),
                    "{way}"
                ),
                other => panic!("{way}: {other:?}"),
            }
        }
    }
}
