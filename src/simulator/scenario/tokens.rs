//! The registration tokens of the scenarios: a few of each state in XYZ COMPANY, and fifty more in `large`.

use super::demo::{Demo, days_before};
use crate::authz::Permit;
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Tx;
use crate::platform::occupants::Occupants;
use crate::platform::signing::Signing;
use crate::tokens::{self, New, Rights, Terms};
use chrono::TimeDelta;

/// A token of the demo.
struct Row {
    place: &'static str,
    description: &'static str,
    by: &'static str,
    /// So many days ago.
    made: i64,
    /// For so many days.
    days: i64,
    max_uses: Option<i64>,
    uses: i64,
    export_controlled: bool,
    /// Revoked so many days ago.
    revoked: Option<i64>,
}

const ADA: &str = "ada@xyz.example";
const CY: &str = "cy@xyz.example";
const DAN: &str = "dan@xyz.example";
const UNA: &str = "una@xyz.example";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { place: "Corporate Network Devices", description: "Lab", by: DAN, made: 60, days: 30, max_uses: Some(5), uses: 3, export_controlled: false, revoked: None },
    Row { place: "Corporate Network Devices", description: "Branch switches", by: DAN, made: 22, days: 30, max_uses: Some(12), uses: 11, export_controlled: true, revoked: None },
    Row { place: "Public Network Devices", description: "Access points, visitor halls", by: UNA, made: 14, days: 90, max_uses: Some(4), uses: 4, export_controlled: true, revoked: None },
    Row { place: "Public Network Devices", description: "Handed to an installer", by: UNA, made: 11, days: 30, max_uses: None, uses: 2, export_controlled: false, revoked: Some(9) },
    Row { place: "Branch Offices", description: "Routers of the Northwest", by: ADA, made: 6, days: 365, max_uses: None, uses: 7, export_controlled: true, revoked: None },
    Row { place: "Corporate Network Devices", description: "Catalyst rollout, building C", by: CY, made: 1, days: 30, max_uses: Some(25), uses: 0, export_controlled: true, revoked: None },
    Row { place: "DEFAULT", description: "First switch", by: ADA, made: 331, days: 365, max_uses: Some(10), uses: 1, export_controlled: true, revoked: None },
];

/// A token that is to be written: at which time, by whom, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Planned {
    new: New,
    at: Moment,
    by: &'static str,
    uses: i64,
    revoked: Option<Moment>,
}

/// The tokens of the demo.
pub fn plan(
    now: Moment,
    signing: &Signing,
    divisions: &[(VirtualAccountId, &'static str)],
) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for row in ROWS {
        let Some((place, _)) = divisions.iter().find(|(_, name)| *name == row.place) else {
            continue;
        };
        let at = days_before(now, row.made, 9);
        let terms = Terms {
            description: row.description.to_owned(),
            days: row.days,
            max_uses: row.max_uses,
            export_controlled: row.export_controlled,
        };
        planned.push(Planned {
            new: New::make(signing, at, *place, terms)?,
            at,
            by: row.by,
            uses: row.uses,
            revoked: row.revoked.map(|days| days_before(now, days, 15)),
        });
    }
    Ok(planned)
}

/// So many more, spread over these Virtual Accounts, as Ada makes them: for measuring.
pub fn plan_many(
    now: Moment,
    signing: &Signing,
    places: impl Iterator<Item = VirtualAccountId>,
    count: i64,
) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for (n, place) in (0..count).zip(places) {
        let at = days_before(now, n, 10);
        let terms = Terms {
            description: format!("Rollout {n:02}"),
            days: 30 + n,
            max_uses: (n % 3 > 0).then_some(10 + n),
            export_controlled: n % 4 > 0,
        };
        planned.push(Planned {
            new: New::make(signing, at, place, terms)?,
            at,
            by: ADA,
            uses: 0,
            revoked: None,
        });
    }
    Ok(planned)
}

/// Writes them through the room's own services.
pub fn write(tx: &mut Tx<'_>, demo: &Demo, planned: &[Planned]) -> Result<()> {
    for one in planned {
        let view: Permit<ViewInventory> = demo.permit_of(tx, one.by, demo.xyz, one.at)?;
        let manage: Permit<ManageTokens> = demo.permit_of(tx, one.by, demo.xyz, one.at)?;
        let rights = Rights {
            view: &view,
            manage: &manage,
        };
        let _ = tokens::create(
            tx,
            &rights,
            &Occupants::default(),
            one.at,
            std::slice::from_ref(&one.new),
            None,
        )?;
        for use_ in 0..one.uses {
            let at = one.at.plus(TimeDelta::minutes(30 + 7 * use_));
            tokens::redeem(tx, at, one.new.text().reveal())?;
        }
        if let Some(at) = one.revoked {
            let _ = tokens::revoke(tx, &rights, at, one.new.id())?;
        }
    }
    Ok(())
}
