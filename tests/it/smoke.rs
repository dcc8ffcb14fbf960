//! The kit itself.

use crate::support::{Cast, Portal};

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
