//! Puts the portal together: every room's routes, jobs, letters and refusal codes, listed.

use crate::authn::Hasher;
use crate::error::Error;
use crate::http::{Portal, Routes, health, openapi};
use crate::kernel::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::{Job, Jobs};
use crate::platform::mail::{Letters, Postman, Transport};
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use crate::platform::settings;
use crate::platform::signing::Signing;
use crate::{
    access_requests, account_requests, alerts, authn, catalog, device_managers, devices, events, home,
    identity, licenses, members, onprem, orders, simulator, smart_accounts, sync, tokens, virtual_accounts,
};
use chrono::TimeDelta;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Every route of the portal.
pub fn routes() -> Routes {
    let mut routes = Routes::new();
    health::routes(&mut routes);
    home::routes(&mut routes);
    identity::routes(&mut routes);
    smart_accounts::routes(&mut routes);
    virtual_accounts::routes(&mut routes);
    members::routes(&mut routes);
    access_requests::routes(&mut routes);
    account_requests::routes(&mut routes);
    orders::routes(&mut routes);
    catalog::routes(&mut routes);
    licenses::routes(&mut routes);
    // Before the tokens: the menu has its groups in this order.
    devices::routes(&mut routes);
    device_managers::routes(&mut routes);
    sync::routes(&mut routes);
    tokens::routes(&mut routes);
    alerts::routes(&mut routes);
    events::routes(&mut routes);
    simulator::routes(&mut routes);
    routes
}

/// Every kind of letter.
pub fn letters() -> Letters {
    let mut letters = Letters::default();
    identity::letters(&mut letters);
    access_requests::letters(&mut letters);
    members::letters(&mut letters);
    smart_accounts::letters(&mut letters);
    account_requests::letters(&mut letters);
    orders::letters(&mut letters);
    alerts::letters(&mut letters);
    letters
}

/// Every room that keeps things in Virtual Accounts: asked before one is deleted or made the default.
pub fn occupants() -> Occupants {
    let mut occupants = Occupants::default();
    occupants.add(members::Groups);
    occupants.add(licenses::Licenses);
    occupants.add(tokens::Tokens);
    occupants.add(devices::Devices);
    occupants.add(device_managers::DeviceManagers);
    occupants
}

/// Every code with which a rule refuses, and when.
pub fn refusals() -> Vec<(&'static str, &'static str)> {
    let mut codes = vec![
        (
            "api.scope",
            "The API client may only read, and this changes something.",
        ),
        (
            "view-as.read-only",
            "The portal is seen as another role, and this changes something.",
        ),
        (
            "smart-account.inactive",
            "The Smart Account is Inactive: it can be read and not changed.",
        ),
        (
            "mail.not-given-up",
            "Only a letter that was given up can be queued again.",
        ),
        (
            "people.address-taken",
            "The e-mail address has a user account already.",
        ),
        ("people.not-invited", "The user account has been set up already."),
    ];
    for room in [
        identity::REFUSALS,
        smart_accounts::REFUSALS,
        members::REFUSALS,
        access_requests::REFUSALS,
        virtual_accounts::REFUSALS,
        account_requests::REFUSALS,
        licenses::REFUSALS,
        orders::REFUSALS,
        tokens::REFUSALS,
        devices::REFUSALS,
        device_managers::REFUSALS,
        sync::REFUSALS,
        sync::format::REFUSALS,
        simulator::REFUSALS,
        onprem::REFUSALS,
    ] {
        codes.extend_from_slice(room);
    }
    codes.sort_unstable();
    codes
}

/// What the API is: the same for every portal of this program, and not needed until somebody asks.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document(&routes(), &refusals()).to_string());

/// A portal that is ready to be served.
pub struct Parts {
    /// What handlers reach.
    pub portal: Portal,
    /// What they are registered under.
    pub routes: Arc<Routes>,
}

/// Puts a portal together on an open database.
pub fn build(
    config: Config,
    db: Db,
    clock: Clock,
    transport: Transport,
    signing: Signing,
) -> Result<Parts, String> {
    let signing = Arc::new(signing);
    let from = config
        .mail_from
        .parse()
        .map_err(|_| "LICENTRAL_MAIL_FROM cannot be read".to_owned())?;
    let postman = Postman::new(
        db.clone(),
        clock.clone(),
        letters(),
        transport,
        signing.clone(),
        config.base_url.clone(),
        from,
    );
    let letters = Arc::new(AtomicU64::new(0));
    let progress = Progress::default();
    let jobs = Jobs::new(jobs(
        &config, &db, &clock, &postman, &letters, &signing, &progress,
    ));
    let mut routes = routes();
    let refusals = refusals();
    let menu = routes.take_menu();
    let portal = Portal {
        config: Arc::new(config),
        db,
        clock,
        signing,
        hasher: Hasher::start(),
        jobs,
        progress,
        menu: Arc::new(menu),
        routes: Arc::new(routes.list()),
        openapi: &DOCUMENT,
        letters,
        occupants: occupants(),
        refusals: Arc::new(refusals),
    };
    Ok(Parts {
        portal,
        routes: Arc::new(routes),
    })
}

/// What the portal does by itself. The order matters where one leads to another: what is due by the
/// clock first, then the letters that come of it.
fn jobs(
    config: &Config,
    db: &Db,
    clock: &Clock,
    postman: &Postman,
    letters: &Arc<AtomicU64>,
    signing: &Arc<Signing>,
    progress: &Progress,
) -> Vec<Job> {
    let mut jobs = Vec::new();
    if config.is_lab() {
        jobs.push(Job::by_clock(
            "follow the clock",
            Duration::from_millis(500),
            db,
            clock,
            |db, clock| async move { settings::follow_clock(&db, &clock).await.map(drop) },
        ));
    }
    jobs.extend(access_requests::jobs(db, clock));
    jobs.extend(members::jobs(db, clock));
    jobs.extend(account_requests::jobs(db, clock));
    jobs.extend(licenses::jobs(db, clock));
    jobs.extend(orders::jobs(db, clock));
    jobs.extend(devices::jobs(db, clock));
    jobs.extend(device_managers::jobs(db, clock));
    jobs.extend(sync::jobs(db, clock, signing, progress));
    jobs.extend(alerts::jobs(db, clock));
    let postman = postman.clone();
    jobs.push(Job::new("deliver letters", Duration::from_secs(1), move || {
        let postman = postman.clone();
        async move { postman.deliver().await }
    }));
    if config.is_lab() {
        jobs.extend(simulator::jobs(db, letters));
    }
    jobs.push(Job::by_clock("sweep", Duration::from_mins(5), db, clock, sweep));
    jobs
}

async fn sweep(db: Db, clock: Clock) -> Result<(), Error> {
    let (now, wall) = (clock.now(), clock.wall());
    db.housekeeping(move |tx| {
        authn::session::sweep(tx, wall)?;
        authn::throttle::sweep(tx, wall)?;
        tx.forget_once_before(now.plus(TimeDelta::hours(-72)))
    })
    .await
    .map(drop)
}
