//! A rolling upgrade: the program before and this one serve one PostgreSQL database, first two of the one, then one of
//! each, then two of the other, while people read and write.
//!
//! `LICENTRAL_BEFORE` names the program before, built from an earlier commit; without it this program stands for both,
//! and what is tried is that processes come and go. That a schema step since the last release only adds is a law of its
//! own (`laws::expanding`).

use crate::kill::{form_token, make_client};
use crate::support::{Browser, Database, Process, as_many_as, licentral, postgres};
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const WRITERS: &[&str] = &["ada@xyz.example", "bob@xyz.example", "pat@bramwell.example"];

/// What people see and get meanwhile.
#[derive(Default)]
struct Watched {
    /// Address of the person and name of the API client, for each that was acknowledged.
    made: Mutex<Vec<(&'static str, String)>>,
    pages: AtomicUsize,
    /// Pages that a process which served could not give.
    failed: Mutex<Vec<String>>,
    is_over: AtomicBool,
    /// Where the portal answers: a proxy in front would send people there.
    ways: Mutex<Vec<String>>,
}

impl Watched {
    fn way(&self, n: usize) -> String {
        let ways = self.ways.lock().unwrap();
        ways[n % ways.len()].clone()
    }

    fn is_served(&self, base: &str) -> bool {
        self.ways.lock().unwrap().iter().any(|way| way == base)
    }
}

fn before() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "names the program to compare with")]
    std::env::var_os("LICENTRAL_BEFORE").map_or_else(|| env!("CARGO_BIN_EXE_licentral").into(), PathBuf::from)
}

#[test]
fn a_rolling_upgrade_loses_nothing() {
    if postgres().is_none() {
        return;
    }
    let (database, before) = (Database::empty(), before());
    let mut old: Vec<Process> = Vec::new();
    for _ in 0..2 {
        old.push(Process::start_another(&before, &database, "demo"));
    }
    let cookies: BTreeMap<&str, BTreeMap<String, String>> = WRITERS
        .iter()
        .map(|email| (*email, signed_in(&old[0].base, email)))
        .collect();
    let watched = Watched {
        ways: Mutex::new(old.iter().map(|process| process.base.clone()).collect()),
        ..Watched::default()
    };
    let pause = Duration::from_millis(u64::try_from(as_many_as("LICENTRAL_ROLLING_MS", 1_000)).unwrap());
    let mut new = Vec::new();
    std::thread::scope(|scope| {
        for email in WRITERS {
            scope.spawn(|| write(&watched, email, &cookies[email]));
            scope.spawn(|| read(&watched, &cookies[email]));
        }
        std::thread::sleep(pause);
        for mut leaving in old {
            let coming = Process::start(&database, "demo");
            watched.ways.lock().unwrap().push(coming.base.clone());
            std::thread::sleep(pause);
            // The proxy is told first, as rolling restarts do.
            watched.ways.lock().unwrap().retain(|way| *way != leaving.base);
            std::thread::sleep(pause / 4);
            assert!(leaving.end(), "the program before did not end well");
            std::thread::sleep(pause);
            new.push(coming);
        }
        watched.is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(*watched.failed.lock().unwrap(), Vec::<String>::new());
    let made = watched.made.lock().unwrap();
    let pages = watched.pages.load(Ordering::Relaxed);
    assert!(
        !made.is_empty() && pages > 0,
        "nothing was asked meanwhile: the test proves nothing"
    );
    for (email, name) in made.iter() {
        assert_eq!(
            clients(&database.url, email, name),
            1,
            "{name} of {email} was acknowledged"
        );
    }
    let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
    assert!(ok, "{words}");
    println!("{} acknowledged writes and {pages} pages, none lost", made.len());
}

fn signed_in(base: &str, email: &str) -> BTreeMap<String, String> {
    let mut browser = Browser::at(base);
    browser.open("/login").expect(200);
    browser
        .fill_and_send(
            "form[action='/login']",
            &[("email", email), ("password", "licentral-demo")],
        )
        .expect(303);
    browser.cookies
}

fn write(watched: &Watched, email: &'static str, cookies: &BTreeMap<String, String>) {
    for n in 0.. {
        if watched.is_over.load(Ordering::Relaxed) {
            return;
        }
        let mut browser = Browser::at(&watched.way(n));
        browser.cookies = cookies.clone();
        let Some(csrf) = form_token(&mut browser) else {
            continue;
        };
        let name = format!("rolling {n}");
        if make_client(&mut browser, &csrf, &name) == Some(true) {
            match browser.page().status {
                200 => watched.made.lock().unwrap().push((email, name)),
                status => {
                    let to = browser.page().location().unwrap_or_default();
                    watched
                        .failed
                        .lock()
                        .unwrap()
                        .push(format!("a client of {email}: {status} {to}"));
                }
            }
        }
    }
}

fn read(watched: &Watched, cookies: &BTreeMap<String, String>) {
    const PATHS: &[&str] = &["/select", "/access", "/profile", "/profile/api"];
    for n in 0.. {
        if watched.is_over.load(Ordering::Relaxed) {
            return;
        }
        let base = watched.way(n);
        let mut browser = Browser::at(&base);
        browser.cookies = cookies.clone();
        let path = PATHS[n % PATHS.len()];
        match browser.try_send("GET", path, &[], None) {
            Ok(page) if page.status < 400 => {
                watched.pages.fetch_add(1, Ordering::Relaxed);
            }
            // A process that left between the choice and the request is the proxy's to try elsewhere.
            Err(_) if !watched.is_served(&base) => {}
            Ok(page) => watched
                .failed
                .lock()
                .unwrap()
                .push(format!("{path}: {}", page.status)),
            Err(error) => watched.failed.lock().unwrap().push(format!("{path}: {error}")),
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn clients(url: &str, email: &str, name: &str) -> i64 {
    diesel::sql_query(
        "SELECT COUNT(*) AS count FROM api_clients c JOIN people p ON p.id = c.person_id WHERE p.email = $1 AND c.name = $2",
    )
    .bind::<diesel::sql_types::Text, _>(email)
    .bind::<diesel::sql_types::Text, _>(name)
    .get_result::<Count>(&mut PgConnection::establish(url).unwrap())
    .unwrap()
    .count
}
