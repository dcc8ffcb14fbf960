//! Drafts of assignments: what somebody has chosen and not yet sent.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderDraftId, PersonId, SmartAccountId};
use crate::orders::model::{Content, Draft};
use crate::platform::db::schema::{order_drafts as drafts, order_imports as imports};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

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
    read: &mut dyn Reads,
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

/// A draft became an assignment; false when it was one already.
pub fn draft_done(tx: &mut Tx<'_>, id: OrderDraftId, assignment: AssignmentId) -> Result<bool> {
    let open = drafts::table.filter(drafts::id.eq(id).and(drafts::assignment_id.is_null()));
    Ok(diesel::update(open)
        .set(drafts::assignment_id.eq(Some(assignment)))
        .execute(tx.conn())?
        == 1)
}

/// Forgets drafts and files that nobody came back to.
pub fn forget_before(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    let drafts = diesel::delete(drafts::table.filter(drafts::created_at.lt(before))).execute(tx.conn())?;
    let files = diesel::delete(imports::table.filter(imports::created_at.lt(before))).execute(tx.conn())?;
    Ok(drafts + files)
}
