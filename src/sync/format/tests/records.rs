//! Which records a file may have, and in what order.

use super::*;

fn by_policy(serial: &str) -> Record {
    let Record::Device(mut one) = device(serial, &[]) else {
        unreachable!()
    };
    one.by_policy = true;
    Record::Device(one)
}
fn report(payload: &str) -> Record {
    Record::Report(Report {
        payload: payload.to_owned(),
        signing_type: "licentral-ed25519".to_owned(),
        key: "k".to_owned(),
        value: "v".to_owned(),
        acknowledged: false,
    })
}

#[test]
fn usage_reports_make_a_file_of_version_2_and_nothing_else_does() {
    let key = key();
    assert!(file(&records(), &key).starts_with(b"LICENTRAL SYNC 1\n"));
    let mut all = records();
    all.extend([by_policy("A3"), report("a"), report("b")]);
    let second = file(&all, &key);
    assert!(second.starts_with(b"LICENTRAL SYNC 2\n"));
    let (_, found) = read(&second, &key).unwrap();
    assert_eq!(found, all);
    // One by policy that has reported nothing is enough.
    let mut silent = records();
    silent.push(by_policy("A3"));
    assert!(file(&silent, &key).starts_with(b"LICENTRAL SYNC 2\n"));
    // A file of the second version that calls itself one of the first is refused.
    let older = [b"LICENTRAL SYNC 1\n", &second["LICENTRAL SYNC 2\n".len()..]].concat();
    assert_eq!(code(read(&older, &key)), "sync.bad-signature");
    // What the header does not count is not in it.
    let mut writer = Writer::new(FileKind::Sync, Vec::new());
    for record in &all {
        writer.record(record).unwrap();
    }
    assert!(
        writer.record(&device("A4", &[])).is_err(),
        "product instances come first"
    );
    let (body, counts) = writer.finish().unwrap();
    for reports in [None, Some(1), Some(3)] {
        let mut header = header(&counts);
        assert_eq!(header.reports, Some(2));
        header.reports = reports;
        let mut out = Vec::new();
        write_file(&mut out, &header, &key, &mut body.as_slice()).unwrap();
        assert_eq!(code(read(&out, &key)), "sync.body-altered", "{reports:?}");
    }
    let Record::Device(mut using) = by_policy("A5") else {
        unreachable!()
    };
    using.usage.push(("c9200-ne-48".to_owned(), 1));
    let mut writer = Writer::new(FileKind::Sync, Vec::new());
    writer.record(&place("DEFAULT")).unwrap();
    assert!(
        writer.record(&Record::Device(using)).is_err(),
        "its reports say what it uses"
    );
}

/// Each of these is refused as a record; what it is stands beside it.
fn refused(lines: &str, what: &str) {
    let key = key();
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
}
fn line(record: &Record) -> String {
    serde_json::to_string(record).unwrap() + "\n"
}
fn text(list: &[Record]) -> String {
    list.iter().map(line).collect()
}

#[test]
fn records_out_of_order_or_twice_are_refused() {
    let (key, base) = (key(), place("DEFAULT"));
    let (a, b) = (device("A1", &[("x", 1)]), device("B1", &[]));
    assert!(read(&file(&[base.clone(), a.clone(), b.clone()], &key), &key).is_ok());
    refused(&text(&[base.clone(), a.clone(), a.clone()]), "a device twice");
    refused(
        &text(&[base.clone(), device("a1", &[]), a.clone()]),
        "the same in other letters",
    );
    refused(
        &text(&[base.clone(), b.clone(), a.clone()]),
        "devices out of order",
    );
    refused(&text(&[base.clone(), base.clone()]), "a place twice");
    refused(&text(&[a.clone(), base.clone()]), "a device before its place");
    refused(
        &text(&[base.clone(), a.clone(), place("Z")]),
        "a place after a device",
    );
}

#[test]
fn records_that_say_what_cannot_be_are_refused() {
    let base = place("DEFAULT");
    refused(
        &text(&[base.clone(), device("A1", &[("x", 1), ("x", 1)])]),
        "usage twice",
    );
    refused(
        &text(&[base.clone(), device("A1", &[("y", 1), ("x", 1)])]),
        "usage out of order",
    );
    refused(&text(&[base.clone(), device("A1", &[("x", 0)])]), "nothing used");
    refused(
        &text(&[base.clone(), device("A1", &[("x", -5)])]),
        "less than nothing used",
    );
    refused(
        &text(&[base.clone(), device("A1", &[("x", i64::MAX)])]),
        "too much used",
    );
    refused(&text(&[base.clone(), device("", &[])]), "no serial");
    refused(&text(&[base.clone(), device("A 1", &[])]), "a space in a serial");
    refused(&text(&[place("a\u{202e}b")]), "a name that turns");
    refused(&text(&[place("")]), "no name");
    refused(
        &text(&[Record::Acknowledged(Acknowledged {
            devices: 0,
            usages: 0,
        })]),
        "a record of a response",
    );
}

#[test]
fn lines_that_are_no_records_are_refused() {
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
        refused(lines, lines);
    }
    refused(
        &format!("{}{}\n", line(&place("DEFAULT")), "[".repeat(60_000)),
        "deep nesting",
    );
    refused(
        &format!(
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
        reports: None,
        authorizations: None,
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
