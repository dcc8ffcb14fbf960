//! The reads of the GraphQL address: product instances, licenses, and the Smart Account itself.

mod asked;
mod parse;
mod query;

use super::accounts::permit_in;
use super::body::Call;
use super::devices::page_of;
use super::face::{reason, time};
use super::licenses::{self as lists, billing, subscription_id};
use super::names;
use super::paths::B;
use crate::authz::action::{ViewInventory, ViewVirtualAccounts};
use crate::authz::{Permit, Tenant};
use crate::devices::{self, Device, Filter};
use crate::error::{Error, Result};
use crate::http::{Answer, Routes, SignedIn, json as send};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts::{self, AccessLevel};
use actix_web::http::Method;
use asked::{Asked, MOST, Rows};
use query::{Field, project, read};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// So many reads stand in one query.
const MOST_READS: usize = 10;

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::POST,
        &[B, "/clc/v1/graphql"].concat(),
        "getDeviceInventory, getLicenseSummary, getLicenseEntitlement, getLicenseUsage and getSmartAccount, page by page.",
        graphql,
    );
}

async fn graphql(who: SignedIn, call: Call) -> Answer {
    let variables = match call.field("variables") {
        Value::Object(map) => map.clone(),
        // Some tools keep them as a text.
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Map::new(),
    };
    let operation = call.whole().text("operationName");
    let fields = match call.field("query") {
        Value::String(text) => read(text, &operation, &variables),
        _ => Err("query is missing.".to_owned()),
    };
    let fields = match fields {
        Ok(fields) if fields.len() <= MOST_READS => fields,
        Ok(_) => return wrong(&format!("A query has {MOST_READS} reads at most.")),
        Err(says) => return wrong(&says),
    };
    let mut data = Map::new();
    for field in &fields {
        if field.name == "__typename" {
            data.insert(field.key.clone(), "Query".into());
            continue;
        }
        let Some(found) = one(&who, field).await? else {
            return wrong(&format!("There is no query {}.", field.name));
        };
        let (kind, rows) = types(&field.name);
        data.insert(field.key.clone(), project(&found, &field.wanted, &kind, rows));
    }
    send(200, &json!({ "data": data }))
}

/// The types of a read and of its rows.
fn types(read: &str) -> (String, &'static str) {
    let rows = match read {
        "getDeviceInventory" => "Device",
        "getLicenseSummary" => "LicenseSummary",
        "getLicenseEntitlement" => "LicenseEntitlement",
        "getLicenseUsage" => "LicenseUsage",
        _ => "SmartAccount",
    };
    (format!("{rows}Result"), rows)
}

/// A query that cannot be read: as GraphQL has it, with 200.
fn wrong(says: &str) -> Answer {
    send(200, &json!({ "errors": [{ "message": says }], "data": null }))
}

async fn one(who: &SignedIn, field: &Field) -> Result<Option<Value>> {
    let found = match field.name.as_str() {
        "getDeviceInventory" => device_inventory(who, field).await,
        "getLicenseSummary" => license_summary(who, field).await,
        "getLicenseEntitlement" => license_entitlement(who, field).await,
        "getLicenseUsage" => license_usage(who, field).await,
        "getSmartAccount" => smart_account(who, field).await,
        _ => return Ok(None),
    };
    let now = who.portal.clock.now();
    let asked = Asked::of(field).ok();
    let (page, size) = asked.as_ref().map_or((1, 10), |asked| (asked.page, asked.size));
    let (status, code, total, data, messages) = match found {
        Ok((total, rows)) => {
            let remarks = asked.map_or_else(|| json!([]), |asked| asked.remarks(&field.name));
            ("SUCCESS", 200, total, rows, remarks)
        }
        Err(error) => {
            let code = match error {
                Error::NotFound => 404,
                Error::Forbidden { .. } => 403,
                _ => 422,
            };
            let says = reason(error)?;
            let messages = json!([{ "code": code.to_string(), "description": says, "severity": "ERROR" }]);
            ("FAILURE", code, 0, Vec::new(), messages)
        }
    };
    Ok(Some(json!({
        "timestamp": time(now), "requestId": who.request_id, "status": status, "code": code, "messages": messages,
        "pagination": { "page": page, "pageSize": size, "pageTotal": total.div_ceil(size), "totalCount": total },
        "data": data,
    })))
}

/// The Virtual Accounts within reach that are named by number, or all; and the number of each, by its id.
fn numbers(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    wanted: &[i64],
) -> Result<(Option<Vec<VirtualAccountId>>, Numbers)> {
    let within = permit.within();
    let numbers: Numbers = virtual_accounts::of_account(read, within.account()?)?
        .into_iter()
        .filter(|one| within.covers(one.id))
        .map(|one| (one.id, (one.number, one.name)))
        .collect();
    if wanted.is_empty() {
        return Ok((None, numbers));
    }
    let ids: Vec<VirtualAccountId> = numbers
        .iter()
        .filter(|(_, (number, _))| wanted.contains(number))
        .map(|(id, _)| *id)
        .collect();
    if ids.len() < wanted.len() {
        return Err(Error::NotFound);
    }
    Ok((Some(ids), numbers))
}

type Numbers = HashMap<VirtualAccountId, (i64, String)>;

fn place_shape(numbers: &Numbers, place: VirtualAccountId) -> Value {
    let known = numbers.get(&place);
    json!({ "id": known.map(|(number, _)| number), "name": known.map(|(_, name)| name) })
}

fn account_shape(tenant: &Tenant, numbers: &Numbers, place: VirtualAccountId) -> Value {
    json!({ "id": tenant.number, "name": tenant.name, "virtualAccount": place_shape(numbers, place) })
}

fn device_shape(device: &Device, tenant: &Tenant, numbers: &Numbers) -> Value {
    let places = [place_shape(numbers, device.virtual_account)];
    let account = json!({ "id": tenant.number, "name": tenant.name, "virtualAccount": places });
    json!({
        "deviceName": device.name(), "deviceUuid": device.id, "serialNumber": device.serial, "productNumber": device.pid,
        "productDescription": device.product, "productFamily": device.product, "assetType": "DEVICE", "quantity": 1,
        "softwareTagId": names::software_tag(&device.pid), "currentSoftwareVersion": device.software,
        "creationDate": time(device.registered_at),
        "primaryDeviceIdentifier": { "label": "SERIAL_NUMBER", "value": device.serial }, "smartAccount": account,
    })
}

/// Product instances by name, number of the product or serial number; [`MOST`] of them at most.
fn devices_by(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    asked: &Asked,
) -> Result<Option<Vec<Device>>> {
    let (names, pids, serials) = (
        asked.all_of("deviceName"),
        asked.all_of("productNumber"),
        asked.all_of("primaryDeviceIdentifier"),
    );
    let Some(typed) = [&serials, &names, &pids]
        .into_iter()
        .find(|list| !list.is_empty())
    else {
        return Ok(None);
    };
    let mut found: Vec<Device> = Vec::new();
    for typed in typed.iter().take(MOST_READS) {
        let filter = Filter {
            typed: typed.clone(),
            ..filter.clone()
        };
        let rows = devices::page(read, permit, &filter, devices::BY_NAME, None, MOST, 0)?;
        found.extend(rows.into_iter().map(|row| row.device));
    }
    let is = |wanted: &[String], has: &str| wanted.is_empty() || wanted.contains(&has.to_lowercase());
    found.retain(|device| {
        let name = device.name().to_lowercase();
        is(&pids, &device.pid)
            && is(&serials, &device.serial)
            && (names.is_empty() || names.iter().any(|wanted| name.contains(wanted)))
    });
    found.sort_by_key(|device| (device.name(), device.id));
    found.dedup_by_key(|device| device.id);
    Ok(Some(found))
}

async fn device_inventory(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewInventory>(who, &asked.account).await?;
    who.portal
        .db
        .read(move |r| {
            let (places, numbers) = numbers(r, &permit, &asked.places)?;
            let known = [
                "deviceName",
                "productNumber",
                "primaryDeviceIdentifier",
                "assetType",
            ];
            let kinds = asked.all_of("assetType");
            let of_kind = kinds.is_empty() || kinds.iter().any(|kind| kind == "device");
            if !of_kind || asked.wants_what_is_not_here(&known) {
                return Ok((0, Vec::new()));
            }
            let filter = Filter {
                places: places.unwrap_or_default(),
                ..Filter::default()
            };
            let shape = |device: &Device| device_shape(device, &tenant, &numbers);
            if let Some(found) = devices_by(r, &permit, &filter, &asked)? {
                return Ok(asked.cut_out(found.iter().map(shape).collect()));
            }
            let (total, rows) = page_of(r, &permit, &filter, asked.cut())?;
            Ok((total, rows.iter().map(|row| shape(&row.device)).collect()))
        })
        .await
}

async fn license_summary(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewInventory>(who, &asked.account).await?;
    who.portal
        .db
        .read(move |r| {
            let (places, numbers) = numbers(r, &permit, &asked.places)?;
            if asked.wants_what_is_not_here(&["product"]) {
                return Ok((0, Vec::new()));
            }
            let (total, rows, _) = lists::find(r, &permit, places, asked.wants("product"), asked.cut())?;
            let shown = rows.iter().map(|(stock, _)| {
                json!({
                    "balanceQuantity": stock.balance, "billingType": billing(stock.billing),
                    "entitledQuantity": stock.purchased, "entitlementType": "License",
                    "feature": {
                        "displayName": stock.name, "product": stock.name, "quantity": stock.purchased, "sourceSystem": "Smart",
                        "entitlementType": lists::term(stock.term),
                    },
                    "featureSourceRefId": names::entitlement_tag(&stock.entitlement), "futurePendingQuantity": 0,
                    "inUseQuantity": stock.in_use, "inventoryType": "ASSIGNED", "isPakSmartConverted": "NA",
                    "pendingQuantity": 0, "reservedExportQuantity": 0, "reservedQuantity": stock.reserved,
                    "substitutionQuantity": 0, "smartAccount": account_shape(&tenant, &numbers, stock.virtual_account),
                })
            });
            Ok((total, shown.collect()))
        })
        .await
}

async fn license_entitlement(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewInventory>(who, &asked.account).await?;
    who.portal
        .db
        .read(move |r| {
            let (places, numbers) = numbers(r, &permit, &asked.places)?;
            let known = ["product", "subscriptionId", "purchaseOrderNumber", "ciscoOrderNumber"];
            if asked.wants_what_is_not_here(&known) {
                return Ok((0, Vec::new()));
            }
            let mut pools = lists::pools(r, &permit, places.as_deref(), |_| true)?;
            let (subscription, product) = (asked.wants("subscriptionId"), asked.wants("product"));
            let orders: Vec<String> = ["purchaseOrderNumber", "ciscoOrderNumber"]
                .iter()
                .flat_map(|name| asked.all_of(name))
                .collect();
            pools.retain(|one| {
                let order = one.order.as_deref();
                (subscription.is_empty() || subscription_id(&one.pool, order).to_lowercase() == subscription)
                    && (product.is_empty() || one.pool.name.to_lowercase().contains(&product))
                    && orders.iter().all(|wanted| order.is_some_and(|is| is.to_lowercase() == *wanted))
            });
            let shown = pools
                .into_iter()
                .map(|one| {
                    let pool = &one.pool;
                    let is_subscription = pool.term == crate::catalog::Term::Subscription;
                    json!({
                        "id": pool.id, "entitlementId": pool.id, "product": pool.name, "peristentId": pool.entitlement,
                        "featureSourceRefId": names::entitlement_tag(&pool.entitlement), "billingType": billing(pool.billing),
                        "entitledQuantity": pool.purchased, "reservedQuantity": pool.reserved, "pendingQuantity": 0,
                        "entitlementType": "License", "licenseType": lists::term(pool.term), "orderSourceId": one.order,
                        "ciscoOrderNumber": one.order.as_deref().and_then(|order| order.parse::<i32>().ok()),
                        "subscriptionId": is_subscription.then(|| subscription_id(pool, one.order.as_deref())),
                        "limitTime": {
                            "isPerpetual": pool.ends_at.is_none(), "licenseStartDate": pool.starts_at.map(time),
                            "licenseEndDate": pool.ends_at.map(time),
                        },
                        "quantification": { "isUnlimited": "N", "quantity": pool.purchased, "unitOfMeasure": "each" },
                        "smartAccount": account_shape(&tenant, &numbers, pool.virtual_account),
                    })
                });
            Ok(asked.cut_out(shown.collect()))
        })
        .await
}

async fn license_usage(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewInventory>(who, &asked.account).await?;
    who.portal
        .db
        .read(move |r| {
            let (places, numbers) = numbers(r, &permit, &asked.places)?;
            if asked.wants_what_is_not_here(&["product"]) {
                return Ok((0, Vec::new()));
            }
            let product = asked.wants("product");
            let filter = Filter {
                places: places.unwrap_or_default(),
                ..Filter::default()
            };
            // A page of product instances, each with all that it uses.
            let (total, rows) = page_of(r, &permit, &filter, asked.cut())?;
            let mut shown = Vec::new();
            for row in &rows {
                let device = &row.device;
                let lines = row.told.lines.iter();
                for line in lines.filter(|line| line.name.to_lowercase().contains(&product)) {
                    let is_short = line.status == devices::UseStatus::OutOfCompliance;
                    shown.push(json!({
                        "product": line.name, "productInstance": device.name(), "productNumber": device.pid,
                        "deviceSourceRefId": device.id, "featureSourceRefId": names::entitlement_tag(&line.usage.entitlement),
                        "consumptionQuantity": line.usage.quantity, "requestedQuantity": line.usage.quantity,
                        "authorizedQuantity": if is_short { 0 } else { line.usage.quantity },
                        "oocQuantity": if is_short { line.usage.quantity } else { 0 }, "isOoc": if is_short { "Y" } else { "N" },
                        "isLocked": false, "lastContactDate": time(device.contact_at),
                        "measurement": {
                            "consumptionStartDate": time(line.usage.since), "registrationDate": time(device.registered_at),
                            "metricName": "ENTITLEMENT", "consumptionQuantity": line.usage.quantity,
                        },
                        "deviceIdentifiers": [
                            { "name": "UDI_PID", "value": device.pid }, { "name": "UDI_SERIAL_NUMBER", "value": device.serial },
                        ],
                        "smartAccount": account_shape(&tenant, &numbers, device.virtual_account),
                    }));
                }
            }
            Ok((total, shown))
        })
        .await
}

async fn smart_account(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewVirtualAccounts>(who, &asked.account).await?;
    who.portal
        .db
        .read(move |r| {
            let all = virtual_accounts::list(r, &permit)?;
            let by_id: HashMap<VirtualAccountId, Value> = all
                .iter()
                .map(|one| (one.id, json!({ "id": one.number, "name": one.name })))
                .collect();
            let places: Vec<Value> = all
                .iter()
                .filter(|one| asked.places.is_empty() || asked.places.contains(&one.number))
                .map(|one| {
                    let commerce = match one.access_level {
                        AccessLevel::Unrestricted => "PUBLIC",
                        AccessLevel::Restricted => "PRIVATE",
                    };
                    json!({
                        "id": one.number, "name": one.name, "description": one.description, "commerceAccess": commerce,
                        "isDefault": one.is_default.to_string(), "orderAssignable": "true",
                        "parentVirtualAccount": one.parent.and_then(|parent| by_id.get(&parent)),
                        "preferredEndDate": one.preferred_end_date
                            .map(|day| day.utc().format("%b-%d").to_string().to_uppercase()),
                    })
                })
                .collect();
            let account = crate::smart_accounts::find(r, tenant.id)?;
            let level = match account.visibility {
                crate::smart_accounts::Visibility::Restricted => "Restricted",
                crate::smart_accounts::Visibility::Unrestricted => "Unrestricted",
            };
            let status = account.state.label().to_uppercase();
            Ok((
                1,
                vec![json!({
                    "id": tenant.number, "name": tenant.name, "domain": tenant.domain, "topLevelDomain": account.registrable,
                    "accessLevel": level, "status": status, "statusDetail": status, "type": "CUSTOMER",
                    "virtualAccounts": places,
                })],
            ))
        })
        .await
}
