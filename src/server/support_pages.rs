//! Admin Workspace, Support Center: how the server stands, on a page and as a text file.

use crate::authn::{people, session};
use crate::authz::action::ViewAdminWorkspace;
use crate::error::Result;
use crate::events::{self, Entry};
use crate::http::reply::attachment;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, May, Routes, Shell, page};
use crate::kernel::clock::Setting;
use crate::platform::db::{Database, counts, migrate};
use crate::platform::mail;
use askama::Template;
use std::fmt::Write;

pub fn routes(routes: &mut Routes) {
    routes.get("/admin/support", show);
    routes.get("/admin/support.txt", text);
}

/// How many of the newest errors are shown.
const ERRORS: i64 = 20;

/// A heading and what stands below it, name by name.
type Part = (&'static str, Vec<(String, String)>);

/// What is said of the server.
struct State {
    parts: Vec<Part>,
    jobs: Vec<(String, String, u64, u64)>,
    errors: Vec<Entry>,
}

async fn state(may: &May<ViewAdminWorkspace>) -> Result<State> {
    let portal = &may.portal;
    let (wall, permit) = (portal.clock.wall(), may.permit.clone());
    let (letters, users, sessions, counts, errors) = portal
        .db
        .read(move |r| {
            Ok((
                mail::counts(r)?,
                people::count(r)?,
                session::count(r, wall)?,
                counts(r)?,
                events::server_failures(r, &permit, ERRORS)?,
            ))
        })
        .await?;
    let config = &portal.config;
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let whole = |n: i64| number(&u64::try_from(n).unwrap_or_default());
    let clock = match portal.clock.setting() {
        Setting::Frozen { .. } => "Stopped",
        Setting::Running { .. } => "Runs",
    };
    let about = vec![
        fact(
            "Version",
            format!("{} {}", config.edition, env!("CARGO_PKG_VERSION")),
        ),
        fact(
            "Mode",
            if config.is_lab() { "Lab" } else { "Production" }.to_owned(),
        ),
        fact("Address", config.base_url.clone()),
        fact(
            "Database",
            match portal.db.database() {
                Database::Sqlite => "SQLite",
                Database::Postgres => "PostgreSQL",
            }
            .to_owned(),
        ),
        fact("Schema version", migrate::newest()),
        fact("Clock", format!("{}, {clock}", portal.clock.now().words())),
        fact("System time", wall.words()),
    ];
    let mut held = vec![fact("Users", whole(users)), fact("Sessions", whole(sessions))];
    held.extend(counts.into_iter().map(|(name, count)| fact(name, whole(count))));
    held.push(fact("Letters waiting", whole(letters.waiting)));
    held.push(fact("Letters given up", whole(letters.given_up)));
    let jobs = portal
        .jobs
        .report()
        .into_iter()
        .map(|job| {
            let seconds = job.every.as_secs();
            let every = match (seconds / 60, seconds % 60) {
                (0, 0) => format!("{} ms", job.every.as_millis()),
                (0, s) => counted(s, "second", "seconds"),
                (m, _) => counted(m, "minute", "minutes"),
            };
            (capital(job.name), every, job.runs, job.failures)
        })
        .collect();
    Ok(State {
        parts: vec![("Server", about), ("Counts", held)],
        jobs,
        errors,
    })
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[derive(Template)]
#[template(path = "server/support.html")]
struct SupportPage {
    shell: Shell,
    state: State,
}

/// GET /admin/support
async fn show(may: May<ViewAdminWorkspace>) -> Answer {
    page(&SupportPage {
        shell: super::shell(&may, "Support Center"),
        state: state(&may).await?,
    })
}

/// GET /admin/support.txt
async fn text(may: May<ViewAdminWorkspace>) -> Answer {
    let state = state(&may).await?;
    let mut out = String::from("Support information of Licentral On-Prem\n");
    for (heading, facts) in &state.parts {
        let _ = writeln!(out, "\n{heading}");
        for (name, value) in facts {
            let _ = writeln!(out, "  {name}: {value}");
        }
    }
    out.push_str("\nJobs (every, runs in this process, failures)\n");
    for (name, every, runs, failures) in &state.jobs {
        let _ = writeln!(out, "  {name}: {every}, {runs}, {failures}");
    }
    out.push_str("\nLast errors\n");
    for error in &state.errors {
        let _ = writeln!(
            out,
            "  {} {}: {} (request {})",
            error.at.rfc3339(),
            error.kind.label(),
            error.message,
            error.request_id
        );
    }
    if state.errors.is_empty() {
        out.push_str("  none\n");
    }
    let now = may.portal.clock.now().utc();
    let name = format!("support_{}.txt", now.format("%Y%m%dT%H%MZ"));
    Ok(attachment("text/plain; charset=utf-8", &name, out.into_bytes()))
}
