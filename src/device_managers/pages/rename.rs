//! A device manager gets another name.

use super::list::{Dialog, list_page};
use super::{base, line_of};
use crate::authz::action::Synchronize;
use crate::device_managers::model::name;
use crate::device_managers::service;
use crate::error::{Error, Problems};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, Flash, FlashKind, May, Posted};
use crate::kernel::ids::DeviceManagerId;
use serde::Deserialize;

pub(super) async fn rename_dialog(may: May<Synchronize>, id: PathPart<DeviceManagerId>) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let form = fresh().with_value("name", line.one().name.clone());
    list_page(&may, &view, Some(Dialog::Rename(Box::new(line), form)), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameField {
    #[serde(default)]
    name: String,
}

pub(super) async fn rename(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<NameField>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    let mut problems = Problems::default();
    let Some(new) = problems.take("name", name(&posted.value.name)) else {
        let dialog = Dialog::Rename(Box::new(line), posted.again(&problems));
        return list_page(&may, &view, Some(dialog), 422).await;
    };
    let (seen, permit, at, id) = (view.clone(), may.permit.clone(), may.portal.clock.now(), id.0);
    let wanted = new.to_string();
    let done = may
        .portal
        .db
        .write(move |tx| service::rename(tx, &seen, &permit, at, id, &wanted))
        .await;
    match done {
        Err(Error::Refused(refusal)) if refusal.code == "device-managers.name-taken" => {
            problems.add("name", refusal.says);
            let dialog = Dialog::Rename(Box::new(line), posted.again(&problems));
            list_page(&may, &view, Some(dialog), 409).await
        }
        Err(other) => Err(other),
        Ok(()) => Ok(may.see_other(
            &base(&may),
            Flash::new(FlashKind::Ok, format!("The device manager is called {new} now.")),
        )),
    }
}
