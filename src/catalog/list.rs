//! "Product Catalog": what can be ordered, for everybody who is signed in.

use super::model::{self, Billing, Item, LineKind, Term};
use crate::http::list::{Anybody, Chosen, Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::Sought;
use std::sync::LazyLock;

type Items = Vec<&'static Item>;

static FAMILIES: LazyLock<Vec<(&'static str, &'static str)>> =
    LazyLock::new(|| model::families().into_iter().map(|one| (one, one)).collect());

fn having(mut items: Items, chosen: &Chosen<'_>, word: fn(&Item) -> &str) -> Items {
    items.retain(|item| chosen.has(word(item)));
    items
}

const FILTERS: &[Filter<Items>] = &[
    Filter::words_in(
        "family",
        "Product family",
        "Product family.",
        |_| &FAMILIES,
        |items, chosen| having(items, chosen, |item| &item.family),
    ),
    Filter::words(
        "kind",
        "Kind",
        "What it is.",
        LineKind::CHOICES,
        |items, chosen| having(items, chosen, |item| item.kind.word()),
    ),
    Filter::words("term", "Term", "For how long.", Term::CHOICES, |items, chosen| {
        having(items, chosen, |item| item.term.word())
    }),
    Filter::words(
        "billing",
        "Billing",
        "How it is paid for.",
        Billing::CHOICES,
        |items, chosen| having(items, chosen, |item| item.billing.word()),
    ),
    Filter::words(
        "export",
        "Export-controlled",
        "Whether it is export-controlled.",
        &[("yes", "Yes"), ("no", "No")],
        |items, chosen| having(items, chosen, export),
    ),
];

/// It comes by family.
const SORTS: &[Sort<Items>] = &[
    ("sku", |items, way| by_key(items, way, |item| item.sku.clone())),
    ("family", |items, way| by_key(items, way, |_| ())),
];

fn export(item: &Item) -> &'static str {
    if item.export_controlled { "yes" } else { "no" }
}

pub static LIST: List<Anybody, &'static Item, Items> = List {
    path: "/catalog",
    file: "product-catalog",
    nouns: ("SKU", "SKUs"),
    search: "Words in the SKU, the description or a license's name.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "family",
    columns: &[
        Column::lead("sku", "SKU", |item| item.sku.clone()),
        Column::file("Description", |item| item.description.clone()),
        Column::shown("family", "Product family", |item| item.family.clone()),
        Column::shown("kind", "Kind", |item| item.kind.label().to_owned()),
        Column::table("licenses", "Licenses"),
        Column::shown("billing", "Billing", |item| item.billing.label().to_owned()),
        Column::shown("term", "Term", |item| item.term.label().to_owned()),
        Column::file("Months", |item| {
            item.months.map_or_else(String::new, |n| n.to_string())
        }),
        Column::shown("export", "Export-controlled", |item| export(item).to_owned()),
        Column::file("Licenses", |item| {
            let all = item.entitlements.iter();
            let all: Vec<String> = all
                .map(|one| format!("{} x {}", one.per_unit, one.name))
                .collect();
            all.join("; ")
        }),
    ],
    rows: Rows::AtHand {
        all: || model::all().iter().collect(),
        asked: |mut items, asked| {
            let sought = Sought::parse(&asked.list.q);
            items.retain(|item| sought.fits(&item.search_key));
            asked.sorted(SORTS, asked.filtered(FILTERS, items))
        },
    },
    ..List::PLAIN
};
