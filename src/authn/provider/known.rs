//! What the provider says of itself (OpenID Connect Discovery 1.0), and its keys. Both are kept for an hour; a key that is
//! not among them is looked for once more, since keys are changed.

use super::{Failed, Provider};
use crate::platform::config::is_private;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// For so long it is taken for true.
const KEPT: Duration = Duration::from_hours(1);
/// So often at most keys are asked for out of turn, whatever comes along.
const OUT_OF_TURN: Duration = Duration::from_secs(10);

/// What the provider says of itself, as it says it.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The same, checked.
#[derive(Debug)]
pub struct Metadata {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    jwks_uri: Url,
    pub userinfo_endpoint: Option<Url>,
    pub end_session_endpoint: Option<Url>,
    auth_methods: Option<Vec<String>>,
    /// Its answers say where they are from (RFC 9207).
    pub names_itself: bool,
}

impl Document {
    fn checked(self) -> Result<Metadata, String> {
        let url = |text: &str| match Url::parse(text) {
            Ok(url) if is_private(&url) => Ok(url),
            _ => Err(format!("it names {text:?}, which is no address with TLS")),
        };
        Ok(Metadata {
            authorization_endpoint: url(&self.authorization_endpoint)?,
            token_endpoint: url(&self.token_endpoint)?,
            jwks_uri: url(&self.jwks_uri)?,
            userinfo_endpoint: self.userinfo_endpoint.as_deref().map(url).transpose()?,
            end_session_endpoint: self.end_session_endpoint.as_deref().map(url).transpose()?,
            auth_methods: self.token_endpoint_auth_methods_supported,
            names_itself: self.authorization_response_iss_parameter_supported,
        })
    }
}

impl Metadata {
    /// Whether a secret may stand in the header; by the standard, where nothing is said.
    pub fn takes_basic(&self) -> bool {
        self.auth_methods
            .as_ref()
            .is_none_or(|known| known.iter().any(|one| one == "client_secret_basic"))
    }
}

/// What is known of the provider by now.
#[derive(Default)]
pub struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<Vec<Jwk>>)>,
    asked_out_of_turn: Option<Instant>,
}

impl Provider {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it says of itself. Where it does not answer now, what it said before.
    pub(super) fn metadata(&self) -> Result<Arc<Metadata>, Failed> {
        let before = self.known().metadata.clone();
        if let Some((at, metadata)) = &before
            && at.elapsed() < KEPT
        {
            return Ok(metadata.clone());
        }
        match (self.discover(), before) {
            (Ok(metadata), _) => {
                let metadata = Arc::new(metadata);
                self.known().metadata = Some((Instant::now(), metadata.clone()));
                Ok(metadata)
            }
            (Err(Failed::Unreachable(why)), Some((_, metadata))) => {
                tracing::warn!(why, "the identity provider does not say where it stands");
                Ok(metadata)
            }
            (Err(failed), _) => Err(failed),
        }
    }

    fn discover(&self) -> Result<Metadata, Failed> {
        let _turn = self.turn()?;
        let issuer = self.issuer();
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let found: Document = self.get(&address, None)?;
        if found.issuer != issuer {
            return Err(Failed::Unreachable(format!(
                "{address} is that of the issuer {:?}, and LICENTRAL_OIDC_ISSUER is {issuer:?}",
                found.issuer
            )));
        }
        found
            .checked()
            .map_err(|why| Failed::Unreachable(format!("{address}: {why}")))
    }

    /// Its keys, as they were known.
    pub(super) fn keys(&self) -> Result<Arc<Vec<Jwk>>, Failed> {
        let known = self.known().keys.clone();
        match known {
            Some((at, keys)) if at.elapsed() < KEPT => Ok(keys),
            _ => self.fetch_keys(),
        }
    }

    /// Its keys, asked for once more because one was missing; none when that was done a moment ago.
    pub(super) fn keys_once_more(&self) -> Result<Option<Arc<Vec<Jwk>>>, Failed> {
        {
            let mut known = self.known();
            if known
                .asked_out_of_turn
                .is_some_and(|at| at.elapsed() < OUT_OF_TURN)
            {
                return Ok(None);
            }
            known.asked_out_of_turn = Some(Instant::now());
        }
        self.fetch_keys().map(Some)
    }

    fn fetch_keys(&self) -> Result<Arc<Vec<Jwk>>, Failed> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let metadata = self.metadata()?;
        let _turn = self.turn()?;
        let set: Set = self.get(metadata.jwks_uri.as_str(), None)?;
        // Keys of a kind that is not known here are for others.
        let keys: Vec<Jwk> = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect();
        let keys = Arc::new(keys);
        self.known().keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    /// For the doctor: asks the provider anew, and says what it has.
    pub fn look(&self) -> Result<String, String> {
        let words = |failed: Failed| match failed {
            Failed::Unreachable(why) => why,
            Failed::Wrong(why) => why.to_owned(),
        };
        self.metadata().map_err(words)?;
        let keys = self.fetch_keys().map_err(words)?;
        Ok(format!(
            "{} answers as that issuer and has {} keys",
            self.issuer(),
            keys.len()
        ))
    }
}
