//! Sign-in by an identity provider: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), state and
//! nonce. What the provider says is asked for over TLS and checked here; what comes of it is the room's business.
//!
//! Everything here waits for the provider's answers: a portal calls it off its loop, and never inside a transaction.

mod claims;
mod id_token;
mod known;

pub use claims::Arrival;

use super::PlatformRole;
use super::store;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::config::IdentityProvider;
use crate::platform::db::{Reads, Tx};
use crate::platform::portal_calls;
use crate::platform::token;
use crate::platform::traces::Outgoing;
use known::Known;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The provider has so long for each answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// A longer answer is not read. Bytes.
const MOST_ANSWER: u64 = 1 << 20;
/// So many are asked of it at the same time: whoever floods the portal does not flood the provider through it.
const ABREAST: usize = 8;
/// The path to which the provider sends people back.
pub const CALLBACK: &str = "/login/provider/callback";

/// Why nobody came in.
#[derive(Debug)]
pub enum Failed {
    /// The provider did not answer, or not as the standard has it. For the log.
    Unreachable(String),
    /// What came back is not to be believed. For the record: it holds nothing that came from outside unchecked.
    Wrong(&'static str),
}

/// An identity provider.
pub struct Provider {
    settings: IdentityProvider,
    roles: Vec<(String, PlatformRole)>,
    agent: OnceLock<ureq::Agent>,
    known: Mutex<Known>,
    turns: Semaphore,
}

/// A sign-in that was begun: the browser carries it to the provider's answer and back, locked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flow {
    /// By which the answer finds it.
    pub state: String,
    nonce: String,
    verifier: String,
    /// Seconds since 1970, wall time.
    pub begun: i64,
    /// Somebody who is signed in is to prove once more who they are.
    pub again: bool,
    /// Where to go on to.
    pub next: String,
}

impl Provider {
    /// The provider of the settings; nothing is asked of it yet.
    pub fn of(settings: &IdentityProvider) -> Result<Self, String> {
        let roles = settings
            .groups
            .iter()
            .map(|(group, word)| match word.parse::<PlatformRole>() {
                Ok(role) if !role.edition().is_on_prem() => Ok((group.clone(), role)),
                _ => Err(format!(
                    "LICENTRAL_OIDC_GROUPS names the role {word:?}. There are operator, support, domain-approver and instructor."
                )),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            settings: settings.clone(),
            roles,
            agent: OnceLock::new(),
            known: Mutex::default(),
            turns: Semaphore::new(ABREAST),
        })
    }

    /// As it names itself.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// As people know it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether its sign-in stands for a second factor as well.
    pub fn is_second_factor(&self) -> bool {
        self.settings.is_second_factor
    }

    /// The roles over the portal that its groups give, and take.
    pub fn roles(&self) -> Vec<PlatformRole> {
        let mut roles: Vec<_> = self.roles.iter().map(|(_, role)| *role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    fn agent(&self) -> Result<&ureq::Agent, Failed> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let made = portal_calls::agent(PATIENCE).map_err(Failed::Unreachable)?;
        let made = made.middleware(Outgoing::NotTold).build();
        Ok(self.agent.get_or_init(|| made.new_agent()))
    }

    /// A turn at the provider.
    fn turn(&self) -> Result<SemaphorePermit<'_>, Failed> {
        self.turns
            .try_acquire()
            .map_err(|_| Failed::Unreachable(format!("{ABREAST} sign-ins are asking the provider already")))
    }

    fn get<T: DeserializeOwned>(&self, address: &str, bearer: Option<&str>) -> Result<T, Failed> {
        let mut request = self.agent()?.get(address).header("accept", "application/json");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        read(address, request.call())
    }

    /// The address at the provider to which a browser is sent, and what it carries along.
    pub fn begin(
        &self,
        base_url: &str,
        wall: Moment,
        again: bool,
        next: &str,
    ) -> Result<(String, Flow), Failed> {
        let metadata = self.metadata()?;
        let flow = Flow {
            state: token::random(),
            nonce: token::random(),
            verifier: token::random(),
            begun: wall.utc().timestamp(),
            again,
            next: next.to_owned(),
        };
        let challenge = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(flow.verifier.as_bytes()));
        let mut address = metadata.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &format!("{base_url}{CALLBACK}"))
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if again {
            // Each says it; some providers know one of them alone.
            address
                .query_pairs_mut()
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        }
        Ok((address.into(), flow))
    }

    /// Trades the code of an answer for who has come. `issuer` is what the answer says of where it is from (RFC 9207).
    pub fn finish(
        &self,
        base_url: &str,
        wall: Moment,
        flow: &Flow,
        code: &str,
        issuer: Option<&str>,
    ) -> Result<Arrival, Failed> {
        let metadata = self.metadata()?;
        match issuer {
            Some(given) if given != self.settings.issuer => {
                return Err(Failed::Wrong("the answer is from another issuer"));
            }
            None if metadata.names_itself => return Err(Failed::Wrong("the answer names no issuer")),
            _ => {}
        }
        let turn = self.turn()?;
        let tokens = self.trade(base_url, &metadata, flow, code)?;
        drop(turn);
        let said = self.verify(&tokens.id_token, &flow.nonce, wall)?;
        let more: Option<Value> = match (&metadata.userinfo_endpoint, &tokens.access_token) {
            (Some(endpoint), Some(access)) => {
                let _turn = self.turn()?;
                Some(self.get(endpoint.as_str(), Some(access))?)
            }
            _ => None,
        };
        let arrival = self.arrival(said, more)?;
        // A clock may be a minute off.
        if flow.again && arrival.proved_at.is_none_or(|at| at < flow.begun - 60) {
            return Err(Failed::Wrong("the provider did not ask once more who it is"));
        }
        Ok(arrival)
    }

    fn trade(
        &self,
        base_url: &str,
        metadata: &known::Metadata,
        flow: &Flow,
        code: &str,
    ) -> Result<Tokens, Failed> {
        let address = metadata.token_endpoint.as_str();
        let redirect = format!("{base_url}{CALLBACK}");
        let id = self.settings.client_id.as_str();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect.as_str()),
            ("code_verifier", flow.verifier.as_str()),
        ];
        let mut request = self.agent()?.post(address).header("accept", "application/json");
        match &self.settings.client_secret {
            Some(secret) if metadata.takes_basic() => {
                let coded =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", coded(id), coded(secret.reveal()));
                let pair = data_encoding::BASE64.encode(pair.as_bytes());
                request = request.header("authorization", format!("Basic {pair}"));
            }
            Some(secret) => form.extend([("client_id", id), ("client_secret", secret.reveal())]),
            None => form.push(("client_id", id)),
        }
        let answer = request.send_form(form);
        if let Ok(answer) = &answer
            && answer.status().is_client_error()
        {
            let status = answer.status();
            tracing::warn!(%status, "the identity provider does not take a code");
            return Err(Failed::Wrong("the provider does not take the code"));
        }
        read(address, answer)
    }

    /// Where somebody is signed out at the provider as well, if it has such a place.
    pub fn sign_out_address(&self, base_url: &str) -> Option<String> {
        let mut address = self.metadata().ok()?.end_session_endpoint.clone()?;
        address
            .query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{base_url}/login"));
        Some(address.into())
    }
}

/// What the provider gives for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

fn read<T: DeserializeOwned>(
    address: &str,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T, Failed> {
    let failed = |why: String| Failed::Unreachable(format!("{address}: {why}"));
    let mut answer = answer.map_err(|e| failed(e.to_string()))?;
    let status = answer.status();
    let bytes = answer
        .body_mut()
        .with_config()
        .limit(MOST_ANSWER)
        .read_to_vec()
        .map_err(|e| failed(e.to_string()))?;
    if !status.is_success() {
        return Err(failed(format!("it answered {status}")));
    }
    serde_json::from_slice(&bytes).map_err(|e| failed(format!("its answer cannot be read: {e}")))
}

/// Who comes in by this account of a provider.
pub fn person_of(read: &mut dyn Reads, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
    store::person_of_identity(read, issuer, subject)
}

/// Whether a person comes in by an account of this provider.
pub fn is_linked(read: &mut dyn Reads, issuer: &str, person: PersonId) -> Result<bool> {
    store::has_identity(read, issuer, person)
}

/// From now on a person comes in by this account.
pub fn link(tx: &mut Tx<'_>, wall: Moment, issuer: &str, subject: &str, person: PersonId) -> Result<()> {
    store::insert_identity(tx, issuer, subject, person, wall)
}
