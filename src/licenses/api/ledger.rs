//! The license ledger: what came and what went.

use crate::kernel::Moment;
use crate::kernel::ids::{LicenseMoveId, OrderId, VirtualAccountId};
use crate::licenses::ledger::Line;
use serde::Serialize;
use utoipa::ToSchema;

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PostingShape {
    #[schema(value_type = String)]
    id: LicenseMoveId,
    at: Moment,
    /// order, order-taken-back, transfer-in or transfer-out.
    transaction: String,
    license: String,
    /// Id of the Virtual Account; null where it was deleted since.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// The name that a Virtual Account had which was deleted since.
    deleted_virtual_account: Option<String>,
    /// Below zero when licenses went out.
    quantity: i64,
    #[schema(value_type = Option<String>)]
    order: Option<OrderId>,
    /// The Order Identifier, or the other Virtual Account of a transfer.
    reference: String,
    by: String,
}

impl From<Line> for PostingShape {
    fn from(line: Line) -> Self {
        let one = line.posting;
        Self {
            id: one.id,
            at: one.at,
            transaction: one.kind.word().to_owned(),
            license: one.license,
            virtual_account: one.deleted_place.is_none().then_some(one.place),
            deleted_virtual_account: one.deleted_place,
            quantity: one.quantity,
            order: one.order,
            reference: one.reference,
            by: one.actor,
        }
    }
}
