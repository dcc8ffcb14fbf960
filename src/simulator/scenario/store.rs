//! Many rows at once, for the scenario `large`: an exception to "a table has one owner". Going through the
//! rooms' own services would take half an hour; what they would have kept right (totals, counters, unique
//! names) is kept right here, and `licentral check` says whether it was.

use crate::error::Result;
use crate::kernel::ids::{EventId, GrantId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Kind, Moment, search_key};
use crate::platform::db::schema::{
    counters, event_tallies, events, grants, people, smart_accounts, virtual_accounts,
};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// Rows per statement. Both databases take some ten thousand values at once.
const BATCH: usize = 500;

/// Inserts rows in batches.
macro_rules! insert_all {
    ($tx:expr, $table:expr, $rows:expr, |$row:pat_param| $values:expr) => {
        for some in $rows.chunks(BATCH) {
            let values: Vec<_> = some.iter().map(|$row| $values).collect();
            crate::put_many!($tx, $table, &values);
        }
    };
}

pub struct PersonRow {
    pub id: PersonId,
    pub name: String,
    pub email: String,
}

pub fn people(tx: &mut Tx<'_>, at: Moment, hash: &str, rows: &[PersonRow]) -> Result<()> {
    insert_all!(tx, people::table, rows, |row| (
        people::id.eq(row.id),
        people::email.eq(&row.email),
        people::email_key.eq(&row.email),
        people::name.eq(&row.name),
        people::search_key.eq(search_key(&format!("{} {}", row.name, row.email))),
        people::password_hash.eq(hash),
        people::access_level.eq(0),
        people::state.eq("active"),
        people::created_at.eq(at),
        people::version.eq(1_i64),
    ));
    Ok(())
}

pub struct AccountRow {
    pub id: SmartAccountId,
    pub number: i64,
    pub name: String,
    pub domain: String,
}

pub fn accounts(tx: &mut Tx<'_>, at: Moment, rows: &[AccountRow]) -> Result<()> {
    insert_all!(tx, smart_accounts::table, rows, |row| (
        smart_accounts::id.eq(row.id),
        smart_accounts::number.eq(row.number),
        smart_accounts::name.eq(&row.name),
        smart_accounts::name_key.eq(search_key(&row.name)),
        smart_accounts::domain.eq(&row.domain),
        smart_accounts::registrable.eq(&row.domain),
        smart_accounts::state.eq("active"),
        smart_accounts::visibility.eq("unrestricted"),
        smart_accounts::headquarters.eq(""),
        smart_accounts::holds_domain.eq(true),
        smart_accounts::created_at.eq(at),
        smart_accounts::activated_at.eq(at),
        smart_accounts::version.eq(1_i64),
    ));
    Ok(())
}

pub struct DivisionRow {
    pub id: VirtualAccountId,
    pub account: SmartAccountId,
    pub name: String,
    pub is_default: bool,
}

pub fn divisions(tx: &mut Tx<'_>, at: Moment, rows: &[DivisionRow]) -> Result<()> {
    let first = tx.next_numbers("virtual-account", 1, rows.len())?;
    let rows: Vec<(i64, &DivisionRow)> = (first..).zip(rows).collect();
    insert_all!(tx, virtual_accounts::table, &rows, |(number, row)| (
        virtual_accounts::number.eq(*number),
        virtual_accounts::id.eq(row.id),
        virtual_accounts::smart_account_id.eq(row.account),
        virtual_accounts::name.eq(&row.name),
        virtual_accounts::name_key.eq(search_key(&row.name)),
        virtual_accounts::description.eq(""),
        virtual_accounts::access_level.eq("unrestricted"),
        virtual_accounts::is_default.eq(row.is_default),
        virtual_accounts::tags.eq(""),
        virtual_accounts::created_at.eq(at),
        virtual_accounts::version.eq(1_i64),
        virtual_accounts::search_key.eq(search_key(&row.name)),
    ));
    Ok(())
}

pub struct GrantRow {
    pub account: SmartAccountId,
    /// Empty for the whole account.
    pub division: Option<VirtualAccountId>,
    pub person: PersonId,
    pub role: crate::authz::Role,
}

pub fn grants(tx: &mut Tx<'_>, at: Moment, rows: &[GrantRow]) -> Result<()> {
    insert_all!(tx, grants::table, rows, |row| (
        grants::id.eq(GrantId::new()),
        grants::smart_account_id.eq(row.account),
        grants::virtual_account_id.eq(row.division),
        grants::scope.eq(row.division.map_or_else(String::new, |id| id.to_string())),
        grants::person_id.eq(row.person),
        grants::role.eq(row.role),
        grants::created_at.eq(at),
    ));
    Ok(())
}

pub struct EventRow<'a> {
    pub at: Moment,
    pub kind: Kind,
    pub message: String,
    pub person: PersonId,
    pub actor: &'a str,
    pub actor_key: &'a str,
    pub about: &'a str,
}

/// Events of one account, and how many it has.
pub fn events(tx: &mut Tx<'_>, account: SmartAccountId, rows: &[EventRow<'_>]) -> Result<()> {
    insert_all!(tx, events::table, rows, |row| (
        events::id.eq(EventId::new()),
        events::at.eq(row.at),
        events::smart_account_id.eq(account),
        events::kind.eq(row.kind),
        events::outcome.eq(crate::kernel::event::Outcome::Done),
        events::message.eq(&row.message),
        events::actor_id.eq(row.person),
        events::actor.eq(row.actor),
        events::actor_key.eq(row.actor_key),
        events::about.eq(row.about),
        events::detail.eq("null"),
        events::address.eq("192.0.2.24"),
        events::request_id.eq(""),
        // A made-up past stands before the chain.
        events::strand.eq(0),
        events::chain_number.eq(0),
        events::chain_hash.eq(""),
    ));
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let counted = diesel::update(event_tallies::table.find((account.as_str(), 0)))
        .set(event_tallies::events.eq(event_tallies::events + more))
        .execute(tx.conn())?;
    if counted == 0 {
        diesel::insert_into(event_tallies::table)
            .values((
                event_tallies::smart_account_id.eq(account.as_str()),
                event_tallies::shard.eq(0),
                event_tallies::events.eq(more),
                event_tallies::is_heard.eq(false),
                event_tallies::chain_number.eq(0),
                event_tallies::chain_hash.eq(""),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Takes so many numbers of a counter at once; the first was drawn from it just now.
pub fn take_numbers(tx: &mut Tx<'_>, counter: &str, first: i64, how_many: usize) -> Result<()> {
    let last = first + i64::try_from(how_many).unwrap_or_default() - 1;
    diesel::update(counters::table.find(counter))
        .set(counters::value.eq(last))
        .execute(tx.conn())?;
    Ok(())
}
