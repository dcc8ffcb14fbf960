use super::*;
use proptest::prelude::*;

const FILTERS: &[FilterSpec<'_>] = &[
    FilterSpec {
        key: "assignment",
        label: "Assignment status",
        values: &[("unassigned", "Unassigned"), ("assigned", "Assigned")],
    },
    FilterSpec {
        key: "type",
        label: "Order type",
        values: &[("standard", "Standard"), ("ea", "Enterprise Agreement")],
    },
    FilterSpec {
        key: "customer",
        label: "Customer",
        values: &[],
    },
    FilterSpec::date("from", "From"),
];
const COLUMNS: &[ColumnSpec<'_>] = &[
    ColumnSpec {
        key: "lines",
        label: "Lines",
        default_on: true,
    },
    ColumnSpec {
        key: "status",
        label: "Order status",
        default_on: true,
    },
    ColumnSpec {
        key: "partner",
        label: "Partner",
        default_on: false,
    },
];

fn spec() -> ListSpec<'static> {
    ListSpec {
        path: "/sa/7/orders".to_owned(),
        sorts: &["date", "id"],
        default_sort: "-date",
        filters: FILTERS,
        columns: COLUMNS,
    }
}

fn read(raw: &str) -> ListQuery {
    ListQuery::parse(raw, &spec())
}

#[test]
fn nothing_means_defaults_and_a_bare_link() {
    let query = read("");
    assert_eq!((query.sort.as_str(), query.descending), ("date", true));
    assert_eq!((query.page, query.per), (1, 25));
    assert_eq!(query.columns, ["lines", "status"]);
    assert_eq!(query.href(), "/sa/7/orders");
    assert!(!query.is_filtered());
    assert_eq!(read("sort=-date&page=1&per=25&q=&from=").href(), "/sa/7/orders");
    assert_eq!(read("col=status&col=lines").href(), "/sa/7/orders");
}

#[test]
fn reads_every_part() {
    let query = read(
        "q=Harbor%20view+%26&type=ea&type=standard&assignment=unassigned&from=2026-11-01&sort=id&page=3&per=50&col=partner",
    );
    assert_eq!(query.q, "Harbor view &");
    assert_eq!(query.values("type"), ["ea", "standard"]);
    assert_eq!(
        query.day("from").map(|d| d.to_string()).as_deref(),
        Some("2026-11-01")
    );
    assert_eq!((query.sort.as_str(), query.descending), ("id", false));
    assert_eq!((query.offset(), query.limit()), (100, 50));
    assert!(query.shows("partner") && !query.shows("lines"));
    assert!(query.dropped.is_empty());
    assert_eq!(
        query.href(),
        "/sa/7/orders?q=Harbor+view+%26&assignment=unassigned&type=ea&type=standard&from=2026-11-01&sort=id&page=3&per=50&col=partner"
    );
    assert_eq!(
        query.csv_href(),
        "/sa/7/orders.csv?q=Harbor+view+%26&assignment=unassigned&type=ea&type=standard&from=2026-11-01&sort=id&col=partner"
    );
}

#[test]
fn ignores_unknown_keys_and_names_bad_values() {
    let query = read("utm=1&type=lease&sort=colour&page=0&per=26&from=2026-02-30&col=x");
    assert_eq!(query.href(), "/sa/7/orders");
    assert_eq!(query.dropped.len(), 6);
    assert!(query.understood().is_err());
    assert!(query.dropped.iter().any(|d| d.starts_with("Order type: “lease”")));
}

#[test]
fn what_a_script_asks_for_is_understood_or_refused() {
    let refusal = |raw: &str| read(raw).understood().err().map(|e| e.to_string());
    assert_eq!(refusal("type=ea&type=standard&q=x&page=2"), None);
    for (raw, named) in [
        ("utm=1", "“utm”"),
        ("type=lease", "“type”"),
        ("sort=colour", "“sort”"),
        ("page=0", "“page”"),
        ("per=26", "“per”"),
        ("from=2026-02-30", "“from”"),
        ("col=x", "“col”"),
        (&format!("q={}", "x".repeat(LONGEST + 1)), "“q”"),
        (&format!("customer={}", "x".repeat(LONGEST + 1)), "“customer”"),
    ] {
        assert!(refusal(raw).is_some_and(|says| says.starts_with(named)), "{raw}");
    }
    let mut query = read("customer=nobody");
    query.check_values("customer", |value| value == "nobody");
    assert!(query.understood().is_ok());
    query.check_values("customer", |value| value == "somebody");
    assert_eq!(
        query.understood().err().map(|e| e.to_string()).as_deref(),
        Some("“customer”: “nobody” is not a choice here.")
    );
}

#[test]
fn filters_add_replace_and_go() {
    let query = read("assignment=unassigned&page=4&sort=id");
    assert_eq!(
        query.with_filter("assignment", "assigned"),
        "/sa/7/orders?assignment=unassigned&assignment=assigned&sort=id"
    );
    assert_eq!(
        query.only_filter("assignment", "assigned"),
        "/sa/7/orders?assignment=assigned&sort=id"
    );
    assert_eq!(
        query.toggle_filter("assignment", "unassigned"),
        "/sa/7/orders?sort=id"
    );
    assert_eq!(query.clear_href(), "/sa/7/orders?sort=id");
    let chips = query.chips();
    assert_eq!(
        chips.first().map(|c| c.label.as_str()),
        Some("Assignment status: Unassigned")
    );
}

#[test]
fn a_second_click_turns_the_order_round() {
    let query = read("");
    assert_eq!(query.toggle_sort("date"), "/sa/7/orders?sort=date");
    assert_eq!(query.toggle_sort("id"), "/sa/7/orders?sort=id");
    assert_eq!(read("sort=id").toggle_sort("id"), "/sa/7/orders?sort=-id");
    assert_eq!(query.sort_head("date", "Order date").aria(), Some("descending"));
    assert_eq!(query.sort_head("id", "Order").aria(), None);
}

#[test]
fn a_page_past_the_end_is_the_last() {
    let mut query = read("page=9");
    let pager = query.pager(31);
    assert_eq!((pager.from, pager.to, pager.page, pager.pages), (26, 31, 2, 2));
    assert_eq!(pager.prev.as_deref(), Some("/sa/7/orders"));
    assert_eq!(pager.next, None);
    query.clamp(31);
    assert_eq!(query.offset(), 25);
    query.clamp(0);
    assert_eq!(query.offset(), 0);
    assert_eq!(query.pager(0).summary(), "0 of 0");
}

#[test]
fn a_long_list_links_to_its_ends_and_neighbours() {
    let pager = read("page=10").pager(1000);
    let numbers: Vec<_> = pager.links.iter().map(|l| (l.number, l.gap_before)).collect();
    assert_eq!(
        numbers,
        [(1, false), (9, true), (10, false), (11, false), (40, true)]
    );
    assert_eq!(pager.summary(), "226–250 of 1,000");
}

#[test]
fn forms_keep_what_they_do_not_set() {
    let query = read("q=x&type=ea&sort=id&page=2&per=10");
    let keys: Vec<_> = query.hidden(&["q", "page"]).into_iter().map(|(k, _)| k).collect();
    assert_eq!(keys, ["type", "sort", "per"]);
    let keys: Vec<_> = query
        .hidden_without_filters()
        .into_iter()
        .map(|(k, _)| k)
        .collect();
    assert_eq!(keys, ["q", "sort", "per"]);
}

#[test]
fn saved_columns_yield_to_the_address() {
    let saved = ["partner".to_owned(), "gone".to_owned()];
    let mut query = read("");
    query.use_saved_columns(&saved);
    assert_eq!(query.columns, ["partner"]);
    assert_eq!(query.href(), "/sa/7/orders");
    let mut query = read("col=lines");
    query.use_saved_columns(&saved);
    assert_eq!(query.columns, ["lines"]);
}

/// Two islands by name and height in metres, declared as a list.
static ISLANDS: List<(), (&str, u32), Vec<(&str, u32)>> = List {
    path: "/islands",
    file: "islands",
    nouns: ("island", "islands"),
    search: "Words in the name.",
    filters: &[
        Filter::words(
            "size",
            "Size",
            "How high it is.",
            &[("high", "High"), ("low", "Low")],
            |mut rows, chosen| {
                rows.retain(|(_, height)| chosen.has(if *height > 500 { "high" } else { "low" }));
                rows
            },
        ),
        Filter::unseen("called", |mut rows, chosen| {
            rows.retain(|(name, _)| chosen.has(name));
            rows
        }),
    ],
    sorts: &[
        ("name", |rows, way| by_key(rows, way, |one| one.0)),
        ("height", |rows, way| by_key(rows, way, |one| one.1)),
    ],
    default_sort: "name",
    columns: &[
        Column::lead("name", "Name", |one| one.0.to_owned()),
        Column::number("height", "Height", |one| one.1.to_string()),
        Column::table("map", "Map"),
        Column::file("Feet", |one| (one.1 * 328 / 100).to_string()),
    ],
    rows: Rows::Whole {
        all: |_, (), _| Ok(vec![("Fårö", 30), ("Madeira", 1_862), ("Gomera", 1_487)]),
        asked: |rows, asked| {
            let found = asked.found(rows, |one| one.0.to_owned());
            asked.sorted(ISLANDS.sorts, asked.filtered(ISLANDS.filters, found))
        },
    },
    ..List::PLAIN
};

#[test]
fn a_declared_list_says_all_that_its_page_shows_and_its_operation_takes() {
    let now = crate::kernel::Moment::parse("2026-11-29T00:00:00Z").unwrap();
    let read = |raw: &str| ISLANDS.asked_by(raw, now);
    let names = |raw: &str| {
        let Rows::Whole { asked, .. } = ISLANDS.rows else {
            unreachable!()
        };
        let rows = vec![("Fårö", 30), ("Madeira", 1_862), ("Gomera", 1_487)];
        asked(rows, &read(raw))
            .into_iter()
            .map(|one| one.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("sort=-height"), ["Madeira", "Gomera", "Fårö"]);
    assert_eq!(names("size=high"), ["Gomera", "Madeira"]);
    assert_eq!(names("q=MADE"), ["Madeira"]);
    // What the program alone narrows by stands in no address.
    assert!(read("called=Gomera").list.understood().is_err());
    let called = ISLANDS.whole(now).with("called", "Gomera");
    let Rows::Whole { asked, .. } = ISLANDS.rows else {
        unreachable!()
    };
    assert_eq!(
        asked(vec![("Fårö", 30), ("Gomera", 1_487)], &called),
        [("Gomera", 1_487)]
    );
    assert!(read("size=wide").list.understood().is_err() && read("sort=map").list.understood().is_err());
    let heads = |raw: &str| {
        let list = read(raw).list;
        let sorts = list
            .heads()
            .map(|(head, sort)| (head.label.clone(), sort.is_some()));
        sorts.collect::<Vec<_>>()
    };
    let head = |label: &str, sorts| (label.to_owned(), sorts);
    assert_eq!(
        heads(""),
        [head("Name", true), head("Height", true), head("Map", false)]
    );
    assert_eq!(heads("col=map"), [head("Name", true), head("Map", false)]);
    let file = ISLANDS.head(None, crate::kernel::Edition::Cloud);
    assert_eq!(file, ["Name", "Height", "Feet"]);
    let params: Vec<String> = ISLANDS
        .params()
        .iter()
        .map(|one| one.described()["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(params, ["q", "size", "sort", "page", "per"]);
}

proptest! {
    #[test]
    fn a_links_query_reads_back_as_itself(raw in "[ -~]{0,80}", total in 0_u64..100_000) {
        let first = read(&raw);
        let href = first.href();
        let again = read(href.split_once('?').map_or("", |(_, query)| query));
        prop_assert_eq!(again.href(), href);
        prop_assert!(again.dropped.is_empty());
        let pager = first.pager(total);
        prop_assert!(pager.to <= total && pager.from <= pager.to + 1);
        prop_assert!(pager.page >= 1 && pager.page <= pager.pages);
    }
}
