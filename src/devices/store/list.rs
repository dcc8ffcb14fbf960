//! The list of product instances: what it is narrowed to, sorted by, and how many match.

use crate::authz::Within;
use crate::devices::model::{Device, Standing};
use crate::devices::policy_state::PolicyState;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::{device_tallies as tallies, devices};
use crate::platform::db::trigrams::{self, Indexed};
use crate::platform::db::{Backend, Order, Reads, by, ordered};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// So many rows are sorted for a page of them rather than looked for by name.
const SORTED_AT_MOST: u64 = 2_000;

/// What a list of devices is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Typed into the search.
    pub typed: String,
    /// Any of these; all when empty.
    pub places: Vec<VirtualAccountId>,
    /// Any of these; all when empty.
    pub standings: Vec<Standing>,
    /// Any of these; all when empty.
    pub products: Vec<String>,
    /// Those that report by policy alone, or the others alone.
    pub by_policy: Option<bool>,
    /// Any of these; all when empty.
    pub policy_states: Vec<PolicyState>,
}

impl Filter {
    /// The Virtual Accounts that are asked for and within reach; none for all of them.
    fn places_within(&self, within: &Within) -> Option<Vec<VirtualAccountId>> {
        match within.only() {
            None if self.places.is_empty() => None,
            Some(only) if self.places.is_empty() => Some(only.to_vec()),
            _ => Some(
                self.places
                    .iter()
                    .filter(|place| within.covers(**place))
                    .copied()
                    .collect(),
            ),
        }
    }
    fn is_counted(&self) -> bool {
        self.typed.is_empty()
            && self.products.is_empty()
            && self.by_policy.is_none()
            && self.policy_states.is_empty()
    }
}

type Query = devices::BoxedQuery<'static, Backend>;

/// By what they can be sorted; the id settles equals.
pub const ORDERS: &[Order<Query>] = &[
    (NAME, |query, falling| by(query, devices::name_key, falling)),
    ("product", |query, falling| {
        by(by(query, devices::product, falling), devices::name_key, falling)
    }),
    ("contact", |query, falling| {
        by(query, devices::contact_at, falling)
    }),
    ("status", |query, falling| {
        by(
            by(query, devices::standing, falling),
            devices::contact_at,
            falling,
        )
    }),
];
const NAME: &str = "name";
/// By name, from the first on.
pub const BY_NAME: (&str, bool) = (NAME, false);

/// What lies within reach and is asked for. One value alone is compared and not looked up in a list: then an index
/// has the rows in order.
macro_rules! asked {
    ($within:expr, $filter:expr, $few:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let mut query = devices::table
            .filter(devices::smart_account_id.eq(within.account()?))
            .into_boxed();
        match filter.places_within(within).as_deref() {
            None => {}
            Some([one]) => query = query.filter(devices::virtual_account_id.eq(*one)),
            Some(some) => query = query.filter(devices::virtual_account_id.eq_any(some.to_vec())),
        }
        if let Some(found) = crate::found!(devices::table, &filter.typed, devices::search_key) {
            query = query.filter(found);
        }
        if let Some(few) = $few {
            query = query.filter(few.among(devices::id));
        }
        match filter.standings.as_slice() {
            [] => {}
            [one] => query = query.filter(devices::standing.eq(*one)),
            some => query = query.filter(devices::standing.eq_any(some.to_vec())),
        }
        match filter.products.as_slice() {
            [] => {}
            [one] => query = query.filter(devices::product.eq(one.clone())),
            some => query = query.filter(devices::product.eq_any(some.to_vec())),
        }
        match filter.by_policy {
            None => {}
            Some(true) => query = query.filter(devices::policy_state.is_not_null()),
            Some(false) => query = query.filter(devices::policy_state.is_null()),
        }
        if !filter.policy_states.is_empty() {
            let some: Vec<Option<PolicyState>> = filter.policy_states.iter().copied().map(Some).collect();
            query = query.filter(devices::policy_state.eq_any(some));
        }
        query
    }};
}

/// What the index of trigrams knows of the words that are looked for.
fn few(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<Option<trigrams::Few>> {
    if filter.typed.is_empty() {
        return Ok(None);
    }
    trigrams::few(read, Indexed::Devices, within.account()?, &filter.typed)
}

/// How many match. Without words and products it is a sum of what is counted with each change.
pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<u64> {
    let found: i64 = if filter.is_counted() {
        let mut query = tallies::table
            .filter(tallies::smart_account_id.eq(within.account()?))
            .into_boxed();
        if let Some(places) = filter.places_within(within) {
            query = query.filter(tallies::virtual_account_id.eq_any(places));
        }
        if !filter.standings.is_empty() {
            query = query.filter(tallies::standing.eq_any(filter.standings.clone()));
        }
        query
            .select(sql::<BigInt>("CAST(COALESCE(SUM(devices), 0) AS BIGINT)"))
            .get_result(read.conn())?
    } else {
        let few = few(read, within, filter)?;
        asked!(within, filter, &few).count().get_result(read.conn())?
    };
    Ok(u64::try_from(found).unwrap_or_default())
}

/// A page of those that are asked for; `total` is how many there are, where that is known.
pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    (key, falling): (&str, bool),
    total: Option<u64>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Device>> {
    if total == Some(0) {
        return Ok(Vec::new());
    }
    // The last pages are read from the end, where they are the first.
    if let Some(left) = total
        .and_then(|total| i64::try_from(total).ok())
        .map(|total| total - offset)
        && left > 0
        && left < offset
    {
        let few = limit.min(left);
        let mut rows = page(read, within, filter, (key, !falling), None, few, left - few)?;
        rows.reverse();
        return Ok(rows);
    }
    let few = few(read, within, filter)?;
    let query = asked!(within, filter, &few);
    // Few of many are found by their standings or words and sorted; by the index of names all the others would be passed
    // by. One standing alone has an index of names.
    let is_sorted = key == NAME
        && (filter.standings.len() > 1 || !filter.typed.trim().is_empty())
        && total.is_some_and(|total| total <= SORTED_AT_MOST);
    let query = if is_sorted {
        by(query, devices::name_key.concat(""), falling)
    } else {
        ordered(query, ORDERS, (key, falling))
    };
    let query = by(query, devices::id, falling).select(columns!());
    Ok(query.limit(limit).offset(offset).load(read.conn())?)
}

/// The kinds of products that there are, from one to the next by the index: there are few, whatever the number of
/// devices. More than `most` make no useful filter.
pub fn products(read: &mut dyn Reads, account: SmartAccountId, most: usize) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    while found.len() <= most {
        let mut query = devices::table
            .filter(devices::smart_account_id.eq(account))
            .into_boxed();
        if let Some(last) = found.last() {
            query = query.filter(devices::product.gt(last.clone()));
        }
        let next: Option<String> = query
            .order(devices::product.asc())
            .select(devices::product)
            .first(read.conn())
            .optional()?;
        match next {
            Some(next) => found.push(next),
            None => break,
        }
    }
    Ok(found)
}
