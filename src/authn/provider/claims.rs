//! What the provider says of somebody.

use super::{Failed, Provider};
use crate::authn::PlatformRole;
use crate::kernel::{EmailAddress, Name};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The claims of an ID token, those that are the same for everybody apart.
#[derive(Debug, Deserialize)]
pub struct Said {
    pub iss: String,
    pub sub: String,
    pub aud: Value,
    pub azp: Option<String>,
    pub exp: i64,
    #[serde(default)]
    pub iat: i64,
    pub nonce: Option<String>,
    pub auth_time: Option<i64>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Somebody who has come from the provider, and was believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Where from.
    pub issuer: String,
    /// Who: what the provider calls them, for good.
    pub subject: String,
    /// Their address, where the provider has seen that it is theirs.
    pub email: Option<String>,
    /// Their name, or the first part of the address.
    pub name: String,
    /// The roles over the portal that their groups hold.
    pub roles: Vec<PlatformRole>,
    /// When they last proved to the provider who they are, if it says so. Seconds since 1970.
    pub proved_at: Option<i64>,
}

/// True, or the word for it: some providers write it so.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(is)) => *is,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}

impl Provider {
    /// Puts together what the ID token and the answer of the userinfo endpoint say; where both do, the token counts.
    pub(super) fn arrival(&self, said: Said, userinfo: Option<Value>) -> Result<Arrival, Failed> {
        let mut claims = match userinfo {
            Some(Value::Object(more)) => {
                // Otherwise it may be of somebody else (section 5.3.2).
                if more.get("sub").and_then(Value::as_str) != Some(said.sub.as_str()) {
                    return Err(Failed::Wrong("the userinfo is about somebody else"));
                }
                more
            }
            _ => Map::new(),
        };
        claims.extend(said.more);
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let email = EmailAddress::parse(text("email"))
            .ok()
            .map(|email| email.as_str().to_owned())
            .filter(|_| is_true(claims.get("email_verified")));
        let both = format!("{} {}", text("given_name"), text("family_name"));
        let name = [
            text("name"),
            both.trim(),
            text("email").split('@').next().unwrap_or_default(),
        ]
        .into_iter()
        .find_map(|name| Name::parse(name, "Name").ok())
        .map_or_else(|| "New user".to_owned(), |name| name.as_str().to_owned());
        let groups: Vec<&str> = match claims.get(&self.settings.groups_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        let mut roles: Vec<PlatformRole> = self
            .roles
            .iter()
            .filter(|(group, _)| groups.contains(&group.as_str()))
            .map(|(_, role)| *role)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(Arrival {
            issuer: said.iss,
            subject: said.sub,
            email,
            name,
            roles,
            proved_at: said.auth_time,
        })
    }
}
