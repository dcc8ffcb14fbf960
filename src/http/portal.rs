//! What every handler can reach: the parts that `app` has put together.

use super::connections::Connections;
use super::kept::Kept;
use super::lab::Lab;
use super::menu::Menu;
use super::quota::Quotas;
use super::refused::RefusedLog;
use super::routes::Listed;
use super::searches::SearchTurns;
use super::surface::Dialect;
use crate::authn::Hasher;
use crate::authn::provider::Provider;
use crate::kernel::Clock;
use crate::platform::calendar::Calendar;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::Jobs;
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use crate::platform::signing::Signing;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock, OnceLock};

/// The parts of a running portal. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub db: Db,
    /// The connections that are open.
    pub connections: Arc<Connections>,
    /// Both times.
    pub clock: Clock,
    /// Signs and verifies.
    pub signing: Arc<Signing>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// By whom people may sign in besides the portal itself.
    pub provider: Option<Arc<Provider>>,
    /// What the portal does by itself.
    pub jobs: Jobs,
    /// How far it is with what takes a while.
    pub progress: Progress,
    /// The left menu.
    pub menu: Arc<Menu>,
    /// Every route, as `licentral routes` prints it.
    pub routes: Arc<Vec<Listed>>,
    /// The description of the API.
    pub openapi: &'static LazyLock<String>,
    /// How many letters of the lab's mailbox nobody has marked as read; a job counts them.
    pub letters: Arc<AtomicU64>,
    /// Answers that were made already.
    pub kept: Arc<Kept>,
    /// How often programs have called.
    pub quotas: Arc<Quotas>,
    /// Searches of one account take turns.
    pub searches: Arc<SearchTurns>,
    /// The other portal of this process: in a lab, the cloud and its On-Prem server.
    pub beside: Arc<OnceLock<Portal>>,
    /// What a lab does to requests before anybody sees them.
    pub lab: Arc<Lab>,
    /// The rooms that have deadlines.
    pub calendar: Calendar,
    /// The rooms that keep things in Virtual Accounts.
    pub occupants: Occupants,
    /// How scripts of the vendor are understood and answered.
    pub dialect: Dialect,
    /// What this process refused lately.
    pub refused: Arc<RefusedLog>,
    /// Every code with which a rule refuses, and when.
    pub refusals: Arc<Vec<crate::error::Coded>>,
}

impl Portal {
    /// The portals of the lab, the cloud first: this one, and the one beside it.
    pub fn of_the_lab(&self) -> Vec<Self> {
        let mut all: Vec<Self> = std::iter::once(self).chain(self.beside.get()).cloned().collect();
        all.sort_by_key(|one| one.config.edition.is_on_prem());
        all
    }
}
