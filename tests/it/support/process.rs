//! The real program, as people start it.

use super::{Browser, Database};
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The program, without anything of our own environment that it might read.
pub fn program(arguments: &[&str], folder: &Path) -> Command {
    another_program(Path::new(env!("CARGO_BIN_EXE_licentral")), arguments, folder)
}

/// The same with a program that was built from another commit.
fn another_program(program: &Path, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    for name in [
        "DATABASE_URL",
        "LICENTRAL_READ_DATABASE_URL",
        "LICENTRAL_MODE",
        "LICENTRAL_LISTEN",
        "LICENTRAL_BASE_URL",
        "LICENTRAL_SCENARIO",
        "LICENTRAL_SMTP_URL",
        "LICENTRAL_KEY_FILE",
    ] {
        command.env_remove(name);
    }
    // Where somebody watches whatever runs the tests, our spans are none of theirs.
    command.env("OTEL_SDK_DISABLED", "true");
    // Tests that want the other portal of a lab start it themselves.
    command.env("LICENTRAL_ON_PREM_LISTEN", "off");
    command
}

/// Runs the program to its end. Whether it was content, and what it said.
pub fn licentral(arguments: &[&str], folder: &Path) -> (bool, String) {
    let mut child = program(arguments, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let outputs = [
        all_of(child.stdout.take().unwrap()),
        all_of(child.stderr.take().unwrap()),
    ];
    // Whoever should have refused and serves instead would be waited for without end.
    let until = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it does not end: {arguments:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let words = outputs.map(|output| output.join().unwrap()).concat();
    (status.success(), String::from_utf8_lossy(&words).into_owned())
}

fn all_of(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        output.read_to_end(&mut all).unwrap();
        all
    })
}

/// A lab that another process serves. Dropping it kills the process.
pub struct Process {
    child: Child,
    /// Where it answers.
    pub base: String,
}

impl Process {
    /// Starts the program on a database and waits until it answers. Processes on one database share its
    /// folder, and with it the key file.
    pub fn start(database: &Database, scenario: &str) -> Self {
        Self::start_logging(database, scenario, "warn", Stdio::inherit)
    }

    /// The same, with another level, and to where the log goes.
    pub fn start_logging(database: &Database, scenario: &str, level: &str, log: impl Fn() -> Stdio) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_licentral"));
        Self::started(program, database, (&["serve"], &[]), scenario, level, log)
    }

    /// With these variables in its environment, an empty lab that logs into a file.
    pub fn start_in(database: &Database, environment: &[(&str, &str)], log: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_licentral"));
        let log = || std::fs::File::create(log).unwrap().into();
        Self::started(program, database, (&["serve"], environment), "empty", "info", log)
    }

    /// Names of its threads.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .collect()
    }

    /// With a program that was built from another commit.
    pub fn start_another(program: &Path, database: &Database, scenario: &str) -> Self {
        Self::started(
            program,
            database,
            (&["serve"], &[]),
            scenario,
            "warn",
            Stdio::inherit,
        )
    }

    /// A lab with other flags besides.
    pub fn start_with(database: &Database, more: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_licentral"));
        Self::started(
            program,
            database,
            (&[&["serve"], more].concat(), &[]),
            "empty",
            "warn",
            Stdio::inherit,
        )
    }

    /// An On-Prem server alone, on a database of that edition.
    pub fn start_on_prem(database: &Database) -> Self {
        let key = database.folder.join("licentral.key");
        let command = ["on-prem", "serve", "--key-file", &key.to_string_lossy()];
        let program = Path::new(env!("CARGO_BIN_EXE_licentral"));
        Self::started(
            program,
            database,
            (&command, &[]),
            "empty",
            "warn",
            Stdio::inherit,
        )
    }

    fn started(
        which: &Path,
        database: &Database,
        (command, environment): (&[&str], &[(&str, &str)]),
        scenario: &str,
        level: &str,
        log: impl Fn() -> Stdio,
    ) -> Self {
        // Somebody may take the port between the look and the start.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let listen = format!("127.0.0.1:{port}");
            let options = [
                "--listen",
                &listen,
                "--database-url",
                &database.url,
                "--scenario",
                scenario,
                "--log",
                level,
            ];
            let child = another_program(which, &[command, &options].concat(), &database.folder)
                .envs(environment.iter().copied())
                .stdout(Stdio::null())
                .stderr(log())
                .spawn()
                .unwrap();
            let mut process = Self {
                child,
                base: format!("http://{listen}"),
            };
            if process.answers() {
                return process;
            }
        }
        panic!("the program does not start")
    }

    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        let mut browser = Browser::at(&self.base);
        while begun.elapsed() < Duration::from_secs(60) {
            if browser
                .try_send("GET", "/readyz", &[], None)
                .is_ok_and(|p| p.status == 200)
            {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// As a service manager ends it: it finishes what is under way. Whether it ended well.
    pub fn end(&mut self) -> bool {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(asked.unwrap().success());
        self.child.wait().unwrap().success()
    }

    /// Without a chance to finish anything.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
