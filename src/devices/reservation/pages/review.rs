//! Reserving, third step: what would be set aside.

use super::choose::licenses_page;
use super::{Asked, STEPS, TITLE, base, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::reservation::codes::RequestCode;
use crate::devices::reservation::service::{self, Wish};
use crate::error::Error;
use crate::http::form::{LIST_LIMIT, fresh};
use crate::http::widgets::number;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Shell, page, page_with, see_other};
use crate::kernel::ids::{DeviceId, ReservationId};
use crate::licenses::Stock;
use askama::Template;

#[derive(Template)]
#[template(path = "devices/reservation/review.html")]
struct ReviewPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    base: String,
    form: FormState,
    place: String,
    request: RequestCode,
    asked: Asked,
    lines: Vec<(Stock, String)>,
    back: String,
}

pub(super) async fn review(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    if asked.code.is_empty() || asked.va.is_empty() {
        return see_other(&base(&may));
    }
    let (found, chosen) = licenses_page(&may, asked, true).await?;
    if found.form.has_problems() {
        return page_with(422, &found);
    }
    let form = fresh();
    page(&ReviewPage {
        shell: shell(&may, &form),
        title: TITLE,
        steps: STEPS,
        back: format!("{}/licenses?{}", base(&may), found.asked.query(true)),
        base: base(&may),
        form,
        place: found.place,
        request: found.request,
        asked: found.asked,
        lines: chosen
            .into_iter()
            .map(|(stock, quantity)| (stock, number(&quantity.unsigned_abs())))
            .collect(),
    })
}

pub(super) async fn reserve(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut wanted = Vec::new();
    for (entitlement, quantity) in form.entitlement.iter().zip(&form.quantity) {
        let quantity: i64 = quantity.trim().parse().unwrap_or_default();
        wanted.push((entitlement.clone(), quantity));
    }
    let request = RequestCode::parse(&form.code).map_err(|says| Error::invalid("code", says))?;
    let wish = Wish {
        id: ReservationId::new(),
        device: DeviceId::new(),
        place: form.place()?,
        request,
        wanted,
    };
    let view = may.also::<ViewInventory>().await?;
    let once = posted.once_key(&may);
    let occupants = may.portal.occupants.clone();
    let id = may
        .does(move |tx, permit, at| service::reserve(tx, &view, permit, &occupants, at, &wish, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &format!("{}/{id}", base(&may)),
        Flash {
            kind: FlashKind::Ok,
            text: "The licenses are reserved. Install the authorization code on the device.".to_owned(),
            link: None,
        },
    ))
}
