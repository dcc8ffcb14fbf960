//! Reservations, for scripts.

use super::super::service as devices;
use super::codes::RequestCode;
use super::rehost::{self, Replacement};
use super::service::{self, Whole, Wish};
use super::store::{Ended, Line};
use super::ways_pages::note;
use super::{returns, updates};
use crate::authz::action::{RemoveDevice, ReserveLicenses, ViewInventory};
use crate::error::{Error, Problems};
use crate::http::form::PathPart;
use crate::http::reply::nothing;
use crate::http::{Answer, Api, IdempotencyKey, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use crate::kernel::text::case_number;
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
        "/api/v1/accounts/{said}/reservations/{reservation}/update",
        Api::says("Update Reserved Licenses: says all that is to be reserved, and answers with the authorization code of the update. More is set aside at once; less comes back with the confirmation code.")
            .takes::<UpdateReservationBody>()
            .gives::<ReservationShape>(200),
        update,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/reservations/{reservation}/confirm",
        Api::says("Enters the confirmation code that the device shows once it has installed the authorization code of an update.")
            .takes::<ConfirmReservationBody>()
            .gives::<ReservationShape>(200),
        confirm,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/reservations/{reservation}/rehost",
        Api::says("Rehost Licenses from a Failed Product: what is reserved goes to the device that made the request code. The failed one is removed, and its return code is not taken any more.")
            .takes::<RehostBody>()
            .gives::<ReservationShape>(201)
            .once(),
        rehost,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/devices/{device}/remove-reservation",
        Api::says("Removes a product instance with a reservation under a case, when it is dead or lost and can give no return code: the licenses come back.")
            .takes::<RemoveReservationBody>()
            .gives_nothing(),
        remove_under_case,
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
pub(super) struct ReservationLineBody {
    /// What programs know the license by.
    entitlement: String,
    /// How many: of what is free.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    quantity: i64,
}

impl ReservationLineBody {
    /// The license, and how many of it.
    pub(super) fn pair(self) -> (String, i64) {
        (self.entitlement, self.quantity)
    }
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
    #[schema(min_items = 1, max_items = 50)]
    licenses: Vec<ReservationLineBody>,
}

/// What proves that a device gave its licenses back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// Reservation Return Code.
    #[schema(min_length = 1)]
    return_code: String,
}

/// All that is to be reserved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateReservationBody {
    /// What is not named is reserved no more.
    licenses: Vec<ReservationLineBody>,
}

/// What proves that a device works by an update.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmReservationBody {
    /// As the device shows it.
    confirmation_code: String,
}

/// The device that takes the place of a failed one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RehostBody {
    /// Of the replacement: XX-Z<pid>:<device>-<rand>-XX.
    request_code: String,
    /// For the event log.
    #[serde(default)]
    #[schema(max_length = 400)]
    note: String,
}

/// Under what it is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RemoveReservationBody {
    /// The number of the active case.
    #[schema(min_length = 3, max_length = 40, pattern = "^[A-Za-z0-9-]+$")]
    case_number: String,
}

/// An update of a reservation that the device has not confirmed.
#[derive(Debug, Serialize, ToSchema)]
struct ReservationUpdateShape {
    authorization_code: String,
    licenses: Vec<ReservationLineShape>,
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
pub(super) struct ReservationShape {
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
    /// All that is set aside; while an update waits, what was reserved before and what is to be.
    licenses: Vec<ReservationLineShape>,
    /// The update that waits for its confirmation code.
    update: Option<ReservationUpdateShape>,
    created_at: Moment,
    created_by: String,
    /// When it ended.
    returned_at: Option<Moment>,
    /// How it ended.
    ended_as: Option<Ended>,
    /// The number of the case, or the note.
    ended_for: String,
}

fn shapes(lines: Vec<Line>) -> Vec<ReservationLineShape> {
    lines
        .into_iter()
        .map(|line| ReservationLineShape {
            entitlement: line.entitlement,
            license: line.name,
            quantity: line.quantity,
            ends_at: line.ends_at,
        })
        .collect()
}

impl From<Whole> for ReservationShape {
    fn from(whole: Whole) -> Self {
        let one = whole.one;
        Self {
            update: one.is_pending().then(|| ReservationUpdateShape {
                authorization_code: one.pending_code.clone(),
                licenses: shapes(one.pending()),
            }),
            id: one.id,
            device: one.device,
            virtual_account: one.virtual_account,
            virtual_account_name: whole.place,
            pid: one.pid,
            serial: one.serial,
            request_code: one.request_code,
            ended_as: one.returned_at.map(|_| one.ended_as),
            ended_for: one.ended_for,
            authorization_code: one.authorization_code,
            licenses: shapes(whole.lines),
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
    let view = may.also::<ViewInventory>().await?;
    let occupants = may.portal.occupants.clone();
    let id = may
        .does(move |tx, permit, at| service::reserve(tx, &view, permit, &occupants, at, &wish, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    shown(&may, id, 201).await
}

pub(super) async fn shown(may: &May<ReserveLicenses>, id: ReservationId, status: u16) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let whole = may
        .reads(move |r, permit| service::find(r, &view, permit, id))
        .await?;
    json(status, &ReservationShape::from(whole))
}

async fn one(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    shown(&may, id.0, 200).await
}

async fn update(
    may: May<ReserveLicenses>,
    id: PathPart<ReservationId>,
    body: JsonBody<UpdateReservationBody>,
) -> Answer {
    let wanted: Vec<(String, i64)> = body
        .value
        .licenses
        .into_iter()
        .map(|line| (line.entitlement, line.quantity))
        .collect();
    let view = may.also::<ViewInventory>().await?;
    may.does(move |tx, permit, at| updates::update(tx, &view, permit, at, id.0, &wanted))
        .await?;
    may.portal.jobs.nudge();
    shown(&may, id.0, 200).await
}

async fn confirm(
    may: May<ReserveLicenses>,
    id: PathPart<ReservationId>,
    body: JsonBody<ConfirmReservationBody>,
) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let typed = body.value.confirmation_code;
    may.does(move |tx, permit, at| {
        updates::confirm(tx, &view, permit, at, id.0, &typed)
            .map_err(|error| under("confirmation_code", error))
    })
    .await?;
    may.portal.jobs.nudge();
    shown(&may, id.0, 200).await
}

async fn rehost(
    may: May<ReserveLicenses>,
    id: PathPart<ReservationId>,
    key: IdempotencyKey,
    body: JsonBody<RehostBody>,
) -> Answer {
    let once = body.once_key(&may, &key);
    // What one may not know of is not found, whatever else is wrong.
    let view = may.also::<ViewInventory>().await?;
    may.reads(move |r, permit| service::find(r, &view, permit, id.0).map(drop))
        .await?;
    let mut problems = Problems::default();
    let request = problems.take("request_code", RequestCode::parse(&body.value.request_code));
    let note = problems.take("note", note(&body.value.note));
    let (Some(request), Some(note)) = (request, note) else {
        return Err(Error::Invalid(problems));
    };
    let to = Replacement {
        id: ReservationId::new(),
        device: DeviceId::new(),
        request,
        note,
    };
    let view = may.also::<ViewInventory>().await?;
    let made = may
        .does(move |tx, permit, at| rehost::rehost(tx, &view, permit, at, id.0, &to, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    shown(&may, made, 201).await
}

async fn remove_under_case(
    may: May<RemoveDevice>,
    id: PathPart<DeviceId>,
    body: JsonBody<RemoveReservationBody>,
) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    // What one may not know of is not found, whatever else is wrong.
    let (seen, device) = (view.clone(), id.0);
    may.portal
        .db
        .read(move |r| devices::find(r, &seen, device).map(drop))
        .await?;
    let case = case_number(&body.value.case_number).map_err(|says| Error::invalid("case_number", says))?;
    may.does(move |tx, permit, at| returns::remove_under_case(tx, &view, permit, at, id.0, &case))
        .await?;
    may.portal.jobs.nudge();
    nothing()
}

/// The field has another name here than on a page.
pub(super) fn under(field: &str, error: Error) -> Error {
    match error {
        Error::Invalid(problems) => Error::invalid(
            field,
            problems
                .list()
                .first()
                .map_or("", |problem| problem.says.as_str()),
        ),
        other => other,
    }
}

async fn give_back(may: May<RemoveDevice>, id: PathPart<DeviceId>, body: JsonBody<ReturnBody>) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let (id, typed) = (id.0, body.value.return_code);
    may.does(move |tx, permit, at| {
        returns::give_back(tx, &view, permit, at, id, &typed).map_err(|error| under("return_code", error))
    })
    .await?;
    may.portal.jobs.nudge();
    nothing()
}
