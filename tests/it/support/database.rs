//! A fresh database for each test: a copy of one that was migrated once per run.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use licentral::platform::db::migrate;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The address of the PostgreSQL server on which the tests may make databases; none for SQLite.
pub fn postgres() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one setting of the tests")]
    std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

/// Where the source of the portal lies.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A database of its own; gone when it is dropped, with the folder beside it.
pub struct Database {
    /// As `DATABASE_URL` has it.
    pub url: String,
    /// For whatever else a test writes.
    pub folder: PathBuf,
    dropped_on: Option<(String, String)>,
}

impl Database {
    /// At the current schema and without any data.
    pub fn fresh() -> Self {
        Self::from(&template().place)
    }

    /// Without even a schema.
    pub fn empty() -> Self {
        Self::from("")
    }

    /// A SQLite file at the current schema, whatever the other tests run on.
    pub fn sqlite() -> Self {
        template();
        let (_, folder) = next_folder();
        let url = format!("sqlite://{}", folder.join("licentral.db").display());
        migrate::run(&url).unwrap();
        Self {
            url,
            folder,
            dropped_on: None,
        }
    }

    /// What the program before has made (`tests/fixtures/before`), as it was left, with its key: "cloud" or "on-prem".
    pub fn before(name: &str) -> Self {
        if postgres().is_none() {
            return Self::before_in_sqlite(name);
        }
        let database = Self::empty();
        let dump = String::from_utf8(unpacked(&format!("{name}.sql.gz"))).unwrap();
        PgConnection::establish(&database.url)
            .unwrap()
            .batch_execute(&dump)
            .unwrap();
        database.with_key(name)
    }

    /// The same as a SQLite file, whatever the other tests run on.
    pub fn before_in_sqlite(name: &str) -> Self {
        template();
        let (_, folder) = next_folder();
        let file = folder.join("licentral.db");
        std::fs::write(&file, unpacked(&format!("{name}.db.gz"))).unwrap();
        let database = Self {
            url: format!("sqlite://{}", file.display()),
            folder,
            dropped_on: None,
        };
        database.with_key(name)
    }

    fn with_key(self, name: &str) -> Self {
        let key = fixtures().join(format!("{name}.key"));
        std::fs::copy(key, self.folder.join("licentral.key")).unwrap();
        self
    }

    /// All of it in the one place from which it can be copied. Nobody may have it open.
    pub fn at_rest(self) -> Self {
        if let Some(file) = self.url.strip_prefix("sqlite://") {
            put_to_rest(Path::new(file));
        }
        self
    }

    /// Another with the same data and the same key, from one that is at rest.
    pub fn copy(&self) -> Self {
        let place = match &self.dropped_on {
            Some((_, name)) => name,
            None => self.url.trim_start_matches("sqlite://"),
        };
        let copy = Self::from(place);
        let key = "licentral.key";
        std::fs::copy(self.folder.join(key), copy.folder.join(key)).unwrap();
        copy
    }

    /// A copy of a file or of a database with this name; of nothing when there is no name.
    fn from(place: &str) -> Self {
        // Sweeps, too, which has to come before anything is made.
        template();
        let (number, folder) = next_folder();
        if let Some(server) = postgres() {
            let name = format!("{}_{number}", prefix());
            let from = if place.is_empty() { "template0" } else { place };
            ask_server(
                &server,
                &format!("CREATE DATABASE {name} TEMPLATE {from} {}", by_files(&server)),
            );
            return Self {
                url: beside(&server, &name),
                folder,
                dropped_on: Some((server, name)),
            };
        }
        let file = folder.join("licentral.db");
        if !place.is_empty() {
            std::fs::copy(place, &file).unwrap();
        }
        Self {
            url: format!("sqlite://{}", file.display()),
            folder,
            dropped_on: None,
        }
    }
}

fn fixtures() -> PathBuf {
    repository().join("tests/fixtures/before")
}

/// A packed file of `tests/fixtures/before`.
pub fn unpacked(name: &str) -> Vec<u8> {
    let file = std::fs::File::open(fixtures().join(name)).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.dropped_on
            && let Ok(mut c) = PgConnection::establish(server)
        {
            let _ = c.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn next_folder() -> (u32, PathBuf) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = run_folder().join(number.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    (number, folder)
}

struct Template {
    /// A file, or the name of a database.
    place: String,
}

/// Migrated once per run. What earlier runs left behind is swept first.
fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        sweep_folders();
        if let Some(server) = postgres() {
            sweep_server(&server);
            let name = format!("{}_template", prefix());
            ask_server(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
            migrate::run(&beside(&server, &name)).unwrap();
            return Template { place: name };
        }
        let file = run_folder().join("template.db");
        migrate::run(&format!("sqlite://{}", file.display())).unwrap();
        put_to_rest(&file);
        Template {
            place: file.to_string_lossy().into_owned(),
        }
    })
}

/// Into the one file, so that it can be copied.
fn put_to_rest(file: &Path) {
    let began = std::time::Instant::now();
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    loop {
        match conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;") {
            Ok(()) => return,
            // A portal that was just left may be closing its last connection still.
            Err(error) if error.to_string().contains("locked") && began.elapsed().as_secs() < 10 => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            Err(error) => panic!("{}: {error}", file.display()),
        }
    }
}

/// How a database is copied in half the time. Servers before 15 know no other way.
fn by_files(server: &str) -> &'static str {
    static WAY: OnceLock<&str> = OnceLock::new();
    WAY.get_or_init(|| {
        let mut c = PgConnection::establish(server).unwrap();
        let version: Named = diesel::sql_query("SELECT current_setting('server_version_num') AS name")
            .get_result(&mut c)
            .unwrap();
        let knows = version.name.parse::<u32>().is_ok_and(|number| number >= 150_000);
        if knows { "STRATEGY FILE_COPY" } else { "" }
    })
}

fn ask_server(server: &str, statement: &str) {
    // Two tests that copy one template at once may meet; the server then asks for another try.
    for attempt in 0.. {
        let result = PgConnection::establish(server).unwrap().batch_execute(statement);
        match result {
            Err(error) if attempt < 50 && error.to_string().contains("being accessed") => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => return other.unwrap_or_else(|e| panic!("{statement}: {e}")),
        }
    }
}

/// The same server, another database.
fn beside(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    url.to_string()
}

fn prefix() -> String {
    format!("licentral_t_{}", std::process::id())
}

fn runs_folder() -> PathBuf {
    std::env::temp_dir().join("licentral-it")
}

fn run_folder() -> PathBuf {
    let folder = runs_folder().join(std::process::id().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn lives(process: &str) -> bool {
    Path::new("/proc").join(process).exists()
}

fn sweep_folders() {
    for entry in std::fs::read_dir(runs_folder()).into_iter().flatten().flatten() {
        if !lives(&entry.file_name().to_string_lossy()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn sweep_server(server: &str) {
    let mut c = PgConnection::establish(server).expect("TEST_DATABASE_URL names no server that answers");
    let left: Vec<Named> = diesel::sql_query(
        "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'licentral\\_t\\_%'",
    )
    .load(&mut c)
    .unwrap();
    for Named { name } in left {
        if !name.split('_').nth(2).is_some_and(lives) {
            let _ = c.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
