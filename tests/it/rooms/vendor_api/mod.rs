//! The vendor's APIs: doors, paths and bodies as scripts write them, every operation with its answer, and what is refused.

mod doors;
mod fuzz;
mod grants;
pub mod guide;
mod operations;
mod quirks;
mod refused;

use crate::support::{Api, Cast, PASSWORD, Page, Portal};
use serde_json::{Value, json};

pub const A: &str = "/services/api/smart-accounts-and-licensing";
pub const B: &str = "/v1/software/apis";
/// Pid and serial of the device that reports.
pub const SERIAL: &str = "JAE24010001";
/// A request code of a device that never calls.
pub const REQUEST: &str = "BB-ZC9200-48P-E:FOC2401X0AB-BHk4w9qc7-38";

/// A script that came in at one of the vendor's token addresses.
pub struct Script {
    pub api: Api,
}

impl Script {
    pub fn of(p: &Portal, email: &str) -> Self {
        Self::with(p, email, true)
    }

    pub fn with(p: &Portal, email: &str, may_write: bool) -> Self {
        let (id, secret) = p.api_client(email, may_write);
        let door = if p.parts.config.edition.is_on_prem() {
            "/oauth/token"
        } else {
            "/as/token.oauth2"
        };
        let mut api = p.api_without_token();
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let reply = api.send(
            "POST",
            door,
            &[("content-type", "application/x-www-form-urlencoded")],
            Some(form.as_bytes()),
        );
        reply.expect(200);
        reply.json()["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut api.bearer);
        Self { api }
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.api.get(path)
    }
    pub fn post(&mut self, path: &str, body: &Value) -> Page {
        self.api.post(path, body)
    }
}

/// A cloud with licenses, a device and tokens.
pub fn furnished() -> (Portal, Cast) {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 20);
    p.licenses(&cast.xyz, cast.corporate, "C9200-NE-48-P", 10);
    p.licenses(&cast.xyz, cast.xyz.default, "DCN-A-XF2-3Y", 4);
    p.licenses(&cast.harborview, cast.harborview.default, "C9200-48P-E", 3);
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    p.device(&text, SERIAL).report(&[("c9200-ne-48", 2)]).expect(200);
    (p, cast)
}

/// What an error says, in whichever shape.
pub fn says(page: &Page) -> String {
    let body = page.json();
    ["statusMessage", "message", "error_description"]
        .iter()
        .find_map(|name| body[*name].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Every answer is compact JSON, whatever it says.
#[track_caller]
pub fn is_compact_json(page: &Page) {
    assert_eq!(
        page.header("content-type"),
        Some("application/json"),
        "{}",
        page.body
    );
    let value: Value = serde_json::from_str(&page.body).unwrap_or_else(|e| panic!("{e}: {}", page.body));
    assert_eq!(
        value.to_string().len(),
        page.body.len(),
        "not compact: {}",
        page.body
    );
    assert!(value.is_object());
}

pub fn password() -> &'static str {
    PASSWORD
}

/// One line of a transfer.
pub fn line(license: &str, quantity: Value) -> Value {
    json!({ "license": license, "licenseType": "PERPETUAL", "quantity": quantity, "targetVirtualAccount": "DEFAULT" })
}
