//! The license ledger: what came and what went.

use crate::authz::action::ViewInventory;
use crate::http::{Answer, ListQuery, ListSpec, May, json};
use crate::kernel::Moment;
use crate::kernel::ids::{LicenseMoveId, OrderId, VirtualAccountId};
use crate::licenses::store::{self, Ledger, Posting};
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

impl From<Posting> for PostingShape {
    fn from(one: Posting) -> Self {
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

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PostingList {
    pub(super) items: Vec<PostingShape>,
    pub(super) total: u64,
    pub(super) page: u64,
    pub(super) per: u64,
}

pub(super) async fn ledger(may: May<ViewInventory>) -> Answer {
    let permit = may.permit.clone();
    let list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: may.path.clone(),
            sorts: &["date"],
            default_sort: "-date",
            filters: &[],
            columns: &[],
        },
    );
    list.understood()?;
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let asked = Ledger::default();
            let total = store::count_postings(r, permit.within(), &asked)?;
            let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let rows = store::postings(
                r,
                permit.within(),
                &asked,
                whole(list.limit()),
                whole(list.offset()),
            )?;
            Ok((list, total, rows))
        })
        .await?;
    json(
        200,
        &PostingList {
            items: rows.into_iter().map(PostingShape::from).collect(),
            total,
            page: list.page,
            per: list.per,
        },
    )
}
