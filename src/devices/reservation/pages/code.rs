//! Reserving, first step: the request code of the device.

use super::{Asked, STEPS, TITLE, base, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::reservation::codes::RequestCode;
use crate::devices::reservation::service;
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, fresh};
use crate::http::form_state::Choice;
use crate::http::{Answer, FormState, May, Posted, Shell, page, page_with, see_other};
use crate::kernel::ids::VirtualAccountId;
use crate::virtual_accounts;
use askama::Template;

#[derive(Template)]
#[template(path = "devices/reservation/code.html")]
struct CodePage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    base: String,
    form: FormState,
    places: Vec<Choice>,
    license: String,
    number: i64,
}

async fn code_page(may: &May<ReserveLicenses>, form: FormState, license: String) -> Result<CodePage> {
    let occupants = may.portal.occupants.clone();
    let places = may
        .reads(move |r, permit| virtual_accounts::open_places(r, permit.within(), &occupants))
        .await?;
    Ok(CodePage {
        shell: shell(may, &form),
        title: TITLE,
        steps: STEPS,
        base: base(may),
        form,
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        license,
        number: may.number(),
    })
}

pub(super) async fn show_code(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    let form = fresh().with_value("va", asked.va).with_value("code", asked.code);
    page(&code_page(&may, form, asked.license).await?)
}

/// The request code, when a device with it can hold a reservation here.
pub(super) async fn checked(
    may: &May<ReserveLicenses>,
    typed: &str,
    problems: &mut Problems,
) -> Result<Option<RequestCode>> {
    let Some(code) = problems.take("code", RequestCode::parse(typed)) else {
        return Ok(None);
    };
    let request = code.clone();
    let refusal = may
        .reads(move |r, permit| service::against(r, permit, &request, None))
        .await?;
    if let Some(Error::Refused(refusal)) = refusal {
        problems.add("code", refusal.says);
        return Ok(None);
    }
    Ok(Some(code))
}

pub(super) async fn enter_code(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut problems = Problems::default();
    let typed = if form.file.trim().is_empty() {
        &form.code
    } else {
        &form.file
    };
    let code = checked(&may, typed, &mut problems).await?;
    let (view, manage) = (may.also::<ViewInventory>().await?, may.permit.clone());
    match form.va.parse::<VirtualAccountId>() {
        Ok(id) => {
            may.portal
                .db
                .read(move |r| service::place(r, &view, &manage, id))
                .await?;
        }
        Err(_) => problems.add(
            "va",
            "Choose the Virtual Account whose licenses are to be reserved.",
        ),
    }
    match code {
        Some(code) if problems.is_empty() => {
            let asked = Asked {
                va: form.va.clone(),
                code: code.text,
                license: form.license.clone(),
                ..Asked::default()
            };
            see_other(&format!("{}/licenses?{}", base(&may), asked.query(false)))
        }
        _ => {
            let view = code_page(&may, posted.again(&problems), form.license.clone()).await?;
            page_with(422, &view)
        }
    }
}
