//! Starts a fleet, carries its calls out, and lets something befall it.

use crate::authn::throttle::{self, Subjects};
use crate::authz::Permit;
use crate::authz::action::{ManageTokens, Operate, ViewInventory};
use crate::catalog;
use crate::devices::calls::{self, Asked, Caller, Credential, Registration};
use crate::devices::policy::payload::{Report, Sent};
use crate::devices::policy::{self, PolicyState, Taker};
use crate::devices::{self, Authorization, Udi};
use crate::error::{Error, Problems, Result};
use crate::http::Portal;
use crate::kernel::ids::{DeviceId, SmartAccountId, UsageReportId};
use crate::kernel::{Clock, Moment, Secret};
use crate::local_accounts::{self, Frequency, LocalAccount, Schedule};
use crate::platform::db::{Db, off_the_loop};
use crate::platform::fleet::{Answer, Call, Fleet, MOST, Running, Trouble, Wanted};
use crate::platform::jobs::Job;
use crate::platform::signing::FileKey;
use crate::tokens::{self, Rights, Terms};
use crate::virtual_accounts;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;

/// So many calls are carried out in one go.
const AT_ONCE: usize = 100;
/// From where they come.
const ADDRESS: &str = "192.0.2.52";
const PID: &str = "C9200-48P-E";
const SOFTWARE: &str = "17.12.4";
/// Devices by policy report this often, and earlier where the policy says so.
const MONTHLY: TimeDelta = TimeDelta::days(30);

/// Only a lab's cloud has a fleet.
pub fn has_one(portal: &Portal) -> Result<()> {
    if portal.config.is_lab() && !portal.config.edition.is_on_prem() {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct Typed<'a> {
    /// Domain of the account.
    pub account: &'a str,
    /// Name of the Virtual Account; the default one when it is empty.
    pub place: &'a str,
    /// How many.
    pub count: &'a str,
    /// Entitlements with =N, between commas.
    pub licenses: &'a str,
    /// In percent.
    pub unrest: &'a str,
    /// How they report.
    pub mode: &'a str,
}

crate::words! {
    /// How the devices of a fleet report.
    pub enum Mode {
        /// They are registered.
        Registered = "sl", "SL: registered";
        /// They sign usage reports, and are not registered.
        ByPolicy = "slp", "SLP: by policy";
    }
}

/// Reads it; names everything that is wrong.
pub fn read(typed: &Typed<'_>) -> Result<Wanted> {
    let mut problems = Problems::default();
    let within = |typed: &str, or: u32, most: u32, says: String| match typed.trim() {
        "" => Ok(or),
        typed => typed.parse::<u32>().ok().filter(|n| *n <= most).ok_or(says),
    };
    let count = within(typed.count, 20, MOST, format!("Use a number from 1 to {MOST}.")).and_then(|n| {
        if n > 0 {
            Ok(n)
        } else {
            Err(format!("Use a number from 1 to {MOST}."))
        }
    });
    let count = problems.take("count", count);
    let unrest = within(typed.unrest, 0, 100, "Use a number from 0 to 100.".to_owned());
    let unrest = problems.take("unrest", unrest);
    let needs = problems.take("licenses", needs(typed.licenses));
    let mode = match typed.mode {
        "" => Ok(Mode::Registered),
        other => other.parse().map_err(|_| "Choose SL or SLP.".to_owned()),
    };
    let mode = problems.take("mode", mode);
    if typed.account.trim().is_empty() {
        problems.add("account", "Enter the domain of a Smart Account.");
    }
    problems.or_ok()?;
    match (count, unrest, needs) {
        (Some(count), Some(unrest), Some(needs)) => Ok(Wanted {
            account: typed.account.trim().to_lowercase(),
            place: typed.place.trim().to_owned(),
            count,
            needs,
            unrest,
            signs: match mode {
                Some(Mode::ByPolicy) => Some(FileKey::make()?.1),
                _ => None,
            },
        }),
        _ => Err(Error::NotFound),
    }
}

fn needs(typed: &str) -> Result<Vec<(String, i64)>, String> {
    typed
        .split([',', '\n'])
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(|one| {
            let (license, many) = one.split_once('=').unwrap_or((one, "1"));
            let many = many
                .trim()
                .parse::<i64>()
                .ok()
                .filter(|n| (1..=1_000).contains(n));
            match (catalog::entitlement(license.trim()), many) {
                (None, _) => Err(format!("The catalog knows no license {}.", license.trim())),
                (_, None) => Err(format!("{one}: write how many as =1 to =1000.")),
                (Some(known), Some(many)) => Ok((known.key.to_owned(), many)),
            }
        })
        .collect()
}

/// Starts a fleet: makes a registration token for it, with which its devices come in.
pub async fn start(portal: &Portal, _permit: &Permit<Operate>, mut wanted: Wanted) -> Result<()> {
    has_one(portal)?;
    let (now, signing) = (portal.clock.now(), portal.signing.clone());
    let occupants = portal.occupants.clone();
    let (domain, place) = (wanted.account.clone(), wanted.place.clone());
    let (name, text) = portal
        .db
        .write(move |tx| {
            let account = crate::smart_accounts::by_domain(tx, &domain)?
                .filter(|one| one.must_be_active().is_ok())
                .ok_or_else(|| Error::invalid("account", "No Active Smart Account has this domain."))?;
            let found = if place.is_empty() {
                virtual_accounts::default_of(tx, account.id)?
            } else {
                let key = crate::kernel::search_key(&place);
                virtual_accounts::of_account(tx, account.id)?
                    .into_iter()
                    .find(|one| crate::kernel::search_key(&one.name) == key)
                    .ok_or_else(|| {
                        Error::invalid("place", "The Smart Account has no such Virtual Account.")
                    })?
            };
            let (view, manage) = rights(account.id);
            let rights = Rights {
                view: &view,
                manage: &manage,
            };
            let terms = Terms {
                description: "Simulated fleet".to_owned(),
                days: 365,
                max_uses: None,
                export_controlled: true,
            };
            let new = tokens::New::make(&signing, now, found.id, terms)?;
            let text = new.text().reveal().to_owned();
            let made = tokens::create(tx, &rights, &occupants, now, &[new], None)?;
            Ok(made.map(|_| (found.name.clone(), text.clone())))
        })
        .await?;
    wanted.place = name;
    portal.lab.fleet.start(wanted, Secret::new(text), now);
    portal.jobs.nudge();
    Ok(())
}

fn rights(account: SmartAccountId) -> (Permit<ViewInventory>, Permit<ManageTokens>) {
    (
        Permit::by_the_portal_in(account, "simulated fleet"),
        Permit::by_the_portal_in(account, "simulated fleet"),
    )
}

/// Something befalls so many. Answers with how many.
pub fn befall(portal: &Portal, _permit: &Permit<Operate>, trouble: Trouble, count: u32) -> Result<u32> {
    has_one(portal)?;
    let done = portal.lab.fleet.befall(trouble, count, portal.clock.now());
    portal.jobs.nudge();
    done.ok_or_else(|| Error::refused("lab.no-fleet", "No fleet runs. Start one first."))
}

/// Ends the fleet.
pub fn stop(portal: &Portal, _permit: &Permit<Operate>) -> Result<()> {
    has_one(portal)?;
    if portal.lab.fleet.stop() {
        Ok(())
    } else {
        Err(Error::refused("lab.no-fleet", "No fleet runs."))
    }
}

/// The lab's On-Prem portal: its accounts, and whether they synchronize by themselves.
pub struct OnPrem {
    /// Its accounts.
    pub accounts: Vec<LocalAccount>,
    /// When they synchronize.
    pub schedule: Option<Schedule>,
}

/// The fleet and the On-Prem portal as they stand.
pub async fn seen(portal: &Portal) -> Result<(Option<Running>, Option<OnPrem>)> {
    has_one(portal)?;
    let on_prem = match portal.beside.get() {
        None => None,
        Some(beside) => Some(
            beside
                .db
                .read(|r| {
                    Ok(OnPrem {
                        accounts: local_accounts::list(r, None, 50, 0)?
                            .into_iter()
                            .filter(|one| one.cloud.is_some())
                            .collect(),
                        schedule: local_accounts::schedule_of(r)?,
                    })
                })
                .await?,
        ),
    };
    Ok((portal.lab.fleet.seen(), on_prem))
}

/// Lets the lab's On-Prem portal synchronize by itself each day, or no longer.
pub async fn synchronize(portal: &Portal, permit: &Permit<Operate>, daily: bool) -> Result<()> {
    has_one(portal)?;
    let beside = portal
        .beside
        .get()
        .ok_or_else(|| Error::refused("lab.no-on-prem", "This lab has no On-Prem portal."))?;
    let (now, who) = (portal.clock.now(), permit.who().clone());
    let who = crate::kernel::Who {
        // Whoever operates the lab has no user account there.
        person: None,
        ..who
    };
    let schedule = daily.then(|| Schedule {
        start: now.utc().date_naive(),
        frequency: Frequency::Daily,
        time: now.utc().time(),
    });
    beside
        .db
        .write(move |tx| local_accounts::set_schedule(tx, now, &who, schedule.as_ref()))
        .await?;
    beside.jobs.nudge();
    Ok(())
}

/// Carries out what is due. Before the jobs that look for devices that do not call.
pub fn job(db: &Db, clock: &Clock, fleet: &Arc<Fleet>, taker: &Taker) -> Job {
    let (fleet, taker) = (fleet.clone(), taker.clone());
    Job::by_clock(
        "fleet",
        Duration::from_millis(500),
        db,
        clock,
        move |db, clock| {
            let (fleet, taker) = (fleet.clone(), taker.clone());
            async move {
                loop {
                    let now = clock.now();
                    let due = fleet.due(now, AT_ONCE);
                    if due.is_empty() {
                        return Ok(());
                    }
                    let (db, clock, fleet, taker) = (db.clone(), clock.clone(), fleet.clone(), taker.clone());
                    off_the_loop(move || {
                        for call in due {
                            let answer = answered(carry_out(&db, &clock, &taker, &call));
                            fleet.answered(&call, answer, clock.now());
                        }
                        Ok(())
                    })
                    .await?;
                }
            }
        },
    )
}

/// One call, as the device protocol has it: it registers or is trusted, if it has to, and reports.
fn carry_out(db: &Db, clock: &Clock, taker: &Taker, call: &Call) -> Result<(String, String, Moment)> {
    let caller = Caller {
        now: clock.now(),
        wall: clock.wall(),
        address: ADDRESS.to_owned(),
        request_id: String::new(),
    };
    let subjects = throttle::subjects_for("fleet ", &call.serial, ADDRESS);
    let (id, secret) = &call.credential;
    let id = match &call.token {
        None => id.clone(),
        Some(token) => {
            let asked = Registration::parse(&Asked {
                pid: PID,
                serial: &call.serial,
                hostname: &call.hostname,
                product: "C9200 Series Switch",
                software: SOFTWARE,
                secret: secret.reveal(),
                force: true,
                by_policy: call.signs.is_some(),
            })?;
            let new = DeviceId::new();
            let (device, _) = db.write_locked_now(|tx| {
                calls::register(tx, &taker.occupants, &caller, &subjects, new, token, &asked)
            })?;
            device.id.to_string()
        }
    };
    let proof = Secret::new(format!("{id}.{}", secret.reveal()));
    let credential = Credential::parse(&proof).ok_or(Error::SignedOut)?;
    let (words, next_at) = match &call.signs {
        None => registered(db, &caller, &subjects, &credential, call)?,
        Some(key) => by_policy(db, &caller, &subjects, &credential, taker, call, key)?,
    };
    Ok((id, words, next_at))
}

/// A registered one renews, if it is time, and reports.
fn registered(
    db: &Db,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
    call: &Call,
) -> Result<(String, Moment)> {
    let status = db.read_now(|r| calls::status(r, caller, subjects, credential))?;
    if status.device.renew_at() <= caller.now {
        db.write_locked_now(|tx| calls::renew(tx, caller, subjects, credential))?;
    }
    let lines = devices::reported(call.needs.iter().cloned())?;
    let told = db.write_locked_now(|tx| calls::report(tx, caller, subjects, credential, &lines, None))?;
    let words = match told.authorization {
        Authorization::OutOfCompliance => format!("{}: there is not enough", told.authorization),
        other => other.to_string(),
    };
    Ok((words, told.next_contact_at()))
}

/// One by policy signs a report of each license, and has it acknowledged.
fn by_policy(
    db: &Db,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
    taker: &Taker,
    call: &Call,
    key: &Secret,
) -> Result<(String, Moment)> {
    let key = FileKey::kept(key).ok_or_else(|| Error::internal("the key of a fleet"))?;
    let reports = call
        .needs
        .iter()
        .map(|(entitlement, quantity)| {
            let sent = Report {
                udi: Udi {
                    pid: PID.to_owned(),
                    serial: call.serial.clone(),
                },
                id: UsageReportId::new().to_string(),
                entitlement: entitlement.clone(),
                quantity: *quantity,
                began_at: caller.now,
                ended_at: caller.now,
                software: SOFTWARE.to_owned(),
                sha256: String::new(),
                key: String::new(),
            }
            .sign(&key)?;
            Ok((sent.read(false).map_err(Error::Refused)?, sent))
        })
        .collect::<Result<Vec<(Report, Sent)>>>()?;
    let (device, _) =
        db.write_locked_now(|tx| policy::report(tx, taker, (caller, subjects), credential, &reports))?;
    let monthly = caller.now.plus(MONTHLY);
    let words = match device.report_by {
        Some(at) => format!(
            "{}: the next report is due by {}",
            PolicyState::Acknowledged,
            at.words()
        ),
        None => PolicyState::Acknowledged.to_string(),
    };
    Ok((words, device.report_by.map_or(monthly, |at| at.min(monthly))))
}

fn answered(done: Result<(String, String, Moment)>) -> Answer {
    match done {
        Ok((id, words, next_at)) => Answer::Told { id, words, next_at },
        Err(Error::Refused(refusal)) => Answer::Refused(refusal.says.into_owned()),
        Err(Error::SignedOut) => Answer::Refused("The portal does not know it any more.".to_owned()),
        Err(Error::Invalid(problems)) => Answer::Refused(
            problems
                .list()
                .first()
                .map_or_else(String::new, |one| one.says.clone()),
        ),
        Err(error) => Answer::Later(error.to_string()),
    }
}
