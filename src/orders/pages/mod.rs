//! The pages of orders: Order Inventory, an order, and "Assign to Smart Account and Virtual Account".

mod assign;
mod export;
mod inventory;
mod lines;
mod order;
mod progress;
mod review;

use super::list::LIST;
use super::model::{Assignment, LineState, OrderStatus};
use super::service;
use crate::authn::PlatformRole;
use crate::authn::people::Person;
use crate::authz::Action;
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Crumb, Routes, Visit, reason};
use crate::kernel::ids::{AssignmentId, OrderDraftId, OrderId};

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    routes.get(LIST.path, inventory::list);
    routes.get("/sa/{said}/orders/order-inventory.csv", inventory::csv);
    routes.get("/sa/{said}/orders/order-inventory/lines.csv", export::lines);

    routes.post("/sa/{said}/orders/assign", assign::begin);
    routes.get("/sa/{said}/orders/assign/{draft}", assign::show);
    routes.post("/sa/{said}/orders/assign/{draft}", assign::choose);
    routes.get("/sa/{said}/orders/assign/{draft}/select", assign::show_select);
    routes.post("/sa/{said}/orders/assign/{draft}/select", assign::select);
    routes.get("/sa/{said}/orders/assign/{draft}/review", review::show);
    routes.post("/sa/{said}/orders/assign/{draft}/review", review::assign);
    routes.get("/sa/{said}/orders/assignments/{assignment}", progress::show);

    routes.get("/sa/{said}/orders/{order}", order::show);
    routes.get("/sa/{said}/orders/{order}/lines.csv", order::csv);
    routes.post("/sa/{said}/orders/{order}/retry", order::retry);

    routes.menu(Item {
        section: "Orders",
        group: None,
        label: Some("Order Inventory"),
        path: LIST.path,
        action: Action::ViewInventory,
    });
    routes.menu_covers("/sa/{said}/orders/", LIST.path);
}

impl Named for OrderId {
    const NAME: &'static str = "order";
}
impl Named for OrderDraftId {
    const NAME: &'static str = "draft";
}
impl Named for AssignmentId {
    const NAME: &'static str = "assignment";
}

/// The address under which all pages of orders of the visit's account stand.
fn base(visit: &Visit) -> String {
    format!("/sa/{}/orders", visit.number())
}

/// The address of Order Inventory.
fn inventory_path(visit: &Visit) -> String {
    LIST.path.replace("{said}", &visit.number().to_string())
}

/// What stands before the last crumb of the pages below Order Inventory.
fn between(visit: &Visit) -> Vec<Crumb> {
    vec![
        Crumb::text("Orders"),
        Crumb::link("Order Inventory", inventory_path(visit)),
    ]
}

/// Whether somebody acts whom no checks restrict.
fn is_unchecked(visit: &Visit) -> bool {
    visit.preview.is_none()
        && visit
            .actor
            .as_ref()
            .is_some_and(|actor| actor.has(PlatformRole::Support))
}

/// Why somebody cannot assign orders on these pages, or "".
fn against(visit: &Visit, administrators: &[Person]) -> String {
    if let Some(says) = reason::against_all(visit, Action::AssignOrder, administrators) {
        return says;
    }
    visit
        .actor
        .as_ref()
        .and_then(|actor| service::against_person(actor))
        .map(|refusal| refusal.says.into_owned())
        .unwrap_or_default()
}

/// A purchase order, as people write it: with "PO" in front, once.
fn po_words(purchase_order: &str) -> String {
    if purchase_order.is_empty() || purchase_order.to_ascii_uppercase().starts_with("PO") {
        purchase_order.to_owned()
    } else {
        format!("PO {purchase_order}")
    }
}

/// The badge of an order's assignment. Amber means "yours to do", so what cannot be assigned is grey.
const fn assignment_badge(assignment: Assignment, assignable: bool) -> &'static str {
    match assignment {
        Assignment::Unassigned if !assignable => "",
        Assignment::Unassigned => "warn",
        Assignment::Requested => "info",
        Assignment::Assigned => "ok",
        Assignment::Failed => "bad",
    }
}

/// The badge of an order's status.
const fn status_badge(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Pending => "warn",
        OrderStatus::PartiallyFulfilled => "info",
        OrderStatus::Fulfilled => "ok",
    }
}

/// The badge of a line.
const fn line_badge(state: LineState) -> &'static str {
    match state {
        LineState::Unassigned => "warn",
        LineState::Requested => "info",
        LineState::Hold => "plum",
        LineState::Assigned => "ok",
        LineState::Failed => "bad",
        LineState::NotAssignable => "",
    }
}
