//! A PostgreSQL server of a test's own, whose settings it may change.

use super::repository;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};
use std::io::{BufRead, BufReader};
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
        let mut c = PgConnection::establish(&self.url).unwrap();
        for statement in statements {
            c.batch_execute(statement)
                .unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
    }

    /// The one word that a query yields as `word`.
    pub fn word(&self, query: &str) -> String {
        let mut c = PgConnection::establish(&self.url).unwrap();
        let found: Word = diesel::sql_query(query).get_result(&mut c).unwrap();
        found.word
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
                assert!(begun.elapsed().as_secs() < 10, "{name} does not become {value}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        // Connections that stand look when they are next idle.
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
