//! The pages of licenses: License Inventory, one license, "Inventory by Virtual Account", Transfer, and the ledger.

mod inventory;
mod ledger;
mod license;
mod place;
mod tags;
mod transfer;

pub use license::{LicenseHead, LicenseTab};
pub use place::{InventoryHead, InventoryTab};

use super::list::LIST;
use super::model::MOST_AT_ONCE;
use crate::authn::people::Person;
use crate::authz::Action;
use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Crumb, Routes, Visit, reason};
use crate::kernel::ids::LicenseStockId;

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, inventory::list);
    super::ledger::LIST.pages(routes, ledger::list);

    routes.get("/sa/{said}/licensing/inventory", place::choose);
    routes.get(
        "/sa/{said}/licensing/inventory/{va}/licenses",
        inventory::licenses,
    );

    routes.get("/sa/{said}/licensing/licenses/{license}", license::overview);
    routes.get(
        "/sa/{said}/licensing/licenses/{license}/event-log",
        license::events,
    );

    routes.get("/sa/{said}/licensing/license-tags", tags::show);
    routes.post("/sa/{said}/licensing/license-tags", tags::change);

    routes.get("/sa/{said}/licensing/transfer", transfer::show);
    routes.post("/sa/{said}/licensing/transfer", transfer::review);
    routes.post("/sa/{said}/licensing/transfer/submit", transfer::submit);

    routes.menu(Item {
        section: "Licensing",
        group: None,
        label: Some("License Inventory"),
        path: LIST.path,
        action: Action::ViewInventory,
    });
    routes.menu(Item {
        section: "Licensing",
        group: None,
        label: Some("Inventory by Virtual Account"),
        path: "/sa/{said}/licensing/inventory",
        action: Action::ViewInventory,
    });
    routes.menu_covers("/sa/{said}/licensing/", LIST.path);
    routes.menu_covers(
        "/sa/{said}/licensing/inventory/",
        "/sa/{said}/licensing/inventory",
    );
}

/// From which orders a license came: of the cloud alone, since an On-Prem server is told of licenses by its responses.
pub fn order_routes(routes: &mut Routes) {
    routes.get(
        "/sa/{said}/licensing/licenses/{license}/order-history",
        license::orders,
    );
}

impl Named for LicenseStockId {
    const NAME: &'static str = "license";
}

/// The address under which all pages of licenses of the visit's account stand.
fn base(visit: &Visit) -> String {
    format!("/sa/{}/licensing", visit.number())
}

/// What stands before the last crumb of the pages below License Inventory.
fn between(visit: &Visit) -> Vec<Crumb> {
    vec![
        Crumb::text("Licensing"),
        Crumb::link("License Inventory", format!("{}/license-inventory", base(visit))),
    ]
}

/// The licenses of an address or a form, each once: some, and no more than are worked on at once. `action` is what was
/// pressed to come here.
fn chosen(typed: &[String], action: &str) -> Result<Vec<LicenseStockId>> {
    let mut ids: Vec<LicenseStockId> = Vec::new();
    for text in typed {
        let id = text.parse().map_err(|_| Error::NotFound)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err(Error::refused(
            "licenses.nothing-chosen",
            format!("No license was chosen. Tick the licenses, then choose {action}."),
        ));
    }
    if ids.len() > MOST_AT_ONCE {
        return Err(Error::refused(
            "licenses.too-many",
            format!(
                "{} licenses are too many: choose {MOST_AT_ONCE} at most.",
                ids.len()
            ),
        ));
    }
    Ok(ids)
}

/// Why somebody cannot do something with licenses on these pages, or "".
fn against(visit: &Visit, action: Action, administrators: &[Person]) -> String {
    reason::against_all(visit, action, administrators).unwrap_or_default()
}

/// An amount as people read it; none is below zero here.
fn whole(amount: i64) -> String {
    crate::http::widgets::number(&amount.unsigned_abs())
}
