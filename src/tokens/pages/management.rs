//! "Token Management": the registration tokens of a Smart Account.

use super::super::model::State;
use super::super::service;
use super::super::store::{Filter, Sort};
use super::{COLUMNS, Dialog, Found, Line, Over};
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, ListQuery, ListSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, May, Shell, Visit, page_with, reason};
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::members;
use crate::platform::db::Reads;
use askama::Template;
use std::collections::HashMap;

/// More Virtual Accounts than this make no useful filter of check boxes: their name is typed.
const MOST_OFFERED: usize = 100;

pub const STATES: &[(&str, &str)] = &[
    (State::Active.word(), State::Active.label()),
    (State::Expired.word(), State::Expired.label()),
    (State::Exhausted.word(), State::Exhausted.label()),
    (State::Revoked.word(), State::Revoked.label()),
];

/// By what the list can be sorted.
pub const SORTS: &[&str] = &["created", "expires", "uses"];

/// What an address asks for. Which Virtual Accounts there are is known only by then, so they are given.
pub fn query(path: String, raw: &str, places: &[(VirtualAccountId, String)]) -> (ListQuery, Filter) {
    let by_id: Vec<(String, &str)> = if places.len() > MOST_OFFERED {
        Vec::new()
    } else {
        places
            .iter()
            .map(|(id, name)| (id.to_string(), name.as_str()))
            .collect()
    };
    let offered: Vec<(&str, &str)> = by_id.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    let mut list = ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: SORTS,
            default_sort: "-created",
            filters: &[
                FilterSpec {
                    key: "status",
                    label: "Status",
                    values: STATES,
                },
                FilterSpec {
                    key: "va",
                    label: "Virtual Account",
                    values: &offered,
                },
            ],
            columns: COLUMNS,
        },
    );
    list.check_values("va", |wanted| {
        places
            .iter()
            .any(|(id, name)| id.as_str() == wanted || name == wanted)
    });
    let wanted = list.values("va");
    let mut chosen: Vec<VirtualAccountId> = places
        .iter()
        .filter(|(id, name)| wanted.contains(&id.as_str()) || wanted.contains(&name.as_str()))
        .map(|(id, _)| *id)
        .collect();
    if chosen.is_empty() && !wanted.is_empty() {
        // A Virtual Account that is not there has no tokens.
        chosen.push(VirtualAccountId::new());
    }
    let filter = Filter {
        typed: list.q.clone(),
        places: chosen,
        states: list
            .values("status")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
    };
    (list, filter)
}

/// How a query sorts the list.
pub fn order(list: &ListQuery) -> (Sort, bool) {
    let sort = match list.sort.as_str() {
        "expires" => Sort::Expires,
        "uses" => Sort::Uses,
        _ => Sort::Created,
    };
    (sort, list.descending)
}

/// Finds what a list shows.
pub async fn find(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    asked: impl FnOnce(&mut dyn Reads) -> Result<(ListQuery, Filter)> + Send + 'static,
) -> Result<Found> {
    let (view, now) = (view.clone(), visit.portal.clock.now());
    let (list, total, tokens, names, administrators) = visit
        .portal
        .db
        .read(move |r| {
            let (mut list, filter) = asked(r)?;
            let total = service::count(r, &view, &filter, now)?;
            list.clamp(total);
            let cut = (list.limit(), list.offset());
            let tokens = service::page(r, &view, &filter, now, order(&list), cut)?;
            let names: HashMap<VirtualAccountId, String> = service::places(r, &view)?.into_iter().collect();
            let administrators = members::administrators_of(r, view.within().account()?)?;
            Ok((list, total, tokens, names, administrators))
        })
        .await?;
    Ok(Found {
        pager: list.pager(total),
        rows: tokens
            .into_iter()
            .map(|token| {
                let place = names.get(&token.virtual_account).cloned().unwrap_or_default();
                Line::of(visit, token, place, &administrators, now)
            })
            .collect(),
        list,
        total,
        administrators,
    })
}

#[derive(Template)]
#[template(path = "tokens/management.html")]
struct ManagementPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
    /// Where its tokens and its wizard stand.
    base: String,
    number: i64,
    /// Whether one sees only those of some Virtual Accounts.
    some: bool,
    /// Why none can be generated.
    new_off: Option<String>,
    dialog: Option<Dialog>,
    /// Where a pop-up leads back to.
    back: String,
}

/// The page, perhaps with a pop-up over it.
pub async fn management(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    let (permit, path, raw) = (view.clone(), Over::Management.page(visit), visit.query.clone());
    let found = find(visit, view, move |r| {
        let places = service::places(r, &permit)?;
        Ok(query(path, &raw, &places))
    })
    .await?;
    let between = [Crumb::text("Devices"), Crumb::text("Device Connections")];
    let mut shell = visit.list_shell(title(visit.portal.config.edition), &between, &found.list);
    if let Some(dialog) = &dialog {
        shell = shell.with_dialog(dialog.title());
        shell.error_title = dialog.has_problems();
    }
    page_with(
        status,
        &ManagementPage {
            shell,
            count: counted(found.total, "token", "tokens"),
            base: Over::Management.base(visit),
            number: visit.number(),
            some: view.within().only().is_some(),
            new_off: reason::against_all(visit, Action::ManageTokens, &found.administrators),
            back: found.list.href(),
            dialog,
            pager: found.pager,
            rows: found.rows,
            list: found.list.in_words_of(visit.portal.config.edition),
        },
    )
}

/// GET /sa/{said}/devices/token-management
pub async fn list(may: May<ViewInventory>) -> Answer {
    management(&may, &may.permit, None, 200).await
}

/// GET /sa/{said}/devices/token-management.csv: everything but the tokens themselves.
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw) = (may.permit.clone(), Over::Management.page(&may), may.query.clone());
    let now = may.portal.clock.now();
    let (rows, names) = may
        .portal
        .db
        .read(move |r| {
            let places = service::places(r, &permit)?;
            let (list, filter) = query(path, &raw, &places);
            list.understood()?;
            let rows = service::page(r, &permit, &filter, now, order(&list), (u64::MAX, 0))?;
            let names: HashMap<VirtualAccountId, String> = places.into_iter().collect();
            Ok((rows, names))
        })
        .await?;
    let mut table = Table::new(&[
        "Description",
        may.say("Virtual Account"),
        "Status",
        "Expires",
        "Uses",
        "Max. Number of Uses",
        "Export-controlled functionality",
        "Created by",
        "Created on",
        "Revoked by",
        "Revoked on",
    ])?;
    for token in rows {
        table.row([
            token.description.as_str(),
            names.get(&token.virtual_account).map_or("", String::as_str),
            token.state(now).label(),
            &token.expires_at.rfc3339(),
            &token.uses.to_string(),
            &token
                .max_uses
                .map_or_else(|| "Unlimited".to_owned(), |most| most.to_string()),
            if token.export_controlled {
                "Allowed"
            } else {
                "Not allowed"
            },
            &token.creator,
            &token.created_at.rfc3339(),
            &token.revoked_by,
            &token
                .revoked_at
                .map_or_else(String::new, crate::kernel::Moment::rfc3339),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("token-management"),
        table.finish()?,
    ))
}

/// What the page is called in an edition.
pub fn title(edition: Edition) -> &'static str {
    match edition {
        Edition::Cloud => "Token Management",
        Edition::OnPrem => "Configure Device and Token Management",
    }
}
