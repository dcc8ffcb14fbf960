//! The list of requests: a tab for each state, with how many there are.

use super::model::{RequestState, Summary};
use super::service;
use crate::authz::Permit;
use crate::authz::action::ViewAccountRequests;
use crate::http::list::{Asked, ByState, Column, Filter, List, Rows};

const FILTERS: &[Filter<Option<RequestState>>] = &[Filter::words(
    "status",
    "Status",
    "Only those with this state.",
    RequestState::CHOICES,
    |_, chosen| chosen.words().first().copied(),
)
.once()];

fn only(asked: &Asked) -> Option<RequestState> {
    asked.filtered(FILTERS, None)
}

pub static LIST: List<Permit<ViewAccountRequests>, Summary, Option<RequestState>, ByState<RequestState>> =
    List {
        path: "/requests",
        file: "smart-account-requests",
        most_exported: 100_000,
        nouns: ("request", "requests"),
        filters: FILTERS,
        columns: &[
            Column::lead("name", "Smart Account", |row| row.account.name.clone()),
            Column::file("Reference", |row| row.request.reference.clone()),
            Column::shown("domain", "Account Domain Identifier", |row| {
                row.account.domain.clone()
            }),
            Column::shown("by", "Requested by", |row| row.requester.clone()),
            Column::shown("sent", "Requested on", |row| row.request.sent_at.rfc3339()),
            Column::shown("status", "Status", |row| row.request.state.label().to_owned()),
            Column::shown("part", "Your part", |row| row.your_part().to_owned()),
        ],
        rows: Rows::Counted {
            counts: |read, permit, asked| {
                let (each, only) = (service::counts(read, permit)?, only(asked));
                Ok(ByState { each, only })
            },
            total: ByState::total,
            page: |read, permit, asked, _, some| service::list(read, permit, only(asked), some),
        },
        ..List::PLAIN
    };
