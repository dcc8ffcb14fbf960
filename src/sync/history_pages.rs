//! The synchronization files of a device manager, and the responses to them.

use super::model::SyncFile;
use super::respond;
use crate::authz::Action;
use crate::authz::action::{Synchronize, ViewInventory};
use crate::device_managers::{self, Row, between, href};
use crate::http::form::PathPart;
use crate::http::list::{ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::{Answer, May, Routes, Shell, page, reason};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::members;
use crate::platform::config::Days;
use askama::Template;

const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/sync-history"), history);
    routes.get(
        &format!("{ONE}/sync-history/{{syncfile}}/response-file"),
        response_of,
    );
    routes.get(&format!("{ONE}/response-file"), latest_response);
}

#[derive(Template)]
#[template(path = "sync/history.html")]
struct HistoryPage {
    shell: Shell,
    row: Row,
    files: Vec<SyncFile>,
    pager: Pager,
    kept: Option<Days>,
    base: String,
    /// Why one cannot download responses, or "".
    off: String,
}

/// What an address asks for.
pub fn query(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: &["date"],
            default_sort: "-date",
            filters: &[],
            columns: &[],
        },
    )
}

async fn history(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    let base = href(&may, id.0);
    let mut list = query(format!("{base}/sync-history"), &may.query);
    let (row, files, list, total, administrators) = may
        .reads(move |r, permit| {
            let row = device_managers::find(r, permit, id.0)?;
            let total = respond::count(r, &row.manager)?;
            list.clamp(total);
            let files = respond::page(r, &row.manager, (list.limit(), list.offset()))?;
            let administrators = members::administrators_of(r, row.manager.account)?;
            Ok((row, files, list, total, administrators))
        })
        .await?;
    page(&HistoryPage {
        shell: may.list_shell("Sync history", &between(&may, Some(&row.manager)), &list),
        pager: list.pager(total),
        kept: may.portal.config.retention.sync,
        off: reason::against(&may, Action::Synchronize, row.manager.place, &administrators)
            .unwrap_or_default(),
        base,
        row,
        files,
    })
}

/// The file name of a response.
fn response_name(name: &str, sequence: i64, at: Moment) -> String {
    format!(
        "{name}_response_{sequence}_{}.licentral",
        at.utc().format("%Y%m%dT%H%MZ")
    )
}

/// A response as it was made, for a page or a script.
pub async fn response(may: &May<Synchronize>, id: DeviceManagerId, file: Option<SyncFileId>) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (name, sequence, bytes) = may
        .reads(move |r, permit| respond::response_of(r, &view, permit, id, file))
        .await?;
    Ok(attachment(
        "application/octet-stream",
        &response_name(&name, sequence, may.portal.clock.now()),
        bytes,
    ))
}

async fn latest_response(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    response(&may, id.0, None).await
}

async fn response_of(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    file: PathPart<SyncFileId>,
) -> Answer {
    response(&may, id.0, Some(file.0)).await
}
