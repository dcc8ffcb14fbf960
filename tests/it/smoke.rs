//! The kit itself.

use crate::support::{Cast, Database, Portal, licentral, postgres};

#[test]
fn a_portal_starts_with_the_cast_and_answers() {
    let (p, cast) = Portal::with_cast();
    let mut nobody = p.browser();
    nobody.get("/livez").expect(200);
    nobody.get("/readyz").expect(200);
    nobody.open("/no-such-page").expect(404);
    for (_, email) in Cast::EVERYONE {
        let before = p.fingerprint();
        p.sign_in(email).get("/livez").expect(200);
        let after = p.fingerprint();
        assert_ne!(before, after, "a session is a row");
        assert_eq!(before.count("sessions") + 1, after.count("sessions"));
    }
    p.api("ada@xyz.example").get("/livez").expect(200);
    assert!(cast.xyz.number > 0);
    assert_eq!(p.events_of("virtual-account.created").len(), 2);
    p.run_jobs();
}

#[test]
fn each_test_has_a_database_of_its_own() {
    let (one, two) = (Portal::start(), Portal::start());
    one.person("ada@xyz.example", "Ada");
    two.person("ada@xyz.example", "Ada");
    assert_ne!(one.database_url(), two.database_url());
}

#[test]
fn a_database_in_use_is_copied_whole_and_for_its_owner_alone() {
    let (p, _) = Portal::with_cast();
    let url = p.database_url().to_owned();
    let folder = Database::empty();
    let copy = folder.folder.join("copy.db");
    let (ok, words) = licentral(&["backup", "copy.db", "--database-url", &url], &folder.folder);
    assert!(ok, "{words}");
    // A copy of PostgreSQL is a file of pg_dump: `backup` restores it and looks into it.
    if postgres().is_none() {
        let copied = format!("sqlite://{}", copy.display());
        let (ok, words) = licentral(&["check", "--database-url", &copied], &folder.folder);
        assert!(ok, "{words}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // What is there already is not written over.
    let (ok, words) = licentral(&["backup", "copy.db", "--database-url", &url], &folder.folder);
    assert!(!ok, "{words}");
}
