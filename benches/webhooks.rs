//! Pages while 10,000 webhooks go out: `cargo bench --bench webhooks`. The same page is asked before, meanwhile and
//! afterwards, in one run; the ratio is to before.

#![allow(clippy::pedantic, reason = "a benchmark may say things in the plainest way")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark prints, reads its own environment, and ends loudly when something is wrong"
)]
#![allow(dead_code, reason = "not every benchmark needs everything that they share")]

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Portal, get, measure, serve_bare};

const WANTED: u64 = 10_000;

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return serve_bare(args.next().unwrap().parse().unwrap());
    }
    let portal = Portal::start("large");
    let cookie = portal.sign_in("ada@xyz.example");
    let token = portal.token(&cookie);
    let account = portal.first_account(&cookie);
    let (receiver, told) = receiver();
    let hooks = format!("/api/v1/accounts/{account}/webhooks");
    let body = json!({ "name": "Bench", "url": format!("http://127.0.0.1:{receiver}/") });
    let (status, added) = portal.ask("POST", &hooks, &token, body.to_string().as_bytes());
    assert_eq!(status, 201, "{added}");
    let added: Value = serde_json::from_str(&added).unwrap();
    let hook = format!(
        "{hooks}/{}",
        added["webhook"]["id"].as_str().or(added["id"].as_str()).unwrap()
    );

    let list = format!("/sa/{account}/devices/device-inventory");
    let page = |name: &str, limit| {
        let request = get(&list, &cookie, portal.port);
        measure(name, portal.port, &portal.child, &request, limit)
    };
    println!("| page | req/s | of before | p50 ms | p99 ms | server CPU, µs/request |");
    println!("|---|---|---|---|---|---|");
    let before = page("Device Inventory, before", None);
    let begun = Instant::now();
    let sent = replay(&portal, &hook, &token);
    page("meanwhile", Some(before));
    page("meanwhile, again", Some(before));
    let until = Instant::now() + Duration::from_secs(600);
    let meanwhile = told.load(Ordering::Relaxed);
    while told.load(Ordering::Relaxed) < sent {
        assert!(
            Instant::now() < until,
            "{} of {sent} came",
            told.load(Ordering::Relaxed)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let took = begun.elapsed().as_secs_f64();
    page("afterwards", Some(before));
    println!(
        "\n{sent} deliveries were received after {took:.0} s; {meanwhile} of them while the pages were asked."
    );
}

/// Has events told once more, a day after the other from today on, until there are enough. How many.
fn replay(portal: &Portal, hook: &str, token: &str) -> u64 {
    let mut sent = 0;
    for back in 0..400 {
        let day = (chrono::Utc::now() - chrono::TimeDelta::days(back))
            .format("%Y-%m-%d")
            .to_string();
        let body = json!({ "from": day, "to": day }).to_string();
        let (status, answer) = portal.ask("POST", &format!("{hook}/replay"), token, body.as_bytes());
        if status == 202 {
            let answer: Value = serde_json::from_str(&answer).unwrap();
            sent += answer["events"].as_u64().unwrap();
        }
        if sent >= WANTED {
            return sent;
        }
    }
    panic!("there are only {sent} events");
}

/// Answers everything with 200, and counts.
fn receiver() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Arc::new(AtomicU64::new(0));
    let count = told.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), count.clone());
            std::thread::spawn(move || {
                let mut all = Vec::new();
                let mut some = [0; 65_536];
                while let Ok(read) = stream.read(&mut some) {
                    if read == 0 {
                        return;
                    }
                    all.extend_from_slice(&some[..read]);
                    let Some(head) = all.windows(4).position(|w| w == b"\r\n\r\n") else {
                        continue;
                    };
                    let text = String::from_utf8_lossy(&all[..head]).to_ascii_lowercase();
                    let length = text
                        .split("content-length:")
                        .nth(1)
                        .and_then(|rest| rest.split("\r\n").next());
                    let length: usize = length.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
                    if all.len() < head + 4 + length {
                        continue;
                    }
                    all.drain(..head + 4 + length);
                    count.fetch_add(1, Ordering::Relaxed);
                    if stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    (port, told)
}
