//! Reservations, for scripts.

use super::codes::RequestCode;
use super::service::{self, Whole, Wish};
use crate::authz::action::{RemoveDevice, ReserveLicenses, ViewInventory};
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/reservations",
        Api::says("License Reservation: sets licenses aside for the device that made the request code, and answers with its authorization code.")
            .takes::<ReservationBody>()
            .gives::<ReservationShape>(201)
            .once(),
        reserve,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/reservations/{reservation}",
        Api::says("One reservation with its authorization code.").gives::<ReservationShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/{device}/return-reservation",
        Api::says("Removes a product instance that holds a reservation: its return code is checked, and the licenses come back.")
            .takes::<ReturnBody>()
            .gives_nothing(),
        give_back,
    );
}

/// Some of a license.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReservationLineBody {
    /// What programs know the license by.
    entitlement: String,
    /// How many: of what is free.
    quantity: i64,
}

/// What is to be reserved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReservationBody {
    /// Whose licenses.
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    /// As the device shows it: XX-Z<pid>:<device>-<rand>-XX.
    request_code: String,
    licenses: Vec<ReservationLineBody>,
}

/// What proves that a device gave its licenses back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// Reservation Return Code.
    return_code: String,
}

/// Some of a license, of one term.
#[derive(Debug, Serialize, ToSchema)]
struct ReservationLineShape {
    entitlement: String,
    license: String,
    quantity: i64,
    ends_at: Option<Moment>,
}

/// A reservation.
#[derive(Debug, Serialize, ToSchema)]
struct ReservationShape {
    #[schema(value_type = String)]
    id: ReservationId,
    #[schema(value_type = String)]
    device: DeviceId,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    pid: String,
    serial: String,
    request_code: String,
    authorization_code: String,
    licenses: Vec<ReservationLineShape>,
    created_at: Moment,
    created_by: String,
    returned_at: Option<Moment>,
}

impl From<Whole> for ReservationShape {
    fn from(whole: Whole) -> Self {
        let one = whole.one;
        Self {
            id: one.id,
            device: one.device,
            virtual_account: one.virtual_account,
            virtual_account_name: whole.place,
            pid: one.pid,
            serial: one.serial,
            request_code: one.request_code,
            authorization_code: one.authorization_code,
            licenses: whole
                .lines
                .into_iter()
                .map(|line| ReservationLineShape {
                    entitlement: line.entitlement,
                    license: line.name,
                    quantity: line.quantity,
                    ends_at: line.ends_at,
                })
                .collect(),
            created_at: one.created_at,
            created_by: one.creator,
            returned_at: one.returned_at,
        }
    }
}

async fn reserve(may: May<ReserveLicenses>, key: IdempotencyKey, body: JsonBody<ReservationBody>) -> Answer {
    let once = body.once_key(&may, &key);
    let asked = body.value;
    let wish = Wish {
        id: ReservationId::new(),
        device: DeviceId::new(),
        place: asked.virtual_account,
        request: RequestCode::parse(&asked.request_code)
            .map_err(|says| Error::invalid("request_code", says))?,
        wanted: asked
            .licenses
            .into_iter()
            .map(|line| (line.entitlement, line.quantity))
            .collect(),
    };
    let (view, permit, at) = (
        may.also::<ViewInventory>().await?,
        may.permit.clone(),
        may.portal.clock.now(),
    );
    let occupants = may.portal.occupants.clone();
    let id = may
        .portal
        .db
        .write(move |tx| service::reserve(tx, &view, &permit, &occupants, at, &wish, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let whole = may
        .portal
        .db
        .read(move |r| service::find(r, &view, &permit, id))
        .await?;
    json(201, &ReservationShape::from(whole))
}

async fn one(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let whole = may
        .portal
        .db
        .read(move |r| service::find(r, &view, &permit, id.0))
        .await?;
    json(200, &ReservationShape::from(whole))
}

async fn give_back(may: May<RemoveDevice>, id: PathPart<DeviceId>, body: JsonBody<ReturnBody>) -> Answer {
    let (view, permit, at) = (
        may.also::<ViewInventory>().await?,
        may.permit.clone(),
        may.portal.clock.now(),
    );
    let (id, typed) = (id.0, body.value.return_code);
    may.portal
        .db
        .write(move |tx| {
            service::give_back(tx, &view, &permit, at, id, &typed).map_err(|error| match error {
                // The field has another name here.
                Error::Invalid(problems) => Error::invalid(
                    "return_code",
                    problems
                        .list()
                        .first()
                        .map_or("", |problem| problem.says.as_str()),
                ),
                other => other,
            })
        })
        .await?;
    may.portal.jobs.nudge();
    nothing()
}
