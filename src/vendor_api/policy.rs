//! What product instances that report by policy, and their proxies, ask about licenses: summaries, histories, and the
//! policy. What they report and fetch stands in `usage`.

use super::body::{Call, Object};
use super::by_policy::{self, place, stamp, well_formed};
use super::face::millis;
use super::licenses::billing;
use super::names;
use super::paths::{A, B};
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewAccount, ViewInventory};
use crate::catalog;
use crate::devices::{self, policy::Policy};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::licenses::{self, Stock, TermRow};
use crate::platform::db::Reads;
use actix_web::http::Method;
use chrono::NaiveDate;
use data_encoding::BASE64;
use serde_json::{Value, json};

pub fn routes(routes: &mut Routes) {
    const SUMMARY: &str = "The licenses of a Virtual Account, some or all of them by their tags.";
    let a = |rest: &str| [A, rest].concat();
    let b = |rest: &str| [B, "/licensing", rest].concat();
    routes.vendor(
        Method::POST,
        &b("/v2/device/conversion"),
        "Conversions of licenses of product instances that report by policy: refused, there are none yet.",
        no_device,
    );
    routes.vendor(Method::POST, &a("/v3/licenses/summary"), SUMMARY, summary_by_tag);
    routes.vendor(
        Method::POST,
        &b("/v3/get-summary-by-tag"),
        SUMMARY,
        summary_by_tag,
    );
    routes.vendor(Method::POST, &b("/v2/get-summary"), SUMMARY, summary);
    routes.vendor(
        Method::POST,
        &b("/v2/get-history"),
        "On which days the numbers of licenses changed, and what they were.",
        history,
    );
    routes.vendor(
        Method::GET,
        &b("/v2/account-policy"),
        "The policy by which product instances of the account report.",
        account_policy,
    );
}

async fn no_device(may: May<ReserveLicenses>, call: Call) -> Answer {
    place(&may.also::<ViewInventory>().await?, &may, &call).await?;
    well_formed(&call)?;
    Err(by_policy::no_device())
}

/// The licenses of a Virtual Account whose tags are wanted.
type Wanted = Vec<(Stock, Vec<TermRow>)>;

fn wanted(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    place: VirtualAccountId,
    keys: Option<&[String]>,
) -> Result<Wanted> {
    let account = permit.within().account()?;
    let mut stocks = licenses::stocks_in(read, account, place)?;
    stocks.retain(|stock| keys.is_none_or(|keys| keys.contains(&stock.entitlement)));
    let mut terms = licenses::terms_of(read, account, &stocks)?;
    Ok(stocks
        .into_iter()
        .map(|stock| {
            let terms = terms.remove(&stock.id).unwrap_or_default();
            (stock, terms)
        })
        .collect())
}

async fn found(may: &May<ViewInventory>, call: &Call, data: Object<'_>) -> Result<Wanted> {
    let place = place(&may.permit, may, call).await?;
    let keys = keys(data)?;
    may.reads(move |r, permit| wanted(r, permit, place, keys.as_deref()))
        .await
}

/// What programs know the licenses by that are asked for, by their own tags or by those of software; none for all.
fn keys(data: Object<'_>) -> Result<Option<Vec<String>>> {
    let (tags, software) = (data.texts("tags")?, data.texts("softwareTags")?);
    if tags.is_empty() && software.is_empty() {
        return Ok(None);
    }
    let of_software = software
        .iter()
        .filter_map(|tag| catalog::find(names::product_of(tag)?))
        .flat_map(|item| item.entitlements.iter().map(|one| one.key.clone()));
    let own = tags.iter().map(|tag| names::entitlement_of(tag));
    Ok(Some(own.chain(of_software).collect()))
}

/// Whether a license may be used by devices that were allowed it alone.
fn is_restricted(stock: &Stock) -> bool {
    catalog::entitlement(&stock.entitlement).is_some_and(|known| known.export_controlled)
}

/// A day as a summary has it: `2018-Aug-08`.
fn day(at: Moment) -> String {
    at.utc().format("%Y-%b-%d").to_string()
}

fn details(stock: &Stock, terms: &[TermRow], by_tag: bool) -> Vec<Value> {
    terms
        .iter()
        .map(|row| {
            let order = row.orders.first().map(|(_, identifier)| identifier.as_str());
            let subscription = (row.pool.term == catalog::Term::Subscription)
                .then(|| super::licenses::subscription_id(&row.pool, order));
            let kind = if row.pool.term == catalog::Term::Perpetual {
                "PERPETUAL"
            } else {
                "TERM"
            };
            let mut one = json!({
                "quantity": row.pool.purchased, "start_date": row.pool.starts_at.map(day), "end_date": row.pool.ends_at.map(day),
                "subscription_id": subscription, "license_type": kind,
            });
            if let (true, Some(map)) = (by_tag, one.as_object_mut()) {
                let metered = stock.is_metered();
                map.insert("billing_type".to_owned(), billing(stock.billing).into());
                map.insert("postpaid_usage".to_owned(), if metered { row.in_use } else { 0 }.into());
                map.insert("status".to_owned(), "ACTIVE".into());
                let model = if metered { "UNCOMMITTED" } else { "COMMITTED" };
                map.insert("billing_model".to_owned(), model.into());
            }
            one
        })
        .collect()
}

fn summed(visit: &crate::http::Visit, data: Object<'_>, found: &Wanted, by_tag: bool) -> Answer {
    let rows: Vec<Value> = found
        .iter()
        .map(|(stock, terms)| {
            let mut row = json!({
                "tag": names::entitlement_tag(&stock.entitlement),
                "compliance_status": super::licenses::compliance(stock.short_since.is_some()),
                "display_name": stock.name, "enforced": is_restricted(stock), "export_restricted": is_restricted(stock),
                "license_details": details(stock, terms, by_tag),
            });
            let begins = if by_tag { "prepaid_" } else { "" };
            if let Some(map) = row.as_object_mut() {
                for (name, value) in [
                    ("entitled", stock.purchased),
                    ("future_entitled", 0),
                    ("inuse", stock.in_use),
                    ("reserved", stock.reserved),
                ] {
                    map.insert(format!("{begins}{name}"), value.into());
                }
            }
            row
        })
        .collect();
    json(
        200,
        &json!({
            "status": "SUCCESS", "message_code": null,
            "message": format!("Retrieved summary for {} license in the pool.", rows.len()),
            "timestamp": stamp(data, visit.portal.clock.now()), "nonce": data.field("nonce"), "out_standing_reports": 0,
            "summary": rows,
        }),
    )
}

async fn summary(may: May<ViewInventory>, call: Call) -> Answer {
    let data = call.data();
    let found = found(&may, &call, data).await?;
    summed(&may, data, &found, false)
}

async fn summary_by_tag(may: May<ViewInventory>, call: Call) -> Answer {
    let data = call.data();
    let found = found(&may, &call, data).await?;
    summed(&may, data, &found, true)
}

/// A day as histories have it: `11-NOV-2020`.
fn said_day(data: Object<'_>, name: &str) -> Result<Option<NaiveDate>> {
    let text = data.text(name);
    if text.is_empty() {
        return Ok(None);
    }
    NaiveDate::parse_from_str(&text, "%d-%b-%Y")
        .map(Some)
        .map_err(|_| Error::invalid(name, format!("{name} is a day such as 11-NOV-2020.")))
}

async fn history(may: May<ViewInventory>, call: Call) -> Answer {
    let data = call.data();
    let (from, to) = (said_day(data, "fromDate")?, said_day(data, "toDate")?);
    let found = found(&may, &call, data).await?;
    let account = may.permit.within().account()?;
    let rows: Vec<Value> = may
        .portal
        .db
        .read(move |r| {
            let mut rows = Vec::with_capacity(found.len());
            for (stock, _) in found {
                let mut history: Vec<Value> = Vec::new();
                for (day, purchased, reserved, in_use) in licenses::days_of(r, account, stock.id)? {
                    let Ok(at) = NaiveDate::parse_from_str(&day, "%Y-%m-%d") else {
                        continue;
                    };
                    if from.is_some_and(|from| at < from) || to.is_some_and(|to| at > to) {
                        continue;
                    }
                    history.push(json!({
                        "date": at.format("%d-%b-%Y").to_string().to_uppercase(), "entitled": purchased, "inUse": in_use,
                        "reserved": reserved,
                    }));
                }
                rows.push(json!({
                    "tag": names::entitlement_tag(&stock.entitlement), "display_name": stock.name,
                    "enforced": is_restricted(&stock), "export_restricted": is_restricted(&stock),
                    "billing_type": billing(stock.billing), "userDefinedTags": "", "history": history,
                }));
            }
            Ok(rows)
        })
        .await?;
    json(
        200,
        &json!({
            "status": "SUCCESS", "message_code": null, "message": "",
            "timestamp": stamp(data, may.portal.clock.now()), "nonce": data.field("nonce"), "data": rows,
        }),
    )
}

async fn account_policy(may: May<ViewAccount>) -> Answer {
    let name = format!("SA Policy -{}", may.number());
    let account = may.permit.within().account()?;
    let rules = may
        .portal
        .db
        .read(move |r| devices::policy::of_account(r, account))
        .await?;
    let policy = policy_document(&name, &rules);
    let now = may.portal.clock.now();
    json(
        200,
        &json!({
            "status": "COMPLETE", "message_code": "", "message": "", "timestamp": millis(now),
            "policy": BASE64.encode(policy.as_bytes()), "correlation_id": may.request_id, "errors": [],
        }),
    )
}

/// The policy as the published XML has it, with the days of each class of licenses.
fn policy_document(name: &str, rules: &Policy) -> String {
    let mut classes = String::new();
    for (class, days) in rules.rows() {
        classes.push_str(&format!(
            "<licenseClass><name>{}</name><firstReportDays>{}</firstReportDays><reportEveryDays>{}</reportEveryDays><reportOnChangeDays>{}</reportOnChangeDays></licenseClass>",
            class.word(), days.first, days.every, days.change
        ));
    }
    format!("<smartLicensePolicy><policyCode><name>{name}</name>{classes}</policyCode></smartLicensePolicy>")
}
