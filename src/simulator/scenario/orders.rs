//! The orders of the scenario `demo`: 48 of XYZ COMPANY, of every type and status, and those that Bramwell
//! Distribution has sold to others. They come in, are assigned, fail and wait through the room's own services.

use super::demo::{Demo, days_before};
use super::dice::Dice;
use crate::authz::Permit;
use crate::authz::action::AssignOrder;
use crate::error::{Error, Result};
use crate::kernel::ids::{AssignmentId, OrderDraftId, OrderId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who};
use crate::orders::{self, Content, OrderStatus, OrderType, Source, Target, Told, ToldLine};
use crate::platform::db::Tx;
use chrono::TimeDelta;

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nobody has assigned it.
    Open,
    /// To a Virtual Account of XYZ COMPANY, or to the default one of another account.
    Assigned(&'static str),
    /// Just now, and on its way for a while.
    Requested(&'static str),
    /// The fulfillment did not answer.
    Failed(&'static str),
    /// Its customer's account is Pending.
    Held,
}

/// A customer: name, domain, address.
type Customer = (&'static str, &'static str, &'static str);

const XYZ: Customer = ("XYZ COMPANY", "xyz.example", "purchasing@xyz.example");
const FAIRWATER: Customer = ("Fairwater Foods", "fairwater.example", "june@fairwater.example");
const MERIDIAN: Customer = (
    "Meridian Labs",
    "meridianlabs.example",
    "it.lead@meridianlabs.example",
);
const HARBORVIEW: Customer = (
    "Harborview Clinics",
    "harborview.example",
    "eve@harborview.example",
);
const BLUEWATER: Customer = (
    "Bluewater Marine",
    "bluewater.example",
    "chandler@harbormail.example",
);
const ORCHARD: Customer = (
    "Orchard Lane Schools",
    "orchardlane.example",
    "head.office@orchardlane.example",
);
const BRAMWELL: Customer = (
    "Bramwell Distribution",
    "bramwell.example",
    "stock@bramwell.example",
);

/// What is often ordered together.
type Bundle = &'static [(&'static str, i64)];

const SWITCH: Bundle = &[("C9200-48P-E", 1)];
const CAMPUS: Bundle = &[("C9300-48P-A", 4), ("CON-SNT-C930048A", 4), ("SVS-DNA-SOLN", 1)];
const CAMPUS_BY_PARTNER: Bundle = &[
    ("C9300-48P-A", 6),
    ("C9500-48Y4C-A", 2),
    ("CON-SNT-C930048A", 6),
    ("PSS-OSP-CAMPUS", 1),
];
const WIFI: Bundle = &[("CW9166I-B", 40), ("C9800-40-K9", 2), ("PRT-DEPLOY-WIFI", 1)];
const ACCESS_POINTS: Bundle = &[("C9120AXI-B", 24), ("AIR-DNA-E-5Y", 24)];
const BRANCH: Bundle = &[("C8300-1N1S-6T", 3), ("SDWAN-UMB-T1-3Y", 3), ("CON-OSP-C8300", 3)];
const WAN_EDGE: Bundle = &[("C8500-12X4QC", 2), ("HSEC-C8300", 2)];
const FIREWALLS: Bundle = &[
    ("FPR2130-NGFW-K9", 2),
    ("L-FPR2130T-TM-1Y", 2),
    ("PRT-ADOPT-SEC", 1),
];
const IDENTITY: Bundle = &[("ISE-A-LIC-100", 12), ("CON-SW-ISE", 1)];
const CALLING: Bundle = &[("UCM-ENT-25", 16), ("CUBE-T-STD-25", 4), ("CON-ECMU-UCM", 1)];
const REMOTE: Bundle = &[("AC-APX-LIC-500", 1), ("UMB-DNS-ADV-U", 500)];
const ACCESS: Bundle = &[("C9200-24P-E", 12), ("CON-SNT-C92048PE", 12)];
const ACCESS_BY_PARTNER: Bundle = &[("C9200-48P-E", 8), ("PSS-SNT-SWITCH", 8)];
const FABRIC: Bundle = &[("N9K-93180YC-X2", 6), ("DCN-P-M8-5Y", 2)];
const TINY: Bundle = &[("C8200-1N-4T", 1)];
const ANY: &[Bundle] = &[
    CAMPUS,
    WIFI,
    ACCESS_POINTS,
    BRANCH,
    WAN_EDGE,
    FIREWALLS,
    IDENTITY,
    CALLING,
    REMOTE,
    ACCESS,
    FABRIC,
    TINY,
];
const EA: &[Bundle] = &[
    &[("E3N-DNA-SW-A", 180), ("E3N-DNA-W-A", 420)],
    &[("E3S-SEC-CHOICE", 1)],
    &[("E3C-COLLAB-FLEX", 1_200), ("SVS-FLEX-SUPT", 1)],
    &[("E3A-THOUSANDEYES", 4)],
];
const STOCK: &[Bundle] = &[
    &[("C9200L-48T-4G-E", 60)],
    &[("C9120AXI-B", 200), ("C9130AXI-B", 100)],
    &[("FPR1010-NGFW-K9", 40)],
];

/// An order: whose, type, days since it was ordered, sold by Bramwell or not, fate, what; any bundle when it is empty.
type Row = (Customer, OrderType, i64, bool, Fate, Bundle);

const CORPORATE: &str = "Corporate Network Devices";
const PUBLIC: &str = "Public Network Devices";
const LOCAL: &str = "Local-Virtual-Account";
const BRANCHES: &str = "Branch Offices";
const DEFAULT: &str = "DEFAULT";

const STANDARD: OrderType = OrderType::Standard;
const STOCKING: OrderType = OrderType::Stocking;
const AGREEMENT: OrderType = OrderType::EnterpriseAgreement;

/// The orders with something special about them. Others are thrown: see [`rows`].
const SPECIAL: &[Row] = &[
    (XYZ, STANDARD, 338, false, Fate::Assigned(DEFAULT), SWITCH),
    (XYZ, STANDARD, 331, false, Fate::Assigned(CORPORATE), CAMPUS),
    (XYZ, STANDARD, 322, false, Fate::Assigned(CORPORATE), WAN_EDGE),
    (
        XYZ,
        STANDARD,
        304,
        true,
        Fate::Assigned(CORPORATE),
        CAMPUS_BY_PARTNER,
    ),
    (XYZ, STANDARD, 290, false, Fate::Assigned(PUBLIC), ACCESS_POINTS),
    (XYZ, STANDARD, 277, true, Fate::Assigned(PUBLIC), WIFI),
    (XYZ, STANDARD, 251, false, Fate::Assigned(LOCAL), FABRIC),
    (XYZ, STANDARD, 240, false, Fate::Assigned(CORPORATE), IDENTITY),
    // A year of threat defence that ends within two months.
    (XYZ, STANDARD, 312, true, Fate::Assigned(CORPORATE), FIREWALLS),
    (XYZ, STANDARD, 183, false, Fate::Assigned(BRANCHES), BRANCH),
    (XYZ, STANDARD, 164, false, Fate::Assigned(CORPORATE), CALLING),
    (XYZ, STANDARD, 121, false, Fate::Assigned(CORPORATE), REMOTE),
    (
        XYZ,
        STANDARD,
        74,
        true,
        Fate::Assigned(BRANCHES),
        ACCESS_BY_PARTNER,
    ),
    (XYZ, STANDARD, 9, false, Fate::Assigned(CORPORATE), ACCESS),
    (XYZ, STANDARD, 3, false, Fate::Requested(CORPORATE), ACCESS),
    (XYZ, STANDARD, 2, true, Fate::Requested(PUBLIC), WIFI),
    (XYZ, STANDARD, 16, true, Fate::Failed(CORPORATE), FIREWALLS),
    (XYZ, STANDARD, 1, true, Fate::Open, CAMPUS_BY_PARTNER),
    (XYZ, STANDARD, 5, true, Fate::Open, ACCESS_BY_PARTNER),
    (
        FAIRWATER,
        STANDARD,
        40,
        true,
        Fate::Assigned(""),
        ACCESS_BY_PARTNER,
    ),
    (FAIRWATER, STANDARD, 33, true, Fate::Assigned(""), WIFI),
    (FAIRWATER, STANDARD, 12, true, Fate::Open, FIREWALLS),
    (FAIRWATER, STANDARD, 4, true, Fate::Open, BRANCH),
    (FAIRWATER, AGREEMENT, 21, true, Fate::Open, &[]),
    (MERIDIAN, STANDARD, 2, true, Fate::Held, ACCESS_BY_PARTNER),
    (MERIDIAN, STANDARD, 1, true, Fate::Held, IDENTITY),
    (MERIDIAN, STANDARD, 1, true, Fate::Open, TINY),
    (HARBORVIEW, STANDARD, 150, true, Fate::Assigned(""), CALLING),
    (HARBORVIEW, STANDARD, 19, true, Fate::Open, ACCESS_POINTS),
    (HARBORVIEW, STANDARD, 8, false, Fate::Open, REMOTE),
    (BLUEWATER, STANDARD, 92, true, Fate::Open, ACCESS),
    (ORCHARD, STANDARD, 123, true, Fate::Open, WIFI),
    (ORCHARD, STANDARD, 118, true, Fate::Open, ACCESS_BY_PARTNER),
    (BRAMWELL, STOCKING, 60, false, Fate::Open, &[]),
    (BRAMWELL, STOCKING, 30, false, Fate::Open, &[]),
    (BRAMWELL, STOCKING, 6, false, Fate::Open, &[]),
];

/// How many orders of XYZ COMPANY there are.
const OF_XYZ: usize = 48;

/// All of them, the oldest first.
fn rows() -> Vec<Row> {
    let mut dice = Dice::seeded(48);
    let mut rows = SPECIAL.to_vec();
    let mut thrown = 0_i64;
    while rows.iter().filter(|row| row.0 == XYZ).count() < OF_XYZ {
        let (order_type, bundles, days) = match thrown {
            0..6 => (STOCKING, STOCK, 14 + 51 * thrown),
            6..12 => (AGREEMENT, EA, 26 + 53 * (thrown - 6)),
            n => (STANDARD, ANY, 4 + 7 * (n - 11) + i64::from(dice.below(5))),
        };
        let bundle = dice.pick(bundles).copied().unwrap_or(SWITCH);
        rows.push((XYZ, order_type, days, thrown % 4 == 1, Fate::Open, bundle));
        thrown += 1;
    }
    for row in &mut rows {
        if row.5.is_empty() {
            let bundles = if row.1 == AGREEMENT { EA } else { STOCK };
            row.5 = dice.pick(bundles).copied().unwrap_or(SWITCH);
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.2));
    rows
}

/// An order with the ids of its assignment, made before the write.
#[derive(Debug, Clone)]
pub struct Planned {
    row: Row,
    new: orders::New,
    at: Moment,
    draft: OrderDraftId,
    assignment: AssignmentId,
}

impl Planned {
    /// When it came in.
    pub fn at(&self) -> Moment {
        self.at
    }
}

/// Thinks all of them out.
pub fn plan(now: Moment) -> Result<Vec<Planned>> {
    let mut dice = Dice::seeded(118);
    let mut number = 118_402_117_u32;
    rows()
        .into_iter()
        .map(|row| {
            let (customer, order_type, days, by_partner, _, bundle) = row;
            number += dice.between(1_100, 98_000);
            let hour = i64::from(dice.between(7, 17));
            let ordered = days_before(now, days, hour).plus(TimeDelta::minutes(i64::from(dice.below(60))));
            let ordered = ordered.min(now.plus(TimeDelta::minutes(-50)));
            // By age; a few lag behind, so that every type is seen in every state.
            let status = match (days, dice.below(5)) {
                (..=20, _) | (21..=75, 3) => OrderStatus::Pending,
                (21..=75, 0..3) | (76.., 0) => OrderStatus::PartiallyFulfilled,
                _ => OrderStatus::Fulfilled,
            };
            let (name, domain, email) = customer;
            let told = Told {
                identifier: number.to_string(),
                customer: name.to_owned(),
                customer_domain: domain.to_owned(),
                customer_email: email.to_owned(),
                partner_domain: if by_partner {
                    BRAMWELL.1.to_owned()
                } else {
                    String::new()
                },
                order_type: order_type.word().to_owned(),
                status: status.word().to_owned(),
                purchase_order: format!("PO-{:05}", dice.between(10_000, 99_999)),
                ordered_at: ordered.rfc3339(),
                end_customer_account: String::new(),
                lines: bundle
                    .iter()
                    .map(|(sku, quantity)| ToldLine {
                        sku: (*sku).to_owned(),
                        quantity: quantity.to_string(),
                        term_months: String::new(),
                    })
                    .collect(),
            };
            let at = ordered.plus(TimeDelta::minutes(20));
            Ok(Planned {
                row,
                new: orders::check_order(&told, Source::Scenario, at)?,
                at,
                draft: OrderDraftId::new(),
                assignment: AssignmentId::new(),
            })
        })
        .collect()
}

/// Where the accounts of the demo are.
pub struct Places<'a> {
    /// XYZ COMPANY and its Virtual Accounts.
    pub xyz: (SmartAccountId, &'a [(VirtualAccountId, &'static str)]),
    /// Bramwell Distribution.
    pub bramwell: SmartAccountId,
}

/// Writes all of them.
pub fn write(tx: &mut Tx<'_>, demo: &Demo, planned: &[Planned], places: &Places<'_>) -> Result<()> {
    let portal = Who::portal("scenario");
    for one in planned {
        orders::receive(tx, &portal, one.at, std::slice::from_ref(&one.new))?;
        fate(tx, demo, one, places)?;
    }
    Ok(())
}

fn fate(tx: &mut Tx<'_>, demo: &Demo, one: &Planned, places: &Places<'_>) -> Result<()> {
    let (customer, _, _, by_partner, fate, _) = one.row;
    let target = match fate {
        Fate::Open => return Ok(()),
        Fate::Assigned("") | Fate::Held => target_of(tx, customer.1)?,
        Fate::Assigned(name) | Fate::Requested(name) | Fate::Failed(name) => Target {
            account: places.xyz.0,
            virtual_account: places
                .xyz
                .1
                .iter()
                .find(|(_, known)| *known == name)
                .map(|(id, _)| *id),
        },
    };
    // A day after it came in, or a moment ago.
    let now = demo.now;
    let at = match fate {
        Fate::Requested(_) => now.plus(TimeDelta::minutes(-4)),
        Fate::Held => one.at.plus(TimeDelta::minutes(25)).min(now),
        _ => one
            .at
            .plus(TimeDelta::hours(21))
            .min(now.plus(TimeDelta::minutes(-30))),
    };
    let permit = if by_partner {
        demo.permit_of::<AssignOrder>(tx, "pat@bramwell.example", places.bramwell, at)?
    } else {
        demo.permit_of::<AssignOrder>(tx, "ada@xyz.example", places.xyz.0, at)?
    };
    let due = match fate {
        // So that somebody who has just started the portal sees one on its way.
        Fate::Requested(_) => now.plus(TimeDelta::minutes(30)),
        _ => at.plus(TimeDelta::seconds(5)),
    };
    assign(tx, &permit, one, target, at, due)?;
    if !matches!(fate, Fate::Requested(_)) {
        let fails = matches!(fate, Fate::Failed(_));
        let _ = orders::complete_request(tx, due.min(now), one.assignment, fails)?;
    }
    Ok(())
}

fn assign(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    one: &Planned,
    target: Target,
    at: Moment,
    due: Moment,
) -> Result<()> {
    let order: OrderId = one.new.id();
    let mut content = Content::of(vec![order]);
    content.target = Some(target);
    orders::keep_draft(tx, permit, at, one.draft, &content)?;
    let draft = orders::draft(tx, permit, one.draft)?;
    let review = orders::review(tx, permit, &draft)?;
    orders::assign_by(
        tx,
        permit,
        one.draft,
        &review.fingerprint,
        one.assignment,
        at,
        due,
    )
    .map(drop)
}

fn target_of(tx: &mut Tx<'_>, domain: &str) -> Result<Target> {
    let account = crate::smart_accounts::by_domain(tx, domain)?.ok_or(Error::NotFound)?;
    let virtual_account = match account.state {
        crate::smart_accounts::State::Active => Some(crate::virtual_accounts::default_of(tx, account.id)?.id),
        _ => None,
    };
    Ok(Target {
        account: account.id,
        virtual_account,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xyz_company_has_48_orders_of_every_type_and_status() {
        let now = Moment::parse("2026-11-22T08:00:00Z").unwrap();
        let planned = plan(now).unwrap();
        let of_xyz: Vec<&Planned> = planned.iter().filter(|one| one.row.0 == XYZ).collect();
        assert_eq!(of_xyz.len(), OF_XYZ);
        for order_type in OrderType::ALL {
            assert!(of_xyz.iter().any(|one| one.row.1 == *order_type), "{order_type}");
        }
        let again = plan(now).unwrap();
        let names = |list: &[Planned]| {
            list.iter()
                .map(|one| one.new.identifier().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&planned), names(&again));
        assert!(planned.iter().all(|one| one.at <= now));
    }
}
