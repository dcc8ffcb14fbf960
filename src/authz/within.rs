//! Over what a permit reaches. Stores take one, and only a permit yields one.

use crate::kernel::ids::{SmartAccountId, VirtualAccountId};

/// How far into a Smart Account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    All,
    /// These Virtual Accounts.
    These(Vec<VirtualAccountId>),
}

/// A tenant and how far into it; or, for what belongs to no tenant, neither.
#[derive(Debug, Clone)]
pub struct Within {
    account: Option<SmartAccountId>,
    reach: Reach,
}

impl Within {
    pub(super) fn of(account: SmartAccountId, reach: Reach) -> Self {
        Self {
            account: Some(account),
            reach,
        }
    }
    pub(super) fn portal() -> Self {
        Self {
            account: None,
            reach: Reach::All,
        }
    }
    /// A reach without a permit, for trying rules.
    #[cfg(test)]
    pub fn for_tests(account: SmartAccountId, only: Option<Vec<VirtualAccountId>>) -> Self {
        Self::of(account, only.map_or(Reach::All, Reach::These))
    }
    /// Everything that the holder of a permit holds in its tenant: to end one's own roles nobody needs more.
    pub fn for_oneself<A: super::Does>(permit: &super::Permit<A>) -> Self {
        Self {
            account: permit.within().account,
            reach: Reach::All,
        }
    }
    /// The tenant; none when the permit is for something that belongs to no tenant.
    pub fn tenant(&self) -> Option<SmartAccountId> {
        self.account
    }
    /// The tenant, or "not found" where there is none: what a store begins with.
    pub fn account(&self) -> crate::error::Result<SmartAccountId> {
        self.account.ok_or(crate::error::Error::NotFound)
    }
    /// How far.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }
    /// Whether a Virtual Account lies within.
    pub fn covers(&self, id: VirtualAccountId) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::These(list) => list.contains(&id),
        }
    }
    /// The Virtual Accounts, when it is not all of them.
    pub fn only(&self) -> Option<&[VirtualAccountId]> {
        match &self.reach {
            Reach::All => None,
            Reach::These(list) => Some(list),
        }
    }
}

crate::words! {
    /// What kind of tenant.
    pub enum TenantKind {
        /// A Smart Account in the cloud.
        Smart = "smart", "Smart Account";
        /// A local account of an On-Prem server.
        Local = "local", "On-Prem account";
    }
}

crate::words! {
    /// Whether a tenant can be worked in.
    pub enum TenantState {
        /// It was asked for and is not approved; a local account is not registered yet.
        Pending = "pending", "Pending";
        /// In use.
        Active = "active", "Active";
        /// Taken out of use.
        Inactive = "inactive", "Inactive";
    }
}

/// What every page of a tenant shows of it.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Tenant {
    /// Its id.
    pub id: SmartAccountId,
    /// Its number in addresses.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// The domain identifier of a Smart Account; of a local account the Smart Account and Virtual Account in the cloud.
    pub domain: String,
    /// Whether it can be worked in.
    pub state: TenantState,
    /// What kind it is.
    pub kind: TenantKind,
    /// Whether it opens only to those who have a second factor.
    pub needs_second_factor: bool,
}

impl Tenant {
    /// Whether it can be read and not changed: it was deactivated, or it is a local account that is not registered.
    pub fn is_out_of_use(&self) -> bool {
        self.state == TenantState::Inactive
            || (self.kind == TenantKind::Local && self.state != TenantState::Active)
    }
}
