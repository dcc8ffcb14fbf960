//! `licentral run`: where its proxy leads, what it refuses, and how it ends.

use super::vendor_api::guide;
use crate::support::{Database, Portal, program};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The command in a folder, where its own temporary files go too.
fn run(folder: &Path, portal: &str, options: &[&str], command: &[&str]) -> Command {
    let words = [&["run", "--portal", portal], options, &["--"], command].concat();
    let mut run = program(&words, folder);
    run.env("TMPDIR", folder).stdin(Stdio::null());
    run
}

fn says(done: &Output) -> String {
    String::from_utf8_lossy(&[done.stdout.as_slice(), done.stderr.as_slice()].concat()).into_owned()
}

/// A program that is not installed everywhere.
fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// A listener that must not be reached, and its address.
fn untouched() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[track_caller]
fn assert_untouched(listener: &TcpListener) {
    assert_eq!(
        listener.accept().map(|_| ()).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "a call was let out"
    );
}

/// A run whose command waits, so that its proxy can be spoken with.
struct Waiting {
    child: Child,
    proxy: String,
}

impl Waiting {
    fn start(folder: &Path, portal: &str, options: &[&str]) -> Self {
        let mut child = run(
            folder,
            portal,
            options,
            &["sh", "-c", "echo $HTTPS_PROXY; read wait"],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let proxy = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self { child, proxy }
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.proxy).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a text and reads what comes until the connection ends.
    fn asked(&self, text: &str) -> String {
        let mut stream = self.open();
        stream.write_all(text.as_bytes()).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Lets the command end. What was said on standard error.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        self.child.wait().unwrap();
        said
    }
}

#[test]
fn a_run_ends_with_the_status_of_its_command() {
    let database = Database::empty();
    let folder = &database.folder;
    let portal = "http://127.0.0.1:9";
    for (command, code) in [
        (&["sh", "-c", "exit 7"][..], 7),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["true", "--portal", "of the command"], 0),
        (&["/nonexistent/command"], 127),
        (&["/"], 126),
    ] {
        let done = run(folder, portal, &[], command).output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{command:?}: {}", says(&done));
    }
    for options in [
        &["--portal", "https://swapi.cisco.com"][..],
        &["--on-prem", "nowhere"],
        &["--on-prem-host", "apx.cisco.com"],
        &["--record", "/nonexistent/record"],
    ] {
        let words = [&["run"], options, &["--", "true"]].concat();
        let done = program(&words, folder).env("TMPDIR", folder).output().unwrap();
        assert_eq!(done.status.code(), Some(125), "{options:?}: {}", says(&done));
    }
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().starts_with("licentral-run"))
        .collect();
    assert!(left.is_empty(), "{left:?} was left behind");
}

#[test]
fn whoever_ends_the_run_ends_the_command() {
    let database = Database::empty();
    let folder = &database.folder;
    let script = "trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done";
    let mut child = run(folder, "http://127.0.0.1:9", &[], &["sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let id = child.id().to_string();
    assert!(
        Command::new("sh")
            .args(["-c", "kill -s TERM $0", &id])
            .status()
            .unwrap()
            .success()
    );
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "the command goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(42));
}

#[test]
fn no_host_but_the_vendors_is_reached_in_any_way() {
    let (p, _) = Portal::with_cast();
    let database = Database::empty();
    let folder = &database.folder;
    let (other, address) = untouched();
    let waiting = Waiting::start(folder, &p.base, &["--on-prem-host", "ssm.company.example:8443"]);
    for host in [
        address.as_str(),
        "other.invalid:443",
        "swapi.cisco.com.other.invalid:443",
        "software.cisco.com:443",
        "ssm.company.example:443",
    ] {
        let said = waiting.asked(&format!(
            "CONNECT {host} HTTP/1.1\r\nHost: swapi.cisco.com\r\n\r\n"
        ));
        assert!(said.starts_with("HTTP/1.1 403 ") && said.contains(host), "{said}");
        let said = waiting.asked(&format!(
            "GET http://{host}/ HTTP/1.1\r\nHost: swapi.cisco.com\r\nConnection: close\r\n\r\n"
        ));
        assert!(said.starts_with("HTTP/1.1 403 ") && said.contains(host), "{said}");
        assert!(said.contains(r#""status":"ERROR""#), "{said}");
    }
    // Without a tunnel, and without the whole address: as a program that does not know that it is led.
    let said = waiting.asked(&format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    ));
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
    for bad in [
        "CONNECT nothing\u{7f} HTTP/1.1\r\n\r\n",
        "CONNECT a b:c HTTP/1.1\r\n\r\n",
    ] {
        let said = waiting.asked(bad);
        assert!(
            said.starts_with("HTTP/1.1 400 ") || said.contains(" 403 "),
            "{said}"
        );
    }
    assert_untouched(&other);
    let said = waiting.end();
    for host in [address.as_str(), "other.invalid:443", "software.cisco.com:443"] {
        assert!(
            said.contains(&format!("licentral run: {host} is not one of")),
            "{said}"
        );
    }
}

#[test]
fn the_vendors_hosts_lead_to_the_portal_in_every_way() {
    let (p, _) = Portal::with_cast();
    let database = Database::empty();
    let folder = &database.folder;
    let waiting = Waiting::start(
        folder,
        &p.base,
        &["--on-prem", &p.base, "--on-prem-host", "ssm.company.example:8443"],
    );
    let path = "/services/api/smart-accounts-and-licensing/v2/accounts";
    for host in ["swapi.cisco.com", "APX.cisco.com.", "ssm.company.example:8443"] {
        let said = waiting.asked(&format!(
            "GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ));
        assert!(
            said.contains("Access token is missing or invalid."),
            "{host}: {said}"
        );
    }
    // Plain HTTP in a tunnel.
    let mut stream = waiting.open();
    stream
        .write_all(b"CONNECT swapi.cisco.com:80 HTTP/1.1\r\n\r\n")
        .unwrap();
    let mut opened = [0; 39];
    stream.read_exact(&mut opened).unwrap();
    assert!(opened.starts_with(b"HTTP/1.1 200 "));
    let request = format!("GET {path} HTTP/1.1\r\nHost: swapi.cisco.com\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.contains("Access token is missing or invalid."), "{said}");
    waiting.end();
}

/// A portal that sends everybody elsewhere.
fn misleading(elsewhere: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    base
}

#[test]
fn a_redirect_to_another_host_leads_nowhere() {
    if !is_there("curl") {
        return;
    }
    let database = Database::empty();
    let folder = &database.folder;
    let (other, address) = untouched();
    let portal = misleading(format!("http://{address}/stolen"));
    let done = run(
        folder,
        &portal,
        &[],
        &["curl", "-sL", "-m", "20", "http://swapi.cisco.com/services/"],
    )
    .output()
    .unwrap();
    assert!(
        says(&done).contains(&format!("{address} is not one of the vendor's hosts")),
        "{}",
        says(&done)
    );
    assert_untouched(&other);
    let portal = misleading("https://other.invalid/".to_owned());
    let done = run(
        folder,
        &portal,
        &[],
        &["curl", "-sSL", "-m", "20", "http://swapi.cisco.com/services/"],
    )
    .output()
    .unwrap();
    assert_eq!(done.status.code(), Some(56), "{}", says(&done));
    assert!(
        says(&done).contains("other.invalid:443 is not one of"),
        "{}",
        says(&done)
    );
}

#[test]
fn a_program_that_asks_for_no_proxy_is_led_and_has_no_other_way_out() {
    let (p, _) = Portal::with_cast();
    let database = Database::empty();
    let folder = &database.folder;
    let (other, address) = untouched();
    let plain = |options: &[&str], url: &str| {
        let command = ["curl", "-sS", "--noproxy", "*", "-m", "20", url];
        run(folder, &p.base, options, &command).output().unwrap()
    };
    let is_given = Command::new("unshare")
        .args(["--user", "--map-current-user", "--net", "--mount", "true"])
        .output()
        .is_ok_and(|done| done.status.success());
    if !is_there("curl") || !is_given {
        eprintln!("left out: this system has no curl, or gives a command no network of its own");
        return;
    }
    let first = plain(&[], &format!("http://{address}/"));
    // Nothing listens there, within.
    assert_eq!(first.status.code(), Some(7), "{}", says(&first));
    let elsewhere = plain(&[], "http://192.0.2.7/");
    assert_eq!(elsewhere.status.code(), Some(7), "{}", says(&elsewhere));
    let unknown = plain(&[], "http://other.invalid/");
    assert_eq!(unknown.status.code(), Some(6), "{}", says(&unknown));
    assert_untouched(&other);

    let path = "services/api/smart-accounts-and-licensing/v2/accounts";
    let portal = p.base.clone();
    let at_server = ["--on-prem", &portal, "--on-prem-host", "ssm.company.example:8443"];
    for (options, url) in [
        (&[][..], format!("https://swapi.cisco.com/{path}")),
        (&[][..], format!("http://apx.cisco.com/{path}")),
        (&[][..], format!("{portal}/{path}")),
        (&at_server[..], format!("https://ssm.company.example:8443/{path}")),
    ] {
        let led = plain(options, &url);
        assert!(
            says(&led).contains("Access token is missing or invalid."),
            "{url}: {}",
            says(&led)
        );
    }

    // A server of this machine that the command is said to need, and the same without a network of its own: it gets out.
    let port = other.local_addr().unwrap().port().to_string();
    for options in [&["--local-port", &port][..], &["--open-network"]] {
        let command = [
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "-m",
            "1",
            &format!("http://{address}/"),
        ];
        run(folder, &p.base, options, &command).output().unwrap();
        assert!(other.accept().is_ok(), "{options:?}: nothing came");
    }
}

#[test]
fn exceptions_that_were_set_outside_are_gone() {
    let database = Database::empty();
    let folder = &database.folder;
    let (other, address) = untouched();
    let outside = |command: &[&str]| {
        let mut run = run(folder, "http://127.0.0.1:9", &[], command);
        for name in ["NO_PROXY", "no_proxy"] {
            run.env(name, "*,127.0.0.1,.cisco.com");
        }
        run.env("HTTPS_PROXY", "http://127.0.0.1:1").output().unwrap()
    };
    let told = outside(&["sh", "-c", "echo \"[$NO_PROXY$no_proxy]$HTTPS_PROXY\""]);
    assert!(says(&told).starts_with("[]http://127.0.0.1:"), "{}", says(&told));
    assert!(!says(&told).contains("127.0.0.1:1\n"));
    if is_there("curl") {
        let done = outside(&["curl", "-s", &format!("http://{address}/")]);
        assert!(
            says(&done).contains("is not one of the vendor's hosts"),
            "{}",
            says(&done)
        );
        assert_untouched(&other);
    }
}

/// A script of the guide, with the vendor's names where the portal's stood, in a file.
fn of_the_guide(folder: &Path, language: &str) -> PathBuf {
    let script = guide::block(language)
        .replace("http://127.0.0.1:8080/as", "https://cloudsso.cisco.com/as")
        .replace("http://127.0.0.1:8080", "https://swapi.cisco.com");
    let file = folder.join(format!("script.{language}"));
    std::fs::write(&file, script).unwrap();
    file
}

#[test]
fn scripts_of_the_guide_run_with_the_vendors_names_and_are_recorded_without_secrets() {
    let (p, _) = guide::portal();
    let database = Database::empty();
    let folder = &database.folder;
    let mut ran = 0;
    for (language, program, needs) in [("sh", "sh", "curl"), ("python", "python3", "python3")] {
        if !is_there(needs) {
            continue;
        }
        ran += 1;
        let file = of_the_guide(folder, language);
        let script = file.to_string_lossy();
        let record = ["--record", "record.jsonl"];
        let done = run(folder, &p.base, &record, &[program, &script])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", says(&done));
        let word = if language == "sh" {
            "\"accountDomain\":\"xyz.example\""
        } else {
            "In Compliance"
        };
        assert!(says(&done).contains(word), "{}", says(&done));
    }
    if ran == 0 {
        return;
    }
    let file = folder.join("record.jsonl");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.lines().count() >= 3 * ran, "{kept}");
    let mut hosts = std::collections::BTreeSet::new();
    for line in kept.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        hosts.insert(line["call"]["host"].as_str().unwrap().to_owned());
        assert_eq!(line["answer"]["status"], 200, "{line}");
    }
    assert!(hosts.contains("swapi.cisco.com:443"), "{hosts:?}");
    // The beginning of every access token of ours, and the client's secret.
    for secret in ["licentral-demo-secret", "eyJ"] {
        assert!(!kept.contains(secret), "{secret} stands in {kept}");
    }
    assert!(kept.contains(r#""access_token":"***""#), "{kept}");
}

#[test]
fn a_node_that_looks_for_no_proxy_is_led_all_the_same() {
    if !is_there("node") {
        return;
    }
    let (p, _) = Portal::with_cast();
    let database = Database::empty();
    let folder = &database.folder;
    let script = "const say = (url) => fetch(url).then((r) => r.text()).then(console.log);
        say('https://swapi.cisco.com/services/api/nothing').then(() => say('http://other.invalid/'));";
    let done = run(folder, &p.base, &[], &["node", "-e", script])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", says(&done));
    assert!(says(&done).contains("It was not found"), "{}", says(&done));
    assert!(
        says(&done).contains("other.invalid:80 is not one of"),
        "{}",
        says(&done)
    );
}
