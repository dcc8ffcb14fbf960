//! "Device Inventory" as a list: of an account, or of one of its Virtual Accounts.

use super::model::Standing;
use super::policy_state::PolicyState;
use super::service::{self, Row};
use super::store::{Filter as Wanted, ORDERS};
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::list::{Asked, Choices, Column, Filter, List, Lookup, Onlooker, Rows, sorts_of};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;

const FILTERS: &[Filter<Wanted>] = &[
    Filter::known_ids(
        "va",
        "Virtual Account",
        "Id of a Virtual Account.",
        |mut wanted, chosen| {
            wanted.places = chosen.meant_among(None);
            if wanted.places.is_empty() {
                // In a Virtual Account that is not there is nothing.
                wanted.places.push(VirtualAccountId::new());
            }
            wanted
        },
    ),
    Filter::words(
        "status",
        "Status",
        "How it stands.",
        Standing::CHOICES,
        |mut wanted, chosen| {
            wanted.standings = chosen.words();
            wanted
        },
    ),
    Filter::known(
        "product",
        "Product Type",
        "A product type that is there.",
        |mut wanted, chosen| {
            wanted.products = chosen.values.iter().map(|one| (*one).to_owned()).collect();
            wanted
        },
    ),
    Filter::words(
        "mode",
        "Mode",
        "Whether it reports by policy.",
        &[("sl", "SL (registered or reserved)"), ("slp", "SLP (by policy)")],
        |mut wanted, chosen| {
            wanted.by_policy = match chosen.values.as_slice() {
                [one] => Some(*one == "slp"),
                _ => None,
            };
            wanted
        },
    ),
    Filter::words(
        "report",
        "Usage report",
        "How its usage report by policy stands.",
        REPORTS,
        |mut wanted, chosen| {
            wanted.policy_states = chosen.words();
            wanted
        },
    ),
    Filter::unseen(PLACE, |mut wanted, chosen| {
        wanted.places = chosen.words();
        wanted
    }),
];

/// How those by policy stand, as filters know it.
pub const REPORTS: &[(&str, &str)] = PolicyState::CHOICES;

/// The Virtual Account whose product instances alone are asked for.
pub const PLACE: &str = "place";

fn wanted(asked: &Asked) -> Wanted {
    asked.wanted(FILTERS, |words| Wanted {
        typed: words,
        ..Wanted::default()
    })
}

type Looking = Onlooker<ViewInventory>;

/// How many there are on all pages of a list.
fn count(read: &mut dyn Reads, looking: &Looking, asked: &Asked) -> Result<u64> {
    let (permit, filter) = (&looking.permit, wanted(asked));
    looking.visit.part(
        || format!("devices counted\n{:?}\n{filter:?}", permit.within()),
        || service::count(read, permit, &filter),
    )
}

fn products(read: &mut dyn Reads, looking: &Looking) -> Result<Choices> {
    let account = looking.permit.within().account()?;
    let products = looking.visit.part(
        || format!("device products\n{account}"),
        || service::products(read, &looking.permit),
    )?;
    let pairs = products.into_iter().map(|one| (one.clone(), one));
    Ok(Choices::all(pairs.collect()))
}

const INVENTORY: List<Looking, Row, Wanted, u64> = List {
    path: "/sa/{said}/devices/device-inventory",
    file: "device-inventory",
    most_exported: 100_000,
    nouns: ("product instance", "product instances"),
    search: "Words in the host name, the UDI or the product; or several serial numbers.",
    filters: FILTERS,
    sorts: sorts_of!(ORDERS),
    default_sort: "name",
    known: &[
        (
            "va",
            Lookup::Choices(|read, looking, raw| {
                let (visit, within) = (&looking.visit, looking.permit.within());
                Ok(virtual_accounts::Choices::of(read, visit, within, raw)?.known())
            }),
        ),
        (
            "product",
            Lookup::Choices(|read, looking, _| products(read, looking)),
        ),
    ],
    rows: Rows::Counted {
        counts: count,
        total: |total| *total,
        page: |read, looking, asked, total, some| {
            let filter = wanted(asked);
            service::page(
                read,
                &looking.permit,
                &filter,
                asked.order(),
                total.copied(),
                some.0,
                some.1,
            )
        },
    },
    ..List::PLAIN
};

pub static LIST: List<Looking, Row, Wanted, u64> = List {
    columns: &[
        Column::fixed("name", "Name"),
        Column::table("product", "Product Type"),
        Column::table("va", "Virtual Account"),
        Column::table("licenses", "Licenses").num(),
        Column::table("status", "Status"),
        Column::table("contact", "Last Contact"),
        Column::table("mode", "Mode"),
        Column::aside("reported", "Last report"),
        Column::aside("reportby", "Next report"),
        Column::aside("next", "Next contact"),
        Column::aside("registered", "Registered on"),
        Column::aside("software", "Software"),
        Column::file("Host name", |row| row.device.hostname.clone()),
        Column::file("Product id", |row| row.device.pid.clone()),
        Column::file("Serial number", |row| row.device.serial.clone()),
        Column::file("Product Type", |row| row.device.product.clone()),
        Column::file("Software", |row| row.device.software.clone()),
        Column::file("Virtual Account", |row| row.virtual_account.clone()),
        Column::file("Status", |row| row.device.standing.label().to_owned()),
        Column::file("Authorization", |row| row.told.authorization.label().to_owned()),
        Column::file("Mode", |row| row.device.mode().to_owned()),
        Column::file("Usage report", |row| {
            row.device.policy.map_or("", PolicyState::label).to_owned()
        }),
        Column::file("Last report", |row| maybe(row.device.reported_at)),
        Column::file("Next report", |row| maybe(row.device.report_by)),
        Column::file("Licenses", licenses),
        Column::file("Registered", |row| row.device.registered_at.rfc3339()),
        Column::file("Last Contact", |row| row.device.contact_at.rfc3339()),
        Column::file("Next contact", |row| row.told.next_contact_at().rfc3339()),
        Column::file("Registration expires", |row| row.device.expires_at().rfc3339()),
    ],
    ..INVENTORY
};

/// Those of one Virtual Account, with the columns of its tab.
pub static IN_PLACE: List<Looking, Row, Wanted, u64> = List {
    columns: &[
        Column::fixed("name", "Name"),
        Column::table("product", "Product Type"),
        Column::aside("licenses", "Licenses").num(),
        Column::aside("status", "Status"),
        Column::table("contact", "Last Contact"),
        Column::table("alerts", "Alerts"),
        Column::aside("mode", "Mode"),
        Column::aside("reported", "Last report"),
        Column::aside("reportby", "Next report"),
        Column::aside("next", "Next contact"),
        Column::aside("registered", "Registered on"),
        Column::aside("software", "Software"),
    ],
    ..INVENTORY
};

fn maybe(at: Option<Moment>) -> String {
    at.map_or_else(String::new, Moment::rfc3339)
}

fn licenses(row: &Row) -> String {
    let lines = row.told.lines.iter();
    let each: Vec<String> = lines
        .map(|line| format!("{} ({})", line.name, line.usage.quantity))
        .collect();
    each.join(", ")
}
