//! "Product Catalog": what can be ordered, for everybody who is signed in.

use super::model::{self, Billing, Item, LineKind, Term};
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, ListQuery, ListSpec, Shell, SignedIn, page};
use crate::kernel::Sought;
use askama::Template;
use std::sync::LazyLock;

pub static FAMILIES: LazyLock<Vec<(&'static str, &'static str)>> =
    LazyLock::new(|| model::families().into_iter().map(|one| (one, one)).collect());

pub const KINDS: &[(&str, &str)] = &[
    (LineKind::Product.word(), LineKind::Product.label()),
    (LineKind::CiscoService.word(), LineKind::CiscoService.label()),
    (LineKind::PartnerService.word(), LineKind::PartnerService.label()),
];
pub const TERMS: &[(&str, &str)] = &[
    (Term::Perpetual.word(), Term::Perpetual.label()),
    (Term::Term.word(), Term::Term.label()),
    (Term::Subscription.word(), Term::Subscription.label()),
];
pub const BILLINGS: &[(&str, &str)] = &[
    (Billing::Prepaid.word(), Billing::Prepaid.label()),
    (Billing::Usage.word(), Billing::Usage.label()),
];

pub const EXPORT: &[(&str, &str)] = &[("yes", "Yes"), ("no", "No")];
/// By what the list can be sorted.
pub const SORTS: &[&str] = &["sku", "family"];

static FILTERS: LazyLock<Vec<FilterSpec<'static>>> = LazyLock::new(|| {
    vec![
        FilterSpec {
            key: "family",
            label: "Product family",
            values: &FAMILIES,
        },
        FilterSpec {
            key: "kind",
            label: "Kind",
            values: KINDS,
        },
        FilterSpec {
            key: "term",
            label: "Term",
            values: TERMS,
        },
        FilterSpec {
            key: "billing",
            label: "Billing",
            values: BILLINGS,
        },
        FilterSpec {
            key: "export",
            label: "Export-controlled",
            values: EXPORT,
        },
    ]
});

/// What the list understands.
pub fn spec(path: String) -> ListSpec<'static> {
    ListSpec {
        path,
        sorts: SORTS,
        default_sort: "family",
        filters: &FILTERS,
        columns: &[],
    }
}

/// What a query asks for, in its order.
pub fn matching(list: &ListQuery) -> Vec<&'static Item> {
    let sought = Sought::parse(&list.q);
    let any = |key: &str, word: &str| list.values(key).is_empty() || list.has(key, word);
    let mut found: Vec<&Item> = model::all()
        .iter()
        .filter(|item| sought.fits(&item.search_key))
        .filter(|item| any("family", &item.family))
        .filter(|item| any("kind", item.kind.word()))
        .filter(|item| any("term", item.term.word()))
        .filter(|item| any("billing", item.billing.word()))
        .filter(|item| any("export", if item.export_controlled { "yes" } else { "no" }))
        .collect();
    if list.sort == "sku" {
        found.sort_by(|a, b| a.sku.cmp(&b.sku));
    }
    if list.descending {
        found.reverse();
    }
    found
}

#[derive(Template)]
#[template(path = "catalog/list.html")]
struct CatalogPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<&'static Item>,
    count: String,
    csv: String,
}

/// GET /catalog
pub async fn list(visit: SignedIn) -> Answer {
    let mut list = ListQuery::parse(&visit.query, &spec("/catalog".to_owned()));
    let found = matching(&list);
    let total = found.len() as u64;
    list.clamp(total);
    let rows: Vec<_> = list.cut(found).collect();
    page(&CatalogPage {
        shell: visit.list_shell("Product Catalog", &[Crumb::text("Orders")], &list),
        pager: list.pager(total),
        rows,
        count: counted(total, "SKU", "SKUs"),
        csv: list.csv_href(),
        list,
    })
}

/// GET /catalog.csv
pub async fn csv(visit: SignedIn) -> Answer {
    let list = ListQuery::parse(&visit.query, &spec("/catalog".to_owned()));
    list.understood()?;
    let mut table = Table::new(&[
        "SKU",
        "Description",
        "Product family",
        "Kind",
        "Billing",
        "Term",
        "Months",
        "Export-controlled",
        "Licenses",
    ])?;
    for item in matching(&list) {
        let licenses: Vec<String> = item
            .entitlements
            .iter()
            .map(|one| format!("{} x {}", one.per_unit, one.name))
            .collect();
        table.row([
            item.sku.as_str(),
            &item.description,
            &item.family,
            item.kind.label(),
            item.billing.label(),
            item.term.label(),
            &item.months.map_or_else(String::new, |n| n.to_string()),
            if item.export_controlled { "yes" } else { "no" },
            &licenses.join("; "),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &visit.file_name("product-catalog"),
        table.finish()?,
    ))
}
