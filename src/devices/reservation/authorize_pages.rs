//! "Generate license authorization" for product instances by policy, and the page of such an authorization with its return.

use super::super::model::Device;
use super::api_authorize::{generated, request, returned};
use super::authorize;
use super::service::{Whole, Wish};
use super::store::Line;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::catalog;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::number;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, page, page_with, see_other,
};
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

const NEW: &str = "/sa/{said}/licensing/license-authorization";
const ONE: &str = "/sa/{said}/devices/device-inventory/{device}/license-authorization";
const TITLE: &str = "Generate license authorization";

pub fn routes(routes: &mut Routes) {
    routes.get(NEW, show_new);
    routes.post(NEW, generate);
    routes.get(ONE, show_one);
    routes.post(ONE, give_back);
}

fn of_device(may: &May<ReserveLicenses>, id: DeviceId) -> String {
    format!("/sa/{}/devices/device-inventory/{id}", may.number())
}

#[derive(Template)]
#[template(path = "devices/reservation/authorize.html")]
struct NewPage {
    shell: Shell,
    title: &'static str,
    form: FormState,
    here: String,
    back: String,
    places: Vec<Choice>,
    licenses: Vec<Choice>,
}

/// The licenses for which a product instance needs an authorization code, to be chosen from.
pub(super) fn enforced_licenses() -> Vec<Choice> {
    let mut licenses: Vec<(String, String)> = catalog::all()
        .iter()
        .flat_map(|item| &item.entitlements)
        .filter(|one| authorize::is_enforced(&one.key))
        .map(|one| (one.key.clone(), one.name.clone()))
        .collect();
    licenses.sort_by(|a, b| a.1.cmp(&b.1));
    licenses.dedup();
    licenses
        .into_iter()
        .map(|(key, name)| Choice::new(key, name))
        .collect()
}

/// A license that was chosen, and how many of it; complaints about what was not.
pub(super) fn chosen(license: &str, quantity: &str, problems: &mut Problems) -> Option<(String, i64)> {
    let license = license.trim();
    if license.is_empty() {
        problems.add("license", "Choose an enforced license.");
    }
    let quantity = quantity
        .trim()
        .parse::<i64>()
        .ok()
        .filter(|n| (1..=1_000_000_000).contains(n));
    if quantity.is_none() {
        problems.add("quantity", "Enter a whole number from 1.");
    }
    Some((license.to_owned(), quantity?)).filter(|(license, _)| !license.is_empty())
}

async fn new_page(may: &May<ReserveLicenses>, form: FormState) -> Result<NewPage> {
    let occupants = may.portal.occupants.clone();
    let places = may
        .reads(move |r, permit| virtual_accounts::open_places(r, permit.within(), &occupants))
        .await?;
    let back = format!("/sa/{}/licensing/reservations", may.number());
    let mut shell = may.account_shell(
        TITLE,
        &[Crumb::text("Licensing"), Crumb::link("Reservations", &back)],
    );
    shell.error_title = form.has_problems();
    Ok(NewPage {
        shell,
        title: TITLE,
        form,
        here: NEW.replace("{said}", &may.number().to_string()),
        back,
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        licenses: enforced_licenses(),
    })
}

async fn show_new(may: May<ReserveLicenses>) -> Answer {
    let asked = |name: &str| {
        url::form_urlencoded::parse(may.query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let form = fresh()
        .with_value("va", asked("va"))
        .with_value("pid", asked("pid"))
        .with_value("serial", asked("serial"))
        .with_value("quantity", "1");
    page(&new_page(&may, form).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    va: String,
    #[serde(default)]
    request_code: String,
    #[serde(default)]
    pid: String,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    license: String,
    #[serde(default)]
    quantity: String,
}

impl Typed {
    fn wish(&self, problems: &mut Problems) -> Option<Wish> {
        let place = self.va.parse::<VirtualAccountId>().ok();
        if place.is_none() {
            problems.add("va", "Choose the Virtual Account whose licenses are to be used.");
        }
        let request = match request(&self.request_code, &self.pid, &self.serial) {
            Ok(request) => Some(request),
            Err(Error::Invalid(found)) => {
                for one in found.list() {
                    problems.add(one.field.clone(), one.says.clone());
                }
                None
            }
            Err(_) => None,
        };
        let chosen = chosen(&self.license, &self.quantity, problems);
        if !problems.is_empty() {
            return None;
        }
        Some(Wish {
            id: ReservationId::new(),
            device: DeviceId::new(),
            place: place?,
            request: request?,
            wanted: vec![chosen?],
        })
    }
}

async fn generate(may: May<ReserveLicenses>, posted: Posted<Typed>) -> Answer {
    let mut problems = Problems::default();
    let typed = &posted.value;
    let Some(wish) = typed.wish(&mut problems) else {
        return page_with(422, &new_page(&may, posted.again(&problems)).await?);
    };
    let by_serial = typed.request_code.trim().is_empty();
    match generated(&may, wish, by_serial, posted.once_key(&may)).await {
        Ok(id) => {
            let view = may.also::<ViewInventory>().await?;
            let whole = may
                .reads(move |r, permit| super::service::find(r, &view, permit, id))
                .await?;
            see_other(&format!(
                "{}/license-authorization",
                of_device(&may, whole.one.device)
            ))
        }
        Err(Error::Refused(refusal)) => {
            problems.add("request_code", refusal.says);
            page_with(409, &new_page(&may, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}

#[derive(Template)]
#[template(path = "devices/reservation/authorized.html")]
struct OnePage {
    shell: Shell,
    form: FormState,
    device: Device,
    whole: Whole,
    here: String,
    back: String,
}

impl OnePage {
    fn quantity(line: &Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
}

async fn one_page(may: &May<ReserveLicenses>, id: DeviceId, form: FormState) -> Result<OnePage> {
    let view = may.also::<ViewInventory>().await?;
    let (device, whole) = may
        .reads(move |r, permit| authorize::held_by_policy(r, &view, permit, id))
        .await?;
    let back = of_device(may, id);
    let inventory = format!("/sa/{}/devices/device-inventory", may.number());
    let mut shell = may.account_shell(
        "License authorization",
        &[
            Crumb::text("Devices"),
            Crumb::link("Device Inventory", inventory),
            Crumb::link(device.name(), &back),
        ],
    );
    shell.error_title = form.has_problems();
    Ok(OnePage {
        shell,
        form,
        device,
        whole,
        here: format!("{back}/license-authorization"),
        back,
    })
}

async fn show_one(may: May<ReserveLicenses>, id: PathPart<DeviceId>) -> Answer {
    page(&one_page(&may, id.0, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnTyped {
    #[serde(default)]
    return_code: String,
}

async fn give_back(may: May<ReserveLicenses>, id: PathPart<DeviceId>, posted: Posted<ReturnTyped>) -> Answer {
    match returned(&may, id.0, posted.value.return_code.clone()).await {
        Ok(()) => Ok(may.see_other(
            &of_device(&may, id.0),
            Flash::new(
                FlashKind::Ok,
                "The authorization code was returned. Its licenses came back.",
            ),
        )),
        Err(Error::Invalid(problems)) => {
            page_with(422, &one_page(&may, id.0, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
    }
}
