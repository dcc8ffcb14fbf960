//! What is asked of a read: of which account, which page, and which rows.

use super::query::Field;
use crate::error::{Error, Result};
use crate::vendor_api::body::{Cut, text, whole_number};
use serde_json::{Map, Value, json};

/// So many rows has a page at most.
pub const MOST: u64 = 1_000;

/// Rows of a page, and how many there are on all of them.
pub type Rows = (u64, Vec<Value>);

/// What is asked of a read.
pub struct Asked {
    pub account: String,
    pub places: Vec<i64>,
    pub page: u64,
    pub size: u64,
    filter: Map<String, Value>,
    /// Not by name, upwards.
    sort: Option<String>,
}

impl Asked {
    pub fn of(field: &Field) -> Result<Self> {
        let input = field.arguments.get("input").unwrap_or(&Value::Null);
        let account = &input["smartAccount"];
        let named = ["id", "domain", "name"]
            .iter()
            .map(|name| text(&account[*name]))
            .find(|text| !text.is_empty())
            .ok_or_else(|| Error::invalid("smartAccount", "smartAccount needs an id."))?;
        let number = |name: &str, usual: u64| -> Result<u64> {
            let wrong = || Error::invalid(name, format!("{name} is a whole number from 1."));
            let said = input.get("pagination").and_then(|page| page.get(name));
            match whole_number(said.unwrap_or(&Value::Null)).map_err(|()| wrong())? {
                None => Ok(usual),
                Some(number) => u64::try_from(number).ok().filter(|n| *n > 0).ok_or_else(wrong),
            }
        };
        let places = account["virtualAccounts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one.get("id").unwrap_or(one))
            .filter_map(|one| whole_number(one).ok().flatten())
            .collect();
        Ok(Self {
            account: named,
            places,
            page: number("page", 1)?,
            size: number("pageSize", 10)?.min(MOST),
            filter: input["filterBy"].as_object().cloned().unwrap_or_default(),
            sort: input
                .get("pagination")
                .and_then(|page| page.get("sortOrder"))
                .and_then(|order| match order {
                    Value::Array(list) => list.first(),
                    Value::Object(_) => Some(order),
                    _ => None,
                })
                .map(|one| format!("{} {}", text(&one["attribute"]), text(&one["order"]))),
        })
    }
    pub fn cut(&self) -> Cut {
        Cut {
            limit: self.size,
            offset: (self.page - 1)
                .saturating_mul(self.size)
                .min(i64::MAX.unsigned_abs()),
        }
    }
    /// A text of the filter; "" for none.
    pub fn wants(&self, name: &str) -> String {
        self.all_of(name).into_iter().next().unwrap_or_default()
    }
    /// The texts of the filter under a name, in small letters.
    pub fn all_of(&self, name: &str) -> Vec<String> {
        let given = self.filter.get(name).unwrap_or(&Value::Null);
        let list = match given {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        list.iter()
            .map(|one| if one.is_object() { &one["value"] } else { one })
            .map(|one| text(one).to_lowercase())
            .filter(|text| !text.is_empty())
            .collect()
    }
    /// Whether something is asked for that nothing here has: then there are no rows.
    pub fn wants_what_is_not_here(&self, known: &[&str]) -> bool {
        self.filter.keys().any(|name| {
            let wanted = self.all_of(name);
            match name.as_str() {
                "inventoryType" => wanted.iter().any(|kind| kind == "unassigned"),
                name => !known.contains(&name) && !wanted.is_empty(),
            }
        })
    }
    /// Rows that were all read: those of the page, and how many there are.
    pub fn cut_out(&self, all: Vec<Value>) -> Rows {
        (all.len() as u64, self.cut().out(all))
    }
    /// What is said beside the rows of a read: where they come in another order, or in other pages, than was asked for.
    pub fn remarks(&self, read: &str) -> Value {
        let mut remarks = Vec::new();
        if let Some(sort) = &self.sort {
            remarks.push(json!({
                "code": "SORT_ORDER", "severity": "WARNING",
                "description": format!("Rows come by name: {sort} is no order of this server."),
            }));
        }
        if read == "getLicenseUsage" {
            remarks.push(json!({
                "code": "PAGES", "severity": "INFO",
                "description": "Pages and totals count product instances; each comes with all that it uses.",
            }));
        }
        remarks.into()
    }
}
