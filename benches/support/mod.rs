//! What the workloads share: the bare limit, a portal as a process of its own, one kept connection, a process's costs.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod raw;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const CONNECTIONS: usize = 16;
/// So long a workload is measured.
pub const SECONDS: u64 = 4;

/// A request as it goes over the wire. No compression is asked for, so that sizes compare.
pub fn get(path: &str, cookie: &str, port: u16) -> Vec<u8> {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("cookie: {cookie}\r\n")
    };
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{cookie}\r\n").into_bytes()
}

/// A call of the API or of a device as it goes over the wire; a body that is no synchronization file is JSON.
pub fn call(port: u16, method: &str, path: &str, credential: &str, body: &[u8]) -> Vec<u8> {
    let credential = if credential.is_empty() {
        String::new()
    } else {
        format!("authorization: Bearer {credential}\r\n")
    };
    let kind = if body.starts_with(b"LICENTRAL ") {
        "octet-stream"
    } else {
        "json"
    };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{credential}content-type: application/{kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A copy of the database in this folder with nothing around it, and its file: what a raw loop writes to.
pub fn copy_of(folder: &Path, name: &str) -> (diesel::SqliteConnection, PathBuf) {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    use diesel::{RunQueryDsl as _, SqliteConnection};
    let (from, to) = (folder.join("licentral.db"), folder.join(format!("{name}.db")));
    let mut conn = SqliteConnection::establish(&from.to_string_lossy()).unwrap();
    diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(to.to_string_lossy().into_owned())
        .execute(&mut conn)
        .unwrap();
    let mut conn = SqliteConnection::establish(&to.to_string_lossy()).unwrap();
    conn.batch_execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        .unwrap();
    (conn, to)
}

pub struct Running {
    pub child: Child,
    pub port: u16,
}
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn start_bare() -> Running {
    let port = free_port();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--bare", &port.to_string()])
        .spawn()
        .unwrap();
    wait_for(port, "/");
    Running { child, port }
}

pub fn serve_bare(port: u16) {
    use actix_web::{App, HttpServer, web};
    actix_web::rt::System::new()
        .block_on(async move {
            HttpServer::new(|| {
                App::new().route("/", web::get().to(|| async { "ok" })).route(
                    "/bytes",
                    web::get().to(|| async { web::Bytes::from_static(&[b'a'; 116_000]) }),
                )
            })
            .workers(std::thread::available_parallelism().map_or(2, |n| n.get().clamp(1, 8)))
            .bind(("127.0.0.1", port))?
            .run()
            .await
        })
        .unwrap();
}

pub struct Portal {
    pub child: Child,
    pub port: u16,
    pub folder: PathBuf,
    /// Of its database; empty for a SQLite file in its folder.
    pub url: String,
    /// Somebody else ends it and looks after its folder.
    pub is_left: bool,
}

impl Portal {
    pub fn start(scenario: &str) -> Self {
        Self::start_on(scenario, "")
    }

    /// On a database of one's own.
    pub fn start_on(scenario: &str, url: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("licentral-bench-{}-{scenario}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let started = Instant::now();
        let (child, port) = launch_with(&folder, scenario, url);
        if scenario == "large" {
            println!(
                "Scenario large was loaded and served after {:.1} s.\n",
                started.elapsed().as_secs_f64()
            );
        }
        Self {
            child,
            port,
            folder,
            url: url.to_owned(),
            is_left: false,
        }
    }

    /// The process, for somebody else to end.
    pub fn leave(mut self) -> Child {
        self.is_left = true;
        let other = Command::new("true").spawn().unwrap();
        std::mem::replace(&mut self.child, other)
    }

    pub fn sign_in(&self, email: &str) -> String {
        let (status, cookie) = sign_in(self.port, email, "licentral-demo");
        assert_eq!(status, 303, "sign-in of {email}");
        cookie
    }

    /// An access token of a client that may write.
    pub fn token(&self, cookie: &str) -> String {
        let mut wire = Wire::open(self.port);
        let (_, page) = wire.ask(&get("/profile/api/new", cookie, self.port));
        let page = String::from_utf8_lossy(&page).into_owned();
        let csrf = page
            .split("name=\"csrf\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a form");
        // A form that was sent before is not carried out again.
        static FORMS: AtomicU64 = AtomicU64::new(0);
        let form = format!(
            "csrf={csrf}&once=bench-{}&name=bench&scope=write",
            FORMS.fetch_add(1, Ordering::Relaxed)
        );
        let request = format!(
            "POST /profile/api/new HTTP/1.1\r\nhost: 127.0.0.1:{0}\r\norigin: http://127.0.0.1:{0}\r\ncookie: {cookie}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {1}\r\n\r\n{form}",
            self.port,
            form.len()
        );
        let (status, page) = wire.ask(request.as_bytes());
        assert_eq!(status, 200);
        let page = String::from_utf8_lossy(&page).into_owned();
        let word = |begin: &str| -> String {
            let from = page.find(begin).expect(begin);
            page[from..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                .collect()
        };
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            word("lc-"),
            word("lcs_")
        );
        let request = format!(
            "POST /api/v1/token HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.port,
            form.len()
        );
        let (status, answer) = wire.ask(request.as_bytes());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(status, 200, "{answer}");
        answer
            .split("\"access_token\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a token")
            .to_owned()
    }

    /// Calls the API on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, credential: &str, body: &[u8]) -> (u16, String) {
        let request = call(self.port, method, path, credential, body);
        let (status, answer) = Wire::open(self.port).ask(&request);
        (status, String::from_utf8_lossy(&answer).into_owned())
    }

    /// The number of the first account on the page on which one is chosen; who has one is led straight into it.
    pub fn first_account(&self, cookie: &str) -> String {
        let mut wire = Wire::open(self.port);
        let (_, page) = wire.ask(&get("/select", cookie, self.port));
        let page = format!(
            "{}{}",
            String::from_utf8_lossy(&wire.head),
            String::from_utf8_lossy(&page)
        );
        let start = page.find("/sa/").expect("an account on /select") + 4;
        page[start..].chars().take_while(char::is_ascii_digit).collect()
    }
}

impl Portal {
    /// An On-Prem server alone, with the users of scenario `demo`.
    pub fn start_on_prem() -> Self {
        let folder = std::env::temp_dir().join(format!("licentral-bench-{}-on-prem", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let child = Command::new(program())
            .current_dir(&folder)
            .args(["on-prem", "serve", "--key-file", "licentral.key"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args([
                "--database-url",
                "sqlite://server.db",
                "--scenario",
                "demo",
                "--log",
                "error",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(port, "/livez");
        Self {
            child,
            port,
            folder,
            url: String::new(),
            is_left: false,
        }
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        if self.is_left {
            let _ = self.child.wait();
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program of now, or the one that `LICENTRAL_PROGRAM` names.
pub fn program() -> PathBuf {
    std::env::var_os("LICENTRAL_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_licentral").into(), Into::into)
}

pub fn launch_with(folder: &Path, scenario: &str, url: &str) -> (Child, u16) {
    launch_program(&program(), folder, scenario, url, &[])
}

pub fn launch_program(
    program: &Path,
    folder: &Path,
    scenario: &str,
    url: &str,
    env: &[(&str, &str)],
) -> (Child, u16) {
    let port = free_port();
    let mut command = Command::new(program);
    command.envs(env.iter().copied());
    if url.is_empty() {
        command.env_remove("DATABASE_URL");
    } else {
        command.env("DATABASE_URL", url);
    }
    let child = command
        .current_dir(folder)
        .env("LICENTRAL_LISTEN", format!("127.0.0.1:{port}"))
        .env("LICENTRAL_ON_PREM_LISTEN", "off")
        .env("LICENTRAL_SCENARIO", scenario)
        .env("LICENTRAL_LOG", "error")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(port, "/livez");
    (child, port)
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub fn wait_for(port: u16, path: &str) {
    let until = Instant::now() + Duration::from_secs(300);
    while Instant::now() < until {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            let mut wire = Wire::over(stream);
            if wire
                .try_ask(&get(path, "", port))
                .is_some_and(|(status, _)| status == 200)
            {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("nothing answers on port {port}");
}

/// Signs in as a browser would, with the form's own token. Returns the status and the cookie.
pub fn sign_in(port: u16, email: &str, password: &str) -> (u16, String) {
    let mut wire = Wire::open(port);
    let (_, page) = wire.ask(&get("/login", "", port));
    let page = String::from_utf8_lossy(&page).into_owned();
    let value = |name: &str| {
        page.split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
            .to_owned()
    };
    let body = format!(
        "csrf={}&once={}&next=&email={}&password={}",
        value("csrf"),
        value("once"),
        email.replace('@', "%40"),
        password.replace(' ', "+")
    );
    let request = format!(
        "POST /login HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    wire.ask(request.as_bytes());
    let head = String::from_utf8_lossy(&wire.head).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    // An On-Prem server has a name of its own for it.
    let cookie = head.lines().find_map(|line| {
        let named = line.to_lowercase();
        ["", "on-prem-"]
            .iter()
            .any(|edition| named.starts_with(&format!("set-cookie: __host-{edition}session=")))
            .then(|| line[12..].split(';').next().unwrap_or_default().to_owned())
    });
    (status, cookie.unwrap_or_default())
}

/// One kept connection.
pub struct Wire {
    pub stream: TcpStream,
    pub rest: Vec<u8>,
    pub head: Vec<u8>,
}

impl Wire {
    pub fn open(port: u16) -> Self {
        Self::over(
            TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))
                .expect("the server takes connections"),
        )
    }

    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self {
            stream,
            rest: Vec::new(),
            head: Vec::new(),
        }
    }

    pub fn ask(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.try_ask(request).expect("an answer")
    }

    /// Sends a request and reads one answer with a content-length, or in chunks.
    pub fn try_ask(&mut self, request: &[u8]) -> Option<(u16, Vec<u8>)> {
        self.stream.write_all(request).ok()?;
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        self.head = self.rest.drain(..end).collect();
        let head = String::from_utf8_lossy(&self.head).to_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| {
            line.strip_prefix("content-length: ")?
                .trim()
                .parse::<usize>()
                .ok()
        });
        let body = if let Some(length) = length {
            while self.rest.len() < length {
                self.more()?;
            }
            self.rest.drain(..length).collect()
        } else if head.contains("transfer-encoding: chunked") {
            let mut body = Vec::new();
            loop {
                while !self.rest.windows(2).any(|w| w == b"\r\n") {
                    self.more()?;
                }
                let line = self.rest.windows(2).position(|w| w == b"\r\n")?;
                let size =
                    usize::from_str_radix(std::str::from_utf8(&self.rest[..line]).ok()?.trim(), 16).ok()?;
                while self.rest.len() < line + 2 + size + 2 {
                    self.more()?;
                }
                body.extend_from_slice(&self.rest[line + 2..line + 2 + size]);
                self.rest.drain(..line + 2 + size + 2);
                if size == 0 {
                    break body;
                }
            }
        } else {
            Vec::new()
        };
        Some((status, body))
    }

    pub fn more(&mut self) -> Option<()> {
        let mut some = [0; 65_536];
        let read = self.stream.read(&mut some).ok().filter(|n| *n > 0)?;
        self.rest.extend_from_slice(&some[..read]);
        Some(())
    }
}

/// Asks over and over on several connections; prints a line; returns the rate.
pub fn measure(name: &str, port: u16, child: &Child, request: &[u8], limit: Option<f64>) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let waits = Arc::new(Mutex::new(Vec::new()));
    let before = cpu(child);
    let started = Instant::now();
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (stop, waits, request) = (stop.clone(), waits.clone(), request.to_vec());
            std::thread::spawn(move || {
                let mut wire = Wire::open(port);
                let mut own = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let (status, _) = wire.ask(&request);
                    assert_eq!(status, 200, "a workload must be answered with 200");
                    own.push(asked.elapsed());
                }
                waits.lock().unwrap().extend(own);
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(SECONDS));
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    let took = started.elapsed().as_secs_f64();
    let mut waits = waits.lock().unwrap().clone();
    waits.sort_unstable();
    let rate = waits.len() as f64 / took;
    let at = |part: f64| waits[((waits.len() as f64 - 1.0) * part) as usize].as_secs_f64() * 1000.0;
    let per_request = (cpu(child) - before) * 1_000_000.0 / waits.len() as f64;
    let ratio = limit.map_or_else(|| "1".to_owned(), |limit| format!("{:.3}", rate / limit));
    println!(
        "| {name} | {rate:.0} | {ratio} | {:.2} | {:.2} | {per_request:.0} |",
        at(0.5),
        at(0.99)
    );
    rate
}

/// Seconds of processor time that a process has used.
pub fn cpu(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default().to_owned();
    let field = |n: usize| {
        after
            .split_whitespace()
            .nth(n)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    // Clock ticks are a hundredth of a second on Linux.
    (field(11) + field(12)) / 100.0
}

/// Resident memory of a process in KiB.
pub fn memory(child: &Child) -> u64 {
    memory_of(child.id())
}

pub fn memory_of(id: u32) -> u64 {
    of_status(id, "VmRSS:")
}

/// The most that it ever had, with the files that it has mapped.
pub fn most_memory_of(id: u32) -> u64 {
    of_status(id, "VmHWM:")
}

/// Without the files that it has mapped.
pub fn own_memory_of(id: u32) -> u64 {
    of_status(id, "RssAnon:")
}

fn of_status(id: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The most memory that a process has while this is watched.
pub struct Peak {
    most: Arc<AtomicU64>,
    own: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    watcher: std::thread::JoinHandle<()>,
}

impl Peak {
    pub fn of(process: u32) -> Self {
        let (most, own) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let is_over = Arc::new(AtomicBool::new(false));
        let watcher = {
            let (most, own, is_over) = (most.clone(), own.clone(), is_over.clone());
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(memory_of(process), Ordering::Relaxed);
                    own.fetch_max(own_memory_of(process), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(10));
                }
            })
        };
        Self {
            most,
            own,
            is_over,
            watcher,
        }
    }
    /// In MB: its own, and with the pages of the database's file that it has mapped, which the system takes back at will.
    pub fn end(self) -> String {
        self.is_over.store(true, Ordering::Relaxed);
        self.watcher.join().unwrap();
        let mb = |kib: &AtomicU64| kib.load(Ordering::Relaxed) / 1024;
        format!("{} ({} with mapped pages)", mb(&self.own), mb(&self.most))
    }
}

/// How long a page takes to whoever asks for it again and again, with 20 ms of thought, while something else goes on.
pub fn reading(portal: &Portal, cookie: &str, path: &str, work: impl FnOnce()) -> String {
    let reader = Reader::begin(portal.port, cookie, path);
    work();
    reader.end()
}

/// Whoever asks for a page again and again.
pub struct Reader {
    is_over: Arc<AtomicBool>,
    reads: std::thread::JoinHandle<Vec<Duration>>,
}

impl Reader {
    pub fn begin(port: u16, cookie: &str, path: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, request) = (is_over.clone(), get(path, cookie, port));
        let reads = std::thread::spawn(move || {
            let mut wire = Wire::open(port);
            let mut waits = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                let asked = Instant::now();
                assert_eq!(wire.ask(&request).0, 200);
                waits.push(asked.elapsed());
                std::thread::sleep(Duration::from_millis(20));
            }
            waits
        });
        Self { is_over, reads }
    }

    /// How long the pages took.
    pub fn end(self) -> String {
        self.is_over.store(true, Ordering::Relaxed);
        let mut waits = self.reads.join().unwrap();
        waits.sort_unstable();
        let at = |part: f64| waits[((waits.len() as f64 - 1.0) * part) as usize].as_secs_f64() * 1000.0;
        format!(
            "p50 {:.1} ms, p99 {:.1} ms of {} pages",
            at(0.5),
            at(0.99),
            waits.len()
        )
    }
}
