//! What a file of orders says, and what is to be said of it.

mod columns;
mod file;
#[cfg(test)]
mod tests;

pub use columns::*;
pub use file::*;

use crate::error::Problems;
use crate::kernel::ids::{OrderImportId, PersonId};
use crate::kernel::table::{Kept, Table};
use crate::kernel::{DomainIdentifier, EmailAddress, Moment, search_key};
use crate::orders::intake::{self, New, Told, ToldLine};
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
