//! The list of reservations, for scripts.

use super::list::{LIST, ListedReservation, ReservationStatus};
use crate::http::Routes;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    LIST.operation::<ReservationRow>(
        routes,
        "/api/v1/accounts/{said}/reservations",
        "Reservations, those that are over among them. The codes are in each of them.",
    );
}

/// A reservation of the list.
#[derive(Debug, Serialize, ToSchema)]
struct ReservationRow {
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

impl From<ListedReservation> for ReservationRow {
    fn from(row: ListedReservation) -> Self {
        Self {
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
        }
    }
}
