//! `licentral on-prem`: a thin caller of the On-Prem portal, and what it takes over of the command before.

use crate::support::{Cast, Database, Portal, licentral, unpacked};
use diesel::prelude::*;
use licentral::kernel::Edition;
use licentral::platform::db::schema::sync_responses;
use licentral::platform::db::{Reads, migrate};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const ADA: &str = "ada@xyz.example";

/// A folder of its own, in which the command works on a database of its own.
struct Here {
    database: Database,
}

impl Here {
    fn new() -> Self {
        Self {
            database: Database::fresh(),
        }
    }
    fn folder(&self) -> &Path {
        &self.database.folder
    }
    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
    fn does(&self, words: &[&str]) -> (bool, String) {
        let keys = self.file("licentral.key");
        if !keys.exists() {
            assert!(licentral(&["make-key", &keys.to_string_lossy()], self.folder()).0);
        }
        let keys = keys.to_string_lossy();
        let line = [&["on-prem", "--data", &self.database.url, "--keys", &keys], words].concat();
        licentral(&line, self.folder())
    }
    fn done(&self, words: &[&str]) -> String {
        let (good, says) = self.does(words);
        assert!(good, "{words:?}: {says}");
        says
    }
    /// What it refuses with.
    fn refused(&self, words: &[&str], why: &str) {
        let (good, says) = self.does(words);
        assert!(!good && says.contains(why), "{words:?}: {says}");
    }
    fn adds_up(&self) {
        let (good, says) = licentral(&["check", "--database-url", &self.database.url], self.folder());
        assert!(good, "{says}");
    }
    /// Requests the account Plant.
    fn request(&self) -> String {
        self.done(&[
            "account",
            "new",
            "--name",
            "Plant",
            "--smart-account",
            "XYZ COMPANY",
            "--virtual-account",
            "Plant VA",
            "--email",
            "plant@xyz.example",
        ])
    }
    /// Uploads a synchronization file as Ada, submits it, and brings the response here.
    fn carry(&self, cloud: &Portal, manager: &str, file: &str, response: &str) {
        let base = format!("/api/v1/accounts/100001/device-managers/{manager}");
        let bytes = std::fs::read(self.file(file)).unwrap();
        let reply = cloud.api(ADA).send(
            "POST",
            &format!("{base}/sync-files"),
            &[("content-type", "application/octet-stream")],
            Some(&bytes),
        );
        assert_eq!(reply.status, 201, "{}", reply.body);
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        cloud
            .api(ADA)
            .post(&format!("{base}/sync-files/{id}/submit"), &json!({}))
            .expect(200);
        let text: String = cloud
            .db
            .read_now(|r| {
                Ok(sync_responses::table
                    .order(sync_responses::sequence.desc())
                    .select(sync_responses::content)
                    .first(r.conn())?)
            })
            .unwrap();
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
        std::fs::write(self.file(response), bytes).unwrap();
    }
}

fn managers(cloud: &Portal, cast: &Cast) -> Value {
    cloud
        .api(ADA)
        .get(&format!("/api/v1/accounts/{}/device-managers", cast.xyz.number))
        .json()
}

#[test]
fn an_account_is_requested_registered_used_and_ended_by_command() {
    let (cloud, cast) = Portal::with_cast();
    let here = Here::new();
    assert!(here.done(&["status"]).contains("account new"));
    here.refused(&["sync", "now"], "There is no On-Prem account here yet");
    assert!(here.request().contains("Pending"));
    here.refused(
        &["virtual-account", "add", "Hall"],
        "(on-prem.account-not-active)",
    );
    // By file.
    here.done(&["register", "--out", "plant.registration"]);
    here.refused(&["register", "--out", "plant.registration"], "cannot be written");
    let text = std::fs::read_to_string(here.file("plant.registration")).unwrap();
    let body = json!({ "name": "Plant", "virtual_account": "Plant VA", "registration": text });
    let reply = cloud.api(ADA).post(
        &format!("/api/v1/accounts/{}/device-managers", cast.xyz.number),
        &body,
    );
    let reply = reply.expect(201).json();
    std::fs::write(
        here.file("plant.authorization"),
        reply["authorization"].as_str().unwrap(),
    )
    .unwrap();
    here.refused(&["authorize", "plant.registration"], "sync.");
    assert!(
        here.done(&["authorize", "plant.authorization", "--cloud", &cloud.base])
            .contains("DEFAULT is bound to the Virtual Account Plant VA")
    );
    // Inside, with the rules of the portal.
    here.done(&["virtual-account", "add", "Hall", "--description", "The hall"]);
    here.refused(
        &["virtual-account", "add", "hall"],
        "A local Virtual Account with the name hall",
    );
    assert!(here.done(&["virtual-account", "list"]).contains("Hall  The hall"));
    here.refused(&["device", "add", "--serial", "FOC1"], "device token");
    here.refused(&["device", "use", "FOC1", "none"], "licentral device use");
    here.done(&["sync", "now"]);
    assert!(
        here.done(&["sync", "now"])
            .contains("the response to file 2 was applied")
    );
    here.refused(
        &["transfer", "--license", "x", "--from", "DEFAULT", "--to", "Hall"],
        "has nothing of this license",
    );
    assert_eq!(managers(&cloud, &cast)["items"][0]["sequence"], 2);
    // What the schedule says is done when it is time.
    here.refused(
        &[
            "sync",
            "schedule",
            "--start",
            "soon",
            "--frequency",
            "daily",
            "--time",
            "02:00",
        ],
        "Enter a date",
    );
    here.done(&[
        "sync",
        "schedule",
        "--start",
        "2026-01-01",
        "--frequency",
        "daily",
        "--time",
        "02:00",
    ]);
    assert!(
        here.done(&["status"])
            .contains("Daily at 02:00 UTC from 2026-01-01")
    );
    assert!(here.done(&["sync", "run-due"]).contains("Nothing is due"));
    here.done(&["sync", "schedule", "--off"]);
    // The end.
    here.refused(&["account", "delete"], "Deactivate it first");
    here.done(&["account", "deactivate", "--reason", "Closed"]);
    here.refused(
        &["virtual-account", "add", "Late"],
        "(on-prem.account-not-active)",
    );
    here.adds_up();
    here.done(&["account", "delete"]);
    here.adds_up();
    // The portal tells of it, by whom.
    let p = Portal::start_on(here.database, |config| config.edition = Edition::OnPrem);
    let kinds: Vec<String> = p
        .events()
        .into_iter()
        .inspect(|event| assert_eq!(event.actor, "Licentral (command)", "{}", event.message))
        .map(|event| event.kind)
        .collect();
    for kind in [
        "local-account.requested",
        "local-account.registered",
        "local-sync.applied",
        "local-sync.schedule",
        "local-account.deactivated",
        "local-account.deleted",
    ] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn what_cannot_be_opened_is_said() {
    let here = Here::new();
    let (good, says) = licentral(&["on-prem", "status"], here.folder());
    assert!(!good && says.contains("There is no On-Prem server"), "{says}");
    assert!(
        !here.file("licentral-on-prem.db").exists(),
        "looking makes nothing"
    );
    let cloud = Database::before_in_sqlite("cloud");
    let (good, says) = licentral(&["on-prem", "--data", &cloud.url, "status"], here.folder());
    assert!(!good && says.contains("written by an older program"), "{says}");
    migrate::run(&cloud.url).unwrap();
    let (good, says) = licentral(&["on-prem", "--data", &cloud.url, "status"], here.folder());
    assert!(!good && says.contains("is the database of Licentral."), "{says}");
}

/// The old file, with its key, in this folder.
fn old_file(folder: &Path) -> String {
    let old = folder.join("plant.db");
    std::fs::write(&old, unpacked("plant.db.gz")).unwrap();
    let key = crate::support::repository().join("tests/fixtures/before/plant.db.key");
    std::fs::copy(key, folder.join("plant.db.key")).unwrap();
    old.to_string_lossy().into_owned()
}

#[test]
fn an_old_file_is_taken_over_and_the_next_synchronization_goes_on() {
    let here = Here::new();
    let old = old_file(here.folder());
    let adopt = ["adopt", &old, "--email", "plant@xyz.example"];
    let says = here.done(&adopt);
    assert!(
        says.contains("2 local Virtual Accounts and 3 product instances") && says.contains("XYZ COMPANY"),
        "{says}"
    );
    here.adds_up();
    let says = here.done(&["status"]);
    for line in [
        "State:                Active",
        "Sync Status:          Synchronization Successful",
        "Last file:            2",
        "Last response:        2",
        "Product Instances:    3",
    ] {
        assert!(says.contains(line), "{line}: {says}");
    }
    // What the program before printed.
    let says = here.done(&["licenses"]);
    for (place, license, numbers) in [
        ("DEFAULT", "air-dna-e", [1, 0, 1]),
        ("DEFAULT", "c9200-dna-e-48", [1, 1, 0]),
        ("DEFAULT", "c9200-ne-48", [0, 1, -1]),
        ("Assembly Hall", "air-dna-e", [4, 2, 2]),
        ("Assembly Hall", "c9200-dna-e-48", [0, 1, -1]),
        ("Assembly Hall", "c9200-ne-48", [1, 1, 0]),
    ] {
        let line = says
            .lines()
            .find(|line| line.starts_with(place) && line.contains(&format!(" {license} ")))
            .unwrap_or_else(|| panic!("{place} {license}: {says}"));
        let found: Vec<i64> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        assert_eq!(found, numbers, "{line}");
    }
    assert!(
        here.done(&["device", "list"])
            .contains("FOC3  plant-3  Assembly Hall  air-dna-e=2")
    );
    here.refused(&adopt, "on-prem.adopted");

    // The cloud of that time goes on with it: the same device manager, the next number.
    let database = Database::before_in_sqlite("cloud");
    migrate::run(&database.url).unwrap();
    let cloud = Portal::start_on(database, |_| {});
    let manager = here
        .done(&["status"])
        .lines()
        .find_map(|line| {
            line.strip_prefix("Device manager:")
                .map(|id| id.trim().to_owned())
        })
        .unwrap();
    here.done(&["sync", "generate", "--out", "three.sync"]);
    here.carry(&cloud, &manager, "three.sync", "three.response");
    let says = here.done(&["sync", "apply", "three.response"]);
    assert!(
        says.contains("the response to file 3 was applied, with 3 lines"),
        "{says}"
    );
    let shown = cloud
        .api(ADA)
        .get(&format!("/api/v1/accounts/100001/device-managers/{manager}"))
        .json();
    assert_eq!(
        (&shown["sequence"], &shown["product_instances"]),
        (&json!(3), &json!(3))
    );
    // Still as it was shared out.
    assert!(
        here.done(&["licenses"])
            .contains("Assembly Hall    air-dna-e               4")
    );
    here.adds_up();
    cloud.adds_up();
    // And it ends as any other.
    assert!(
        here.done(&["device", "remove", "--all"])
            .contains("3 product instances")
    );
    here.refused(
        &["account", "deactivate", "--reason", "Moved"],
        "on-prem.not-synchronized",
    );
}

#[test]
fn what_is_no_old_file_is_not_taken_over() {
    let here = Here::new();
    let old = old_file(here.folder());
    let why = |file: &str, why: &str| here.refused(&["adopt", file, "--email", "plant@xyz.example"], why);
    why("nowhere.db", "cannot be read");
    std::fs::write(here.file("text.db"), "this is no database, but long enough").unwrap();
    why("text.db", "is no file of the command");
    let cloud = Database::before_in_sqlite("cloud");
    why(
        cloud.url.trim_start_matches("sqlite://"),
        "there is no account in it",
    );
    let new = Database::sqlite();
    why(
        new.url.trim_start_matches("sqlite://"),
        "is no file of the command",
    );
    here.refused(&["adopt", &old, "--email", "nobody"], "address");
    std::fs::rename(here.file("plant.db.key"), here.file("elsewhere")).unwrap();
    why(&old, "its key is missing");
    assert!(
        here.done(&["status"]).contains("no On-Prem account here yet"),
        "nothing was left behind"
    );
    // Its own tables go with the steps of the schema, so an old file is never brought up to date.
    let error = migrate::run(&format!("sqlite://{old}")).unwrap_err().to_string();
    assert!(error.contains("licentral on-prem adopt"), "{error}");
    std::fs::rename(here.file("elsewhere"), here.file("plant.db.key")).unwrap();
    here.done(&["adopt", &old, "--email", "plant@xyz.example"]);
}
