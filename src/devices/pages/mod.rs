//! The pages of product instances: "Device Inventory", the tabs "Product Instances" of a Virtual Account and of a
//! license, one product instance, and what is done with them.

mod chosen;
mod list;
mod one;
mod remove;
mod tabs;
mod transfer;

use super::calls::Told;
use super::list::LIST;
use super::model::{Authorization, Device, Standing, UseStatus};
use super::policy_state::PolicyState;
use super::service::Row;
use crate::authn::Person;
use crate::authz::Action;
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Routes, Visit, reason};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceId;

/// Where its commands stand.
const DEVICES: &str = "/sa/{said}/devices";

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, list::inventory);
    routes.get(&format!("{}/{{device}}", LIST.path), one::show);

    routes.get(&format!("{DEVICES}/transfer"), transfer::transfer_form);
    routes.post(&format!("{DEVICES}/transfer"), transfer::transfer_review);
    routes.post(&format!("{DEVICES}/transfer/submit"), transfer::transfer);
    routes.get(&format!("{DEVICES}/remove"), remove::remove_dialog);
    routes.post(&format!("{DEVICES}/remove"), remove::remove_dialog_of_many);
    routes.post(&format!("{DEVICES}/remove/submit"), remove::remove);

    routes.get(
        "/sa/{said}/licensing/inventory/{va}/product-instances",
        tabs::of_place,
    );
    routes.get(
        "/sa/{said}/licensing/licenses/{license}/product-instances",
        tabs::of_license,
    );

    routes.menu(Item {
        section: "Devices",
        group: Some("Devices"),
        label: Some("Device Inventory"),
        path: LIST.path,
        action: Action::ViewInventory,
    });
    routes.menu_covers("/sa/{said}/devices/transfer", LIST.path);
    routes.menu_covers("/sa/{said}/devices/remove", LIST.path);
}

impl Named for DeviceId {
    const NAME: &'static str = "device";
}

fn base(visit: &Visit) -> String {
    format!("/sa/{}/devices", visit.number())
}

fn inventory_path(visit: &Visit) -> String {
    format!("{}/device-inventory", base(visit))
}

/// The badge of an authorization.
fn authorization_badge(authorization: Authorization) -> &'static str {
    match authorization {
        Authorization::Authorized | Authorization::Reservation => "ok",
        Authorization::OutOfCompliance | Authorization::Expired => "bad",
        Authorization::NoLicenses => "",
    }
}

/// How a product instance works, in words.
fn mode_words(device: &Device) -> &'static str {
    match device.mode() {
        "SLP" => "Smart Licensing Using Policy",
        "SLR" => "Specific License Reservation",
        _ => "Smart Licensing",
    }
}

/// What needs somebody: badge and words, the worst first.
fn alerts(told: &Told, now: Moment) -> Vec<(&'static str, &'static str)> {
    let mut alerts = Vec::new();
    let device = &told.device;
    match device.policy {
        Some(PolicyState::Overdue) => alerts.push(("bad", "Usage Report Overdue")),
        Some(PolicyState::ReportDue) => alerts.push(("warn", "Usage Report Due")),
        _ => {}
    }
    match device.standing {
        Standing::Released => alerts.push(("bad", "Authorization Expired")),
        Standing::Silent => alerts.push(("warn", "Product Instance Failed to Connect")),
        Standing::Connected => {}
    }
    if told
        .lines
        .iter()
        .any(|line| line.status == UseStatus::OutOfCompliance)
    {
        alerts.push(("bad", "Insufficient Licenses"));
    }
    if device.failed_to_renew(now) && device.standing == Standing::Connected {
        alerts.push(("warn", "Product Instance Failed to Renew"));
    }
    alerts
}

/// A line of a list.
struct Line {
    device: Device,
    place: String,
    authorization: Authorization,
    alerts: Vec<(&'static str, &'static str)>,
    /// Why it cannot be put elsewhere, or "".
    no_transfer: String,
    /// Why it cannot be removed, or "".
    no_removal: String,
    next_contact: Moment,
}

impl Line {
    fn of(visit: &Visit, row: Row, administrators: &[Person], now: Moment) -> Self {
        let place = Some(row.device.virtual_account);
        let role = |action| reason::against(visit, action, place, administrators);
        let rule = |refusal: Option<crate::error::Refusal>| refusal.map(|refusal| refusal.says.into_owned());
        Self {
            no_transfer: role(Action::Transfer)
                .or_else(|| rule(row.device.against_change()))
                .unwrap_or_default(),
            no_removal: role(Action::RemoveDevice)
                .or_else(|| rule(row.device.against_removing()))
                .unwrap_or_default(),
            alerts: alerts(&row.told, now),
            authorization: row.told.authorization,
            next_contact: row.told.next_contact_at(),
            place: row.virtual_account,
            device: row.device,
        }
    }
    fn name(&self) -> String {
        self.device.name()
    }
    fn udi(&self) -> String {
        self.device.udi().to_string()
    }
    fn kind(&self) -> &'static str {
        authorization_badge(self.authorization)
    }
    fn mode_words(&self) -> &'static str {
        mode_words(&self.device)
    }
}
