//! Who may do what: the one table in which role meets action, read strictly from the permission matrix of
//! the founding documents. A role that is not named may not.

use super::action::{Action, Over};
use super::grants::{Grant, Role};
use super::within::{Reach, Tenant, TenantKind, TenantState, Within};
use crate::authn::{Actor, PlatformRole, Via};
use crate::error::{Error, Result};
use crate::kernel::{Edition, Moment};

/// Who is named in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A role in a Smart Account or in one of its Virtual Accounts.
    Tenant(Role),
    /// A role over the portal.
    Platform(PlatformRole),
    /// Anybody who is signed in.
    Anyone,
}

const ADMIN: Holder = Holder::Tenant(Role::AccountAdmin);
const APPROVER: Holder = Holder::Tenant(Role::AccountApprover);
const USER: Holder = Holder::Tenant(Role::AccountUser);
const VIEWER: Holder = Holder::Tenant(Role::AccountViewer);
const VA_ADMIN: Holder = Holder::Tenant(Role::VirtualAdmin);
const VA_USER: Holder = Holder::Tenant(Role::VirtualUser);
const VA_VIEWER: Holder = Holder::Tenant(Role::VirtualViewer);
const SUPPORT: Holder = Holder::Platform(PlatformRole::Support);
const DOMAINS: Holder = Holder::Platform(PlatformRole::DomainApprover);
const INSTRUCTOR: Holder = Holder::Platform(PlatformRole::Instructor);
const OPERATOR: Holder = Holder::Platform(PlatformRole::Operator);
const SYS_ADMIN: Holder = Holder::Platform(PlatformRole::SystemAdministrator);
const SYS_OPERATOR: Holder = Holder::Platform(PlatformRole::SystemOperator);
const ANYONE: Holder = Holder::Anyone;

/// The table. Roles of a Virtual Account count within that Virtual Account alone.
pub const MATRIX: &[(Action, &[Holder])] = &[
    (Action::ViewDirectory, &[ANYONE]),
    (
        Action::RequestForCustomer,
        &[ADMIN, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER],
    ),
    (Action::CreateOwnAccount, &[ANYONE]),
    (Action::ViewAccountRequests, &[ANYONE]),
    (Action::DecideAccountRequest, &[ANYONE]),
    (Action::RequestAccess, &[ANYONE]),
    (
        Action::ViewAccount,
        &[
            ADMIN, APPROVER, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER, SUPPORT, SYS_ADMIN,
        ],
    ),
    (Action::ViewAs, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::EditAccount, &[ADMIN, APPROVER, SUPPORT, SYS_ADMIN]),
    (Action::ChangeAccountState, &[ADMIN, SUPPORT]),
    (Action::AcceptAgreements, &[ADMIN, APPROVER, SUPPORT]),
    (
        Action::ViewUsers,
        &[
            ADMIN, APPROVER, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER, SUPPORT, SYS_ADMIN,
        ],
    ),
    (Action::ManageUsers, &[ADMIN, VA_ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::AssignApprover, &[ADMIN, SUPPORT]),
    (Action::RequireSecondFactor, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::ManageGroups, &[ADMIN, VA_ADMIN, SUPPORT]),
    (Action::CreateTopVirtualAccount, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::CreateNestedVirtualAccount, &[ADMIN, VA_ADMIN, SUPPORT]),
    (
        Action::ViewVirtualAccounts,
        &[
            ADMIN, APPROVER, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER, SUPPORT, SYS_ADMIN,
        ],
    ),
    (Action::EditVirtualAccount, &[ADMIN, VA_ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::DeleteVirtualAccount, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::ViewAccessRequests, &[ADMIN, VA_ADMIN, SUPPORT]),
    (Action::DecideAccess, &[ADMIN, VA_ADMIN, SUPPORT]),
    (Action::AutomateAccess, &[ADMIN, SUPPORT]),
    (
        Action::ViewInventory,
        &[
            ADMIN, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER, SUPPORT, SYS_ADMIN,
        ],
    ),
    (
        Action::Transfer,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (
        Action::TagLicenses,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (
        Action::ManageTokens,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (
        Action::ReserveLicenses,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (
        Action::ReportUsage,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (Action::EditReportingPolicy, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (
        Action::RemoveDevice,
        &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT, SYS_ADMIN],
    ),
    (Action::AuthorizeOnPrem, &[ADMIN, VA_ADMIN, SUPPORT]),
    (Action::Synchronize, &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT]),
    (Action::RemoveDeviceManager, &[ADMIN, VA_ADMIN, SUPPORT]),
    (Action::AssignOrder, &[ADMIN, USER, VA_ADMIN, VA_USER, SUPPORT]),
    (
        Action::ViewEvents,
        &[
            ADMIN, APPROVER, USER, VIEWER, VA_ADMIN, VA_USER, VA_VIEWER, SUPPORT, SYS_ADMIN,
        ],
    ),
    (Action::ViewRecord, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::EditNotificationAddresses, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::ManageWebhooks, &[ADMIN, SUPPORT, SYS_ADMIN]),
    (Action::ViewOnPremAccounts, &[ANYONE]),
    (Action::RequestOnPremAccount, &[ANYONE]),
    (Action::ViewAdminWorkspace, &[SYS_ADMIN, SYS_OPERATOR]),
    (Action::ManageOnPremAccounts, &[SYS_ADMIN]),
    (Action::SynchronizeOnPrem, &[SYS_ADMIN, SYS_OPERATOR]),
    (Action::ManageSystemUsers, &[SYS_ADMIN]),
    (Action::ConfigureServer, &[SYS_ADMIN]),
    (Action::ApproveDomain, &[DOMAINS]),
    (Action::Operate, &[OPERATOR, SYS_ADMIN]),
    (Action::ManagePeople, &[OPERATOR]),
    (Action::ControlClock, &[OPERATOR, SYS_ADMIN]),
    (Action::ViewLabs, &[ANYONE]),
    (Action::TakeLabs, &[ANYONE]),
    (Action::TeachLabs, &[OPERATOR, INSTRUCTOR]),
];

/// The rows that read otherwise in a local account of an On-Prem server: its Virtual Accounts are made, renamed and
/// deleted by the administrators of the whole account.
pub const LOCAL: &[(Action, &[Holder])] = &[
    (Action::CreateNestedVirtualAccount, &[ADMIN, SYS_ADMIN]),
    (Action::EditVirtualAccount, &[ADMIN, SYS_ADMIN]),
];

/// The holders named for an action.
pub fn holders(action: Action) -> &'static [Holder] {
    row(MATRIX, action).unwrap_or_default()
}

/// The same in a tenant of this kind.
pub fn holders_in(kind: TenantKind, action: Action) -> &'static [Holder] {
    match kind {
        TenantKind::Smart => holders(action),
        TenantKind::Local => row(LOCAL, action).unwrap_or_else(|| holders(action)),
    }
}

fn row(table: &[(Action, &'static [Holder])], action: Action) -> Option<&'static [Holder]> {
    table
        .iter()
        .find(|(a, _)| *a == action)
        .map(|(_, holders)| *holders)
}

/// Whether a role in a Smart Account is named for an action.
pub fn allows(action: Action, role: Role) -> bool {
    allows_in(TenantKind::Smart, action, role)
}

/// Whether a role in a tenant of this kind is named for an action.
pub fn allows_in(kind: TenantKind, action: Action, role: Role) -> bool {
    holders_in(kind, action).contains(&Holder::Tenant(role))
}

/// Decides: may this person do this, and how far does it reach?
///
/// `account` is the tenant of the page with the person's grants in it (for actions over an account), or
/// none with all their grants (for actions anywhere).
pub fn decide(
    action: Action,
    actor: &Actor,
    tenant: Option<&Tenant>,
    grants: &[Grant],
    wall: Moment,
) -> Result<Within> {
    let within = reach(action, &actor.platform, tenant, grants)?;
    came_in_well(action, actor, tenant, wall)?;
    Ok(within)
}

/// How far roles reach for an action, whatever the way in and the state of the account.
pub fn reach(
    action: Action,
    platform: &[PlatformRole],
    tenant: Option<&Tenant>,
    grants: &[Grant],
) -> Result<Within> {
    let named = tenant.map_or_else(|| holders(action), |tenant| holders_in(tenant.kind, action));
    let by_platform = platform
        .iter()
        .any(|role| named.contains(&Holder::Platform(*role)));
    let within = match action.over() {
        Over::Platform => by_platform.then(Within::portal),
        Over::Anywhere => {
            let by_role = grants
                .iter()
                .any(|grant| named.contains(&Holder::Tenant(grant.role)));
            (by_platform || by_role || named.contains(&ANYONE)).then(Within::portal)
        }
        Over::Account => {
            // No standing in the account: one may not even know that it is there.
            let Some(tenant) = tenant else {
                return Err(Error::NotFound);
            };
            if grants.is_empty() && !platform.iter().any(|role| role.sees_every_tenant()) {
                return Err(Error::NotFound);
            }
            if by_platform {
                Some(Within::of(tenant.id, Reach::All))
            } else {
                by_roles(action, tenant, grants)
            }
        }
    };
    within.ok_or(Error::Forbidden {
        action: action.words(),
    })
}

/// How far these roles reach for an action in a tenant; none when they do not count for it.
pub fn by_roles(action: Action, tenant: &Tenant, grants: &[Grant]) -> Option<Within> {
    let named = holders_in(tenant.kind, action);
    let mut named_grants = grants
        .iter()
        .filter(|grant| named.contains(&Holder::Tenant(grant.role)))
        .peekable();
    if named_grants.clone().any(|grant| grant.virtual_account.is_none()) {
        Some(Within::of(tenant.id, Reach::All))
    } else if named_grants.peek().is_some() {
        // Held directly and through a group, a place still counts once.
        let mut places: Vec<_> = named_grants.filter_map(|grant| grant.virtual_account).collect();
        places.sort_unstable();
        places.dedup();
        Some(Within::of(tenant.id, Reach::These(places)))
    } else {
        None
    }
}

/// Whether the way in is good for the action (there is a second factor where the account wants one, a client may write, a
/// password was given lately), and the state of the
/// account lets it be done.
pub fn came_in_well(action: Action, actor: &Actor, tenant: Option<&Tenant>, wall: Moment) -> Result<()> {
    if tenant.is_some_and(|tenant| tenant.needs_second_factor) && !actor.has_second_factor {
        return Err(Error::SecondFactorNeeded);
    }
    match &actor.via {
        Via::Client { may_write, .. } => {
            if !may_write && !reads_only(action) {
                return Err(Error::refused("api.scope", READ_ONLY));
            }
            // Whoever may only read hears of that first: what the state forbids is no business of theirs.
            in_use(tenant, action)?;
        }
        Via::Session { fresh_at, .. } => {
            // Before the password is asked for: it would be of no use.
            in_use(tenant, action)?;
            if action.needs_fresh_sign_in() && wall >= fresh_at.plus(crate::authn::session::FRESH) {
                return Err(Error::FreshSignInNeeded);
            }
        }
    }
    Ok(())
}

/// What a client is told that may only read.
pub const READ_ONLY: &str = "This API client may only read. Use one with the scope \u{201c}write\u{201d}.";

/// What may be changed while a Smart Account is Inactive.
const WHILE_INACTIVE: &[Action] = &[Action::ChangeAccountState];

/// Whether the state of the account of a page lets an action be done there. An Inactive account is read and not
/// changed, by nobody: pages, scripts and support meet this one rule, since each of them needs a permit.
pub fn state_allows(tenant: &Tenant, action: Action) -> bool {
    !tenant.is_out_of_use() || reads_only(action) || WHILE_INACTIVE.contains(&action)
}

/// Why a tenant that is out of use is not changed, as a refusal and beside controls that are off.
pub fn out_of_use(tenant: &Tenant) -> &'static str {
    match (tenant.kind, tenant.state) {
        (TenantKind::Smart, _) => INACTIVE,
        (TenantKind::Local, TenantState::Inactive) => LOCAL_INACTIVE,
        (TenantKind::Local, _) => LOCAL_PENDING,
    }
}

/// What is said of an Inactive Smart Account.
pub const INACTIVE: &str = "This Smart Account is Inactive: it can be read, and nothing in it can be changed until a Smart Account Administrator reactivates it.";
const LOCAL_INACTIVE: &str = "This On-Prem account is Inactive: it can be read, and nothing in it can be changed until a System Administrator activates it.";
const LOCAL_PENDING: &str = "This On-Prem account is not registered yet: nothing in it can be changed until a System Administrator has approved and registered it.";

fn in_use(tenant: Option<&Tenant>, action: Action) -> Result<()> {
    match tenant {
        Some(tenant) if !state_allows(tenant, action) => {
            let code = match tenant.kind {
                TenantKind::Smart => "smart-account.inactive",
                TenantKind::Local => "on-prem.account-not-active",
            };
            Err(Error::refused(code, out_of_use(tenant)))
        }
        _ => Ok(()),
    }
}

/// Actions that change nothing: a client with the scope "read" may do them.
pub fn reads_only(action: Action) -> bool {
    action.name().starts_with("View")
}

/// The roles that may do an action, in words: for the reason beside a disabled control.
pub fn who_may(action: Action) -> String {
    let names: Vec<&str> = holders(action)
        .iter()
        .filter_map(|holder| match holder {
            Holder::Tenant(role) => Some(role.label()),
            Holder::Platform(_) => None,
            Holder::Anyone => Some("everybody who is signed in"),
        })
        .collect();
    names.join(", ")
}

/// The table as Markdown, for the documentation.
pub fn print() -> String {
    let mut out = String::from(
        "# Who may do what\n\nPrinted by `licentral permissions` from the one table in code, `src/authz/matrix.rs`; a test fails when this page is stale.\n\
         A: in the whole Smart Account. v: within the Virtual Accounts in which the role is held. -: may not.\n\n\
         | action | over |",
    );
    for role in Role::ALL {
        out.push_str(&format!(" {} |", role.label()));
    }
    out.push_str(" also |\n|---|---|");
    out.push_str(&"---|".repeat(Role::ALL.len() + 1));
    out.push('\n');
    for action in Action::ALL {
        let over = match action.over() {
            Over::Account => "account",
            Over::Anywhere => "anywhere",
            Over::Platform => "portal",
        };
        out.push_str(&format!("| {} | {over} |", action.words()));
        for role in Role::ALL {
            let anyone = holders(*action).contains(&ANYONE);
            let mark = if !anyone && !allows(*action, *role) {
                "-"
            } else if role.is_over_account() || action.over() != Over::Account {
                "A"
            } else {
                "v"
            };
            out.push_str(&format!(" {mark} |"));
        }
        let also: Vec<&str> = holders(*action)
            .iter()
            .filter_map(|holder| match holder {
                Holder::Platform(role) => Some(role.label()),
                Holder::Anyone => Some("anyone signed in"),
                Holder::Tenant(_) => None,
            })
            .collect();
        out.push_str(&format!(" {} |\n", also.join(", ")));
    }
    out.push_str("\n## In a local account of an On-Prem server\n\nThe same, but for these rows.\n\n| action | who |\n|---|---|\n");
    for (action, holders) in LOCAL {
        let who: Vec<&str> = holders
            .iter()
            .map(|holder| match holder {
                Holder::Tenant(role) => role.label_in(Edition::OnPrem),
                Holder::Platform(role) => role.label(),
                Holder::Anyone => "anyone signed in",
            })
            .collect();
        out.push_str(&format!("| {} | {} |\n", action.words(), who.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_exactly_one_row() {
        for action in Action::ALL {
            assert_eq!(
                MATRIX.iter().filter(|(a, _)| a == action).count(),
                1,
                "{}",
                action.name()
            );
        }
        assert_eq!(MATRIX.len(), Action::ALL.len());
    }

    #[test]
    fn viewers_and_approvers_change_no_licences() {
        for action in Action::ALL
            .iter()
            .filter(|a| a.over() == Over::Account && !reads_only(**a))
        {
            assert!(!allows(*action, Role::AccountViewer), "{}", action.name());
            assert!(!allows(*action, Role::VirtualViewer), "{}", action.name());
        }
        assert!(!allows(Action::Transfer, Role::AccountApprover));
        assert!(!allows(Action::DecideAccess, Role::AccountApprover));
    }
}
