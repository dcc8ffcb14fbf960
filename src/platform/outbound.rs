//! Speaks with a cloud, for what an On-Prem server does there: a command's or a portal's. It waits for the
//! answer, so a portal calls it off its loop, and never inside a transaction.

use super::portal_calls::{self, word};
use super::traces::Outgoing;
use serde_json::{Value, json};
use std::time::Duration;

/// How much of an answer is read: a response file of the largest size that is taken.
const MOST_ANSWER: u64 = 80 * 1024 * 1024;

/// By what the cloud's log knows an On-Prem server.
const USER_AGENT: &str = concat!("licentral-on-prem/", env!("CARGO_PKG_VERSION"));

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Failed {
    /// The cloud said no.
    Refused(String),
    /// It did not answer, or not in a way that is known here.
    Unreachable(String),
}

impl Failed {
    /// In words.
    pub fn says(&self) -> &str {
        match self {
            Self::Refused(says) | Self::Unreachable(says) => says,
        }
    }
}

/// A cloud.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    agent: ureq::Agent,
}

type Answer = ureq::http::Response<ureq::Body>;

impl Client {
    /// At an address such as `http://127.0.0.1:8080`.
    pub fn of(url: &str) -> Result<Self, String> {
        let url = portal_calls::address(url)?;
        let agent = portal_calls::agent(Duration::from_mins(5))?
            .middleware(Outgoing::Told)
            .build()
            .new_agent();
        Ok(Self { url, agent })
    }

    fn request(&self, path: &str, kind: &str) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        self.agent
            .post(format!("{}{path}", self.url))
            .header("content-type", kind)
            .header("user-agent", USER_AGENT)
    }

    fn unreachable(&self, error: &ureq::Error) -> Failed {
        Failed::Unreachable(format!(
            "The cloud at {} cannot be reached: {error}. Is it running, is the address right, and does a firewall let it through?",
            self.url
        ))
    }

    fn read(&self, mut answer: Answer) -> Result<Vec<u8>, Failed> {
        let status = answer.status().as_u16();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(MOST_ANSWER)
            .read_to_vec()
            .map_err(|e| self.unreachable(&e))?;
        if status < 300 {
            return Ok(bytes);
        }
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        // What the door for tokens says, by another standard.
        let (code, says) = if word(&problem, "error").is_empty() {
            (word(&problem, "code"), portal_calls::says(&problem))
        } else {
            let says = word(&problem, "error_description");
            (word(&problem, "error"), says.to_owned())
        };
        if code.is_empty() || status >= 500 {
            return Err(Failed::Unreachable(format!(
                "{} answered {status}, and that is not an answer that is known here. {says}",
                self.url
            )));
        }
        Err(Failed::Refused(format!("{says} ({code})")))
    }

    /// An access token of an API client.
    pub fn token(&self, id: &str, secret: &str) -> Result<String, Failed> {
        let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
        let answer = self
            .request("/api/v1/token", "application/json")
            .send(body.to_string())
            .map_err(|e| self.unreachable(&e))?;
        let said: Value = serde_json::from_slice(&self.read(answer)?).unwrap_or_default();
        said.get("access_token")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| Failed::Unreachable(format!("{} gave no access token.", self.url)))
    }

    /// Registers, or registers again; the answer is the text of an authorization file.
    pub fn register(&self, token: &str, account: i64, path: &str, body: &Value) -> Result<String, Failed> {
        let answer = self
            .request(&format!("/api/v1/accounts/{account}/{path}"), "application/json")
            .header("authorization", format!("Bearer {token}"))
            .send(body.to_string())
            .map_err(|e| self.unreachable(&e))?;
        let said: Value = serde_json::from_slice(&self.read(answer)?).unwrap_or_default();
        said.get("authorization")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| Failed::Unreachable(format!("{} gave no authorization.", self.url)))
    }

    /// What an operation of the API answers to a GET.
    pub fn get(&self, token: &str, path: &str) -> Result<Value, Failed> {
        let answer = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {token}"))
            .header("user-agent", USER_AGENT)
            .call()
            .map_err(|e| self.unreachable(&e))?;
        Ok(serde_json::from_slice(&self.read(answer)?).unwrap_or_default())
    }

    /// Sends a synchronization file of so many bytes; the answer is a response file.
    pub fn sync(&self, file: &mut dyn std::io::Read, length: u64) -> Result<Vec<u8>, Failed> {
        let answer = self
            .request("/device-manager/v1/sync", "application/octet-stream")
            .header("content-length", length.to_string())
            .send(ureq::SendBody::from_reader(file))
            .map_err(|e| self.unreachable(&e))?;
        self.read(answer)
    }

    /// The latest response file that the cloud has for a server. `head` is the beginning of a synchronization file, its
    /// first two lines: the signature is the proof.
    pub fn latest_response(&self, head: &[u8]) -> Result<Vec<u8>, Failed> {
        let answer = self
            .request("/device-manager/v1/response", "application/octet-stream")
            .send(head)
            .map_err(|e| self.unreachable(&e))?;
        self.read(answer)
    }
}
