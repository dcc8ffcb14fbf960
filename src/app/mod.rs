//! Puts a portal together: the routes, jobs, letters and refusal codes of its rooms. Which rooms an edition has is listed in
//! `cloud` and `on_prem`.

mod cloud;
mod on_prem;
mod retention;

use crate::authn::Hasher;
use crate::authn::provider::Provider;
use crate::error::Error;
use crate::http::connections::Connections;
use crate::http::lab::Lab;
use crate::http::{Portal, Routes, health, openapi, quota};
use crate::kernel::{Clock, Edition};
use crate::platform::calendar::Calendar;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::{Job, Jobs};
use crate::platform::mail::{Letters, Postman, Transport};
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use crate::platform::settings;
use crate::platform::signing::Signing;
use crate::{
    access_requests, account_requests, authn, device_managers, devices, identity, licenses, local_accounts,
    members, orders, simulator, smart_accounts, sync, system_users, tokens, user_accounts, vendor_api,
    virtual_accounts, webhooks,
};
use chrono::TimeDelta;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Every route of an edition.
pub fn routes(edition: Edition) -> Routes {
    let mut routes = Routes::new();
    health::routes(&mut routes);
    match edition {
        Edition::Cloud => cloud::routes(&mut routes),
        Edition::OnPrem => on_prem::routes(&mut routes),
    }
    routes
}

/// Every kind of letter of an edition.
pub fn letters(edition: Edition) -> Letters {
    let mut letters = Letters::default();
    match edition {
        Edition::Cloud => cloud::letters(&mut letters),
        Edition::OnPrem => on_prem::letters(&mut letters),
    }
    letters
}

/// Every room of an edition that keeps things in Virtual Accounts: asked before one is deleted or made the default.
pub fn occupants(edition: Edition) -> Occupants {
    let mut occupants = Occupants::default();
    match edition {
        Edition::Cloud => cloud::occupants(&mut occupants),
        Edition::OnPrem => on_prem::occupants(&mut occupants),
    }
    occupants
}

/// Every room of an edition that has deadlines.
fn calendar(edition: Edition) -> Calendar {
    let mut calendar = Calendar::default();
    match edition {
        Edition::Cloud => cloud::calendar(&mut calendar),
        Edition::OnPrem => on_prem::calendar(&mut calendar),
    }
    calendar
}

/// What becomes of the things that have states, room by room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    [
        smart_accounts::lifecycles(),
        members::lifecycles(),
        access_requests::lifecycles(),
        account_requests::lifecycles(),
        orders::lifecycles(),
        tokens::lifecycles(),
        devices::lifecycles(),
        device_managers::lifecycles(),
        sync::lifecycles(),
        local_accounts::lifecycles(),
    ]
    .concat()
}

/// Every code with which a rule refuses, when, and the way out.
pub fn refusals() -> Vec<crate::error::Coded> {
    let mut codes = vec![
        (
            "api.scope",
            "The API client may only read, and this changes something.",
            "Use an API client with the scope write.",
        ),
        (
            "api.not-subscribed",
            "The API client is not subscribed to the vendor's APIs, and calls one of them.",
            "Use an API client that was made with a subscription.",
        ),
        (
            "view-as.read-only",
            "The portal is seen as another role, and this changes something.",
            "Stop viewing as, then do it.",
        ),
        (
            "smart-account.inactive",
            "The Smart Account is Inactive: it can be read and not changed.",
            "A Smart Account Administrator reactivates the Smart Account in its properties.",
        ),
        (
            "mail.not-given-up",
            "Only a letter that was given up can be queued again.",
            "Wait: when the letter is given up, it can be queued again.",
        ),
        (
            "people.address-taken",
            "The e-mail address has a user account already.",
            "Sign in with that address, or use another one.",
        ),
        (
            "people.not-invited",
            "The user account has been set up already.",
            "Nothing is left to do: the person signs in, or sets a new password by Forgot your password?.",
        ),
    ];
    for room in [
        identity::REFUSALS,
        system_users::REFUSALS,
        user_accounts::REFUSALS,
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
        simulator::GRADED_REFUSALS,
        local_accounts::REFUSALS,
        webhooks::REFUSALS,
        vendor_api::REFUSALS,
    ] {
        codes.extend_from_slice(room);
    }
    codes.sort_unstable();
    codes
}

/// What the API of an edition is: the same for every portal of this program, and not needed until somebody asks.
static DOCUMENTS: [LazyLock<String>; 2] = [
    LazyLock::new(|| openapi::document(&routes(Edition::Cloud), &refusals()).to_string()),
    LazyLock::new(|| openapi::document(&routes(Edition::OnPrem), &refusals()).to_string()),
];

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
    let edition = config.edition;
    let mut limits = config.limits.clone();
    if config.neighbour.is_some() {
        // Two portals in one process share the files that it may open.
        limits.connections /= 2;
    }
    let signing = Arc::new(signing);
    let from = config
        .mail_from
        .parse()
        .map_err(|_| "LICENTRAL_MAIL_FROM cannot be read".to_owned())?;
    let provider = config.identity_provider.as_ref().map(Provider::of).transpose()?;
    let occupants = occupants(edition);
    let lab = Arc::new(Lab::default());
    let postman = Postman::new(
        db.clone(),
        clock.clone(),
        letters(edition),
        transport,
        signing.clone(),
        config.base_url.clone(),
        from,
    )
    .failing_by(lab.faults.clone());
    let letters = Arc::new(AtomicU64::new(0));
    let progress = Progress::default();
    let mut all = jobs(&config, &db, &clock, &postman, &letters, &signing, &progress);
    if config.is_lab() && !edition.is_on_prem() {
        // Before what the clock makes of devices that do not call: where it leaps, those of the fleet have called.
        let taker = devices::policy::Taker::of_cloud(occupants.clone(), signing.clone());
        let fleet = simulator::fleet_job(&db, &clock, &lab.fleet, &taker);
        all.insert(0, fleet);
    }
    if !edition.is_on_prem() {
        let any = config.accept_device_codes;
        all.extend(devices::policy::file_jobs(
            &db, &clock, &occupants, any, &progress,
        ));
    }
    all.extend(webhooks::jobs(&config, &db, &clock, &signing, &lab.faults));
    let beside = Arc::default();
    if config.is_lab() && !config.edition.is_on_prem() {
        all.extend(simulator::graded_jobs(&db, &clock, &beside));
    }
    count_from_nothing(&all);
    let jobs = Jobs::new(all, db.wakes());
    let mut routes = routes(edition);
    let refusals = refusals();
    let menu = routes.take_menu();
    let portal = Portal {
        connections: Connections::new(&limits),
        config: Arc::new(config),
        db,
        clock,
        signing,
        hasher: Hasher::start(),
        provider: provider.map(Arc::new),
        jobs,
        progress,
        menu: Arc::new(menu),
        routes: Arc::new(routes.list()),
        openapi: match edition {
            Edition::Cloud => &DOCUMENTS[0],
            Edition::OnPrem => &DOCUMENTS[1],
        },
        letters,
        kept: Arc::default(),
        quotas: Arc::default(),
        searches: Arc::default(),
        dialect: vendor_api::DIALECT,
        calendar: calendar(edition),
        occupants,
        beside,
        lab,
        refused: Arc::default(),
        refusals: Arc::new(refusals),
    };
    Ok(Parts {
        portal,
        routes: Arc::new(routes),
    })
}

/// Counters with labels are there from the beginning: what has not happened yet is 0 and not unknown.
fn count_from_nothing(jobs: &[Job]) {
    for job in jobs {
        metrics::counter!("licentral_job_failures_total", "job_name" => job.name).increment(0);
    }
    for policy in quota::POLICIES {
        metrics::counter!("licentral_rate_limited_total", "policy" => *policy).increment(0);
    }
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
    // Beside a cloud of the same process the clock is the cloud's, which follows it.
    if config.is_lab() && !(config.edition.is_on_prem() && config.neighbour.is_some()) {
        jobs.push(Job::by_clock(
            "follow the clock",
            Duration::from_millis(500),
            db,
            clock,
            |db, clock| async move { settings::follow_clock(&db, &clock).await.map(drop) },
        ));
    }
    jobs.extend(match config.edition {
        Edition::Cloud => cloud::jobs(db, clock, signing, progress),
        Edition::OnPrem => on_prem::jobs(db, clock, signing, progress),
    });
    let postman = postman.clone();
    jobs.push(Job::new("deliver letters", Duration::from_secs(1), move || {
        let postman = postman.clone();
        async move { postman.deliver().await }
    }));
    if config.is_lab() {
        jobs.extend(simulator::jobs(db, letters));
        if !config.edition.is_on_prem() {
            jobs.extend(simulator::tenant_jobs(db, clock));
        }
    }
    jobs.push(retention::job(config, db, clock));
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
