//! One usage data file, and what came of each report in it.

use super::list::{FILES, Listed};
use super::operations::acknowledged;
use super::pages::at;
use super::store::{FileLine, LineOutcome};
use super::usage_files;
use crate::authz::Action;
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::http::form::{Named, PathPart};
use crate::http::list::Pager;
use crate::http::reply::attachment;
use crate::http::{Answer, Crumb, ListQuery, ListSpec, May, NoFields, Posted, Routes, Shell, page, reason};
use crate::kernel::ids::UsageFileId;
use crate::members;
use crate::virtual_accounts;
use askama::Template;

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{FILES}/{{usagefile}}"), one);
    routes.post(&format!("{FILES}/{{usagefile}}/acknowledgement"), acknowledgement);
}

impl Named for UsageFileId {
    const NAME: &'static str = "usagefile";
}

/// Which of its lines an address asks for.
pub fn lines(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: &[],
            default_sort: "",
            filters: &[],
            columns: &[],
        },
    )
}

#[derive(Template)]
#[template(path = "devices/policy/file.html")]
struct FilePage {
    shell: Shell,
    base: String,
    number: i64,
    row: Listed,
    lines: Vec<FileLine>,
    pager: Pager,
    /// How many of its reports this process has taken in, of how many.
    progress: Option<(u64, u64)>,
    /// Why one cannot fetch the acknowledgement, or "".
    off: String,
}

impl FilePage {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn kind(outcome: &LineOutcome) -> &'static str {
        match outcome {
            LineOutcome::Taken => "ok",
            LineOutcome::Known => "info",
            LineOutcome::Refused => "bad",
        }
    }
}

async fn one(may: May<ViewInventory>, id: PathPart<UsageFileId>) -> Answer {
    let base = at(&may, FILES);
    let mut list = lines(format!("{base}/{}", id.0), &may.query);
    let (file, lines, place, administrators, list) = may
        .reads(move |r, permit| {
            let (file, _) = usage_files::one(r, permit, id.0, (0, 0))?;
            list.clamp(file.done().unsigned_abs());
            let (file, lines) = usage_files::one(r, permit, id.0, (list.limit(), list.offset()))?;
            let account = permit.within().account()?;
            let place = virtual_accounts::these(r, account, &[file.virtual_account])?.pop();
            let place = place.map(|place| place.name).unwrap_or_default();
            Ok((file, lines, place, members::administrators_of(r, account)?, list))
        })
        .await?;
    let total = file.done().unsigned_abs();
    let off = reason::against(
        &may,
        Action::ReportUsage,
        Some(file.virtual_account),
        &administrators,
    );
    let between = [Crumb::text("Devices"), Crumb::link("Usage Data Files", &base)];
    let mut shell = may.list_shell(file.name.clone(), &between, &list);
    if file.is_waiting() {
        shell.again_after = Some(3);
    }
    page(&FilePage {
        shell,
        progress: may.portal.progress.of(file.id),
        number: may.number(),
        pager: list.pager(total),
        off: off.unwrap_or_default(),
        row: Listed { file, place },
        lines,
        base,
    })
}

async fn acknowledgement(may: May<ReportUsage>, id: PathPart<UsageFileId>, _: Posted<NoFields>) -> Answer {
    let (name, text) = acknowledged(&may, id.0).await?;
    Ok(attachment("text/plain; charset=utf-8", &name, text.into_bytes()))
}
