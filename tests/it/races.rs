//! Many at once: nothing is lost, nothing happens twice.

use crate::support::{Browser, Cast, Database, Portal, Process, as_many_as, postgres, refused, sum_of};
use chrono::TimeDelta;
use licentral::kernel::ids::{PersonId, VirtualAccountId};
use licentral::kernel::{EmailAddress, Event, Kind, Name, Who};
use licentral::platform::db::{Db, Once, OnceKey};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn event() -> Event {
    Event::new(Kind::Exported, "race", "Something was done.")
}

#[test]
fn eight_threads_count_to_two_hundred() {
    let p = Portal::start();
    let (at, who) = (p.clock.now(), Who::portal("race"));
    let next = |db: &Db| {
        db.write_now(|tx| {
            let number = tx.next_number("race", 1)?;
            tx.record(at, &who, &event(), number)
        })
    };
    let numbers: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..25).map(|_| patiently(|| next(&p.db))).collect::<Vec<i64>>()))
            .collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    let different: BTreeSet<i64> = numbers.iter().copied().collect();
    assert_eq!(different.len(), 200, "a number was handed out twice");
    assert_eq!(different.last(), Some(&200), "a number was left out");
    assert_eq!(p.events_of("export").len(), 200, "one record for each");
}

/// Where so many meet on one row, "try again later" is an answer, and trying again is right.
fn patiently<T>(f: impl Fn() -> licentral::error::Result<T>) -> T {
    for _ in 0..20 {
        match f() {
            Ok(value) => return value,
            Err(error) if error.wants_another_try() => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("twenty answers of \"try again later\"")
}

#[test]
fn two_first_uses_of_a_once_key_make_one_thing() {
    let p = Portal::start();
    let (at, who) = (p.clock.now(), Who::portal("race"));
    let key = OnceKey {
        owner: "somebody".to_owned(),
        token: "the same".to_owned(),
        hash: "what was asked".to_owned(),
    };
    let made: Vec<(bool, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (db, key, who) = (&p.db, &key, &who);
                scope.spawn(move || {
                    let id = PersonId::new();
                    let email = EmailAddress::parse(&format!("p{number}@xyz.example")).unwrap();
                    let name = Name::parse("Somebody", "name").unwrap();
                    patiently(|| {
                        db.write_now(|tx| match tx.once(Some(key))? {
                            Once::Again(made) => Ok(tx.unchanged((false, made))),
                            Once::First => {
                                licentral::authn::people::add(tx, at, id, &email, &name, None, 0)?;
                                tx.made(at, Some(key), id.as_str())?;
                                tx.record(at, who, &event(), (true, id.to_string()))
                            }
                        })
                    })
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|(first, _)| *first).count(), 1, "{made:?}");
    let things: BTreeSet<&String> = made.iter().map(|(_, id)| id).collect();
    assert_eq!(things.len(), 1, "two answers for one thing: {made:?}");
    assert_eq!(p.fingerprint().count("people"), 1);
}

/// Where writers are not one at a time, two look, find nothing and put the same thing in. Which of them comes second is
/// chance, so here it is made up.
#[test]
fn whoever_comes_second_to_a_unique_index_runs_again() {
    use diesel::RunQueryDsl;
    use licentral::platform::db::Reads;
    let p = Portal::start();
    let (at, who) = (p.clock.now(), Who::portal("race"));
    let tries = std::cell::Cell::new(0);
    let put_in = |violated: u32| {
        tries.set(0);
        p.db.write_now(|tx| {
            tries.set(tries.get() + 1);
            let rows = if tries.get() <= violated { 2 } else { 1 };
            for _ in 0..rows {
                diesel::sql_query("INSERT INTO counters (name, value) VALUES ('race', 1)")
                    .execute(tx.conn())?;
            }
            tx.record(at, &who, &event(), ())
        })
    };
    let mistaken = put_in(u32::MAX);
    assert!(
        matches!(mistaken, Err(licentral::error::Error::Internal(_))),
        "what never succeeds is our fault, and not that of the hour: {mistaken:?}"
    );
    put_in(1).unwrap();
    assert_eq!(tries.get(), 2);
    assert_eq!(p.fingerprint().count("counters"), 1);
    assert_eq!(
        p.events_of("export").len(),
        1,
        "what was taken back is not recorded"
    );
}

#[test]
fn a_once_key_with_another_request_is_a_mistake() {
    let p = Portal::start();
    let (at, who) = (p.clock.now(), Who::portal("race"));
    let key = |hash: &str| OnceKey {
        owner: "somebody".to_owned(),
        token: "the same".to_owned(),
        hash: hash.to_owned(),
    };
    p.db.write_now(|tx| {
        tx.made(at, Some(&key("one")), "x")?;
        tx.record(at, &who, &event(), ())
    })
    .unwrap();
    let other = p.db.write_now(|tx| {
        tx.once(Some(&key("two")))?;
        Ok(tx.unchanged(()))
    });
    assert!(matches!(other, Err(licentral::error::Error::Invalid(_))));
}

#[test]
fn nothing_is_kept_of_a_write_without_a_record() {
    let p = Portal::start();
    let at = p.clock.now();
    let before = p.fingerprint();
    let email = EmailAddress::parse("ada@xyz.example").unwrap();
    let name = Name::parse("Ada", "name").unwrap();
    p.db.write_now(|tx| {
        licentral::authn::people::add(tx, at, PersonId::new(), &email, &name, None, 0)?;
        Ok(tx.unchanged(()))
    })
    .unwrap();
    let failed: licentral::error::Result<()> = p.db.write_now(|tx| {
        licentral::authn::people::add(tx, at, PersonId::new(), &email, &name, None, 0)?;
        tx.note(at, &Who::portal("race"), &event())?;
        Err(licentral::error::Error::Stale)
    });
    assert!(failed.is_err());
    before.assert_same(&p.fingerprint(), "a write that was taken back");
}

/// The record takes additions alone, whoever asks the database.
#[test]
fn the_record_cannot_be_changed() {
    use diesel::RunQueryDsl;
    use licentral::platform::db::Reads;
    let p = Portal::start();
    let (at, who) = (p.clock.now(), Who::portal("race"));
    p.db.write_now(|tx| tx.record(at, &who, &event(), ())).unwrap();
    for statement in ["DELETE FROM events", "UPDATE events SET message = 'nothing'"] {
        let done =
            p.db.housekeeping_now(|tx| Ok(diesel::sql_query(statement).execute(tx.conn())?));
        assert!(done.is_err(), "{statement} was carried out");
    }
    assert_eq!(p.events().len(), 1);
}

#[test]
fn two_processes_on_one_database_are_one_portal() {
    if postgres().is_none() {
        return;
    }
    let p = Portal::start();
    p.add_cast();
    let cookies = p.sign_in("ada@xyz.example").cookies;
    let database: Database = p.leave();
    let (one, two) = (
        Process::start(&database, "empty"),
        Process::start(&database, "empty"),
    );
    // A session works in both, and ends in both.
    for process in [&one, &two] {
        let mut ada = Browser::at(&process.base);
        ada.cookies = cookies.clone();
        ada.open("/profile").expect(200);
    }
    let mut ada = Browser::at(&one.base);
    ada.cookies = cookies.clone();
    ada.open("/profile");
    ada.fill_and_send("Sign out", &[]).expect(303);
    let mut there = Browser::at(&two.base);
    there.cookies = cookies;
    there.open("/profile").expect(303);
    // The clock that one moves, the other follows.
    let db = Db::open(&database.url).unwrap();
    let clock = licentral::kernel::Clock::new();
    let setting = serde_json::to_string(&clock.advanced(TimeDelta::days(400))).unwrap();
    db.housekeeping_now(|tx| {
        licentral::platform::settings::set(tx, licentral::platform::settings::CLOCK, &setting)
    })
    .unwrap();
    let year = clock
        .now()
        .plus(TimeDelta::days(400))
        .utc()
        .format("%Y")
        .to_string();
    for process in [&one, &two] {
        let begun = Instant::now();
        loop {
            let mut nobody = Browser::at(&process.base);
            if nobody.open("/login").body.contains(&year) {
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "a process does not follow the clock"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Two administrators remove each other at the same moment: one of them is told no, and one remains.
#[test]
fn of_two_administrators_who_remove_each_other_one_remains() {
    use licentral::authz::Role;
    for round in 0..6 {
        let (p, cast) = Portal::with_cast();
        p.role("cy@xyz.example", &cast.xyz, None, Role::AccountAdmin);
        let users = format!("/api/v1/accounts/{}/users", cast.xyz.number);
        let (ada, cy) = (
            p.find_person("ada@xyz.example").id,
            p.find_person("cy@xyz.example").id,
        );
        let mut apis = [p.api("ada@xyz.example"), p.api("cy@xyz.example")];
        let barrier = std::sync::Barrier::new(2);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = apis
                .iter_mut()
                .zip([cy, ada])
                .map(|(api, other)| {
                    let (users, barrier) = (&users, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        for _ in 0..20 {
                            // Half of the rounds demote instead: the same rule by another road.
                            let status = if round % 2 == 0 {
                                api.delete(&format!("{users}/{other}")).status
                            } else {
                                let viewer = serde_json::json!({ "role": "account-viewer" });
                                api.post(&format!("{users}/{other}/roles"), &viewer).status
                            };
                            if status != 503 {
                                return status;
                            }
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        503
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let done = statuses.iter().filter(|s| matches!(s, 200 | 204)).count();
        // The other is told that they are the last (409), or has no right any more (403, 404).
        assert_eq!(done, 1, "round {round}: {statuses:?}");
        let left =
            p.db.read_now(|r| licentral::authz::grants::administrators(r, &[cast.xyz.id]))
                .unwrap();
        assert_eq!(left.len(), 1, "round {round}: nobody is left");
        assert_eq!(left[0].1.len(), 1, "round {round}");
    }
}

/// Thirty-two presses of "Assign" on one order, to different places: one wins, the others are told by whom and
/// where to.
#[test]
fn of_thirty_two_who_assign_one_order_one_wins() {
    use serde_json::json;
    let (p, cast) = Portal::with_cast();
    let people = ["ada@xyz.example", "cy@xyz.example", "pat@bramwell.example"];
    let apis: Vec<_> = people.iter().map(|email| p.api(email)).collect();
    for round in 0..as_many_as("LICENTRAL_RACES", 3) {
        let identifier = format!("RACE-{round}");
        p.order_comes_in(&json!({
            "identifier": identifier, "customer": "XYZ COMPANY", "customer_domain": "xyz.example",
            "partner_domain": "bramwell.example",
            "lines": [{ "sku": "C9200-48P-E", "quantity": 2 }, { "sku": "CON-SNT-C92048PE", "quantity": 2 }],
        }));
        let barrier = std::sync::Barrier::new(32);
        let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..32)
                .map(|n| {
                    let mut api = apis[n % apis.len()].clone();
                    let account = if n % apis.len() == 2 {
                        &cast.bramwell
                    } else {
                        &cast.xyz
                    };
                    let place = ["DEFAULT", "Corporate Network Devices", "Public Network Devices"][n % 3];
                    let path = format!("/api/v1/accounts/{}/order-assignments", account.number);
                    let body = json!({ "orders": [identifier],
                        "target": { "smart_account": "xyz.example", "virtual_account": place } });
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        for _ in 0..200 {
                            let reply = api.post(&path, &body);
                            if reply.status != 503 {
                                return (reply.status, reply.body.clone());
                            }
                            std::thread::sleep(Duration::from_millis(20));
                        }
                        (503, String::new())
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let won = answers.iter().filter(|(status, _)| *status == 202).count();
        assert_eq!(won, 1, "round {round}: {answers:?}");
        for (status, body) in answers.iter().filter(|(status, _)| *status != 202) {
            assert_eq!(*status, 409, "round {round}: {body}");
            assert!(
                body.contains("asked for its assignment to XYZ COMPANY"),
                "round {round}: {body}"
            );
        }
        p.complete();
        p.adds_up();
    }
    assert_eq!(
        p.fingerprint().count("order_assignments"),
        as_many_as("LICENTRAL_RACES", 3)
    );
}

const LICENSE: &str = "c9200-ne-48";

/// Sixteen scripts of Ada's send so many transfers of one license between them; "try again later" is tried again.
/// Says how many were carried out; each of the others was refused for want of licenses.
fn transfer_at_once(
    p: &Portal,
    cast: &Cast,
    attempts: usize,
    between: impl Fn(usize) -> (String, VirtualAccountId) + Sync,
) -> usize {
    const SCRIPTS: usize = 16;
    let path = format!("/api/v1/accounts/{}/license-transfers", cast.xyz.number);
    let (path, between) = (&path, &between);
    std::thread::scope(|scope| {
        let scripts: Vec<_> = (0..SCRIPTS)
            .map(|script| {
                let mut ada = p.api("ada@xyz.example");
                scope.spawn(move || {
                    let mut done = 0;
                    for attempt in (script..attempts).step_by(SCRIPTS) {
                        let (license, to) = between(attempt);
                        let body = json!({ "lines": [{ "license": license, "to": to, "quantity": 1 }] });
                        loop {
                            let reply = ada.post(path, &body);
                            match reply.status {
                                200 => done += 1,
                                503 => continue,
                                _ => assert_eq!(refused(&reply), "licenses.not-enough"),
                            }
                            break;
                        }
                    }
                    done
                })
            })
            .collect();
        scripts.into_iter().map(|script| script.join().unwrap()).sum()
    })
}

#[test]
fn racing_transfers_of_one_pool_never_oversell() {
    let (p, cast) = Portal::with_cast();
    let attempts = as_many_as("LICENTRAL_TRANSFERS", 160);
    let there = i64::try_from(attempts / 4).unwrap();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", there);
    let (id, _) = p.stock_named(&cast.xyz, "DEFAULT", LICENSE).unwrap();
    let done = transfer_at_once(&p, &cast, attempts, |attempt| {
        let to = [cast.corporate, cast.public][attempt % 2];
        (id.clone(), to)
    });
    assert_eq!(i64::try_from(done).unwrap(), there, "as many as there were");
    let purchased = |name: &str| p.stock_named(&cast.xyz, name, LICENSE).map_or(0, |(_, n)| n[0]);
    assert_eq!(purchased("DEFAULT"), 0);
    assert_eq!(
        purchased("Corporate Network Devices") + purchased("Public Network Devices"),
        there
    );
    p.adds_up();
}

#[test]
fn opposing_transfers_neither_block_nor_lose() {
    let (p, cast) = Portal::with_cast();
    let attempts = as_many_as("LICENTRAL_TRANSFERS", 160);
    for place in [cast.corporate, cast.public] {
        p.licenses(&cast.xyz, place, "C9200-48P-E", 20);
    }
    let id = |name: &str| p.stock_named(&cast.xyz, name, LICENSE).unwrap().0;
    let ways = [
        (id("Corporate Network Devices"), cast.public),
        (id("Public Network Devices"), cast.corporate),
    ];
    let done = transfer_at_once(&p, &cast, attempts, |attempt| ways[attempt % 2].clone());
    assert!(done > attempts / 2, "only {done} of {attempts} were carried out");
    assert_eq!(sum_of(&p, LICENSE), 40);
    p.adds_up();
}
