//! Writes what a file says, through the rooms' own services where these know no past, into the caller's transaction.

use super::fill::fill;
use super::means::{Means, Within};
use super::rules::told;
use super::shape::{AccountPart, OrderPart, PlacePart};
use super::{File, moment};
use crate::authn::{api_client, people};
use crate::authz::action::{CreateTopVirtualAccount, EditVirtualAccount};
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Event, Kind, Name, search_key};
use crate::orders::{self, LineState, Source, Stands, Target};
use crate::platform::db::Tx;
use crate::simulator::scenario::CLIENT_SECRET;
use crate::smart_accounts::{self, Draft, PendingDetail, SmartAccount, State};
use crate::virtual_accounts::{self, Details, NewVirtualAccount, Place};
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashMap};

/// Where orders find accounts: by domain.
type Accounts = HashMap<
    String,
    (
        SmartAccountId,
        VirtualAccountId,
        HashMap<String, VirtualAccountId>,
    ),
>;

/// Writes a whole file into an empty portal.
pub fn write(tx: &mut Tx<'_>, means: &Means<'_>, file: &File) -> Result<()> {
    everything(tx, means, file).map_err(|error| file.located(&means.at.borrow(), error))
}

fn everything(tx: &mut Tx<'_>, means: &Means<'_>, file: &File) -> Result<()> {
    let scenario = &file.scenario;
    let mut people: BTreeMap<String, PersonId> = BTreeMap::new();
    for (n, one) in scenario.people.iter().enumerate() {
        means.part(format!("/people/{n}"));
        let email = EmailAddress::parse(&one.email).map_err(Error::internal)?;
        let name = Name::parse(&one.name, "Name").map_err(Error::internal)?;
        let (id, at) = (PersonId::new(), means.when(&one.since, means.now));
        let level = i32::try_from(one.access_level).unwrap_or_default();
        people::add(
            tx,
            at,
            id,
            &email,
            &name,
            (!one.invited).then_some(means.hash),
            level,
        )?;
        for role in &one.platform_roles {
            people::give_platform_role(tx, id, *role)?;
        }
        let says = format!("The user account of {name} ({email}) was created.");
        tx.note(at, &means.who, &Event::new(Kind::PersonAdded, id, says))?;
        people.insert(email.key().to_owned(), id);
    }
    for (n, client) in scenario.api_clients.iter().enumerate() {
        means.part(format!("/api_clients/{n}"));
        let name = if client.name.is_empty() {
            "Sample scripts"
        } else {
            &client.name
        };
        let name = Name::parse(name, "Name").map_err(|says| Error::invalid("file", says))?;
        let owner = person(&people, &client.person)?;
        let scopes = api_client::Scopes::ALL;
        api_client::add(tx, means.now, owner, &client.id, CLIENT_SECRET, &name, scopes)?;
    }
    let (mut accounts, mut founded, mut inactive) = (Accounts::new(), Vec::new(), Vec::new());
    for (n, account) in scenario.accounts.iter().enumerate() {
        let (made, within) = found(tx, means, account, &people, &format!("/accounts/{n}"))?;
        accounts.insert(made.domain, (within.id, within.default, within.places.clone()));
        if account.state == State::Inactive {
            inactive.push((n, made.id));
        }
        founded.push((account, within));
    }
    // In the order in which it happened.
    let mut orders: Vec<(usize, &OrderPart)> = scenario.orders.iter().enumerate().collect();
    orders.sort_by_key(|(_, order)| means.when(&order.ordered, means.now));
    for (n, order) in orders {
        means.part(format!("/orders/{n}"));
        write_order(tx, means, order, &accounts)?;
    }
    for (account, within) in &founded {
        fill(tx, means, account, within)?;
    }
    // Last: nothing comes into an account that is not Active.
    for (n, id) in inactive {
        means.part(format!("/accounts/{n}/state"));
        smart_accounts::rest(tx, id)?;
    }
    Ok(())
}

fn person(people: &BTreeMap<String, PersonId>, email: &str) -> Result<PersonId> {
    let email = EmailAddress::parse(email).map_err(Error::internal)?;
    people
        .get(email.key())
        .copied()
        .ok_or_else(|| Error::invalid("file", format!("There is nobody with the address {email}.")))
}

/// Writes one Active account with everything in it; `people` are known by the keys of their addresses. It is told apart from
/// others by `pointer`.
pub fn write_account(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    account: &AccountPart,
    people: &BTreeMap<String, PersonId>,
    pointer: &str,
) -> Result<SmartAccount> {
    let (made, within) = found(tx, means, account, people, pointer)?;
    fill(tx, means, account, &within)?;
    Ok(made)
}

/// Makes an account with its Virtual Accounts and roles.
fn found<'a>(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    account: &AccountPart,
    people: &'a BTreeMap<String, PersonId>,
    pointer: &str,
) -> Result<(SmartAccount, Within<'a>)> {
    means.part(pointer);
    let (id, default) = (SmartAccountId::new(), VirtualAccountId::new());
    let since = means.when(&account.since, means.now);
    let field = |says| Error::invalid("file", says);
    let draft = Draft {
        name: Name::parse(&account.name, "Smart Account Name").map_err(field)?,
        domain: DomainIdentifier::parse(&account.domain).map_err(field)?,
        visibility: account.visibility,
        headquarters: account.headquarters.clone(),
        requested_by: None,
        detail: PendingDetail::CustomerAcceptance,
    };
    smart_accounts::request(tx, since, id, &draft)?;
    let made = smart_accounts::activate(tx, since, id)?;
    virtual_accounts::create_default(tx, since, id, default)?;
    let says = format!("The Smart Account {} was made.", made.name);
    let event = Event::new(Kind::AccountCreated, made.number, says).within(id);
    tx.note(since, &means.who, &event)?;
    let mut within = Within {
        id,
        since,
        default,
        places: HashMap::new(),
        people,
        pointer: pointer.to_owned(),
    };
    write_places(tx, means, account, &mut within)?;
    write_roles(tx, means, account, &within)?;
    Ok((made, within))
}

fn write_places(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    account: &AccountPart,
    within: &mut Within<'_>,
) -> Result<()> {
    let is_default_one = |place: &PlacePart| search_key(&place.name) == search_key(account.default_place());
    if !account.virtual_accounts.iter().any(is_default_one) {
        within
            .places
            .insert(search_key(virtual_accounts::DEFAULT), within.default);
    }
    // Those above before those below them.
    let mut left: Vec<(usize, &PlacePart)> = account.virtual_accounts.iter().enumerate().collect();
    while !left.is_empty() {
        let many = left.len();
        let mut waiting = Vec::new();
        for (n, place) in left {
            means.part(format!("{}/virtual_accounts/{n}", within.pointer));
            if is_default_one(place) {
                change_default(tx, means, within, place)?;
                within.places.insert(search_key(&place.name), within.default);
            } else if place.within.is_empty() || within.places.contains_key(&search_key(&place.within)) {
                let id = write_place(tx, means, within, place)?;
                within.places.insert(search_key(&place.name), id);
            } else {
                waiting.push((n, place));
            }
        }
        if waiting.len() == many {
            return Err(Error::invalid(
                "file",
                "Its Virtual Accounts lie within one another.",
            ));
        }
        left = waiting;
    }
    Ok(())
}

fn details(means: &Means<'_>, place: &PlacePart) -> Result<Details> {
    let field = |says| Error::invalid("file", says);
    Ok(Details {
        name: Name::parse(&place.name, "Name").map_err(field)?,
        description: place.description.clone(),
        access_level: place.access_level,
        preferred_end_date: moment(&place.preferred_end_date, means.now),
        tags: virtual_accounts::parse_tags(&place.tags.join("\n")).map_err(field)?,
    })
}

fn change_default(tx: &mut Tx<'_>, means: &Means<'_>, within: &Within<'_>, place: &PlacePart) -> Result<()> {
    let permit = Permit::<EditVirtualAccount>::by_the_portal_in(within.id, "scenario");
    let mut details = details(means, place)?;
    let before = virtual_accounts::default_of(tx, within.id)?;
    if place.description.is_empty() {
        details.description.clone_from(&before.description);
    }
    virtual_accounts::edit(tx, &permit, within.since, before.id, before.version, &details).map(drop)
}

fn write_place(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    within: &Within<'_>,
    place: &PlacePart,
) -> Result<VirtualAccountId> {
    let id = VirtualAccountId::new();
    let new = NewVirtualAccount::of(&details(means, place)?, false);
    let at = means.when(&place.since, within.since);
    let where_ = if place.within.is_empty() {
        Place::Top(Permit::<CreateTopVirtualAccount>::by_the_portal_in(
            within.id, "scenario",
        ))
    } else {
        Place::Below(
            Permit::by_the_portal_in(within.id, "scenario"),
            within.place(&place.within)?,
        )
    };
    let _ = virtual_accounts::create_at(tx, &where_, at, id, &new, None)?;
    Ok(id)
}

fn write_roles(tx: &mut Tx<'_>, means: &Means<'_>, account: &AccountPart, within: &Within<'_>) -> Result<()> {
    for (n, one) in account.roles.iter().enumerate() {
        means.part(format!("{}/roles/{n}", within.pointer));
        let place = if one.virtual_account.is_empty() {
            None
        } else {
            Some(within.place(&one.virtual_account)?)
        };
        let holder = person(within.people, &one.person)?;
        grants::give(tx, within.since, within.id, place, holder, one.role)?;
        let says = format!("{} was given the role {}.", one.person, one.role);
        let mut event = Event::new(Kind::RoleGranted, holder, says).within(within.id);
        event.virtual_account = place;
        tx.note(within.since, &means.who, &event)?;
    }
    Ok(())
}

fn write_order(tx: &mut Tx<'_>, means: &Means<'_>, order: &OrderPart, accounts: &Accounts) -> Result<()> {
    let at = means.when(&order.ordered, means.now);
    let mut lines = Vec::with_capacity(order.lines.len());
    for line in &order.lines {
        let target = accounts
            .get(&line.account.to_lowercase())
            .map(|(account, default, places)| Target {
                account: *account,
                virtual_account: if line.virtual_account.is_empty() {
                    Some(*default)
                } else {
                    places.get(&search_key(&line.virtual_account)).copied()
                },
            });
        lines.push(Stands {
            // Without an account there is nothing to be assigned to, and none of a file is Pending.
            state: match (line.state, target) {
                (LineState::Hold, Some(_)) => LineState::Requested,
                (state, Some(_)) => state,
                (_, None) => LineState::Unassigned,
            },
            target,
            reason: if line.reason.is_empty() && line.state == LineState::Failed {
                "The fulfillment system did not answer.".to_owned()
            } else {
                line.reason.clone()
            },
            due_at: means.now.plus(TimeDelta::minutes(30)),
            came_with_order: line.came_with_order,
        });
    }
    let new = orders::check_order(&told(order, means.now), Source::Scenario, means.now)?.standing(lines, at);
    orders::receive(tx, &means.who, at, &[new])
}
