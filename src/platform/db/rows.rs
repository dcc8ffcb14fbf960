//! How many rows tables have: for whoever looks after a database.

use super::Reads;
use crate::error::Result;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// What is counted, with the names that people have for it.
const COUNTED: &[(&str, &str)] = &[
    (
        "On-Prem accounts",
        "SELECT COUNT(*) AS counted FROM local_accounts",
    ),
    (
        "Local Virtual Accounts",
        "SELECT COUNT(*) AS counted FROM virtual_accounts",
    ),
    (
        "Licenses by local Virtual Account and term",
        "SELECT COUNT(*) AS counted FROM license_pools",
    ),
    ("Product instances", "SELECT COUNT(*) AS counted FROM devices"),
    (
        "Registration tokens",
        "SELECT COUNT(*) AS counted FROM registration_tokens",
    ),
    ("Events", "SELECT COUNT(*) AS counted FROM events"),
];

/// How much an On-Prem server holds, under names for people.
pub fn counts(read: &mut dyn Reads) -> Result<Vec<(&'static str, i64)>> {
    COUNTED
        .iter()
        .map(|(name, statement)| {
            let counted: Counted = diesel::sql_query(*statement).get_result(read.conn())?;
            Ok((*name, counted.counted))
        })
        .collect()
}
