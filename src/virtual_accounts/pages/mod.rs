//! The list of Virtual Accounts, flat and as a tree; one of them, with its pop-ups.

mod list;
mod one;

pub use list::{ACCESS, LEVELS, SORTS, all, csv, filter, order, query, tree};
pub use one::{
    change_parent, default_dialog, delete, delete_dialog, make_default, one, parent_dialog, reached,
    read_parent, tabs,
};

use crate::http::form::Named;
use crate::http::form_state::Choice;
use crate::http::{Crumb, Visit};
use crate::kernel::ids::VirtualAccountId;

impl Named for VirtualAccountId {
    const NAME: &'static str = "va";
}

/// The address of the list.
pub fn address(visit: &Visit) -> String {
    let number = visit.number();
    format!("/sa/{number}/account/virtual-accounts")
}

/// The crumbs that lead to the list and, when there is one, to a Virtual Account.
pub fn crumbs(visit: &Visit, one: Option<(&str, VirtualAccountId)>) -> Vec<Crumb> {
    let address = address(visit);
    let mut crumbs = vec![
        Crumb::text("Account Management"),
        Crumb::link("Virtual Accounts", &address),
    ];
    if let Some((name, id)) = one {
        crumbs.push(Crumb::link(name, format!("{address}/{id}")));
    }
    crumbs
}

/// Whether the Virtual Accounts of this portal are flat: those of a local account are not nested.
pub fn is_flat(visit: &Visit) -> bool {
    visit.portal.config.edition.is_on_prem()
}

/// A Parent Account in a select, set in by its level.
pub fn choice(id: VirtualAccountId, name: &str, level: usize) -> Choice {
    let dashes = "\u{2014} ".repeat(level.saturating_sub(1));
    Choice::new(id.as_str(), format!("{dashes}{name}"))
}
