//! Speaks with the lab's operations of a portal, as an API client of its operator.

use crate::platform::portal_calls;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::time::Duration;

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Failed {
    /// The portal said no.
    Refused(String),
    /// It did not answer, or not in a way that is known here.
    Unreachable(String),
}

type Answered = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

/// A portal, and who speaks with it.
pub struct Client {
    portal: String,
    id: String,
    secret: String,
    agent: ureq::Agent,
    token: RefCell<Option<String>>,
}

impl Client {
    /// At an address such as `http://127.0.0.1:8080`.
    pub fn of(portal: &str, id: &str, secret: &str) -> Result<Self, String> {
        let portal = portal_calls::address(portal)?;
        // Longer than the longest wait.
        let agent = portal_calls::agent(Duration::from_secs(330))?.build().new_agent();
        Ok(Self {
            portal,
            id: id.to_owned(),
            secret: secret.to_owned(),
            agent,
            token: RefCell::new(None),
        })
    }

    /// Asks with GET.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failed> {
        let token = self.token()?;
        let mut request = self
            .agent
            .get(format!("{}/api/v1/simulator/{path}", self.portal))
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in query {
            request = request.query(name, value);
        }
        self.read(request.call())
    }

    /// Sends JSON.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failed> {
        let token = self.token()?;
        let url = format!("{}/api/v1/simulator/{path}", self.portal);
        let request = match method {
            "PUT" => self.agent.put(url),
            _ => self.agent.post(url),
        };
        self.read(
            request
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .send(body.to_string()),
        )
    }

    /// Sends the bytes of a file; the answer is JSON.
    pub fn send_file(&self, path: &str, bytes: &[u8]) -> Result<Value, Failed> {
        let answer = self.post_file(path, &[], bytes)?;
        self.read(answer)
    }

    /// Sends the bytes of a file; the answer is a file.
    pub fn turn_file(&self, path: &str, query: &[(&str, &str)], bytes: &[u8]) -> Result<Vec<u8>, Failed> {
        let answer = self.post_file(path, query, bytes)?;
        self.read_file(answer)
    }

    /// Gets a file.
    pub fn get_file(&self, path: &str) -> Result<Vec<u8>, Failed> {
        let token = self.token()?;
        let answer = self
            .agent
            .get(format!("{}/api/v1/simulator/{path}", self.portal))
            .header("authorization", format!("Bearer {token}"))
            .call();
        self.read_file(answer)
    }

    fn post_file(&self, path: &str, query: &[(&str, &str)], bytes: &[u8]) -> Result<Answered, Failed> {
        let token = self.token()?;
        let mut request = self
            .agent
            .post(format!("{}/api/v1/simulator/{path}", self.portal))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/octet-stream");
        for (name, value) in query {
            request = request.query(name, value);
        }
        Ok(request.send(bytes))
    }

    fn read_file(&self, answer: Answered) -> Result<Vec<u8>, Failed> {
        match answer {
            Ok(mut good) if good.status().is_success() => {
                good.body_mut().read_to_vec().map_err(|e| self.unreachable(&e))
            }
            other => match self.read(other) {
                Err(failed) => Err(failed),
                Ok(_) => Err(Failed::Unreachable(format!("{} gave no file.", self.portal))),
            },
        }
    }

    /// Removes something.
    pub fn delete(&self, path: &str) -> Result<Value, Failed> {
        let token = self.token()?;
        self.read(
            self.agent
                .delete(format!("{}/api/v1/simulator/{path}", self.portal))
                .header("authorization", format!("Bearer {token}"))
                .call(),
        )
    }

    fn token(&self) -> Result<String, Failed> {
        if let Some(token) = self.token.borrow().as_ref() {
            return Ok(token.clone());
        }
        let body =
            json!({ "grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret });
        let said = self.read(
            self.agent
                .post(format!("{}/api/v1/token", self.portal))
                .header("content-type", "application/json")
                .send(body.to_string()),
        )?;
        let token = portal_calls::word(&said, "access_token").to_owned();
        *self.token.borrow_mut() = Some(token.clone());
        Ok(token)
    }

    fn unreachable(&self, e: &ureq::Error) -> Failed {
        Failed::Unreachable(format!(
            "The portal at {} cannot be reached: {e}. Is it running, and is the address right (--portal)?",
            self.portal
        ))
    }

    fn read(&self, answer: Answered) -> Result<Value, Failed> {
        let mut answer = answer.map_err(|e| self.unreachable(&e))?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|e| self.unreachable(&e))?;
        if status == 204 {
            return Ok(Value::Null);
        }
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        if status < 300 {
            return Ok(said);
        }
        let (code, says) = if portal_calls::word(&said, "error").is_empty() {
            (portal_calls::word(&said, "code"), portal_calls::says(&said))
        } else {
            let says = portal_calls::word(&said, "error_description");
            (portal_calls::word(&said, "error"), says.to_owned())
        };
        match (status, code) {
            (404, _) => Err(Failed::Refused(format!(
                "{} is no lab, or there is no such thing in it.",
                self.portal
            ))),
            (_, "") => Err(Failed::Unreachable(format!(
                "{} answered {status}, and that is not an answer that is known here.",
                self.portal
            ))),
            _ => Err(Failed::Refused(format!("{says} ({code})"))),
        }
    }
}
