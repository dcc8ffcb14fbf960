//! What becomes of what a product instance by policy asks the cloud for.

use super::RequestState;
use crate::kernel::Lifecycle;

/// A server that was restored from a backup may begin with a return: what the cloud has granted is not known to it.
pub const LIFECYCLE: Lifecycle<RequestState> = {
    use RequestState::{Granted, Refused, Returned, Returning, Waiting};
    Lifecycle {
        of: "Request for an authorization code",
        states: RequestState::ALL,
        begins: &[Waiting, Returning],
        moves: &[
            (
                Waiting,
                "a synchronization brings the authorization code",
                Granted,
            ),
            (Waiting, "the cloud refuses it", Refused),
            (
                Waiting,
                "the product instance gives up what the cloud may have granted",
                Returning,
            ),
            (
                Granted,
                "the return code of the product instance comes",
                Returning,
            ),
            (Returning, "the cloud has it back", Returned),
            (
                Returning,
                "the cloud does not take it back; it is held still",
                Granted,
            ),
            (
                Returning,
                "the cloud does not take it back, and no code of it is here",
                Refused,
            ),
            (Refused, "the product instance asks anew", Waiting),
            (Returned, "the product instance asks anew", Waiting),
        ],
    }
};
