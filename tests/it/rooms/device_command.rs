//! `licentral device`: the walk-through on the command line, and what it says when something is wrong.

use crate::support::both::{ADMIN, Both};
use crate::support::{Portal, program};
use std::path::{Path, PathBuf};

/// A device in a folder of its own.
struct Command {
    folder: PathBuf,
    portal: String,
}

impl Command {
    fn new(p: &Portal) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "licentral-device-{}",
            licentral::platform::token::random()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            portal: p.base.clone(),
        }
    }
    /// With what code it ended, and what it said.
    fn run(&self, words: &str) -> (i32, String) {
        let mut arguments = vec!["device"];
        if !self.portal.is_empty() {
            arguments.extend(["--portal", self.portal.as_str()]);
        }
        arguments.extend(words.split_whitespace());
        let done = program(&arguments, &self.folder).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        (
            done.status.code().unwrap(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }
    #[track_caller]
    fn says(&self, words: &str, code: i32, all: &[&str]) -> String {
        let (ended, said) = self.run(words);
        assert_eq!(ended, code, "{words}:\n{said}");
        for one in all {
            assert!(said.contains(one), "{words} does not say {one:?}:\n{said}");
        }
        said
    }
    fn state(&self) -> PathBuf {
        self.folder.join("licentral-device.json")
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn token_of(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_walk_through_on_the_command_line() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 1);
    let (_, text) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let token = token_of(&text);
    let device = Command::new(&p);
    device.says(
        "show license status",
        0,
        &["Smart Licensing is ENABLED", "Status: UNREGISTERED", "EVAL MODE"],
    );
    device.says(
        &format!("license smart register idtoken {token}"),
        0,
        &[
            "Registered:",
            "XYZ COMPANY",
            "DEFAULT",
            "AUTHORIZED. 2 licenses in use.",
        ],
    );
    for (key, _) in crate::support::ESSENTIALS {
        assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, key), (1, 1, 0));
    }
    device.says(
        "show license status",
        0,
        &[
            "Status: REGISTERED",
            "Smart Account: XYZ COMPANY",
            "Virtual Account: DEFAULT",
            "Export-Controlled Functionality: ALLOWED",
            "Initial Registration: SUCCEEDED on",
            "Status: AUTHORIZED on",
            "Next Renewal Attempt:",
            "Communication Deadline:",
        ],
    );
    device.says(
        "show license usage",
        0,
        &["C9200 Network Essentials, 48-port", "Count: 1", "IN COMPLIANCE"],
    );
    let all = device.says("show license all", 0, &["PID:C9200-48P-E", "License Usage"]);
    let state = std::fs::read_to_string(device.state()).unwrap();
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert!(!all.contains(state["registration"]["secret"].as_str().unwrap()));
    // Registered is registered; with force it begins anew and is the same product instance.
    device.says(
        &format!("license smart register idtoken {token}"),
        1,
        &["registered already"],
    );
    device.says(
        &format!("license smart register idtoken {token} force"),
        0,
        &["Registered:"],
    );
    assert_eq!(p.fingerprint().count("devices"), 1);
    // More than there is.
    device.says("use c9200-ne-48=3 c9200-dna-e-48", 0, &["OUT OF COMPLIANCE"]);
    device.says("show license summary", 0, &["OUT OF COMPLIANCE", "c9200-ne-48"]);
    device.says("use none", 0, &["No Licenses in Use"]);
    device.says(
        "use c9200-ne-48,c9200-dna-e-48",
        0,
        &["AUTHORIZED. 2 licenses in use."],
    );
    device.says("license smart renew auth", 0, &["AUTHORIZED"]);
    device.says("license smart renew id", 0, &["renewed"]);
    device.says(
        "show version",
        0,
        &["C9200 Series Switch", "System Serial Number"],
    );
    device.says("license smart deregister", 0, &["Deregistered"]);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48"), (1, 0, 1));
    device.says("show license status", 0, &["Status: UNREGISTERED", "EVAL MODE"]);
    device.says("license smart deregister", 1, &["not registered"]);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_lost() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let device = Command::new(&p);
    device.says("license smart register idtoken garbled", 3, &["tokens.garbled"]);
    device.says(
        "show license status",
        0,
        &["UNREGISTERED - REGISTRATION FAILED", "Failure reason:"],
    );
    device.says("license smart sing", 2, &[]);
    let far = Command {
        folder: device.folder.clone(),
        portal: "http://127.0.0.1:1".to_owned(),
    };
    far.says(
        &format!("license smart register idtoken {token}"),
        4,
        &["cannot be reached"],
    );
    let tls = Command {
        folder: device.folder.clone(),
        portal: "ftp://portal.example".to_owned(),
    };
    tls.says(
        &format!("license smart register idtoken {token}"),
        1,
        &["http:// or https://"],
    );
    std::mem::forget((far, tls));
    device.says(
        &format!("license smart register idtoken {token}"),
        0,
        &["Registered:"],
    );
    device.says("use no-such-license", 3, &["licenses.unknown"]);
    // Removed by somebody: it learns of it, and is what it was before.
    p.db.housekeeping_now(|tx| {
        use diesel::RunQueryDsl;
        use licentral::platform::db::Reads;
        use licentral::platform::db::schema::{device_usage, devices};
        diesel::delete(device_usage::table).execute(tx.conn())?;
        diesel::delete(devices::table).execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    device.says(
        "license smart renew auth",
        3,
        &["does not know this device any more"],
    );
    device.says("show license status", 0, &["UNREGISTERED"]);
    // A damaged file is told, and kept.
    let whole = std::fs::read(device.state()).unwrap();
    std::fs::write(device.state(), &whole[..whole.len() / 2]).unwrap();
    for words in [
        "show license status",
        "license smart deregister",
        "use none",
        "init",
    ] {
        device.says(words, 1, &["damaged"]);
    }
    assert_eq!(std::fs::read(device.state()).unwrap(), whole[..whole.len() / 2]);
    device.says("init --force --pid C9300-48P-E --hostname core-1", 0, &["core-1"]);
    device.says("init", 1, &["already"]);
    assert!(Path::new(&device.state()).exists());
}

#[test]
fn a_fleet_registers_and_reports() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, Some(40));
    let device = Command::new(&p);
    device.says(
        &format!("fleet --count 40 --concurrency 16 --token {token}"),
        0,
        &["Registered: 40", "Reported: 40", "40 out-of-compliance"],
    );
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, "c9200-ne-48"), (0, 40, -40));
    // The token is used up: whoever comes late is told.
    device.says(
        &format!("fleet --count 3 --seed 2 --token {token}"),
        3,
        &["3 not: tokens.exhausted"],
    );
    p.adds_up();
}

#[test]
fn licenses_are_reserved_for_a_device_that_never_calls() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 2);
    let device = Command::new(&p);
    device.says("license smart reservation install ABCDEF", 1, &["has not asked"]);
    let said = device.says(
        "license smart reservation request local",
        0,
        &["LC-ZC9200-48P-E:LAB"],
    );
    let request = said.lines().last().unwrap().to_owned();
    device.says("license smart reservation request local", 0, &[&request]);
    let mut ada = p.api("ada@xyz.example");
    let made = ada.post(
        &format!("/api/v1/accounts/{}/reservations", cast.xyz.number),
        &serde_json::json!({ "virtual_account": cast.xyz.default, "request_code": request,
            "licenses": [{ "entitlement": "c9200-ne-48", "quantity": 1 }, { "entitlement": "c9200-dna-e-48", "quantity": 1 }] }),
    );
    let made = made.expect(201).json();
    let code = made["authorization_code"].as_str().unwrap();
    device.says(
        "license smart reservation install ABCDEF",
        1,
        &["authorization code"],
    );
    device.says(
        &format!("license smart reservation install {code}"),
        0,
        &["AUTHORIZED - RESERVATION", "2 licenses reserved"],
    );
    // An update: the new code is confirmed, the old one is not taken any more.
    let path = format!(
        "/api/v1/accounts/{}/reservations/{}",
        cast.xyz.number,
        made["id"].as_str().unwrap()
    );
    let waits = ada.post(
        &format!("{path}/update"),
        &serde_json::json!({ "licenses": [{ "entitlement": "c9200-ne-48", "quantity": 2 }] }),
    );
    let waits = waits.expect(200).json();
    let first = code.to_owned();
    let code = waits["update"]["authorization_code"].as_str().unwrap();
    let said = device.says(
        &format!("license smart reservation install {code}"),
        0,
        &["1 license reserved", "confirmation code"],
    );
    device.says(
        &format!("license smart reservation install {first}"),
        1,
        &["older"],
    );
    let confirmation = said.lines().last().unwrap();
    ada.post(
        &format!("{path}/confirm"),
        &serde_json::json!({ "confirmation_code": confirmation }),
    )
    .expect(200);
    device.says(
        "show license status",
        0,
        &["SPECIFIC LICENSE RESERVATION", "AUTHORIZED - RESERVATION on"],
    );
    device.says("show license usage", 0, &["RESERVATION IN COMPLIANCE"]);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    device.says(
        &format!("license smart register idtoken {token}"),
        1,
        &["never calls"],
    );
    let said = device.says("license smart reservation return local", 0, &["return code"]);
    let proof = said.lines().last().unwrap().to_owned();
    // It can be shown again, and the device is what it was before.
    device.says("license smart reservation return local", 0, &[&proof]);
    device.says("show license status", 0, &["UNREGISTERED", &proof]);
    let path = format!(
        "/api/v1/accounts/{}/devices/{}/return-reservation",
        cast.xyz.number,
        made["device"].as_str().unwrap()
    );
    ada.post(&path, &serde_json::json!({ "return_code": proof }))
        .expect(204);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48"), (2, 0, 2));
    device.says(
        &format!("license smart register idtoken {token}"),
        0,
        &["AUTHORIZED"],
    );
    p.adds_up();
}

#[test]
fn the_address_of_the_portal_may_stand_anywhere_on_the_line() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let words = [
        "device", "license", "smart", "register", "idtoken", &token, "force",
    ];
    for at in 1..=words.len() {
        for arguments in [vec!["--portal", &p.base], vec![]] {
            let device = Command::new(&p);
            let joined = format!("--portal={}", p.base);
            let mut line = words.to_vec();
            let portal = if arguments.is_empty() {
                vec![joined.as_str()]
            } else {
                arguments
            };
            line.splice(at..at, portal);
            let done = program(&line, &device.folder).output().unwrap();
            let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            assert_eq!(done.status.code(), Some(0), "{line:?}: {said}");
        }
    }
    // Before the word "device" it is read as well.
    let device = Command::new(&p);
    let mut line = vec!["--portal", &p.base];
    line.extend(words);
    let done = program(&line, &device.folder).output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn a_device_registers_where_its_profile_of_call_home_says() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 1);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let mut device = Command::new(&p);
    device.portal.clear();
    device.says(
        "show call-home",
        0,
        &["HTTP address: http://127.0.0.1:8080", "smart-licensing-data"],
    );
    device.says(
        "call-home profile CiscoTAC-1 destination address telnet x",
        1,
        &["destination address http ADDRESS", "revocation-check none"],
    );
    let register = format!("license smart register idtoken {token}");
    device.says(
        "call-home profile CiscoTAC-1 no reporting smart-licensing-data",
        0,
        &[],
    );
    device.says(&register, 1, &["reports nothing"]);
    device.says(
        "call-home profile CiscoTAC-1 reporting smart-licensing-data",
        0,
        &[],
    );
    device.says(
        &format!("call-home profile CiscoTAC-1 destination address http {}", p.base),
        0,
        &[],
    );
    device.says("call-home no http secure server-identity-check", 0, &[]);
    device.says(
        "crypto pki trustpoint SLA-TrustPoint revocation-check none",
        0,
        &[],
    );
    device.says(
        "show call-home",
        0,
        &[
            &p.base,
            "server identity check: disabled",
            "revocation check none",
        ],
    );
    device.says(&register, 0, &["Registered:"]);
    // What is configured now holds for the next registration; this one goes on where it is.
    device.says(
        "call-home profile CiscoTAC-1 destination address http http://127.0.0.1:9",
        0,
        &[],
    );
    device.says("license smart renew auth", 0, &["AUTHORIZED"]);
    device.says("license smart deregister", 0, &[]);
    device.says(&register, 4, &["127.0.0.1:9"]);
}

#[test]
fn a_device_by_policy_reports_online_and_by_file() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    let device = Command::new(&p);
    let used = |key: &str| p.numbers(&cast.xyz, cast.corporate, key).1;
    device.says(
        "license smart sync all",
        1,
        &["license smart trust idtoken TOKEN all"],
    );
    device.says("license smart url smart no-address", 1, &[]);
    device.says(&format!("license smart url smart {}", p.base), 0, &[]);
    device.says(
        &format!("license smart trust idtoken {token} all"),
        0,
        &["Trust established", "XYZ COMPANY", "Corporate Network Devices"],
    );
    device.says(
        "license smart sync all",
        0,
        &["2 sent, 2 acknowledged", "The next report is due by"],
    );
    device.says(
        "show license usage",
        0,
        &[
            "Smart Licensing Using Policy",
            "Trust Code Installed",
            "Last ACK received",
            "Policy, subscription",
        ],
    );
    assert_eq!((used("c9200-ne-48"), used("c9200-dna-e-48")), (1, 1));
    // By file: nothing goes over the network.
    device.says("license smart transport off", 0, &[]);
    device.says("use c9200-ne-48=3", 0, &[]);
    device.says("license smart sync all", 1, &["The transport is off"]);
    device.says(
        "license smart save usage all file usage.txt",
        0,
        &["2 usage reports are in"],
    );
    assert_eq!((used("c9200-ne-48"), used("c9200-dna-e-48")), (1, 1));
    let file = std::fs::read(device.folder.join("usage.txt")).unwrap();
    let mut api = p.api("ada@xyz.example");
    let files = format!("/api/v1/accounts/{}/usage-files", cast.xyz.number);
    let kind = [("content-type", "application/octet-stream")];
    let path = format!("{files}?va={}&name=usage.txt", cast.corporate);
    let made = api.send("POST", &path, &kind, Some(&file));
    made.expect(201);
    assert_eq!(made.json()["file"]["taken"], 2, "{}", made.body);
    assert_eq!((used("c9200-ne-48"), used("c9200-dna-e-48")), (3, 0));
    let id = made.json()["file"]["id"].as_str().unwrap().to_owned();
    let text = api.send("POST", &format!("{files}/{id}/acknowledgement"), &[], None);
    text.expect(200);
    let import = |text: &str, code: i32, says: &str| {
        std::fs::write(device.folder.join("ack.txt"), text).unwrap();
        device.says("license smart import ack.txt", code, &[says]);
    };
    import(
        &text.body.replace("FOC", "FOD").replace("LAB", "LAC"),
        1,
        "no acknowledgement for this device",
    );
    import(&text.body, 0, "2 usage reports are acknowledged");
    import(&text.body, 0, "0 usage reports are acknowledged");
    device.says(
        "show license all",
        0,
        &["Transport: OFF", "Reports that wait for an ACK: 0"],
    );
    // An enforced license, with a code that is carried by hand.
    p.licenses(&cast.xyz, cast.corporate, "HSEC-C8300", 1);
    let asked = device.says("license smart authorization request local", 0, &["LC-Z"]);
    let body = serde_json::json!({ "virtual_account": cast.corporate, "request_code": asked.lines().last().unwrap(),
        "licenses": [{ "entitlement": "hsec-k9", "quantity": 1 }] });
    let made = api.post(
        &format!("/api/v1/accounts/{}/license-authorizations", cast.xyz.number),
        &body,
    );
    made.expect(201);
    let code = made.json()["authorization_code"].as_str().unwrap().to_owned();
    device.says(
        &format!("license smart authorization install {code}"),
        0,
        &["hsec-k9=1"],
    );
    device.says(
        &format!("license smart authorization install {code}"),
        1,
        &["has an authorization code"],
    );
    device.says(
        "show license authorization",
        0,
        &["SMART AUTHORIZATION INSTALLED"],
    );
    let proof = device.says("license smart authorization return local", 0, &["return code"]);
    device.says(
        &format!("license smart authorization install {code}"),
        1,
        &["was returned"],
    );
    let back = format!(
        "/api/v1/accounts/{}/devices/{}/return-authorization",
        cast.xyz.number,
        made.json()["device"].as_str().unwrap()
    );
    api.post(
        &back,
        &serde_json::json!({ "return_code": proof.lines().last().unwrap() }),
    )
    .expect(204);
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, "hsec-k9"), (1, 0, 1));
    device.says(
        &format!("license smart register idtoken {token}"),
        3,
        &["devices.already-registered"],
    );
}

#[test]
fn a_device_by_policy_asks_for_its_authorization_code_over_the_network() {
    const ASK: &str = "license smart authorization request add hsec-k9 local";
    const BACK: &str = "license smart authorization return local online";
    // Of the cloud, at once.
    let both = Both::start();
    let (cloud, xyz) = (&both.cloud, &both.cast.xyz);
    cloud.licenses(xyz, xyz.default, "HSEC-C8300", 1);
    let device = Command::new(cloud);
    let (_, bare) = cloud.registration_token_with(xyz, xyz.default, None, false);
    let (_, token) = cloud.registration_token(xyz, xyz.default, None);
    device.says(ASK, 1, &["does not trust the device yet"]);
    device.says(
        "license smart authorization request add local",
        1,
        &["request add ENTITLEMENT"],
    );
    device.says(&format!("license smart trust idtoken {bare} local"), 0, &[]);
    device.says(ASK, 3, &["devices.export-controlled"]);
    device.says(
        &format!("license smart trust idtoken {token} local force"),
        0,
        &[],
    );
    device.says(
        "license smart authorization request add hsec-k9=2 local",
        3,
        &["licenses.not-enough"],
    );
    device.says(ASK, 0, &["Authorized: hsec-k9=1"]);
    device.says(ASK, 1, &["has an authorization code"]);
    assert_eq!(
        cloud.stock_named(xyz, "DEFAULT", "hsec-k9").unwrap().1,
        [1, 0, 1, 0]
    );
    device.says(BACK, 0, &["Its licenses came back"]);
    device.says(BACK, 0, &["Its licenses came back"]);
    assert_eq!(
        cloud.stock_named(xyz, "DEFAULT", "hsec-k9").unwrap().1,
        [1, 0, 0, 1]
    );

    // Through an On-Prem server, after its synchronization.
    cloud.licenses(xyz, both.place, "HSEC-C8300", 1);
    let device = Command::new(&both.server);
    let (_, token) = both.server.registration_token(&both.local(), both.default, None);
    device.says("license smart transport cslu", 0, &[]);
    device.says(&format!("license smart trust idtoken {token} local"), 0, &[]);
    device.says(ASK, 0, &["waits for the synchronization"]);
    both.sync(ADMIN).expect(303);
    device.says(ASK, 0, &["Authorized: hsec-k9=1"]);
    device.says(
        "show license authorization",
        0,
        &["SMART AUTHORIZATION INSTALLED"],
    );
    device.says(BACK, 0, &["The return waits for the synchronization"]);
    both.sync(ADMIN).expect(303);
    device.says(BACK, 0, &["Its licenses came back"]);
    assert_eq!(
        cloud.stock_named(xyz, "Local", "hsec-k9").unwrap().1,
        [1, 0, 0, 1]
    );
}
