//! The rules by which an account answers requests by itself.

use super::{
    EXPIRE_BOUNDS, EXPIRE_DAYS, MOST_PLACES, MOST_RULE_PLACES, REMIND_BOUNDS, REMIND_DAYS, ScopeKind,
};
use crate::authz::Role;
use crate::error::{Error, Problems, Result};
use crate::kernel::DomainIdentifier;
use crate::kernel::ids::{AccessRuleId, VirtualAccountId};
use crate::members::{self, Scope};

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
