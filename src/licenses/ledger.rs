//! "License transactions": the ledger as a list.

use super::model::MoveKind;
use super::store::{self, Ledger, Posting};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::list::{Asked, Column, Filter, List, Rows, by_store};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// A line of the ledger.
pub struct Line {
    pub posting: Posting,
    /// The name of its Virtual Account; "" where it was not asked for.
    pub place: String,
}

impl Line {
    /// The name of its Virtual Account, be it deleted since.
    pub fn place(&self) -> String {
        match &self.posting.deleted_place {
            Some(name) => format!("{name} (deleted)"),
            None => self.place.clone(),
        }
    }
    /// The order, or the other Virtual Account of a transfer.
    pub fn reference(&self) -> String {
        let reference = &self.posting.reference;
        match self.posting.kind {
            MoveKind::TransferIn => format!("from {reference}"),
            MoveKind::TransferOut => format!("to {reference}"),
            MoveKind::Order | MoveKind::OrderTakenBack | MoveKind::Response => reference.clone(),
        }
    }
}

const FILTERS: &[Filter<Ledger>] = &[Filter::words(
    "source",
    "Transaction",
    "What happened.",
    MoveKind::CHOICES,
    |mut wanted, chosen| {
        wanted.kinds = chosen.words();
        wanted
    },
)];

fn wanted(asked: &Asked) -> Ledger {
    asked.wanted(FILTERS, |words| Ledger {
        typed: words,
        ..Ledger::default()
    })
}

fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    some: (u64, u64),
) -> Result<Vec<Line>> {
    let found = store::postings(read, permit.within(), &wanted(asked), asked.list.descending, some)?;
    let lines = found.into_iter().map(|posting| Line {
        posting,
        place: String::new(),
    });
    Ok(lines.collect())
}

fn named(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    asked: &Asked,
    some: (u64, u64),
) -> Result<Vec<Line>> {
    let mut lines = page(read, permit, asked, some)?;
    let mut ids: Vec<VirtualAccountId> = lines.iter().map(|one| one.posting.place).collect();
    ids.sort_unstable();
    ids.dedup();
    let places = virtual_accounts::these(read, permit.within().account()?, &ids)?;
    let names: HashMap<VirtualAccountId, String> = places.into_iter().map(|one| (one.id, one.name)).collect();
    for line in &mut lines {
        line.place = names.get(&line.posting.place).cloned().unwrap_or_default();
    }
    Ok(lines)
}

const LEDGER: List<Permit<ViewInventory>, Line, Ledger> = List {
    path: "/sa/{said}/licensing/transactions",
    file: "license-transactions",
    most_exported: 100_000,
    nouns: ("transaction", "transactions"),
    search: "Words in the name of the license.",
    filters: FILTERS,
    sorts: &[("date", by_store)],
    default_sort: "-date",
    columns: &[
        Column::file("Time", |line| line.posting.at.rfc3339()),
        Column::file("Transaction", |line| line.posting.kind.label().to_owned()),
        Column::lead("license", "License", |line| line.posting.license.clone()),
        Column::shown("va", "Virtual Account", Line::place),
        Column::table("date", "Time"),
        Column::table("source", "Transaction"),
        Column::number("quantity", "Quantity", |line| line.posting.quantity.to_string()),
        Column::file("Reference", Line::reference),
        Column::shown("by", "By", |line| line.posting.actor.clone()),
    ],
    rows: Rows::Paged {
        count: |read, permit, asked| store::count_postings(read, permit.within(), &wanted(asked)),
        page: named,
    },
    ..List::PLAIN
};

pub static LIST: List<Permit<ViewInventory>, Line, Ledger> = LEDGER;

/// Scripts know the Virtual Accounts by their ids: their names are not asked for.
pub static FOR_SCRIPTS: List<Permit<ViewInventory>, Line, Ledger> = List {
    rows: Rows::Paged {
        count: |read, permit, asked| store::count_postings(read, permit.within(), &wanted(asked)),
        page,
    },
    ..LEDGER
};
