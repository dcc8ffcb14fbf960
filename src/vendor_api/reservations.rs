//! Licenses that are reserved for devices that never call: reserve, update, confirm. Each request of a list is done or refused
//! on its own, and the list of codes is there in any case.

use super::body::{Call, MISSING, Object, some};
use super::face::{done, reason, status_of, time, with_status};
use super::licenses::term;
use super::names;
use super::paths::{A, B, E};
use super::transfers::precedence;
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::catalog;
use crate::devices::reservation::codes::RequestCode;
use crate::devices::reservation::{self, Whole, Wish};
use crate::devices::{self};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes, SignedIn};
use crate::kernel::Edition;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use actix_web::http::Method;
use serde_json::{Value, json};

/// So many requests stand in one list.
const MOST: usize = 100;

pub fn routes(routes: &mut Routes, edition: Edition) {
    const RESERVE: &str = "Reserve licenses for devices that never call, with their request codes.";
    const UPDATE: &str = "Change what is reserved for devices.";
    const CONFIRM: &str = "Confirm that devices have installed the codes of updates.";
    if edition.is_on_prem() {
        let e = |rest: &str| [E, "/accounts/{said}/virtual-accounts/{vname}", rest].concat();
        routes.vendor(Method::POST, &e("/reserve-licenses"), RESERVE, reserve);
        routes.vendor(Method::POST, &e("/update-licenses"), UPDATE, update);
        routes.vendor(Method::POST, &e("/confirm-licenses"), CONFIRM, confirm);
        return;
    }
    let a = |version: &str, rest: &str| {
        format!("{A}/{version}/accounts/{{said}}/virtual-accounts/{{vname}}/{rest}")
    };
    let b = |rest: &str| [B, "/licensing", rest].concat();
    for path in [
        a("v1", "reserve-licenses"),
        a("v2", "reserve-licenses"),
        b("/v1/account/{said}/virtual-account/{vname}/licenses/reserve"),
        b("/v2/account/{said}/virtual-account/{vname}/licenses/reserve"),
    ] {
        routes.vendor(Method::POST, &path, RESERVE, reserve);
    }
    for path in [
        b("/v2/account/{said}/licenses/reserve-bulk"),
        b("/v2/accounts/{said}/licenses/reserve"),
    ] {
        routes.vendor(Method::POST, &path, RESERVE, reserve_in_many);
    }
    for path in [
        a("v1", "update-licenses"),
        b("/v1/account/{said}/virtual-account/{vname}/update-slr"),
        b("/v2/accounts/{said}/licenses/update"),
    ] {
        routes.vendor(Method::POST, &path, UPDATE, update);
    }
    for path in [
        a("v1", "confirm-licenses"),
        b("/v1/account/{said}/virtual-account/{vname}/confirm-slr-update"),
        b("/v2/accounts/{said}/licenses/confirm"),
    ] {
        routes.vendor(Method::POST, &path, CONFIRM, confirm);
    }
    routes.vendor(
        Method::POST,
        &b("/v1/search-slr-details"),
        "Which licenses can be reserved for which software.",
        entitlements,
    );
}

/// What to reserve: licenses by their tags, and how many of each.
fn wanted(request: Object<'_>) -> Result<Vec<(String, i64)>> {
    request
        .objects("licenses")?
        .into_iter()
        .map(|line| {
            let tag = line.text("entitlementTag");
            if tag.is_empty() {
                return Err(Error::BadRequest(MISSING.into()));
            }
            precedence(&line.text("precedence"))?;
            let quantity = line
                .number("quantity")?
                .filter(|quantity| *quantity > 0)
                .ok_or_else(|| Error::invalid("quantity", "quantity is a whole number from 1."))?;
            Ok((names::entitlement_of(&tag), quantity))
        })
        .collect()
}

/// A reservation as scripts know it. `code` is what the device is to install next.
fn shape(whole: &Whole, code: &str) -> Value {
    let one = &whole.one;
    let licenses: Vec<Value> = whole
        .lines
        .iter()
        .map(|line| {
            let kind = if line.ends_at.is_some() {
                "TERM"
            } else {
                catalog::entitlement(&line.entitlement)
                    .map_or("PERPETUAL", |known| match known.term {
                        catalog::Term::Perpetual => term(known.term),
                        _ => "PERPETUAL",
                    })
            };
            json!({ "licenseType": kind, "quantity": line.quantity, "endDate": line.ends_at.map(time), "name": line.name })
        })
        .collect();
    json!({
        "reservationCode": one.request_code, "authorizationCode": code,
        "productInstance": names::display_name(&one.pid, &one.serial).trim_end_matches("; "),
        "productTagName": names::software_tag(&one.pid), "productType": one.pid,
        "sudi": names::sudi(&one.pid, &one.serial, ""), "licenses": licenses,
    })
}

fn told(status: &str, says: &str, mut fields: Value) -> Value {
    if let Some(map) = fields.as_object_mut() {
        map.insert("status".to_owned(), status.into());
        map.insert("statusMessage".to_owned(), says.into());
    }
    fields
}

async fn whole(may: &May<ReserveLicenses>, view: &Permit<ViewInventory>, id: ReservationId) -> Result<Whole> {
    let view = view.clone();
    may.reads(move |r, permit| reservation::find(r, &view, permit, id))
        .await
}

async fn reserve_one(
    may: &May<ReserveLicenses>,
    view: &Permit<ViewInventory>,
    place: VirtualAccountId,
    request: Object<'_>,
) -> Result<Value> {
    if request.text("reservationType").eq_ignore_ascii_case("UNIVERSAL") {
        return Err(Error::invalid(
            "reservationType",
            "Universal reservations are not offered here: name the licenses and reserve SPECIFIC.",
        ));
    }
    let wish = Wish {
        id: ReservationId::new(),
        device: DeviceId::new(),
        place,
        request: RequestCode::parse(&request.text("reservationCode"))
            .map_err(|says| Error::invalid("reservationCode", says))?,
        wanted: wanted(request)?,
    };
    let (seen, id) = (view.clone(), wish.id);
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, permit, at| reservation::reserve(tx, &seen, permit, &occupants, at, &wish, None))
        .await?;
    may.portal.jobs.nudge();
    let whole = whole(may, view, id).await?;
    let code = whole.one.authorization_code.clone();
    Ok(shape(&whole, &code))
}

async fn reserve_all(
    may: &May<ReserveLicenses>,
    view: &Permit<ViewInventory>,
    requests: Vec<(VirtualAccountId, Object<'_>)>,
) -> Answer {
    let mut items = Vec::with_capacity(requests.len());
    let mut made = 0;
    for (place, request) in requests {
        items.push(match reserve_one(may, view, place, request).await {
            Ok(shape) => {
                made += 1;
                told("SUCCESS", "Authorization code generated successfully", shape)
            }
            Err(error) => told(
                "ERROR",
                &reason(error)?,
                json!({ "reservationCode": request.field("reservationCode"), "authorizationCode": null, "licenses": [] }),
            ),
        });
    }
    summed_up(&items, made, "reservation requests", &["authorizationCodes"])
}

fn summed_up(items: &[Value], made: usize, what: &str, lists: &[&str]) -> Answer {
    let says = match items.first() {
        Some(first) if made == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{made} {what} processed successfully"),
    };
    let mut fields = json!({});
    if let Some(map) = fields.as_object_mut() {
        for name in lists {
            map.insert((*name).to_owned(), Value::Array(items.to_vec()));
        }
    }
    with_status(status_of(made, items.len()), &says, fields)
}

async fn place(may: &May<ReserveLicenses>, name: &str) -> Result<VirtualAccountId> {
    let name = name.to_owned();
    let place = may.reads(move |r, permit| names::place(r, permit, &name)).await?;
    Ok(place.id)
}

async fn reserve(may: May<ReserveLicenses>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&may, call.place()?).await?;
    let requests = some(
        call.objects("reservationRequests")?,
        "reservationRequests",
        MOST,
        "requests",
    )?;
    let requests = requests.into_iter().map(|one| (place, one)).collect();
    reserve_all(&may, &view, requests).await
}

async fn reserve_in_many(may: May<ReserveLicenses>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let mut requests = Vec::new();
    for one in some(
        call.objects("virtualAccounts")?,
        "virtualAccounts",
        MOST,
        "requests",
    )? {
        let place = place(&may, &one.text("name")).await?;
        for request in one.objects("reservationRequests")? {
            requests.push((place, request));
        }
    }
    if requests.is_empty() || requests.len() > MOST {
        return Err(Error::invalid(
            "reservationRequests",
            format!("Send 1 to {MOST} requests."),
        ));
    }
    reserve_all(&may, &view, requests).await
}

async fn update_one(
    may: &May<ReserveLicenses>,
    view: &Permit<ViewInventory>,
    place: VirtualAccountId,
    request: Object<'_>,
) -> Result<Value> {
    let (udi, changes) = (names::udi(request)?, wanted(request)?);
    let seen = view.clone();
    let id = may
        .does(move |tx, permit, at| {
            let device = devices::by_udi(tx, &seen, &udi)?.device;
            if device.virtual_account != place {
                return Err(Error::NotFound);
            }
            let (_, whole) = reservation::held_by(tx, &seen, permit, device.id)?;
            // What is not named stays as it is.
            let mut all = reservation::by_license(&whole.lines);
            for (license, quantity) in &changes {
                all.insert(license.clone(), *quantity);
            }
            let all: Vec<(String, i64)> = all.into_iter().collect();
            let id = whole.one.id;
            Ok(reservation::update(tx, &seen, permit, at, id, &all)?.map(|()| id))
        })
        .await?;
    may.portal.jobs.nudge();
    let mut whole = whole(may, view, id).await?;
    let code = whole.one.newest_code().to_owned();
    whole.lines = whole.one.pending();
    Ok(shape(&whole, &code))
}

async fn update(may: May<ReserveLicenses>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&may, call.place()?).await?;
    let requests = some(
        call.objects("reservationUpdateRequests")?,
        "reservationUpdateRequests",
        MOST,
        "requests",
    )?;
    let mut items = Vec::with_capacity(requests.len());
    let mut made = 0;
    for request in requests {
        items.push(match update_one(&may, &view, place, request).await {
            Ok(shape) => {
                made += 1;
                told("SUCCESS", "Authorization code generated successfully", shape)
            }
            Err(error) => told(
                "FAILURE",
                &reason(error)?,
                json!({ "sudi": request.field("sudi"), "productTagName": request.field("productTagName"), "licenses": [] }),
            ),
        });
    }
    // One client reads the one name, and the description has the other.
    summed_up(
        &items,
        made,
        "reservation requests",
        &["authorizationCodes", "autorizationCodes"],
    )
}

async fn confirm_one(
    may: &May<ReserveLicenses>,
    view: &Permit<ViewInventory>,
    place: VirtualAccountId,
    request: Object<'_>,
) -> Result<()> {
    let (udi, code) = (names::udi(request)?, request.text("confirmationCode"));
    let any_code = may.portal.config.accept_device_codes;
    let view = view.clone();
    may.does(move |tx, permit, at| {
        let device = devices::by_udi(tx, &view, &udi)?.device;
        if device.virtual_account != place {
            return Err(Error::NotFound);
        }
        let (_, whole) = reservation::held_by(tx, &view, permit, device.id)?;
        let code = match reservation::shown_by(tx, &device)? {
            Some((_, shown)) if any_code && names::is_code(&code) => shown,
            _ => code.clone(),
        };
        reservation::confirm(tx, &view, permit, at, whole.one.id, &code)
    })
    .await?;
    may.portal.jobs.nudge();
    Ok(())
}

async fn confirm(may: May<ReserveLicenses>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&may, call.place()?).await?;
    let name = "reservationConfirmationRequests";
    let requests = some(call.objects(name)?, name, MOST, "requests")?;
    let mut items = Vec::with_capacity(requests.len());
    let mut made = 0;
    for request in requests {
        let (status, says) = match confirm_one(&may, &view, place, request).await {
            Ok(()) => {
                made += 1;
                ("SUCCESS", "Update confirmed".to_owned())
            }
            Err(error) => ("ERROR", reason(error)?),
        };
        items.push(json!({
            "status": status, "statusMessage": says, "confirmation_code": request.field("confirmationCode"),
            "sudi": request.field("sudi"), "productTagName": request.field("productTagName"),
        }));
    }
    let says = match items.first() {
        Some(first) if made == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{made} update requests processed successfully"),
    };
    // One object although the request is a list; all of them stand beside it.
    with_status(
        status_of(made, items.len()),
        &says,
        json!({ "data": items.first(), "confirmations": items }),
    )
}

async fn entitlements(_who: SignedIn, call: Call) -> Answer {
    let tags = call.texts("softwareTags")?;
    if tags.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let data: Vec<Value> = tags
        .iter()
        .take(MOST)
        .filter_map(|tag| {
            let product = names::product_of(tag)?;
            let item = catalog::find(product)?;
            let entitlements: Vec<Value> = item
                .entitlements
                .iter()
                .map(|one| {
                    let restricted =
                        catalog::entitlement(&one.key).is_some_and(|known| known.export_controlled);
                    json!({
                        "type": "SPECIFIC", "entitlementTag": names::entitlement_tag(&one.key),
                        "Export": if restricted { "True" } else { "False" }, "UDI_PID": product,
                    })
                })
                .collect();
            Some(json!({ "softwareTag": tag, "entitlements": entitlements }))
        })
        .collect();
    done(
        "Fetched software tags",
        json!({ "status_message": "Fetched software tags", "data": data }),
    )
}
