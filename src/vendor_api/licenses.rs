//! How many licenses of each kind lie in which Virtual Account, and the subscriptions among them.

use super::body::{Call, Cut};
use super::face::{done, time};
use super::names;
use super::paths::{A, B, E};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::catalog::{Billing, Term};
use crate::error::Result;
use crate::http::{Answer, May, Routes, Visit};
use crate::kernel::ids::{LicenseStockId, VirtualAccountId};
use crate::kernel::{Edition, Moment};
use crate::licenses::{self, Filter, Pool, Stock, TermRow};
use crate::platform::db::Reads;
use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;

pub fn routes(routes: &mut Routes, edition: Edition) {
    const LICENSES: &str = "The licenses of some or all Virtual Accounts, with their terms.";
    const SUBSCRIPTIONS: &str = "The licenses that came with subscriptions.";
    if edition.is_on_prem() {
        routes.vendor(
            Method::POST,
            &[E, "/accounts/{said}/licenses"].concat(),
            LICENSES,
            list,
        );
        routes.vendor(
            Method::POST,
            &[E, "/accounts/{said}/license-subscriptions"].concat(),
            SUBSCRIPTIONS,
            subscriptions,
        );
        return;
    }
    routes.vendor(
        Method::POST,
        &[A, "/v1/accounts/{said}/licenses"].concat(),
        LICENSES,
        list,
    );
    routes.vendor(
        Method::POST,
        &[A, "/v1/accounts/{said}/license-subscriptions"].concat(),
        SUBSCRIPTIONS,
        subscriptions,
    );
    routes.vendor(
        Method::POST,
        &[B, "/licensing/v1/account/{said}/report-usage-partner"].concat(),
        LICENSES,
        list_for_partner,
    );
    routes.vendor(
        Method::POST,
        &[B, "/licensing/v1/account/{said}/licenses/subscription-usage"].concat(),
        SUBSCRIPTIONS,
        subscriptions,
    );
    for path in [
        "/licensing/v1/account/{said}/virtual-account/{vname}/get-msla-subscriptions",
        "/licensing/v2/accounts/{said}/subscriptions",
    ] {
        routes.vendor(
            Method::POST,
            &[B, path].concat(),
            "The licenses of a Virtual Account that are billed by their use.",
            metered,
        );
    }
}

/// How a license is paid for, as scripts know it.
pub const fn billing(billing: Billing) -> &'static str {
    match billing {
        Billing::Prepaid => "PREPAID",
        Billing::Usage => "USAGE",
    }
}

/// How long a license lasts, as scripts know it.
pub const fn term(term: Term) -> &'static str {
    match term {
        Term::Perpetual => "PERPETUAL",
        Term::Term => "TERM",
        Term::Subscription => "SUBSCRIPTION",
    }
}

/// Whether there are enough.
pub const fn compliance(is_short: bool) -> &'static str {
    if is_short {
        "Out Of Compliance"
    } else {
        "In Compliance"
    }
}

/// How a term stands by now.
fn standing(pool: &Pool, now: Moment) -> &'static str {
    if pool.ended_at.is_some()
        || pool
            .ends_at
            .is_some_and(|ends| ends.plus(chrono::TimeDelta::days(1)) <= now)
    {
        "Expired"
    } else if pool.starts_at.is_some_and(|starts| starts > now) {
        "Future"
    } else {
        "Active"
    }
}

/// By which number a subscription is known: that of the order with which it came.
pub fn subscription_id(pool: &Pool, order: Option<&str>) -> String {
    let id = pool.id.to_string();
    let plain: String = order
        .unwrap_or_else(|| id.get(..8).unwrap_or_default())
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("Sub{plain}")
}

/// A term of a license.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    license_type: &'static str,
    quantity: i64,
    start_date: Option<String>,
    end_date: Option<String>,
    subscription_id: Option<String>,
    status: &'static str,
    order_number: Option<String>,
}

impl Detail {
    fn of(row: &TermRow, now: Moment) -> Self {
        let order = row.orders.first().map(|(_, identifier)| identifier.clone());
        Self {
            license_type: term(row.pool.term),
            quantity: row.pool.purchased,
            start_date: row.pool.starts_at.map(time),
            end_date: row.pool.ends_at.map(time),
            subscription_id: (row.pool.term == Term::Subscription)
                .then(|| subscription_id(&row.pool, order.as_deref())),
            status: standing(&row.pool, now),
            order_number: order,
        }
    }
}

/// The same, as the partner's report has it.
#[derive(Serialize)]
struct PartnerDetail {
    license_type: &'static str,
    entitled_quantity: i64,
    start_date: Option<String>,
    end_date: Option<String>,
    sub_ref_id: Option<String>,
    status: String,
    product_sku: Option<String>,
}

impl PartnerDetail {
    fn of(row: &TermRow, now: Moment) -> Self {
        let plain = Detail::of(row, now);
        Self {
            license_type: if row.pool.term == Term::Perpetual {
                "PERPETUAL"
            } else {
                "TERM"
            },
            entitled_quantity: plain.quantity,
            start_date: plain.start_date,
            end_date: plain.end_date,
            sub_ref_id: plain.subscription_id,
            status: plain.status.to_uppercase(),
            product_sku: None,
        }
    }
}

/// Licenses of one kind in one Virtual Account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InPlace<D> {
    license: String,
    virtual_account: String,
    quantity: i64,
    in_use: i64,
    available: i64,
    reserved: i64,
    pending_quantity: i64,
    status: &'static str,
    billing_type: &'static str,
    aha_apps: bool,
    is_portable: bool,
    portable: bool,
    license_substitutions: [(); 0],
    license_details: Vec<D>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<D> {
    total_records: u64,
    status: &'static str,
    status_message: &'static str,
    licenses: Vec<InPlace<D>>,
}

/// Licenses within reach with their terms: how many there are, and those that are asked for.
pub type Found = (u64, Vec<(Stock, String)>, HashMap<LicenseStockId, Vec<TermRow>>);

/// Reads them, by name.
pub fn find(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    places: Option<Vec<VirtualAccountId>>,
    typed: String,
    cut: Cut,
) -> Result<Found> {
    let filter = Filter {
        typed,
        places,
        ..Filter::default()
    };
    let total = licenses::count(read, permit, &filter)?;
    let rows = licenses::plain_page(read, permit, &filter, licenses::BY_NAME, cut.limit, cut.offset)?;
    let stocks: Vec<_> = rows.iter().map(|(stock, _)| stock.clone()).collect();
    let terms = licenses::terms_of(read, permit.within().account()?, &stocks)?;
    Ok((total, rows, terms))
}

async fn found(may: &May<ViewInventory>, call: &Call) -> Result<Found> {
    let (wanted, cut) = (call.texts("virtualAccounts")?, call.cut()?);
    may.reads(move |r, permit| {
        let places = names::places(r, permit.within(), &wanted)?;
        find(r, permit, places, String::new(), cut)
    })
    .await
}

fn shown<D: Serialize>(visit: &Visit, found: Found, detail: fn(&TermRow, Moment) -> D) -> Answer {
    let now = visit.portal.clock.now();
    let (total, rows, mut terms) = found;
    let licenses = rows
        .into_iter()
        .map(|(stock, virtual_account)| InPlace {
            quantity: stock.purchased,
            in_use: stock.in_use,
            available: stock.balance.max(0),
            reserved: stock.reserved,
            pending_quantity: 0,
            status: compliance(stock.short_since.is_some()),
            billing_type: billing(stock.billing),
            aha_apps: false,
            is_portable: false,
            portable: false,
            license_substitutions: [],
            license_details: terms
                .remove(&stock.id)
                .unwrap_or_default()
                .iter()
                .map(|row| detail(row, now))
                .collect(),
            license: stock.name,
            virtual_account,
        })
        .collect();
    crate::http::json(
        200,
        &Report {
            total_records: total,
            status: "SUCCESS",
            status_message: "",
            licenses,
        },
    )
}

async fn list(may: May<ViewInventory>, call: Call) -> Answer {
    let found = found(&may, &call).await?;
    shown(&may, found, Detail::of)
}

async fn list_for_partner(may: May<ViewInventory>, call: Call) -> Answer {
    let found = found(&may, &call).await?;
    shown(&may, found, PartnerDetail::of)
}

/// A subscription, or what is billed by use: its pool, the name of its Virtual Account, and the order with which it came.
pub struct Subscribed {
    pub pool: Pool,
    pub place: String,
    pub order: Option<String>,
}

/// The pools within reach that are wanted, in a fixed order.
pub fn pools(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    places: Option<&[VirtualAccountId]>,
    wanted: fn(&Pool) -> bool,
) -> Result<Vec<Subscribed>> {
    let account = permit.within().account()?;
    let mut pools = licenses::pools_of(read, account)?;
    pools.retain(|pool| {
        wanted(pool)
            && pool.purchased > 0
            && permit.within().covers(pool.virtual_account)
            && places.is_none_or(|places| places.contains(&pool.virtual_account))
    });
    pools.sort_by(|a, b| (&a.name, a.ends_at, a.id).cmp(&(&b.name, b.ends_at, b.id)));
    let ids: Vec<_> = pools.iter().map(|pool| pool.id).collect();
    let mut orders: HashMap<_, String> = HashMap::new();
    for (pool, _, identifier) in licenses::orders_of(read, account, &ids)? {
        orders.entry(pool).or_insert(identifier);
    }
    let names: HashMap<VirtualAccountId, String> = crate::virtual_accounts::reached(read, permit.within())?
        .into_iter()
        .collect();
    Ok(pools
        .into_iter()
        .map(|pool| Subscribed {
            place: names.get(&pool.virtual_account).cloned().unwrap_or_default(),
            order: orders.remove(&pool.id),
            pool,
        })
        .collect())
}

async fn subscriptions(may: May<ViewInventory>, call: Call) -> Answer {
    let (wanted, cut) = (call.texts("virtualAccounts")?, call.cut()?);
    let states: Vec<String> = call
        .texts("status")?
        .iter()
        .map(|state| state.to_lowercase())
        .collect();
    let now = may.portal.clock.now();
    let found = may
        .reads(move |r, permit| {
            let places = names::places(r, permit.within(), &wanted)?;
            pools(r, permit, places.as_deref(), |pool| {
                pool.term == Term::Subscription
            })
        })
        .await?;
    let all: Vec<Value> = found
        .iter()
        .filter(|one| {
            states.is_empty() || states.contains(&standing(&one.pool, now).to_lowercase())
        })
        .map(|one| {
            json!({
                "virtualAccount": one.place, "license": one.pool.name, "billingType": billing(one.pool.billing),
                "quantity": one.pool.purchased.to_string(), "startDate": time(one.pool.starts_at.unwrap_or(now)),
                "endDate": time(one.pool.ends_at.unwrap_or(now)), "status": standing(&one.pool, now),
                "subscriptionId": subscription_id(&one.pool, one.order.as_deref()),
            })
        })
        .collect();
    let total = all.len();
    done(
        "",
        json!({ "totalRecords": total, "licenseSubscriptions": cut.out(all) }),
    )
}

async fn metered(may: May<ViewInventory>, call: Call) -> Answer {
    let name = call.place()?.to_owned();
    let tags: Vec<String> = match call.field("entitlements") {
        Value::Null => Vec::new(),
        _ => call
            .objects("entitlements")?
            .iter()
            .map(|one| names::entitlement_of(&one.text("tag")))
            .collect(),
    };
    // The newer of the two writes days alone.
    let written: fn(Moment) -> String = if call.is_below(&[B, "/licensing/v2"].concat()) {
        |at| at.utc().format("%Y-%m-%d").to_string()
    } else {
        time
    };
    let prepaid = call.whole().text("type").eq_ignore_ascii_case("PREPAID");
    let now = may.portal.clock.now();
    let found = may
        .reads(move |r, permit| {
            let place = names::place(r, permit, &name)?;
            pools(r, permit, Some(&[place.id]), |_| true)
        })
        .await?;
    let rows: Vec<Value> = found
        .iter()
        .filter(|one| (one.pool.billing == Billing::Usage) != prepaid)
        .filter(|one| !prepaid || one.pool.term == Term::Subscription)
        .filter(|one| tags.is_empty() || tags.contains(&one.pool.entitlement))
        .map(|one| {
            json!({
                "type": if prepaid { "PREPAID" } else { "POSTPAID" },
                "subscriptionId": subscription_id(&one.pool, one.order.as_deref()),
                "startDate": written(one.pool.starts_at.unwrap_or(now)), "expiryDate": one.pool.ends_at.map(written),
                "billToCountryCode": "US",
                "skus": [{ "name": one.pool.name, "licenses": [{
                    "tag": names::entitlement_tag(&one.pool.entitlement), "displayName": one.pool.name,
                    "description": one.pool.name, "count": one.pool.purchased,
                }] }],
            })
        })
        .collect();
    done("SUCCESS", json!({ "subscriptions": rows }))
}
