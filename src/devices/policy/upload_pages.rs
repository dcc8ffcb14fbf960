//! "Upload Usage Data".

use super::files::MOST_BYTES;
use super::list::FILES;
use super::pages::at;
use super::store::UsageFile;
use super::usage_files::{self, Uploaded};
use crate::authz::Permit;
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::upload::Upload;
use crate::http::{Answer, Crumb, FormState, May, Routes, Shell, page, page_with, see_other};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::off_the_loop;
use crate::virtual_accounts;
use actix_web::web::Bytes;
use askama::Template;

/// A file with the form around it.
const LARGE: usize = MOST_BYTES + 64 * 1024;

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{FILES}/upload"), show_upload);
    routes.post(&format!("{FILES}/upload"), upload);
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
    let view = view.clone();
    let occupants = may.portal.occupants.clone();
    let kept = may
        .does(move |tx, permit, now| {
            usage_files::upload(tx, (&view, permit), &occupants, now, place, (&file, &bytes))
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(kept)
}

#[derive(Template)]
#[template(path = "devices/policy/upload.html")]
struct UploadPage {
    shell: Shell,
    form: FormState,
    base: String,
    places: Vec<Choice>,
}

async fn upload_page(may: &May<ReportUsage>, form: FormState) -> Result<UploadPage> {
    let places = may
        .reads(move |r, permit| virtual_accounts::reached(r, permit.within()))
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
