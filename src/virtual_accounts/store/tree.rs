//! Which Virtual Account is nested below which.

use super::list::Filter;
use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::{virtual_account_tags as tags, virtual_accounts};
use crate::platform::db::{Reads, one_of};
use crate::virtual_accounts::model::Node;
use diesel::prelude::*;

/// The tree, as far as one may see it: the default one first, then by name.
pub fn nodes(read: &mut dyn Reads, within: &Within) -> Result<Vec<(Node, String)>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>, String)> = asked!(within, &Filter::default())
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((
            virtual_accounts::id,
            virtual_accounts::parent_id,
            virtual_accounts::name,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, parent, name)| (Node { id, parent }, name))
        .collect())
}

/// These of the tree, in no particular order.
pub fn nodes_of(
    read: &mut dyn Reads,
    within: &Within,
    ids: &[VirtualAccountId],
) -> Result<Vec<(Node, String)>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>, String)> = asked!(within, &Filter::default())
        .filter(one_of(virtual_accounts::id, ids.to_vec()))
        .select((
            virtual_accounts::id,
            virtual_accounts::parent_id,
            virtual_accounts::name,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, parent, name)| (Node { id, parent }, name))
        .collect())
}

/// The whole tree of an account.
pub fn whole_tree(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Node>> {
    let rows: Vec<(VirtualAccountId, Option<VirtualAccountId>)> = virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .select((virtual_accounts::id, virtual_accounts::parent_id))
        .load(read.conn())?;
    Ok(rows.into_iter().map(|(id, parent)| Node { id, parent }).collect())
}

/// Those of these below which others are nested, and how many.
pub fn nested_below(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<(VirtualAccountId, usize)>> {
    let mut parents: Vec<VirtualAccountId> = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<Option<VirtualAccountId>> = virtual_accounts::table
            .filter(
                virtual_accounts::smart_account_id
                    .eq(account)
                    .and(virtual_accounts::parent_id.eq_any(some.to_vec())),
            )
            .select(virtual_accounts::parent_id)
            .load(read.conn())?;
        parents.extend(rows.into_iter().flatten());
    }
    Ok(ids
        .iter()
        .map(|id| (*id, parents.iter().filter(|parent| *parent == id).count()))
        .filter(|(_, count)| *count > 0)
        .collect())
}
