//! "License Inventory": the licenses of a Smart Account, by Virtual Account.

use super::super::service::{self, Row};
use super::super::stock::{Filter, Sort};
use super::super::tags;
use super::place::InventoryHead;
use super::{against, base, day, ends_in, expires, whole};
use crate::authn::people::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::catalog::{Billing, Term};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{UseBar, balance_class, counted, signed};
use crate::http::{Answer, Crumb, Freshness, ListQuery, ListSpec, May, Shell, Visit, page, reason};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Moment, search_key};
use crate::members;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;
use chrono::TimeDelta;

/// More Virtual Accounts or tags than this make no useful filter.
const MOST_OFFERED: usize = 100;
/// The most lines that one file holds.
const MOST_EXPORTED: u64 = 100_000;

pub const TERMS: &[(&str, &str)] = &[
    (Term::Perpetual.word(), Term::Perpetual.label()),
    (Term::Term.word(), Term::Term.label()),
    (Term::Subscription.word(), Term::Subscription.label()),
];
pub const BILLINGS: &[(&str, &str)] = &[
    (Billing::Prepaid.word(), Billing::Prepaid.label()),
    (Billing::Usage.word(), Billing::Usage.label()),
];

pub const ALERTS: &[(&str, &str)] = &[
    ("short", "Insufficient Licenses"),
    ("ending", "Expires within 90 days"),
];
pub const EMPTY: &[(&str, &str)] = &[("yes", "Show licenses of which none are left")];
/// Filters that are always there.
const OF_LICENSES: [FilterSpec<'static>; 4] = [
    FilterSpec {
        key: "alert",
        label: "Alerts",
        values: ALERTS,
    },
    FilterSpec {
        key: "term",
        label: "Term",
        values: TERMS,
    },
    FilterSpec {
        key: "billing",
        label: "Billing",
        values: BILLINGS,
    },
    FilterSpec {
        key: "empty",
        label: "Empty ones",
        values: EMPTY,
    },
];
/// By what the list can be sorted.
pub const SORTS: &[&str] = &["license", "purchased", "in-use", "balance", "ends"];

/// What a list's address asks for. Which Virtual Accounts and tags there are is known only by then, so they are read
/// here. Within one Virtual Account there is nothing to choose of them.
pub fn query(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    path: String,
    raw: &str,
    only: Option<VirtualAccountId>,
    now: Moment,
) -> Result<(ListQuery, Filter)> {
    let within = permit.within();
    let account = within.account()?;
    let mut places = virtual_accounts::Choices::default();
    let mut place_tags: Vec<(String, String)> = Vec::new();
    let pair = |tag: String| (tag.clone(), tag);
    let license_tags: Vec<(String, String)> = tags::in_use(read, within)?.into_iter().map(pair).collect();
    if only.is_none() {
        places = virtual_accounts::Choices::read(read, within, raw)?;
        place_tags = virtual_accounts::tags_in_use(read, permit)?
            .into_iter()
            .map(pair)
            .collect();
    }
    let (offered_places, tagged, license_tagged) =
        (places.offered(), offered(&place_tags), offered(&license_tags));
    let mut filters = Vec::new();
    if only.is_none() {
        filters.push(FilterSpec {
            key: "va",
            label: "Virtual Account",
            values: &offered_places,
        });
        if !place_tags.is_empty() {
            filters.push(FilterSpec {
                key: "tag",
                label: "Virtual Account Tag",
                values: &tagged,
            });
        }
    }
    if !license_tags.is_empty() {
        filters.push(FilterSpec {
            key: "license-tag",
            label: "License Tag",
            values: &license_tagged,
        });
    }
    filters.extend(OF_LICENSES);
    let mut list = ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "license",
            filters: &filters,
            columns: &[],
        },
    );
    // By id or, where too many are there to be offered, by name.
    let is_one_of = |choices: &[(String, String)], wanted: &str| {
        choices
            .iter()
            .any(|(value, label)| value == wanted || label == wanted)
    };
    list.check_values("tag", |wanted| is_one_of(&place_tags, wanted));
    list.check_values("license-tag", |wanted| is_one_of(&license_tags, wanted));
    let mut chosen = places.chosen(&mut list);
    let tag = list.values("tag");
    if !tag.is_empty() {
        let with = virtual_accounts::tagged(read, account, &tag)?;
        chosen = Some(match chosen {
            Some(known) => known.into_iter().filter(|id| with.contains(id)).collect(),
            None => with,
        });
    }
    let filter = filter_of(&list, only.map(|id| vec![id]).or(chosen), now);
    Ok((list, filter))
}

fn filter_of(list: &ListQuery, places: Option<Vec<VirtualAccountId>>, now: Moment) -> Filter {
    Filter {
        typed: list.q.clone(),
        tags: list
            .values("license-tag")
            .iter()
            .map(|tag| search_key(tag))
            .collect(),
        places,
        terms: words(list, "term"),
        billings: words(list, "billing"),
        short: list.has("alert", "short"),
        ends_before: list.has("alert", "ending").then(|| now.plus(TimeDelta::days(90))),
        empty_too: list.has("empty", "yes"),
    }
}

/// What a filter offers; nothing, so that any text is taken, when there are too many.
fn offered(choices: &[(String, String)]) -> Vec<(&str, &str)> {
    if choices.len() > MOST_OFFERED {
        return Vec::new();
    }
    choices
        .iter()
        .map(|(value, label)| (value.as_str(), label.as_str()))
        .collect()
}

fn words<T: std::str::FromStr>(list: &ListQuery, key: &str) -> Vec<T> {
    list.values(key)
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// How a query sorts the list.
pub fn order(list: &ListQuery) -> (Sort, bool) {
    let sort = match list.sort.as_str() {
        "purchased" => Sort::Purchased,
        "in-use" => Sort::InUse,
        "balance" => Sort::Balance,
        "ends" => Sort::Ends,
        _ => Sort::License,
    };
    (sort, list.descending)
}

/// The list narrowed to one license tag.
pub fn having(path: &str, tag: &str) -> String {
    let asked = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("license-tag", tag)
        .finish();
    format!("{path}?{asked}")
}

/// A line of the page.
pub struct Line {
    row: Row,
    ends_in: Option<i64>,
    /// Each tag, and the list of what else has it.
    tags: Vec<(String, String)>,
    /// Why one may not transfer it, or "".
    against: String,
    /// Why one may not change its tags, or "".
    against_tagging: String,
}

impl Line {
    fn of(row: Row, now: Moment, path: &str) -> Self {
        Self {
            ends_in: ends_in(row.stock.ends_at, now),
            tags: row
                .tags
                .iter()
                .map(|tag| (tag.clone(), having(path, tag)))
                .collect(),
            against: String::new(),
            against_tagging: String::new(),
            row,
        }
    }
    /// With what one may do in its own Virtual Account.
    fn asked_of(mut self, visit: &Visit, administrators: &[Person]) -> Self {
        let against = |action| {
            reason::against(
                visit,
                action,
                Some(self.row.stock.virtual_account),
                administrators,
            )
            .unwrap_or_default()
        };
        (self.against, self.against_tagging) = (against(Action::Transfer), against(Action::TagLicenses));
        self
    }
    fn selects(&self) -> bool {
        self.against.is_empty() || self.against_tagging.is_empty()
    }
    fn purchased(&self) -> String {
        if self.row.stock.is_metered() {
            "Usage based".to_owned()
        } else {
            whole(self.row.stock.purchased)
        }
    }
    fn reserved(&self) -> String {
        whole(self.row.stock.reserved)
    }
    fn bar(&self) -> UseBar {
        let amount = |n: i64| u64::try_from(n).unwrap_or_default();
        UseBar::new(
            amount(self.row.stock.in_use),
            if self.row.stock.is_metered() {
                0
            } else {
                amount(self.row.stock.purchased.saturating_sub(self.row.stock.reserved))
            },
        )
    }
    fn balance(&self) -> String {
        signed(&self.row.stock.balance)
    }
    fn colour(&self) -> &'static str {
        balance_class(&self.row.stock.balance)
    }
    fn ends_words(&self) -> String {
        match self.ends_in {
            None => String::new(),
            Some(days) if days < 0 => "Term ended".to_owned(),
            Some(days) => expires(days),
        }
    }
    fn term_words(&self) -> String {
        if self.row.stock.terms > 1 {
            format!("{} terms", self.row.stock.terms)
        } else {
            self.row.stock.term.label().to_owned()
        }
    }
    fn transferable(&self) -> bool {
        self.against.is_empty() && self.row.stock.transferable() > 0
    }
}

#[derive(Template)]
#[template(path = "licenses/inventory.html")]
pub struct InventoryPage {
    pub shell: Shell,
    /// Which Virtual Account is looked at; none on the page of them all.
    pub head: Option<InventoryHead>,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
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

/// The page for an address: all, or those of one Virtual Account.
pub async fn inventory(may: &May<ViewInventory>, only: Option<VirtualAccountId>) -> Result<InventoryPage> {
    let path = match only {
        None => format!("{}/license-inventory", base(may)),
        Some(id) => format!("{}/inventory/{id}/licenses", base(may)),
    };
    let (permit, raw, now) = (may.permit.clone(), may.query.clone(), may.portal.clock.now());
    let (number, list_path, visit) = (may.number(), path.clone(), Visit::clone(may));
    let (list, total, rows, admins, head, freshness) = may
        .portal
        .db
        .read(move |r| {
            let head = only
                .map(|id| InventoryHead::of(r, &permit, number, id, super::InventoryTab::Licenses))
                .transpose()?;
            let (mut list, filter) = query(r, &permit, path, &raw, only, now)?;
            let total = service::count(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::page(r, &permit, &filter, order(&list), list.limit(), list.offset())?;
            let admins = members::administrators_of(r, permit.within().account()?)?;
            let freshness = Freshness::read(r, &visit, &permit, only)?;
            Ok((list, total, rows, admins, head, freshness))
        })
        .await?;
    let csv = match only {
        None => list.csv_href(),
        Some(id) => {
            let href = list.csv_href();
            let asked = href.split_once('?').map_or("", |(_, asked)| asked);
            format!("{}/license-inventory.csv?va={id}&{asked}", base(may))
        }
    };
    Ok(InventoryPage {
        shell: match &head {
            None => may.list_shell("License Inventory", &[Crumb::text("Licensing")], &list),
            Some(head) => head.shell(may, &list),
        },
        pager: list.pager(total),
        rows: rows
            .into_iter()
            .map(|row| Line::of(row, now, &list_path).asked_of(may, &admins))
            .collect(),
        count: counted(total, "license", "licenses"),
        csv,
        base: base(may),
        some: may.permit.within().only().is_some(),
        against: against(may, Action::Transfer, &admins),
        against_reserving: against(may, Action::ReserveLicenses, &admins),
        against_tagging: against(may, Action::TagLicenses, &admins),
        only: only.map(|id| id.to_string()).unwrap_or_default(),
        freshness,
        head,
        list: list.in_words_of(may.portal.config.edition),
    })
}

/// GET /sa/{said}/licensing/license-inventory
pub async fn list(may: May<ViewInventory>) -> Answer {
    page(&inventory(&may, None).await?)
}

/// GET /sa/{said}/licensing/license-inventory.csv
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw) = (
        may.permit.clone(),
        format!("{}/license-inventory", base(&may)),
        may.query.clone(),
    );
    let now = may.portal.clock.now();
    let rows = may
        .portal
        .db
        .read(move |r| {
            let (list, filter) = query(r, &permit, path, &raw, None, now)?;
            list.understood()?;
            service::page(r, &permit, &filter, order(&list), MOST_EXPORTED, 0)
        })
        .await?;
    let mut table = Table::new(&[
        "License",
        "Entitlement",
        may.say("Virtual Account"),
        "Billing",
        "Purchased",
        "In Use",
        "Reserved",
        "Balance",
        "Alerts",
        "Terms",
        "Term",
        "Ends",
        "License Tags",
    ])?;
    for row in rows {
        let line = Line::of(row, now, "");
        let stock = &line.row.stock;
        let mut alerts = Vec::new();
        if stock.short_since.is_some() {
            alerts.push("Insufficient Licenses".to_owned());
        }
        if line.ends_in.is_some() {
            alerts.push(line.ends_words());
        }
        table.row([
            stock.name.as_str(),
            &stock.entitlement,
            &line.row.virtual_account,
            stock.billing.label(),
            &stock.purchased.to_string(),
            &stock.in_use.to_string(),
            &stock.reserved.to_string(),
            &stock.balance.to_string(),
            &alerts.join(", "),
            &stock.terms.to_string(),
            stock.term.label(),
            &day(stock.ends_at),
            &line.row.tags.join(", "),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("license-inventory"),
        table.finish()?,
    ))
}
