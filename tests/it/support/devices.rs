//! Devices for tests: they speak the protocol over HTTP, as real ones would.

use super::{Account, Api, Portal, Reply};
use licentral::catalog;
use licentral::kernel::Who;
use licentral::kernel::ids::{OrderId, OrderLineId, VirtualAccountId};
use licentral::licenses::{self, Incoming};
use licentral::platform::token;
use serde_json::{Value, json};

/// The licenses of the switch of the walk-through.
pub const ESSENTIALS: [(&str, i64); 2] = [("c9200-ne-48", 1), ("c9200-dna-e-48", 1)];

/// A device with its credential.
pub struct TestDevice {
    api: Api,
    pub serial: String,
    pub id: String,
    pub secret: String,
}

impl TestDevice {
    fn headers(&self) -> String {
        format!("Bearer {}.{}", self.id, self.secret)
    }
    pub fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let credential = self.headers();
        let text = body.map(Value::to_string);
        self.api.send(
            method,
            path,
            &[
                ("authorization", &credential),
                ("content-type", "application/json"),
            ],
            text.as_deref().map(str::as_bytes),
        )
    }
    pub fn report(&mut self, licenses: &[(&str, i64)]) -> Reply {
        let lines: Vec<Value> = licenses
            .iter()
            .map(|(key, quantity)| json!({ "entitlement": key, "quantity": quantity }))
            .collect();
        self.send("POST", "/device/v1/report", Some(&json!({ "licenses": lines })))
    }
    pub fn status(&mut self) -> Reply {
        self.send("GET", "/device/v1/status", None)
    }
    pub fn renew(&mut self) -> Reply {
        self.send("POST", "/device/v1/renew", None)
    }
    pub fn deregister(&mut self) -> Reply {
        self.send("POST", "/device/v1/deregister", None)
    }
}

/// What a device sends to register.
pub fn registration(token_text: &str, serial: &str, secret: &str) -> Value {
    json!({ "token": token_text, "secret": secret, "udi": { "pid": "C9200-48P-E", "serial": serial },
        "hostname": format!("sw-{}", serial.to_lowercase()), "product": "C9200 Series Switch", "software": "17.12.4" })
}

impl Portal {
    /// Asks to register; whatever comes of it.
    pub fn ask_to_register(&self, body: &Value) -> Reply {
        self.api_without_token().post("/device/v1/register", body)
    }

    /// A device that registers with a token.
    #[track_caller]
    pub fn device(&self, token_text: &str, serial: &str) -> TestDevice {
        let secret = token::random();
        let reply = self.ask_to_register(&registration(token_text, serial, &secret));
        reply.expect(201);
        TestDevice {
            api: self.api_without_token(),
            serial: serial.to_owned(),
            id: reply.json()["device"].as_str().unwrap().to_owned(),
            secret,
        }
    }

    /// Licenses of so many of a product, put into a Virtual Account as an order would.
    pub fn licensed(&self, account: &Account, place: VirtualAccountId, sku: &str, quantity: i64) {
        let at = self.clock.now();
        let item = catalog::find(sku).unwrap();
        let (order, line) = (OrderId::new(), OrderLineId::new());
        self.db
            .housekeeping_now(|tx| {
                let incoming = Incoming {
                    account: account.id,
                    virtual_account: place,
                    order,
                    line,
                    round: 1,
                    reference: "TEST",
                    item,
                    quantity,
                    ordered_at: at,
                    months: None,
                };
                licenses::grant(tx, at, &Who::portal("tests"), &[incoming]).map(drop)
            })
            .unwrap();
    }

    /// Purchased, in use and balance of a license in a Virtual Account.
    pub fn numbers_of(
        &self,
        account: &Account,
        place: VirtualAccountId,
        entitlement: &str,
    ) -> (i64, i64, i64) {
        let keys = [entitlement.to_owned()];
        self.db
            .read_now(|r| licenses::stocks_of(r, account.id, place, &keys))
            .unwrap()
            .first()
            .map_or((0, 0, 0), |stock| (stock.purchased, stock.in_use, stock.balance))
    }
}
