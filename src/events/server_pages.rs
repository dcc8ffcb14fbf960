//! The log of an On-Prem server itself: what belongs to none of its accounts. Admin Workspace, Event Log.

use super::list::SERVER_LOG;
use super::model::{self, Entry};
use super::pages::OnePage;
use super::service;
use crate::authz::action::ViewAdminWorkspace;
use crate::http::form::PathPart;
use crate::http::list::Listing;
use crate::http::{Answer, Crumb, May, Shell, page};
use crate::kernel::ids::EventId;
use crate::platform::config::Days;
use askama::Template;

#[derive(Template)]
#[template(path = "events/server_log.html")]
struct LogPage {
    shell: Shell,
    found: Listing<Entry>,
    /// What is older lies in the archive.
    kept: Option<Days>,
}

/// GET /admin/activity
pub async fn log(may: May<ViewAdminWorkspace>) -> Answer {
    let (found, ()) = SERVER_LOG.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    page(&LogPage {
        shell: may.workspace_shell("Event Log", &found.list),
        kept: may.portal.config.retention.events.as_ref().map(|(kept, _)| *kept),
        found,
    })
}

/// GET /admin/activity/{event}
pub async fn one(may: May<ViewAdminWorkspace>, id: PathPart<EventId>) -> Answer {
    let entry = may
        .reads(move |r, permit| service::server_event(r, permit, id.0))
        .await?;
    let facts = entry.facts();
    let mut shell = may.shell(entry.kind.label());
    shell.crumbs = vec![
        Crumb::text("Admin Workspace"),
        Crumb::link("Event Log", SERVER_LOG.path),
        Crumb::text(entry.kind.label()),
    ];
    page(&OnePage {
        shell,
        virtual_account: None,
        changes: model::changes(&facts),
        others: model::others(&facts),
        with_address: !entry.address.is_empty(),
        entry,
    })
}
