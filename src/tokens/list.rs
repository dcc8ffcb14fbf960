//! The list of registration tokens, as "Token Management", as a file and for scripts.

use super::model::{State, Token};
use super::service;
use super::store::{FILTERS, Query, SORTS};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::http::list::{Column, List, Rows};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use std::collections::HashMap;

/// Where "Token Management" stands; `{said}` is the account's number.
pub const MANAGEMENT: &str = "/sa/{said}/devices/token-management";

/// A registration token as lists show it.
pub struct Row {
    pub token: Token,
    /// The name of its Virtual Account.
    pub place: String,
    pub state: State,
}

impl Row {
    /// How one stands at this time.
    pub fn of(token: Token, names: &HashMap<VirtualAccountId, String>, now: Moment) -> Self {
        Self {
            place: names.get(&token.virtual_account).cloned().unwrap_or_default(),
            state: token.state(now),
            token,
        }
    }
    /// Whether export-controlled functionality is allowed.
    pub fn export(&self) -> &'static str {
        if self.token.export_controlled {
            "Allowed"
        } else {
            "Not allowed"
        }
    }
}

/// Everything but the tokens themselves.
pub static LIST: List<Permit<ViewInventory>, Row, Query> = List {
    path: MANAGEMENT,
    file: "token-management",
    nouns: ("token", "tokens"),
    search: "Words in the description, or in who made it.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "-created",
    columns: &[
        Column::fixed("token", "Token"),
        Column::file("Description", |row| row.token.description.clone()),
        Column::shown("va", "Virtual Account", |row| row.place.clone()),
        Column::shown("status", "Status", |row| row.state.label().to_owned()),
        Column::shown("expires", "Expires", |row| row.token.expires_at.rfc3339()),
        Column::shown("uses", "Uses", |row| row.token.uses.to_string()),
        Column::file("Max. Number of Uses", |row| {
            let most = row.token.max_uses.map(|most| most.to_string());
            most.unwrap_or_else(|| "Unlimited".to_owned())
        }),
        Column::shown("export", "Export-controlled functionality", |row| {
            row.export().to_owned()
        }),
        Column::shown("by", "Created by", |row| row.token.creator.clone()),
        Column::hidden("created", "Created on", |row| row.token.created_at.rfc3339()),
        Column::file("Revoked by", |row| row.token.revoked_by.clone()),
        Column::file("Revoked on", |row| {
            row.token.revoked_at.map(Moment::rfc3339).unwrap_or_default()
        }),
    ],
    places: Some(service::places),
    rows: Rows::Paged {
        count: service::count,
        page: |read, permit, asked, cut| {
            let names = asked.names();
            let tokens = service::page(read, permit, asked, cut)?.into_iter();
            Ok(tokens.map(|token| Row::of(token, &names, asked.now)).collect())
        },
    },
    ..List::PLAIN
};
