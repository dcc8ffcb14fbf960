//! The catalog, for scripts.

use super::model::{Billing, Item, LineKind, Term};
use super::pages::{BILLINGS, EXPORT, FAMILIES, KINDS, SORTS, TERMS, matching, spec};
use crate::http::{Answer, Api, ListQuery, Param, Routes, SignedIn, json};
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/catalog",
        Api::says("The catalog: what can be ordered, and the licenses that come with it.")
            .query(&[
                Param::text("q", "Words in the SKU, the description or a license's name."),
                Param::choice("family", &FAMILIES, "Product family.").many(),
                Param::choice("kind", KINDS, "What it is.").many(),
                Param::choice("term", TERMS, "For how long.").many(),
                Param::choice("billing", BILLINGS, "How it is paid for.").many(),
                Param::choice("export", EXPORT, "Whether it is export-controlled.").many(),
                Param::sort(SORTS, "With a leading - the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<CatalogList>(200),
        all,
    );
}

/// A license that comes with a product.
#[derive(Debug, Serialize, ToSchema)]
struct EntitlementShape {
    /// What programs know it by.
    key: &'static str,
    name: &'static str,
    /// How many come with one of the product.
    per_unit: i64,
}

/// Something that can be ordered.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogItem {
    sku: &'static str,
    description: &'static str,
    family: &'static str,
    #[schema(value_type = String)]
    kind: LineKind,
    #[schema(value_type = String)]
    billing: Billing,
    #[schema(value_type = String)]
    term: Term,
    months: Option<i32>,
    export_controlled: bool,
    entitlements: Vec<EntitlementShape>,
}

/// A page of the catalog.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogList {
    items: Vec<CatalogItem>,
    total: u64,
    page: u64,
    per: u64,
}

impl From<&'static Item> for CatalogItem {
    fn from(item: &'static Item) -> Self {
        Self {
            sku: &item.sku,
            description: &item.description,
            family: &item.family,
            kind: item.kind,
            billing: item.billing,
            term: item.term,
            months: item.months,
            export_controlled: item.export_controlled,
            entitlements: item
                .entitlements
                .iter()
                .map(|one| EntitlementShape {
                    key: &one.key,
                    name: &one.name,
                    per_unit: one.per_unit,
                })
                .collect(),
        }
    }
}

async fn all(visit: SignedIn) -> Answer {
    let list = ListQuery::parse(&visit.query, &spec(visit.path.clone()));
    list.understood()?;
    let found = matching(&list);
    let total = found.len() as u64;
    let rows: Vec<_> = list.cut(found).collect();
    json(
        200,
        &CatalogList {
            items: rows.into_iter().map(CatalogItem::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}
