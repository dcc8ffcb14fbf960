//! The list of changes of Account Domain Identifiers: a tab for each state, with how many there are.

use super::changes::{self, Listed};
use super::model::DomainChangeState;
use crate::authz::Permit;
use crate::authz::action::ApproveDomain;
use crate::http::list::{Asked, ByState, Column, Filter, List, Rows};

const FILTERS: &[Filter<Option<DomainChangeState>>] = &[Filter::words(
    "status",
    "Status",
    "Only those with this state.",
    DomainChangeState::CHOICES,
    |_, chosen| chosen.words().first().copied(),
)
.once()];

fn only(asked: &Asked) -> Option<DomainChangeState> {
    asked.filtered(FILTERS, None)
}

pub static LIST: List<Permit<ApproveDomain>, Listed, Option<DomainChangeState>, ByState<DomainChangeState>> =
    List {
        path: "/domain-changes",
        file: "domain-changes",
        most_exported: 100_000,
        nouns: ("domain change", "domain changes"),
        filters: FILTERS,
        columns: &[
            Column::lead("name", "Smart Account", |row| row.account.name.clone()),
            Column::shown("from", "Present identifier", |row| row.change.from.clone()),
            Column::shown("to", "New identifier", |row| row.change.to.clone()),
            Column::shown("by", "Requested by", |row| row.requester.clone()),
            Column::shown("on", "Requested on", |row| row.change.requested_at.rfc3339()),
            Column::shown("status", "Status", |row| row.change.state.label().to_owned()),
            Column::file("Note to the approver", |row| row.change.note.clone()),
            Column::file("Deny reason", |row| row.change.reason.clone()),
        ],
        rows: Rows::Counted {
            counts: |read, permit, asked| {
                let (each, only) = (changes::count_changes(read, permit)?, only(asked));
                Ok(ByState { each, only })
            },
            total: ByState::total,
            page: |read, permit, asked, _, some| changes::list_changes(read, permit, only(asked), some),
        },
        ..List::PLAIN
    };
