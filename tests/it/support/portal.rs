//! A portal for one test: its own database, its own clock, its own server, letters into memory.

use super::{Database, Fingerprint, Mail, Watch, log};
use actix_web::dev::ServerHandle;
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::app;
use licentral::http::routes::Listed;
use licentral::http::server;
use licentral::kernel::Clock;
use licentral::kernel::clock::Setting;
use licentral::platform::config::{Config, Limits, MailRoute, Mode};
use licentral::platform::db::schema::events;
use licentral::platform::db::{Db, Reads};
use licentral::platform::mail::{Mailbox, Transport};
use licentral::platform::signing::Signing;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// A running portal. Dropping it stops the server and removes the database, and fails the test when the
/// portal has logged an error.
pub struct Portal {
    /// What its handlers reach: database, clock, signing, routes.
    pub parts: licentral::http::Portal,
    /// Its database, for asking directly.
    pub db: Db,
    /// Steers it.
    pub clock: Clock,
    /// Where it answers, without a slash at the end.
    pub base: String,
    /// Decides whether letters get through.
    pub mailbox: Mailbox,
    /// Ids of all requests that were made through our browsers.
    pub(super) requests: Arc<Mutex<Vec<String>>>,
    pub(super) agent: ureq::Agent,
    errors_are_wanted: bool,
    server: Option<(ServerHandle, JoinHandle<()>)>,
    // Last, so that it is dropped when everything else has let go.
    database: Option<Database>,
}

/// A line of the record.
#[derive(Debug, Clone, Queryable)]
pub struct EventRow {
    pub kind: String,
    pub outcome: String,
    pub account: Option<String>,
    pub virtual_account: Option<String>,
    pub message: String,
    pub actor: String,
    pub about: String,
    pub detail: String,
}

impl Portal {
    /// A lab on a fresh database.
    pub fn start() -> Self {
        Self::start_as(|_| {})
    }

    /// The same with other settings.
    pub fn start_as(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(Database::fresh(), change)
    }

    /// The same on a database that is there already.
    pub fn start_on(database: Database, change: impl FnOnce(&mut Config)) -> Self {
        log::collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let base = format!("http://{at}");
        let key_file = database.folder.join("licentral.key");
        let mut config = Config {
            edition: licentral::kernel::Edition::Cloud,
            neighbour: None,
            mode: Mode::Lab,
            listen: at,
            base_url: base.clone(),
            tls: None,
            database_url: database.url.clone(),
            read_database_url: None,
            scenario: "empty".to_owned(),
            mail: MailRoute::Mailbox,
            mail_from: "Licentral <no-reply@licentral.example>".to_owned(),
            key_file: key_file.clone(),
            metrics_listen: None,
            trusted_proxies: Vec::new(),
            vendor_hosts: Vec::new(),
            reach: licentral::platform::reach::Reach::new(true, Vec::new()),
            accept_device_codes: false,
            sync_records: licentral::platform::config::SYNC_RECORDS,
            keeps_pages: super::keeps_pages(),
            needs_second_factor: false,
            identity_provider: None,
            quotas: Default::default(),
            retention: Default::default(),
            traces: None,
            log: "off".to_owned(),
            limits: Limits {
                // A test tells by itself how small.
                connections: 4096,
                ..Limits::default()
            },
        };
        change(&mut config);
        let db = Db::open(&database.url).unwrap();
        let clock = Clock::new();
        let mailbox = Mailbox::default();
        let signing = Signing::open(&key_file, true, &config.base_url).unwrap();
        let parts = app::build(
            config,
            db.clone(),
            clock.clone(),
            Transport::Memory(mailbox.clone()),
            signing,
        )
        .unwrap();
        let (portal, routes) = (parts.portal.clone(), parts.routes);
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = server::build(portal, routes, listener).unwrap();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = told.recv().expect("the server did not start");
        let agent = super::browser::agent();
        Self {
            parts: parts.portal,
            db,
            clock,
            base,
            mailbox,
            requests: Arc::default(),
            agent,
            errors_are_wanted: false,
            server: Some((handle, thread)),
            database: Some(database),
        }
    }

    /// Every route that there is.
    pub fn routes(&self) -> Vec<Listed> {
        self.parts.routes.as_ref().clone()
    }

    /// Whether there is such a route (`{parameters}` as they are written in the list).
    pub fn has_route(&self, method: &str, path: &str) -> bool {
        self.parts
            .routes
            .iter()
            .any(|r| r.method == method && r.path == path)
    }

    /// Runs everything that the portal does by itself, once, now: deadlines first, then letters.
    pub fn run_jobs(&self) {
        actix_web::rt::Runtime::new()
            .unwrap()
            .block_on(self.parts.jobs.run_all());
    }

    /// The letters that have gone out. Runs the jobs first, so that what waits is among them.
    pub fn mail(&self) -> Mail {
        self.run_jobs();
        Mail(self.mailbox.clone())
    }

    /// Moves portal time on, as the lab's page does: kept with the data, so that the job that follows the
    /// clock does not turn it back. Wall time stays: nobody is signed out.
    pub fn advance(&self, by: TimeDelta) {
        self.set_clock(self.clock.advanced(by));
    }

    /// Stops portal time.
    pub fn freeze(&self) {
        self.set_clock(Setting::Frozen { at: self.clock.now() });
    }

    fn set_clock(&self, setting: Setting) {
        let text = serde_json::to_string(&setting).unwrap();
        self.db
            .housekeeping_now(|tx| {
                licentral::platform::settings::set(tx, licentral::platform::settings::CLOCK, &text)
            })
            .unwrap();
        self.clock.set(setting);
    }

    /// Moves wall time on: for sessions, throttles and the retries of letters.
    pub fn advance_wall(&self, by: TimeDelta) {
        self.clock.advance_wall(by);
    }

    /// The record, the oldest line first.
    pub fn events(&self) -> Vec<EventRow> {
        self.db
            .read_now(|r| {
                Ok(events::table
                    .order(events::id.asc())
                    .select((
                        events::kind,
                        events::outcome,
                        events::smart_account_id,
                        events::virtual_account_id,
                        events::message,
                        events::actor,
                        events::about,
                        events::detail,
                    ))
                    .load(r.conn())?)
            })
            .unwrap()
    }

    /// The lines of one kind (`account-request.sent`).
    pub fn events_of(&self, kind: &str) -> Vec<EventRow> {
        self.events().into_iter().filter(|e| e.kind == kind).collect()
    }

    /// From now on nothing can be written, as on a full or a read-only disk.
    pub fn stop_writing(&self) {
        use diesel::connection::SimpleConnection;
        use licentral::platform::db::Conn;
        self.db
            .housekeeping_now(|tx| {
                match tx.conn() {
                    Conn::Sqlite(c) => c.batch_execute("PRAGMA query_only = ON"),
                    Conn::Postgres(c) => c.batch_execute(
                        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
                    ),
                }?;
                Ok(())
            })
            .unwrap();
        // It holds for new connections, so the old ones end, this one with them.
        let _ = self.db.read_now(|r| {
            if let Conn::Postgres(c) = r.conn() {
                c.batch_execute(
                    "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() ORDER BY pid = pg_backend_pid()) AS backends",
                )?;
            }
            Ok(())
        });
    }

    /// Everything that is in the database, for comparing before and after.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::take(&self.db)
    }

    /// Watches that nothing changes.
    pub fn watch(&self) -> Watch {
        Watch::begin(&self.db)
    }

    /// The address of the database, for other processes.
    pub fn database_url(&self) -> &str {
        &self.database.as_ref().unwrap().url
    }

    /// Stops the portal and leaves its database, for another to go on with.
    pub fn leave(mut self) -> Database {
        self.stop();
        self.database.take().unwrap()
    }

    /// This test provokes errors in the log: they are no failure.
    pub fn expect_errors(&mut self) {
        self.errors_are_wanted = true;
    }

    fn stop(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            actix_web::rt::Runtime::new()
                .unwrap()
                .block_on(handle.stop(false));
            let _ = thread.join();
        }
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.stop();
        let ours = self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let errors = log::take(&ours);
        let fine = errors.is_empty() || self.errors_are_wanted || std::thread::panicking();
        assert!(fine, "the portal logged errors: {errors:#?}");
    }
}
