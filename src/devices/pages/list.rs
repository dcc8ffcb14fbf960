//! "Device Inventory": the product instances of a Smart Account.

use super::super::model::Standing;
use super::super::policy::PolicyState;
use super::super::service;
use super::super::store::{Filter, Sort};
use super::change::Removal;
use super::{Line, base, inventory_path};
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{ColumnSpec, FilterSpec, Pager, column};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, Freshness, ListQuery, ListSpec, May, Shell, Visit, page_with, reason};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::licenses::InventoryHead;
use crate::members;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;

/// The most lines that one file holds.
const MOST_EXPORTED: u64 = 100_000;

pub const STANDINGS: &[(&str, &str)] = &[
    (Standing::Connected.word(), Standing::Connected.label()),
    (Standing::Silent.word(), Standing::Silent.label()),
    (Standing::Released.word(), Standing::Released.label()),
];

/// How product instances work that call at all.
pub const MODES: &[(&str, &str)] = &[("sl", "SL (registered or reserved)"), ("slp", "SLP (by policy)")];

/// How those by policy stand.
pub const REPORTS: &[(&str, &str)] = &[
    (PolicyState::NotReported.word(), PolicyState::NotReported.label()),
    (PolicyState::ReportDue.word(), PolicyState::ReportDue.label()),
    (PolicyState::Reported.word(), PolicyState::Reported.label()),
    (
        PolicyState::Acknowledged.word(),
        PolicyState::Acknowledged.label(),
    ),
    (PolicyState::Overdue.word(), PolicyState::Overdue.label()),
];

const COLUMNS: &[ColumnSpec<'static>] = &[
    column("product", "Product Type", true),
    column("va", "Virtual Account", true),
    column("licenses", "Licenses", true),
    column("status", "Status", true),
    column("contact", "Last Contact", true),
    column("mode", "Mode", true),
    column("reported", "Last report", false),
    column("reportby", "Next report", false),
    column("next", "Next contact", false),
    column("registered", "Registered on", false),
    column("software", "Software", false),
];

/// The columns of the tab of a Virtual Account.
const COLUMNS_OF_PLACE: &[ColumnSpec<'static>] = &[
    column("product", "Product Type", true),
    column("contact", "Last Contact", true),
    column("alerts", "Alerts", true),
    column("licenses", "Licenses", false),
    column("status", "Status", false),
    column("mode", "Mode", false),
    column("reported", "Last report", false),
    column("reportby", "Next report", false),
    column("next", "Next contact", false),
    column("registered", "Registered on", false),
    column("software", "Software", false),
];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["name", "product", "contact", "status"];

/// What a list's address asks for, in all Virtual Accounts or in one. Which Virtual Accounts and products there are is
/// known only by then, so they are read here.
pub fn query(
    read: &mut dyn Reads,
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    path: String,
    raw: &str,
    only: Option<VirtualAccountId>,
) -> Result<(ListQuery, Filter)> {
    let within = permit.within();
    let places = if only.is_some() {
        virtual_accounts::Choices::default()
    } else {
        virtual_accounts::Choices::of(read, visit, within, raw)?
    };
    let offered = places.offered();
    let account = within.account()?;
    let products = visit.part(
        || format!("device products\n{account}"),
        || service::products(read, permit),
    )?;
    let kinds: Vec<(&str, &str)> = products.iter().map(|one| (one.as_str(), one.as_str())).collect();
    let mut filters = vec![
        FilterSpec {
            key: "status",
            label: "Status",
            values: STANDINGS,
        },
        FilterSpec {
            key: "product",
            label: "Product Type",
            values: &kinds,
        },
        FilterSpec {
            key: "mode",
            label: "Mode",
            values: MODES,
        },
        FilterSpec {
            key: "report",
            label: "Usage report",
            values: REPORTS,
        },
    ];
    if only.is_none() {
        filters.insert(
            0,
            FilterSpec {
                key: "va",
                label: "Virtual Account",
                values: &offered,
            },
        );
    }
    let mut list = ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "name",
            filters: &filters,
            columns: if only.is_some() { COLUMNS_OF_PLACE } else { COLUMNS },
        },
    );
    let mut chosen = match places.chosen(&mut list) {
        // In a Virtual Account that is not there is nothing.
        Some(none) if none.is_empty() => vec![VirtualAccountId::new()],
        some => some.unwrap_or_default(),
    };
    chosen.extend(only);
    let filter = filter_of(&list, chosen);
    Ok((list, filter))
}

fn filter_of(list: &ListQuery, places: Vec<VirtualAccountId>) -> Filter {
    Filter {
        typed: list.q.clone(),
        places,
        standings: list
            .values("status")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        products: list
            .values("product")
            .iter()
            .map(|one| (*one).to_owned())
            .collect(),
        by_policy: match list.values("mode").as_slice() {
            [one] => Some(*one == "slp"),
            _ => None,
        },
        policy_states: list
            .values("report")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
    }
}

/// How a query sorts the list.
pub fn order(list: &ListQuery) -> (Sort, bool) {
    let sort = match list.sort.as_str() {
        "product" => Sort::Product,
        "contact" => Sort::Contact,
        "status" => Sort::Standing,
        _ => Sort::Name,
    };
    (sort, list.descending)
}

/// How many there are on all pages of a list.
pub fn total(
    read: &mut dyn Reads,
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
) -> Result<u64> {
    visit.part(
        || format!("devices counted\n{:?}\n{filter:?}", permit.within()),
        || service::count(read, permit, filter),
    )
}

/// A list with what stands around it.
pub struct Found {
    pub list: ListQuery,
    pub pager: Pager,
    pub rows: Vec<Line>,
    pub total: u64,
    pub administrators: Vec<Person>,
    freshness: Freshness,
}

/// Finds what a list shows.
pub fn find(
    read: &mut dyn Reads,
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    path: String,
    raw: &str,
    only: Option<VirtualAccountId>,
) -> Result<Found> {
    let (mut list, filter) = query(read, visit, permit, path, raw, only)?;
    let total = total(read, visit, permit, &filter)?;
    list.clamp(total);
    let rows = service::page(
        read,
        permit,
        &filter,
        order(&list),
        Some(total),
        list.limit(),
        list.offset(),
    )?;
    let account = permit.within().account()?;
    let administrators = visit.part(
        || format!("administrators\n{account}"),
        || members::administrators_of(read, account),
    )?;
    let now = visit.portal.clock.now();
    Ok(Found {
        pager: list.pager(total),
        rows: rows
            .into_iter()
            .map(|row| Line::of(visit, row, &administrators, now))
            .collect(),
        list,
        total,
        administrators,
        freshness: Freshness::read(read, visit, permit, only)?,
    })
}

#[derive(Template)]
#[template(path = "devices/inventory.html")]
struct InventoryPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
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

/// What a list is part of.
pub struct Around {
    pub shell: Shell,
    pub head: Option<InventoryHead>,
    pub from: Option<VirtualAccountId>,
    pub removal: Option<Removal>,
}

/// The page of a list.
pub fn show(
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    found: Found,
    around: Around,
    status: u16,
) -> Answer {
    let off = |action| match around.from {
        Some(_) => reason::against(visit, action, around.from, &found.administrators),
        None => reason::against_all(visit, action, &found.administrators),
    };
    page_with(
        status,
        &InventoryPage {
            no_transfer: off(Action::Transfer).unwrap_or_default(),
            no_removal: off(Action::RemoveDevice).unwrap_or_default(),
            shell: around.shell,
            head: around.head,
            from: around.from.map(|id| id.to_string()).unwrap_or_default(),
            removal: around.removal,
            count: counted(found.total, "product instance", "product instances"),
            base: base(visit),
            number: visit.number(),
            some: permit.within().only().is_some(),
            pager: found.pager,
            rows: found.rows,
            freshness: found.freshness,
            list: found.list.in_words_of(visit.portal.config.edition),
        },
    )
}

/// The whole inventory, perhaps with a pop-up over it.
pub async fn whole(
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    removal: Option<Removal>,
    status: u16,
) -> Answer {
    let (looker, view, path) = (visit.clone(), permit.clone(), inventory_path(visit));
    // Behind a pop-up the list shows from its beginning: the address speaks of what is to be removed.
    let raw = if removal.is_some() {
        String::new()
    } else {
        visit.query.clone()
    };
    let found = visit
        .portal
        .db
        .read(move |r| find(r, &looker, &view, path, &raw, None))
        .await?;
    let between = [Crumb::text("Devices")];
    let mut shell = visit.list_shell("Device Inventory", &between, &found.list);
    if removal.is_some() {
        shell = shell.with_dialog("Remove Product Instance");
    }
    let around = Around {
        shell,
        head: None,
        from: None,
        removal,
    };
    show(visit, permit, found, around, status)
}

/// GET /sa/{said}/devices/device-inventory
pub async fn inventory(may: May<ViewInventory>) -> Answer {
    whole(&may, &may.permit, None, 200).await
}

/// GET /sa/{said}/devices/device-inventory.csv
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw) = (may.permit.clone(), inventory_path(&may), may.query.clone());
    let visit = Visit::clone(&may);
    let rows = may
        .portal
        .db
        .read(move |r| {
            let (list, filter) = query(r, &visit, &permit, path, &raw, None)?;
            list.understood()?;
            service::page(r, &permit, &filter, order(&list), None, MOST_EXPORTED, 0)
        })
        .await?;
    let mut table = Table::new(&[
        "Host name",
        "Product id",
        "Serial number",
        "Product Type",
        "Software",
        may.say("Virtual Account"),
        "Status",
        "Authorization",
        "Mode",
        "Usage report",
        "Last report",
        "Next report",
        "Licenses",
        "Registered",
        "Last Contact",
        "Next contact",
        "Registration expires",
    ])?;
    for row in rows {
        let device = &row.device;
        let licenses: Vec<String> = row
            .told
            .lines
            .iter()
            .map(|line| format!("{} ({})", line.name, line.usage.quantity))
            .collect();
        table.row([
            device.hostname.as_str(),
            &device.pid,
            &device.serial,
            &device.product,
            &device.software,
            &row.virtual_account,
            device.standing.label(),
            row.told.authorization.label(),
            device.mode(),
            device.policy.map_or("", PolicyState::label),
            &device.reported_at.map_or_else(String::new, Moment::rfc3339),
            &device.report_by.map_or_else(String::new, Moment::rfc3339),
            &licenses.join(", "),
            &device.registered_at.rfc3339(),
            &device.contact_at.rfc3339(),
            &row.told.next_contact_at().rfc3339(),
            &device.expires_at().rfc3339(),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("device-inventory"),
        table.finish()?,
    ))
}
