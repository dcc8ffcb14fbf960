//! Traces as OpenTelemetry has them: what a collector is told and what it is not, and that nobody ever waits for it.

use crate::support::{Browser, Database, Portal, Process, program};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ADA: &str = "ada@xyz.example";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A request as it came in: its head in lower case, and its body.
type Heard = (String, Vec<u8>);

/// Hears HTTP. What it answers is a status; 0 is silence.
struct Receiver {
    base: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (heard, status) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::new(Mutex::new(status)));
        let (to, says) = (heard.clone(), status.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (to, says) = (to.clone(), says.clone());
                std::thread::spawn(move || hear(stream.unwrap(), &to, &says));
            }
        });
        Self { base, heard, status }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn spans(&self) -> Vec<Span> {
        self.heard().iter().flat_map(|(_, body)| spans(body)).collect()
    }

    /// Waits until a span is there that is wanted.
    #[track_caller]
    fn wait_for(&self, what: &str, is_wanted: impl Fn(&Span) -> bool) -> Span {
        let begun = Instant::now();
        loop {
            let spans = self.spans();
            if let Some(span) = spans.iter().find(|span| is_wanted(span)) {
                return span.clone();
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "no span for {what} among {spans:#?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn hear(stream: TcpStream, to: &Mutex<Vec<Heard>>, says: &Mutex<u16>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        to.lock().unwrap().push((head, body));
        let status = *says.lock().unwrap();
        if status == 0 {
            std::thread::sleep(Duration::from_secs(600));
        }
        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A span as it was sent, with what was said of the process.
#[derive(Debug, Clone)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
    said: BTreeMap<String, String>,
    process: BTreeMap<String, String>,
}

impl Span {
    fn says(&self, key: &str) -> &str {
        self.said.get(key).map_or("", String::as_str)
    }
}

/// The fields of a message of protobuf: number, and a number or bytes.
fn fields(mut rest: &[u8]) -> Vec<(u64, u64, &[u8])> {
    fn varint(rest: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = rest[0];
            *rest = &rest[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut all = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let (mut number, mut length) = (0, 0);
        match key & 7 {
            0 => number = varint(&mut rest),
            1 => length = 8,
            2 => length = usize::try_from(varint(&mut rest)).unwrap(),
            _ => length = 4,
        }
        let (bytes, after) = rest.split_at(length);
        all.push((key >> 3, number, bytes));
        rest = after;
    }
    all
}

fn each(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(message)
        .into_iter()
        .filter(move |(field, ..)| *field == wanted)
        .map(|(_, _, bytes)| bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(message: &[u8], field: u64) -> BTreeMap<String, String> {
    each(message, field)
        .map(|pair| {
            let key = text(each(pair, 1).next().unwrap());
            let value = each(pair, 2).next().unwrap();
            let word = match fields(value)[0] {
                (1, _, bytes) => text(bytes),
                (_, number, _) => number.to_string(),
            };
            (key, word)
        })
        .collect()
}

fn spans(body: &[u8]) -> Vec<Span> {
    let hex = |bytes: Option<&[u8]>| bytes.map_or_else(String::new, |b| data_encoding::HEXLOWER.encode(b));
    let mut all = Vec::new();
    for group in each(body, 1) {
        let process = each(group, 1).next().map_or_else(BTreeMap::new, |r| said(r, 1));
        for span in each(group, 2).flat_map(|scope| each(scope, 2)) {
            all.push(Span {
                trace: hex(each(span, 1).next()),
                id: hex(each(span, 2).next()),
                parent: hex(each(span, 4).next()),
                name: text(each(span, 5).next().unwrap()),
                said: said(span, 9),
                process: process.clone(),
            });
        }
    }
    all
}

/// A lab with the cast, served by a process that sends its traces to this receiver.
struct Traced {
    database: Database,
    cookies: BTreeMap<String, String>,
    number: i64,
}

impl Traced {
    fn new(before: impl FnOnce(&Portal, i64)) -> Self {
        let p = Portal::start();
        let cast = p.add_cast();
        let number = cast.xyz.number;
        before(&p, number);
        let cookies = p.sign_in(ADA).cookies;
        Self {
            database: p.leave(),
            cookies,
            number,
        }
    }

    fn start(&self, environment: &[(&str, &str)]) -> Process {
        let on = [("OTEL_SDK_DISABLED", "false"), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
        Process::start_in(&self.database, &[&on, environment].concat(), &self.log())
    }

    fn log(&self) -> std::path::PathBuf {
        self.database.folder.join("log")
    }

    fn log_lines(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.log()).unwrap();
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn browser(&self, process: &Process) -> Browser {
        let mut browser = Browser::at(&process.base);
        browser.cookies = self.cookies.clone();
        browser
    }
}

#[test]
fn a_request_is_a_span_below_its_callers_with_its_transactions_below_it() {
    let collector = Receiver::answering(200);
    let lab = Traced::new(|_, _| {});
    let process = lab.start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=open%20sesame"),
        ("OTEL_SERVICE_NAME", "licenses-of-xyz"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ]);
    let mut ada = lab.browser(&process);
    let caller = format!("00-{TRACE}-{CALLER}-01");
    let path = format!("/sa/{}/account/users?q=bob%40xyz.example", lab.number);
    ada.send("GET", &path, &[("traceparent", &caller)], None)
        .expect(200);
    let id = ada.page().header("x-request-id").unwrap().to_owned();
    let page = collector.wait_for("the page", |span| span.says("licentral.request_id") == id);
    assert_eq!((page.trace.as_str(), page.parent.as_str()), (TRACE, CALLER));
    assert_eq!(page.name, "GET /sa/{said}/account/users");
    for (key, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/sa/{said}/account/users"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
        ("server.address", "127.0.0.1"),
        ("licentral.edition", "cloud"),
    ] {
        assert_eq!(page.says(key), value, "{key}");
    }
    for (key, value) in [
        ("service.name", "licenses-of-xyz"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(page.process[key], value, "{key}");
    }
    let read = collector.wait_for("what it reads", |span| {
        span.name == "read" && span.parent == page.id
    });
    assert_eq!(read.trace, TRACE);
    assert!(
        read.says("licentral.db.statements").parse::<u32>().unwrap() > 0,
        "{read:?}"
    );
    assert_eq!(read.says("licentral.db.tries"), "1");

    // A form with a password, and a link that is a secret in its path.
    let password = "correct horse battery staple";
    let mut nobody = Browser::at(&process.base);
    nobody.open("/login").expect(200);
    nobody.post_fields("/login", &[("email", ADA), ("password", password)]);
    nobody.open("/invite/a-token-in-a-path");
    ada.post_fields(
        "/profile/api/new",
        &[("csrf", "wrong"), ("name", "canary-in-a-form")],
    );
    collector.wait_for("a form", |span| span.says("http.route") == "/profile/api/new");
    collector.wait_for("a sign-in", |span| span.name == "POST /login");
    // Made-up methods make no names of spans.
    nobody.send("BREW", "/login", &[], None);
    collector.wait_for("a method that nobody knows", |span| {
        span.says("http.request.method") == "_OTHER" && !span.name.contains("BREW")
    });
    let session = lab.cookies.values().next().unwrap().as_str();
    for (head, body) in collector.heard() {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("x-key: open sesame"), "{head}");
        let sent = String::from_utf8_lossy(&body);
        for secret in [
            session,
            password,
            ADA,
            "bob@xyz.example",
            "bob%40",
            "canary-in-a-form",
            "a-token-in-a-path",
            &format!("/sa/{}", lab.number),
        ] {
            assert!(!sent.contains(secret), "{secret} is told: {sent}");
        }
    }
    // Probes are nobody's work.
    assert!(collector.spans().iter().all(|span| !span.name.contains("readyz")));
    let logged = lab.log_lines();
    let line = logged.iter().find(|line| line["request_id"] == id).unwrap();
    assert_eq!(
        (&line["trace_id"], &line["span_id"]),
        (&json!(TRACE), &json!(page.id))
    );
}

#[test]
fn a_job_that_calls_a_webhook_is_a_trace_that_the_receiver_can_go_on_with() {
    let (collector, hook) = (Receiver::answering(200), Receiver::answering(204));
    let url = format!("{}/secret-of-the-receiver", hook.base);
    let lab = Traced::new(|p, number| {
        p.api(ADA)
            .post(
                &format!("/api/v1/accounts/{number}/webhooks"),
                &json!({ "name": "All", "url": url }),
            )
            .expect(201);
    });
    let process = lab.start(&[(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        &format!("{}/spans", collector.base),
    )]);
    let call = collector.wait_for("the call", |span| {
        span.name == "POST" && span.says("http.response.status_code") == "204"
    });
    let job = collector.wait_for("the job", |span| span.id == call.parent);
    assert!(job.name.starts_with("job ") && job.parent.is_empty(), "{job:?}");
    assert_eq!(call.says("server.address"), "127.0.0.1");
    let (head, _) = hook.heard().remove(0);
    assert!(
        head.contains(&format!("traceparent: 00-{}-{}-01\r\n", call.trace, call.id)),
        "{head}"
    );
    collector.wait_for("what it keeps", |span| {
        span.parent == job.id && span.name == "housekeeping" && span.says("licentral.db.committed") == "1"
    });
    // Turns in which nothing was to be done are none.
    std::thread::sleep(Duration::from_secs(3));
    let before = collector.spans().len();
    std::thread::sleep(Duration::from_secs(3));
    let more: Vec<Span> = collector.spans().split_off(before);
    assert!(more.is_empty(), "{more:#?}");
    for (head, body) in collector.heard() {
        assert!(head.starts_with("post /spans http/1.1"), "{head}");
        assert!(!String::from_utf8_lossy(&body).contains("secret-of-the-receiver"));
    }
    drop(process);
}

#[test]
fn the_last_spans_are_handed_over_at_the_end() {
    let collector = Receiver::answering(200);
    let lab = Traced::new(|_, _| {});
    let mut process = lab.start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base),
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
    ]);
    lab.browser(&process).open("/login");
    assert!(collector.heard().is_empty());
    assert!(process.end());
    assert!(collector.spans().iter().any(|span| span.name == "GET /login"));
}

#[test]
fn a_collector_that_does_not_answer_costs_spans_and_nothing_else() {
    let hole = Receiver::answering(0);
    let lab = Traced::new(|_, _| {});
    let mut process = lab.start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &hole.base),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
    ]);
    let mut ada = lab.browser(&process);
    let page = format!("/sa/{}/account/users", lab.number);
    for _ in 0..200 {
        ada.open(&page).expect(200);
    }
    assert_eq!(hole.heard().len(), 1, "one batch waits, and the others do not");
    let begun = Instant::now();
    assert!(process.end());
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "the end is not kept waiting for long either"
    );
}

#[test]
fn an_outage_of_the_collector_is_told_once_and_so_is_its_end() {
    let collector = Receiver::answering(503);
    let lab = Traced::new(|_, _| {});
    let process = lab.start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base)]);
    let mut ada = lab.browser(&process);
    let begun = Instant::now();
    while collector.heard().len() < 4 {
        ada.open("/login");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    *collector.status.lock().unwrap() = 200;
    let told = |words: &str| {
        let lines = lab.log_lines();
        let lines = lines.iter().filter(|line| line.to_string().contains(words));
        lines.count()
    };
    while told("takes them again") == 0 {
        ada.open("/login");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    assert_eq!((told("traces are lost"), told("takes them again")), (1, 1));
    assert_eq!(told("it answered 503"), 1);
}

#[test]
fn with_traces_off_nothing_of_them_runs() {
    let collector = Receiver::answering(200);
    let lab = Traced::new(|_, _| {});
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base.as_str());
    let sends = |environment: &[(&str, &str)]| {
        let mut process = lab.start(environment);
        lab.browser(&process).open("/login").expect(200);
        let runs = process.threads().iter().any(|name| name.starts_with("OpenTel"));
        assert!(process.end());
        let has_ids = lab.log_lines().iter().any(|line| line.get("trace_id").is_some());
        (!collector.heard().is_empty(), runs, has_ids)
    };
    // That is how it would be seen.
    let kept = Receiver::answering(200);
    assert_eq!(
        sends(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &kept.base)]),
        (false, true, true)
    );
    assert!(!kept.heard().is_empty());
    assert_eq!(sends(&[]), (false, false, false));
    assert_eq!(
        sends(&[endpoint, ("OTEL_SDK_DISABLED", "true")]),
        (false, false, false)
    );
    // Made and not kept: the id stands in the log, since the caller may keep it.
    assert!(!sends(&[endpoint, ("OTEL_TRACES_SAMPLER", "always_off")]).0);
}

#[test]
fn doctor_asks_the_collector_and_no_portal_starts_with_an_address_that_is_none() {
    let collector = Receiver::answering(200);
    let database = Database::fresh();
    let run = |command: &str, endpoint: &str| {
        let done = program(&[command, "--database-url", &database.url], &database.folder)
            .env("OTEL_SDK_DISABLED", "false")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .output()
            .unwrap();
        let words = [done.stdout, done.stderr].concat();
        (
            done.status.success(),
            String::from_utf8_lossy(&words).into_owned(),
        )
    };
    let (_, words) = run("doctor", &collector.base);
    assert!(
        words.contains(&format!("They are sent to {}/v1/traces", collector.base)),
        "{words}"
    );
    assert!(collector.spans().is_empty() && collector.heard().len() == 1);
    *collector.status.lock().unwrap() = 401;
    let (_, words) = run("doctor", &collector.base);
    assert!(
        words.contains("They do not arrive at") && words.contains("401"),
        "{words}"
    );
    let (ok, words) = run("serve", "127.0.0.1:4318");
    assert!(
        !ok && words.contains("OTEL_EXPORTER_OTLP_ENDPOINT is \"127.0.0.1:4318\""),
        "{words}"
    );
}
