//! The power cut: the process is killed while people work; what was acknowledged is there afterwards.

use crate::support::{Browser, Portal, Process, licentral};
use licentral::authn::api_client;
use licentral::platform::db::Db;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

const WRITERS: &[&str] = &[
    "ada@xyz.example",
    "bob@xyz.example",
    "cy@xyz.example",
    "pat@bramwell.example",
];

fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    std::env::var("LICENTRAL_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3)
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let p = Portal::start();
    p.add_cast();
    let people: BTreeMap<&str, _> = WRITERS
        .iter()
        .map(|email| (*email, (p.find_person(email).id, p.sign_in(email).cookies)))
        .collect();
    let database = p.leave();
    let acknowledged: Mutex<Vec<(&str, String)>> = Mutex::default();
    let (mut kept, mut asked) = (0, 0);
    for round in 0..rounds() {
        let mut process = Process::start(&database, "empty");
        std::thread::scope(|scope| {
            for email in WRITERS {
                let (base, cookies) = (process.base.clone(), people[email].1.clone());
                let acknowledged = &acknowledged;
                scope.spawn(move || {
                    let mut browser = Browser::at(&base);
                    browser.cookies = cookies;
                    let Some(csrf) = form_token(&mut browser) else {
                        return;
                    };
                    for number in 0.. {
                        let name = format!("script {round}-{number}");
                        match make_client(&mut browser, &csrf, &name) {
                            Some(true) => acknowledged.lock().unwrap().push((*email, name)),
                            Some(false) => {}
                            None => return,
                        }
                    }
                });
            }
            // Somewhere between "nothing done yet" and "well under way".
            let wait = 50 + (round * 97) % 500;
            std::thread::sleep(Duration::from_millis(u64::try_from(wait).unwrap()));
            process.kill();
        });
        // A start after a kill is a start like any other.
        let mut again = Process::start(&database, "empty");
        Browser::at(&again.base).open("/readyz").expect(200);
        again.kill();
        let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
        assert!(ok, "round {round}: {words}");
        let db = Db::open(&database.url).unwrap();
        let acknowledged = acknowledged.lock().unwrap();
        asked = acknowledged.len();
        kept = 0;
        for (email, (person, _)) in &people {
            let there: Vec<String> = db
                .read_now(|r| api_client::list(r, *person))
                .unwrap()
                .into_iter()
                .map(|c| c.name)
                .collect();
            for (_, name) in acknowledged.iter().filter(|(whose, _)| whose == email) {
                let times = there.iter().filter(|n| *n == name).count();
                assert_eq!(
                    times, 1,
                    "round {round}: {name} of {email} was acknowledged and is there {times} times"
                );
                kept += 1;
            }
        }
    }
    assert_eq!(kept, asked);
    assert!(
        asked > 0,
        "nothing was acknowledged before the first kill: the test proves nothing"
    );
    println!("{asked} acknowledged writes, {} kills, none lost", rounds());
}

/// The token of one's forms. None when the portal is gone.
fn form_token(browser: &mut Browser) -> Option<String> {
    let page = browser.try_send("GET", "/profile/api/new", &[], None).ok()?;
    page.attrs("dialog input[name=csrf]", "value").pop()
}

/// Makes an API client through its form, which is opened once for many: the load is to be writes. None when the
/// portal is gone.
fn make_client(browser: &mut Browser, csrf: &str, name: &str) -> Option<bool> {
    let base = browser.base().to_owned();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf", csrf)
        .append_pair("once", name)
        .append_pair("name", name)
        .append_pair("scope", "read")
        .finish();
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("origin", base.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let page = browser
        .try_send("POST", "/profile/api/new", &headers, Some(body.as_bytes()))
        .ok()?;
    assert!(
        page.status < 400 || page.status == 503,
        "{}: {}",
        page.status,
        page.text_of_main()
    );
    Some(page.status < 400)
}
