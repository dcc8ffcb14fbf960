//! "Event Log": the list, one event, and the file.

use super::list::{LOG, PLACE, wanted};
use super::model::{self, Change, Entry, Filter};
use super::service;
use crate::authz::action::ViewEvents;
use crate::authz::{Action, Permit, matrix};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::form::{Named, PathPart};
use crate::http::list::{Listing, Reading};
use crate::http::{Answer, Crumb, May, Posted, Shell, page};
use crate::kernel::Moment;
use crate::kernel::ids::{EventId, VirtualAccountId};
use crate::licenses::{InventoryHead, InventoryTab};
use crate::platform::config::Days;
use crate::platform::db::Db;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use askama::Template;
use std::collections::HashMap;

impl Named for EventId {
    const NAME: &'static str = "event";
}

/// How many lines are read at a time while a file is sent.
const PIECE: i64 = 1_000;

/// Ids of Virtual Accounts with their names.
type Names = HashMap<VirtualAccountId, String>;

struct Row {
    entry: Entry,
    virtual_account: String,
}

#[derive(Template)]
#[template(path = "events/log.html")]
struct LogPage {
    shell: Shell,
    found: Listing<Row>,
    /// The filters, as the export's form carries them.
    asked: String,
    most: String,
    number: i64,
    some: bool,
    /// The Virtual Account whose log it is, on its own tab.
    head: Option<InventoryHead>,
    /// Whether one may follow the chain of the whole log.
    may_verify: bool,
    /// What is older lies in the archive.
    kept: Option<Days>,
}

/// The log of the account.
pub async fn log(may: May<ViewEvents>) -> Answer {
    list_page(may, None).await
}

/// The log of one Virtual Account: a tab of "Inventory".
pub async fn of_place(may: May<ViewEvents>, va: PathPart<VirtualAccountId>) -> Answer {
    list_page(may, Some(va.0)).await
}

async fn list_page(may: May<ViewEvents>, only: Option<VirtualAccountId>) -> Answer {
    let number = may.number();
    let of = match only {
        None => Reading::of(&may, LOG.path),
        Some(va) => Reading::of(&may, &format!("/sa/{{said}}/licensing/inventory/{va}/event-log"))
            .with(PLACE, va.as_str()),
    };
    let (found, (names, head)) = LOG
        .page_at(of, &may, &may.permit, move |r, permit, entries| {
            let mut names = Names::new();
            service::name_places(r, permit.within().account()?, entries, &mut names)?;
            let head = only
                .map(|va| InventoryHead::of(r, permit, number, va, InventoryTab::EventLog))
                .transpose()?;
            Ok((names, head))
        })
        .await?;
    let mut asked = found.list.clone();
    // The export narrows by name what the tab narrows by itself.
    if let Some(head) = &head {
        asked.filters.retain(|(key, _)| key != "va");
        asked.filters.push(("va".to_owned(), head.name().to_owned()));
    }
    page(&LogPage {
        shell: match &head {
            None => may.list_shell("Event Log", &[Crumb::text("Activity")], &found.list),
            Some(head) => head.shell(&may, &found.list),
        },
        head,
        kept: may.portal.config.retention.events.as_ref().map(|(kept, _)| *kept),
        found: found.map(|entry| Row {
            virtual_account: entry
                .virtual_account
                .and_then(|id| names.get(&id).cloned())
                .unwrap_or_default(),
            entry,
        }),
        asked: asked
            .at_page(1)
            .split_once('?')
            .map(|(_, query)| query.to_owned())
            .unwrap_or_default(),
        most: crate::http::widgets::number(&service::MOST_EXPORTED),
        number,
        some: may.permit.within().only().is_some(),
        may_verify: may.holds(Action::ViewRecord),
    })
}

#[derive(Template)]
#[template(path = "events/one.html")]
pub struct OnePage {
    pub shell: Shell,
    pub entry: Entry,
    /// Its name, or "" for the whole account; none where there is no account.
    pub virtual_account: Option<String>,
    pub changes: Vec<Change>,
    pub others: Vec<(String, String)>,
    /// Network addresses are for those who manage users.
    pub with_address: bool,
}

pub async fn one(may: May<ViewEvents>, id: PathPart<EventId>) -> Answer {
    let (permit, number) = (may.permit.clone(), may.number());
    let account = permit.within().account()?;
    let (entry, names) = may
        .reads(move |r, permit| {
            let entry = service::find(r, permit, id.0)?;
            let mut names = Names::new();
            service::name_places(r, account, std::slice::from_ref(&entry), &mut names)?;
            Ok((entry, names))
        })
        .await?;
    let facts = entry.facts();
    let manages = may
        .grants
        .iter()
        .any(|grant| grant.virtual_account.is_none() && matrix::allows(Action::ManageUsers, grant.role))
        || may
            .actor
            .as_ref()
            .is_some_and(|actor| actor.has(crate::authn::PlatformRole::Support));
    page(&OnePage {
        shell: may.account_shell(
            entry.kind.label(),
            &[
                Crumb::text("Activity"),
                Crumb::link("Event Log", format!("/sa/{number}/activity")),
            ],
        ),
        virtual_account: Some(
            entry
                .virtual_account
                .and_then(|id| names.get(&id).cloned())
                .unwrap_or_default(),
        ),
        changes: model::changes(&facts),
        others: model::others(&facts),
        with_address: manages && !entry.address.is_empty(),
        entry,
    })
}

/// The filters of the list, as the form carries them.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    #[serde(default)]
    asked: String,
}

pub async fn export(may: May<ViewEvents>, form: Posted<Export>) -> Answer {
    let of = Reading::of(&may, "").asking(&form.value.asked);
    let (asked, mut filter, lines) = may
        .reads(move |r, permit| {
            let asked = LOG.read(r, permit, of)?;
            asked.list.understood()?;
            let filter = wanted(&asked);
            let lines = service::total(r, permit, &filter)?;
            Ok((asked.list.href(), filter, lines.min(service::MOST_EXPORTED)))
        })
        .await?;
    let at = may.portal.clock.now();
    // The file is of what there is now; the export's own line comes after it.
    filter.until = Some(filter.until.map_or(at, |until| until.min(at)));
    may.does(move |tx, permit, _| {
        service::record_export(tx, permit, at, lines, asked.trim_start_matches('?'))
    })
    .await?;
    let name = may.file_name("event-log");
    let file = File {
        db: may.portal.db.clone(),
        permit: may.permit.clone(),
        filter,
        last: None,
        left: service::MOST_EXPORTED,
        table: Some(Table::new(&[
            "Time",
            "Event",
            "Outcome",
            "Description",
            "Person",
            may.say("Virtual Account"),
            "Object",
            "Event ID",
        ])?),
        names: Names::new(),
    };
    let pieces = futures_util::stream::try_unfold(file, File::next);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(pieces))
}

/// A file on its way: memory does not grow with it.
struct File {
    db: Db,
    permit: Permit<ViewEvents>,
    filter: Filter,
    last: Option<(Moment, EventId)>,
    left: u64,
    table: Option<Table>,
    names: Names,
}

impl File {
    /// The next piece, and the rest of the file; nothing after the last.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let Some(mut table) = self.table.take() else {
            return Ok(None);
        };
        let (permit, filter, last) = (self.permit.clone(), self.filter.clone(), self.last);
        let account = permit.within().account()?;
        let limit = PIECE.min(i64::try_from(self.left).unwrap_or(PIECE));
        let mut known = std::mem::take(&mut self.names);
        let (entries, names) = self
            .db
            .read(move |r| {
                let entries = service::after(r, &permit, &filter, last, limit)?;
                service::name_places(r, account, &entries, &mut known)?;
                Ok((entries, std::mem::take(&mut known)))
            })
            .await?;
        self.names = names;
        for entry in &entries {
            table.row([
                entry.at.rfc3339().as_str(),
                entry.kind.label(),
                entry.outcome.label(),
                &entry.message,
                &entry.actor,
                entry
                    .virtual_account
                    .and_then(|id| self.names.get(&id))
                    .map_or("", String::as_str),
                &entry.about,
                entry.id.as_str(),
            ])?;
        }
        let piece = Bytes::from(table.take()?);
        self.left = self.left.saturating_sub(entries.len() as u64);
        self.last = entries.last().map(|entry| (entry.at, entry.id)).or(self.last);
        if i64::try_from(entries.len()).is_ok_and(|read| read == limit) && self.left > 0 {
            self.table = Some(table);
        }
        Ok(Some((piece, self)))
    }
}
