//! Licenses: the list and one of them.

use crate::authz::action::ViewInventory;
use crate::catalog::{Billing, Term};
use crate::http::form::PathPart;
use crate::http::{Answer, May, json};
use crate::kernel::Moment;
use crate::kernel::ids::{LicensePoolId, LicenseStockId, OrderId, VirtualAccountId};
use crate::licenses::list::Listed;
use crate::licenses::service::{self, Row, TermRow};
use crate::licenses::stock;
use serde::Serialize;
use utoipa::ToSchema;

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
pub(super) struct LicenseShape {
    /// Id of the license in this Virtual Account.
    #[schema(value_type = String)]
    pub(super) id: LicenseStockId,
    /// What people know the license by.
    pub(super) license: String,
    /// What programs know it by.
    pub(super) entitlement: String,
    #[schema(value_type = String)]
    pub(super) virtual_account: VirtualAccountId,
    pub(super) virtual_account_name: String,
    #[schema(value_type = String)]
    pub(super) billing: Billing,
    /// Those of terms that have not ended.
    pub(super) purchased: i64,
    pub(super) in_use: i64,
    pub(super) reserved: i64,
    /// purchased less reserved and in use.
    pub(super) balance: i64,
    /// How many terms hold something.
    pub(super) terms: i32,
    /// Of the term that ends first.
    #[schema(value_type = String)]
    pub(super) term: Term,
    /// When the first term ends.
    pub(super) ends_at: Option<Moment>,
    /// Since when more are used than there are.
    pub(super) short_since: Option<Moment>,
    /// Its license tags, in order.
    pub(super) tags: Vec<String>,
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

impl From<Listed> for LicenseShape {
    fn from(one: Listed) -> Self {
        Self::from(one.row)
    }
}

/// A term of a license.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TermShape {
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
pub(super) struct DayShape {
    /// In the form 2026-11-22.
    day: String,
    purchased: i64,
    reserved: i64,
    in_use: i64,
}

/// One license with its terms, and the days on which its numbers changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LicenseDetail {
    #[serde(flatten)]
    pub(super) license: LicenseShape,
    pub(super) pools: Vec<TermShape>,
    pub(super) days: Vec<DayShape>,
}

pub(super) async fn one(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let id = id.0;
    let (row, terms, days) = may
        .reads(move |r, permit| {
            let row = service::find(r, permit, id)?;
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
