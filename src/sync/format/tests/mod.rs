mod carried;
mod records;

use super::write::hex;
use super::*;
use crate::catalog::Billing;
use crate::error::Error;
use crate::kernel::Moment;
use crate::kernel::ids::DeviceManagerId;
use crate::platform::signing::FileKey;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Write};

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
        by_policy: false,
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
        by_policy: 0,
        reports: 0,
        authorizations: 0,
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
    // The first line is not signed: it cannot make another version of a file.
    assert_eq!(
        code(read(&as_kind("LICENTRAL SYNC 2\n"), &ours)),
        "sync.bad-signature"
    );
    for version in ["3", "10", "4294967295"] {
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
            let mut header = header(&Counts { places: 2, devices: 2, usages: 2, by_policy: 0, reports: 0, authorizations: 0, packed: Packed {
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
