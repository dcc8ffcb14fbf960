//! The file of orders itself: a table, a spreadsheet or JSON.

use super::columns::MEANINGS;
use super::{Entry, MOST_ROWS, entries_of};
use crate::kernel::table::{Kept, Layout, Meaning, Table};
use crate::orders::imports::api::OrderBody;
use crate::orders::intake::Told;

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
