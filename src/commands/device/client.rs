//! Speaks the device protocol.

use crate::platform::portal_calls;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Why a call came to nothing.
#[derive(Debug, Clone)]
pub enum Failed {
    /// The portal said no.
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        says: String,
    },
    /// It did not answer, or not in a way that is known here.
    Unreachable(String),
}

impl Failed {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Refused { code, says } => format!("{says} ({code})"),
            Self::Unreachable(why) => why.clone(),
        }
    }
    /// Whether the portal does not know the credential.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "signed-out")
    }
}

/// A portal.
#[derive(Debug, Clone)]
pub struct Client {
    portal: String,
    agent: ureq::Agent,
}

impl Client {
    /// At an address such as `http://127.0.0.1:8080`.
    pub fn of(portal: &str) -> Result<Self, String> {
        let portal = portal_calls::address(portal)?;
        let agent = portal_calls::agent(Duration::from_secs(30))?
            .max_idle_connections_per_host(256)
            .max_idle_connections(256)
            .build()
            .new_agent();
        Ok(Self { portal, agent })
    }

    /// Its address.
    pub fn portal(&self) -> &str {
        &self.portal
    }

    /// Sends JSON and reads the answer with its status.
    pub fn post(&self, path: &str, credential: Option<&str>, body: &Value) -> Result<(u16, String), Failed> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.portal))
            .header("content-type", "application/json")
            .header(
                "user-agent",
                concat!("licentral-device/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(credential) = credential {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let unreachable = |e: ureq::Error| {
            Failed::Unreachable(format!(
                "The portal at {} cannot be reached: {e}. Is it running, and is the address right (--portal)?",
                self.portal
            ))
        };
        let mut response = request.send(body.to_string()).map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        if status < 300 {
            return Ok((status, text));
        }
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = portal_calls::word(&problem, "code");
        if code.is_empty() {
            return Err(Failed::Unreachable(format!(
                "{} answered {status} and is no Licentral portal, or not one that knows this protocol.",
                self.portal
            )));
        }
        Err(Failed::Refused {
            code: code.to_owned(),
            says: portal_calls::says(&problem),
        })
    }

    /// Reads an answer.
    pub fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, Failed> {
        serde_json::from_str(text).map_err(|e| {
            Failed::Unreachable(format!(
                "The answer of {} cannot be understood: {e}. Are portal and device of the same version?",
                self.portal
            ))
        })
    }
}
