//! The rehearsal of the worst day: a copy is made while people work, and put back elsewhere.

use crate::kill::{form_token, make_client};
use crate::support::{Browser, Database, PASSWORD, Portal, Process, licentral, postgres};
use licentral::authn::second_factor::{self, RecoveryCodes};
use licentral::authn::{api_client, totp};
use licentral::kernel::{Clock, EmailAddress, Secret};
use licentral::platform::db::Db;
use licentral::platform::signing::Signing;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ADA: &str = "ada@xyz.example";
const WRITERS: &[&str] = &["bob@xyz.example", "cy@xyz.example", "pat@bramwell.example"];

#[track_caller]
fn refused(arguments: &[&str], folder: &Path, words: &str) {
    let (ok, said) = licentral(arguments, folder);
    assert!(!ok && said.contains(words), "{words:?} is not said: {said}");
}

#[track_caller]
fn done(arguments: &[&str], folder: &Path) -> String {
    let (ok, said) = licentral(arguments, folder);
    assert!(ok, "{arguments:?}: {said}");
    said
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A portal that was used, with a second factor of Ada's, left.
fn used() -> (Database, Secret) {
    let p = Portal::start();
    p.add_cast();
    let (secret, codes) = (totp::make(), RecoveryCodes::make());
    let (person, wall) = (p.find_person(ADA).id, p.clock.wall());
    let signing = p.parts.signing.clone();
    p.db.housekeeping_now(|tx| second_factor::set(tx, &signing, wall, person, &secret, 0, &codes))
        .unwrap();
    (p.leave(), secret)
}

#[test]
fn what_was_acknowledged_before_a_backup_under_load_is_there_after_it_was_put_back() {
    let p = Portal::start();
    p.add_cast();
    let (secret, codes) = (totp::make(), RecoveryCodes::make());
    let (ada, wall, signing) = (p.find_person(ADA).id, p.clock.wall(), p.parts.signing.clone());
    p.db.housekeeping_now(|tx| second_factor::set(tx, &signing, wall, ada, &secret, 0, &codes))
        .unwrap();
    let people: Vec<_> = WRITERS
        .iter()
        .map(|email| (*email, p.find_person(email).id, p.sign_in(email).cookies))
        .collect();
    let database = p.leave();
    let mut process = Process::start(&database, "empty");
    let (acknowledged, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let (backup, folder) = (database.folder.join("backup"), database.folder.as_path());
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        for (email, _, cookies) in &people {
            let (acknowledged, is_over, base) = (&acknowledged, &is_over, process.base.clone());
            scope.spawn(move || {
                let mut browser = Browser::at(&base);
                browser.cookies = cookies.clone();
                let csrf = form_token(&mut browser).unwrap();
                for number in 0.. {
                    let name = format!("script {number}");
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    if make_client(&mut browser, &csrf, &name) == Some(true) {
                        acknowledged.lock().unwrap().push((*email, name));
                    }
                }
            });
        }
        let begun = Instant::now();
        while acknowledged.lock().unwrap().len() < 20 && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(10));
        }
        before.clone_from(&acknowledged.lock().unwrap());
        let to = backup.to_string_lossy();
        let said = done(
            &["backup", &to, "--with-key", "--database-url", &database.url],
            folder,
        );
        assert!(said.contains("Whoever has this folder has everything"), "{said}");
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(
        before.len() >= 20,
        "nothing was written meanwhile: this proves nothing"
    );
    process.kill();
    assert_eq!(mode(&backup), 0o700);
    for entry in std::fs::read_dir(&backup).unwrap().flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{entry:?}");
    }

    let elsewhere = Database::empty();
    let from = backup.to_string_lossy();
    done(
        &["restore", &from, "--database-url", &elsewhere.url],
        &elsewhere.folder,
    );
    assert_eq!(mode(&elsewhere.folder.join("licentral.key")), 0o600);
    done(&["check", "--database-url", &elsewhere.url], &elsewhere.folder);
    let db = Db::open(&elsewhere.url).unwrap();
    for (email, person, _) in &people {
        let clients = db.read_now(|r| api_client::list(r, *person)).unwrap();
        for (_, name) in before.iter().filter(|(whose, _)| whose == email) {
            assert_eq!(
                clients.iter().filter(|one| one.name == *name).count(),
                1,
                "{name} of {email}"
            );
        }
    }

    // Sessions go on, and the second factor is asked for and taken.
    let again = Process::start(&elsewhere, "empty");
    let mut browser = Browser::at(&again.base);
    browser.cookies = people[0].2.clone();
    browser.open("/profile").expect(200);
    let mut ada = Browser::at(&again.base);
    ada.open("/login").expect(200);
    ada.fill_and_send("form[action='/login']", &[("email", ADA), ("password", PASSWORD)])
        .expect(200)
        .shows("Enter a code");
    let code = totp::shown(&secret, Clock::new().wall()).unwrap();
    ada.fill_and_send("form[action='/login/code']", &[("code", &code)])
        .expect(303);
    println!(
        "{} writes were acknowledged before the backup began, and are there",
        before.len()
    );
}

#[test]
fn a_backup_is_put_back_with_its_own_key_alone_and_over_nothing() {
    let (database, secret) = used();
    let folder = database.folder.as_path();
    // A portal in production or a lab notes which key file goes with its database.
    Process::start(&database, "empty").kill();
    let file = folder.join("copy");
    let to = file.to_string_lossy();
    let from = ["--database-url", database.url.as_str()];
    let said = done(&[&["backup", &to], &from[..]].concat(), folder);
    assert!(said.contains("Keep the key file licentral.key with it"), "{said}");
    assert_eq!(mode(&file), 0o600);
    refused(
        &[&["backup", &to], &from[..]].concat(),
        folder,
        "nothing is written over",
    );
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("unfinished"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    refused(
        &[&["restore", &to], &from[..]].concat(),
        folder,
        "nothing is written over",
    );

    let elsewhere = Database::empty();
    let at = elsewhere.folder.as_path();
    let restore = ["restore", &to, "--database-url", &elsewhere.url];
    refused(
        &restore,
        at,
        "The backup holds no key file, and licentral.key is not there",
    );
    done(&["make-key", "licentral.key"], at);
    refused(&restore, at, "The key file does not fit the database");
    let other = Signing::open(&at.join("licentral.key"), false, "").unwrap();
    std::fs::remove_file(at.join("licentral.key")).unwrap();
    std::fs::copy(folder.join("licentral.key"), at.join("licentral.key")).unwrap();
    let own = Signing::open(&at.join("licentral.key"), false, "").unwrap();
    done(&restore, at);
    refused(&restore, at, "nothing is written over");
    done(&["check", "--database-url", &elsewhere.url], at);

    // What was locked is read with the key, and not without.
    let db = Db::open(&elsewhere.url).unwrap();
    let wall = Clock::new().wall();
    let code = totp::shown(&secret, wall).unwrap();
    let email = EmailAddress::parse(ADA).unwrap();
    let person = db
        .read_now(|r| licentral::authn::people::by_email(r, &email))
        .unwrap()
        .unwrap()
        .id;
    let taken =
        |signing: &Signing| db.housekeeping_now(|tx| second_factor::take(tx, signing, wall, person, &code));
    assert!(taken(&other).is_err());
    assert!(taken(&own).unwrap().is_some());
}

#[test]
fn a_backup_that_is_damaged_newer_or_of_another_kind_is_not_put_back() {
    let (database, _) = used();
    let folder = database.folder.as_path();
    let whole = folder.join("whole");
    let to = whole.to_string_lossy();
    done(
        &["backup", &to, "--with-key", "--database-url", &database.url],
        folder,
    );
    let elsewhere = Database::empty();
    let at = elsewhere.folder.as_path();
    let other_kind = if postgres().is_some() {
        "sqlite://new.db"
    } else {
        "postgres://nobody@127.0.0.1:1/none"
    };
    refused(
        &["restore", &to, "--database-url", other_kind],
        at,
        "another kind of database",
    );
    let restore = ["restore", &to, "--database-url", &elsewhere.url];
    std::fs::write(at.join("licentral.key"), "another").unwrap();
    refused(&restore, at, "damaged");
    std::fs::remove_file(at.join("licentral.key")).unwrap();
    // One bit of the database is another.
    let name = if postgres().is_some() {
        "licentral.dump"
    } else {
        "licentral.db"
    };
    let good = std::fs::read(whole.join(name)).unwrap();
    let mut bad = good.clone();
    let last = bad.len() / 2;
    bad[last] ^= 1;
    std::fs::write(whole.join(name), bad).unwrap();
    refused(&restore, at, "is not what was written");
    std::fs::write(whole.join(name), good).unwrap();
    assert!(
        !at.join("licentral.key").exists(),
        "the key file came without its database"
    );
    std::fs::write(at.join("text"), "not a database, but long enough").unwrap();
    refused(
        &["restore", "text", "--database-url", &elsewhere.url],
        at,
        "is no backup",
    );
    done(&restore, at);

    // One of a program that is to come.
    let db = Db::open(&elsewhere.url).unwrap();
    db.housekeeping_now(|tx| {
        use diesel::RunQueryDsl;
        use licentral::platform::db::Reads;
        diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')")
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    done(&["backup", "newer", "--database-url", &elsewhere.url], at);
    let third = Database::empty();
    let newer = at.join("newer");
    let newer = newer.to_string_lossy();
    std::fs::copy(at.join("licentral.key"), third.folder.join("licentral.key")).unwrap();
    refused(
        &["restore", &newer, "--database-url", &third.url],
        &third.folder,
        "does not know the steps 29991231000000",
    );
    drop(db);
}

#[test]
fn an_on_prem_server_is_backed_up_and_put_back_as_one() {
    let database = Database::fresh();
    done(&["make-key", "licentral.key"], &database.folder);
    Process::start_on_prem(&database).kill();
    let place = ["--on-prem", "--key-file", "./licentral.key", "--database-url"];
    let folder = database.folder.join("server");
    let to = folder.to_string_lossy();
    done(
        &[
            &["backup", &to, "--with-key"],
            &place[..],
            &[database.url.as_str()],
        ]
        .concat(),
        &database.folder,
    );
    let elsewhere = Database::empty();
    done(
        &[&["restore", &to], &place[..], &[elsewhere.url.as_str()]].concat(),
        &elsewhere.folder,
    );
    Process::start_on_prem(&elsewhere).kill();
}

#[test]
fn without_a_pg_dump_that_is_new_enough_it_is_said_what_to_install() {
    if postgres().is_none() {
        return;
    }
    let database = Database::fresh();
    let folder = database.folder.as_path();
    let backup = |program: &str| {
        licentral(
            &[
                "backup",
                "copy",
                "--pg-dump",
                program,
                "--database-url",
                &database.url,
            ],
            folder,
        )
    };
    let (ok, said) = backup("./nowhere/pg_dump");
    assert!(
        !ok && said.contains("Install them (Debian: postgresql-client"),
        "{said}"
    );
    let old = folder.join("pg_dump");
    std::fs::write(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n").unwrap();
    std::fs::set_permissions(&old, PermissionsExt::from_mode(0o755)).unwrap();
    let (ok, said) = backup("./pg_dump");
    assert!(!ok && said.contains("an older one cannot copy"), "{said}");
    // One that writes half and fails leaves nothing behind.
    std::fs::write(
        &old,
        "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.0'; exit; }\necho half > copy.half; echo no >&2; exit 1\n",
    )
    .unwrap();
    let (ok, said) = backup("./pg_dump");
    assert!(!ok && said.contains("pg_dump ended with"), "{said}");
    assert!(!folder.join("copy").exists());
}
