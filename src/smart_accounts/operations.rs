//! What Domain approvers do with changes of Account Domain Identifiers, once for pages and scripts.

use super::changes;
use super::model::reason;
use crate::authz::action::ApproveDomain;
use crate::error::Result;
use crate::http::May;
use crate::kernel::ids::DomainChangeId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why an identifier is denied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DenyBody {
    /// Deny reason. The requester reads it.
    #[schema(min_length = 1, max_length = 1_000)]
    pub reason: String,
}

/// Approves, from a page or from a script.
pub async fn approve_now(may: &May<ApproveDomain>, id: DomainChangeId) -> Result<()> {
    may.does(move |tx, permit, at| changes::approve_change(tx, permit, at, id))
        .await
}

/// Denies, from a page or from a script.
pub async fn deny_now(may: &May<ApproveDomain>, id: DomainChangeId, typed: &str) -> Result<()> {
    let reason = reason(typed, "Deny reason")?;
    may.does(move |tx, permit, at| changes::deny_change(tx, permit, at, id, &reason))
        .await
}
