//! What the API says and takes of user groups.

use crate::authn::PersonState;
use crate::authz::Role;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, UserGroupId, VirtualAccountId};
use crate::members::groups::list::Listed;
use crate::members::groups::model::{Asked, RequestState, scope_of};
use crate::members::groups::service::Row;
use crate::members::model::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserGroup {
    /// Its id.
    #[schema(value_type = String)]
    pub(super) id: UserGroupId,
    pub(super) name: String,
    pub(super) description: String,
    /// How many people are in it.
    pub(super) people: u64,
    /// What they hold here; none for nothing.
    #[schema(value_type = Option<String>)]
    pub(super) role: Option<Role>,
    /// In which Virtual Accounts; without any, in the entire Smart Account.
    #[schema(value_type = Vec<String>)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
    pub(super) created_at: Moment,
    /// For editing.
    pub(super) version: i64,
}

impl From<Listed> for UserGroup {
    fn from(one: Listed) -> Self {
        Self::of(one.row)
    }
}

impl UserGroup {
    pub(super) fn of(row: Row) -> Self {
        let (role, virtual_accounts) = held(&row.own);
        Self {
            id: row.group.id,
            name: row.group.name,
            description: row.group.description,
            people: row.people,
            role,
            virtual_accounts,
            created_at: row.group.created_at,
            version: row.group.version,
        }
    }
}

pub(super) fn held(
    access: &[crate::members::groups::model::Access],
) -> (Option<Role>, Vec<VirtualAccountId>) {
    match scope_of(access) {
        None => (None, Vec::new()),
        Some((Scope::Account, role)) => (Some(role), Vec::new()),
        Some((Scope::These(list), role)) => (Some(role), list),
    }
}

/// Somebody in a user group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupPerson {
    #[schema(value_type = String)]
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) email: String,
    #[schema(value_type = String)]
    pub(super) state: PersonState,
}

/// A user group's request for access to another Smart Account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupRequest {
    /// The request lookup ID.
    pub(super) lookup_id: String,
    /// The user group's name.
    pub(super) user_group: String,
    /// How many people are in it.
    pub(super) people: u64,
    /// Whose group.
    pub(super) owner: String,
    pub(super) owner_domain: String,
    /// Into which Smart Account.
    pub(super) target: String,
    pub(super) target_domain: String,
    #[schema(value_type = String)]
    pub(super) state: RequestState,
    pub(super) note: String,
    pub(super) requested_by: String,
    pub(super) requested_at: Moment,
    pub(super) answered_at: Option<Moment>,
    pub(super) ended_at: Option<Moment>,
    /// What the group holds in the other Smart Account.
    #[schema(value_type = Option<String>)]
    pub(super) role: Option<Role>,
    /// In which Virtual Accounts; without any, in the entire Smart Account.
    #[schema(value_type = Vec<String>)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
}

impl GroupRequest {
    pub(super) fn of(asked: Asked) -> Self {
        let (role, virtual_accounts) = held(&asked.access);
        Self {
            lookup_id: asked.request.lookup_id,
            user_group: asked.group,
            people: asked.people,
            owner: asked.owner.name,
            owner_domain: asked.owner.domain,
            target: asked.target.name,
            target_domain: asked.target.domain,
            state: asked.request.state,
            note: asked.request.note,
            requested_by: asked.asker.label(),
            requested_at: asked.request.asked_at,
            answered_at: asked.request.answered_at,
            ended_at: asked.request.ended_at,
            role,
            virtual_accounts,
        }
    }
}

/// A user group with its people and its requests to other Smart Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserGroupDetails {
    pub(super) group: UserGroup,
    pub(super) members: Vec<GroupPerson>,
    pub(super) requests: Vec<GroupRequest>,
}

/// User groups of other Smart Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExternalList {
    pub(super) items: Vec<GroupRequest>,
    pub(super) total: usize,
}

/// A role, on the entire Smart Account or on selected Virtual Accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupAccess {
    /// The user role.
    pub(super) role: Role,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
}

/// A role, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupAccessOrNone {
    /// The user role; none for nothing.
    pub(super) role: Option<Role>,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
}

/// A user group that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserGroup {
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) description: String,
    /// The user role of everybody in it; none for nothing.
    pub(super) role: Option<Role>,
    /// Ids of Virtual Accounts; without any, the entire Smart Account.
    #[serde(default)]
    pub(super) virtual_accounts: Vec<VirtualAccountId>,
}

/// Name and description.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEdit {
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
    #[schema(max_length = 500)]
    pub(super) description: String,
    pub(super) version: i64,
}

/// People who are to come into a user group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroupPeople {
    /// E-mail addresses, up to 10,000, one in each element; `Ada Lindqvist <ada@xyz.example>` is read as well. People
    /// without a user account are invited.
    #[schema(min_items = 1, max_items = 10_000)]
    pub(super) emails: Vec<String>,
    /// Only says what would become of each line.
    #[serde(default)]
    pub(super) dry_run: bool,
    /// Wrong lines are left out by choice.
    #[serde(default)]
    pub(super) leave_out_wrong: bool,
}

/// For access to which Smart Account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupAsks {
    /// The whole Account Domain Identifier of the other Smart Account.
    #[schema(min_length = 1)]
    pub(super) domain: String,
    /// A note for its administrators.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    pub(super) note: String,
}

/// What a request is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupAsked {
    /// The request lookup ID.
    pub(super) lookup_id: String,
}
