//! What becomes of files on their way.

use super::*;

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
