//! The log of an On-Prem server itself: what belongs to none of its accounts. Admin Workspace, Event Log.

use super::model::{self, Entry, Filter};
use super::pages::{OnePage, on_prem_filters};
use super::service;
use crate::authz::action::ViewAdminWorkspace;
use crate::http::csv::Table;
use crate::http::form::PathPart;
use crate::http::list::{ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, Flash, FlashKind, May, Shell, Visit, page};
use crate::kernel::ids::EventId;
use askama::Template;

/// The most lines of a file.
const MOST_EXPORTED: u64 = 20_000;
const HERE: &str = "/admin/activity";

fn query(visit: &Visit) -> ListQuery {
    visit.list(&ListSpec {
        path: HERE.to_owned(),
        sorts: &["time"],
        default_sort: "-time",
        filters: on_prem_filters().get(..4).unwrap_or_default(),
        columns: &[],
    })
}

#[derive(Template)]
#[template(path = "events/server_log.html")]
struct LogPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Entry>,
    count: String,
}

/// GET /admin/activity
pub async fn log(may: May<ViewAdminWorkspace>) -> Answer {
    let (mut list, permit) = (query(&may), may.permit.clone());
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let filter = Filter::of(&list);
            let total = service::server_total(r, &permit, &filter)?;
            list.clamp(total);
            let rows =
                service::server_page(r, &permit, &filter, list.descending, list.offset(), list.limit())?;
            Ok((list, total, rows))
        })
        .await?;
    let mut shell = may.shell("Event Log");
    shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text("Event Log")];
    shell.flash.extend(
        list.dropped
            .iter()
            .map(|says| Flash::new(FlashKind::Warn, says.clone())),
    );
    page(&LogPage {
        shell,
        pager: list.pager(total),
        count: counted(total, "event", "events"),
        rows,
        list,
    })
}

/// GET /admin/activity.csv
pub async fn csv(may: May<ViewAdminWorkspace>) -> Answer {
    let (list, permit) = (query(&may), may.permit.clone());
    let rows = may
        .portal
        .db
        .read(move |r| {
            service::server_page(r, &permit, &Filter::of(&list), list.descending, 0, MOST_EXPORTED)
        })
        .await?;
    let mut table = Table::new(&[
        "Time",
        "Event",
        "Outcome",
        "Description",
        "Person",
        "Object",
        "Event ID",
    ])?;
    for entry in rows {
        table.row([
            entry.at.rfc3339().as_str(),
            entry.kind.label(),
            entry.outcome.label(),
            &entry.message,
            &entry.actor,
            &entry.about,
            entry.id.as_str(),
        ])?;
    }
    let now = may.portal.clock.now().utc();
    let name = format!("server-event-log_{}.csv", now.format("%Y%m%dT%H%MZ"));
    Ok(attachment("text/csv; charset=utf-8", &name, table.finish()?))
}

/// GET /admin/activity/{event}
pub async fn one(may: May<ViewAdminWorkspace>, id: PathPart<EventId>) -> Answer {
    let permit = may.permit.clone();
    let entry = may
        .portal
        .db
        .read(move |r| service::server_event(r, &permit, id.0))
        .await?;
    let facts = entry.facts();
    let mut shell = may.shell(entry.kind.label());
    shell.crumbs = vec![
        Crumb::text("Admin Workspace"),
        Crumb::link("Event Log", HERE),
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
