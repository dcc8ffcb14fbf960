//! Looks facts up across the tables of the rooms: like the check of a database, it asks what is so, whoever owns it.

use super::grammar::{Fact, Thing, Value};
use crate::error::Result;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::Reads;
use crate::platform::db::schema::{
    access_requests, account_requests, devices, events, license_stocks as stocks, mailbox, orders,
    smart_accounts as accounts, virtual_accounts as places,
};
use crate::webhooks;
use diesel::prelude::*;
use diesel::sql_types::Text;

diesel::define_sql_function! {
    /// For addresses alone: they are ASCII, so that both databases fold them alike.
    fn lower(text: Text) -> Text;
}

/// Whose things are asked about: where several work side by side, each sees their own alone.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Licenses, product instances and orders of this account.
    pub account: SmartAccountId,
    /// Events in the account, and requests of this person elsewhere.
    pub person: PersonId,
    /// Events and letters from then on.
    pub since: Moment,
}

/// The value of a fact; of all that there is, or within a scope.
pub fn value(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Value> {
    let found = match fact.thing {
        Thing::Licenses => license(read, fact, scope)?,
        Thing::Devices => device(read, fact, scope)?,
        Thing::Orders => order(read, fact, scope)?,
        Thing::Requests => request(read, &fact.key, scope)?.map(Value::Text),
        Thing::Accounts => account(read, &fact.key)?.and_then(|(_, state, pending)| match fact.field {
            "state" => Some(Value::Text(state)),
            _ => pending.map(Value::Text),
        }),
        Thing::Events => event(read, fact, scope)?,
        Thing::Mails => mail(read, fact, scope)?,
        Thing::Webhooks => webhook(read, fact)?,
    };
    Ok(found.unwrap_or(Value::Nothing))
}

/// Id and state of an account, by its domain or its name; and what is outstanding of one that is Pending.
fn account(read: &mut dyn Reads, key: &str) -> Result<Option<(SmartAccountId, String, Option<String>)>> {
    let named = accounts::domain
        .eq(key.to_lowercase())
        .or(accounts::name_key.eq(search_key(key)));
    Ok(accounts::table
        .filter(named)
        // Of several with a name, the one that is in use.
        .order((accounts::state.asc(), accounts::number.asc()))
        .select((accounts::id, accounts::state, accounts::pending_detail))
        .first(read.conn())
        .optional()?)
}

fn license(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Option<Value>> {
    let parts = fact
        .key
        .split_once('/')
        .and_then(|(account, rest)| Some((account, rest.rsplit_once('/')?)));
    let Some((of, (place, entitlement))) = parts else {
        return Ok(None);
    };
    let Some((id, _, _)) = account(read, of.trim())? else {
        return Ok(None);
    };
    if scope.is_some_and(|scope| scope.account != id) {
        return Ok(None);
    }
    let sums: Option<(i64, i64, i64, i64)> = stocks::table
        .inner_join(places::table.on(places::id.eq(stocks::virtual_account_id)))
        .filter(
            stocks::smart_account_id
                .eq(id)
                .and(places::name_key.eq(search_key(place.trim())))
                .and(stocks::entitlement.eq(entitlement.trim())),
        )
        .select((
            stocks::purchased,
            stocks::reserved,
            stocks::in_use,
            stocks::balance,
        ))
        .first(read.conn())
        .optional()?;
    Ok(sums.map(|(purchased, reserved, in_use, balance)| {
        Value::Number(match fact.field {
            "purchased" => purchased,
            "reserved" => reserved,
            "in_use" => in_use,
            _ => balance,
        })
    }))
}

fn device(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Option<Value>> {
    let named = devices::name_key
        .eq(search_key(&fact.key))
        .or(devices::udi_serial.eq(&fact.key));
    let mut query = devices::table
        .inner_join(places::table.on(places::id.eq(devices::virtual_account_id)))
        .filter(named)
        .into_boxed();
    if let Some(scope) = scope {
        query = query.filter(devices::smart_account_id.eq(scope.account));
    }
    let found: Option<(String, String, i32)> = query
        // Of several with a name, the one that was heard last.
        .order((devices::contact_at.desc(), devices::id.desc()))
        .select((devices::standing, places::name, devices::licenses))
        .first(read.conn())
        .optional()?;
    Ok(found.map(|(standing, place, licenses)| match fact.field {
        "state" => Value::Text(standing),
        "virtual_account" => Value::Text(place),
        _ => Value::Number(licenses.into()),
    }))
}

fn order(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Option<Value>> {
    let mut query = orders::table
        .filter(orders::identifier_key.eq(search_key(&fact.key)))
        .into_boxed();
    if let Some(scope) = scope {
        query = query.filter(orders::customer_account_id.eq(scope.account));
    }
    let found: Option<(String, String, i32)> = query
        .select((orders::assignment, orders::order_status, orders::lines))
        .first(read.conn())
        .optional()?;
    Ok(found.map(|(assignment, status, lines)| match fact.field {
        "state" => Value::Text(assignment),
        "status" => Value::Text(status),
        _ => Value::Number(lines.into()),
    }))
}

fn request(read: &mut dyn Reads, key: &str, scope: Option<&Scope>) -> Result<Option<String>> {
    let mut of_access = access_requests::table
        .filter(access_requests::reference.eq(key))
        .select(access_requests::state)
        .into_boxed();
    let mut of_account = account_requests::table
        .filter(account_requests::reference.eq(key))
        .select(account_requests::state)
        .into_boxed();
    if let Some(scope) = scope {
        of_access = of_access.filter(access_requests::requester_id.eq(scope.person));
        of_account = of_account.filter(account_requests::requester_id.eq(scope.person));
    }
    match of_access.first(read.conn()).optional()? {
        Some(state) => Ok(Some(state)),
        None => Ok(of_account.first(read.conn()).optional()?),
    }
}

fn event(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Option<Value>> {
    let mut query = events::table.into_boxed();
    if let Some(scope) = scope {
        // Requests alone lie outside of one's account: what else a person does elsewhere belongs to other work of theirs.
        let requests = events::kind
            .like("account-request.%")
            .or(events::kind.like("access-request.%"));
        let elsewhere = events::actor_id.eq(scope.person).and(requests);
        let own = events::smart_account_id.eq(scope.account).or(elsewhere);
        query = query.filter(own).filter(events::at.ge(scope.since));
    }
    if !fact.key.is_empty() {
        query = query.filter(events::kind.eq(&fact.key));
    }
    if fact.field == "count" {
        return Ok(Some(Value::Number(query.count().get_result(read.conn())?)));
    }
    let newest = query
        .order((events::at.desc(), events::id.desc()))
        .select(events::message)
        .first::<String>(read.conn())
        .optional()?;
    Ok(newest.map(Value::Text))
}

fn mail(read: &mut dyn Reads, fact: &Fact, scope: Option<&Scope>) -> Result<Option<Value>> {
    let mut query = mailbox::table.into_boxed();
    if let Some(scope) = scope {
        query = query.filter(mailbox::sent_at.ge(scope.since));
    }
    if !fact.key.is_empty() {
        query = query.filter(lower(mailbox::to_address).eq(fact.key.to_lowercase()));
    }
    if fact.field == "count" {
        return Ok(Some(Value::Number(query.count().get_result(read.conn())?)));
    }
    let newest = query
        .order((mailbox::sent_at.desc(), mailbox::id.desc()))
        .select(mailbox::subject)
        .first::<String>(read.conn())
        .optional()?;
    Ok(newest.map(Value::Text))
}

fn webhook(read: &mut dyn Reads, fact: &Fact) -> Result<Option<Value>> {
    let tally = webhooks::tally(read, &fact.key)?;
    Ok(tally.map(|[waiting, delivered, given_up]| {
        let count = match fact.field {
            "waiting" => waiting,
            "delivered" => delivered,
            _ => given_up,
        };
        Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }))
}
