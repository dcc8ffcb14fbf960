//! "Re-register": a device manager that is there gets another key.

use super::registration;
use super::take_in;
use crate::authz::action::AuthorizeOnPrem;
use crate::device_managers::{Again, Row, addressed, between, href};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, page_with};
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::text;
use crate::smart_accounts;
use askama::Template;
use serde::Deserialize;

const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{ONE}/re-register"), again_form);
    routes.post(&format!("{ONE}/re-register"), again);
}

#[derive(Template)]
#[template(path = "sync/again.html")]
struct AgainPage {
    shell: Shell,
    form: FormState,
    row: Row,
    base: String,
    /// Whether "Add device manager" led here, with the file of one that is there.
    from_add: bool,
}

pub(super) fn again_page(
    may: &May<AuthorizeOnPrem>,
    row: Row,
    form: FormState,
    from_add: bool,
    status: u16,
) -> Answer {
    let mut shell = may.account_shell("Re-register", &between(may, Some(&row.manager)));
    shell.error_title = form.has_problems();
    page_with(
        status,
        &AgainPage {
            shell,
            form,
            base: href(may, row.manager.id),
            row,
            from_add,
        },
    )
}

async fn again_form(may: May<AuthorizeOnPrem>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    again_page(&may, row, fresh(), false, 200)
}

/// Checks it and thinks everything out.
pub async fn plan_again(
    may: &May<AuthorizeOnPrem>,
    row: &Row,
    registration: &str,
    reason: &str,
    problems: &mut Problems,
    file_field: &str,
) -> Result<Option<Again>> {
    let header = registration::read_typed(registration, file_field, problems)?;
    let reason = problems.take(
        "reason",
        text::note(reason, "The reason", 500).and_then(|reason| {
            if reason.is_empty() {
                Err("Enter the number of the case, or why the On-Prem server is registered again.".to_owned())
            } else {
                Ok(reason.replace(['\n', '\t'], " "))
            }
        }),
    );
    let one = &row.manager;
    if let Some(other) = header.as_ref().and_then(|header| header.manager)
        && other != one.id
    {
        problems.add(
            file_field,
            format!(
                "This registration file comes from another On-Prem server than {}: the one that the cloud knows as {other}. Choose the file of {}.",
                one.name, one.name
            ),
        );
        return Ok(None);
    }
    let (Some(header), Some(reason)) = (header, reason) else {
        return Ok(None);
    };
    let account = one.account;
    let company = may
        .portal
        .db
        .read(move |r| smart_accounts::find(r, account))
        .await?;
    let answer = registration::answer(
        may.portal.signing.files(),
        may.portal.clock.now(),
        &company,
        &registration::Registered {
            manager: one.id,
            name: &one.name,
            public_key: &header.public_key,
            virtual_account: &row.place,
        },
    )?;
    Ok(Some(Again {
        id: one.id,
        public_key: header.public_key,
        answer,
        reason,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgainFields {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    reason: String,
}

async fn again(
    may: May<AuthorizeOnPrem>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<AgainFields, LIST_LIMIT>,
) -> Answer {
    let (view, row) = addressed(&may, id.0).await?;
    let form = &posted.value;
    let (registration, field) = if form.file.trim().is_empty() && !form.text.trim().is_empty() {
        (&form.text, "text")
    } else {
        (&form.file, "file")
    };
    let mut problems = Problems::default();
    let Some(again) = plan_again(&may, &row, registration, &form.reason, &mut problems, field).await? else {
        return again_page(&may, row, posted.again(&problems), false, 422);
    };
    let once = posted.once_key(&may);
    let done = may
        .does(move |tx, permit, at| take_in::register_again(tx, &view, permit, at, &again, once.as_ref()))
        .await;
    match done {
        Err(Error::Refused(refusal)) => {
            problems.add(field, refusal.says);
            again_page(&may, row, posted.again(&problems), false, 409)
        }
        Err(other) => Err(other),
        Ok(()) => Ok(may.see_other(
            &format!("{}/authorization", href(&may, id.0)),
            Flash::new(
                FlashKind::Ok,
                format!(
                    "{} is registered again. Files by its old key are refused from now on.",
                    row.manager.name
                ),
            ),
        )),
    }
}
