//! The catalog, for scripts.

use super::list::LIST;
use super::model::{Billing, Item, LineKind, Term};
use crate::http::Routes;
use serde::Serialize;
use utoipa::ToSchema;

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    LIST.operation::<CatalogItem>(
        routes,
        "/api/v1/catalog",
        "The catalog: what can be ordered, and the licenses that come with it.",
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
