//! The reads of the GraphQL address: product instances, licenses, and the Smart Account itself.

mod query;

use super::accounts::permit_in;
use super::body::{Call, Cut, whole_number};
use super::face::{reason, time};
use super::licenses::{self as lists, billing, subscription_id};
use super::names;
use super::paths::B;
use crate::authz::action::{ViewInventory, ViewVirtualAccounts};
use crate::authz::{Permit, Tenant};
use crate::devices::{self, Filter, Sort};
use crate::error::{Error, Result};
use crate::http::{Answer, Routes, SignedIn, json as send};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts::{self, AccessLevel};
use actix_web::http::Method;
use query::{Field, project, read};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// So many rows has a page at most.
const MOST: u64 = 1_000;
/// So many reads stand in one query.
const MOST_READS: usize = 10;

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::POST,
        &[B, "/clc/v1/graphql"].concat(),
        "getDeviceInventory, getLicenseSummary, getLicenseEntitlement, getLicenseUsage and getSmartAccount, page by page. Fragments are not taken.",
        graphql,
    );
}

async fn graphql(who: SignedIn, call: Call) -> Answer {
    let none = Map::new();
    let variables = call.field("variables").as_object().unwrap_or(&none);
    let fields = match call.field("query") {
        Value::String(text) => read(text, variables),
        _ => Err("query is missing.".to_owned()),
    };
    let fields = match fields {
        Ok(fields) if fields.len() <= MOST_READS => fields,
        Ok(_) => return wrong(&format!("A query has {MOST_READS} reads at most.")),
        Err(says) => return wrong(&says),
    };
    let mut data = Map::new();
    for field in &fields {
        let Some(found) = one(&who, field).await? else {
            return wrong(&format!("There is no query {}.", field.name));
        };
        data.insert(field.key.clone(), project(&found, &field.wanted));
    }
    send(200, &json!({ "data": data }))
}

/// A query that cannot be read: as GraphQL has it, with 200.
fn wrong(says: &str) -> Answer {
    send(200, &json!({ "errors": [{ "message": says }], "data": null }))
}

/// What is asked of a read.
struct Asked {
    account: String,
    places: Vec<i64>,
    page: u64,
    size: u64,
    filter: Map<String, Value>,
}

impl Asked {
    fn of(field: &Field) -> Result<Self> {
        let input = field.arguments.get("input").unwrap_or(&Value::Null);
        let account = &input["smartAccount"];
        let named = ["id", "domain", "name"]
            .iter()
            .map(|name| super::body::text(&account[*name]))
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
            .map(|one| if one.is_object() { &one["id"] } else { one })
            .filter_map(|one| whole_number(one).ok().flatten())
            .collect();
        Ok(Self {
            account: named,
            places,
            page: number("page", 1)?,
            size: number("pageSize", 10)?.min(MOST),
            filter: input["filterBy"].as_object().cloned().unwrap_or_default(),
        })
    }
    fn cut(&self) -> Cut {
        Cut {
            limit: self.size,
            offset: (self.page - 1)
                .saturating_mul(self.size)
                .min(i64::MAX.unsigned_abs()),
        }
    }
    /// A text of the filter; "" for none.
    fn wants(&self, name: &str) -> String {
        self.filter.get(name).map(super::body::text).unwrap_or_default()
    }
}

/// Rows of a page, and how many there are on all of them.
type Rows = (u64, Vec<Value>);

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
    let (page, size) = asked.map_or((1, 10), |asked| (asked.page, asked.size));
    let (status, code, total, data, messages) = match found {
        Ok((total, rows)) => ("SUCCESS", 200, total, rows, json!([])),
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

async fn device_inventory(who: &SignedIn, field: &Field) -> Result<Rows> {
    let asked = Asked::of(field)?;
    let (permit, tenant) = permit_in::<ViewInventory>(who, &asked.account).await?;
    let typed = match asked.filter.get("deviceName") {
        Some(Value::Array(list)) => list.first().map(super::body::text).unwrap_or_default(),
        _ => asked.wants("deviceName"),
    };
    who.portal
        .db
        .read(move |r| {
            let (places, numbers) = numbers(r, &permit, &asked.places)?;
            let filter = Filter {
                typed,
                places: places.unwrap_or_default(),
                ..Filter::default()
            };
            let (total, cut) = (devices::count(r, &permit, &filter)?, asked.cut());
            let rows = devices::page(r, &permit, &filter, (Sort::Name, false), Some(total), cut.limit, cut.offset)?;
            let shown = rows.iter().map(|row| {
                let device = &row.device;
                let places = [place_shape(&numbers, device.virtual_account)];
                let account = json!({ "id": tenant.number, "name": tenant.name, "virtualAccount": places });
                json!({
                    "deviceName": device.name(), "deviceUuid": device.id, "serialNumber": device.serial,
                    "productNumber": device.pid, "productDescription": device.product, "productFamily": device.product,
                    "assetType": "DEVICE", "quantity": 1, "softwareTagId": names::software_tag(&device.pid),
                    "currentSoftwareVersion": device.software, "creationDate": time(device.registered_at),
                    "primaryDeviceIdentifier": { "label": "SERIAL_NUMBER", "value": device.serial }, "smartAccount": account,
                })
            });
            Ok((total, shown.collect()))
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
            let (total, rows, _) = lists::find(r, &permit, places, asked.wants("product"), asked.cut())?;
            let shown = rows.iter().map(|row| {
                let stock = &row.stock;
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
            let mut pools = lists::pools(r, &permit, places.as_deref(), |_| true)?;
            let (subscription, product) = (asked.wants("subscriptionId"), asked.wants("product").to_lowercase());
            pools.retain(|one| {
                (subscription.is_empty() || subscription_id(&one.pool, one.order.as_deref()) == subscription)
                    && (product.is_empty() || one.pool.name.to_lowercase().contains(&product))
            });
            let (total, cut) = (pools.len() as u64, asked.cut());
            let shown = pools
                .into_iter()
                .skip(usize::try_from(cut.offset).unwrap_or(usize::MAX))
                .take(usize::try_from(cut.limit).unwrap_or_default())
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
            Ok((total, shown.collect()))
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
            let filter = Filter {
                places: places.unwrap_or_default(),
                ..Filter::default()
            };
            // A page of product instances, each with all that it uses.
            let (total, cut) = (devices::count(r, &permit, &filter)?, asked.cut());
            let rows = devices::page(r, &permit, &filter, (Sort::Name, false), Some(total), cut.limit, cut.offset)?;
            let mut shown = Vec::new();
            for row in &rows {
                let device = &row.device;
                for line in &row.told.lines {
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
