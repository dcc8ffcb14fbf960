//! Finding alerts, hiding them, and what people want to be told.

use super::model::{Alert, SPOKEN_OF, Settings, WINDOWS};
use super::store;
use crate::authz::action::{EditNotificationAddresses, ViewInventory};
use crate::authz::{Permit, Within};
use crate::error::{Problems, Result};
use crate::http::menu::Onlooker;
use crate::kernel::ids::{LicenseStockId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::text::registrable_domain;
use crate::kernel::{DomainIdentifier, EmailAddress, Event, Kind, Moment};
use crate::platform::calendar::Due;
use crate::platform::db::{Read, Reads, Recorded, Tx};
use crate::{device_managers, devices, licenses, smart_accounts, virtual_accounts};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// So many of each kind are looked at: who has more of them reads the lists of licenses and devices.
const MOST: i64 = 500;
/// The bell has room for two digits: it is on every page, so no more are asked for.
const MOST_COUNTED: u64 = 100;
/// How many additional addresses an account has.
pub const MOST_ADDRESSES: usize = 50;

/// All alerts within reach, the worst first.
pub fn all(read: &mut dyn Reads, permit: &Permit<ViewInventory>, now: Moment) -> Result<Vec<Alert>> {
    found(read, permit, now, MOST)
}

/// Alerts within reach, at most so many of each kind, the worst first.
fn found(read: &mut dyn Reads, permit: &Permit<ViewInventory>, now: Moment, most: i64) -> Result<Vec<Alert>> {
    let mut alerts = Vec::new();
    for ask in KINDS {
        alerts.extend(ask(read, permit, now, most)?);
    }
    alerts.sort_by(|a, b| a.rank().cmp(&b.rank()));
    Ok(alerts)
}

/// The worst alerts within reach, and how many there are, of which at most a hundred of each kind are looked at.
pub fn worst(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    now: Moment,
    shown: usize,
) -> Result<(Vec<Alert>, u64)> {
    let most = MOST_COUNTED.cast_signed();
    let within = permit.within();
    // Nothing is worse than a shortage: where there are enough of them, only these are read.
    let mut keys: Vec<(String, LicenseStockId)> = licenses::short(read, within, most)?
        .into_iter()
        .map(|(stock, since)| (Alert::key_of_shortage(stock, Some(since)), stock))
        .collect();
    let mut count = keys.len() as u64;
    keys.sort_unstable();
    let ids: Vec<LicenseStockId> = keys.into_iter().take(shown).map(|(_, stock)| stock).collect();
    let mut alerts: Vec<Alert> = if ids.is_empty() {
        Vec::new()
    } else {
        let stocks = licenses::short_among(read, within, &ids)?;
        stocks.iter().map(Alert::of_shortage).collect()
    };
    let is_full = alerts.len() >= shown;
    for ask in [ending, overdue, reporting] {
        let others = ask(read, permit, now, most)?;
        count += others.len() as u64;
        if !is_full {
            alerts.extend(others);
        }
    }
    if is_full {
        count += devices::troubled_count(read, within, now, most)?;
    } else {
        let others = troubled(read, permit, now, most)?;
        count += others.len() as u64;
        alerts.extend(others);
    }
    alerts.sort_by(|a, b| a.rank().cmp(&b.rank()));
    alerts.truncate(shown);
    Ok((alerts, count))
}

/// The same of a whole account, for letters: each addressee is told of what they reach.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId, now: Moment) -> Result<Vec<Alert>> {
    all(read, &Permit::by_the_portal_in(account, "notifications"), now)
}

/// Asks for the alerts of one kind.
type Ask = fn(&mut dyn Reads, &Permit<ViewInventory>, Moment, i64) -> Result<Vec<Alert>>;

/// Each kind, so that whoever has seen enough need not ask for the next.
const KINDS: [Ask; 5] = [short, ending, troubled, overdue, reporting];

fn short(read: &mut dyn Reads, permit: &Permit<ViewInventory>, _: Moment, most: i64) -> Result<Vec<Alert>> {
    let found = licenses::troubles(read, permit.within(), most)?;
    Ok(found.iter().map(Alert::of_shortage).collect())
}

fn ending(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    now: Moment,
    most: i64,
) -> Result<Vec<Alert>> {
    let days = TimeDelta::days;
    let (from, until) = (
        now.plus(-days(SPOKEN_OF + 1)),
        now.plus(days(WINDOWS.into_iter().max().unwrap_or_default())),
    );
    let terms = licenses::ending(read, permit, from, until, most)?;
    Ok(terms
        .iter()
        .filter_map(|pool| Alert::of_term(pool, now))
        .collect())
}

fn troubled(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    now: Moment,
    most: i64,
) -> Result<Vec<Alert>> {
    let found = devices::troubled(read, permit.within(), now, most)?;
    Ok(found
        .iter()
        .filter_map(|device| Alert::of_device(device, now))
        .collect())
}

fn overdue(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    now: Moment,
    most: i64,
) -> Result<Vec<Alert>> {
    let found = device_managers::overdue(read, permit.within(), now, most)?;
    Ok(found.iter().filter_map(Alert::of_manager).collect())
}

fn reporting(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    now: Moment,
    most: i64,
) -> Result<Vec<Alert>> {
    let found = devices::policy::troubled(read, permit.within(), now, most)?;
    Ok(found.iter().filter_map(Alert::of_reporting).collect())
}

/// How many of them somebody does not hide: for the bell.
pub fn waiting(read: &mut Read<'_>, onlooker: &Onlooker<'_>) -> Result<Option<u64>> {
    let asked = Permit::<ViewInventory>::ask(
        Arc::new(onlooker.actor.clone()),
        Some(onlooker.tenant),
        onlooker.grants,
        onlooker.now,
    );
    let Ok(permit) = asked else { return Ok(None) };
    let most = MOST_COUNTED.cast_signed();
    let shortages = licenses::short(read, permit.within(), most)?;
    let mut keys: Vec<String> = shortages
        .into_iter()
        .map(|(stock, since)| Alert::key_of_shortage(stock, Some(since)))
        .collect();
    let hidden = store::hidden(read, onlooker.tenant.id, onlooker.actor.person.id)?;
    for ask in [ending, troubled, overdue, reporting] {
        keys.retain(|key| !hidden.contains(key));
        if keys.len() as u64 >= MOST_COUNTED {
            break;
        }
        keys.extend(
            ask(read, &permit, onlooker.now, most)?
                .into_iter()
                .map(|alert| alert.key),
        );
    }
    keys.retain(|key| !hidden.contains(key));
    Ok(Some(keys.len() as u64))
}

/// The alerts, the worst first, each with whether this person hides it.
pub fn seen(read: &mut dyn Reads, permit: &Permit<ViewInventory>, now: Moment) -> Result<Vec<(Alert, bool)>> {
    let alerts = all(read, permit, now)?;
    let hidden = store::hidden(read, permit.within().account()?, permit.person()?)?;
    let seen = alerts.into_iter().map(|alert| {
        let is_hidden = hidden.contains(&alert.key);
        (alert, is_hidden)
    });
    Ok(seen.collect())
}

/// Hides alerts from this person, or shows them again. Nobody else
/// sees a difference and nothing of the account changes, so it is not recorded: for `db.housekeeping`.
pub fn hide(
    tx: &mut Tx<'_>,
    permit: &Permit<ViewInventory>,
    keys: &[String],
    hidden: bool,
    at: Moment,
) -> Result<()> {
    let (account, person) = (permit.within().account()?, permit.person()?);
    // Only what is there can be hidden, so that nobody fills the table.
    let alerts = all(tx, permit, at)?;
    for key in keys {
        if !alerts.iter().any(|alert| alert.key == *key) {
            continue;
        }
        if hidden {
            store::hide(tx, account, person, key, at)?;
        } else {
            store::show(tx, account, person, key)?;
        }
    }
    Ok(())
}

/// What somebody wants to be told, and the additional addresses of the account.
pub fn settings(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<(Settings, Vec<String>)> {
    let account = permit.within().account()?;
    Ok((
        store::settings_of(read, account, permit.person()?)?,
        store::addresses_of(read, account)?,
    ))
}

/// Reads additional addresses, one a line or between commas: each within the company's domain of the account. If one
/// of them is not, none is taken.
pub fn addresses(domain: &str, typed: &str) -> Result<Vec<EmailAddress>, String> {
    let company = DomainIdentifier::parse(domain).map_or_else(
        |_| registrable_domain(domain).to_owned(),
        |domain| domain.registrable().to_owned(),
    );
    let mut found: Vec<EmailAddress> = Vec::new();
    for one in typed
        .split(['\n', '\r', ',', ';'])
        .map(str::trim)
        .filter(|one| !one.is_empty())
    {
        let address = EmailAddress::parse(one)?;
        if registrable_domain(address.domain()) != company {
            return Err(format!(
                "{address} is not in the domain {company} of this Smart Account. Nothing was saved."
            ));
        }
        if !found.iter().any(|known| known.key() == address.key()) {
            found.push(address);
        }
    }
    if found.len() > MOST_ADDRESSES {
        return Err(format!("Enter {MOST_ADDRESSES} addresses at most."));
    }
    found.sort_by(|a, b| a.key().cmp(b.key()));
    Ok(found)
}

/// The day of a time, as days are kept.
pub fn day_of(at: Moment) -> String {
    at.utc().format("%Y-%m-%d").to_string()
}

/// The next summary: at the end of each day.
pub fn upcoming(read: &mut dyn Reads, after: Moment, _most: i64) -> Result<Vec<Due>> {
    let midnight = (after.utc().date_naive() + chrono::Days::new(1)).and_time(chrono::NaiveTime::MIN);
    let due = Due {
        at: Moment::of(midnight.and_utc()),
        what: "Daily summaries are sent",
        about: "Everybody who asked for them".to_owned(),
        why: "The day is over (UTC).",
    };
    Ok(store::is_anybody_summed_up(read)?
        .then_some(due)
        .into_iter()
        .collect())
}

/// Keeps what somebody wants to be told and, when they may change them, the additional addresses: both or neither.
pub fn save(
    tx: &mut Tx<'_>,
    permit: &Permit<ViewInventory>,
    at: Moment,
    wanted: &Settings,
    more: Option<(&Permit<EditNotificationAddresses>, &str)>,
) -> Result<Recorded<()>> {
    let (account, person, who) = (permit.within().account()?, permit.person()?, permit.who());
    let day = day_of(at);
    let mut events = Vec::new();
    if let Some((right, typed)) = more {
        let account = right.within().account()?;
        let domain = smart_accounts::find(tx, account)?.domain;
        let mut problems = Problems::default();
        let found = problems.take("addresses", addresses(&domain, typed));
        problems.or_ok()?;
        let found = found.unwrap_or_default();
        let before = store::addresses_of(tx, account)?;
        let after: Vec<String> = found.iter().map(|one| one.key().to_owned()).collect();
        if before != after {
            store::keep_addresses(tx, account, &found, at, who, &day)?;
            events.push(
                Event::new(
                    Kind::NotificationAddresses,
                    account,
                    "The Additional Email Addresses of the notifications were changed.",
                )
                .within(account)
                .changed(&before, &after),
            );
        }
    }
    let before = store::settings_of(tx, account, person)?;
    if before != *wanted {
        store::keep_settings(tx, account, person, wanted, &day)?;
        events.push(
            Event::new(
                Kind::NotificationsChanged,
                person,
                "Somebody changed what they are told by mail.",
            )
            .within(account)
            .changed(&json!(before), &json!(wanted)),
        );
    }
    tx.record_all(at, who, &events, ())
}

/// The names of the Virtual Accounts of an account.
pub fn names(read: &mut dyn Reads, account: SmartAccountId) -> Result<HashMap<VirtualAccountId, String>> {
    Ok(virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .collect())
}

/// For a person and an account: what they reach there, if they still reach anything.
pub fn reach_of(read: &mut dyn Reads, account: SmartAccountId, person: PersonId) -> Result<Option<Within>> {
    let number = smart_accounts::find(read, account)?.number;
    Ok(
        crate::authz::grants::standing(read, number, person)?.and_then(|(tenant, grants)| {
            crate::authz::matrix::by_roles(crate::authz::Action::ViewInventory, &tenant, &grants)
        }),
    )
}
