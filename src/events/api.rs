//! The JSON of the event log.

use super::model::Entry;
use super::{pages, service};
use crate::authz::action::ViewEvents;
use crate::http::{Answer, Api, ListQuery, May, Param, Routes, json};
use crate::kernel::Moment;
use crate::kernel::event::{Kind, Outcome};
use crate::kernel::ids::{EventId, PersonId, VirtualAccountId};
use actix_web::http::Method;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/events",
        Api::says("The event log, newest first.")
            .gives::<EventList>(200)
            .query(&[
                Param::choice("kind", &pages::KINDS, "One of the kinds.").many(),
                Param::choice("outcome", pages::OUTCOMES, "How it ended.").many(),
                Param::text("q", "Words in the name or the address of who did it."),
                Param::text("va", "A part of the name of the Virtual Account."),
                Param::text("tag", "A tag of the Virtual Account.").many(),
                Param::day("from", "The first day (UTC)."),
                Param::day("to", "The last day (UTC)."),
                Param::sort(&["time"], "-time (newest first) or time."),
                Param::PAGE,
                Param::PER,
            ]),
        all,
    );
}

/// One thing that happened.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EventShape {
    /// Its id.
    #[schema(value_type = String)]
    id: EventId,
    /// When.
    at: Moment,
    /// What.
    #[schema(value_type = String)]
    kind: Kind,
    /// done, refused or failed.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// One sentence.
    message: String,
    /// Who; none when the portal itself acted.
    #[schema(value_type = Option<String>)]
    actor_id: Option<PersonId>,
    /// Name and address of who, as they were then.
    actor: String,
    /// In which Virtual Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// Which thing.
    about: String,
    /// What was before and after, and other facts.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// The id of the request.
    request_id: String,
}

/// A page of the event log.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct EventList {
    /// The events of this page.
    items: Vec<EventShape>,
    /// How many there are in all.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// How many a page has.
    per: u64,
}

impl From<Entry> for EventShape {
    fn from(entry: Entry) -> Self {
        Self {
            detail: entry.facts(),
            id: entry.id,
            at: entry.at,
            kind: entry.kind,
            outcome: entry.outcome,
            message: entry.message,
            actor_id: entry.actor_id,
            actor: entry.actor,
            virtual_account: entry.virtual_account,
            about: entry.about,
            request_id: entry.request_id,
        }
    }
}

pub async fn all(may: May<ViewEvents>) -> Answer {
    let list = ListQuery::parse(
        &may.query,
        &pages::spec(may.path.clone(), may.portal.config.edition),
    );
    list.understood()?;
    let permit = may.permit.clone();
    let (list, total, entries) = may
        .portal
        .db
        .read(move |r| {
            let filter = service::filter_of(r, &permit, &list)?;
            let total = service::total(r, &permit, &filter)?;
            let entries = service::page(r, &permit, &filter, list.descending, list.offset(), list.limit())?;
            Ok((list, total, entries))
        })
        .await?;
    json(
        200,
        &EventList {
            items: entries.into_iter().map(EventShape::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}
