//! What a local account is, and which states it has.

use crate::authz::TenantState;
use crate::error::{Error, Problems, Result};
use crate::http::form::Named;
use crate::kernel::ids::{DeviceManagerId, PersonId, SmartAccountId};
use crate::kernel::{EmailAddress, Moment, Name};
use serde::{Deserialize, Serialize};

crate::words! {
    /// The state of a local account, from the request to the end.
    pub enum AccountState {
        /// Asked for; nobody has decided.
        Pending = "pending", "Pending";
        /// Approved; the cloud is being asked over the network.
        Registering = "registering", "Registering";
        /// The registration file was made; the authorization file has not come back.
        AwaitingFile = "awaiting-file", "Awaiting authorization file";
        /// Not approved.
        Rejected = "rejected", "Rejected";
        /// Registered with the cloud.
        Active = "active", "Active";
        /// Deactivated.
        Inactive = "inactive", "Inactive";
    }
}

impl AccountState {
    /// The state of the tenant: what the rooms of a tenant ask. Everything there is off until the account is Active.
    pub const fn of_tenant(self) -> TenantState {
        match self {
            Self::Active => TenantState::Active,
            Self::Inactive => TenantState::Inactive,
            Self::Pending | Self::Registering | Self::AwaitingFile | Self::Rejected => TenantState::Pending,
        }
    }
    /// The colour of its badge.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Active => "ok",
            Self::Pending | Self::AwaitingFile => "warn",
            Self::Registering => "info",
            Self::Rejected => "bad",
            Self::Inactive => "",
        }
    }
    /// Whether it stands among the requests, and not among the accounts.
    pub const fn is_request(self) -> bool {
        !matches!(self, Self::Active | Self::Inactive)
    }
}

crate::words! {
    /// How the synchronization of a local account stands.
    pub enum SyncState {
        /// No file was ever made.
        Never = "never", "Never synchronized";
        /// A file is on its way over the network.
        InProgress = "in-progress", "In progress";
        /// A file was made, and no response to it was applied.
        Generated = "generated", "File generated - awaiting response";
        /// The last file was answered, and the answer applied.
        Successful = "successful", "Synchronization Successful";
        /// The last try failed.
        Failed = "failed", "Synchronization failed";
        /// The cloud has waited too long. Never kept: it follows from the time.
        Overdue = "overdue", "Synchronization overdue";
    }
}

/// The cloud, as its authorization told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// Address such as `http://127.0.0.1:8080`; none for a site without a network.
    pub url: Option<String>,
    /// By what the cloud knows this account.
    pub manager: DeviceManagerId,
    /// Number of the Smart Account.
    pub smart_account: i64,
    /// Its name.
    pub smart_account_name: String,
    /// Its domain identifier.
    pub domain: String,
    /// The Virtual Account to which the local DEFAULT is bound.
    pub virtual_account: String,
    /// The public key that verifies the cloud's files, base64url.
    pub public_key: String,
    /// Since when it is registered.
    pub registered_at: Moment,
}

/// A local account, without the private half of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAccount {
    /// The tenant.
    pub id: SmartAccountId,
    /// Its number in addresses.
    pub number: i64,
    /// "On-Prem Account Name".
    pub name: String,
    /// "Cisco Smart Account", as it was asked for.
    pub smart_account: String,
    /// "Cisco Virtual Account", as it was asked for.
    pub virtual_account: String,
    /// "Email for Notification".
    pub email: String,
    /// How far it is.
    pub state: AccountState,
    /// Why it was rejected or deactivated, or why its registration failed; else "".
    pub reason: String,
    /// Who asked for it.
    pub requested_by: Option<PersonId>,
    /// When.
    pub requested_at: Moment,
    /// The public half of its key, base64url.
    pub public_key: String,
    /// The cloud, once it is registered.
    pub cloud: Option<Cloud>,
    /// Number of the last synchronization file that was made.
    pub sequence: i64,
    /// Number of the last file whose response was applied.
    pub last_response: i64,
    /// How the last synchronization stands, but for being overdue: [`LocalAccount::sync_state`].
    pub sync: SyncState,
    /// Why the last try failed, or "".
    pub failure: String,
    /// When a response was applied last.
    pub synced_at: Option<Moment>,
    /// By when the cloud wants to hear of it.
    pub due_at: Option<Moment>,
    /// Whether the server's schedule holds for it.
    pub is_scheduled: bool,
    /// When it synchronizes by itself next.
    pub next_run_at: Option<Moment>,
    /// Scheduled tries that failed since the last one that did not.
    pub failed_tries: i32,
    /// Whether host names are left out of its synchronization files.
    pub hides_hostnames: bool,
    /// Counts changes.
    pub version: i64,
    /// The public half of the key with which it asks to be registered again.
    pub next_public_key: Option<String>,
}

impl LocalAccount {
    /// Where its product instances by policy report, as the real server names it: below the address of this server.
    pub fn transport_url(&self, base: &str) -> String {
        let name: String = url::form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        format!("{base}/cslu/v1/pi/{}-{}", name.replace('+', "%20"), self.number)
    }
    /// How the synchronization stands by now.
    pub fn sync_state(&self, now: Moment) -> SyncState {
        match self.due_at {
            Some(due) if due < now && self.sync != SyncState::InProgress => SyncState::Overdue,
            _ => self.sync,
        }
    }

    /// The cloud that an Active account is registered with.
    pub fn cloud(&self) -> Result<&Cloud> {
        match (self.state, &self.cloud) {
            (AccountState::Active, Some(cloud)) => Ok(cloud),
            _ => Err(Error::refused(
                "on-prem.account-not-active",
                format!(
                    "The On-Prem account {} is {}: only an Active one synchronizes.",
                    self.name, self.state
                ),
            )),
        }
    }
}

/// The number of a local account in an address.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub i64);

impl std::str::FromStr for Number {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Named for Number {
    const NAME: &'static str = "account";
}

/// What is asked for in a request.
#[derive(Debug, Clone)]
pub struct Requested {
    /// "Account Name".
    pub name: Name,
    /// "Cisco Smart Account".
    pub smart_account: Name,
    /// "Cisco Virtual Account".
    pub virtual_account: Name,
    /// "Email for Notification".
    pub email: EmailAddress,
}

impl Requested {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(name: &str, smart_account: &str, virtual_account: &str, email: &str) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Account Name"));
        let smart_account = problems.take("smart_account", Name::parse(smart_account, "Cisco Smart Account"));
        let virtual_account = problems.take(
            "virtual_account",
            Name::parse(virtual_account, "Cisco Virtual Account"),
        );
        let email = problems.take("email", EmailAddress::parse(email));
        match (name, smart_account, virtual_account, email) {
            (Some(name), Some(smart_account), Some(virtual_account), Some(email)) => Ok(Self {
                name,
                smart_account,
                virtual_account,
                email,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }

    /// What stands below the name of the tenant.
    pub fn line(&self) -> String {
        format!("{} / {}", self.smart_account, self.virtual_account)
    }
}

/// What "Account Properties" lets one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Properties {
    /// "Account Name".
    pub name: String,
    /// "Email for Notification".
    pub email: String,
    /// "Exclude host names".
    pub hides_hostnames: bool,
}

impl Properties {
    /// As they stand now.
    pub fn of(account: &LocalAccount) -> Self {
        Self {
            name: account.name.clone(),
            email: account.email.clone(),
            hides_hostnames: account.hides_hostnames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_account_can_be_worked_in() {
        for state in AccountState::ALL {
            let is_active = *state == AccountState::Active;
            assert_eq!(state.of_tenant() == TenantState::Active, is_active, "{state}");
            assert_eq!(
                state.is_request(),
                !matches!(state, AccountState::Active | AccountState::Inactive)
            );
        }
    }
}
