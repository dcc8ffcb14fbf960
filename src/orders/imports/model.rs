//! What a file of orders says, and what is to be said of it.

use super::api::OrderBody;
use crate::error::Problems;
use crate::kernel::ids::{OrderImportId, PersonId};
use crate::kernel::table::without_guard as untext;
use crate::kernel::{Moment, search_key};
use crate::orders::intake::{New, Told, ToldLine};
use serde::{Deserialize, Serialize};

/// How many rows or lines a file may have.
pub const MOST_ROWS: usize = 20_000;

/// An order of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Entry {
    /// In which line of the file it begins, or which order of a JSON file it is; from 1.
    pub line: usize,
    /// What it says.
    pub told: Told,
    /// Why it could not even be read, or "".
    #[serde(default)]
    pub broken: String,
}

/// A file, as it was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Content {
    /// Its orders, in its order.
    pub entries: Vec<Entry>,
}

/// A file that waits for its operator.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its id.
    pub id: OrderImportId,
    /// Whose.
    pub author: PersonId,
    /// What it says.
    pub content: Content,
    /// When its orders were taken in.
    pub done_at: Option<Moment>,
}

/// What becomes of an order of a file.
#[derive(Debug, Clone)]
pub struct Judged {
    /// In which line it begins.
    pub line: usize,
    /// Order Identifier, as it stands there.
    pub identifier: String,
    /// Customer, as it stands there.
    pub customer: String,
    /// How many lines the order has.
    pub lines: usize,
    /// What is wrong with it: field and sentence.
    pub problems: Vec<(String, String)>,
    /// The order, when nothing is.
    pub new: Option<New>,
}

impl Judged {
    /// Says what is wrong with it.
    pub fn of(entry: &Entry, problems: &Problems, new: Option<New>) -> Self {
        let mut list: Vec<(String, String)> = problems
            .list()
            .iter()
            .map(|one| (one.field.clone(), one.says.clone()))
            .collect();
        if !entry.broken.is_empty() {
            list = vec![(String::new(), entry.broken.clone())];
        }
        Self {
            line: entry.line,
            identifier: entry.told.identifier.clone(),
            customer: entry.told.customer.clone(),
            lines: entry.told.lines.len(),
            new: new.filter(|_| list.is_empty()),
            problems: list,
        }
    }
    /// Whether it stands in the way.
    pub fn is_wrong(&self) -> bool {
        self.new.is_none()
    }
    /// All that is wrong, in one text.
    pub fn says(&self) -> String {
        let words: Vec<String> = self
            .problems
            .iter()
            .map(
                |(field, says)| match field.strip_prefix("lines[").and_then(|rest| rest.split_once(']')) {
                    // From 1, as people count.
                    Some((n, _)) => {
                        let n = n.parse::<usize>().unwrap_or_default() + 1;
                        format!("Line {n} of the order: {says}")
                    }
                    None => says.clone(),
                },
            )
            .collect();
        words.join(" ")
    }
}

/// Reads a file of either kind.
pub fn read_file(text: &str) -> Result<Vec<Entry>, String> {
    // Line ends of one kind: the reader counts lines by them.
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .replace("\r\n", "\n");
    let text = text.as_str();
    let entries = if text.starts_with(['[', '{']) {
        read_json(text)?
    } else {
        read_csv(text)?
    };
    if entries.is_empty() {
        return Err("The file holds no orders.".to_owned());
    }
    let rows: usize = entries.iter().map(|entry| entry.told.lines.len().max(1)).sum();
    if rows > MOST_ROWS {
        return Err(format!(
            "The file has {rows} lines of orders. {MOST_ROWS} are taken at once."
        ));
    }
    Ok(entries)
}

fn read_json(text: &str) -> Result<Vec<Entry>, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| format!("The file is no JSON: {e}."))?;
    let list = match value {
        serde_json::Value::Array(list) => list,
        serde_json::Value::Object(mut object) => match object.remove("orders") {
            Some(serde_json::Value::Array(list)) => list,
            _ => vec![serde_json::Value::Object(object)],
        },
        _ => return Err("The file is JSON, but no list of orders.".to_owned()),
    };
    Ok(list
        .into_iter()
        .zip(1..)
        .map(|(value, line)| {
            let identifier = value
                .get("identifier")
                .and_then(serde_json::Value::as_str)
                .map(|text| text.chars().take(100).collect())
                .unwrap_or_default();
            match serde_json::from_value::<OrderBody>(value) {
                Ok(body) => Entry {
                    line,
                    told: body.told(),
                    broken: String::new(),
                },
                Err(e) => Entry {
                    line,
                    told: Told {
                        identifier,
                        ..Told::default()
                    },
                    broken: format!("The order cannot be read: {e}."),
                },
            }
        })
        .collect())
}

/// Heads of columns, folded, and what they may be called besides.
const COLUMNS: &[(&str, &[&str])] = &[
    ("identifier", &["order identifier", "order_identifier", "order"]),
    ("customer", &["customer name"]),
    (
        "customer_domain",
        &["domain", "customer domain", "domain identifier"],
    ),
    (
        "customer_email",
        &["email", "customer email", "email id of the customer"],
    ),
    ("partner_domain", &["partner", "partner domain"]),
    ("order_type", &["type", "order type"]),
    ("order_status", &["status", "order status"]),
    ("purchase_order", &["po", "purchase order"]),
    ("ordered_at", &["order date", "date", "ordered"]),
    ("end_customer_account", &["end customer account", "ecsa"]),
    ("sku", &["product", "part"]),
    ("quantity", &["qty"]),
    ("term_months", &["term", "months", "term months"]),
];

fn read_csv(text: &str) -> Result<Vec<Entry>, String> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') {
        b';'
    } else {
        b','
    };
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let heads: Vec<String> = reader
        .headers()
        .map_err(|e| format!("The file is no CSV: {e}."))?
        .iter()
        .map(search_key)
        .collect();
    let at = |name: &str| {
        let (_, others) = COLUMNS.iter().find(|(known, _)| *known == name)?;
        heads
            .iter()
            .position(|head| head == name || others.contains(&head.as_str()))
    };
    for needed in ["identifier", "customer", "customer_domain", "sku", "quantity"] {
        if at(needed).is_none() {
            return Err(format!(
                "The file has no column \u{201c}{needed}\u{201d}. Its first line names the columns."
            ));
        }
    }
    let places: Vec<Option<usize>> = COLUMNS.iter().map(|(name, _)| at(name)).collect();
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|e| format!("The file is no CSV: {e}."))?;
        let line = row
            .position()
            .map_or(0, |p| usize::try_from(p.line()).unwrap_or_default());
        let cell = |name: &str| -> String {
            let place = COLUMNS.iter().position(|(known, _)| *known == name);
            place
                .and_then(|n| places.get(n).copied().flatten())
                .and_then(|n| row.get(n))
                .map(|cell| untext(cell.trim()).chars().take(500).collect())
                .unwrap_or_default()
        };
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let told_line = ToldLine {
            sku: cell("sku"),
            quantity: cell("quantity"),
            term_months: cell("term_months"),
        };
        let told = Told {
            identifier: cell("identifier"),
            customer: cell("customer"),
            customer_domain: cell("customer_domain"),
            customer_email: cell("customer_email"),
            partner_domain: cell("partner_domain"),
            order_type: cell("order_type"),
            status: cell("order_status"),
            purchase_order: cell("purchase_order"),
            ordered_at: cell("ordered_at"),
            end_customer_account: cell("end_customer_account"),
            lines: Vec::new(),
        };
        let key = search_key(&told.identifier);
        // Rows of one order name it the same way; what else they say of it is said once or alike.
        match known.get(&key).and_then(|n| entries.get_mut(*n)) {
            Some(entry) if !key.is_empty() => {
                if differs(&entry.told, &told) {
                    entry.broken = format!(
                        "Line {line} of the file says something else of the order than line {}.",
                        entry.line
                    );
                }
                entry.told.lines.push(told_line);
            }
            _ => {
                known.insert(key, entries.len());
                entries.push(Entry {
                    line,
                    told: Told {
                        lines: vec![told_line],
                        ..told
                    },
                    broken: String::new(),
                });
            }
        }
    }
    Ok(entries)
}

/// Whether a later row of an order contradicts its first: an empty cell does not.
fn differs(first: &Told, later: &Told) -> bool {
    let pairs = [
        (&first.customer, &later.customer),
        (&first.customer_domain, &later.customer_domain),
        (&first.customer_email, &later.customer_email),
        (&first.partner_domain, &later.partner_domain),
        (&first.order_type, &later.order_type),
        (&first.status, &later.status),
        (&first.purchase_order, &later.purchase_order),
        (&first.ordered_at, &later.ordered_at),
        (&first.end_customer_account, &later.end_customer_account),
    ];
    pairs
        .iter()
        .any(|(first, later)| !later.is_empty() && first.as_str() != later.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_with_one_identifier_are_one_order() {
        let text = "\u{feff}Order Identifier,Customer,Domain,SKU,Qty,Order type\r\n\
                    W1,XYZ COMPANY,xyz.example,C9200-48P-E,2,standard\r\n\
                    W1,,,CON-SNT-C92048PE,2,\r\n\
                    W2,Fairwater,fairwater.example,C8200-1N-4T,1,\r\n\
                    W2,Somebody else,,C8200-1N-4T,1,\r\n";
        let entries = read_file(text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].line, entries[0].told.lines.len()), (2, 2));
        assert!(entries[0].broken.is_empty());
        assert!(entries[1].broken.contains("Line 5"), "{}", entries[1].broken);
        assert!(read_file("SKU,Qty\nA,1\n").unwrap_err().contains("identifier"));
        assert!(read_file("").is_err());
    }

    #[test]
    fn json_may_be_a_list_or_an_object_and_says_which_order_is_broken() {
        let one = r#"{"identifier":"W1","customer":"X","customer_domain":"x.example","lines":[{"sku":"A","quantity":1}]}"#;
        for text in [
            format!("[{one}]"),
            one.to_owned(),
            format!("{{\"orders\":[{one}]}}"),
        ] {
            let entries = read_file(&text).unwrap();
            assert_eq!((entries.len(), entries[0].told.lines.len()), (1, 1), "{text}");
        }
        let entries = read_file(r#"[{"identifier":"W9","lines":"none"}]"#).unwrap();
        assert_eq!(entries[0].told.identifier, "W9");
        assert!(!entries[0].broken.is_empty());
        assert!(read_file("[1").is_err());
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "\\PC*|[\\[{\",;:0-9a-z\\]}\\n]*") { let _ = read_file(&text); }
    }
}
