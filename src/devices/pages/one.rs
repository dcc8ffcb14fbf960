//! The page of one product instance.

use super::super::calls::Line;
use super::super::model::UseStatus;
use super::super::policy;
use super::super::reservation;
use super::super::service::{self, Row};
use super::{alerts, authorization_badge, base, inventory_path};
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::widgets::{Happening, number};
use crate::http::{Answer, Crumb, May, Shell, page, reason};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId};
use crate::members;
use crate::platform::db::{Past, Reads, history};
use crate::{licenses, tokens};
use askama::Template;
use std::collections::HashMap;

/// So much of its history is shown.
const MOST_EVENTS: i64 = 50;

/// A license of the device, as the page shows it.
struct UseView {
    line: Line,
    /// The page of the license.
    href: Option<String>,
}

impl UseView {
    fn quantity(&self) -> String {
        number(&self.line.usage.quantity.unsigned_abs())
    }
    fn reserved(&self) -> String {
        number(&self.line.usage.reserved.unsigned_abs())
    }
    fn kind(&self) -> &'static str {
        match self.line.status {
            UseStatus::OutOfCompliance => "bad",
            UseStatus::InCompliance | UseStatus::Reserved => "ok",
        }
    }
}

#[derive(Template)]
#[template(path = "devices/one.html")]
struct OnePage {
    shell: Shell,
    row: Row,
    uses: Vec<UseView>,
    alerts: Vec<(&'static str, &'static str)>,
    history: Vec<Happening>,
    /// What the token is called with which it came.
    token: Option<String>,
    base: String,
    number: i64,
    now: Moment,
    no_transfer: String,
    no_removal: String,
    has_reserved: bool,
    /// The reservation that holds for it, and whether an update of it waits.
    reservation: Option<(ReservationId, bool)>,
    no_reserving: String,
    /// Its usage reports by policy, the newest first.
    reports: Vec<policy::Counted>,
    /// Whether it holds an authorization code by policy.
    is_authorized: bool,
}

impl OnePage {
    fn mode_words(&self) -> &'static str {
        super::mode_words(&self.row.device)
    }
    fn kind(&self) -> &'static str {
        authorization_badge(self.row.told.authorization)
    }
    fn failed_to_renew(&self) -> bool {
        self.row.device.failed_to_renew(self.now)
    }
}

/// What is known of a product instance.
struct Known {
    row: Row,
    /// Ids of its licenses, by entitlement.
    stocks: HashMap<String, String>,
    past: Vec<Past>,
    token: Option<String>,
    admins: Vec<Person>,
    reservation: Option<(ReservationId, bool)>,
    reports: Vec<policy::Counted>,
    is_authorized: bool,
}

fn known(r: &mut dyn Reads, permit: &Permit<ViewInventory>, id: DeviceId) -> Result<Known> {
    let row = service::find(r, permit, id)?;
    let account = row.device.account;
    let keys: Vec<String> = row
        .told
        .lines
        .iter()
        .map(|line| line.usage.entitlement.clone())
        .collect();
    let stocks: HashMap<String, String> = licenses::stocks_of(r, account, row.device.virtual_account, &keys)?
        .into_iter()
        .map(|stock| (stock.entitlement, stock.id.to_string()))
        .collect();
    let token = match row.device.token {
        Some(id) => tokens::description_of(r, account, id)?,
        None => None,
    };
    let past = history(r, account, id.as_str(), MOST_EVENTS)?;
    let held = reservation::of(r, &row.device)?;
    let is_authorized = row.device.policy.is_some() && held.is_some();
    let reservation = held.filter(|_| row.device.is_reserved);
    let reports = policy::reports_of(r, &row.device)?;
    let admins = members::administrators_of(r, account)?;
    Ok(Known {
        row,
        stocks,
        past,
        token,
        admins,
        reservation,
        reports,
        is_authorized,
    })
}

/// GET /sa/{said}/devices/device-inventory/{device}
pub async fn show(may: May<ViewInventory>, id: PathPart<DeviceId>) -> Answer {
    let (id, now) = (id.0, may.portal.clock.now());
    let Known {
        row,
        stocks,
        past,
        token,
        admins,
        reservation,
        reports,
        is_authorized,
    } = may.reads(move |r, permit| known(r, permit, id)).await?;
    let place = Some(row.device.virtual_account);
    let off = |action, rule: Option<crate::error::Refusal>| {
        reason::against(&may, action, place, &admins)
            .or_else(|| rule.map(|refusal| refusal.says.into_owned()))
            .unwrap_or_default()
    };
    let number = may.number();
    let between = [
        Crumb::text("Devices"),
        Crumb::link("Device Inventory", inventory_path(&may)),
    ];
    page(&OnePage {
        shell: may.account_shell(row.device.name(), &between),
        no_transfer: off(Action::Transfer, row.device.against_change()),
        no_removal: off(Action::RemoveDevice, row.device.against_removing()),
        no_reserving: off(Action::ReserveLicenses, None),
        reservation,
        reports,
        is_authorized,
        alerts: alerts(&row.told, now),
        has_reserved: row.told.lines.iter().any(|line| line.usage.reserved > 0),
        uses: row
            .told
            .lines
            .iter()
            .map(|line| UseView {
                href: stocks
                    .get(&line.usage.entitlement)
                    .map(|id| format!("/sa/{number}/licensing/licenses/{id}")),
                line: line.clone(),
            })
            .collect(),
        history: past
            .into_iter()
            .map(|past| Happening {
                what: past.kind.label().to_owned(),
                who: past.actor,
                at: past.at.utc(),
                note: past.message,
            })
            .collect(),
        base: base(&may),
        token,
        number,
        now,
        row,
    })
}
