//! For whoever runs this installation: how it stands, and what became of the mail.

use super::list::OUTBOUND;
use super::model::letter_words;
use super::service;
use crate::authn::{people, session};
use crate::authz::action::Operate;
use crate::http::NoFields;
use crate::http::form::PathPart;
use crate::http::gallery::Gallery;
use crate::http::list::Listing;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, May, Posted, Shell, page};
use crate::kernel::ids::LetterId;
use crate::platform::config::Days;
use crate::platform::db::{Database, migrate};
use crate::platform::jobs::Report;
use crate::platform::mail::{self, Delivery, Queued};
use askama::Template;

#[derive(Template)]
#[template(path = "operator/overview.html")]
struct OverviewPage {
    shell: Shell,
    database: &'static str,
    schema: String,
    version: &'static str,
    base_url: String,
    mode: &'static str,
    scenario: Option<String>,
    waiting: u64,
    given_up: u64,
    people: u64,
    sessions: u64,
    jobs: Vec<Report>,
}

fn whole(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

/// GET /operator
pub async fn overview(may: May<Operate>) -> Answer {
    let wall = may.portal.clock.wall();
    let (counts, people, sessions, scenario) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                mail::counts(r)?,
                people::count(r)?,
                session::count(r, wall)?,
                super::scenario::loaded(r)?,
            ))
        })
        .await?;
    let config = &may.portal.config;
    page(&OverviewPage {
        shell: may.shell("Operator"),
        database: match may.portal.db.database() {
            Database::Sqlite => "SQLite",
            Database::Postgres => "PostgreSQL",
        },
        schema: migrate::newest(),
        version: env!("CARGO_PKG_VERSION"),
        base_url: config.base_url.clone(),
        mode: if config.is_lab() { "Lab" } else { "Production" },
        scenario,
        waiting: whole(counts.waiting),
        given_up: whole(counts.given_up),
        people: whole(people),
        sessions: whole(sessions),
        jobs: may.portal.jobs.report(),
    })
}

#[derive(Template)]
#[template(path = "operator/mail.html")]
struct MailPage {
    shell: Shell,
    kept: Option<Days>,
    found: Listing<Queued>,
}

impl OverviewPage {
    fn job(report: &Report) -> String {
        letter_words(report.name)
    }
    fn every(report: &Report) -> String {
        let (seconds, rest) = (report.every.as_secs(), report.every.subsec_millis());
        match (seconds / 60, seconds % 60, rest) {
            (0, _, 1..) => format!("{} ms", report.every.as_millis()),
            (0, s, _) => counted(s, "second", "seconds"),
            (m, _, _) => counted(m, "minute", "minutes"),
        }
    }
}

impl MailPage {
    fn kind(row: &Queued) -> String {
        letter_words(&row.letter)
    }
    fn tries(row: &Queued) -> String {
        counted(u64::try_from(row.attempts).unwrap_or_default(), "try", "tries")
    }
}

/// GET /operator/mail
pub async fn mail(may: May<Operate>) -> Answer {
    let (found, ()) = OUTBOUND.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    page(&MailPage {
        shell: may.shell("Outbound email").with_dropped(&found.list),
        kept: may.portal.config.retention.mail,
        found,
    })
}

/// POST /operator/mail/{letter}/retry
pub async fn retry(may: May<Operate>, PathPart(id): PathPart<LetterId>, _form: Posted<NoFields>) -> Answer {
    let letter = may
        .does(move |tx, permit, now| service::retry(tx, permit, now, id))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        OUTBOUND.path,
        Flash {
            kind: FlashKind::Ok,
            text: format!("The letter to {} was queued again.", letter.to_address),
            link: None,
        },
    ))
}

/// GET /operator/ui
pub async fn gallery(_may: May<Operate>) -> Answer {
    page(&Gallery::sample())
}

/// GET /operator/ui/dialog
pub async fn gallery_dialog(_may: May<Operate>) -> Answer {
    page(&Gallery::sample().with_dialog())
}
