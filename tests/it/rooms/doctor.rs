//! `licentral doctor` and `licentral manual`: what an installation needs, and the papers of the package.

use crate::support::{Database, licentral};
use chrono::{Datelike, TimeDelta};
use licentral::kernel::Clock;
use licentral::platform::db::migrate;
use licentral::platform::tls::pem;
use std::path::Path;

/// What the doctor found, by what it looked at: how it stands, and all that is said of it.
fn looked(arguments: &[&str], folder: &Path) -> (bool, Vec<(String, String, String)>) {
    let (ok, text) = licentral(&[&["doctor", "--json"], arguments].concat(), folder);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(report["ok"], ok);
    let words = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .map(|one| {
            let says = format!("{} {}", words(&one["found"]), words(&one["mend"]));
            (words(&one["looked_at"]), words(&one["standing"]), says)
        })
        .collect();
    (ok, found)
}

#[track_caller]
fn says(found: &[(String, String, String)], what: &str, standing: &str, words: &str) {
    let some = found
        .iter()
        .find(|(at, stands, says)| at == what && stands == standing && says.contains(words));
    assert!(
        some.is_some(),
        "{what} is not {standing} with {words:?}: {found:#?}"
    );
}

/// A certificate that ends after so many days, and its key.
fn certificate(folder: &Path, days: i64) -> (String, String) {
    let now = Clock::new().system_time().utc();
    let day = |n: i64| {
        let at = now + TimeDelta::days(n);
        rcgen::date_time_ymd(
            at.year(),
            u8::try_from(at.month()).unwrap(),
            u8::try_from(at.day()).unwrap(),
        )
    };
    let mut params = rcgen::CertificateParams::new(vec!["licenses.example".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    (params.not_before, params.not_after) = (day(-2), day(days));
    let key = rcgen::KeyPair::generate().unwrap();
    let files = [
        folder.join(format!("{days}.pem")),
        folder.join(format!("{days}.key")),
    ];
    std::fs::write(&files[0], pem(params.self_signed(&key).unwrap().der())).unwrap();
    let key = data_encoding::BASE64.encode(&key.serialize_der());
    let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    std::fs::write(&files[1], key).unwrap();
    let [certificate, key] = files.map(|file| file.to_string_lossy().into_owned());
    (certificate, key)
}

#[test]
fn a_lab_needs_nothing_and_a_doctor_leaves_nothing_behind() {
    let database = Database::empty();
    let folder = database.folder.join("lab");
    std::fs::create_dir(&folder).unwrap();
    let (ok, found) = looked(&["--listen", "127.0.0.1:0"], &folder);
    assert!(ok, "{found:#?}");
    for what in [
        "configuration",
        "key file",
        "database",
        "mail",
        "clock",
        "TLS",
        "disk",
        "open files",
        "address",
    ] {
        assert!(
            found.iter().any(|(at, ..)| at == what),
            "{what} is missing: {found:#?}"
        );
    }
    says(&found, "database", "ok", "a lab makes it");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let (ok, text) = licentral(&["doctor", "--listen", "127.0.0.1:0"], &folder);
    assert!(ok && text.contains("Nothing is wrong."), "{text}");
}

#[test]
fn what_is_wrong_in_production_is_told_with_what_to_mend() {
    let database = Database::empty();
    let folder = &database.folder;
    let (ok, found) = looked(
        &[
            "--mode",
            "production",
            "--database-url",
            "sqlite://gone.db",
            "--key-file",
            "gone.key",
            "--listen",
            "127.0.0.1:0",
        ],
        folder,
    );
    assert!(!ok);
    says(&found, "configuration", "wrong", "LICENTRAL_SMTP_URL is missing");
    says(&found, "key file", "wrong", "licentral make-key gone.key");
    says(&found, "database", "wrong", "licentral migrate");
    says(&found, "mail", "note", "configuration");

    // Everything is there, and each thing is a little wrong.
    assert!(licentral(&["make-key", "portal.key"], folder).0);
    std::fs::set_permissions(
        folder.join("portal.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o640),
    )
    .unwrap();
    let (soon, soon_key) = certificate(folder, 9);
    let (later, _) = certificate(folder, 300);
    let (over, over_key) = certificate(folder, -1);
    let look = |certificate: &str, key: &str| {
        let all = [
            "--mode",
            "production",
            "--base-url",
            "https://licenses.example",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &database.url,
            "--key-file",
            "portal.key",
            "--smtp-url",
            "smtp://127.0.0.1:9",
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
        ];
        looked(&all, folder).1
    };
    let found = look(&soon, &soon_key);
    says(&found, "key file", "wrong", "chmod 600 portal.key");
    says(&found, "database", "wrong", "licentral migrate");
    says(&found, "mail", "wrong", "127.0.0.1:9 does not take letters");
    says(&found, "TLS", "note", "ends in 8 days");
    migrate::run(&database.url).unwrap();
    let found = look(&later, &soon_key);
    says(&found, "database", "ok", "is this program's");
    says(&found, "letters", "ok", "0 were given up");
    says(&found, "clock", "ok", "UTC");
    says(&found, "TLS", "wrong", "does not belong to the certificate");
    says(&look(&over, &over_key), "TLS", "wrong", "has expired");
}

#[test]
fn a_doctor_sends_a_letter_where_it_is_said_to_whom() {
    let database = Database::empty();
    let folder = &database.folder;
    std::fs::create_dir(folder.join("letters")).unwrap();
    let all = [
        "--listen",
        "127.0.0.1:0",
        "--smtp-url",
        "file:letters",
        "--send-to",
        "ada@xyz.example",
    ];
    let (ok, found) = looked(&all, folder);
    assert!(ok, "{found:#?}");
    says(&found, "mail", "ok", "a letter to ada@xyz.example");
    let letter = std::fs::read_dir(folder.join("letters"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let text = std::fs::read_to_string(letter.path()).unwrap();
    assert!(
        text.contains("To: ada@xyz.example") && text.contains("licentral doctor"),
        "{text}"
    );
    let (ok, found) = looked(
        &[
            "--listen",
            "127.0.0.1:0",
            "--smtp-url",
            "file:letters",
            "--send-to",
            "nobody",
        ],
        folder,
    );
    assert!(!ok);
    says(&found, "mail", "wrong", "--send-to");
}

#[test]
fn each_command_has_a_manual_page_and_shells_complete_it() {
    let database = Database::empty();
    let (ok, text) = licentral(&["manual", "papers"], &database.folder);
    assert!(ok, "{text}");
    let read = |name: &str| std::fs::read_to_string(database.folder.join("papers").join(name)).unwrap();
    for page in [
        "licentral",
        "licentral-doctor",
        "licentral-device",
        "licentral-on-prem-sync",
    ] {
        assert!(read(&format!("man1/{page}.1")).contains(".SH NAME"), "{page}");
    }
    assert!(read("man1/licentral-serve.1").contains("LICENTRAL_BASE_URL"));
    for file in ["licentral.bash", "_licentral", "licentral.fish"] {
        let text = read(&format!("completions/{file}"));
        assert!(text.contains("doctor"), "{file}");
    }
}
