//! The list of reservations, for scripts.

use super::list::{ReservationStatus, SORTS, STATUSES, asked, query};
use crate::authz::action::ViewInventory;
use crate::http::{Answer, Api, May, Param, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/reservations",
        Api::says("Reservations, those that are over among them. The codes are in each of them.")
            .query(&[
                Param::text(
                    "q",
                    "Words in PID, serial number, Virtual Account, or of who reserved.",
                ),
                Param::choice("status", STATUSES, "Status.").many(),
                Param::sort(SORTS, "With - in front the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<ReservationList>(200),
        all,
    );
}

/// A reservation of the list.
#[derive(Debug, Serialize, ToSchema)]
struct ListedReservationShape {
    #[schema(value_type = String)]
    id: ReservationId,
    /// Of the product instance, while it holds the reservation.
    #[schema(value_type = String)]
    device: DeviceId,
    pid: String,
    serial: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    virtual_account_name: String,
    /// How many licenses are set aside, or were.
    licenses: i64,
    /// reserved, updating, returned, removed or rehosted.
    #[schema(value_type = String)]
    status: ReservationStatus,
    created_at: Moment,
    created_by: String,
    returned_at: Option<Moment>,
}

/// A page of reservations.
#[derive(Debug, Serialize, ToSchema)]
struct ReservationList {
    items: Vec<ListedReservationShape>,
    total: u64,
    page: u64,
    per: u64,
}

async fn all(may: May<ViewInventory>) -> Answer {
    let list = query(may.path.clone(), &may.query);
    list.understood()?;
    let (permit, asks) = (may.permit.clone(), list.clone());
    let rows = may.portal.db.read(move |r| asked(r, &permit, &asks)).await?;
    let total = rows.len() as u64;
    json(
        200,
        &ReservationList {
            items: list
                .cut(rows)
                .map(|row| ListedReservationShape {
                    status: row.status(),
                    id: row.one.id,
                    device: row.one.device,
                    pid: row.one.pid,
                    serial: row.one.serial,
                    virtual_account: row.one.virtual_account,
                    virtual_account_name: row.place,
                    licenses: row.licenses,
                    created_at: row.one.created_at,
                    created_by: row.one.creator,
                    returned_at: row.one.returned_at,
                })
                .collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}
