//! What becomes of a reservation.

use super::list::ReservationStatus;
use crate::kernel::Lifecycle;

/// While an update is not confirmed, the device works by the old code or by the new one.
pub const LIFECYCLE: Lifecycle<ReservationStatus> = {
    use ReservationStatus::{Rehosted, Removed, Reserved, Returned, Updating};
    Lifecycle {
        of: "Reservation",
        states: ReservationStatus::ALL,
        begins: &[Reserved],
        moves: &[
            (Reserved, "it is updated", Updating),
            (
                Updating,
                "the confirmation code of the device is entered",
                Reserved,
            ),
            (Reserved, "the return code of the device is entered", Returned),
            (Updating, "the return code of the device is entered", Returned),
            (Reserved, "the device is removed under a case", Removed),
            (Updating, "the device is removed under a case", Removed),
            (Reserved, "another device takes the place of its own", Rehosted),
        ],
    }
};
