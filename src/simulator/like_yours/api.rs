//! The same for scripts.

use super::LARGEST;
use super::model::Wanted;
use super::read::refused;
use super::service;
use crate::authz::action::Operate;
use crate::http::{Answer, JsonBody, May, json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Exported tables, and the account that is to be made of them. Leave out what there is not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exports {
    /// The name of the account.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Its domain identifier.
    #[schema(min_length = 1, max_length = 253)]
    domain: String,
    /// Whether names, addresses and serial numbers are replaced.
    #[serde(default = "yes")]
    replace: bool,
    /// CSV of Virtual Accounts.
    #[serde(default)]
    #[schema(max_length = 4_000_000)]
    virtual_accounts: String,
    /// CSV of users.
    #[serde(default)]
    #[schema(max_length = 4_000_000)]
    users: String,
    /// CSV of licenses.
    #[serde(default)]
    #[schema(max_length = 4_000_000)]
    licenses: String,
    /// CSV of subscriptions.
    #[serde(default)]
    #[schema(max_length = 4_000_000)]
    subscriptions: String,
    /// CSV of product instances.
    #[serde(default)]
    #[schema(max_length = 4_000_000)]
    product_instances: String,
    /// Columns that are not found by themselves, such as {"license_quantity": 4}: which column, from 1.
    #[serde(default)]
    columns: BTreeMap<String, u64>,
    /// Only says what would be made.
    #[serde(default)]
    check: bool,
}

const fn yes() -> bool {
    true
}

/// What was made, or would be.
#[derive(Serialize, ToSchema)]
pub struct Filled {
    /// The number of the account; none when nothing was made.
    number: Option<i64>,
    domain: String,
    people: usize,
    virtual_accounts: usize,
    licenses: usize,
    product_instances: usize,
    /// Rows that were left out, and why.
    left_out: Vec<String>,
    /// How many more were.
    more_left_out: usize,
}

/// POST /api/v1/simulator/account-like-yours
pub async fn make(may: May<Operate>, body: JsonBody<Exports, LARGEST>) -> Answer {
    service::makes_them(&may.portal)?;
    let asked = body.value;
    let wanted = Wanted {
        name: asked.name,
        domain: asked.domain,
        replace: asked.replace,
        texts: [
            asked.virtual_accounts,
            asked.users,
            asked.licenses,
            asked.subscriptions,
            asked.product_instances,
        ],
        columns: asked
            .columns
            .into_iter()
            .map(|(key, at)| format!("{key}:{at}"))
            .collect(),
    };
    let likeness = wanted.read(may.portal.clock.now()).map_err(refused)?;
    let mut filled = Filled {
        number: None,
        domain: likeness.account.domain.clone(),
        people: likeness.people.len(),
        virtual_accounts: likeness.account.virtual_accounts.len(),
        licenses: likeness.account.licenses.len(),
        product_instances: likeness.account.product_instances.len(),
        left_out: likeness.notes.clone(),
        more_left_out: likeness.more_notes,
    };
    if !asked.check {
        filled.number = Some(service::make(&may.portal, &may.permit, likeness).await?.number);
    }
    json(201, &filled)
}
