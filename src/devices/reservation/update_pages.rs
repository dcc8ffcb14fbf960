//! "Update Reserved Licenses", with its confirmation code.

use super::super::model::Device;
use super::pages::done_page;
use super::service::{self, Whole};
use super::updates;
use super::ways_pages::{DEVICE, UPDATE, held_by, reservation_page, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::widgets::number;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, page_with, see_other};
use crate::kernel::ids::{DeviceId, ReservationId};
use crate::licenses::{self, Stock};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{DEVICE}/update-reservation"), show_update);
    routes.post(&format!("{DEVICE}/update-reservation"), update);
    routes.post("/sa/{said}/licensing/reservation/{reservation}/confirm", confirm);
}

/// A license of which something is reserved or can be.
struct Row {
    stock: Stock,
    held: i64,
    typed: String,
    says: String,
}

impl Row {
    fn most(&self) -> i64 {
        self.stock.surplus().saturating_add(self.held).min(1_000_000_000)
    }
    fn reserved(&self) -> String {
        number(&self.held.unsigned_abs())
    }
    fn available(&self) -> String {
        if self.stock.is_metered() {
            "Unlimited".to_owned()
        } else {
            number(&self.most().unsigned_abs())
        }
    }
}

#[derive(Template)]
#[template(path = "devices/reservation/update.html")]
struct UpdatePage {
    shell: Shell,
    title: &'static str,
    form: FormState,
    device: Device,
    whole: Whole,
    rows: Vec<Row>,
    path: String,
    back: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quantities {
    #[serde(default, rename = "entitlement[]")]
    entitlement: Vec<String>,
    #[serde(default, rename = "quantity[]")]
    quantity: Vec<String>,
}

/// The page with what was typed, and what that asks for.
async fn update_page(
    may: &May<ReserveLicenses>,
    id: DeviceId,
    typed: Option<&Quantities>,
    mut form: FormState,
) -> Result<(UpdatePage, Vec<(String, i64)>)> {
    let (device, whole) = held_by(may, id).await?;
    let (account, place) = (device.account, device.virtual_account);
    let stocks = may
        .portal
        .db
        .read(move |r| licenses::stocks_in(r, account, place))
        .await?;
    let now = service::by_license(&whole.lines);
    let mut wanted = Vec::new();
    let mut rows = Vec::new();
    for stock in stocks {
        let held = now.get(&stock.entitlement).copied().unwrap_or(0);
        let mut row = Row {
            held,
            typed: if held > 0 { held.to_string() } else { String::new() },
            says: String::new(),
            stock,
        };
        if let Some(typed) = typed {
            row.typed = typed
                .entitlement
                .iter()
                .zip(&typed.quantity)
                .find(|(known, _)| **known == row.stock.entitlement)
                .map_or_else(String::new, |(_, quantity)| quantity.trim().to_owned());
            let blank = row.typed.is_empty();
            match if blank { Ok(0) } else { row.typed.parse::<i64>() } {
                Ok(quantity) if (0..=row.most()).contains(&quantity) => {
                    wanted.push((row.stock.entitlement.clone(), quantity));
                }
                _ => {
                    row.says = format!(
                        "Enter a whole number from 0 to {}.",
                        number(&row.most().unsigned_abs())
                    );
                    form = form.with_problem(
                        format!("quantity-{}", row.stock.id),
                        format!("{}: {}", row.stock.name, row.says),
                    );
                }
            }
        }
        if row.most() > 0 || !row.says.is_empty() {
            rows.push(row);
        }
    }
    let back = format!("/sa/{}/devices/device-inventory/{id}", may.number());
    let page = UpdatePage {
        shell: shell(may, UPDATE, &device, &form),
        title: UPDATE,
        form,
        device,
        whole,
        rows,
        path: format!("{back}/update-reservation"),
        back,
    };
    Ok((page, wanted))
}

async fn show_update(may: May<ReserveLicenses>, id: PathPart<DeviceId>) -> Answer {
    let (view, _) = update_page(&may, id.0, None, fresh()).await?;
    if view.whole.one.is_pending() {
        // First the code of the last update is confirmed.
        return see_other(&reservation_page(&may, view.whole.one.id));
    }
    page_with(200, &view)
}

async fn update(
    may: May<ReserveLicenses>,
    id: PathPart<DeviceId>,
    posted: Posted<Quantities, LIST_LIMIT>,
) -> Answer {
    let (page, wanted) = update_page(&may, id.0, Some(&posted.value), fresh()).await?;
    if page.form.has_problems() {
        return page_with(422, &page);
    }
    let reservation = page.whole.one.id;
    let view = may.also::<ViewInventory>().await?;
    let done = may
        .does(move |tx, permit, at| updates::update(tx, &view, permit, at, reservation, &wanted))
        .await;
    match done {
        Err(Error::Refused(refusal)) => {
            let form = fresh().with_problem("", refusal.says);
            let (page, _) = update_page(&may, id.0, Some(&posted.value), form).await?;
            page_with(409, &page)
        }
        Err(other) => Err(other),
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &reservation_page(&may, reservation),
                Flash::new(
                    FlashKind::Ok,
                    "Install the new authorization code on the device, and enter the confirmation code that it shows.",
                ),
            ))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    #[serde(default)]
    confirmation: String,
}

async fn confirm(
    may: May<ReserveLicenses>,
    id: PathPart<ReservationId>,
    posted: Posted<Confirmation>,
) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (id, typed) = (id.0, posted.value.confirmation.clone());
    let done = may
        .does(move |tx, permit, at| updates::confirm(tx, &view, permit, at, id, &typed))
        .await;
    match done {
        Err(Error::Invalid(problems)) => done_page(&may, id, posted.again(&problems), 422).await,
        Err(other) => Err(other),
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &reservation_page(&may, id),
                Flash::new(
                    FlashKind::Ok,
                    "The update is confirmed. What the device gave up is free again.",
                ),
            ))
        }
    }
}
