//! "License Inventory": the licenses of a Smart Account, by Virtual Account.

use super::super::list::{LIST, Listed, PLACE};
use super::place::InventoryHead;
use super::{against, base, whole};
use crate::authn::people::Person;
use crate::authz::Action;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::list::{Listing, Reading};
use crate::http::widgets::{UseBar, balance_class, signed};
use crate::http::{Answer, Crumb, Freshness, May, Shell, Visit, page, reason};
use crate::kernel::ids::VirtualAccountId;
use crate::members;
use askama::Template;

/// The list narrowed to one license tag.
pub fn having(path: &str, tag: &str) -> String {
    let asked = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("license-tag", tag)
        .finish();
    format!("{path}?{asked}")
}

/// A line of the page.
pub struct Line {
    one: Listed,
    /// Each tag, and the list of what else has it.
    tags: Vec<(String, String)>,
    /// Why one may not transfer it, or "".
    against: String,
    /// Why one may not change its tags, or "".
    against_tagging: String,
}

impl Line {
    /// With what one may do in its own Virtual Account. `path` is where the list stands.
    fn of(one: Listed, path: &str, visit: &Visit, administrators: &[Person]) -> Self {
        let against = |action| {
            let place = Some(one.row.stock.virtual_account);
            reason::against(visit, action, place, administrators).unwrap_or_default()
        };
        Self {
            tags: one
                .row
                .tags
                .iter()
                .map(|tag| (tag.clone(), having(path, tag)))
                .collect(),
            against: against(Action::Transfer),
            against_tagging: against(Action::TagLicenses),
            one,
        }
    }
    fn selects(&self) -> bool {
        self.against.is_empty() || self.against_tagging.is_empty()
    }
    fn purchased(&self) -> String {
        if self.one.row.stock.is_metered() {
            "Usage based".to_owned()
        } else {
            whole(self.one.row.stock.purchased)
        }
    }
    fn reserved(&self) -> String {
        whole(self.one.row.stock.reserved)
    }
    fn bar(&self) -> UseBar {
        let amount = |n: i64| u64::try_from(n).unwrap_or_default();
        UseBar::new(
            amount(self.one.row.stock.in_use),
            if self.one.row.stock.is_metered() {
                0
            } else {
                amount(
                    self.one
                        .row
                        .stock
                        .purchased
                        .saturating_sub(self.one.row.stock.reserved),
                )
            },
        )
    }
    fn balance(&self) -> String {
        signed(&self.one.row.stock.balance)
    }
    fn colour(&self) -> &'static str {
        balance_class(&self.one.row.stock.balance)
    }
    fn term_words(&self) -> String {
        if self.one.row.stock.terms > 1 {
            format!("{} terms", self.one.row.stock.terms)
        } else {
            self.one.row.stock.term.label().to_owned()
        }
    }
    fn transferable(&self) -> bool {
        self.against.is_empty() && self.one.row.stock.transferable() > 0
    }
}

#[derive(Template)]
#[template(path = "licenses/inventory.html")]
pub struct InventoryPage {
    pub shell: Shell,
    /// Which Virtual Account is looked at; none on the page of them all.
    pub head: Option<InventoryHead>,
    found: Listing<Line>,
    csv: String,
    base: String,
    some: bool,
    /// Why one may not transfer, or "".
    against: String,
    /// Why one may not reserve, or "".
    against_reserving: String,
    /// Why one may not change tags, or "".
    against_tagging: String,
    /// What is narrowed to one Virtual Account: its id, for the form.
    only: String,
    freshness: Freshness,
}

impl InventoryPage {
    fn selects(&self) -> bool {
        self.against.is_empty() || self.against_tagging.is_empty()
    }
    fn none_words(&self) -> &'static str {
        if self.shell.edition.is_on_prem() {
            "Transfer licenses in the cloud to the Virtual Account of this On-Prem account and synchronize, or transfer some here from another local Virtual Account."
        } else {
            "They arrive with your first assigned order, or by a transfer from another Virtual Account."
        }
    }
}

/// The page: all, or those of one Virtual Account.
pub async fn inventory(may: &May<ViewInventory>, only: Option<VirtualAccountId>) -> Result<InventoryPage> {
    let of = match only {
        None => Reading::of(may, LIST.path),
        Some(id) => Reading::of(may, &format!("{}/inventory/{id}/licenses", base(may)))
            .with(PLACE, id.as_str())
            .without(&["va", "tag"]),
    };
    let (number, visit) = (may.number(), Visit::clone(may));
    let (found, (admins, head, freshness)) = LIST
        .page_at(of, may, &may.permit, move |r, permit, _| {
            let head = only
                .map(|id| InventoryHead::of(r, permit, number, id, super::InventoryTab::Licenses))
                .transpose()?;
            let admins = members::administrators_of(r, permit.within().account()?)?;
            Ok((admins, head, Freshness::read(r, &visit, permit, only)?))
        })
        .await?;
    let csv = match only {
        None => found.list.csv_href(),
        Some(id) => {
            let href = found.list.csv_href();
            let asked = href.split_once('?').map_or("", |(_, asked)| asked);
            format!("{}/license-inventory.csv?va={id}&{asked}", base(may))
        }
    };
    let path = found.list.path.clone();
    Ok(InventoryPage {
        shell: match &head {
            None => may.list_shell("License Inventory", &[Crumb::text("Licensing")], &found.list),
            Some(head) => head.shell(may, &found.list),
        },
        found: found.map(|one| Line::of(one, &path, may, &admins)),
        csv,
        base: base(may),
        some: may.permit.within().only().is_some(),
        against: against(may, Action::Transfer, &admins),
        against_reserving: against(may, Action::ReserveLicenses, &admins),
        against_tagging: against(may, Action::TagLicenses, &admins),
        only: only.map(|id| id.to_string()).unwrap_or_default(),
        freshness,
        head,
    })
}

/// GET /sa/{said}/licensing/license-inventory
pub async fn list(may: May<ViewInventory>) -> Answer {
    page(&inventory(&may, None).await?)
}

/// GET /sa/{said}/licensing/inventory/{va}/licenses
pub async fn licenses(may: May<ViewInventory>, va: PathPart<VirtualAccountId>) -> Answer {
    page(&inventory(&may, Some(va.0)).await?)
}
