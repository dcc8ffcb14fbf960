//! A product instance by what is written on it, in whatever account of the person it is.

use super::body::{Call, MISSING};
use super::face::{millis, time};
use super::names;
use super::paths::B;
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::authz::grants;
use crate::devices::{self, Filter, Row};
use crate::error::Error;
use crate::http::{Answer, Routes, SignedIn, json};
use crate::virtual_accounts;
use actix_web::http::Method;
use serde_json::{Value, json};

/// So many are found at most.
const MOST: u64 = 100;

pub fn routes(routes: &mut Routes) {
    routes.vendor(
        Method::GET,
        &[B, "/licensing/v2/device/search"].concat(),
        "Which account and Virtual Account a product instance is in.",
        search,
    );
}

async fn search(who: SignedIn, call: Call) -> Answer {
    call.needs_system()?;
    let of = |name: &str| call.query(name).unwrap_or_default().trim().to_owned();
    let (pid, serial, host) = (of("udi_pid"), of("udi_serial_number"), of("host_identifier"));
    if serial.is_empty() && host.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let (actor, wall) = (who.actor().clone(), who.portal.clock.wall());
    let person = actor.person.id;
    let found: Vec<Value> = who
        .portal
        .db
        .read(move |r| {
            let mut found = Vec::new();
            for mine in super::accounts::of_person(r, person)? {
                let account = mine.account.id;
                let Some((tenant, held)) = grants::standing_in(r, account, person)? else {
                    continue;
                };
                let Ok(permit) = Permit::<ViewInventory>::ask(actor.clone(), Some(&tenant), &held, wall)
                else {
                    continue;
                };
                let filter = Filter {
                    typed: if serial.is_empty() {
                        host.clone()
                    } else {
                        serial.clone()
                    },
                    ..Filter::default()
                };
                let rows = devices::page(r, &permit, &filter, devices::BY_NAME, None, MOST, 0)?;
                let same = |typed: &str, is: &str| typed.is_empty() || typed.eq_ignore_ascii_case(is);
                for row in rows.into_iter().filter(|row| {
                    same(&serial, &row.device.serial)
                        && same(&pid, &row.device.pid)
                        && same(&host, &row.device.hostname)
                }) {
                    let place = virtual_accounts::these(r, account, &[row.device.virtual_account])?.pop();
                    let place = place.ok_or(Error::NotFound)?;
                    found.push(shape(&row, &tenant, &place));
                }
            }
            Ok(found)
        })
        .await?;
    let (code, says) = if found.is_empty() {
        ("NO_DATA_FOUND", "No data found")
    } else {
        ("DMS-SUCCESS", "SUCCESS")
    };
    json(
        200,
        &json!({
            "status": "COMPLETE", "message_code": code, "message": says, "timestamp": millis(who.portal.clock.now()),
            "data": found,
        }),
    )
}

fn shape(row: &Row, tenant: &crate::authz::Tenant, place: &virtual_accounts::VirtualAccount) -> Value {
    let device = &row.device;
    let licenses: Vec<Value> = row
        .told
        .lines
        .iter()
        .map(|line| {
            let is_short = line.status == devices::UseStatus::OutOfCompliance;
            json!({
                "license": names::entitlement_tag(&line.usage.entitlement), "description": line.name,
                "quantity": line.usage.quantity, "utility": false, "display_name": line.name,
                "compliance_status": if is_short { "OOC" } else { "OK" }, "subscription_id": null, "end_date": null,
            })
        })
        .collect();
    json!({
        "sudi": names::sudi_of(device), "software_tag": names::software_tag(&device.pid),
        "last_contact_date": time(device.contact_at),
        "account": {
            "name": tenant.name, "domain": tenant.domain, "account_id": tenant.number.to_string(),
            "virtual_account_name": place.name, "virtual_account_id": place.number.to_string(), "default": place.is_default,
        },
        "licenses": licenses,
    })
}
