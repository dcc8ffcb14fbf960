//! What a file of orders says, and what is to be said of it.

use crate::catalog;
use crate::error::Problems;
use crate::kernel::addresses::one_address;
use crate::kernel::ids::{OrderImportId, PersonId};
use crate::kernel::table::{Guess, Kept, Layout, Meaning, Table};
use crate::kernel::{DomainIdentifier, EmailAddress, Moment, search_key};
use crate::orders::imports::api::OrderBody;
use crate::orders::intake::{self, New, Told, ToldLine, quantity};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

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
    /// The table that it is.
    #[serde(default)]
    pub table: Option<Kept>,
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
    /// Counts changes.
    pub version: i64,
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

/// The orders of a file.
#[derive(Debug, Clone, Default)]
pub struct OrderFile {
    /// In its order; none while a column has to be chosen.
    pub entries: Vec<Entry>,
    /// The table that it is; none when it is JSON.
    pub table: Option<Kept>,
}

/// Reads a file of either kind.
pub fn read_file(text: &str) -> Result<OrderFile, String> {
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    if begin.starts_with(['[', '{']) {
        return checked(OrderFile {
            entries: read_json(begin)?,
            table: None,
        });
    }
    let table = Table::read(text, &MEANINGS, MOST_ROWS)?;
    let columns = &table.found.layout.columns;
    let is_found = |(meaning, column): (&Meaning, &Option<usize>)| meaning.needed && column.is_some();
    // One alone may be any number in any file.
    if !table.rows.is_empty()
        && MEANINGS
            .iter()
            .zip(columns)
            .filter(|pair| is_found(*pair))
            .count()
            < 2
    {
        return Err(
            "The file has no columns \u{201c}identifier\u{201d}, \u{201c}customer\u{201d}, \u{201c}customer_domain\u{201d}, \u{201c}sku\u{201d} and \u{201c}quantity\u{201d}. One line above its rows names the columns."
                .to_owned(),
        );
    }
    of_table(text, table)
}

/// Reads a table once more, with the columns that were chosen.
pub fn read_again(text: &str, layout: &Layout) -> Result<OrderFile, String> {
    of_table(text, Table::read_as(text, layout, MOST_ROWS)?)
}

fn of_table(text: &str, table: Table) -> Result<OrderFile, String> {
    let entries = if table.found.missing(&MEANINGS).is_empty() {
        entries_of(&table)
    } else {
        Vec::new()
    };
    let kept = (!table.rows.is_empty()).then(|| Kept {
        text: text.to_owned(),
        found: table.found,
    });
    checked(OrderFile { entries, table: kept })
}

fn checked(file: OrderFile) -> Result<OrderFile, String> {
    if file.entries.is_empty() && file.table.is_none() {
        return Err("The file holds no orders.".to_owned());
    }
    let rows: usize = file
        .entries
        .iter()
        .map(|entry| entry.told.lines.len().max(1))
        .sum();
    if rows > MOST_ROWS {
        return Err(format!(
            "The file has {rows} lines of orders. {MOST_ROWS} are taken at once."
        ));
    }
    Ok(file)
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

/// What the columns of a file of orders may mean: their keys are those of the API.
pub const MEANINGS: [Meaning; 13] = [
    Meaning {
        key: "identifier",
        label: "Order Identifier",
        names: &[
            "identifier",
            "order identifier",
            "order id",
            "order",
            "order number",
            "web order id",
        ],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: true,
    },
    Meaning {
        key: "customer",
        label: "customer",
        names: &["customer", "customer name", "end customer", "end customer name"],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: true,
    },
    Meaning {
        key: "customer_domain",
        label: "domain of the customer",
        names: &[
            "customer domain",
            "domain",
            "domain identifier",
            "domain of customer",
            "domain of the customer",
        ],
        loose: &[],
        other: &[],
        looks: Some(is_domain),
        guess: Guess::Unnamed,
        needed: true,
    },
    Meaning {
        key: "customer_email",
        label: "Email ID of the customer",
        names: &[
            "customer email",
            "email",
            "email id of customer",
            "email id of the customer",
            "email id",
            "email address",
        ],
        loose: &[],
        other: &[],
        looks: Some(|cell| one_address(cell).is_some()),
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "partner_domain",
        label: "domain of the partner",
        names: &["partner domain", "partner", "domain of the partner"],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "order_type",
        label: "order type",
        names: &["order type", "type"],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "order_status",
        label: "order status",
        names: &["order status", "status"],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "purchase_order",
        label: "purchase order",
        names: &[
            "purchase order",
            "po",
            "po number",
            "purchase order number",
            "customer po",
        ],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "ordered_at",
        label: "order date",
        names: &[
            "ordered at",
            "order date",
            "date",
            "ordered",
            "ordered on",
            "date ordered",
        ],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "end_customer_account",
        label: "end customer\u{2019}s Smart Account",
        names: &[
            "end customer account",
            "ecsa",
            "end customer smart account",
            "end customer s smart account",
        ],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: false,
    },
    Meaning {
        key: "sku",
        label: "SKU",
        names: &[
            "sku",
            "product",
            "part",
            "part number",
            "product number",
            "product id",
            "item",
            "pid",
        ],
        loose: &[],
        other: &[],
        looks: Some(|cell| catalog::find(cell).is_some()),
        guess: Guess::Unnamed,
        needed: true,
    },
    Meaning {
        key: "quantity",
        label: "quantity",
        names: &["quantity", "quantity ordered", "ordered quantity"],
        loose: &[],
        other: &[],
        looks: Some(|cell| quantity(cell).is_ok()),
        guess: Guess::Unnamed,
        needed: true,
    },
    Meaning {
        key: "term_months",
        label: "term in months",
        names: &[
            "term months",
            "term in months",
            "term",
            "months",
            "duration months",
            "subscription term",
            "subscription term months",
            "duration in months",
        ],
        loose: &[],
        other: &[],
        looks: Some(|cell| quantity(cell).is_ok()),
        guess: Guess::Never,
        needed: false,
    },
];

fn is_domain(cell: &str) -> bool {
    cell.contains('.') && !cell.contains([' ', '@']) && DomainIdentifier::parse(cell).is_ok()
}

/// Rows with one identifier are one order.
fn entries_of(table: &Table) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in &table.rows {
        let cell = |key: &str| -> String {
            MEANINGS
                .iter()
                .position(|meaning| meaning.key == key)
                .map(|at| table.cell(row, at).chars().take(500).collect())
                .unwrap_or_default()
        };
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
                if let Some(what) = differs(&entry.told, &told) {
                    entry.broken = format!(
                        "Line {} of the file says something else of the order than line {}: the {what} differs.",
                        row.line, entry.line
                    );
                }
                entry.told.lines.push(told_line);
            }
            _ => {
                known.insert(key, entries.len());
                entries.push(Entry {
                    line: row.line,
                    told: Told {
                        lines: vec![told_line],
                        ..told
                    },
                    broken: String::new(),
                });
            }
        }
    }
    entries
}

/// In what a later row of an order contradicts its first. An empty cell does not, and neither does the same value
/// written in another way.
fn differs(first: &Told, later: &Told) -> Option<&'static str> {
    let domain = |typed: &str| {
        DomainIdentifier::parse(typed).map_or_else(|_| search_key(typed), |domain| domain.as_str().to_owned())
    };
    let email = |typed: &str| {
        EmailAddress::parse(typed).map_or_else(|_| search_key(typed), |email| email.key().to_owned())
    };
    let day = |typed: &str| intake::moment(typed).map_or_else(|| search_key(typed), Moment::rfc3339);
    let folded: [(&str, &str, &str, &dyn Fn(&str) -> String); 9] = [
        ("customer", &first.customer, &later.customer, &search_key),
        (
            "domain of the customer",
            &first.customer_domain,
            &later.customer_domain,
            &domain,
        ),
        (
            "Email ID of the customer",
            &first.customer_email,
            &later.customer_email,
            &email,
        ),
        (
            "domain of the partner",
            &first.partner_domain,
            &later.partner_domain,
            &domain,
        ),
        (
            "order type",
            &first.order_type,
            &later.order_type,
            &intake::word_key,
        ),
        ("order status", &first.status, &later.status, &intake::word_key),
        (
            "purchase order",
            &first.purchase_order,
            &later.purchase_order,
            &search_key,
        ),
        ("order date", &first.ordered_at, &later.ordered_at, &day),
        (
            "end customer account",
            &first.end_customer_account,
            &later.end_customer_account,
            &domain,
        ),
    ];
    folded
        .iter()
        .find(|(_, first, later, key)| !later.is_empty() && first != later && key(first) != key(later))
        .map(|(what, ..)| *what)
}

#[cfg(test)]
mod tests;
