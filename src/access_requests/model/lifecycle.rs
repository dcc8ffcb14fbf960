//! What becomes of a request for access.

use super::AccessState;
use crate::kernel::Lifecycle;

/// Only one decision counts.
pub const LIFECYCLE: Lifecycle<AccessState> = {
    use AccessState::{
        Approved, AutoApproved, AutoDeclined, Declined, Expired, Pending, Superseded, Withdrawn,
    };
    Lifecycle {
        of: "Request for access",
        states: AccessState::ALL,
        begins: &[Pending],
        moves: &[
            (
                Pending,
                "a rule of the account gives access as it is sent",
                AutoApproved,
            ),
            (
                Pending,
                "a rule of the account says no as it is sent",
                AutoDeclined,
            ),
            (Pending, "somebody who may gives access", Approved),
            (Pending, "somebody who may says no", Declined),
            (Pending, "the requester withdraws it", Withdrawn),
            (
                Pending,
                "the requester is given as much access otherwise",
                Superseded,
            ),
            (
                Pending,
                "nobody decides within the days that the account says",
                Expired,
            ),
        ],
    }
};
