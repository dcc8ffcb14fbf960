//! "Device Inventory": the product instances of a Smart Account.

use super::super::list::{IN_PLACE, LIST, PLACE};
use super::super::service::Row;
use super::{Line, base};
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::Result;
use crate::http::list::{Listing, Onlooker, Reading};
use crate::http::{Answer, Crumb, Freshness, May, Shell, Visit, page_with, reason};
use crate::kernel::ids::VirtualAccountId;
use crate::licenses::{InventoryHead, InventoryTab};
use crate::members;
use askama::Template;

/// "Remove Product Instance", over the list.
pub struct Removal {
    pub rows: Vec<Row>,
    pub count: String,
    /// What comes back: name, Virtual Account and how many.
    pub returns: Vec<(String, String, String)>,
    /// Why it cannot be done, or "".
    pub no: String,
    /// Of several, those that are left out: name and why.
    pub left_out: Vec<(String, String)>,
    pub back: String,
    pub from: String,
    pub once: String,
}

#[derive(Template)]
#[template(path = "devices/inventory.html")]
struct InventoryPage {
    shell: Shell,
    found: Listing<Line, u64>,
    base: String,
    number: i64,
    /// The Virtual Account of a tab; "" for all.
    from: String,
    /// What stands above the list of a tab.
    head: Option<InventoryHead>,
    some: bool,
    /// Why one may put none elsewhere, or "".
    no_transfer: String,
    /// Why one may remove none, or "".
    no_removal: String,
    removal: Option<Removal>,
    freshness: Freshness,
}

impl InventoryPage {
    fn selects(&self) -> bool {
        self.no_transfer.is_empty() || self.no_removal.is_empty()
    }
}

/// The list of all, or of one Virtual Account, perhaps with a pop-up over it.
async fn inventory_page(
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    from: Option<VirtualAccountId>,
    removal: Option<Removal>,
) -> Result<InventoryPage> {
    let looking = Onlooker {
        permit: permit.clone(),
        visit: visit.clone(),
    };
    let (list, mut of) = match from {
        None => (&LIST, Reading::of(visit, LIST.path)),
        Some(place) => {
            let of = Reading::of(visit, &visit.path).with(PLACE, place.as_str());
            (&IN_PLACE, of.without(&["va"]))
        }
    };
    // Behind a pop-up the list shows from its beginning: the address speaks of what is to be removed.
    if removal.is_some() {
        of = of.asking("");
    }
    let number = visit.number();
    let (found, (head, administrators, freshness)) = list
        .page_at(of, visit, &looking, move |r, looking, _| {
            let (visit, permit) = (&looking.visit, &looking.permit);
            let head = from
                .map(|place| InventoryHead::of(r, permit, number, place, InventoryTab::ProductInstances))
                .transpose()?;
            let account = permit.within().account()?;
            let administrators: Vec<Person> = visit.part(
                || format!("administrators\n{account}"),
                || members::administrators_of(r, account),
            )?;
            Ok((head, administrators, Freshness::read(r, visit, permit, from)?))
        })
        .await?;
    let mut shell = match &head {
        None => visit.list_shell("Device Inventory", &[Crumb::text("Devices")], &found.list),
        Some(head) => head.shell(visit, &found.list),
    };
    if removal.is_some() {
        shell = shell.with_dialog("Remove Product Instance");
    }
    let off = |action| match from {
        Some(_) => reason::against(visit, action, from, &administrators),
        None => reason::against_all(visit, action, &administrators),
    };
    let now = visit.portal.clock.now();
    Ok(InventoryPage {
        no_transfer: off(Action::Transfer).unwrap_or_default(),
        no_removal: off(Action::RemoveDevice).unwrap_or_default(),
        shell,
        head,
        from: from.map(|id| id.to_string()).unwrap_or_default(),
        removal,
        base: base(visit),
        number,
        some: permit.within().only().is_some(),
        found: found.map(|row| Line::of(visit, row, &administrators, now)),
        freshness,
    })
}

/// The whole inventory, perhaps with a pop-up over it.
pub async fn whole(
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    removal: Option<Removal>,
    status: u16,
) -> Answer {
    page_with(status, &inventory_page(visit, permit, None, removal).await?)
}

/// GET /sa/{said}/devices/device-inventory
pub async fn inventory(may: May<ViewInventory>) -> Answer {
    whole(&may, &may.permit, None, 200).await
}

/// The tab "Product Instances" of a Virtual Account.
pub async fn in_place(may: &May<ViewInventory>, place: VirtualAccountId) -> Answer {
    page_with(200, &inventory_page(may, &may.permit, Some(place), None).await?)
}
