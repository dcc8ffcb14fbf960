//! Reading the record, as far as a permit reaches.

use super::model::{Entry, Filter};
use super::store::{self, Whose};
use crate::authz::Permit;
use crate::authz::action::{ViewAdminWorkspace, ViewEvents};
use crate::error::Result;
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{EventId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::virtual_accounts;
use std::collections::HashMap;

/// The most lines that one file holds.
pub const MOST_EXPORTED: u64 = 100_000;

/// How many lines there are. All of a whole account is known without counting.
pub fn total(read: &mut dyn Reads, permit: &Permit<ViewEvents>, filter: &Filter) -> Result<u64> {
    let within = permit.within();
    let total = if filter.is_open() && within.only().is_none() {
        store::tally(read, within)?
    } else {
        store::count(read, Whose::Tenant(within), filter)?
    };
    Ok(u64::try_from(total).unwrap_or_default())
}

/// So many lines, after so many.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewEvents>,
    filter: &Filter,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Entry>> {
    store::page(read, Whose::Tenant(permit.within()), filter, newest_first, some)
}

/// The next lines of a file.
pub fn after(
    read: &mut dyn Reads,
    permit: &Permit<ViewEvents>,
    filter: &Filter,
    last: Option<(Moment, EventId)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    store::after(read, Whose::Tenant(permit.within()), filter, last, limit)
}

/// The newest lines.
pub fn newest(read: &mut dyn Reads, permit: &Permit<ViewEvents>, most: i64) -> Result<Vec<Entry>> {
    store::after(
        read,
        Whose::Tenant(permit.within()),
        &Filter::default(),
        None,
        most,
    )
}

/// One line.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewEvents>, id: EventId) -> Result<Entry> {
    store::find(read, permit.within(), id)
}

/// Records that the log is taken out, before the first line is.
pub fn record_export(
    tx: &mut Tx<'_>,
    permit: &Permit<ViewEvents>,
    at: Moment,
    lines: u64,
    query: &str,
) -> Result<Recorded<()>> {
    let event = Event::new(
        Kind::Exported,
        "event-log",
        format!(
            "The event log was exported as CSV: {}.",
            counted(lines, "line", "lines")
        ),
    )
    .within(permit.within().account()?)
    .with(serde_json::json!({ "lines": lines, "query": query }));
    tx.record(at, permit.who(), &event, ())
}

/// Adds the names of the Virtual Accounts in which these events happened; one that was deleted is said to be.
pub fn name_places(
    read: &mut dyn Reads,
    account: SmartAccountId,
    entries: &[Entry],
    names: &mut HashMap<VirtualAccountId, String>,
) -> Result<()> {
    let unknown = |names: &HashMap<VirtualAccountId, String>| -> Vec<VirtualAccountId> {
        let mut ids: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.virtual_account)
            .filter(|id| !names.contains_key(id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let ids = unknown(names);
    if ids.is_empty() {
        return Ok(());
    }
    for one in virtual_accounts::these(read, account, &ids)? {
        names.insert(one.id, one.name);
    }
    let gone = unknown(names);
    if gone.is_empty() {
        return Ok(());
    }
    for (id, detail) in store::ends_of(read, account, &gone)? {
        let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
        let name = detail.pointer("/before/name").and_then(serde_json::Value::as_str);
        if let (Ok(id), Some(name)) = (id.parse(), name) {
            names.insert(id, format!("{name} (deleted)"));
        }
    }
    Ok(())
}

/// How many events of the server, which belong to no account, a filter finds.
pub fn server_total(
    read: &mut dyn Reads,
    _permit: &Permit<ViewAdminWorkspace>,
    filter: &Filter,
) -> Result<u64> {
    Ok(u64::try_from(store::count(read, Whose::Server, filter)?).unwrap_or_default())
}

/// So many events of the server, after so many.
pub fn server_page(
    read: &mut dyn Reads,
    _permit: &Permit<ViewAdminWorkspace>,
    filter: &Filter,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Entry>> {
    store::page(read, Whose::Server, filter, newest_first, some)
}

/// One event of the server.
pub fn server_event(
    read: &mut dyn Reads,
    _permit: &Permit<ViewAdminWorkspace>,
    id: EventId,
) -> Result<Entry> {
    store::find_of_server(read, id)
}

/// The newest events of the server that failed.
pub fn server_failures(
    read: &mut dyn Reads,
    _permit: &Permit<ViewAdminWorkspace>,
    most: i64,
) -> Result<Vec<Entry>> {
    let failed = Filter {
        outcomes: vec![Outcome::Failed],
        ..Filter::default()
    };
    store::after(read, Whose::Server, &failed, None, most)
}
