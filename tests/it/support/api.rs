//! A script that uses the API.

use super::{Browser, Page, Portal};
use licentral::authn::api_client;
use licentral::kernel::Name;
use licentral::platform::token;

/// What came back.
pub type Reply = Page;

/// A script with an access token.
#[derive(Clone)]
pub struct Api {
    browser: Browser,
    /// Sent with each request; empty for none.
    pub bearer: String,
}

impl Portal {
    /// A script of this person that may read and write.
    pub fn api(&self, email: &str) -> Api {
        self.api_with(email, true)
    }

    /// The same, which may only read or also write.
    pub fn api_with(&self, email: &str, may_write: bool) -> Api {
        self.api_of(self.api_client(email, may_write))
    }

    /// A script with the id and the secret of a client.
    pub fn api_of(&self, client: (String, String)) -> Api {
        let mut api = self.api_without_token();
        api.come_in(&client);
        api
    }

    /// Id and secret of a new API client.
    pub fn api_client(&self, email: &str, may_write: bool) -> (String, String) {
        self.client_with(
            email,
            api_client::Scopes {
                write: may_write,
                vendor: true,
            },
        )
    }

    /// A client for one that is made for something else.
    pub fn client_with(&self, email: &str, scopes: api_client::Scopes) -> (String, String) {
        let person = self.find_person(email).id;
        let (at, id, secret) = (
            self.clock.now(),
            token::random().chars().take(24).collect::<String>(),
            token::random(),
        );
        let name = Name::parse("Test script", "name").unwrap();
        self.db
            .housekeeping_now(|tx| api_client::add(tx, at, person, &id, &secret, &name, scopes))
            .unwrap();
        (id, secret)
    }

    /// A script that knows no token.
    pub fn api_without_token(&self) -> Api {
        Api {
            browser: self.browser(),
            bearer: String::new(),
        }
    }
}

impl Api {
    /// Gets a token for the id and the secret of a client.
    pub fn come_in(&mut self, (id, secret): &(String, String)) {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let reply = self.send(
            "POST",
            "/api/v1/token",
            &[("content-type", "application/x-www-form-urlencoded")],
            Some(form.as_bytes()),
        );
        reply.expect(200);
        reply.json()["access_token"]
            .as_str()
            .expect("a token")
            .clone_into(&mut self.bearer);
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }
    pub fn post(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.json("POST", path, body)
    }
    pub fn put(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.json("PUT", path, body)
    }
    pub fn patch(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.json("PATCH", path, body)
    }
    pub fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }
    /// With an `Idempotency-Key`.
    pub fn post_once(&mut self, path: &str, key: &str, body: &serde_json::Value) -> Reply {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json"), ("idempotency-key", key)],
            Some(body.to_string().as_bytes()),
        )
    }
    fn json(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Reply {
        self.send(
            method,
            path,
            &[("content-type", "application/json")],
            Some(body.to_string().as_bytes()),
        )
    }
    /// Anything.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        let bearer = format!("Bearer {}", self.bearer);
        let mut all = headers.to_vec();
        if !self.bearer.is_empty() {
            all.push(("authorization", &bearer));
        }
        self.browser.send(method, path, &all, body).clone()
    }
}
