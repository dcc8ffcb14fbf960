//! Licenses, for scripts: what the page shows.

use super::pages::{order, query};
use super::service::{self, Row};
use crate::authz::action::ViewInventory;
use crate::catalog::{Billing, Term};
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{LicensePoolId, OrderId, VirtualAccountId};
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/licenses",
        Api::says("License Inventory: how many licenses of each kind and term lie in which Virtual Account.")
            .query(&[
                ("q", "A part of the license's name."),
                ("va", "Id of a Virtual Account. May come several times."),
                ("term", "perpetual, term or subscription. May come several times."),
                ("billing", "prepaid or usage. May come several times."),
                ("empty", "yes: those of which none are left as well."),
                (
                    "sort",
                    "license, purchased, in-use or ends; with - in front the other way round.",
                ),
                ("page", "From 1."),
                ("per", "10, 25, 50 or 100."),
            ])
            .gives::<LicenseList>(200),
        all,
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

/// Licenses of one kind and term in one Virtual Account.
#[derive(Debug, Serialize, ToSchema)]
struct LicenseShape {
    /// Id of the pool.
    #[schema(value_type = String)]
    id: LicensePoolId,
    /// What people know the license by.
    license: String,
    /// What programs know it by.
    entitlement: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    #[schema(value_type = String)]
    billing: Billing,
    purchased: i64,
    in_use: i64,
    reserved: i64,
    /// purchased less reserved and in use.
    balance: i64,
    #[schema(value_type = String)]
    term: Term,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    orders: Vec<Origin>,
}

impl From<Row> for LicenseShape {
    fn from(row: Row) -> Self {
        let pool = row.pool;
        Self {
            id: pool.id,
            balance: pool.balance(),
            license: pool.name,
            entitlement: pool.entitlement,
            virtual_account: pool.virtual_account,
            virtual_account_name: row.virtual_account,
            billing: pool.billing,
            purchased: pool.purchased,
            in_use: pool.in_use,
            reserved: pool.reserved,
            term: pool.term,
            starts_at: pool.starts_at,
            ends_at: pool.ends_at,
            orders: row
                .orders
                .into_iter()
                .map(|(id, identifier)| Origin { id, identifier })
                .collect(),
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
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let (mut list, filter) = query(r, &permit, path, &raw)?;
            let total = service::count(r, &permit, &filter)?;
            list.clamp(total);
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
