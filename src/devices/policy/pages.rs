//! "Usage Data Files" and "Reporting Policy".

use super::files::MOST_BYTES;
use super::rules_pages::{self, POLICY};
use super::store::{FileLine, LineOutcome, UsageFile};
use super::usage_files::{self, Uploaded};
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::list::Pager;
use crate::http::menu::Item;
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, FormState, ListQuery, ListSpec, May, NoFields, Posted, Routes, Shell, Visit, page,
    page_with, reason, see_other,
};
use crate::kernel::Moment;
use crate::kernel::ids::{UsageFileId, VirtualAccountId};
use crate::members;
use crate::platform::db::off_the_loop;
use crate::virtual_accounts;
use actix_web::web::Bytes;
use askama::Template;
use std::collections::HashMap;

/// Where the files stand; `{said}` is the account's number.
pub(super) const FILES: &str = "/sa/{said}/devices/usage-data-files";
/// A file with the form around it.
const LARGE: usize = MOST_BYTES + 64 * 1024;
/// The most lines that one CSV file holds.
const MOST_EXPORTED: u64 = 100_000;

pub fn routes(routes: &mut Routes) {
    routes.get(FILES, list);
    routes.get(&format!("{FILES}.csv"), csv);
    routes.get(&format!("{FILES}/upload"), show_upload);
    routes.post(&format!("{FILES}/upload"), upload);
    routes.get(&format!("{FILES}/{{usagefile}}"), one);
    routes.post(&format!("{FILES}/{{usagefile}}/acknowledgement"), acknowledgement);
    routes.menu(Item {
        section: "Devices",
        group: Some("Devices"),
        label: Some("Usage Data Files"),
        path: FILES,
        action: Action::ViewInventory,
    });
    rules_pages::routes(routes);
}

impl Named for UsageFileId {
    const NAME: &'static str = "usagefile";
}

pub(super) fn at(visit: &Visit, path: &str) -> String {
    path.replace("{said}", &visit.number().to_string())
}

pub(super) fn tabs(visit: &Visit, current: &str) -> Vec<Tab> {
    [("Usage Data Files", FILES), ("Reporting Policy", POLICY)]
        .into_iter()
        .map(|(label, path)| Tab {
            label: label.to_owned(),
            href: at(visit, path),
            current: path == current,
            count: None,
        })
        .collect()
}

/// What an address asks for.
pub fn query(path: String, raw: &str) -> ListQuery {
    ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: &["uploaded"],
            default_sort: "-uploaded",
            filters: &[],
            columns: &[],
        },
    )
}

// The list ---------------------------------------------------------------------------------------------------------

struct Row {
    file: UsageFile,
    place: String,
}

impl Row {
    /// Badge and words of what came of it.
    fn status(&self) -> (&'static str, String) {
        match self.file.refused {
            _ if self.file.is_waiting() => ("info", "Being taken in".to_owned()),
            0 => ("ok", "No Errors".to_owned()),
            some => ("bad", counted(some.unsigned_abs(), "error", "errors")),
        }
    }
}

#[derive(Template)]
#[template(path = "devices/policy/files.html")]
struct FilesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    base: String,
    rows: Vec<Row>,
    list: ListQuery,
    pager: Pager,
    /// Why one cannot upload, or "".
    off: String,
}

fn found(
    read: &mut dyn crate::platform::db::Reads,
    permit: &Permit<ViewInventory>,
    limit: u64,
    offset: u64,
) -> Result<Vec<Row>> {
    let files = usage_files::page(read, permit, limit, offset)?;
    let mut places: Vec<VirtualAccountId> = files.iter().map(|file| file.virtual_account).collect();
    places.sort_unstable();
    places.dedup();
    let names: HashMap<VirtualAccountId, String> =
        virtual_accounts::these(read, permit.within().account()?, &places)?
            .into_iter()
            .map(|place| (place.id, place.name))
            .collect();
    Ok(files
        .into_iter()
        .map(|file| Row {
            place: names.get(&file.virtual_account).cloned().unwrap_or_default(),
            file,
        })
        .collect())
}

async fn list(may: May<ViewInventory>) -> Answer {
    let base = at(&may, FILES);
    let mut list = query(base.clone(), &may.query);
    let permit = may.permit.clone();
    let (rows, administrators, list, total) = may
        .portal
        .db
        .read(move |r| {
            let total = usage_files::count_files(r, &permit)?;
            list.clamp(total);
            let rows = found(r, &permit, list.limit(), list.offset())?;
            let administrators = members::administrators_of(r, permit.within().account()?)?;
            Ok((rows, administrators, list, total))
        })
        .await?;
    page(&FilesPage {
        shell: may.list_shell("Usage Data Files", &[Crumb::text("Devices")], &list),
        tabs: tabs(&may, FILES),
        off: reason::against_all(&may, Action::ReportUsage, &administrators).unwrap_or_default(),
        pager: list.pager(total),
        list,
        rows,
        base,
    })
}

async fn csv(may: May<ViewInventory>) -> Answer {
    let list = query(at(&may, FILES), &may.query);
    list.understood()?;
    let permit = may.permit.clone();
    let rows = may
        .portal
        .db
        .read(move |r| found(r, &permit, MOST_EXPORTED, 0))
        .await?;
    let mut table = Table::new(&[
        "File",
        may.say("Virtual Account"),
        "Uploaded",
        "Uploaded by",
        "Status",
        "Product Instances",
        "Taken in",
        "Taken in before",
        "Refused",
        "Acknowledgement",
        "SHA-256",
    ])?;
    for row in rows {
        let file = &row.file;
        table.row([
            file.name.as_str(),
            &row.place,
            &file.uploaded_at.rfc3339(),
            &file.uploader,
            &row.status().1,
            &file.devices.to_string(),
            &file.taken.to_string(),
            &file.known.to_string(),
            &file.refused.to_string(),
            &file.acknowledged_at.map_or_else(String::new, Moment::rfc3339),
            &file.sha256,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("usage-data-files"),
        table.finish()?,
    ))
}

// Upload -----------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/policy/upload.html")]
struct UploadPage {
    shell: Shell,
    form: FormState,
    base: String,
    places: Vec<Choice>,
}

async fn upload_page(may: &May<ReportUsage>, form: FormState) -> Result<UploadPage> {
    let permit = may.permit.clone();
    let places = may
        .portal
        .db
        .read(move |r| virtual_accounts::reached(r, permit.within()))
        .await?;
    let base = at(may, FILES);
    let mut shell = may.account_shell(
        "Upload Usage Data",
        &[Crumb::text("Devices"), Crumb::link("Usage Data Files", &base)],
    );
    shell.error_title = form.has_problems();
    Ok(UploadPage {
        shell,
        form,
        base,
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
    })
}

async fn show_upload(may: May<ReportUsage>) -> Answer {
    page(&upload_page(&may, fresh()).await?)
}

/// Takes a file in, for a page or a script.
pub async fn uploaded(
    may: &May<ReportUsage>,
    view: &Permit<ViewInventory>,
    place: VirtualAccountId,
    bytes: Bytes,
    name: String,
) -> Result<UsageFile> {
    let any = may.portal.config.accept_device_codes;
    let content = bytes.clone();
    let file = off_the_loop(move || Uploaded::read(&content, &name, any)).await?;
    let (view, permit, now) = (view.clone(), may.permit.clone(), may.portal.clock.now());
    let occupants = may.portal.occupants.clone();
    let kept = may
        .portal
        .db
        .write(move |tx| usage_files::upload(tx, (&view, &permit), &occupants, now, place, (&file, &bytes)))
        .await?;
    may.portal.jobs.nudge();
    Ok(kept)
}

async fn upload(may: May<ReportUsage>, posted: Upload<LARGE>) -> Answer {
    let mut problems = Problems::default();
    let place = posted.field("va").parse::<VirtualAccountId>().ok();
    if place.is_none() {
        problems.add(
            "va",
            may.say("Choose the Virtual Account of the product instances."),
        );
    }
    if posted.file.is_empty() {
        problems.add("file", "Choose the usage file that a product instance saved.");
    }
    if posted.file.len() > MOST_BYTES {
        problems.add("file", "A usage file has at most 64 MB.");
    }
    let Some(place) = place.filter(|_| problems.is_empty()) else {
        return page_with(422, &upload_page(&may, posted.again(&problems)).await?);
    };
    let view = may.also::<ViewInventory>().await?;
    let name = posted.file_name.clone();
    match uploaded(&may, &view, place, posted.file.clone(), name).await {
        Ok(file) => see_other(&format!("{}/{}", at(&may, FILES), file.id)),
        Err(Error::Refused(refusal)) => {
            problems.add("file", refusal.says);
            page_with(409, &upload_page(&may, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}

// One of them -------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/policy/file.html")]
struct FilePage {
    shell: Shell,
    base: String,
    number: i64,
    row: Row,
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
    let mut list = query(format!("{base}/{}", id.0), &may.query);
    let permit = may.permit.clone();
    let (file, lines, place, administrators, list) = may
        .portal
        .db
        .read(move |r| {
            let (file, _) = usage_files::one(r, &permit, id.0, (0, 0))?;
            list.clamp(file.done().unsigned_abs());
            let (file, lines) = usage_files::one(r, &permit, id.0, (list.limit(), list.offset()))?;
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
        row: Row { file, place },
        lines,
        base,
    })
}

/// The acknowledgement with the name of its file, for a page or a script.
pub async fn acknowledged(may: &May<ReportUsage>, id: UsageFileId) -> Result<(String, String)> {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let (signing, now) = (may.portal.signing.clone(), may.portal.clock.now());
    let (file, text) = may
        .portal
        .db
        .write(move |tx| usage_files::acknowledgement(tx, (&view, &permit), signing.files(), now, id))
        .await?;
    let name: String = file
        .name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let name = name
        .trim_end_matches(".gz")
        .trim_end_matches(".tar")
        .trim_end_matches(".txt");
    Ok((format!("ACK_{name}.txt"), text))
}

async fn acknowledgement(may: May<ReportUsage>, id: PathPart<UsageFileId>, _: Posted<NoFields>) -> Answer {
    let (name, text) = acknowledged(&may, id.0).await?;
    Ok(attachment("text/plain; charset=utf-8", &name, text.into_bytes()))
}

// Policy -----------------------------------------------------------------------------------------------------------
