//! Orders, for scripts: what the pages can do.

use super::imports::{self, OrderBody};
use super::lab;
use super::model::{Content, Place, Review, SearchBy, Target, TargetAccount, Work};
use super::service;
use crate::authz::Permit;
use crate::authz::action::{AssignOrder, Operate};
use crate::error::{Error, Result};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Param, Routes, json};
use crate::kernel::ids::{AssignmentId, OrderId, OrderLineId, VirtualAccountId};
use crate::kernel::pasted::line;
use crate::kernel::{Event, Kind, search_key};
use crate::orders::Source;
use crate::platform::db::{Once, Reads};
use crate::smart_accounts;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const SEARCHES: &[(&str, &str)] = &[
    (SearchBy::Domain.word(), SearchBy::Domain.label()),
    (SearchBy::Name.word(), SearchBy::Name.label()),
    (SearchBy::Email.word(), SearchBy::Email.label()),
];

/// Bodies with many orders may be as long as this.
const LONG: usize = 4 * 1024 * 1024;

/// The operations that change something, and those that prepare it.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/orders",
        Api::says("An order comes in. For the operator: orders come from where they are sold.")
            .takes::<OrderBody>()
            .gives::<ReceivedShape>(201)
            .once(),
        receive,
    );
    imports::api_routes(routes);
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/order-targets",
        Api::says("Smart Accounts to which orders can be assigned, under the Restricted rule.")
            .query(&[
                Param::choice("by", SEARCHES, "Where to look; domain without it."),
                Param::text("q", "What to look for.").required(),
                Param::id("order", "Id of an order that is to be assigned.").many(),
            ])
            .gives::<TargetList>(200),
        targets,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/order-assignments/review",
        Api::says("What an assignment would do, order by order and line by line. Nothing is changed.")
            .takes::<AssignBody>()
            .gives::<ReviewShape>(200),
        review,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/order-assignments",
        Api::says("Assign to Smart Account: all of the orders or none. It is carried out soon after; see the answer\u{2019}s address.")
            .takes::<AssignBody>()
            .gives::<AssignedShape>(202)
            .once(),
        assign,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/orders/{order}/retry",
        Api::says("Try the lines of an order once more that could not be assigned.")
            .gives::<AssignedShape>(202),
        retry,
    );
}

/// An order that came in.
#[derive(Debug, Serialize, ToSchema)]
struct ReceivedShape {
    /// Its id.
    #[schema(value_type = String)]
    id: OrderId,
    /// Its Order Identifier.
    identifier: String,
}

async fn receive(may: May<Operate>, key: IdempotencyKey, body: JsonBody<OrderBody>) -> Answer {
    let once = body.once_key(&may, &key);
    let now = may.portal.clock.now();
    let new = super::check_order(&body.value.told(), Source::Api, now)?;
    let identifier = new.identifier().to_owned();
    let id = may
        .does(move |tx, permit, _| {
            if let Once::Again(made) = tx.once(once.as_ref())? {
                return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
            }
            super::receive(tx, permit.who(), now, std::slice::from_ref(&new))?;
            tx.made(now, once.as_ref(), new.id().as_str())?;
            let event = Event::new(
                Kind::OrdersImported,
                new.id(),
                format!("The order {} was sent in through the API.", new.identifier()),
            );
            tx.record(now, permit.who(), &event, new.id())
        })
        .await?;
    json(201, &ReceivedShape { id, identifier })
}

/// A Smart Account to which orders could go.
#[derive(Debug, Serialize, ToSchema)]
struct TargetShape {
    /// Smart Account ID.
    number: i64,
    name: String,
    domain: String,
    /// Lines would wait on Smart Account Hold.
    pending: bool,
    /// Why it cannot be chosen.
    refused: Option<String>,
}

impl From<TargetAccount> for TargetShape {
    fn from(found: TargetAccount) -> Self {
        Self {
            number: found.number,
            name: found.name,
            domain: found.domain,
            pending: found.is_pending,
            refused: found.refused.map(|why| why.says.into_owned()),
        }
    }
}

/// Smart Accounts that were found.
#[derive(Debug, Serialize, ToSchema)]
struct TargetList {
    items: Vec<TargetShape>,
}

async fn targets(may: May<AssignOrder>) -> Answer {
    let mut by = SearchBy::Domain;
    let (mut typed, mut orders) = (String::new(), Vec::new());
    for (key, value) in url::form_urlencoded::parse(may.query.as_bytes()) {
        match key.as_ref() {
            "by" => by = value.parse().map_err(|says: String| Error::invalid("by", says))?,
            "q" => typed = value.chars().take(300).collect(),
            "order" => orders.push(value.parse().map_err(|_| Error::NotFound)?),
            _ => {}
        }
    }
    let found = may
        .reads(move |r, permit| {
            let content = Content::of(orders);
            service::must_show(r, permit, &content)?;
            service::find_targets_for(r, permit, &content, by, &typed)
        })
        .await?;
    json(
        200,
        &TargetList {
            items: found.into_iter().map(TargetShape::from).collect(),
        },
    )
}

/// Where orders are to go.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlaceBody {
    /// Domain Identifier of the Smart Account.
    smart_account: String,
    /// Id or exact name of the Virtual Account; the default one without it.
    virtual_account: Option<String>,
}

/// What is to be assigned, and where to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// Ids or Order Identifiers.
    #[schema(min_items = 1, max_items = 10_000)]
    orders: Vec<String>,
    /// assign (the usual), partner-services, or reassign.
    work: Option<Work>,
    /// Ids of lines: for reassign alone.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    lines: Vec<OrderLineId>,
    /// Where everything goes, or the product lines.
    target: PlaceBody,
    /// Where the Cisco branded services go, when they go to a separate account.
    services: Option<PlaceBody>,
}

/// What a body asks for, with everything in it looked up under the rules for whoever asks.
fn content_of(read: &mut dyn Reads, permit: &Permit<AssignOrder>, body: &AssignBody) -> Result<Content> {
    let orders = service::ids_of(read, permit, &body.orders)?;
    let mut content = Content::of(orders);
    content.work = body.work.unwrap_or(Work::Assign);
    content.lines.clone_from(&body.lines);
    content.target = Some(place_of(read, permit, &content, &body.target, "target")?);
    content.separate = body.services.is_some();
    if let Some(services) = &body.services {
        content.services = Some(place_of(read, permit, &content, services, "services")?);
    }
    Ok(content)
}

fn place_of(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    content: &Content,
    body: &PlaceBody,
    field: &str,
) -> Result<Target> {
    let domain = search_key(&line(&body.smart_account));
    let account = smart_accounts::by_domain(read, &domain)?.ok_or_else(|| {
        Error::invalid(
            format!("{field}.smart_account"),
            "No Smart Account has this Domain Identifier.",
        )
    })?;
    if let Some(why) = service::target_for(read, permit, content, &account)?.refused {
        return Err(Error::Refused(why));
    }
    let places = service::places(read, permit, account.id)?;
    if places.none_yet {
        return Ok(Target {
            account: account.id,
            virtual_account: None,
        });
    }
    let id: VirtualAccountId = match body.virtual_account.as_deref().map(str::trim) {
        None | Some("") => crate::virtual_accounts::default_of(read, account.id)?.id,
        Some(typed) => {
            let key = search_key(typed);
            let listed = places
                .list
                .iter()
                .find(|one| one.id.as_str() == typed || search_key(&one.name) == key);
            match listed {
                Some(one) => one.id,
                None => service::place_named(read, permit, account.id, typed).map_err(|_| {
                    Error::invalid(
                        format!("{field}.virtual_account"),
                        "No Virtual Account that you can choose has this id or name.",
                    )
                })?,
            }
        }
    };
    Ok(Target {
        account: account.id,
        virtual_account: Some(id),
    })
}

/// What becomes of a line.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewedLineShape {
    number: i32,
    sku: String,
    quantity: i64,
    /// Where it goes; none when it stays as it is.
    to: Option<String>,
    /// The account there is Pending: the line will wait on Smart Account Hold.
    hold: bool,
    /// Why it stays as it is.
    stays: String,
}

/// What becomes of an order.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewedOrderShape {
    #[schema(value_type = String)]
    id: OrderId,
    identifier: String,
    /// Why it cannot be assigned. One such order stands in the way of all.
    refused: Option<String>,
    lines: Vec<ReviewedLineShape>,
}

/// What an assignment would do.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewShape {
    /// Whether nothing stands in the way.
    good: bool,
    /// What stands in the way of all of it.
    refused: Option<String>,
    /// Assigned by support, whom no checks restrict.
    unchecked: bool,
    orders: Vec<ReviewedOrderShape>,
}

impl From<Review> for ReviewShape {
    fn from(review: Review) -> Self {
        let words = |to: &Place| format!("{}, {}", to.account, to.virtual_account);
        Self {
            good: review.is_good(),
            refused: review.refused.map(|why| why.says.into_owned()),
            unchecked: review.is_unchecked,
            orders: review
                .orders
                .into_iter()
                .map(|one| ReviewedOrderShape {
                    id: one.order.id,
                    identifier: one.order.identifier,
                    refused: one.refused.map(|why| why.says.into_owned()),
                    lines: one
                        .lines
                        .into_iter()
                        .map(|line| ReviewedLineShape {
                            number: line.line.number,
                            sku: line.line.sku,
                            quantity: line.line.quantity,
                            to: line.to.as_ref().map(words),
                            hold: line.to.as_ref().is_some_and(|to| to.is_hold),
                            stays: line.stays,
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}

async fn review(may: May<AssignOrder>, body: JsonBody<AssignBody, LONG>) -> Answer {
    let asked = body.value;
    let review = may
        .reads(move |r, permit| {
            let content = content_of(r, permit, &asked)?;
            service::review_of(r, permit, &content)
        })
        .await?;
    json(200, &ReviewShape::from(review))
}

/// An assignment that was requested.
#[derive(Debug, Serialize, ToSchema)]
struct AssignedShape {
    /// Its id.
    #[schema(value_type = String)]
    id: AssignmentId,
    /// Where to ask how far it is.
    href: String,
}

impl AssignedShape {
    fn of(number: i64, id: AssignmentId) -> Self {
        Self {
            href: format!("/api/v1/accounts/{number}/order-assignments/{id}"),
            id,
        }
    }
}

async fn assign(may: May<AssignOrder>, key: IdempotencyKey, body: JsonBody<AssignBody, LONG>) -> Answer {
    let once = body.once_key(&may, &key);
    let (asked, id) = (body.value, AssignmentId::new());
    let id = may
        .does(move |tx, permit, at| {
            if let Once::Again(made) = tx.once(once.as_ref())? {
                return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
            }
            let content = content_of(tx, permit, &asked)?;
            tx.made(at, once.as_ref(), id.as_str())?;
            let due = lab::due(tx, at)?;
            service::assign_content(tx, permit, &content, None, id, at, due)
        })
        .await?;
    may.portal.jobs.nudge();
    json(202, &AssignedShape::of(may.number(), id))
}

async fn retry(may: May<AssignOrder>, order: PathPart<OrderId>) -> Answer {
    let id = AssignmentId::new();
    let id = may
        .does(move |tx, permit, at| service::retry(tx, permit, order.0, id, at))
        .await?;
    may.portal.jobs.nudge();
    json(202, &AssignedShape::of(may.number(), id))
}
