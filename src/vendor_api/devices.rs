//! Product instances: the lists, their transfer, and their removal.

use super::body::{Call, Cut, MISSING, Object, some};
use super::face::{done, reason, status_of, time, with_status};
use super::names;
use super::paths::{A, B, E};
use crate::authz::Permit;
use crate::authz::action::{RemoveDevice, Transfer, ViewInventory};
use crate::devices::{self, Authorization, Filter, Move, Row, reservation};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes};
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

/// So many are moved or removed by one request.
const MOST: usize = 200;

pub fn routes(routes: &mut Routes, edition: Edition) {
    const USAGE: &str = "The product instances of some or all Virtual Accounts, with what they use.";
    const LIST: &str = "The product instances of a Virtual Account.";
    const TRANSFER: &str = "Transfer product instances to other Virtual Accounts.";
    const REMOVE: &str = "Remove product instances; those with a reservation with their return codes.";
    let b = |rest: &str| [B, rest].concat();
    if edition.is_on_prem() {
        let e = |rest: &str| [E, "/accounts/{said}", rest].concat();
        routes.vendor(Method::POST, &e("/devices"), USAGE, usage);
        routes.vendor(Method::GET, &e("/virtual-accounts/{vname}/devices"), LIST, list);
        routes.vendor(
            Method::POST,
            &e("/virtual-accounts/{vname}/devices/transfer"),
            TRANSFER,
            transfer,
        );
        routes.vendor(
            Method::POST,
            &e("/virtual-accounts/{vname}/devices/remove"),
            REMOVE,
            remove,
        );
        return;
    }
    let a = |rest: &str| [A, rest].concat();
    routes.vendor(Method::POST, &a("/v1/accounts/{said}/devices"), USAGE, usage);
    routes.vendor(
        Method::POST,
        &b("/licensing/v1/account/{said}/device/get-usage"),
        USAGE,
        usage,
    );
    for path in [
        a("/v1/accounts/{said}/virtual-accounts/{vname}/devices"),
        b("/licensing/v1/account/{said}/virtual-account/{vname}/device/search"),
        b("/licensing/v2/accounts/{said}/devices"),
    ] {
        routes.vendor(Method::GET, &path, LIST, list);
    }
    for path in [
        a("/v1/accounts/{said}/virtual-accounts/{vname}/devices/transfer"),
        b("/licensing/v1/account/{said}/virtual-account/{vname}/device/transfer"),
        b("/licensing/v2/accounts/{said}/devices/transfer"),
    ] {
        routes.vendor(Method::POST, &path, TRANSFER, transfer);
    }
    for path in [
        a("/v2/accounts/{said}/virtual-accounts/{vname}/devices/remove"),
        b("/licensing/v2/account/{said}/virtual-account/{vname}/device/remove-bulk"),
        b("/licensing/v3/accounts/{said}/devices/remove"),
    ] {
        routes.vendor(Method::POST, &path, REMOVE, remove);
    }
    for path in [
        a("/v1/accounts/{said}/virtual-accounts/{vname}/devices/remove"),
        b("/licensing/v1/account/{said}/virtual-account/{vname}/device/remove"),
    ] {
        routes.vendor(Method::POST, &path, "Remove one product instance.", remove_one);
    }
}

/// What a device uses of one license.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    license: String,
    quantity: String,
    start_date: String,
    end_date: Option<String>,
}

/// A product instance with what it uses. The name of the host stands there in both spellings that are known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    host_name: String,
    hostname: String,
    display_name: String,
    product_name: String,
    product_description: String,
    product_type: String,
    product_tag_name: String,
    virtual_account: String,
    status: &'static str,
    mode: &'static str,
    registration_date: String,
    last_contact_date: String,
    license_usage: Vec<Used>,
    sudi: Value,
}

impl From<Row> for Device {
    fn from(row: Row) -> Self {
        let device = row.device;
        Self {
            display_name: names::display_name(&device.pid, &device.serial),
            product_description: device.product.clone(),
            product_type: device.pid.clone(),
            product_tag_name: names::software_tag(&device.pid),
            virtual_account: row.virtual_account,
            status: super::licenses::compliance(matches!(
                row.told.authorization,
                Authorization::OutOfCompliance | Authorization::Expired
            )),
            mode: device.mode(),
            registration_date: time(device.registered_at),
            last_contact_date: time(device.contact_at),
            license_usage: row
                .told
                .lines
                .into_iter()
                .map(|line| Used {
                    license: line.name,
                    quantity: line.usage.quantity.to_string(),
                    start_date: time(line.usage.since),
                    end_date: None,
                })
                .collect(),
            sudi: names::sudi_of(&device),
            host_name: device.hostname.clone(),
            hostname: device.hostname,
            product_name: device.product,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceList {
    total_records: u64,
    status: &'static str,
    status_message: &'static str,
    devices: Vec<Device>,
}

fn find(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    places: Option<Vec<VirtualAccountId>>,
    typed: String,
    cut: Cut,
) -> Result<(u64, Vec<Row>)> {
    let filter = Filter {
        typed,
        places: places.unwrap_or_default(),
        ..Filter::default()
    };
    page_of(read, permit, &filter, cut)
}

/// How many product instances there are, and some of them by name.
pub fn page_of(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    cut: Cut,
) -> Result<(u64, Vec<Row>)> {
    let total = devices::count(read, permit, filter)?;
    let rows = devices::page(
        read,
        permit,
        filter,
        devices::BY_NAME,
        Some(total),
        cut.limit,
        cut.offset,
    )?;
    Ok((total, rows))
}

async fn usage(may: May<ViewInventory>, call: Call) -> Answer {
    let (wanted, cut) = (call.texts("virtualAccounts")?, call.cut()?);
    let (total, rows) = may
        .reads(move |r, permit| {
            let places = names::places(r, permit.within(), &wanted)?;
            find(r, permit, places, String::new(), cut)
        })
        .await?;
    crate::http::json(
        200,
        &DeviceList {
            total_records: total,
            status: "SUCCESS",
            status_message: "",
            devices: rows.into_iter().map(Device::from).collect(),
        },
    )
}

async fn list(may: May<ViewInventory>, call: Call) -> Answer {
    let (name, cut) = (call.place()?.to_owned(), call.cut()?);
    let typed = call.query("instanceName").unwrap_or_default().to_owned();
    let (total, rows) = may
        .reads(move |r, permit| {
            let place = names::place(r, permit, &name)?;
            find(r, permit, Some(vec![place.id]), typed, cut)
        })
        .await?;
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let device = &row.device;
            json!({
                "instanceName": if device.hostname.is_empty() {
                    names::display_name(&device.pid, &device.serial)
                } else {
                    device.hostname.clone()
                },
                "productTagName": names::software_tag(&device.pid), "sudi": names::sudi_of(device),
            })
        })
        .collect();
    done("", json!({ "totalRecords": total, "devices": rows }))
}

/// The Virtual Account of the request, in which somebody may do `A`.
async fn place<A: crate::authz::Does>(
    may: &May<A>,
    call: &Call,
) -> Result<crate::virtual_accounts::VirtualAccount> {
    let name = call.place()?.to_owned();
    may.reads(move |r, permit| names::place(r, permit, &name)).await
}

async fn transfer(may: May<Transfer>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let from = place(&may, &call).await?;
    let mut items: Vec<Value> = Vec::new();
    let mut moved = 0;
    for item in some(
        call.objects("productInstances")?,
        "productInstances",
        MOST,
        "items",
    )? {
        let target = item.text("targetVirtualAccount");
        let told = moved_one(&may, &view, &from, item, &target).await;
        let (status, says) = match told {
            Ok(says) => {
                moved += 1;
                ("SUCCESS", says)
            }
            Err(error) => ("WARNING", reason(error)?),
        };
        items.push(json!({
            "status": status, "statusMessage": says, "sudi": item.field("sudi"), "targetVirtualAccount": target,
            "productTagName": item.field("productTagName"), "sourceVirtualAccount": from.name,
        }));
    }
    let says = match items.first() {
        Some(first) if moved == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{moved} product instances transferred successfully."),
    };
    let status = match status_of(moved, items.len()) {
        "ERROR" => "FAILURE",
        other => other,
    };
    with_status(
        status,
        &says,
        json!({ "productsTransferStatus": items, "successCount": moved, "errorCount": items.len() - moved }),
    )
}

async fn moved_one(
    may: &May<Transfer>,
    view: &Permit<ViewInventory>,
    from: &crate::virtual_accounts::VirtualAccount,
    item: Object<'_>,
    target: &str,
) -> Result<String> {
    if target.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let (udi, target) = (names::udi(item)?, target.to_owned());
    let (view, permit, at, from_id) = (view.clone(), may.permit.clone(), may.portal.clock.now(), from.id);
    let occupants = may.portal.occupants.clone();
    let (name, to) = may
        .portal
        .db
        .write_locked(move |tx| {
            let device = devices::by_udi(tx, &view, &udi)?.device;
            if device.virtual_account != from_id {
                return Err(Error::NotFound);
            }
            let to = names::place(tx, &permit, &target)?;
            let these = Move {
                ids: vec![device.id],
                to: to.id,
            };
            let done = devices::transfer(tx, &view, &permit, &occupants, at, &these, None)?;
            Ok(done.map(|_| (device.name(), to.name)))
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(format!(
        "Device \u{2018}{name}\u{2019} successfully transferred from Virtual Account \u{2018}{}\u{2019} to Virtual Account \u{2018}{to}\u{2019}.",
        from.name
    ))
}

async fn remove(may: May<RemoveDevice>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let from = place(&may, &call).await?;
    // Both spellings are known, and may stand in one body.
    let mut wanted = Vec::new();
    for name in ["productInstacesRemoveRequests", "productInstancesRemoveRequests"] {
        if !call.field(name).is_null() {
            wanted.extend(call.objects(name)?);
        }
    }
    let mut items: Vec<Value> = Vec::new();
    let mut removed = 0;
    for item in some(wanted, "productInstancesRemoveRequests", MOST, "items")? {
        let sudi = item.within("sudi");
        let device = format!(
            "udiPid:{} udiSerialNumber:{} hostIdentifier: {}",
            sudi.text("udiPid"),
            sudi.text("udiSerialNumber"),
            sudi.text("hostIdentifier")
        );
        let (status, says) = match removed_one(&may, &view, from.id, item).await {
            Ok(name) => {
                removed += 1;
                (
                    "SUCCESS",
                    format!("The Product Instance {name} was successfully removed"),
                )
            }
            Err(error) => ("FAILURE", reason(error)?),
        };
        items.push(json!({ "status": status, "statusMessage": says, "device": device }));
    }
    let says = match items.first() {
        Some(first) if removed == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{removed} Product Instance  removed successfully."),
    };
    with_status(
        status_of(removed, items.len()),
        &says,
        json!({ "removeProductInstancesStatus": items }),
    )
}

async fn remove_one(may: May<RemoveDevice>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let from = place(&may, &call).await?;
    let name = removed_one(&may, &view, from.id, call.whole()).await?;
    done(
        &format!("The Product Instance {name} was successfully removed."),
        json!({}),
    )
}

async fn removed_one(
    may: &May<RemoveDevice>,
    view: &Permit<ViewInventory>,
    from: VirtualAccountId,
    item: Object<'_>,
) -> Result<String> {
    let (udi, code) = (names::udi(item)?, item.text("returnCode"));
    let any_code = may.portal.config.accept_device_codes;
    let (view, permit, at) = (view.clone(), may.permit.clone(), may.portal.clock.now());
    let name = may
        .portal
        .db
        .write_locked(move |tx| {
            let device = devices::by_udi(tx, &view, &udi)?.device;
            if device.virtual_account != from {
                return Err(Error::NotFound);
            }
            let name = device.name();
            if device.is_reserved {
                let code = match reservation::shown_by(tx, &device)? {
                    Some((shown, _)) if any_code && names::is_code(&code) => shown,
                    _ => code.clone(),
                };
                let done = reservation::give_back(tx, &view, &permit, at, device.id, &code)?;
                return Ok(done.map(|()| name.clone()));
            }
            let done = devices::remove(tx, &view, &permit, at, &[device.id], None)?;
            Ok(done.map(|_| name.clone()))
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(name)
}
