//! What a request for access is, by what rules it is decided by itself, and who can decide it otherwise.

mod lifecycle;

pub use lifecycle::LIFECYCLE;

use crate::authz::{Grant, Mandate, Role, Within};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{AccessRequestId, AccessRuleId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, Moment};
use crate::members::{self, Scope};
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

// Rules ---------------------------------------------------------------------------------------------------

crate::words! {
    /// What a rule does with a request.
    pub enum Verdict {
        /// Gives access.
        Approve = "approve", "Approve";
        /// Says no.
        Decline = "decline", "Decline";
        /// Leaves it to the administrators.
        Ask = "ask", "Ask the administrators";
    }
}

/// A rule: which requests, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id.
    #[schema(value_type = String)]
    pub id: AccessRuleId,
    /// Requests of people whose e-mail domain is exactly this; empty for any.
    pub domain: String,
    /// Requests for this role; none for any.
    #[schema(value_type = Option<String>)]
    pub asked_role: Option<Role>,
    /// What becomes of them.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// On approval: the role that is given.
    #[schema(value_type = Option<String>)]
    pub role: Option<Role>,
    /// On approval: how far.
    #[schema(value_type = Option<String>)]
    pub scope: Option<ScopeKind>,
    /// On approval of selected Virtual Accounts: which.
    #[schema(value_type = Vec<String>)]
    pub virtual_accounts: Vec<VirtualAccountId>,
    /// On refusal: why. The requester reads it.
    pub reason: String,
}

impl Rule {
    /// Whether it speaks of such a request. The domain is compared as a whole: a rule for one domain says
    /// nothing of those below it.
    pub fn fits(&self, domain: &str, asked: Role) -> bool {
        (self.domain.is_empty() || self.domain == domain) && self.asked_role.is_none_or(|role| role == asked)
    }
    /// What an approval gives, when the rule approves.
    pub fn gift(&self) -> Option<(Scope, Role)> {
        (self.verdict == Verdict::Approve).then_some(())?;
        Some((self.scope?.with(self.virtual_accounts.clone()), self.role?))
    }
    /// "anybody", or "people with an address in xyz.example".
    pub fn whom(&self) -> String {
        if self.domain.is_empty() {
            "Any email domain".to_owned()
        } else {
            self.domain.clone()
        }
    }
    /// The role that it speaks of.
    pub fn for_what(&self) -> &'static str {
        self.asked_role.map_or("Any role", Role::label)
    }
}

/// The first rule that speaks of a request. None means: ask.
pub fn rule_for<'a>(rules: &'a [Rule], domain: &str, asked: Role) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.fits(domain, asked))
}

/// How an account handles requests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Settings {
    /// Those who can decide are reminded after so many days.
    pub remind_days: i32,
    /// A request ends after so many days.
    pub expire_days: i32,
    /// Rules, in order: the first that fits decides.
    pub rules: Vec<Rule>,
    /// Counts changes.
    #[serde(skip)]
    pub version: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            remind_days: REMIND_DAYS,
            expire_days: EXPIRE_DAYS,
            rules: Vec::new(),
            version: 0,
        }
    }
}

/// Checks the days of reminder and end.
pub fn days(remind: &str, expire: &str) -> Result<(i32, i32)> {
    let mut problems = Problems::default();
    let number = |typed: &str, (least, most): (i32, i32)| -> Result<i32, String> {
        typed
            .trim()
            .parse()
            .ok()
            .filter(|days| (least..=most).contains(days))
            .ok_or_else(|| format!("Enter a number of days from {least} to {most}."))
    };
    let remind = problems.take("remind_days", number(remind, REMIND_BOUNDS));
    let expire = problems.take("expire_days", number(expire, EXPIRE_BOUNDS));
    match (remind, expire) {
        (Some(remind), Some(expire)) if remind >= expire => Err(Error::invalid(
            "remind_days",
            "Remind earlier than the request expires.",
        )),
        (Some(remind), Some(expire)) => Ok((remind, expire)),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Checks a rule and brings it into its one form. `known` are the Virtual Accounts of the account.
pub fn checked(mut rule: Rule, known: &[VirtualAccountId], account_domain: &str) -> Result<Rule> {
    let mut problems = Problems::default();
    if rule.domain.trim().is_empty() {
        rule.domain.clear();
    } else {
        match DomainIdentifier::parse(&rule.domain) {
            Ok(domain) => domain.as_str().clone_into(&mut rule.domain),
            Err(says) => problems.add("domain", says),
        }
    }
    match rule.verdict {
        Verdict::Approve => {
            rule.reason.clear();
            rule.virtual_accounts.sort_unstable();
            rule.virtual_accounts.dedup();
            match (rule.scope, rule.role) {
                (None, _) => problems.add("scope", "Choose the scope of access that the rule gives."),
                (_, None) => problems.add("role", "Choose the role that the rule gives."),
                (Some(scope), Some(role)) if !scope.takes(role) => problems.add(
                    "role",
                    format!("The role {role} cannot be held on {scope}. Choose another role."),
                ),
                (_, Some(Role::AccountAdmin)) => problems.add(
                    "role",
                    "Nobody becomes Smart Account Administrator by a rule. Choose another role, or ask the administrators.",
                ),
                (_, Some(Role::AccountApprover)) if rule.domain != account_domain => problems.add(
                    "domain",
                    format!("An Approver needs an email address in {account_domain}. Enter this domain."),
                ),
                _ => {}
            }
            if rule.scope == Some(ScopeKind::VirtualAccounts) {
                if rule.virtual_accounts.is_empty() {
                    problems.add("va", "Select at least one Virtual Account.");
                } else if rule.virtual_accounts.len() > MOST_RULE_PLACES {
                    problems.add(
                        "va",
                        format!("Select at most {MOST_RULE_PLACES} Virtual Accounts."),
                    );
                } else if rule.virtual_accounts.iter().any(|id| !known.contains(id)) {
                    problems.add("va", "Select Virtual Accounts of this Smart Account.");
                }
            } else {
                rule.virtual_accounts.clear();
            }
        }
        Verdict::Decline | Verdict::Ask => {
            rule.role = None;
            rule.scope = None;
            rule.virtual_accounts.clear();
            if rule.verdict == Verdict::Ask {
                rule.reason.clear();
            }
        }
    }
    problems.or_ok()?;
    Ok(rule)
}

/// Whether a scope and a role fit together and are few enough, for a request or a decision.
pub fn fits(scope: &Scope, role: Role) -> Result<()> {
    let mut problems = Problems::default();
    if !ScopeKind::of(scope).takes(role) {
        problems.add(
            "role",
            format!(
                "The role {role} cannot be held on {}. Choose another role.",
                scope.label()
            ),
        );
    }
    if let Scope::These(list) = scope {
        if list.is_empty() {
            problems.add("va", "Select at least one Virtual Account.");
        } else if list.len() > MOST_PLACES {
            problems.add("va", format!("Select at most {MOST_PLACES} Virtual Accounts."));
        }
    }
    problems.or_ok()?;
    members::fits(role, scope)
}

#[cfg(test)]
mod tests;
