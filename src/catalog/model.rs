//! What can be ordered: one file, read once.

use crate::http::widgets::counted;
use crate::kernel::search_key;
use std::collections::HashMap;
use std::sync::LazyLock;

crate::words! {
    /// What a line of an order is, which decides where it may go.
    pub enum LineKind {
        /// Licenses, and the hardware that they came with.
        Product = "product", "Product line";
        /// A service of the vendor.
        CiscoService = "cisco-service", "Cisco branded service";
        /// A service of the partner who sold the order.
        PartnerService = "partner-service", "Partner branded service";
    }
}

crate::words! {
    /// How a license is paid for.
    pub enum Billing {
        /// Before it is used.
        Prepaid = "prepaid", "Prepaid";
        /// By what was used.
        Usage = "usage", "Usage";
    }
}

crate::words! {
    /// How long a license lasts.
    pub enum Term {
        /// For good.
        Perpetual = "perpetual", "Perpetual";
        /// For a time.
        Term = "term", "Term";
        /// For a time, as a part of a subscription.
        Subscription = "subscription", "Subscription";
    }
}

/// A license that a product carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// What programs know it by.
    pub key: String,
    /// What people know it by.
    pub name: String,
    /// How many come with one of the product.
    pub per_unit: i64,
}

/// Something that can be ordered.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its SKU.
    pub sku: String,
    /// What it is.
    pub description: String,
    /// Switching, routing, and so on.
    pub family: String,
    /// What a line with it is.
    pub kind: LineKind,
    /// How its licenses are paid for.
    pub billing: Billing,
    /// How long its licenses last.
    pub term: Term,
    /// In months; none when they last for good.
    pub months: Option<i32>,
    /// Whether it has strong encryption that may not be exported everywhere.
    pub export_controlled: bool,
    /// The licenses that come with it; none with a service.
    pub entitlements: Vec<Entitlement>,
    /// What a search looks in.
    pub search_key: String,
}

impl Item {
    /// How long its licenses last, in words.
    pub fn term_words(&self) -> String {
        match self.months {
            None => self.term.label().to_owned(),
            Some(months) => format!(
                "{}, {}",
                self.term.label(),
                counted(months.unsigned_abs().into(), "month", "months")
            ),
        }
    }
}

/// Reads the file of the catalog. A row that cannot be read is told with its line.
fn read(text: &str) -> Vec<Result<Item, String>> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().enumerate();
    rows.map(|(n, row)| {
        row.map_err(|e| e.to_string())
            .and_then(|row| item(&row))
            .map_err(|why| format!("row {}: {why}", n + 1))
    })
    .collect()
}

fn item(row: &::csv::StringRecord) -> Result<Item, String> {
    let cell = |n: usize| row.get(n).unwrap_or_default();
    let months = match cell(6) {
        "" => None,
        text => Some(text.parse().map_err(|_| format!("{text:?} months"))?),
    };
    let mut entitlements = Vec::new();
    for one in cell(8).split(';').filter(|one| !one.is_empty()) {
        let mut parts = one.split('|');
        let (Some(key), Some(name), Some(per)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("{one:?} is no entitlement"));
        };
        entitlements.push(Entitlement {
            key: key.to_owned(),
            name: name.to_owned(),
            per_unit: per.parse().map_err(|_| format!("{per:?} is no number"))?,
        });
    }
    let names: Vec<&str> = entitlements.iter().map(|one| one.name.as_str()).collect();
    Ok(Item {
        sku: cell(0).to_owned(),
        description: cell(1).to_owned(),
        family: cell(2).to_owned(),
        kind: cell(3).parse()?,
        billing: cell(4).parse()?,
        term: cell(5).parse()?,
        months,
        export_controlled: cell(7) == "yes",
        search_key: search_key(&format!("{} {} {}", cell(0), cell(1), names.join(" "))),
        entitlements,
    })
}

/// The whole catalog, in the order of its file. It is a part of the program: a test has read every row of it.
static ALL: LazyLock<Vec<Item>> =
    LazyLock::new(|| read(include_str!("catalog.csv")).into_iter().flatten().collect());

/// Everything that can be ordered.
pub fn all() -> &'static [Item] {
    &ALL
}

/// What has this SKU.
pub fn find(sku: &str) -> Option<&'static Item> {
    static BY_SKU: LazyLock<HashMap<&'static str, &'static Item>> =
        LazyLock::new(|| all().iter().map(|item| (item.sku.as_str(), item)).collect());
    BY_SKU.get(sku).copied()
}

/// What the catalog says of an entitlement.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// What programs know it by.
    pub key: &'static str,
    /// What people know it by.
    pub name: &'static str,
    /// How the first product that carries it is paid for.
    pub billing: Billing,
    /// How long it lasts with that.
    pub term: Term,
    /// Whether a device needs to be allowed export-controlled functionality to use it.
    pub export_controlled: bool,
}

/// The entitlements that are restricted themselves: a product that is export-controlled carries others as well, which
/// every device may use.
const RESTRICTED: [&str; 4] = [
    "hsec-k9",
    "fpr3100-strong-enc",
    "cms-media-enc",
    "isr4300-security",
];

/// What has this key among the entitlements that products carry.
pub fn entitlement(key: &str) -> Option<Known> {
    static BY_KEY: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
        let mut known = HashMap::new();
        for item in all() {
            for one in &item.entitlements {
                let known = known.entry(one.key.as_str()).or_insert(Known {
                    key: &one.key,
                    name: &one.name,
                    billing: item.billing,
                    term: item.term,
                    export_controlled: RESTRICTED.contains(&one.key.as_str()),
                });
                // What is sold for good anywhere does not end where it comes along with something that does.
                if item.term == Term::Perpetual {
                    known.term = Term::Perpetual;
                }
            }
        }
        known
    });
    BY_KEY.get(key).copied()
}

/// What people know by this name among the entitlements that products carry, however it is written.
pub fn entitlement_named(name: &str) -> Option<Known> {
    static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let all = all().iter().flat_map(|item| &item.entitlements);
        all.map(|one| (search_key(&one.name), one.key.as_str())).collect()
    });
    BY_NAME.get(&search_key(name)).and_then(|key| entitlement(key))
}

/// The families, in the order of the file.
pub fn families() -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for item in all() {
        if !found.contains(&item.family.as_str()) {
            found.push(&item.family);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalog_is_right() {
        let rows = read(include_str!("catalog.csv"));
        let items: Vec<Item> = rows.into_iter().map(Result::unwrap).collect();
        assert!(items.len() >= 60, "{} SKUs", items.len());
        let mut names: HashMap<String, String> = HashMap::new();
        for item in &items {
            assert_eq!(
                items.iter().filter(|one| one.sku == item.sku).count(),
                1,
                "{}",
                item.sku
            );
            assert!(
                item.sku.len() <= 60 && !item.description.is_empty(),
                "{}",
                item.sku
            );
            assert_eq!(
                item.kind == LineKind::Product,
                !item.entitlements.is_empty(),
                "{}",
                item.sku
            );
            assert_eq!(
                item.term == Term::Perpetual,
                item.months.is_none(),
                "{}",
                item.sku
            );
            for one in &item.entitlements {
                assert!((1..=1000).contains(&one.per_unit), "{}", item.sku);
                let known = names.entry(one.key.clone()).or_insert_with(|| one.name.clone());
                assert_eq!(*known, one.name, "{} has two names", one.key);
            }
        }
        for kind in LineKind::ALL {
            assert!(items.iter().any(|item| item.kind == *kind), "{kind}");
        }
        assert_eq!(families().len(), 7);
        for key in RESTRICTED {
            assert!(
                entitlement(key).is_some_and(|known| known.export_controlled),
                "{key}"
            );
        }
        let switch = find("C9200-48P-E").unwrap();
        let carried: Vec<&str> = switch.entitlements.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(
            carried,
            [
                "C9200 Network Essentials, 48-port",
                "C9200 DNA Essentials, 48-port"
            ]
        );
    }
}
