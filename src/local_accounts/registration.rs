//! Registering an account with the cloud, from the approval to the authorization: for pages, scripts and the command. It
//! waits for the cloud's answers, so it is called off the loop, and never inside a transaction.

use super::cloud::{self, SignedIn};
use super::lifecycle::Move;
use super::model::{AccountState, LocalAccount};
use super::service::{self, Authorized, registration_file};
use crate::authz::Permit;
use crate::authz::action::ManageOnPremAccounts;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Clock, text};
use crate::platform::db::Db;
use crate::platform::outbound::{Client, Failed};
use crate::platform::signing::Signing;
use chrono::TimeDelta;
use std::sync::Arc;

/// The code of a registration that the cloud did not carry out.
pub const FAILED: &str = "on-prem.registration-failed";

/// A registration that was begun so long ago is not waited for any longer: twice as long as an answer of the cloud may take.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// An API client of somebody of the cloud, and where that is.
#[derive(Debug, Clone)]
pub struct ApiClient {
    /// Address of the cloud.
    pub cloud: String,
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// What registering needs of a server.
#[derive(Clone)]
pub struct Registrar {
    /// Where the accounts are.
    pub db: Db,
    /// Tells the time.
    pub clock: Clock,
    /// Keeps the keys of the accounts.
    pub signing: Arc<Signing>,
}

impl Registrar {
    /// Registers an account as an API client of somebody of the cloud. One that is Active already is registered again, with
    /// a new key, for a reason.
    pub fn by_client(
        &self,
        permit: &Permit<ManageOnPremAccounts>,
        account: &LocalAccount,
        client: &ApiClient,
        reason: &str,
    ) -> Result<LocalAccount> {
        let again = account.state == AccountState::Active;
        if !again {
            Move::Approve.to(&account.name, account.state)?;
        }
        let reason = again
            .then(|| one_line(reason).map_err(|says| Error::invalid("reason", says)))
            .transpose()?;
        let (signed_in, _) = cloud::sign_in(account, &client.cloud, &client.id, &client.secret)
            .map_err(|(field, says)| Error::invalid(field, says))?;
        self.over_the_network(permit, account.id, &signed_in, reason.as_deref())
    }

    /// Registers an account with a cloud in which somebody is signed in; `again` is the reason for registering it with a new
    /// key. A failure is kept with the account before it is answered.
    pub fn over_the_network(
        &self,
        permit: &Permit<ManageOnPremAccounts>,
        id: SmartAccountId,
        signed_in: &SignedIn,
        again: Option<&str>,
    ) -> Result<LocalAccount> {
        let at = self.clock.now();
        if again.is_some() {
            let key = service::next_key(&self.signing, id)?;
            self.db
                .write_now(|tx| service::ask_again(tx, permit, at, id, &key))?;
        } else {
            let until = self.clock.wall().plus(LEASE);
            self.db
                .write_now(|tx| service::approve(tx, permit, at, id, until))?;
        }
        let (account, file) = self.file(id)?;
        let outcome = match cloud::register(&account, signed_in, &file, again) {
            Ok(text) => service::read_authorization(&text).map_err(|error| said_of(&error)),
            Err(failed) => Err(says(&failed)),
        };
        match outcome {
            Ok(said) => {
                let by = Authorized {
                    said,
                    url: Some(signed_in.url.clone()),
                    default: VirtualAccountId::new(),
                };
                self.db
                    .write_now(|tx| service::authorize(tx, permit, at, id, &by))
            }
            Err(why) => {
                self.db
                    .write_now(|tx| service::registration_failed(tx, permit, at, id, &why))?;
                Err(Error::refused(FAILED, why))
            }
        }
    }

    /// Makes the registration file of an account possible: of a request by approving it, of an Active account with a new key.
    pub fn begin_by_hand(
        &self,
        permit: &Permit<ManageOnPremAccounts>,
        account: &LocalAccount,
    ) -> Result<LocalAccount> {
        let (at, id) = (self.clock.now(), account.id);
        if account.state == AccountState::Active {
            let key = service::next_key(&self.signing, id)?;
            return self
                .db
                .write_now(|tx| service::ask_again(tx, permit, at, id, &key));
        }
        self.db.write_now(|tx| service::generate_file(tx, permit, at, id))
    }

    /// The registration file of an account, as text.
    pub fn file(&self, id: SmartAccountId) -> Result<(LocalAccount, String)> {
        let at = self.clock.now();
        self.db.read_now(|r| registration_file(r, &self.signing, id, at))
    }

    /// Takes the text of an authorization file in; `url` is the address of the cloud, when it can be reached.
    pub fn take_in(
        &self,
        permit: &Permit<ManageOnPremAccounts>,
        id: SmartAccountId,
        text: &str,
        url: Option<String>,
    ) -> Result<LocalAccount> {
        let by = Authorized {
            said: service::read_authorization(text)?,
            url,
            default: VirtualAccountId::new(),
        };
        let at = self.clock.now();
        self.db
            .write_now(|tx| service::authorize(tx, permit, at, id, &by))
    }
}

/// The reason of a re-registration: the cloud keeps it in one line.
pub fn one_line(typed: &str) -> Result<String, String> {
    let says =
        "Enter why it is registered again, or the number of a case. The cloud keeps it in its event log.";
    text::note(typed, "The reason", 500).and_then(|reason| {
        if reason.is_empty() {
            Err(says.to_owned())
        } else {
            Ok(reason.replace(['\n', '\t'], " "))
        }
    })
}

/// The address of a cloud that was typed, none when it was not.
pub fn address(typed: &str) -> Result<Option<String>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    Client::of(typed).map(|_| Some(typed.trim_end_matches('/').to_owned()))
}

/// What the cloud said, with the way out for an answer that was lost on its way.
fn says(failed: &Failed) -> String {
    let said = failed.says();
    if said.contains("device-managers.already-registered") {
        format!(
            "{said} An earlier answer of the cloud did not arrive here: download the authorization file on the page of the device manager in the cloud, and upload it here under Manual registration."
        )
    } else {
        said.to_owned()
    }
}

fn said_of(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => format!("The answer of the cloud is of no use: {}", refusal.says),
        _ => "The answer of the cloud is of no use.".to_owned(),
    }
}
