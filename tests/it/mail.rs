//! The outbox: a letter that cannot go out never stops the others, and none is lost.

use crate::support::Portal;
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::kernel::ids::{LetterId, LinkId, PersonId};
use licentral::kernel::{EmailAddress, Who};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::outbox;
use licentral::platform::mail::{Sent, counts};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

/// Queues an invitation to somebody new.
fn invite(p: &Portal, email: &str) -> PersonId {
    let id = p.invited(email, "Ivo Marsh");
    let (at, link, who) = (p.clock.now(), LinkId::new(), Who::portal("test"));
    let person = p.find_person(email);
    p.db.housekeeping_now(|tx| licentral::identity::invite(tx, at, &who, link, &person, "Ada Lindqvist"))
        .unwrap();
    id
}

fn change_last(p: &Portal, change: impl Fn(LetterId, &mut licentral::platform::db::Conn)) {
    p.db.housekeeping_now(|tx| {
        let id: LetterId = outbox::table
            .order(outbox::id.desc())
            .select(outbox::id)
            .first(tx.conn())?;
        change(id, tx.conn());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_letter_wakes_the_jobs_once_it_is_kept() {
    let p = Portal::start();
    let is_woken = || {
        let wakes = p.db.wakes();
        let told = std::pin::pin!(wakes.notified());
        told.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    is_woken();
    p.invited("quiet@xyz.example", "Ivo Marsh");
    assert!(!is_woken(), "nothing waits for the jobs");
    invite(&p, "ivo@xyz.example");
    assert!(is_woken());
    assert!(!is_woken(), "one letter wakes them once");
    let (at, person) = (p.clock.now(), p.find_person("ivo@xyz.example"));
    let taken_back: licentral::error::Result<()> = p.db.housekeeping_now(|tx| {
        let who = Who::portal("test");
        licentral::identity::invite(tx, at, &who, LinkId::new(), &person, "Ada Lindqvist")?;
        Err(licentral::error::Error::NotFound)
    });
    assert!(taken_back.is_err() && !is_woken());
}

#[test]
fn poison_letters_do_not_stop_the_others() {
    let p = Portal::start();
    let names: Vec<String> = vec![
        "Ivo\r\nBcc: everybody@evil.example".to_owned(),
        "Ivo\u{202e}hsraM".to_owned(),
        "\u{1f40e}".repeat(50),
        "a".repeat(200),
        "\"Ivo\" <ivo@evil.example>".to_owned(),
        "=?utf-8?q?Ivo?=".to_owned(),
        "@,;:\\<>()[]".to_owned(),
        String::new(),
    ];
    for (number, name) in names.iter().enumerate() {
        invite(&p, &format!("p{number}@xyz.example"));
        change_last(&p, |id, conn| {
            diesel::update(outbox::table.find(id))
                .set(outbox::to_name.eq(name))
                .execute(conn)
                .unwrap();
        });
    }
    // One that nobody can write, one to an address that is none, one about nobody.
    for (column, value) in [
        ("letter", "no-such-letter"),
        ("address", "not an address"),
        ("about", ""),
    ] {
        invite(&p, &format!("{column}@xyz.example"));
        let nobody = PersonId::new().to_string();
        change_last(&p, |id, conn| {
            let row = outbox::table.find(id);
            match column {
                "letter" => diesel::update(row).set(outbox::letter.eq(value)).execute(conn),
                "address" => diesel::update(row)
                    .set(outbox::to_address.eq(value))
                    .execute(conn),
                _ => diesel::update(row)
                    .set(outbox::about_id.eq(&nobody))
                    .execute(conn),
            }
            .unwrap();
        });
    }
    invite(&p, "last@xyz.example");
    let mail = p.mail();
    assert_eq!(
        mail.all_to("last@xyz.example").len(),
        1,
        "the last one was stopped"
    );
    for number in 0..names.len() {
        let letters = mail.all_to(&format!("p{number}@xyz.example"));
        assert!(letters.len() <= 1, "{letters:?}");
        for letter in letters {
            assert!(
                !letter.to_name.contains(['\r', '\n', '\0']),
                "{:?}",
                letter.to_name
            );
            assert!(
                !letter.subject.contains(['\r', '\n', '\0']),
                "{:?}",
                letter.subject
            );
        }
    }
    assert_eq!(mail.all_to("not an address").len(), 0);
    let left = p.db.read_now(|r| counts(r)).unwrap();
    assert_eq!(left.waiting, 0, "each was sent or given up, visibly");
    assert!(left.given_up >= 2, "{left:?}");
    assert_eq!(
        p.events_of("mail.given-up").len(),
        usize::try_from(left.given_up).unwrap()
    );
    // Nothing is sent a second time.
    let before = mail.all().len();
    assert_eq!(p.mail().all().len(), before);
}

#[test]
fn a_passing_failure_is_tried_again_later_and_later_and_then_given_up() {
    let p = Portal::start();
    let tries: Arc<Mutex<Vec<Sent>>> = Arc::default();
    let seen = tries.clone();
    p.mailbox.set_gate(Some(Arc::new(move |sent: &Sent| {
        seen.lock().unwrap().push(sent.clone());
        Err(licentral::platform::mail::Failure::passing(
            "the mail server is away",
        ))
    })));
    invite(&p, "ivo@xyz.example");
    p.run_jobs();
    assert_eq!(tries.lock().unwrap().len(), 1);
    p.run_jobs();
    assert_eq!(tries.lock().unwrap().len(), 1, "it is not tried again at once");
    // Portal time is not what it waits by: moving the lab's clock sends no flood.
    p.advance(TimeDelta::hours(20));
    p.run_jobs();
    assert_eq!(
        tries.lock().unwrap().len(),
        1,
        "the lab's clock hurries the postman"
    );
    let mut wait = TimeDelta::minutes(1);
    for attempt in 2..=10 {
        p.advance_wall(wait - TimeDelta::seconds(5));
        p.run_jobs();
        assert_eq!(
            tries.lock().unwrap().len(),
            attempt - 1,
            "too early for try {attempt}"
        );
        p.advance_wall(TimeDelta::seconds(10));
        p.run_jobs();
        assert_eq!(tries.lock().unwrap().len(), attempt, "too late for try {attempt}");
        wait = wait * 2;
    }
    let left = p.db.read_now(|r| counts(r)).unwrap();
    assert_eq!((left.waiting, left.given_up), (0, 1), "given up after ten");
    assert_eq!(p.events_of("mail.given-up").len(), 1);
    p.advance_wall(TimeDelta::days(2));
    p.run_jobs();
    let tries = tries.lock().unwrap();
    assert_eq!(tries.len(), 10);
    assert!(
        tries.iter().all(|t| t.message_id == tries[0].message_id),
        "the same letter has one Message-ID however often it is tried"
    );
}

#[test]
fn a_failure_for_good_is_given_up_at_once_and_can_be_queued_again() {
    let p = Portal::start();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    p.mailbox.set_gate(Some(Arc::new(move |_: &Sent| {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            Err(licentral::platform::mail::Failure::for_good("no such mailbox"))
        } else {
            Ok(())
        }
    })));
    invite(&p, "ivo@xyz.example");
    p.run_jobs();
    assert_eq!(p.db.read_now(|r| counts(r)).unwrap().given_up, 1);
    let id =
        p.db.read_now(|r| Ok(outbox::table.select(outbox::id).first::<LetterId>(r.conn())?))
            .unwrap();
    p.db.housekeeping_now(|tx| licentral::platform::mail::retry(tx, id))
        .unwrap();
    assert_eq!(p.mail().all_to("ivo@xyz.example").len(), 1);
    let again =
        p.db.housekeeping_now(|tx| licentral::platform::mail::retry(tx, id));
    assert!(again.is_err(), "a letter that has gone out was queued again");
}

/// How many deliveries have begun, and whether the first postman has gone home.
#[derive(Default)]
struct Round {
    now: Mutex<(usize, bool)>,
    changed: Condvar,
}
impl Round {
    fn change(&self, change: impl FnOnce(&mut (usize, bool))) -> usize {
        let mut now = self.now.lock().unwrap();
        change(&mut now);
        self.changed.notify_all();
        now.0
    }
    fn until(&self, holds: impl Fn(usize, bool) -> bool) {
        let (now, limit) = (self.now.lock().unwrap(), Duration::from_secs(20));
        drop(
            self.changed
                .wait_timeout_while(now, limit, |now| !holds(now.0, now.1)),
        );
    }
}

/// Two postmen, two letters. The first is busy with one while the second takes the other, and comes to that one while the
/// second is still busy with it.
#[test]
fn a_letter_that_another_postman_delivers_is_left_alone() {
    let p = Portal::start();
    invite(&p, "one@xyz.example");
    invite(&p, "two@xyz.example");
    let round = Arc::new(Round::default());
    let door = round.clone();
    p.mailbox.set_gate(Some(Arc::new(move |_: &Sent| {
        match door.change(|now| now.0 += 1) {
            1 => door.until(|deliveries, _| deliveries >= 2),
            2 => door.until(|deliveries, is_home| deliveries >= 3 || is_home),
            _ => (),
        }
        Ok(())
    })));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            p.run_jobs();
            round.change(|now| now.1 = true);
        });
        round.until(|deliveries, _| deliveries >= 1);
        p.run_jobs();
        first.join().unwrap();
    });
    assert_eq!(p.mail().all().len(), 2, "a letter went out twice or not at all");
}

#[test]
fn nothing_secret_is_kept_with_a_letter() {
    let p = Portal::start();
    invite(&p, "ivo@xyz.example");
    let letter = p.mail().last_to("ivo@xyz.example");
    let link = crate::support::link_in(&letter);
    let token = link.rsplit('/').next().unwrap();
    assert!(token.starts_with("ey"), "{link}");
    let kept = format!("{:?}", p.fingerprint());
    assert!(!kept.contains(token), "the link itself is in the database");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!kept.contains(signature), "a part of the link is in the database");
    assert!(EmailAddress::parse(&letter.to_address).is_ok());
}
