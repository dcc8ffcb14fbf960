//! A PostgreSQL server of a test's own, whose settings it may change.

use super::repository;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Stops when it is dropped.
pub struct Server {
    child: Child,
    /// Of the database that every server has; with user and without password.
    pub url: String,
}

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = diesel::sql_types::Text)]
    word: String,
}

impl Server {
    /// Starts one as `tests/with-postgres` does.
    pub fn start() -> Self {
        let mut child = Command::new(repository().join("tests/with-postgres"))
            .args(["sh", "-c", "echo \"$TEST_DATABASE_URL\"; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let url = said
            .lines()
            .map_while(Result::ok)
            .find(|line| line.starts_with("postgres://"))
            .expect("the server did not start");
        Self { child, url }
    }

    pub fn port(&self) -> u16 {
        url::Url::parse(&self.url).unwrap().port().unwrap()
    }

    /// Carries out statements, one at a time: some may not stand beside others.
    pub fn ask(&self, statements: &[&str]) {
        ask(&self.url, statements);
    }

    /// The one word that a query yields as `word`.
    pub fn word(&self, query: &str) -> String {
        word(&self.url, query)
    }

    /// A standby of this server, or of one on another port that came of it.
    pub fn standby_of(&self, port: u16, name: &str) -> Standby<'_> {
        let data = self.word("SELECT current_setting('data_directory') AS word");
        let own = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let standby = Standby {
            lender: self,
            programs: self.word("SELECT setting AS word FROM pg_config WHERE name = 'BINDIR'"),
            folder: format!("{data}-{name}"),
            port: own,
            url: self
                .url
                .replace(&format!(":{}/", self.port()), &format!(":{own}/")),
        };
        standby.run(&format!(
            "{}/pg_basebackup -D {} -R -X stream -c fast -h 127.0.0.1 -p {port} -U postgres",
            standby.programs, standby.folder
        ));
        standby.start();
        standby
    }

    /// Writes a file that belongs to the server's user and is read by nobody else.
    pub fn write(&self, path: &str, text: &str) {
        let lines: Vec<String> = text.lines().map(|line| format!("'{line}'")).collect();
        self.ask(&[&format!(
            "COPY (SELECT unnest(ARRAY[{}])) TO PROGRAM 'umask 077; cat > {path}'",
            lines.join(",")
        )]);
    }

    /// Changes settings, and waits until they are in force for those who connect now.
    pub fn set(&self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.ask(&[&format!("ALTER SYSTEM SET {name} = '{value}'")]);
        }
        self.ask(&["SELECT pg_reload_conf()"]);
        let begun = std::time::Instant::now();
        for (name, value) in settings {
            let shown = format!("SELECT current_setting('{name}') AS word");
            while self.word(&shown) != *value {
                assert!(begun.elapsed().as_secs() < 60, "{name} does not become {value}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        // Connections that stand look when they are next idle.
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// A server that follows another one. Stops when it is dropped.
pub struct Standby<'s> {
    /// Its user starts and stops this one.
    lender: &'s Server,
    programs: String,
    folder: String,
    pub port: u16,
    pub url: String,
}

impl Standby<'_> {
    fn run(&self, command: &str) {
        let command = format!("cat > /dev/null; {command}").replace('\'', "''");
        self.lender
            .ask(&[&format!("COPY (SELECT 1) TO PROGRAM '{command}'")]);
    }

    pub fn start(&self) {
        let (folder, port) = (&self.folder, self.port);
        self.run(&format!(
            "{}/pg_ctl -w -t 30 -D {folder} -l {folder}.log -o '-p {port} -c listen_addresses=127.0.0.1 \
             -c unix_socket_directories={folder} -c max_connections=200 -c fsync=off -c jit=off' start > /dev/null",
            self.programs
        ));
    }

    /// At once, as if its computer had gone.
    pub fn stop(&self) {
        self.run(&self.stopping());
    }

    /// Starts it again as a server that follows nobody and writes by itself, or as a standby.
    pub fn start_alone(&self, is_alone: bool) {
        self.stop();
        let command = if is_alone { "rm" } else { "touch" };
        self.run(&format!("{command} {}/standby.signal", self.folder));
        self.start();
    }

    fn stopping(&self) -> String {
        let (programs, folder) = (&self.programs, &self.folder);
        format!("{programs}/pg_ctl -D {folder} -m immediate stop > /dev/null")
    }

    pub fn ask(&self, statements: &[&str]) {
        ask(&self.url, statements);
    }

    pub fn word(&self, query: &str) -> String {
        word(&self.url, query)
    }
}

impl Drop for Standby<'_> {
    fn drop(&mut self) {
        if let Ok(mut c) = PgConnection::establish(&self.lender.url) {
            let stop = format!(
                "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null; {}'",
                self.stopping()
            );
            let _ = c.batch_execute(&stop);
        }
    }
}

fn ask(url: &str, statements: &[&str]) {
    let mut c = PgConnection::establish(url).unwrap();
    for statement in statements {
        c.batch_execute(statement)
            .unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}

fn word(url: &str, query: &str) -> String {
    let mut c = PgConnection::establish(url).unwrap();
    let found: Word = diesel::sql_query(query).get_result(&mut c).unwrap();
    found.word
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
