//! "License authorization" of a product instance by policy of an On-Prem server: what it asks the cloud for, what that has
//! answered, and the return.

use super::super::authorize_pages::{chosen, enforced_licenses};
use super::api::{asked, returned};
use super::{Request, RequestState, device, of};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::model::Device;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::number;
use crate::http::{Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, page, page_with};
use crate::kernel::ids::DeviceId;
use askama::Template;
use serde::Deserialize;

const HERE: &str = "/sa/{said}/devices/sl-using-policy/{device}/license-authorization";
const TITLE: &str = "License authorization";

pub fn routes(routes: &mut Routes) {
    routes.get(HERE, show);
    routes.post(HERE, ask);
    routes.post(&format!("{HERE}/return"), give_back);
}

#[derive(Template)]
#[template(path = "devices/reservation/on_prem.html")]
struct OnePage {
    shell: Shell,
    form: FormState,
    device: Device,
    request: Option<Request>,
    licenses: Vec<Choice>,
    here: String,
    back: String,
}

impl OnePage {
    /// Whether one can be asked for.
    fn is_open(&self) -> bool {
        self.request
            .as_ref()
            .is_none_or(|one| matches!(one.state, RequestState::Refused | RequestState::Returned))
    }
    fn wanted(one: &Request) -> Vec<(String, String)> {
        one.wanted()
            .into_iter()
            .map(|(license, quantity)| (license, number(&quantity.unsigned_abs())))
            .collect()
    }
}

async fn one_page(may: &May<ReserveLicenses>, id: DeviceId, form: FormState) -> Result<OnePage> {
    let view = may.also::<ViewInventory>().await?;
    let (device, request) = may
        .reads(move |r, permit| {
            let device = device(r, &view, permit, id)?;
            let request = of(r, device.id)?;
            Ok((device, request))
        })
        .await?;
    let back = format!("/sa/{}/devices/sl-using-policy", may.number());
    let mut shell = may.account_shell(
        TITLE,
        &[Crumb::text("Devices"), Crumb::link("SL Using Policy", &back)],
    );
    shell.error_title = form.has_problems();
    Ok(OnePage {
        shell,
        form,
        device,
        request,
        licenses: enforced_licenses(),
        here: format!("{back}/{id}/license-authorization"),
        back,
    })
}

async fn show(may: May<ReserveLicenses>, id: PathPart<DeviceId>) -> Answer {
    page(&one_page(&may, id.0, fresh().with_value("quantity", "1")).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    license: String,
    #[serde(default)]
    quantity: String,
}

async fn ask(may: May<ReserveLicenses>, id: PathPart<DeviceId>, posted: Posted<Typed>) -> Answer {
    let mut problems = Problems::default();
    let Some(wanted) = chosen(&posted.value.license, &posted.value.quantity, &mut problems) else {
        return page_with(422, &one_page(&may, id.0, posted.again(&problems)).await?);
    };
    match asked(&may, id.0, vec![wanted]).await {
        Ok(request) => {
            let back = HERE
                .replace("{said}", &may.number().to_string())
                .replace("{device}", request.device.as_str());
            Ok(may.see_other(
                &back,
                Flash::new(
                    FlashKind::Ok,
                    "The authorization code is asked for. The next synchronization brings the answer.",
                ),
            ))
        }
        Err(Error::Refused(refusal)) => {
            problems.add("license", refusal.says);
            page_with(409, &one_page(&may, id.0, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnTyped {
    #[serde(default)]
    return_code: String,
}

async fn give_back(may: May<ReserveLicenses>, id: PathPart<DeviceId>, posted: Posted<ReturnTyped>) -> Answer {
    match returned(&may, id.0, posted.value.return_code.clone()).await {
        Ok(_) => Ok(may.see_other(
            &format!("/sa/{}/devices/sl-using-policy", may.number()),
            Flash::new(
                FlashKind::Ok,
                "The authorization code was given back. The cloud hears of it with the next synchronization.",
            ),
        )),
        Err(Error::Invalid(problems)) => {
            page_with(422, &one_page(&may, id.0, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}
