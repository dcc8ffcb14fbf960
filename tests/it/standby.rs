//! Reads that standbys give: of what was acknowledged nothing is ever missed, however far they are behind.

use crate::kill::{form_token, make_client};
use crate::support::{Browser, Database, Portal, Process, Server, Standby, licentral, postgres};
use diesel::RunQueryDsl;
use licentral::error::Error;
use licentral::platform::db::{Db, Reads, Served, migrate};
use licentral::platform::settings;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const NAME: &str = "standby-test";
/// The longest that a read may take here, where machines are busy. The portal's own limits are far below.
const QUICK: Duration = Duration::from_secs(2);
/// How long a standby may take to serve. On a busy machine it lags, and is then left alone for a second each time.
const SOME_TIME: Duration = Duration::from_secs(60);

/// A server whose commits reach its standbys at once: servers of tests acknowledge before anything is kept.
fn primary() -> Server {
    let server = Server::start();
    server.ask(&["ALTER ROLE postgres SET synchronous_commit = on"]);
    migrate::run(&server.url).unwrap();
    server
}

/// The database as one of several portals has it.
fn portal(url: &str, standby: &Standby<'_>) -> Db {
    Db::open_with_standbys(url, Some(&format!("{}?target_session_attrs=any", standby.url))).unwrap()
}

/// One portal that writes, and another that a standby of its server serves.
fn two_portals(server: &Server, standby: &Standby<'_>) -> (Db, Reader) {
    let reader = Reader::of(&portal(&server.url, standby));
    reader.is_served_by_standby();
    (portal(&server.url, standby), reader)
}

fn put(db: &Db, name: &str, value: &str) {
    db.housekeeping_now(|tx| settings::set(tx, name, value)).unwrap();
}

#[derive(diesel::QueryableByName)]
struct Seen {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_standby: bool,
}

/// Somebody who asks as requests do.
struct Reader {
    runtime: actix_web::rt::Runtime,
    db: Db,
}

impl Reader {
    fn of(db: &Db) -> Self {
        Self {
            runtime: actix_web::rt::Runtime::new().unwrap(),
            db: db.clone(),
        }
    }

    /// What was last written, and whether a standby has told so.
    fn sees(&self) -> (String, bool) {
        let read = self.db.read(|r| {
            let value = settings::get(r, NAME)?.unwrap_or_default();
            let query = "SELECT pg_is_in_recovery() AS is_standby";
            Ok((
                value,
                diesel::sql_query(query).get_result::<Seen>(r.conn())?.is_standby,
            ))
        });
        self.runtime.block_on(read).unwrap()
    }

    fn served(&self) -> Served {
        self.db.served().unwrap()
    }

    /// Waits until a standby serves.
    fn is_served_by_standby(&self) {
        let begun = Instant::now();
        while !self.sees().1 {
            let served = self.served();
            assert!(begun.elapsed() < SOME_TIME, "{served:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.served().rest, None);
    }

    /// Writes through one portal and reads through another: of so many, how many were told by a standby.
    fn misses_nothing(&self, writer: &Db, phase: &str, times: usize) -> usize {
        let (mut by_standby, mut slowest) = (0, Duration::ZERO);
        for n in 0..times {
            let value = format!("{phase} {n}");
            put(writer, NAME, &value);
            let begun = Instant::now();
            let (seen, is_standby) = self.sees();
            slowest = slowest.max(begun.elapsed());
            assert_eq!(seen, value, "by a standby: {is_standby}");
            by_standby += usize::from(is_standby);
        }
        println!("{phase}: {by_standby} of {times} by a standby, the slowest in {slowest:?}");
        assert!(slowest < QUICK, "{phase}: {slowest:?}");
        by_standby
    }
}

#[test]
fn whoever_reads_from_a_standby_misses_no_write_of_anybody_under_load() {
    if postgres().is_none() {
        return;
    }
    let server = primary();
    let standby = server.standby_of(server.port(), "standby");
    let (one, reader) = two_portals(&server, &standby);
    let before = reader.served().by_standby;
    let begun = Instant::now();
    let quiet = loop {
        let quiet = (0..50).filter(|_| reader.sees().1).count();
        if quiet > 40 || begun.elapsed() > SOME_TIME {
            break quiet;
        }
        // It lagged once, and all who came within a second were sent to the primary.
        reader.is_served_by_standby();
    };
    assert!(quiet > 40, "{quiet} of 50 by a standby: {:?}", reader.served());
    assert!(reader.served().by_standby >= before + 40);
    // Jobs and commands ask the primary.
    let is_standby = reader
        .db
        .read_now(|r| {
            let query = "SELECT pg_is_in_recovery() AS is_standby";
            Ok(diesel::sql_query(query).get_result::<Seen>(r.conn())?.is_standby)
        })
        .unwrap();
    assert!(!is_standby);

    let (is_over, begun) = (AtomicBool::new(false), Instant::now());
    std::thread::scope(|scope| {
        for name in ["load one", "load two"] {
            let (one, is_over) = (&one, &is_over);
            scope.spawn(move || {
                let mut n = 0;
                // They end by themselves when the reader has failed.
                while !is_over.load(Ordering::Relaxed) && begun.elapsed() < 2 * SOME_TIME {
                    n += 1;
                    put(one, name, &n.to_string());
                }
            });
        }
        let mut by_standby = 0;
        while by_standby < 20 && begun.elapsed() < SOME_TIME {
            by_standby += reader.misses_nothing(&one, "under load", 200);
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(by_standby > 0, "no standby was asked: this proves nothing");
    });
    // Where commits are acknowledged before they are flushed, as on most servers of tests.
    server.ask(&["ALTER ROLE postgres SET synchronous_commit = off"]);
    let hasty = portal(&server.url, &standby);
    Reader::of(&portal(&server.url, &standby)).misses_nothing(&hasty, "acknowledged early", 60);
}

#[test]
fn a_standby_that_is_far_behind_or_gone_is_left_alone_until_it_is_back() {
    if postgres().is_none() {
        return;
    }
    let server = primary();
    let standby = server.standby_of(server.port(), "standby");
    let (one, reader) = two_portals(&server, &standby);

    standby.ask(&["SELECT pg_wal_replay_pause()"]);
    while standby.word("SELECT pg_get_wal_replay_pause_state() AS word") != "paused" {
        std::thread::sleep(Duration::from_millis(5));
    }
    let begun = Instant::now();
    assert_eq!(reader.misses_nothing(&one, "far behind", 100), 0);
    let rest = reader.served().rest;
    assert!(
        rest.as_ref().is_some_and(|(why, _)| why.contains("bytes behind")),
        "{rest:?}"
    );
    println!("100 writes and reads beside it: {:?}", begun.elapsed());
    standby.ask(&["SELECT pg_wal_replay_resume()"]);
    reader.is_served_by_standby();

    // One that breaks off in the middle of a read is told as a database that is gone.
    let broken = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let asked = reader
                .db
                .read(|r| Ok(diesel::sql_query("SELECT pg_sleep(20)").execute(r.conn())?));
            actix_web::rt::Runtime::new().unwrap().block_on(asked)
        });
        let sleeper = "SELECT count(pg_terminate_backend(pid))::text AS word FROM pg_stat_activity \
                       WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";
        while standby.word(sleeper) == "0" {
            assert!(!asking.is_finished());
            std::thread::sleep(Duration::from_millis(20));
        }
        asking.join().unwrap()
    });
    assert!(matches!(broken, Err(Error::Unavailable(_))), "{broken:?}");
    reader.is_served_by_standby();

    standby.stop();
    assert_eq!(reader.misses_nothing(&one, "gone", 50), 0);
    assert!(reader.served().rest.is_some());
    // A portal that starts meanwhile serves.
    let meanwhile = Reader::of(&portal(&server.url, &standby));
    assert_eq!(meanwhile.sees(), ("gone 49".to_owned(), false));
    standby.start();
    reader.is_served_by_standby();
    meanwhile.is_served_by_standby();
}

#[test]
fn a_standby_that_has_become_a_primary_or_follows_another_serves_nobody() {
    if postgres().is_none() {
        return;
    }
    let server = primary();
    let split = server.standby_of(server.port(), "split");
    let (one, reader) = two_portals(&server, &split);
    // Promoted by mistake, and written to: it is further than the primary, in a history of its own.
    split.ask(&[
        "SELECT pg_promote()",
        "CREATE TABLE other_history AS SELECT generate_series(1, 50000) AS n",
    ]);
    put(&Db::open(&split.url).unwrap(), NAME, "of another history");
    assert_eq!(reader.misses_nothing(&one, "split", 30), 0);
    let rest = reader.served().rest;
    assert!(
        rest.as_ref().is_some_and(|(why, _)| why.contains("no standby")),
        "{rest:?}"
    );

    // A standby of that one, for portals of the first.
    let follower = server.standby_of(split.port, "follower");
    let (third, fourth) = (portal(&server.url, &follower), portal(&server.url, &follower));
    let reader = Reader::of(&fourth);
    assert_eq!(reader.misses_nothing(&third, "follows another", 30), 0);
    let rest = reader.served().rest;
    assert!(
        rest.as_ref().is_some_and(|(why, _)| why.contains("timeline 2")),
        "{rest:?}"
    );
    // For those who have gone over to the new primary it is the right one.
    let gone_over = Reader::of(&portal(&split.url, &follower));
    gone_over.is_served_by_standby();
    assert_eq!(gone_over.sees().0, "of another history");
}

#[test]
fn a_standby_that_has_written_on_by_itself_serves_nobody() {
    if postgres().is_none() {
        return;
    }
    let server = primary();
    let standby = server.standby_of(server.port(), "standby");
    let (one, reader) = two_portals(&server, &standby);
    // No promotion, so it stays on the timeline.
    standby.start_alone(true);
    standby.ask(&["CREATE TABLE own_history AS SELECT generate_series(1, 50000) AS n"]);
    standby.start_alone(false);
    assert_eq!(standby.word("SELECT pg_is_in_recovery()::text AS word"), "true");
    let is_told = |served: Served| {
        served
            .rest
            .is_some_and(|(why, _)| why.contains("ahead of the primary"))
    };
    let begun = Instant::now();
    while !is_told(reader.served()) {
        assert_eq!(reader.misses_nothing(&one, "written on", 5), 0);
        assert!(begun.elapsed() < SOME_TIME, "{:?}", reader.served());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(reader.misses_nothing(&one, "told", 30), 0);
}

/// What is measured of one process.
fn measured(at: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn portals_read_from_a_standby_and_say_how_often() {
    if postgres().is_none() {
        return;
    }
    let server = primary();
    let mut database = Database::empty();
    database.url.clone_from(&server.url);
    let p = Portal::start_on(database, |_| {});
    p.add_cast();
    let (ada, olga) = (
        p.sign_in("ada@xyz.example").cookies,
        p.sign_in("olga@licensing.example").cookies,
    );
    let database = p.leave();
    let standby = server.standby_of(server.port(), "standby");
    let listen = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string()
    };
    let at = listen();
    let flags = ["--read-database-url", standby.url.as_str(), "--metrics-listen"];
    let one = Process::start_with(&database, &[&flags[..], &[&listen()]].concat());
    let other = Process::start_with(&database, &[&flags[..], &[&at]].concat());
    let (mut writer, mut reader) = (Browser::at(&one.base), Browser::at(&other.base));
    writer.cookies.clone_from(&ada);
    reader.cookies = ada;
    let csrf = form_token(&mut writer).unwrap();
    for n in 0..20 {
        let name = format!("script {n}");
        assert_eq!(make_client(&mut writer, &csrf, &name), Some(true));
        reader.open("/profile/api").shows(&name);
    }
    let begun = Instant::now();
    loop {
        let told = measured(&at);
        let by_standby = told
            .lines()
            .find_map(|line| line.strip_prefix("licentral_db_reads_total{server=\"standby\"} "))
            .map_or(0, |count| count.parse::<u64>().unwrap());
        if by_standby > 0 {
            break;
        }
        assert!(begun.elapsed() < SOME_TIME, "{told}");
        reader.open("/profile/api");
        std::thread::sleep(Duration::from_millis(50));
    }
    reader.cookies = olga;
    reader.open("/operator/health").shows("they served");

    let url = ["doctor", "--database-url", &database.url, "--read-database-url"];
    let (_, said) = licentral(&[&url[..], &[&standby.url]].concat(), &database.folder);
    assert!(said.contains("One that follows the primary answers"), "{said}");
    let (_, said) = licentral(&[&url[..], &[&server.url]].concat(), &database.folder);
    assert!(
        said.contains("None serves: ") && said.contains("Until then the primary"),
        "{said}"
    );
}

#[test]
fn a_sqlite_database_has_no_standbys() {
    let database = Database::sqlite();
    let settings = [
        "--database-url",
        &database.url,
        "--read-database-url",
        "postgres://h/licentral",
    ];
    for command in ["serve", "doctor"] {
        let (ok, said) = licentral(&[&[command], &settings[..]].concat(), &database.folder);
        assert!(
            !ok && said.contains("a SQLite database has no standbys"),
            "{said}"
        );
    }
}
