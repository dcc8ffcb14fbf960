//! The scenario `large`: `demo`, and enough beside it to measure with. XYZ COMPANY has 5,000 people, 1,000
//! Virtual Accounts, 10,000 orders, 100,000 product instances with 300,000 uses, and a million events; 10,000 Smart Accounts stand beside it, of which Pat may
//! open 25.

use super::demo::{Demo, days_before};
use super::store::{self, AccountRow, DivisionRow, EventRow, GrantRow, PersonRow};
use super::{devices, tokens};
use crate::authz::Role;
use crate::error::Result;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Kind, Moment, Who, search_key};
use crate::orders::{self, OrderStatus, OrderType, Source, Told, ToldLine};
use crate::platform::db::Tx;
use crate::platform::signing::Signing;
use chrono::TimeDelta;

const PEOPLE: usize = 5_000;
const DIVISIONS: usize = 1_000;
const ACCOUNTS: usize = 10_000;
const EVENTS: i64 = 1_000_000;
const ORDERS: usize = 10_000;
const TOKENS: i64 = 50;
const DEVICES: usize = 100_000;
/// Beside the account that is Pat's own.
const PATS: usize = 24;
/// So many events are held in memory at a time.
const CHUNK: i64 = 10_000;

const FIRST: &[&str] = &[
    "Wade", "Wanda", "Wes", "Willa", "Xavier", "Xenia", "Yann", "Yara", "Yusuf", "Zara", "Zeno", "Zoe",
];
const LAST: &[&str] = &[
    "Abbott", "Brook", "Cole", "Dale", "Ellery", "Frost", "Grove", "Hale", "Ives", "Jarvis", "Kent", "Lowe",
    "Moss", "North", "Oakes", "Pike", "Rowe", "Stone", "Thorne", "Vance",
];
const COMPANY: &[&str] = &[
    "Amber", "Beacon", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harvest", "Indigo", "Jasper",
    "Keystone", "Lumen",
];
const TRADE: &[&str] = &[
    "Bakery",
    "Clinics",
    "Foods",
    "Freight",
    "Labs",
    "Logistics",
    "Media",
    "Motors",
    "Schools",
    "Textiles",
];
const CITY: &[&str] = &[
    "Aberdeen", "Basel", "Cork", "Dresden", "Evora", "Ghent", "Graz", "Leeds", "Lyon", "Malmo", "Oslo",
    "Porto",
];

fn at<'a>(list: &'a [&'a str], n: usize) -> &'a str {
    list.get(n % list.len().max(1)).copied().unwrap_or_default()
}

/// Ids of what many rows point at, made before the transaction.
pub struct Large {
    people: Vec<PersonRow>,
    divisions: Vec<DivisionRow>,
    accounts: Vec<(SmartAccountId, VirtualAccountId)>,
    orders: Vec<orders::New>,
    tokens: Vec<tokens::Planned>,
}

/// What the orders are of.
const SKUS: &[&str] = &[
    "C9200-48P-E",
    "C9300-48P-A",
    "C8300-1N1S-6T",
    "CW9166I-B",
    "FPR2130-NGFW-K9",
    "ISE-A-LIC-100",
    "UCM-ENT-25",
];

/// An order of XYZ COMPANY: every tenth cannot be assigned, every fifth has brought its account along, half of
/// them were sold by Bramwell Distribution.
fn order(demo: &Demo, n: usize) -> Result<orders::New> {
    let days = i64::try_from(n * 350 / ORDERS).unwrap_or_default();
    let order_type = match n % 20 {
        7 => OrderType::Stocking,
        13 => OrderType::EnterpriseAgreement,
        _ => OrderType::Standard,
    };
    let status = match n % 3 {
        0 => OrderStatus::Pending,
        1 => OrderStatus::PartiallyFulfilled,
        _ => OrderStatus::Fulfilled,
    };
    let lines = [(at(SKUS, n), 1 + n % 40), ("CON-SNT-C92048PE", 1 + n % 40)];
    let told = Told {
        identifier: format!("200{n:06}"),
        customer: "XYZ COMPANY".to_owned(),
        customer_domain: "xyz.example".to_owned(),
        customer_email: format!("buyer-{}@xyz.example", n % 50),
        partner_domain: if n.is_multiple_of(2) {
            "bramwell.example"
        } else {
            ""
        }
        .to_owned(),
        order_type: order_type.word().to_owned(),
        status: status.word().to_owned(),
        purchase_order: format!("PO-{n:06}"),
        ordered_at: days_before(demo.now, days, 9).rfc3339(),
        end_customer_account: if n.is_multiple_of(5) { "xyz.example" } else { "" }.to_owned(),
        lines: lines
            .into_iter()
            .map(|(sku, quantity)| ToldLine {
                sku: sku.to_owned(),
                quantity: quantity.to_string(),
                term_months: String::new(),
            })
            .collect(),
    };
    orders::check_order(&told, Source::Scenario, demo.now)
}

impl Large {
    /// Thinks everything out.
    pub fn plan(demo: &Demo, signing: &Signing) -> Result<Self> {
        let people = (0..PEOPLE)
            .map(|n| PersonRow {
                id: PersonId::new(),
                name: format!("{} {}", at(FIRST, n), at(LAST, n / FIRST.len())),
                email: format!("person-{n:04}@xyz.example"),
            })
            .collect();
        let divisions: Vec<DivisionRow> = (0..DIVISIONS)
            .map(|n| DivisionRow {
                id: VirtualAccountId::new(),
                account: demo.xyz,
                name: format!("Site {n:04} {}", at(CITY, n)),
                is_default: false,
            })
            .collect();
        let places = divisions.iter().map(|division| division.id);
        let tokens = tokens::plan_many(demo.now, signing, places, TOKENS)?;
        let accounts = (0..ACCOUNTS)
            .map(|_| (SmartAccountId::new(), VirtualAccountId::new()))
            .collect();
        Ok(Self {
            people,
            divisions,
            accounts,
            orders: (0..ORDERS).map(|n| order(demo, n)).collect::<Result<_>>()?,
            tokens,
        })
    }

    /// Writes all of it into the transaction of the demo.
    pub fn write(&self, tx: &mut Tx<'_>, demo: &Demo, hash: &str) -> Result<()> {
        let since = days_before(demo.now, 360, 9);
        store::people(tx, since, hash, &self.people)?;
        store::divisions(tx, since, &self.divisions)?;
        store::grants(tx, since, &self.roles_in_xyz(demo))?;
        self.other_accounts(tx, demo, since)?;
        for some in self.orders.chunks(500) {
            orders::receive(tx, &Who::portal("scenario"), demo.now, some)?;
        }
        tokens::write(tx, demo, &self.tokens)?;
        let places: Vec<VirtualAccountId> = self.divisions.iter().map(|one| one.id).collect();
        devices::write_many(tx, demo, &places, DEVICES)?;
        self.events(tx, demo)
    }

    fn roles_in_xyz(&self, demo: &Demo) -> Vec<GrantRow> {
        let roles = [
            Role::VirtualAdmin,
            Role::VirtualUser,
            Role::VirtualViewer,
            Role::VirtualUser,
        ];
        self.people
            .iter()
            .zip(self.divisions.iter().cycle())
            .enumerate()
            .map(|(n, (person, division))| GrantRow {
                account: demo.xyz,
                division: Some(division.id),
                person: person.id,
                role: roles
                    .get(n / DIVISIONS % roles.len())
                    .copied()
                    .unwrap_or(Role::VirtualUser),
            })
            .collect()
    }

    fn other_accounts(&self, tx: &mut Tx<'_>, demo: &Demo, since: Moment) -> Result<()> {
        let pat = demo.person("pat@bramwell.example")?.id;
        let first = tx.next_number("smart-account", 100_001)?;
        store::take_numbers(tx, "smart-account", first, ACCOUNTS)?;
        let rows: Vec<AccountRow> = (first..)
            .zip(self.accounts.iter().enumerate())
            .map(|(number, (n, (id, _)))| AccountRow {
                id: *id,
                number,
                name: format!("{} {} {n:05}", at(COMPANY, n), at(TRADE, n / COMPANY.len())),
                domain: format!("customer-{n:05}.example"),
            })
            .collect();
        store::accounts(tx, since, &rows)?;
        let defaults: Vec<DivisionRow> = self
            .accounts
            .iter()
            .map(|(account, default)| DivisionRow {
                id: *default,
                account: *account,
                name: crate::virtual_accounts::DEFAULT.to_owned(),
                is_default: true,
            })
            .collect();
        store::divisions(tx, since, &defaults)?;
        let role = |account: &SmartAccountId, person, role| GrantRow {
            account: *account,
            division: None,
            person,
            role,
        };
        let mut roles: Vec<GrantRow> = self
            .accounts
            .iter()
            .zip(self.people.iter().cycle())
            .map(|((account, _), person)| role(account, person.id, Role::AccountAdmin))
            .collect();
        // Spread over the whole list, so that neither the first nor the last page holds them all.
        let step = ACCOUNTS / PATS;
        roles.extend(
            self.accounts
                .iter()
                .step_by(step)
                .take(PATS)
                .map(|(account, _)| role(account, pat, Role::AccountUser)),
        );
        store::grants(tx, since, &roles)
    }

    fn events(&self, tx: &mut Tx<'_>, demo: &Demo) -> Result<()> {
        let labels: Vec<(PersonId, String, String)> = self
            .people
            .iter()
            .map(|p| {
                let label = format!("{} ({})", p.name, p.email);
                let key = search_key(&label);
                (p.id, label, key)
            })
            .collect();
        let kinds = [
            (Kind::Exported, "exported the list licenses as CSV"),
            (Kind::AccountChanged, "changed a property of the account"),
            (Kind::RoleGranted, "gave a role"),
            (Kind::Exported, "exported the list orders as CSV"),
            (Kind::RoleRemoved, "took a role back"),
        ];
        let begin = demo.now.plus(TimeDelta::days(-365));
        let every = TimeDelta::days(365).num_microseconds().unwrap_or_default() / EVENTS;
        let mut people = labels.iter().cycle();
        let mut kinds = kinds.iter().cycle();
        for chunk in 0..EVENTS / CHUNK {
            let rows: Vec<EventRow<'_>> = (chunk * CHUNK..(chunk + 1) * CHUNK)
                .zip(people.by_ref().zip(kinds.by_ref()))
                .map(|(n, ((person, label, key), (kind, did)))| EventRow {
                    at: begin.plus(TimeDelta::microseconds(every * n)),
                    kind: *kind,
                    message: format!("{label} {did} (step {n})."),
                    person: *person,
                    actor: label,
                    actor_key: key,
                    about: "xyz.example",
                })
                .collect();
            store::events(tx, demo.xyz, &rows)?;
        }
        Ok(())
    }
}
