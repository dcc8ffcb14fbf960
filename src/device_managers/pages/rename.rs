//! A device manager gets another name.

use super::list::{Dialog, list_page};
use super::{base, line_of};
use crate::authz::Permit;
use crate::authz::action::{Synchronize, ViewInventory};
use crate::device_managers::model::name;
use crate::device_managers::service;
use crate::error::{Error, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::{Answer, May, Posted};
use crate::kernel::Name;
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

/// Gives it another name, from a page or from a script.
pub async fn rename_now(
    may: &May<Synchronize>,
    view: &Permit<ViewInventory>,
    id: DeviceManagerId,
    typed: &str,
) -> Result<Name> {
    let new = name(typed).map_err(|says| Error::invalid("name", says))?;
    let (view, wanted) = (view.clone(), new.clone());
    may.does(move |tx, permit, at| service::rename(tx, &view, permit, at, id, wanted.as_str()))
        .await?;
    Ok(new)
}

pub(super) async fn rename(
    may: May<Synchronize>,
    id: PathPart<DeviceManagerId>,
    posted: Posted<NameField>,
) -> Answer {
    let (view, line) = line_of(&may, id.0).await?;
    match rename_now(&may, &view, id.0, &posted.value.name).await {
        Ok(new) => may.done(&base(&may), format!("The device manager is called {new} now.")),
        Err(error) => {
            let (status, form) = posted.after(error, &[("device-managers.name-taken", "name")])?;
            list_page(&may, &view, Some(Dialog::Rename(Box::new(line), form)), status).await
        }
    }
}
