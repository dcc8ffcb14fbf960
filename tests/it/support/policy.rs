//! Product instances by policy for tests: they sign what they report.

use super::Portal;
use licentral::devices::Udi;
use licentral::devices::policy::payload::{Report, Sent};
use licentral::kernel::Moment;
use licentral::platform::signing::FileKey;
use serde_json::{Value, json};

/// A product instance by policy, as far as it is known here.
pub struct PolicyDevice {
    pub key: FileKey,
    pub serial: &'static str,
    pub now: Moment,
}

impl PolicyDevice {
    pub fn new(p: &Portal, serial: &'static str) -> Self {
        Self {
            key: FileKey::make().unwrap().0,
            serial,
            now: p.clock.now(),
        }
    }
    /// A report that ended so many hours ago.
    pub fn report(&self, id: &str, entitlement: &str, quantity: i64, hours: i64) -> Sent {
        let ended_at = self.now.plus(chrono::TimeDelta::hours(-hours));
        Report {
            udi: Udi {
                pid: "C9200-48P-E".to_owned(),
                serial: self.serial.to_owned(),
            },
            id: id.to_owned(),
            entitlement: entitlement.to_owned(),
            quantity,
            began_at: ended_at.plus(chrono::TimeDelta::hours(-1)),
            ended_at,
            software: "17.12.4".to_owned(),
            sha256: String::new(),
            key: String::new(),
        }
        .sign(&self.key)
        .unwrap()
    }
    pub fn asked(&self, reports: &[Sent]) -> Value {
        let usage: Vec<Value> = reports.iter().map(Sent::shape).collect();
        json!({ "data": { "timestamp": 1, "nonce": "n1", "reports": [{
            "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": self.serial }, "hostname": "edge-1", "usage": usage,
        }] } })
    }
}
