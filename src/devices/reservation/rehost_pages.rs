//! "Rehost Licenses from a Failed Product".

use super::super::model::Device;
use super::codes::RequestCode;
use super::rehost::{self, Replacement};
use super::service::Whole;
use super::ways_pages::{DEVICE, REHOST, held_by, note, reservation_page, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Problems};
use crate::http::form::{PathPart, fresh};
use crate::http::widgets::number;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, page_with};
use crate::kernel::ids::{DeviceId, ReservationId};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{DEVICE}/rehost"), show_rehost);
    routes.post(&format!("{DEVICE}/rehost"), rehost);
}

#[derive(Template)]
#[template(path = "devices/reservation/rehost.html")]
struct RehostPage {
    shell: Shell,
    title: &'static str,
    form: FormState,
    device: Device,
    whole: Whole,
    path: String,
    back: String,
}

impl RehostPage {
    fn quantity(line: &super::store::Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
}

async fn rehost_page(may: &May<ReserveLicenses>, id: DeviceId, form: FormState, status: u16) -> Answer {
    let (device, whole) = held_by(may, id).await?;
    let back = format!("/sa/{}/devices/device-inventory/{id}", may.number());
    page_with(
        status,
        &RehostPage {
            shell: shell(may, REHOST, &device, &form),
            title: REHOST,
            form,
            device,
            whole,
            path: format!("{back}/rehost"),
            back,
        },
    )
}

async fn show_rehost(may: May<ReserveLicenses>, id: PathPart<DeviceId>) -> Answer {
    rehost_page(&may, id.0, fresh(), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RehostFields {
    #[serde(default)]
    code: String,
    #[serde(default)]
    note: String,
}

async fn rehost(may: May<ReserveLicenses>, id: PathPart<DeviceId>, posted: Posted<RehostFields>) -> Answer {
    let (_, whole) = held_by(&may, id.0).await?;
    let mut problems = Problems::default();
    let request = problems.take("code", RequestCode::parse(&posted.value.code));
    let note = problems.take("note", note(&posted.value.note));
    let (Some(request), Some(note)) = (request, note) else {
        return rehost_page(&may, id.0, posted.again(&problems), 422).await;
    };
    let to = Replacement {
        id: ReservationId::new(),
        device: DeviceId::new(),
        request,
        note,
    };
    let view = may.also::<ViewInventory>().await?;
    let once = posted.once_key(&may);
    let done = may
        .does(move |tx, permit, at| rehost::rehost(tx, &view, permit, at, whole.one.id, &to, once.as_ref()))
        .await;
    match done {
        Err(Error::Refused(refusal)) if refusal.code != "reservations.ended" => {
            problems.add("code", refusal.says);
            rehost_page(&may, id.0, posted.again(&problems), 409).await
        }
        Err(other) => Err(other),
        Ok(made) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &reservation_page(&may, made),
                Flash::new(
                    FlashKind::Ok,
                    "The licenses are reserved for the replacement. Install this authorization code on it.",
                ),
            ))
        }
    }
}
