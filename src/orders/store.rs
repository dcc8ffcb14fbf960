//! The tables of orders.

use super::model::{Content, Draft};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderDraftId, PersonId, SmartAccountId};
use crate::platform::db::schema::order_drafts as drafts;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// The columns of an order, in the order of `model::Order`.
macro_rules! order_columns {
    () => {
        (
            $crate::platform::db::schema::orders::id,
            $crate::platform::db::schema::orders::identifier,
            $crate::platform::db::schema::orders::customer,
            $crate::platform::db::schema::orders::customer_domain,
            $crate::platform::db::schema::orders::customer_email,
            $crate::platform::db::schema::orders::customer_account_id,
            $crate::platform::db::schema::orders::partner_account_id,
            $crate::platform::db::schema::orders::order_type,
            $crate::platform::db::schema::orders::order_status,
            $crate::platform::db::schema::orders::assignment,
            $crate::platform::db::schema::orders::purchase_order,
            $crate::platform::db::schema::orders::lines,
            $crate::platform::db::schema::orders::ordered_at,
            $crate::platform::db::schema::orders::received_at,
            $crate::platform::db::schema::orders::source,
            $crate::platform::db::schema::orders::version,
        )
    };
}
pub(super) use order_columns;

fn written(content: &Content) -> Result<String> {
    serde_json::to_string(content).map_err(Error::internal)
}

pub fn insert_draft(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    person: PersonId,
    at: Moment,
    id: OrderDraftId,
    content: &Content,
) -> Result<()> {
    diesel::insert_into(drafts::table)
        .values((
            drafts::id.eq(id),
            drafts::smart_account_id.eq(account),
            drafts::person_id.eq(person),
            drafts::content.eq(written(content)?),
            drafts::created_at.eq(at),
            drafts::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

type DraftRow = (
    OrderDraftId,
    SmartAccountId,
    PersonId,
    String,
    Moment,
    Option<AssignmentId>,
    i64,
);

/// One's own draft in an account.
pub fn draft(
    read: &mut impl Reads,
    account: SmartAccountId,
    person: PersonId,
    id: OrderDraftId,
) -> Result<Draft> {
    let (id, account, person, content, created_at, assignment, version): DraftRow = drafts::table
        .filter(
            drafts::id
                .eq(id)
                .and(drafts::smart_account_id.eq(account))
                .and(drafts::person_id.eq(person)),
        )
        .select((
            drafts::id,
            drafts::smart_account_id,
            drafts::person_id,
            drafts::content,
            drafts::created_at,
            drafts::assignment_id,
            drafts::version,
        ))
        .first(read.conn())?;
    Ok(Draft {
        id,
        account,
        person,
        content: serde_json::from_str(&content).map_err(Error::internal)?,
        created_at,
        assignment,
        version,
    })
}

/// Puts another choice in the place of an earlier one; false when somebody was faster, or it was carried out.
pub fn change_draft(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: OrderDraftId,
    version: i64,
    content: &Content,
) -> Result<bool> {
    let same = drafts::table.filter(
        drafts::id
            .eq(id)
            .and(drafts::smart_account_id.eq(account))
            .and(drafts::version.eq(version))
            .and(drafts::assignment_id.is_null()),
    );
    let changed = diesel::update(same)
        .set((
            drafts::content.eq(written(content)?),
            drafts::version.eq(version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}
