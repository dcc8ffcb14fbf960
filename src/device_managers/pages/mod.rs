//! "Device Managers": the list, one of them with its tabs, and the pop-ups over the list.

mod list;
mod one;
mod remove;
mod rename;

pub use list::Line;
pub use rename::rename_now;

use crate::authz::action::ViewInventory;
use crate::authz::{Action, Does, Permit};
use crate::device_managers::list::{LIST, PATH};
use crate::device_managers::model::Manager;
use crate::device_managers::service::{self, Row};
use crate::error::Result;
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Crumb, May, Routes, Visit};
use crate::kernel::ids::DeviceManagerId;
use list::list;
use one::{general, log, places};
use remove::{case_dialog, lost_dialog, remove, remove_dialog, remove_lost};
use rename::{rename, rename_dialog};

const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";

/// So much of its history is shown.
const MOST_EVENTS: i64 = 200;

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, list);
    routes.get(ONE, general);
    routes.get(&format!("{ONE}/virtual-accounts"), places);
    routes.get(&format!("{ONE}/event-log"), log);
    routes.get(&format!("{ONE}/rename"), rename_dialog);
    routes.post(&format!("{ONE}/rename"), rename);
    routes.get(&format!("{ONE}/remove"), remove_dialog);
    routes.get(&format!("{ONE}/remove/case"), case_dialog);
    routes.post(&format!("{ONE}/remove/case"), remove);
    routes.get(&format!("{ONE}/remove/lost"), lost_dialog);
    routes.post(&format!("{ONE}/remove/lost"), remove_lost);
    routes.menu(Item {
        section: "Devices",
        group: Some("Device Connections"),
        label: Some("Device Managers"),
        path: PATH,
        action: Action::ViewInventory,
    });
}

impl Named for DeviceManagerId {
    const NAME: &'static str = "manager";
}

/// Where the list stands in the account of a visit.
pub fn base(visit: &Visit) -> String {
    PATH.replace("{said}", &visit.number().to_string())
}

/// The page of a device manager.
pub fn href(visit: &Visit, id: DeviceManagerId) -> String {
    format!("{}/{id}", base(visit))
}

/// What stands between the account and the page of a device manager.
pub fn between(visit: &Visit, one: Option<&Manager>) -> Vec<Crumb> {
    let mut crumbs = vec![
        Crumb::text("Devices"),
        Crumb::text("Device Connections"),
        Crumb::link("Device Managers", base(visit)),
    ];
    if let Some(one) = one {
        crumbs.push(Crumb::link(&one.name, href(visit, one.id)));
    }
    crumbs
}

/// The device manager of an address, for somebody who may do this with it.
pub async fn addressed<A: Does>(may: &May<A>, id: DeviceManagerId) -> Result<(Permit<ViewInventory>, Row)> {
    let view = may.also::<ViewInventory>().await?;
    let seen = view.clone();
    let row = may
        .reads(move |r, permit| service::theirs(r, &seen, permit, id))
        .await?;
    Ok((view, row))
}

async fn line_of<A: Does>(may: &May<A>, id: DeviceManagerId) -> Result<(Permit<ViewInventory>, Line)> {
    let (view, row) = addressed(may, id).await?;
    Ok((view, Line::of(may, row, &[])))
}
