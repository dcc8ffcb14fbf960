//! Removing a device manager, with its case number, also one that was lost.

use super::list::{Dialog, list_page};
use super::{base, line_of};
use crate::authz::action::RemoveDeviceManager;
use crate::device_managers::service;
use crate::error::Problems;
use crate::http::form::{PathPart, fresh};
use crate::http::widgets::counted;
use crate::http::{Answer, FormState, May, Posted, see_other};
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::text::case_number;
use serde::Deserialize;

pub(super) async fn remove_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    list_page(&may, &view, Some(Dialog::Remove(Box::new(line))), 200).await
}

pub(super) async fn case_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    if line.one().against_removal().is_some() {
        // Nothing to enter: the first pop-up says why.
        return see_other(&format!("{}/remove", line.base));
    }
    list_page(&may, &view, Some(Dialog::Case(Box::new(line), fresh())), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFields {
    #[serde(default)]
    case: String,
    /// Which button.
    #[serde(default)]
    without: String,
}

pub(super) async fn remove(
    may: May<RemoveDeviceManager>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<CaseFields>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let case = if posted.value.without == "1" {
        None
    } else {
        let checked = case_number(&posted.value.case)
            .map_err(|says| format!("{says} Without a case choose \u{201c}Proceed without\u{201d}."));
        let Some(case) = problems.take("case", checked) else {
            let dialog = Dialog::Case(Box::new(line), posted.again(&problems));
            return list_page(&may, &view, Some(dialog), 422).await;
        };
        Some(case)
    };
    let id = id.0;
    let gone = may
        .does(move |tx, permit, at| service::remove(tx, &view, permit, at, id, case.as_deref()))
        .await?;
    may.done(
        &base(&may),
        format!(
            "The device manager {gone} was removed. Its Virtual Account {} stays, empty and unbound.",
            line.row.place
        ),
    )
}

pub(super) async fn lost(
    may: &May<RemoveDeviceManager>,
    id: DeviceManagerId,
    form: FormState,
    status: u16,
) -> Answer {
    let (view, line) = line_of(may, id).await?;
    let one = line.one().clone();
    let in_use = may
        .portal
        .db
        .read(move |r| service::licenses_in_use(r, &one))
        .await?;
    let dialog = Dialog::Lost(Box::new(line), form, in_use);
    list_page(may, &view, Some(dialog), status).await
}

pub(super) async fn lost_dialog(may: May<RemoveDeviceManager>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, line) = line_of(&may, id.0).await?;
    if line.one().against_removal().is_none() {
        // Nothing is lost with it: the usual way is open.
        return see_other(&format!("{}/remove", line.base));
    }
    lost(&may, id.0, fresh(), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LostFields {
    #[serde(default)]
    case: String,
    #[serde(default)]
    lost: String,
}

pub(super) async fn remove_lost(
    may: May<RemoveDeviceManager>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<LostFields>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let case = problems.take("case", case_number(&posted.value.case));
    if posted.value.lost != "1" {
        problems.add(
            "lost",
            "Tick this only when the On-Prem server cannot be brought back. One that was restored from a backup is registered again.",
        );
    }
    let (Some(case), true) = (case, problems.is_empty()) else {
        return lost(&may, id.0, posted.again(&problems), 422).await;
    };
    let id = id.0;
    let gone = may
        .does(move |tx, permit, at| service::remove_lost(tx, &view, permit, at, id, &case))
        .await?;
    may.done(&base(&may), format!(
                "The device manager {} was removed as lost, with {}. {} that they used are free again. Its Virtual Account {} stays, empty and unbound.",
                gone.name,
                counted(gone.instances, "product instance", "product instances"),
                counted(gone.in_use, "license", "licenses"),
                line.row.place
            ))
}
