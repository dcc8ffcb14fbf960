//! Clients that hold a connection without using it, and what they send that is no request.

use crate::support::{Database, Portal, Process};
use licentral::platform::config::Limits;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A second of a client's patience is enough for us; the tests themselves wait longer for what they expect.
fn small() -> Limits {
    Limits {
        connections: 12,
        young: Duration::from_millis(50),
        idle: Duration::from_millis(600),
        head: Duration::from_millis(600),
        patience: Duration::from_millis(600),
        rate: 1024 * 1024,
        free: Duration::from_millis(100),
        bodies: 6,
        bodies_per_network: 4,
    }
}

fn portal(limits: Limits) -> Portal {
    Portal::start_as(|config| config.limits = limits)
}

fn connect(p: &Portal) -> TcpStream {
    let stream = TcpStream::connect(p.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn host(p: &Portal) -> &str {
    p.base.trim_start_matches("http://")
}

/// Sends and never minds: the other side may have hung up, which is the point.
fn say(stream: &mut TcpStream, words: &str) {
    let _ = stream.write_all(words.as_bytes());
}

/// Everything until the other side hangs up. It has to, and soon: nobody here ends a connection for it.
fn to_the_end(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    if let Err(error) = stream.read_to_end(&mut all) {
        let waits = matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        );
        assert!(!waits, "nobody hung up in half a minute");
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The first line of the next answer.
fn status(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read == 1) && byte != *b"\n" {
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).trim().to_owned()
}

fn upload(p: &Portal, path: &str, kind: &str, length: usize) -> TcpStream {
    let mut stream = connect(p);
    say(
        &mut stream,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n",
            host(p)
        ),
    );
    stream
}

fn is_served(p: &Portal) {
    let mut other = connect(p);
    say(
        &mut other,
        &format!(
            "GET /login HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            host(p)
        ),
    );
    assert_eq!(status(&mut other), "HTTP/1.1 200 OK");
}

/// Waits until no connection is open any more.
fn all_are_gone(p: &Portal) {
    let begun = Instant::now();
    while p.parts.connections.count() > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "a connection is held for ever"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A byte now and then, as long as the other side takes it.
fn trickle(mut stream: TcpStream) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut writing = stream.try_clone().unwrap();
        let feeding = std::thread::spawn(move || {
            while writing.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(40));
            }
        });
        let answer = to_the_end(&mut stream);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        feeding.join().unwrap();
        answer
    })
}

#[test]
fn a_body_that_trickles_ends_on_every_route_that_takes_one() {
    let p = portal(small());
    for (path, kind) in [
        ("/device-manager/v1/sync", "application/octet-stream"),
        ("/device/v1/register", "application/json"),
        ("/api/v1/token", "application/x-www-form-urlencoded"),
        ("/login", "application/x-www-form-urlencoded"),
    ] {
        let answer = trickle(upload(&p, path, kind, 50_000)).join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
        assert!(answer.contains("took too long"), "{path}: {answer}");
    }
    all_are_gone(&p);
}

#[test]
fn a_report_without_a_credential_is_answered_before_its_body_comes() {
    let p = portal(small());
    let mut stream = upload(&p, "/device/v1/report", "application/json", 50_000);
    assert_eq!(status(&mut stream), "HTTP/1.1 401 Unauthorized");
}

#[test]
fn bodies_that_let_wait_are_few_and_others_are_served_meanwhile() {
    let p = portal(Limits {
        patience: Duration::from_secs(120),
        head: Duration::from_secs(120),
        ..small()
    });
    let kind = "application/octet-stream";
    let held: Vec<_> = (0..4)
        .map(|_| trickle(upload(&p, "/device-manager/v1/sync", kind, 50_000)))
        .collect();
    while p.parts.connections.bodies.count() < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Whoever comes when the places of this network are taken is told to come again, and hung up on.
    let refused = trickle(upload(&p, "/device-manager/v1/sync", kind, 50_000))
        .join()
        .unwrap();
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(
        refused.to_ascii_lowercase().contains("retry-after: 30"),
        "{refused}"
    );
    // What comes at once needs no place.
    is_served(&p);
    let mut token = upload(&p, "/api/v1/token", "application/x-www-form-urlencoded", 29);
    say(&mut token, "grant_type=client_credentials");
    assert_eq!(status(&mut token), "HTTP/1.1 401 Unauthorized");
    drop(p);
    for one in held {
        one.join().unwrap();
    }
}

#[test]
fn the_slowest_makes_room_for_whoever_comes() {
    let p = portal(Limits {
        head: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        ..small()
    });
    let half = || {
        let mut half = connect(&p);
        say(&mut half, "GET /login HTTP/1.1\r\n");
        half
    };
    let none_is_young = || std::thread::sleep(Duration::from_millis(500));
    // Every seat is taken by one who trickles; each guest who stays takes the seat of one of them.
    let mut held: Vec<TcpStream> = (0..12).map(|_| half()).collect();
    none_is_young();
    let guests: Vec<TcpStream> = (0..5)
        .map(|_| {
            let mut guest = connect(&p);
            say(
                &mut guest,
                &format!("GET /login HTTP/1.1\r\nhost: {}\r\n\r\n", host(&p)),
            );
            assert_eq!(status(&mut guest), "HTTP/1.1 200 OK");
            guest
        })
        .collect();
    let ended = held
        .iter_mut()
        .map(|stream| {
            stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            matches!(stream.read(&mut [0]), Ok(0)) || stream.write_all(b"x").is_err()
        })
        .filter(|ended| *ended)
        .count();
    assert_eq!(ended, 5, "so many made room");
    drop(guests);
    // However many come at once, there is a bound, and others are served.
    held.extend((0..40).map(|_| half()));
    none_is_young();
    for _ in 0..5 {
        is_served(&p);
    }
    assert!(
        p.parts.connections.count() <= 12 + 32,
        "{}",
        p.parts.connections.count()
    );
}

#[test]
fn a_second_request_that_never_comes_ends_the_connection() {
    let p = portal(small());
    let mut stream = connect(&p);
    say(
        &mut stream,
        &format!("GET /livez HTTP/1.1\r\nhost: {}\r\n\r\nG", host(&p)),
    );
    assert_eq!(status(&mut stream), "HTTP/1.1 200 OK");
    // The library's own end is for the first request alone.
    let rest = trickle(stream);
    rest.join().unwrap();
    all_are_gone(&p);
}

#[test]
fn a_body_that_nobody_reads_ends_the_connection() {
    let p = portal(small());
    let mut stream = connect(&p);
    say(
        &mut stream,
        &format!(
            "POST /no/such/page HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n",
            host(&p)
        ),
    );
    assert_eq!(status(&mut stream), "HTTP/1.1 404 Not Found");
    trickle(stream).join().unwrap();
    all_are_gone(&p);
}

#[test]
fn who_does_not_take_the_answer_is_not_waited_for() {
    // Who is silent altogether would be sent away for that as well.
    let p = portal(Limits {
        idle: Duration::from_secs(60),
        ..small()
    });
    let mut stream = connect(&p);
    let ask = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\n\r\n",
        licentral::http::assets::APP_CSS,
        host(&p)
    );
    // More answers than fit on the way. All that is asked is there at once: half a request would be waited for less long.
    stream.write_all(ask.repeat(300).as_bytes()).unwrap();
    while p.parts.connections.count() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    all_are_gone(&p);
    // Whoever takes it gets it.
    let mut good = connect(&p);
    say(
        &mut good,
        &ask.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"),
    );
    let answer = to_the_end(&mut good);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.len() > 20_000);
}

#[test]
fn another_host_in_the_first_line_is_another_host() {
    let p = Portal::start();
    let ours = host(&p).to_owned();
    for (target, wanted) in [
        ("/login".to_owned(), "200 OK"),
        (format!("http://{ours}/login"), "200 OK"),
        ("http://other.example/login".to_owned(), "400 Bad Request"),
        (format!("http://ada@{ours}/login"), "400 Bad Request"),
        ("http://other.example/livez".to_owned(), "400 Bad Request"),
        ("/livez".to_owned(), "200 OK"),
    ] {
        let mut stream = connect(&p);
        say(
            &mut stream,
            &format!("GET {target} HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n"),
        );
        assert_eq!(status(&mut stream), format!("HTTP/1.1 {wanted}"), "{target}");
    }
}

/// What no browser sends. None of it is a fault of the portal, so none of it stands in the log as one.
const RUBBISH: &[&[u8]] = &[
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET /login HTTP/9.9\r\n\r\n",
    b"GET /login HTTP/1.1\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"GET /%zz%ff%00 HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"GET /login?a=%ff&%zz HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"GET /login HTTP/1.1\r\nhost: HOST\r\nhost: HOST\r\n\r\n",
    b"GET /login HTTP/1.1\r\nhost: HOST\r\nbad header\r\n\r\n",
    b"GET /login HTTP/1.1\r\nhost: HOST\r\ncookie: \xff\xfe=\x01\r\n\r\n",
    b"GET http:///// HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"CONNECT other.example:443 HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"BREW /login HTTP/1.1\r\nhost: HOST\r\n\r\n",
    b"POST /login HTTP/1.1\r\nhost: HOST\r\ncontent-length: -1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nhost: HOST\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\nhost: HOST\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /login HTTP/1.1\r\nhost: HOST\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 12\r\n\r\n%ff%fe=%zz&=",
    b"POST /login HTTP/1.1\r\nhost: HOST\r\nsec-fetch-site: same-origin\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 9\r\n\r\n--b\r\n\xff\xff\r\n",
    b"POST /api/v1/token HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n{\"\xff\"",
    b"POST /device/v1/register HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n\xff\xfe\x00",
    b"POST /device-manager/v1/sync HTTP/1.1\r\nhost: HOST\r\ncontent-length: 3\r\n\r\n\xff\xfe\n",
    b"POST /device-manager/v1/sync HTTP/1.1\r\nhost: HOST\r\nexpect: 200-maybe\r\ncontent-length: 3\r\n\r\nabc",
    b"GET /login HTTP/1.1\r\nhost: HOST\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

#[test]
fn rubbish_is_no_error_of_ours() {
    let database = Database::sqlite();
    let log = database.folder.join("log.jsonl");
    let file = std::fs::File::create(&log).unwrap();
    let process = Process::start_logging(&database, "demo", "info", || file.try_clone().unwrap().into());
    let at = process.base.trim_start_matches("http://").to_owned();
    let replace = |bytes: &[u8]| -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = bytes;
        while let Some(found) = rest.windows(4).position(|four| four == b"HOST") {
            out.extend_from_slice(&rest[..found]);
            out.extend_from_slice(at.as_bytes());
            rest = &rest[found + 4..];
        }
        out.extend_from_slice(rest);
        out
    };
    let long = [b"GET /".as_slice(), &b"a".repeat(200_000), b" HTTP/1.1\r\n\r\n"].concat();
    for rubbish in RUBBISH.iter().map(|one| replace(one)).chain([long]) {
        let shown = String::from_utf8_lossy(&rubbish[..rubbish.len().min(80)]).into_owned();
        let mut stream = TcpStream::connect(&at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.write_all(&rubbish);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let answer = to_the_end(&mut stream);
        assert!(!answer.starts_with("HTTP/1.1 5"), "{shown}: {answer}");
    }
    // One who hangs up in the middle of the answer.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&at).unwrap();
        let _ = stream.write_all(&replace(b"GET /login HTTP/1.1\r\nhost: HOST\r\n\r\n").repeat(16));
    }
    drop(process);
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(
        lines.contains("\"request\""),
        "nothing was logged at all: {lines}"
    );
    let errors: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("\"level\":\"ERROR\"") || line.contains("panicked"))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
