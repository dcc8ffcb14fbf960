//! The return code, and removing a reservation under a case.

use crate::authz::action::{RemoveDevice, ViewInventory};
use crate::devices::model::Device;
use crate::devices::reservation::returns;
use crate::devices::reservation::service::Whole;
use crate::devices::reservation::store::Line;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::widgets::number;
use crate::http::{Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, page, page_with};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceId;
use crate::kernel::text::case_number;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "devices/reservation/return.html")]
struct ReturnPage {
    shell: Shell,
    form: FormState,
    device: Device,
    whole: Whole,
    path: String,
    back: String,
}

impl ReturnPage {
    fn quantity(line: &Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
    fn ends(at: &Moment) -> String {
        at.utc().format("%-d %b %Y").to_string()
    }
}

async fn return_page(may: &May<RemoveDevice>, id: DeviceId, form: FormState) -> Result<ReturnPage> {
    let view = may.also::<ViewInventory>().await?;
    let (device, whole) = may
        .reads(move |r, permit| returns::of_device(r, &view, permit, id))
        .await?;
    let back = format!("/sa/{}/devices/device-inventory/{id}", may.number());
    let mut shell = may.account_shell(
        "Remove Product Instance",
        &[
            Crumb::text("Devices"),
            Crumb::link(
                "Device Inventory",
                format!("/sa/{}/devices/device-inventory", may.number()),
            ),
            Crumb::link(device.name(), &back),
        ],
    );
    shell.error_title = form.has_problems();
    Ok(ReturnPage {
        shell,
        form,
        device,
        whole,
        path: format!("{back}/return"),
        back,
    })
}

pub(super) async fn show_return(may: May<RemoveDevice>, id: PathPart<DeviceId>) -> Answer {
    page(&return_page(&may, id.0, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    code: String,
}

pub(super) async fn give_back(
    may: May<RemoveDevice>,
    id: PathPart<DeviceId>,
    posted: Posted<Typed>,
) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (id, typed) = (id.0, posted.value.code.clone());
    let done = may
        .does(move |tx, permit, at| returns::give_back(tx, &view, permit, at, id, &typed))
        .await;
    match done {
        Err(Error::Invalid(problems)) => {
            page_with(422, &return_page(&may, id, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &format!("/sa/{}/devices/device-inventory", may.number()),
                Flash {
                    kind: FlashKind::Ok,
                    text: "The reserved licenses came back, and the product instance was removed.".to_owned(),
                    link: None,
                },
            ))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFields {
    #[serde(default)]
    case: String,
    #[serde(default)]
    dead: String,
}

pub(super) async fn remove_under_case(
    may: May<RemoveDevice>,
    id: PathPart<DeviceId>,
    posted: Posted<CaseFields>,
) -> Answer {
    let mut problems = Problems::default();
    let case = problems.take("case", case_number(&posted.value.case));
    if posted.value.dead != "1" {
        problems.add(
            "dead",
            "Tick this only when the device is dead or lost. Any other gives a return code.",
        );
    }
    let (Some(case), true) = (case, problems.is_empty()) else {
        return page_with(422, &return_page(&may, id.0, posted.again(&problems)).await?);
    };
    let view = may.also::<ViewInventory>().await?;
    let id = id.0;
    may.does(move |tx, permit, at| returns::remove_under_case(tx, &view, permit, at, id, &case))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &format!("/sa/{}/devices/device-inventory", may.number()),
        Flash {
            kind: FlashKind::Ok,
            text: "The product instance was removed under a case, and its reserved licenses came back."
                .to_owned(),
            link: None,
        },
    ))
}
