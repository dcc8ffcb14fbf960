//! What a request for access is, by what rules it is decided by itself, and who can decide it otherwise.

mod lifecycle;
mod rules;
#[cfg(test)]
mod tests;

pub use lifecycle::LIFECYCLE;
pub use rules::{Rule, Settings, Verdict, checked, days, fits, rule_for};

use crate::authz::{Grant, Mandate, Role, Within};
use crate::kernel::Moment;
use crate::kernel::ids::{AccessRequestId, PersonId, SmartAccountId, VirtualAccountId};
use crate::members::Scope;
use chrono::{Datelike, TimeDelta};

/// Those who can decide are reminded after so many days, unless the account says otherwise.
pub const REMIND_DAYS: i32 = 7;
/// A request ends after so many days, unless the account says otherwise.
pub const EXPIRE_DAYS: i32 = 14;
/// How far an account may go with its reminder.
pub const REMIND_BOUNDS: (i32, i32) = (1, 30);
/// How far an account may go with the end of a request.
pub const EXPIRE_BOUNDS: (i32, i32) = (2, 90);
/// How long a note may be.
pub const LONGEST_NOTE: usize = 500;
/// How many Virtual Accounts one request may name.
pub const MOST_PLACES: usize = 100;
/// How many rules an account may have.
pub const MOST_RULES: usize = 50;
/// How many Virtual Accounts one rule may give.
pub const MOST_RULE_PLACES: usize = 20;
/// For how long somebody may be stood in for.
pub const LONGEST_DELEGATION: TimeDelta = TimeDelta::days(90);

crate::words! {
    /// "Scope of access".
    pub enum ScopeKind {
        /// The whole account.
        Account = "account", "Entire Smart Account";
        /// Some of its Virtual Accounts.
        VirtualAccounts = "virtual-accounts", "Selected Virtual Accounts";
    }
}

impl ScopeKind {
    /// Of a scope.
    pub const fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Account => Self::Account,
            Scope::These(_) => Self::VirtualAccounts,
        }
    }
    /// With its places.
    pub fn with(self, places: Vec<VirtualAccountId>) -> Scope {
        match self {
            Self::Account => Scope::Account,
            Self::VirtualAccounts => Scope::These(places),
        }
    }
    /// Whether a role can be held on it.
    pub const fn takes(self, role: Role) -> bool {
        matches!(self, Self::Account) == role.is_over_account()
    }
}

crate::words! {
    /// What has become of a request for access.
    pub enum AccessState {
        /// It waits for a decision.
        Pending = "pending", "Pending";
        /// Somebody gave access.
        Approved = "approved", "Approved";
        /// Somebody said no.
        Declined = "declined", "Declined";
        /// The requester took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// A rule gave access.
        AutoApproved = "auto-approved", "Auto-approved";
        /// A rule said no.
        AutoDeclined = "auto-declined", "Auto-declined";
        /// The requester was given access otherwise.
        Superseded = "superseded", "Superseded";
        /// Nobody decided in time.
        Expired = "expired", "Expired";
    }
}

impl AccessState {
    /// Word and label of those in which nobody waits any more.
    pub const DECIDED: &'static [(&'static str, &'static str)] = match Self::CHOICES {
        [_, decided @ ..] => decided,
        [] => &[],
    };
    /// The colour of its badge.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Pending => "warn",
            Self::Approved | Self::AutoApproved => "ok",
            Self::Declined | Self::AutoDeclined => "bad",
            Self::Withdrawn | Self::Superseded | Self::Expired => "",
        }
    }
    /// The colour of the sentence about it.
    pub const fn note_kind(self) -> &'static str {
        match self {
            Self::Approved | Self::AutoApproved => "ok",
            Self::Declined | Self::AutoDeclined => "bad",
            _ => "",
        }
    }
    /// Whether access was given.
    pub const fn gives(self) -> bool {
        matches!(self, Self::Approved | Self::AutoApproved)
    }
}

crate::words! {
    /// Which Virtual Accounts of a request are meant.
    pub enum Part {
        /// Those that were asked for.
        Asked = "asked", "Requested";
        /// Those that were given.
        Given = "given", "Given";
    }
}

/// A request for access, as it is kept.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct AccessRequest {
    /// Its id.
    pub id: AccessRequestId,
    /// How people call it: AR-2026-00001.
    pub reference: String,
    /// To which account.
    pub account: SmartAccountId,
    /// Who asks.
    pub requester: PersonId,
    /// How far.
    pub scope: ScopeKind,
    /// As what.
    pub role: Role,
    /// What the requester tells the administrators.
    pub note: String,
    /// Whether they held anything in the account when they asked.
    pub had_access: bool,
    /// What has become of it.
    pub state: AccessState,
    /// How far access was given.
    pub given_scope: Option<ScopeKind>,
    /// As what it was given.
    pub given_role: Option<Role>,
    /// Why it was declined.
    pub reason: String,
    /// Who decided it, or took it back.
    pub decided_by: Option<PersonId>,
    /// Whose right was used, when it was not the decider's own.
    pub on_behalf_of: Option<PersonId>,
    /// When that was.
    pub decided_at: Option<Moment>,
    /// When it was sent.
    pub sent_at: Moment,
    /// When those who can decide are reminded.
    pub remind_at: Moment,
    /// When they were.
    pub reminded_at: Option<Moment>,
    /// When it ends by itself.
    pub expires_at: Moment,
    /// Counts changes.
    pub version: i64,
}

impl AccessRequest {
    /// Whether it can still be decided at this moment. The job that marks what is overdue may be late.
    pub fn is_open(&self, now: Moment) -> bool {
        self.state == AccessState::Pending && now < self.expires_at
    }
}

/// A Virtual Account of a request: which, and how it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub id: VirtualAccountId,
    /// Its name at that time.
    pub name: String,
}

/// "A, B and 3 more".
pub fn place_words(places: &[Place]) -> String {
    let first: Vec<&str> = places.iter().take(3).map(|place| place.name.as_str()).collect();
    match places.len().saturating_sub(3) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// "Virtual Account User of A, B".
pub fn wanted(role: Role, scope: ScopeKind, places: &[Place]) -> String {
    match scope {
        ScopeKind::Account => format!("{role} of the entire Smart Account"),
        ScopeKind::VirtualAccounts => format!("{role} of {}", place_words(places)),
    }
}

/// The reference of the request with this number.
pub fn reference(at: Moment, number: i64) -> String {
    format!("AR-{}-{number:05}", at.utc().year())
}

/// Whether somebody has all of what they ask for. The Smart Account Administrator has everything.
pub fn has_already(held: &[Grant], scope: &Scope, role: Role) -> bool {
    let is_admin = held
        .iter()
        .any(|grant| grant.virtual_account.is_none() && grant.role == Role::AccountAdmin);
    let places = scope.places();
    is_admin
        || (!places.is_empty()
            && places.iter().all(|place| {
                held.iter()
                    .any(|grant| grant.virtual_account == *place && grant.role == role)
            }))
}

/// Whether a pending request has become needless: the person came to hold something in the account, or all
/// of what they asked for.
pub fn is_superseded(request: &AccessRequest, asked: &Scope, held: &[Grant]) -> bool {
    (!request.had_access && !held.is_empty()) || has_already(held, asked, request.role)
}

/// By whose right somebody acts on a request.
#[derive(Debug, Clone)]
pub enum Authority<'a> {
    /// Their own.
    Own(&'a Within),
    /// That of somebody who is away.
    For(&'a Mandate),
}

impl Authority<'_> {
    /// How far it reaches.
    pub fn within(&self) -> &Within {
        match self {
            Self::Own(within) => within,
            Self::For(mandate) => &mandate.within,
        }
    }
    /// In whose stead.
    pub fn on_behalf_of(&self) -> Option<PersonId> {
        match self {
            Self::Own(_) => None,
            Self::For(mandate) => Some(mandate.from.id),
        }
    }
}

/// Whether a right reaches all of a scope. The Virtual Account Administrator's reaches only what lies wholly
/// within theirs.
pub fn covers(within: &Within, scope: &Scope) -> bool {
    match (within.only(), scope) {
        (None, _) => true,
        (Some(_), Scope::Account) => false,
        (Some(only), Scope::These(list)) => !list.is_empty() && list.iter().all(|id| only.contains(id)),
    }
}

/// The right by which a request can be decided: one's own if it reaches so far, otherwise that of the first
/// who is stood in for. Rights are not added up: each is somebody's.
pub fn authority<'a>(own: &'a Within, mandates: &'a [Mandate], scopes: &[&Scope]) -> Option<Authority<'a>> {
    let reaches = |within: &Within| scopes.iter().all(|scope| covers(within, scope));
    if reaches(own) {
        return Some(Authority::Own(own));
    }
    mandates
        .iter()
        .find(|mandate| reaches(&mandate.within) && mandate.within.account().ok() == own.account().ok())
        .map(Authority::For)
}

/// What somebody can see: everything (none), or what touches these Virtual Accounts alone.
pub fn reach(own: &Within, mandates: &[Mandate]) -> Option<Vec<VirtualAccountId>> {
    let mut all = own.only()?.to_vec();
    for mandate in mandates {
        all.extend_from_slice(mandate.within.only()?);
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}
