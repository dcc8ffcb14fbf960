//! Alerts.

use super::body::{Call, Cut};
use super::face::done;
use super::names;
use super::paths::{B, E};
use crate::alerts::{self, Alert, Severity};
use crate::authz::action::ViewInventory;
use crate::error::Error;
use crate::http::{Answer, May, Routes};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Edition, Moment};
use crate::virtual_accounts;
use actix_web::http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// All of them are so many at most.
const MOST: u64 = 1_000;

pub fn routes(routes: &mut Routes, edition: Edition) {
    let path = if edition.is_on_prem() {
        [E, "/accounts/{said}/alerts"].concat()
    } else {
        [B, "/licensing/v1/account/{said}/get-alerts"].concat()
    };
    routes.vendor(Method::POST, &path, "What needs somebody, the worst first.", list);
}

/// A day as alerts have it: `Jun 10, 2019`.
fn day(at: Moment) -> String {
    at.utc().format("%b %-d, %Y").to_string()
}

fn shape(alert: &Alert, names: &HashMap<VirtualAccountId, String>) -> Value {
    let place = names.get(&alert.place).map_or("", String::as_str);
    json!({
        "virtualAccount": place, "message": alert.message, "license": "", "messageType": alert.kind.label(),
        // The vendor knows two.
        "severity": if alert.severity == Severity::Major { "Major" } else { "Minor" },
        "licenseStartDate": null, "licenseEndDate": alert.due.map(day),
        "actionDue": alert.due.map_or_else(|| "Now".to_owned(), day), "source": place, "sourceType": "Virtual Account",
        "productInstanceHostName": "", "satelliteName": "",
    })
}

async fn list(may: May<ViewInventory>, call: Call) -> Answer {
    let (wanted, cut) = (call.texts("virtualAccounts")?, call.cut()?);
    let severities: Vec<String> = call
        .texts("severity")?
        .iter()
        .map(|one| one.to_lowercase())
        .collect();
    if severities
        .iter()
        .any(|one| !["major", "minor"].contains(&one.as_str()))
    {
        return Err(Error::invalid("severity", "severity is minor or major."));
    }
    let now = may.portal.clock.now();
    let (found, names) = may
        .reads(move |r, permit| {
            let places = names::places(r, permit.within(), &wanted)?;
            let mut found = alerts::all(r, permit, now)?;
            found.retain(|alert| places.as_ref().is_none_or(|places| places.contains(&alert.place)));
            let names: HashMap<VirtualAccountId, String> = virtual_accounts::reached(r, permit.within())?
                .into_iter()
                .collect();
            Ok((found, names))
        })
        .await?;
    let all: Vec<Value> = found
        .iter()
        .map(|alert| shape(alert, &names))
        .filter(|alert| {
            let severity = alert["severity"].as_str().unwrap_or_default().to_lowercase();
            severities.is_empty() || severities.contains(&severity)
        })
        .collect();
    let total = all.len();
    let cut = Cut {
        limit: cut.limit.min(MOST),
        ..cut
    };
    done("", json!({ "totalRecords": total, "alerts": cut.out(all) }))
}
