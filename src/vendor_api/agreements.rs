//! Subscriptions as the ordering side asks for them, Enterprise Agreements, of which there are none, and conversions, which are
//! not done here.

use super::accounts::permit_in;
use super::body::{Call, MISSING};
use super::licenses::{pools, subscription_id};
use super::names;
use super::paths::{A, B};
use crate::authz::action::{ReserveLicenses, Transfer, ViewInventory};
use crate::catalog::Term;
use crate::error::Error;
use crate::http::{Answer, May, Routes, SignedIn, json};
use actix_web::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many accounts are asked about at once.
const MOST: usize = 50;

/// Usage of a subscription is not shared by Virtual Accounts.
const NO_SHARING: &str = "vendor-api.no-sharing";

const AGREEMENTS: &str = "Enterprise Agreements: there are none, and the answer says so.";
const CONVERT: &str =
    "Conversion of licenses that devices report: not done here, and each device is told so.";

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::POST,
        &[A, "/v1/subscription/search"].concat(),
        "The subscriptions of Smart Accounts, with the Virtual Accounts in which they are.",
        search,
    );
    let c = "/services/api/enterprise-agreements/v1/subscription";
    routes.vendor(
        Method::GET,
        &format!("{c}/account/{{said}}/consumption"),
        AGREEMENTS,
        none_of_account,
    );
    routes.vendor(
        Method::GET,
        &format!("{c}/account/{{said}}/subscription/{{subscription}}/consumption"),
        AGREEMENTS,
        none_of_account,
    );
    routes.vendor(
        Method::GET,
        &format!("{c}/{{subscription}}/consumption"),
        AGREEMENTS,
        none,
    );
    for what in [
        "consumption",
        "consumption/details",
        "entitlements",
        "pricing",
        "getPartnerHwAssetDetails",
        "trueforwardreport",
    ] {
        let path = format!("{B}/ea/v1/subscription/account/{what}");
        routes.vendor(Method::POST, &path, AGREEMENTS, none);
    }
    let b = [B, "/ea/v1/subscription"].concat();
    routes.vendor(
        Method::GET,
        &format!("{b}/account/{{said}}/consumption"),
        AGREEMENTS,
        none_of_account,
    );
    routes.vendor(
        Method::GET,
        &format!("{b}/{{subscription}}/consumption"),
        AGREEMENTS,
        none,
    );
    routes.vendor(
        Method::POST,
        &[B, "/licensing/v1/msla/transfer-usage"].concat(),
        "Which Virtual Accounts use a subscription that is billed by use: refused, each has its own licenses here.",
        share_usage,
    );
    routes.vendor(
        Method::POST,
        &[A, "/v1/accounts/{said}/dlc_convert"].concat(),
        CONVERT,
        convert,
    );
    routes.vendor(
        Method::POST,
        &[B, "/licensing/v1/account/{said}/convert-bulk-dlc"].concat(),
        CONVERT,
        convert,
    );
}

fn no_subscriptions() -> Error {
    Error::BadRequest("No Valid Subscriptions found".into())
}

async fn none_of_account(_may: May<ViewInventory>) -> Answer {
    Err(no_subscriptions())
}

async fn none(_who: SignedIn) -> Answer {
    Err(no_subscriptions())
}

async fn search(who: SignedIn, call: Call) -> Answer {
    let wanted = call.objects("smartAccount")?;
    if wanted.is_empty() || wanted.len() > MOST {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let mut offers = Vec::new();
    for one in wanted {
        let named = match one.text("smartAccountId") {
            id if id.is_empty() => one.text("domain"),
            id => id,
        };
        let (permit, tenant) = permit_in::<ViewInventory>(&who, &named).await?;
        let (found, numbers) = who
            .portal
            .db
            .read(move |r| {
                let found = pools(r, &permit, None, |pool| pool.term == Term::Subscription)?;
                let ids: Vec<_> = found.iter().map(|one| one.pool.virtual_account).collect();
                let places = crate::virtual_accounts::these(r, permit.within().account()?, &ids)?;
                let numbers: BTreeMap<_, _> = places.into_iter().map(|one| (one.id, one.number)).collect();
                Ok((found, numbers))
            })
            .await?;
        let mut by: BTreeMap<String, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
        for one in found {
            let (places, suites) = by
                .entry(subscription_id(&one.pool, one.order.as_deref()))
                .or_default();
            let place = json!({
                "virtualAccountId": numbers.get(&one.pool.virtual_account).map(ToString::to_string),
                "virtualAccountName": one.place,
            });
            if !places.contains(&place) {
                places.push(place);
            }
            suites.push(json!({
                "suiteName": one.pool.name, "atoName": one.pool.entitlement, "architecture": null,
                "quantity": one.pool.purchased,
            }));
        }
        let subscriptions: Vec<Value> = by
            .into_iter()
            .map(|(id, (places, suites))| {
                json!({ "subRefId": id, "vaDetails": places, "suites": suites, "additionalParams": [] })
            })
            .collect();
        offers.push(json!({
            "smartAccountId": tenant.number.to_string(), "domain": tenant.domain, "subscriptions": subscriptions,
        }));
    }
    json(
        200,
        &json!({
            "source": call.field("source"), "status": "SUCCESS", "statusMessage": "", "offerDetails": offers,
        }),
    )
}

/// Asked for with numbers alone: of an account, of an entitlement, of Virtual Accounts.
async fn share_usage(who: SignedIn, call: Call) -> Answer {
    let sent = call.whole();
    let (account, subscription) = (sent.text("logicalAccountId"), sent.text("subRefId"));
    if account.is_empty() || subscription.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    permit_in::<Transfer>(&who, &account).await?;
    Err(Error::refused(
        NO_SHARING,
        "The licenses of a subscription belong to one Virtual Account here. Transfer them instead.",
    ))
}

async fn convert(may: May<ReserveLicenses>, call: Call) -> Answer {
    const SAYS: &str = "Conversions are not done here. Assign an order with the licenses instead.";
    // The two families have another word for it.
    let (failed, whole) = if call.is_below(B) {
        ("CONVERT_FAILURE", "FAILURE")
    } else {
        ("CONVERT_FAILED", "ERROR")
    };
    let mut devices = Vec::new();
    for one in call.objects("virtualAccounts")? {
        let name = one.text("name");
        may.reads(move |r, permit| names::place(r, permit, &name).map(drop))
            .await?;
        for request in one.objects("dlcRequests")? {
            devices.push(json!({
                "sudi": request.field("sudi"), "softwareTagIdentifier": request.field("softwareTagIdentifier"),
                "conversionStatus": failed, "conversionMessage": SAYS, "conversionMessageLocalized": SAYS,
                "conversionDetails": [],
            }));
        }
    }
    if devices.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    super::face::with_status(whole, SAYS, json!({ "statusCode": "ERR001", "devices": devices }))
}
