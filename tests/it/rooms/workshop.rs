//! The workshop of synchronization files: what is told of a good file, and that each bad one is refused as it says.

use crate::support::both::Both;
use crate::support::{Api, Page, Portal};
use licentral::kernel::Who;
use licentral::local_accounts;
use licentral::sync::workshop::WAYS;

const OLGA: &str = "olga@licensing.example";

fn send(olga: &mut Api, path: &str, file: &[u8]) -> Page {
    olga.send(
        "POST",
        &format!("/api/v1/simulator/sync-files/{path}"),
        &[("content-type", "application/octet-stream")],
        Some(file),
    )
}

#[test]
fn a_good_file_is_told_and_changes_nothing() {
    let (p, cast) = Portal::with_cast();
    let mut server = p.on_prem(&cast.xyz, "ada@xyz.example", "Plant", "Local");
    let file = server.file(p.clock.now(), &[("FOC1", "Lab", &[("c9200-ne-48", 2)])]);
    let mut olga = p.api(OLGA);
    let mut watch = p.watch();
    let told = send(&mut olga, "inspect", &file).expect(200).json();
    assert_eq!(told["counts"]["devices"], 1);
    assert_eq!(told["difference"]["appeared"], 1);
    assert_eq!(told["difference"]["device_manager"], "Plant");
    assert!(told["code"].is_null());
    assert!(
        told["records"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one.as_str().unwrap().contains("FOC1"))
    );
    assert!(told["checks"][0].as_str().unwrap().starts_with("signature: good"));
    watch.assert_same("a look into a file");
    // Of no file at all, and of a file of nobody here.
    let nothing = send(&mut olga, "inspect", b"PK\x03\x04").expect(409).json();
    assert_eq!(nothing["code"], "sync.not-a-sync-file");
    // Each way without a signature; those with one need the server.
    for way in WAYS {
        let made = send(&mut olga, &format!("spoil?way={}", way.word), &file);
        if way.signs {
            assert_eq!(made.expect(409).json()["code"], "lab.no-key-to-sign");
            continue;
        }
        let bytes = made.expect(200).bytes.clone();
        // What is no file of a synchronization at all is refused by the operation itself.
        let told = send(&mut olga, "inspect", &bytes).json();
        assert_eq!(told["code"], way.code, "{}", way.word);
    }
    send(&mut olga, "spoil?way=none", &file).expect(400);
    send(&mut p.api("ada@xyz.example"), "inspect", &file).expect(403);
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/sync-files")
        .expect(200)
        .shows("bad-signature");
    page.fill_and_submit("Look into it", &[])
        .expect(422)
        .shows("Choose a file");
}

#[test]
fn what_is_signed_again_is_signed_by_the_server_of_the_lab() {
    let both = Both::start();
    assert!(both.cloud.parts.beside.set(both.server.parts.clone()).is_ok());
    let (db, signing, at) = (
        both.server.db.clone(),
        both.server.parts.signing.clone(),
        both.server.clock.now(),
    );
    let key = db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let made = local_accounts::generate(
        &db,
        &Who::portal("tests"),
        (at, both.server.clock.wall()),
        both.account,
        &key,
    )
    .unwrap();
    let mut olga = both.cloud.api(OLGA);
    let told = send(&mut olga, "inspect", &made.bytes).expect(200).json();
    assert!(told["code"].is_null(), "{told}");
    // A file without product instances: those ways that need none.
    for way in WAYS
        .iter()
        .filter(|way| way.signs && !["reordered", "repeated", "replayed"].contains(&way.word))
    {
        let spoiled = send(&mut olga, &format!("spoil?way={}", way.word), &made.bytes)
            .expect(200)
            .bytes
            .clone();
        let told = send(&mut olga, "inspect", &spoiled).expect(200).json();
        assert_eq!(told["code"], way.code, "{}", way.word);
        assert!(told["difference"].is_null());
    }
}
