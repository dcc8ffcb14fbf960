//! Devices for tests: they speak the protocol over HTTP, as real ones would.

use super::{Account, Api, Portal, Reply};
use diesel::prelude::*;
use licentral::devices::{Device, Standing, Usage};
use licentral::kernel::Moment;
use licentral::kernel::ids::{DeviceId, VirtualAccountId};
use licentral::licenses;
use licentral::platform::db::schema::{device_usage, devices};
use licentral::platform::db::{Reads, Tx};
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

/// A device that is there already and uses something.
pub fn placed(
    account: &Account,
    place: VirtualAccountId,
    entitlement: &str,
    quantity: i64,
    at: Moment,
) -> (Device, Vec<Usage>) {
    let id = DeviceId::new();
    let device = Device {
        id,
        account: account.id,
        virtual_account: place,
        manager: None,
        pid: "PLACED".to_owned(),
        serial: id.to_string(),
        hostname: String::new(),
        product: "Placed".to_owned(),
        software: String::new(),
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: true,
        secret_hash: token::digest(&token::random()),
        token: None,
        licenses: 1,
        registered_at: at,
        renewed_at: at,
        contact_at: at,
        reported_at: Some(at),
        version: 1,
        local_place: String::new(),
        policy: None,
        report_by: None,
        report_key: String::new(),
    };
    let usage = Usage {
        entitlement: entitlement.to_owned(),
        quantity,
        reserved: 0,
        since: at,
    };
    (device, vec![usage])
}

/// Takes so many off what devices use in a Virtual Account, one device after the other.
pub fn use_less(
    tx: &mut Tx<'_>,
    place: VirtualAccountId,
    entitlement: &str,
    mut less: i64,
) -> licentral::error::Result<()> {
    let rows: Vec<(String, i64)> = device_usage::table
        .filter(device_usage::virtual_account_id.eq(place))
        .filter(device_usage::entitlement.eq(entitlement))
        .select((device_usage::device_id, device_usage::quantity))
        .load(tx.conn())?;
    for (id, quantity) in rows {
        let by = quantity.min(less);
        less -= by;
        let row = device_usage::table.find((&id, entitlement));
        if by < quantity {
            diesel::update(row)
                .set(device_usage::quantity.eq(quantity - by))
                .execute(tx.conn())?;
        } else {
            diesel::delete(row).execute(tx.conn())?;
            diesel::update(devices::table.find(&id))
                .set(devices::licenses.eq(devices::licenses - 1))
                .execute(tx.conn())?;
        }
    }
    Ok(())
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

    /// Purchased, in use and balance of a license in a Virtual Account.
    pub fn numbers(&self, account: &Account, place: VirtualAccountId, entitlement: &str) -> (i64, i64, i64) {
        let keys = [entitlement.to_owned()];
        self.db
            .read_now(|r| licenses::stocks_of(r, account.id, place, &keys))
            .unwrap()
            .first()
            .map_or((0, 0, 0), |stock| (stock.purchased, stock.in_use, stock.balance))
    }
}
