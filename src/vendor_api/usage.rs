//! What product instances that report by policy, and their proxies, report and fetch: usage goes in, a number is told, and
//! under that number the acknowledgements are fetched. Reports are counted by the room of the product instances.

use super::body::{Call, MISSING, Object, some};
use super::by_policy::{no_device, place, stamp, well_formed};
use super::face::NO_POLL;
use super::names;
use super::paths::{A, B};
use crate::authz::Permit;
use crate::authz::action::{RemoveDevice, ReportUsage, ReserveLicenses, ViewInventory};
use crate::devices::policy::payload::{Report, Sent};
use crate::devices::policy::{self, Arrival, Bundle, Replays, Taken, Way, files};
use crate::devices::{self, Udi, reservation};
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes, Visit, json};
use crate::kernel::Event;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use crate::platform::token;
use actix_web::http::Method;
use data_encoding::BASE64;
use serde_json::{Value, json};

/// So many product instances report in one request.
const MOST: usize = 100;
/// In so many seconds a program asks again, unless it knows better.
const INTERVAL: i64 = 300;
const ACKNOWLEDGEMENTS: &str = "acknowledgements";
const AUTHORIZATIONS: &str = "authorizations";
const REMOVED: &str = "remove_status";

pub fn routes(routes: &mut Routes) {
    const REPORT: &str =
        "Usage reports of product instances that report by policy: all of them are counted, or none.";
    const AUTHORIZE: &str = "Authorization codes for enforced licenses of product instances that report by policy, or their return.";
    const POLL: &str = "What became of an earlier request, under the number that it was told.";
    let a = |rest: &str| [A, rest].concat();
    let b = |rest: &str| [B, "/licensing", rest].concat();
    routes.vendor(Method::POST, &a("/v2/devices/reportusage"), REPORT, report);
    routes.vendor(Method::POST, &b("/v2/report-usage"), REPORT, report);
    routes.vendor(
        Method::POST,
        &b("/v2/report-usage-legacy"),
        "Usage files of product instances that report by policy, in base64: all of them are counted, or none.",
        report_files,
    );
    routes.vendor(
        Method::POST,
        &b("/v2/device/remove"),
        "Remove product instances that report by policy.",
        remove,
    );
    routes.vendor(Method::POST, &a("/v2/devices/authrequest"), AUTHORIZE, authorize);
    routes.vendor(
        Method::POST,
        &b("/v2/device/request-auth-codes"),
        AUTHORIZE,
        authorize,
    );
    routes.vendor(Method::POST, &a("/v2/accounts/poll"), POLL, poll);
    routes.vendor(Method::POST, &b("/v2/poll"), POLL, poll);
}

/// The number under which somebody fetches what became of a request: of ten digits, which every client can hold.
pub fn new_number() -> i64 {
    let dice = i64::from(u32::from_le_bytes(token::random_bytes())) << 4
        | i64::from(token::random_bytes::<1>()[0] & 15);
    1_000_000_000 + dice % 8_999_999_999
}

/// What a request is answered with whose outcome is fetched later.
pub fn told_later(visit: &Visit, call: &Call, number: i64, action: &str) -> Answer {
    let data = call.data();
    // One family describes texts where the other has numbers.
    let told = |n: i64| {
        if call.is_below(B) {
            Value::from(n.to_string())
        } else {
            Value::from(n)
        }
    };
    json(
        202,
        &json!({
            "status": "OK_POLL", "message_code": null, "message": null,
            "timestamp": stamp(data, visit.portal.clock.now()), "nonce": data.field("nonce"), "type": null,
            "poll_id": told(number), "poll_interval": told(INTERVAL), "action": action,
        }),
    )
}

/// One product instance that reports, with what it sent.
struct Reporting {
    udi: Udi,
    hostname: String,
    id: DeviceId,
    reports: Vec<Report>,
}

fn reporting(request: Object<'_>, sent: &[Sent], any: bool) -> Result<Reporting> {
    let udi = names::udi(request)?;
    let reports = sent
        .iter()
        .map(|one| one.read(any).map_err(Error::Refused))
        .collect::<Result<Vec<Report>>>()?;
    if reports.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    if reports.iter().any(|report| report.udi.key() != udi.key()) {
        return Err(Error::invalid(
            "sudi",
            format!("A report among those of {udi} is of another product instance."),
        ));
    }
    let hostname = crate::kernel::pasted::line(&request.text("hostname"));
    Ok(Reporting {
        udi,
        hostname: hostname.chars().take(253).collect(),
        id: DeviceId::new(),
        reports,
    })
}

async fn report(may: May<ReportUsage>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&view, &may, &call).await?;
    well_formed(&call)?;
    let any = may.portal.config.accept_device_codes;
    let all = some(
        call.data().objects("reports")?,
        "reports",
        MOST,
        "product instances",
    )?
    .into_iter()
    .map(|one| {
        let sent = some(one.objects("usage")?, "usage", files::MOST_REPORTS, "reports")?
            .into_iter()
            .map(|usage| {
                let shape =
                    json!({ "payload": usage.field("payload"), "signature": usage.field("signature") });
                Sent::of(&shape).map_err(Error::Refused)
            })
            .collect::<Result<Vec<Sent>>>()?;
        reporting(one, &sent, any)
    })
    .collect::<Result<Vec<Reporting>>>()?;
    counted(&may, &call, place, &view, all).await
}

async fn report_files(may: May<ReportUsage>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&view, &may, &call).await?;
    well_formed(&call)?;
    let any = may.portal.config.accept_device_codes;
    let all = some(
        call.data().objects("reports")?,
        "reports",
        MOST,
        "product instances",
    )?
    .into_iter()
    .map(|one| {
        let file = BASE64
            .decode(one.text("licenses").as_bytes())
            .map_err(|_| Error::invalid("licenses", "licenses is a usage file in base64."))?;
        reporting(one, &files::reports(&file)?, any)
    })
    .collect::<Result<Vec<Reporting>>>()?;
    counted(&may, &call, place, &view, all).await
}

/// Counts all of it, or nothing.
async fn counted(
    may: &May<ReportUsage>,
    call: &Call,
    place: VirtualAccountId,
    view: &Permit<ViewInventory>,
    all: Vec<Reporting>,
) -> Answer {
    let (permit, view, at) = (may.permit.clone(), view.clone(), may.portal.clock.now());
    let (occupants, number) = (may.portal.occupants.clone(), new_number());
    may.portal
        .db
        .write_locked(move |tx| {
            policy::place(tx, &view, &permit, place)?;
            let account = permit.within().account()?;
            let arrival = Arrival {
                account,
                place,
                who: permit.who().clone(),
                at,
                way: Way::Api,
            };
            let bundles: Vec<Bundle<'_>> = all
                .iter()
                .map(|one| Bundle {
                    id: one.id,
                    hostname: &one.hostname,
                    reports: one.reports.iter().collect(),
                })
                .collect();
            let taken = policy::take_all(tx, &occupants, &arrival, &bundles, Replays::Refused)?;
            let events: Vec<Event> = taken.iter().flat_map(Taken::events).collect();
            let answer = all
                .iter()
                .map(|one| {
                    let ids: Vec<&str> = one.reports.iter().map(|report| report.id.as_str()).collect();
                    json!({ "pid": one.udi.pid, "serial": one.udi.serial, "reports": ids, "at": at })
                })
                .collect();
            policy::keep(
                tx,
                account,
                number,
                at,
                place,
                (ACKNOWLEDGEMENTS, &Value::Array(answer)),
            )?;
            tx.record_all(at, permit.who(), &events, ())
        })
        .await?;
    may.portal.jobs.nudge();
    told_later(may, call, number, ACKNOWLEDGEMENTS)
}

/// What one product instance asks: licenses, or to give its authorization code back.
struct Asking {
    udi: Udi,
    wish: Option<reservation::Wish>,
    remove_code: String,
}

fn asking(request: Object<'_>, place: VirtualAccountId) -> Result<Asking> {
    let udi = names::udi(request)?;
    let remove_code = request.text("remove_code");
    let keys = match request.field("keys") {
        Value::Null => Vec::new(),
        _ => request.objects("keys")?,
    };
    let wanted = keys
        .into_iter()
        .map(|key| {
            let quantity = key.number("count")?.filter(|count| *count > 0);
            let quantity =
                quantity.ok_or_else(|| Error::invalid("count", "count is a whole number from 1."))?;
            Ok((names::entitlement_of(&key.text("entitlement")), quantity))
        })
        .collect::<Result<Vec<(String, i64)>>>()?;
    let wish = if wanted.is_empty() {
        None
    } else {
        Some(reservation::Wish {
            id: ReservationId::new(),
            device: DeviceId::new(),
            place,
            request: reservation::request_of(&udi)?,
            wanted,
        })
    };
    if wish.is_none() == remove_code.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    Ok(Asking {
        udi,
        wish,
        remove_code,
    })
}

async fn authorize(may: May<ReserveLicenses>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&view, &may, &call).await?;
    well_formed(&call)?;
    // One in a request: all of it is done, or nothing.
    let one = some(
        call.data().objects("licenses")?,
        "licenses",
        1,
        "product instance",
    )?
    .into_iter()
    .next()
    .ok_or_else(|| Error::BadRequest(MISSING.into()))?;
    let one = asking(one, place)?;
    let number = new_number();
    let occupants = may.portal.occupants.clone();
    may.does(move |tx, permit, at| {
        let account = permit.within().account()?;
        let both = (&view, permit);
        let mut document = String::new();
        let done = match &one.wish {
            Some(wish) => {
                let done = reservation::authorize(tx, both, &occupants, at, (wish, true), None)?;
                let whole = reservation::find(tx, &view, permit, wish.id)?;
                document = format!(
                    "<smartLicenseAuthorization><authorizationCode>{}</authorizationCode></smartLicenseAuthorization>",
                    whole.one.authorization_code
                );
                done.map(|_| ())
            }
            None => {
                let found = match devices::by_udi(tx, &view, &one.udi) {
                    Err(Error::NotFound) => None,
                    found => Some(found?.device),
                };
                let Some(device) =
                    found.filter(|one| one.policy.is_some() && one.virtual_account == place)
                else {
                    return Err(no_device());
                };
                reservation::return_authorization(tx, both, at, device.id, &one.remove_code)?
            }
        };
        let answer = json!([{ "pid": one.udi.pid, "serial": one.udi.serial, "document": document }]);
        policy::keep(tx, account, number, at, place, (AUTHORIZATIONS, &answer))?;
        Ok(done)
    })
    .await?;
    may.portal.jobs.nudge();
    told_later(&may, &call, number, AUTHORIZATIONS)
}

async fn remove(may: May<RemoveDevice>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&view, &may, &call).await?;
    well_formed(&call)?;
    let udis = some(
        call.data().objects("devices")?,
        "devices",
        MOST,
        "product instances",
    )?
    .into_iter()
    .map(names::udi)
    .collect::<Result<Vec<Udi>>>()?;
    let number = new_number();
    may.does(move |tx, permit, at| {
        let mut ids = Vec::new();
        let mut answer = Vec::new();
        for udi in &udis {
            let found = match devices::by_udi(tx, &view, udi) {
                Err(Error::NotFound) => None,
                found => Some(found?.device),
            };
            let Some(device) = found.filter(|one| one.policy.is_some() && one.virtual_account == place)
            else {
                return Err(no_device());
            };
            ids.push(device.id);
            answer.push(json!({ "pid": udi.pid, "serial": udi.serial, "at": at }));
        }
        let account = permit.within().account()?;
        policy::keep(tx, account, number, at, place, (REMOVED, &Value::Array(answer)))?;
        devices::remove(tx, &view, permit, at, &ids, None)
    })
    .await?;
    may.portal.jobs.nudge();
    told_later(&may, &call, number, REMOVED)
}

async fn poll(may: May<ReportUsage>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let place = place(&view, &may, &call).await?;
    well_formed(&call)?;
    let data = call.data();
    let number = data
        .number("poll_id")?
        .ok_or_else(|| Error::BadRequest(MISSING.into()))?;
    let asked = data.text("action");
    let signing = may.portal.signing.clone();
    let (action, answers) = may
        .does(move |tx, permit, at| {
            let account = permit.within().account()?;
            let found = policy::kept(tx, account, number)?
                .filter(|one| one.virtual_account == place)
                // What it calls itself decides, whatever its `type` says.
                .filter(|one| asked.is_empty() || asked.eq_ignore_ascii_case(&one.action))
                .ok_or_else(|| Error::refused(NO_POLL, "Specified poll ID is not valid"))?;
            let kept: Vec<Value> = serde_json::from_str(&found.answer).map_err(Error::internal)?;
            let rules = policy::of_account(tx, account)?;
            let (mut events, mut answers) = (Vec::new(), Vec::new());
            for one in kept {
                let text = |name: &str| {
                    one.get(name)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                let udi = Udi {
                    pid: text("pid"),
                    serial: text("serial"),
                };
                let reports: Vec<String> =
                    serde_json::from_value(one.get("reports").cloned().unwrap_or_default())
                        .unwrap_or_default();
                let document = if found.action == ACKNOWLEDGEMENTS {
                    let received =
                        serde_json::from_value(one.get("at").cloned().unwrap_or_default()).unwrap_or(at);
                    let next = policy::next_report(tx, account, &udi)?;
                    events.extend(policy::acknowledge(tx, at, account, &udi, &reports)?);
                    policy::acknowledgement_of(signing.files(), &udi, &reports, received, next, &rules)?
                } else {
                    text("document")
                };
                answers.push((udi, document));
            }
            tx.record_all(at, permit.who(), &events, (found.action, answers))
        })
        .await?;
    complete(&may, &call, &action, &answers)
}

/// What was asked for is there.
fn complete(visit: &Visit, call: &Call, action: &str, answers: &[(Udi, String)]) -> Answer {
    let data = call.data();
    let rows: Vec<Value> = answers
        .iter()
        .map(|(udi, document)| {
            let whole = format!("<smartLicense>{document}</smartLicense>");
            let license = (!document.is_empty()).then(|| BASE64.encode(whole.as_bytes()));
            json!({
                "product_instance_identifier": null,
                "sudi": { "udi_pid": udi.pid, "udi_serial_number": udi.serial },
                "software_tag_identifier": names::software_tag(&udi.pid), "smart_license": license,
                "auth_status": [], "error_code": null, "status": "SUCCESS", "status_message": "",
                "correlation_id": visit.request_id,
            })
        })
        .collect();
    // Described as license_data; live answers call the list by what was asked for.
    json(
        200,
        &json!({
            "status": "COMPLETE", "message_code": "", "message": "",
            "timestamp": stamp(data, visit.portal.clock.now()), "nonce": data.field("nonce"), "type": action,
            "correlation_id": visit.request_id, "data": { action: rows, "license_data": rows },
        }),
    )
}
