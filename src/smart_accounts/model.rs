//! What a Smart Account is.

use crate::authz::matrix::INACTIVE;
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{AddressId, DomainChangeId, PersonId, SmartAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Lifecycle, Moment, Name, text};

/// How long a headquarters address may be.
pub const LONGEST_ADDRESS: usize = 500;
/// How long a note or a reason may be.
pub const LONGEST_NOTE: usize = 1000;
/// How many addresses "Change HQ" offers at most.
pub const MOST_ADDRESSES: usize = 20;

crate::words! {
    /// The state of a Smart Account.
    pub enum State {
        /// Asked for, not there yet.
        Pending = "pending", "Pending";
        /// In use.
        Active = "active", "Active";
        /// Deactivated.
        Inactive = "inactive", "Inactive";
    }
}

/// One whose request came to nothing stays Pending, and its domain is free again.
pub const LIFECYCLE: Lifecycle<State> = {
    use State::{Active, Inactive, Pending};
    Lifecycle {
        of: "Smart Account",
        states: State::ALL,
        begins: &[Pending],
        moves: &[
            (Pending, "its request is approved", Active),
            (Active, "it is deactivated", Inactive),
            (Inactive, "it is reactivated", Active),
        ],
    }
};

crate::words! {
    /// What is outstanding while an account is Pending, or why it will stay so.
    pub enum PendingDetail {
        /// A Domain approver has to approve the domain first.
        DomainApproval = "domain-approval", "Pending domain approval";
        /// An Account creator has to decide.
        CustomerAcceptance = "customer-acceptance", "Pending customer acceptance";
        /// Somebody said no.
        Denied = "denied", "Denied";
        /// The requester took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// Nobody decided in time.
        Expired = "expired", "Expired";
    }
}

impl PendingDetail {
    /// Whether the account may still become Active.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::DomainApproval | Self::CustomerAcceptance)
    }
}

crate::words! {
    /// Who finds the account in a search.
    pub enum Visibility {
        /// Everybody.
        Unrestricted = "unrestricted", "Unrestricted";
        /// Who types the whole name or the whole domain identifier.
        Restricted = "restricted", "Restricted";
    }
}

/// A Smart Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct SmartAccount {
    /// Its id.
    pub id: SmartAccountId,
    /// Its number in addresses: the Smart Account ID.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
    /// The company's domain above it.
    pub registrable: String,
    /// Its state.
    pub state: State,
    /// What is outstanding.
    pub pending_detail: Option<PendingDetail>,
    /// Who finds it.
    pub visibility: Visibility,
    /// The headquarters address, in lines.
    pub headquarters: String,
    /// Who asked for it.
    pub requested_by: Option<PersonId>,
    /// Since when.
    pub created_at: Moment,
    /// Since when Active.
    pub activated_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl SmartAccount {
    /// The state as the directory shows it: a pending one that will stay so shows why.
    pub fn status_words(&self) -> &'static str {
        match (self.state, self.pending_detail) {
            (State::Pending, Some(detail)) if !detail.is_open() => detail.label(),
            (state, _) => state.label(),
        }
    }
    /// For what comes into the account without a permit for it: an order that is assigned, a decision of a Domain
    /// approver, a request for access. Nothing comes into an account that is not Active.
    pub fn must_be_active(&self) -> Result<()> {
        match self.state {
            State::Active => Ok(()),
            State::Inactive => Err(Error::refused("smart-account.inactive", INACTIVE)),
            State::Pending => Err(Error::refused(
                "smart-accounts.not-active",
                "This Smart Account is not Active yet.",
            )),
        }
    }
    /// The colour of its badge.
    pub fn status_kind(&self) -> &'static str {
        match (self.state, self.pending_detail) {
            (State::Active, _) => "ok",
            (State::Pending, Some(PendingDetail::Denied)) => "bad",
            (State::Pending, Some(detail)) if detail.is_open() => "warn",
            _ => "",
        }
    }
}

crate::words! {
    /// What became of a wish for another Account Domain Identifier.
    pub enum DomainChangeState {
        /// A Domain approver has to decide.
        Pending = "pending", "Pending";
        /// The identifier was changed.
        Approved = "approved", "Approved";
        /// A Domain approver said no.
        Denied = "denied", "Denied";
        /// Whoever asked, or a colleague, took it back.
        Withdrawn = "withdrawn", "Withdrawn";
    }
}

/// A Smart Account that is to be.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name.
    pub name: Name,
    /// Its domain identifier.
    pub domain: DomainIdentifier,
    /// Who finds it.
    pub visibility: Visibility,
    /// The headquarters address.
    pub headquarters: String,
    /// Who asks for it.
    pub requested_by: Option<PersonId>,
    /// What is outstanding.
    pub detail: PendingDetail,
}

/// A domain that speaks for itself is changed at once, without a wish that waits.
pub const DOMAIN_CHANGE_LIFECYCLE: Lifecycle<DomainChangeState> = {
    use DomainChangeState::{Approved, Denied, Pending, Withdrawn};
    Lifecycle {
        of: "Change of the Account Domain Identifier",
        states: DomainChangeState::ALL,
        begins: &[Pending],
        moves: &[
            (Pending, "a Domain approver approves it", Approved),
            (Pending, "a Domain approver denies it", Denied),
            (Pending, "whoever asked, or a colleague, withdraws it", Withdrawn),
        ],
    }
};

impl DomainChangeState {
    /// The colour of its badge.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Pending => "warn",
            Self::Approved => "ok",
            Self::Denied => "bad",
            Self::Withdrawn => "",
        }
    }
}

crate::words! {
    /// Why a Domain approver has to look at a change: the same rule as for a request.
    pub enum DomainChangeReason {
        /// The identifier is not the company domain of whoever asks.
        RequesterDiffers = "requester-differs", "The new Account Domain Identifier is not the company domain of the requester\u{2019}s email address.";
        /// Another account has the same TLD.
        TldInUse = "tld-in-use", "Another Smart Account already has the same company domain (TLD).";
    }
}

/// A wish for another Account Domain Identifier.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct DomainChange {
    /// Its id.
    pub id: DomainChangeId,
    /// Of which account.
    pub account: SmartAccountId,
    /// The identifier as it was then.
    pub from: String,
    /// The identifier that is wished for.
    pub to: String,
    /// What the approver should know.
    pub note: String,
    /// Why an approver is asked, as words with commas between.
    pub reasons: String,
    /// What became of it.
    pub state: DomainChangeState,
    /// Why it was denied.
    pub reason: String,
    /// Who asks.
    pub requested_by: PersonId,
    /// Since when.
    pub requested_at: Moment,
    /// Who decided, or took it back.
    pub decided_by: Option<PersonId>,
    /// When.
    pub decided_at: Option<Moment>,
}

impl DomainChange {
    /// Why a Domain approver is asked.
    pub fn why(&self) -> Vec<DomainChangeReason> {
        self.reasons
            .split(',')
            .filter_map(|word| word.parse().ok())
            .collect()
    }
}

/// Why a Domain approver has to look at a change: none when the new identifier speaks for itself.
pub fn reasons_for_change(
    to: &DomainIdentifier,
    requester: &EmailAddress,
    tld_in_use: bool,
) -> Vec<DomainChangeReason> {
    let mut reasons = Vec::new();
    if text::registrable_domain(requester.domain()) != to.as_str() {
        reasons.push(DomainChangeReason::RequesterDiffers);
    }
    if tld_in_use {
        reasons.push(DomainChangeReason::TldInUse);
    }
    reasons
}

/// An address that an account keeps.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Address {
    /// Its id.
    pub id: AddressId,
    /// In lines.
    pub address: String,
}

/// "add a HQ Address", as it was typed.
#[derive(Debug, Clone, Default)]
pub struct TypedAddress<'a> {
    /// Street and number.
    pub street: &'a str,
    /// Suite, floor, building.
    pub suite: &'a str,
    /// City.
    pub city: &'a str,
    /// State or province.
    pub region: &'a str,
    /// Postal code.
    pub postal: &'a str,
    /// Country.
    pub country: &'a str,
}

impl TypedAddress<'_> {
    /// The address in lines, or what is wrong with its fields.
    pub fn lines(&self) -> Result<String> {
        let mut problems = Problems::default();
        let mut line = |field: &str, what: &str, typed: &str, needed: bool| {
            if typed.trim().is_empty() && !needed {
                return String::new();
            }
            let parsed = problems.take(field, Name::parse(typed, what));
            parsed.map_or_else(String::new, |name| name.to_string())
        };
        let street = line("street", "Street address", self.street, true);
        let suite = line("suite", "Suite or building", self.suite, false);
        let city = line("city", "City", self.city, true);
        let region = line("region", "State or province", self.region, false);
        let postal = line("postal", "Postal code", self.postal, false);
        let country = line("country", "Country", self.country, true);
        problems.or_ok()?;
        let place = format!("{region} {postal}");
        let place = place.trim();
        let place = if place.is_empty() {
            city
        } else {
            format!("{city}, {place}")
        };
        let all: Vec<String> = [street, suite, place, country]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect();
        let lines = all.join("\n");
        if lines.chars().count() > LONGEST_ADDRESS {
            return Err(Error::invalid(
                "street",
                format!("The address is too long. Use at most {LONGEST_ADDRESS} characters in all."),
            ));
        }
        Ok(lines)
    }
}

/// A reason that must be given, such as for taking an account out of use.
pub fn reason(typed: &str, what: &str) -> Result<String> {
    let reason = text::note(typed, what, LONGEST_NOTE).map_err(|says| Error::invalid("reason", says))?;
    if reason.is_empty() {
        return Err(Error::invalid("reason", format!("Enter the {what}.")));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_domain_speaks_for_itself_under_the_rule_for_requests() {
        let ask = |to: &str, who: &str, used| {
            let (to, who) = (DomainIdentifier::parse(to), EmailAddress::parse(who));
            reasons_for_change(&to.unwrap(), &who.unwrap(), used)
        };
        assert!(ask("xyz.example", "ada@xyz.example", false).is_empty());
        assert!(ask("xyz.example", "ada@mail.xyz.example", false).is_empty());
        let (differs, used) = (DomainChangeReason::RequesterDiffers, DomainChangeReason::TldInUse);
        assert_eq!(ask("lab.xyz.example", "ada@lab.xyz.example", false), [differs]);
        assert_eq!(ask("other.example", "ada@xyz.example", true), [differs, used]);
    }

    #[test]
    fn an_address_is_put_into_lines() {
        let full = TypedAddress {
            street: " 1200  Harbor Street ",
            suite: "Suite 400",
            city: "Springfield",
            region: "OR",
            postal: "97477",
            country: "United States",
        };
        assert_eq!(
            full.lines().unwrap(),
            "1200 Harbor Street\nSuite 400\nSpringfield, OR 97477\nUnited States"
        );
        let short = TypedAddress {
            suite: "",
            region: "",
            postal: "",
            ..full.clone()
        };
        assert_eq!(
            short.lines().unwrap(),
            "1200 Harbor Street\nSpringfield\nUnited States"
        );
        let Err(Error::Invalid(problems)) = TypedAddress::default().lines() else {
            panic!("nothing was taken for an address");
        };
        let fields: Vec<&str> = problems.list().iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["street", "city", "country"]);
        let long = "x".repeat(100);
        let long = TypedAddress {
            street: &long,
            suite: &long,
            city: &long,
            region: &long,
            postal: &long,
            country: &long,
        };
        assert!(long.lines().is_err());
    }
}
