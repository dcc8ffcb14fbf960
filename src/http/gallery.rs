//! Every component in every state on one page: the cheapest way to see that a change of style broke nothing.

use super::{
    form_state::{Choice, FormState},
    list::{ColumnSpec, FilterSpec, ListQuery, ListSpec, Pager},
    shell::{
        AccountCard, Crumb, Flash, FlashKind, LabStrip, MenuGroup, MenuItem, MenuSection, PersonCard, Shell,
    },
    widgets::{Donut, DonutPart, Happening, Tab, UseBar},
};
use askama::Template;
use chrono::{DateTime, Utc};

/// The page at `/operator/ui`.
#[derive(Debug, Template)]
#[template(path = "operator/ui.html")]
pub struct Gallery {
    pub shell: Shell,
    fresh: FormState,
    refused: FormState,
    roles: Vec<Choice>,
    accounts: Vec<Choice>,
    list: ListQuery,
    pager: Pager,
    orders: Vec<Order>,
    donuts: Vec<(&'static str, Donut)>,
    tabs: Vec<Tab>,
    history: Vec<Happening>,
    licenses: Vec<License>,
    /// Whether the sample dialog is open.
    dialog: bool,
    now: DateTime<Utc>,
}

#[derive(Debug)]
struct Order {
    id: &'static str,
    po: &'static str,
    customer: &'static str,
    domain: &'static str,
    kind: &'static str,
    at: DateTime<Utc>,
    lines: u64,
    state: (&'static str, &'static str),
    status: (&'static str, &'static str),
    /// Why the order cannot be assigned, or "".
    no: &'static str,
}

#[derive(Debug)]
struct License {
    name: &'static str,
    sku: &'static str,
    bar: UseBar,
    balance: i64,
    alert: Option<(&'static str, &'static str)>,
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// 21 Nov 2026, 20:46 UTC.
const NOW: i64 = 1_795_294_000;
const DAY: i64 = 86_400;

const FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "assignment",
        label: "Assignment status",
        values: &[
            ("unassigned", "Unassigned"),
            ("assigned", "Assigned"),
            ("requested", "Assignment requested"),
        ],
    },
    FilterSpec {
        key: "type",
        label: "Order type",
        values: &[
            ("standard", "Standard"),
            ("stocking", "Stocking"),
            ("ea", "Enterprise Agreement"),
        ],
    },
    FilterSpec::date("from", "From"),
    FilterSpec::date("to", "To"),
];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "customer",
        label: "Customer",
        default_on: true,
    },
    ColumnSpec {
        key: "lines",
        label: "Lines",
        default_on: true,
    },
    ColumnSpec {
        key: "partner",
        label: "Partner",
        default_on: false,
    },
];

fn item(label: &'static str, href: &str, current: bool, count: u64) -> MenuItem {
    MenuItem {
        label,
        href: href.to_owned(),
        current,
        count,
    }
}

fn section(label: &'static str, icon: &'static str, groups: Vec<MenuGroup>, current: bool) -> MenuSection {
    MenuSection {
        label,
        icon,
        href: None,
        groups,
        current,
    }
}

fn group(label: Option<&'static str>, items: Vec<MenuItem>) -> MenuGroup {
    MenuGroup { label, items }
}

fn menu() -> Vec<MenuSection> {
    vec![
        MenuSection {
            label: "Overview",
            icon: "layout-dashboard",
            href: Some("#overview".to_owned()),
            groups: Vec::new(),
            current: false,
        },
        section(
            "Licensing",
            "key-round",
            vec![group(
                Some("Licenses"),
                vec![
                    item("License Inventory", "#licenses", false, 0),
                    item("Inventory by Virtual Account", "#inventory", false, 0),
                ],
            )],
            false,
        ),
        section(
            "Orders",
            "package",
            vec![group(
                None,
                vec![item("Order Inventory", "/operator/ui", true, 0)],
            )],
            true,
        ),
        section(
            "Account Management",
            "users",
            vec![group(
                Some("Smart Account Management"),
                vec![
                    item("Virtual Accounts", "#va", false, 0),
                    item("Pending Access Requests", "#requests", false, 3),
                ],
            )],
            false,
        ),
    ]
}

fn shell() -> Shell {
    let flash = |kind, text: &str, link: Option<(&str, &str)>| Flash {
        kind,
        text: text.to_owned(),
        link: link.map(|(label, href)| (label.to_owned(), href.to_owned())),
    };
    Shell {
        title: "Components".to_owned(),
        csrf: "sample".to_owned(),
        person: Some(PersonCard {
            name: "Priya Nair".to_owned(),
            email: "priya.nair@alderridge.example".to_owned(),
            role: "Smart Account Admin".to_owned(),
        }),
        account: Some(AccountCard {
            number: 7,
            name: "Alder Ridge Health".to_owned(),
            domain: "alderridge.example".to_owned(),
        }),
        menu: menu(),
        crumbs: vec![
            Crumb::link("Alder Ridge Health", "#top"),
            Crumb::text("Operator"),
            Crumb::text("Components"),
        ],
        flash: vec![
            flash(
                FlashKind::Ok,
                "2 orders were assigned to Harborview Clinics.",
                Some(("View the account", "#va")),
            ),
            flash(FlashKind::Info, "The clock now stands still.", None),
            flash(
                FlashKind::Warn,
                "Order type: “lease” is not a choice here and was left out.",
                None,
            ),
            flash(
                FlashKind::Bad,
                "The letter could not be sent. It will be tried again.",
                None,
            ),
        ],
        lab: Some(LabStrip {
            now: moment(NOW),
            frozen: false,
            letters: 4,
        }),
        path: "/operator/ui".to_owned(),
        ..Shell::default()
    }
}

fn orders() -> Vec<Order> {
    let order = |id, po, days: i64, lines| Order {
        id,
        po,
        customer: "Alder Ridge Health",
        domain: "alderridge.example",
        kind: "Standard",
        at: moment(NOW - days * DAY),
        lines,
        state: ("warn", "Unassigned"),
        status: ("ok", "Fulfilled"),
        no: "",
    };
    vec![
        order("118402977", "PO 4500182213", 2, 14),
        Order {
            status: ("info", "Partially fulfilled"),
            ..order("118402951", "PO 4500182207", 3, 6)
        },
        Order {
            customer: "Bramwell Distribution",
            domain: "bramwell.example",
            kind: "Stocking",
            state: ("", "Unassigned"),
            no: "Stocking orders belong to the distributor until they are sold, so they cannot be assigned.",
            ..order("118402846", "PO DST-77120", 3, 220)
        },
        Order {
            customer: "Harborview Clinics",
            domain: "harborview.example",
            state: ("info", "Assignment requested"),
            status: ("warn", "Pending"),
            ..order("118402655", "PO 4500182190", 5, 1_540)
        },
    ]
}

fn donut(title: &str, list: &ListQuery, key: &str, parts: &[(&str, &str, u64, &'static str)]) -> Donut {
    Donut {
        title: title.to_owned(),
        unit: "orders",
        parts: parts
            .iter()
            .map(|(value, label, count, colour)| DonutPart {
                label: (*label).to_owned(),
                count: *count,
                colour,
                href: list.toggle_filter(key, value),
                on: list.has(key, value),
            })
            .collect(),
    }
}

fn donuts(list: &ListQuery) -> Vec<(&'static str, Donut)> {
    let assignment = [
        ("unassigned", "Unassigned", 31, "warn"),
        ("assigned", "Assigned", 14, "ok"),
        ("requested", "Assignment requested", 3, "info"),
    ];
    let kinds = [
        ("standard", "Standard", 33, "info"),
        ("stocking", "Stocking", 9, "plum"),
        ("ea", "Enterprise Agreement", 6, "mute"),
    ];
    vec![
        (
            "assignment",
            donut("Smart Account assignment status", list, "assignment", &assignment),
        ),
        ("type", donut("Order type", list, "type", &kinds)),
        ("none", donut("Nothing yet", list, "type", &[])),
    ]
}

fn licenses() -> Vec<License> {
    let license = |name, sku, used, total, balance, alert| License {
        name,
        sku,
        bar: UseBar::new(used, total),
        balance,
        alert,
    };
    vec![
        license(
            "C9300 48P Network Advantage",
            "C9300-NW-A-48",
            126,
            120,
            -6,
            Some(("bad", "Insufficient licenses")),
        ),
        license("C9300 DNA Advantage", "C9300-DNA-A-48", 112, 120, 8, None),
        license(
            "C9200 48P Network Essentials",
            "C9200-NW-E-48",
            64,
            64,
            0,
            Some(("warn", "Expires in 28 days")),
        ),
    ]
}

fn roles() -> Vec<Choice> {
    vec![
        Choice::new("admin", "Smart Account Admin").note("Everything in the account."),
        Choice::new("user", "Smart Account User").note("Licenses and devices, no people."),
        Choice::new("approver", "Smart Account Approver")
            .note("Not available: the account has no agreement to approve.")
            .disabled(),
    ]
}

fn tabs() -> Vec<Tab> {
    let tab = |label: &str, current, count| Tab {
        label: label.to_owned(),
        href: "/operator/ui".to_owned(),
        current,
        count,
    };
    vec![
        tab("General", false, None),
        tab("Licenses", true, Some(8)),
        tab("Product Instances", false, Some(1_870)),
        tab("Event Log", false, None),
    ]
}

fn history() -> Vec<Happening> {
    let happening = |what: &str, who: &str, hours: i64, note: &str| Happening {
        what: what.to_owned(),
        who: who.to_owned(),
        at: moment(NOW - hours * 3_600),
        note: note.to_owned(),
    };
    vec![
        happening("Opened from the email link", "Jordan Ellis", 1, ""),
        happening(
            "Email sent to the account creator",
            "",
            29,
            "Second try: the first was refused by the mail server.",
        ),
        happening("Request sent", "Tomas Lindqvist", 30, ""),
    ]
}

/// A form as it comes back with complaints.
fn refused() -> FormState {
    FormState::new()
        .with_value("email", "tomas@")
        .with_problem("email", "Enter an email address such as name@company.example.")
        .with_problem("password", "Enter your password.")
        .with_problem("reason", "Enter a deny reason.")
        .with_problem("va", "Choose a Virtual Account.")
        .with_problem("role", "Choose a role.")
        .with_problem("agree", "Tick the box to go on.")
}

impl Gallery {
    /// All components, with made-up content.
    pub fn sample() -> Self {
        let list = ListQuery::parse(
            "assignment=unassigned&q=alder&page=2",
            &ListSpec {
                path: "/operator/ui".to_owned(),
                sorts: &["id", "customer", "date", "lines"],
                default_sort: "-date",
                filters: FILTERS,
                columns: COLUMNS,
            },
        );
        Self {
            shell: shell(),
            fresh: FormState::new()
                .with_once("sample")
                .with_value("name", "Harborview Clinics")
                .with_value("role", "user")
                .with_value("va", "campus"),
            refused: refused(),
            roles: roles(),
            accounts: vec![
                Choice::new("default", "DEFAULT"),
                Choice::new("campus", "Campus"),
                Choice::new("wireless", "Wireless"),
            ],
            pager: list.pager(131),
            donuts: donuts(&list),
            list,
            orders: orders(),
            tabs: tabs(),
            history: history(),
            licenses: licenses(),
            dialog: false,
            now: moment(NOW),
        }
    }

    /// The same page with the sample dialog open over it.
    #[must_use]
    pub fn with_dialog(mut self) -> Self {
        self.dialog = true;
        self.shell = self.shell.with_dialog("Deny Request");
        self
    }
}
