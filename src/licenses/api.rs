//! Licenses, for scripts: what the pages show, and the transfer.

use super::model::Precedence;
use super::pages::{ALERTS, BILLINGS, EMPTY, SORTS, TERMS, order, query};
use super::service::{self, Row, TermRow};
use super::stock;
use super::store::{self, Ledger, Posting};
use super::tags;
use super::transfer::{self, Line, Review};
use crate::authz::action::{TagLicenses, Transfer, ViewInventory};
use crate::catalog::{Billing, Term};
use crate::error::{Error, Problems};
use crate::http::form::PathPart;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, ListQuery, ListSpec, May, Param, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{LicenseMoveId, LicensePoolId, LicenseStockId, OrderId, VirtualAccountId};
use crate::virtual_accounts::parse_tags;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/licenses",
        Api::says("License Inventory: how many licenses of each kind lie in which Virtual Account, all terms together.")
            .query(&[
                Param::text("q", "Words in the license's name, in its entitlement or in one of its tags."),
                Param::id("va", "Id of a Virtual Account.").many(),
                Param::text("tag", "A tag of Virtual Accounts.").many(),
                Param::text("license-tag", "A license tag.").many(),
                Param::choice("alert", ALERTS, "short: Insufficient Licenses; ending: a term ends within 90 days.").many(),
                Param::choice("term", TERMS, "Of the term that ends first.").many(),
                Param::choice("billing", BILLINGS, "How they are paid for.").many(),
                Param::choice("empty", EMPTY, "yes: those of which none are left as well."),
                Param::sort(SORTS, "With - in front the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<LicenseList>(200),
        all,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/licenses/{license}",
        Api::says("One license in one Virtual Account, with its terms in the order in which they are used.")
            .gives::<LicenseDetail>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/license-tags",
        Api::says("Adds tags to licenses and removes others: of all of them or of none. A tag that is there already, or not there, is left as it is, so that it may be sent again.")
            .takes::<TagsBody>()
            .gives::<TagsShape>(200),
        tag,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/license-transactions",
        Api::says(
            "The ledger: every license that came into a Virtual Account or went out of it, the newest first.",
        )
        .query(&[Param::PAGE, Param::PER])
        .gives::<PostingList>(200),
        ledger,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/license-transfers",
        Api::says("Transfers licenses between Virtual Accounts: all lines or none. With \"dry_run\" nothing is done and the answer says what would be.")
            .takes::<TransferBody>()
            .gives::<TransferShape>(200)
            .once(),
        transfer,
    );
}

/// An order from which licenses came.
#[derive(Debug, Serialize, ToSchema)]
struct Origin {
    /// Id of the order.
    #[schema(value_type = String)]
    id: OrderId,
    /// Its Order Identifier.
    identifier: String,
}

/// Licenses of one kind in one Virtual Account, all terms together.
#[derive(Debug, Serialize, ToSchema)]
struct LicenseShape {
    /// Id of the license in this Virtual Account.
    #[schema(value_type = String)]
    id: LicenseStockId,
    /// What people know the license by.
    license: String,
    /// What programs know it by.
    entitlement: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    #[schema(value_type = String)]
    billing: Billing,
    /// Those of terms that have not ended.
    purchased: i64,
    in_use: i64,
    reserved: i64,
    /// purchased less reserved and in use.
    balance: i64,
    /// How many terms hold something.
    terms: i32,
    /// Of the term that ends first.
    #[schema(value_type = String)]
    term: Term,
    /// When the first term ends.
    ends_at: Option<Moment>,
    /// Since when more are used than there are.
    short_since: Option<Moment>,
    /// Its license tags, in order.
    tags: Vec<String>,
}

impl From<Row> for LicenseShape {
    fn from(row: Row) -> Self {
        let stock = row.stock;
        Self {
            id: stock.id,
            license: stock.name,
            entitlement: stock.entitlement,
            virtual_account: stock.virtual_account,
            virtual_account_name: row.virtual_account,
            billing: stock.billing,
            purchased: stock.purchased,
            in_use: stock.in_use,
            reserved: stock.reserved,
            balance: stock.balance,
            terms: stock.terms,
            term: stock.term,
            ends_at: stock.ends_at,
            short_since: stock.short_since,
            tags: row.tags,
        }
    }
}

/// A page of License Inventory.
#[derive(Debug, Serialize, ToSchema)]
struct LicenseList {
    items: Vec<LicenseShape>,
    total: u64,
    page: u64,
    per: u64,
}

async fn all(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw) = (may.permit.clone(), may.path.clone(), may.query.clone());
    let now = may.portal.clock.now();
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let (list, filter) = query(r, &permit, path, &raw, None, now)?;
            list.understood()?;
            let total = service::count(r, &permit, &filter)?;
            let rows = service::page(r, &permit, &filter, order(&list), list.limit(), list.offset())?;
            Ok((list, total, rows))
        })
        .await?;
    json(
        200,
        &LicenseList {
            items: rows.into_iter().map(LicenseShape::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}

/// A term of a license.
#[derive(Debug, Serialize, ToSchema)]
struct TermShape {
    #[schema(value_type = String)]
    id: LicensePoolId,
    #[schema(value_type = String)]
    term: Term,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    /// Since when it counts no more.
    ended_at: Option<Moment>,
    purchased: i64,
    reserved: i64,
    /// What of the use falls on it: terms that end first are used first.
    in_use: i64,
    orders: Vec<Origin>,
}

impl From<TermRow> for TermShape {
    fn from(row: TermRow) -> Self {
        Self {
            id: row.pool.id,
            term: row.pool.term,
            starts_at: row.pool.starts_at,
            ends_at: row.pool.ends_at,
            ended_at: row.pool.ended_at,
            purchased: row.pool.purchased,
            reserved: row.pool.reserved,
            in_use: row.in_use,
            orders: row
                .orders
                .into_iter()
                .map(|(id, identifier)| Origin { id, identifier })
                .collect(),
        }
    }
}

/// The numbers of a license at the end of a day.
#[derive(Debug, Serialize, ToSchema)]
struct DayShape {
    /// In the form 2026-11-22.
    day: String,
    purchased: i64,
    reserved: i64,
    in_use: i64,
}

/// One license with its terms, and the days on which its numbers changed.
#[derive(Debug, Serialize, ToSchema)]
struct LicenseDetail {
    #[serde(flatten)]
    license: LicenseShape,
    pools: Vec<TermShape>,
    days: Vec<DayShape>,
}

async fn one(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let (permit, id) = (may.permit.clone(), id.0);
    let (row, terms, days) = may
        .portal
        .db
        .read(move |r| {
            let row = service::find(r, &permit, id)?;
            let terms = service::terms(r, &row.stock)?;
            let days = stock::days(r, row.stock.account, id)?;
            Ok((row, terms, days))
        })
        .await?;
    json(
        200,
        &LicenseDetail {
            license: row.into(),
            pools: terms.into_iter().map(TermShape::from).collect(),
            days: days
                .into_iter()
                .map(|(day, purchased, reserved, in_use)| DayShape {
                    day,
                    purchased,
                    reserved,
                    in_use,
                })
                .collect(),
        },
    )
}

/// A change of license tags.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TagsBody {
    /// Ids of licenses, 200 at most.
    #[schema(min_items = 1, max_items = 200)]
    licenses: Vec<String>,
    /// Each up to 40 characters; a license has up to 20.
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// Licenses whose tags were changed.
#[derive(Debug, Serialize, ToSchema)]
struct TagsShape {
    /// How many of them have other tags than before.
    changed: usize,
    licenses: Vec<LicenseShape>,
}

async fn tag(may: May<TagLicenses>, body: JsonBody<TagsBody>) -> Answer {
    let mut problems = Problems::default();
    let mut ids: Vec<LicenseStockId> = Vec::new();
    for (at, text) in body.value.licenses.iter().enumerate() {
        match text.parse() {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => problems.add(format!("licenses/{at}"), "This is not an id."),
        }
    }
    let mut add = Vec::new();
    for (at, text) in body.value.add.iter().enumerate() {
        if let Some(mut tag) = problems.take(&format!("add/{at}"), parse_tags(text)) {
            add.append(&mut tag);
        }
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let (permit, at, remove, these) = (
        may.permit.clone(),
        may.portal.clock.now(),
        body.value.remove,
        ids.clone(),
    );
    let reach = permit.clone();
    let changed = may
        .portal
        .db
        .write(move |tx| tags::change(tx, &permit, at, &these, &add, &remove))
        .await?;
    let licenses = may
        .portal
        .db
        .read(move |r| {
            ids.iter()
                .map(|id| service::find(r, &reach, *id))
                .collect::<crate::error::Result<Vec<_>>>()
        })
        .await?;
    json(
        200,
        &TagsShape {
            changed,
            licenses: licenses.into_iter().map(LicenseShape::from).collect(),
        },
    )
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct PostingShape {
    #[schema(value_type = String)]
    id: LicenseMoveId,
    at: Moment,
    /// order, order-taken-back, transfer-in or transfer-out.
    transaction: String,
    license: String,
    /// Id of the Virtual Account; null where it was deleted since.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// The name that a Virtual Account had which was deleted since.
    deleted_virtual_account: Option<String>,
    /// Below zero when licenses went out.
    quantity: i64,
    #[schema(value_type = Option<String>)]
    order: Option<OrderId>,
    /// The Order Identifier, or the other Virtual Account of a transfer.
    reference: String,
    by: String,
}

impl From<Posting> for PostingShape {
    fn from(one: Posting) -> Self {
        Self {
            id: one.id,
            at: one.at,
            transaction: one.kind.word().to_owned(),
            license: one.license,
            virtual_account: one.deleted_place.is_none().then_some(one.place),
            deleted_virtual_account: one.deleted_place,
            quantity: one.quantity,
            order: one.order,
            reference: one.reference,
            by: one.actor,
        }
    }
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct PostingList {
    items: Vec<PostingShape>,
    total: u64,
    page: u64,
    per: u64,
}

async fn ledger(may: May<ViewInventory>) -> Answer {
    let permit = may.permit.clone();
    let list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: may.path.clone(),
            sorts: &["date"],
            default_sort: "-date",
            filters: &[],
            columns: &[],
        },
    );
    list.understood()?;
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let asked = Ledger::default();
            let total = store::count_postings(r, permit.within(), &asked)?;
            let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let rows = store::postings(
                r,
                permit.within(),
                &asked,
                whole(list.limit()),
                whole(list.offset()),
            )?;
            Ok((list, total, rows))
        })
        .await?;
    json(
        200,
        &PostingList {
            items: rows.into_iter().map(PostingShape::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}

/// A line of a transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LineBody {
    /// Id of a license in the Virtual Account where it lies now.
    #[schema(format = "uuid")]
    license: String,
    /// Id of the Virtual Account to which it goes.
    #[schema(format = "uuid")]
    to: String,
    /// How many.
    #[schema(minimum = 1)]
    quantity: i64,
}

/// A transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferBody {
    #[schema(min_items = 1)]
    lines: Vec<LineBody>,
    /// Which terms go first: longest-term-last, so what ends first; or longest-term-first. Left out: the former.
    #[schema(value_type = Option<Precedence>)]
    precedence: Option<String>,
    /// Only says what would be.
    #[serde(default)]
    dry_run: bool,
}

/// A line of a transfer, as it was or would be done.
#[derive(Debug, Serialize, ToSchema)]
struct LineShape {
    #[schema(value_type = String)]
    license: LicenseStockId,
    name: String,
    from: String,
    to: String,
    quantity: i64,
    /// What is left in the Virtual Account that gives.
    balance_after: i64,
    /// It leaves more in use there than there are.
    leaves_short: bool,
    /// Why it cannot be done; only with dry_run.
    refused: Option<String>,
}

/// What a transfer did or would do.
#[derive(Debug, Serialize, ToSchema)]
struct TransferShape {
    done: bool,
    lines: Vec<LineShape>,
}

fn shape(review: Review, done: bool) -> TransferShape {
    TransferShape {
        done,
        lines: review
            .lines
            .into_iter()
            .map(|line| LineShape {
                leaves_short: line.leaves_short(),
                license: line.stock.id,
                name: line.stock.name,
                from: line.from,
                to: line.to,
                quantity: line.line.quantity,
                balance_after: line.leaves,
                refused: line.refused.map(|refusal| refusal.says.into_owned()),
            })
            .collect(),
    }
}

async fn transfer(may: May<Transfer>, key: IdempotencyKey, body: JsonBody<TransferBody>) -> Answer {
    let mut problems = Problems::default();
    let mut lines = Vec::new();
    for (at, line) in body.value.lines.iter().enumerate() {
        match (line.license.parse(), line.to.parse()) {
            (Ok(stock), Ok(to)) => lines.push(Line {
                stock,
                to,
                quantity: line.quantity,
                term: None,
                only: None,
            }),
            (Err(_), _) => problems.add(format!("lines/{at}/license"), "This is not an id."),
            (_, Err(_)) => problems.add(format!("lines/{at}/to"), "This is not an id."),
        }
    }
    let precedence = match &body.value.precedence {
        None => Some(Precedence::LongestTermLast),
        Some(word) => problems.take(
            "precedence",
            word.parse()
                .map_err(|_| "This is longest-term-last or longest-term-first.".to_owned()),
        ),
    };
    let Some(precedence) = precedence.filter(|_| problems.is_empty()) else {
        return Err(Error::Invalid(problems));
    };
    let (permit, at, dry) = (may.permit.clone(), may.portal.clock.now(), body.value.dry_run);
    if dry {
        let review = may
            .portal
            .db
            .read(move |r| transfer::review(r, &permit, &lines, precedence))
            .await?;
        return json(200, &shape(review, false));
    }
    let once = body.once_key(&may, &key);
    let done = may
        .portal
        .db
        .write(move |tx| transfer::transfer(tx, &permit, at, &lines, precedence, None, once.as_ref()))
        .await?;
    json(
        200,
        &done.map_or_else(
            || TransferShape {
                done: true,
                lines: Vec::new(),
            },
            |review| shape(review, true),
        ),
    )
}
