//! Why somebody may do something or not: the decision of the matrix, taken apart. Nothing is decided here.

use super::action::{Action, Over};
use super::grants::{self, Grant, Role};
use super::matrix::{self, Holder};
use super::within::Tenant;
use crate::authn::PlatformRole;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;

crate::words! {
    /// What it comes down to.
    pub enum Reason {
        /// They may, as far as roles and the state of the account go.
        May = "may", "Allowed";
        /// They hold no role in the account: for them it does not exist.
        NoStanding = "no-standing", "No role in the account";
        /// None of their roles is named for it.
        Role = "role", "Role";
        /// A role of theirs is named for it, and not held over this Virtual Account.
        Scope = "scope", "Scope";
        /// The account is out of use.
        State = "state", "State of the account";
    }
}

/// What a decision is made of.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What it comes down to.
    pub reason: Reason,
    /// The roles that were looked at, each with whether it is named for the action and counts for the place.
    pub held: Vec<(Grant, bool)>,
    /// The roles over the portal that were looked at, each with whether it is named.
    pub platform: Vec<(PlatformRole, bool)>,
}

/// Takes the decision about an action apart. `grants` are those that [`matrix::decide`] would be given; `place` is the
/// Virtual Account that it is about, if it is about one.
pub fn explain(
    action: Action,
    platform: &[PlatformRole],
    tenant: Option<&Tenant>,
    held: &[Grant],
    place: Option<VirtualAccountId>,
) -> Explained {
    let reason = match matrix::reach(action, platform, tenant, held) {
        Err(Error::NotFound) => Reason::NoStanding,
        Err(_) => Reason::Role,
        Ok(_) if tenant.is_some_and(|tenant| !matrix::state_allows(tenant, action)) => Reason::State,
        Ok(within) if place.is_some_and(|place| !within.covers(place)) => Reason::Scope,
        Ok(_) => Reason::May,
    };
    let named = named(action, tenant);
    Explained {
        reason,
        held: held
            .iter()
            .map(|grant| (grant.clone(), counts(named, grant, place)))
            .collect(),
        platform: platform
            .iter()
            .map(|role| (*role, named.contains(&Holder::Platform(*role))))
            .collect(),
    }
}

fn named(action: Action, tenant: Option<&Tenant>) -> &'static [Holder] {
    match tenant {
        Some(tenant) if action.over() == Over::Account => matrix::holders_in(tenant.kind, action),
        _ => matrix::holders(action),
    }
}

fn counts(named: &[Holder], grant: &Grant, place: Option<VirtualAccountId>) -> bool {
    named.contains(&Holder::Tenant(grant.role))
        && (grant.virtual_account.is_none() || place.is_none() || grant.virtual_account == place)
}

/// Who holds a role in the account that is named for the action, over this place: each person once, those with roles over
/// the whole account first.
pub fn who_could(
    read: &mut dyn Reads,
    account: SmartAccountId,
    tenant: &Tenant,
    action: Action,
    place: Option<VirtualAccountId>,
) -> Result<Vec<(PersonId, Role)>> {
    let named = named(action, Some(tenant));
    let mut could: Vec<Grant> = grants::in_account(read, account)?
        .into_iter()
        .filter(|grant| counts(named, grant, place))
        .collect();
    could.sort_by_key(|grant| (grant.role, grant.created_at));
    let mut people: Vec<(PersonId, Role)> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for grant in could {
        if known.insert(grant.person) {
            people.push((grant.person, grant.role));
        }
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::within::{TenantKind, TenantState};
    use crate::kernel::Moment;
    use crate::kernel::ids::GrantId;

    fn tenant(state: TenantState) -> Tenant {
        Tenant {
            id: SmartAccountId::new(),
            number: 1,
            name: "XYZ COMPANY".to_owned(),
            domain: "xyz.example".to_owned(),
            state,
            kind: TenantKind::Smart,
            needs_second_factor: false,
        }
    }

    fn grant(tenant: &Tenant, role: Role, place: Option<VirtualAccountId>) -> Grant {
        Grant {
            id: GrantId::new(),
            account: tenant.id,
            virtual_account: place,
            person: PersonId::new(),
            role,
            created_at: Moment::parse("2026-11-28T12:00:00Z").unwrap(),
            source: String::new(),
        }
    }

    #[test]
    fn each_reason_has_its_case() {
        let active = tenant(TenantState::Active);
        let (here, there) = (VirtualAccountId::new(), VirtualAccountId::new());
        let why =
            |held: &[Grant], action: Action, place| explain(action, &[], Some(&active), held, place).reason;
        assert_eq!(why(&[], Action::ViewAccount, None), Reason::NoStanding);
        let viewer = grant(&active, Role::AccountViewer, None);
        assert_eq!(
            why(std::slice::from_ref(&viewer), Action::ManageUsers, None),
            Reason::Role
        );
        let local = grant(&active, Role::VirtualAdmin, Some(here));
        assert_eq!(
            why(std::slice::from_ref(&local), Action::Transfer, Some(there)),
            Reason::Scope
        );
        assert_eq!(
            why(std::slice::from_ref(&local), Action::Transfer, Some(here)),
            Reason::May
        );
        let inactive = tenant(TenantState::Inactive);
        let admin = grant(&inactive, Role::AccountAdmin, None);
        let told = explain(
            Action::Transfer,
            &[],
            Some(&inactive),
            std::slice::from_ref(&admin),
            None,
        );
        assert_eq!((told.reason, told.held[0].1), (Reason::State, true));
        let by_platform = explain(Action::Operate, &[PlatformRole::Operator], None, &[], None);
        assert_eq!(
            (by_platform.reason, by_platform.platform[0].1),
            (Reason::May, true)
        );
    }

    /// The explanation is the decision: for every action and every role.
    #[test]
    fn an_explanation_never_says_otherwise_than_the_matrix() {
        let active = tenant(TenantState::Active);
        for action in Action::ALL.iter().filter(|action| action.over() == Over::Account) {
            for role in Role::ALL {
                let place = (!role.is_over_account()).then(VirtualAccountId::new);
                let held = [grant(&active, *role, place)];
                let told = explain(*action, &[], Some(&active), &held, None);
                let may = matrix::by_roles(*action, &active, &held).is_some();
                assert_eq!(
                    told.reason == Reason::May,
                    may,
                    "{} {}",
                    action.name(),
                    role.word()
                );
                assert_eq!(told.held[0].1, may);
            }
        }
    }
}
