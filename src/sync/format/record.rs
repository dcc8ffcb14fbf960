//! What a file holds, a line each.

use crate::catalog::Billing;
use crate::devices::Udi;
use crate::kernel::Moment;
use serde::{Deserialize, Serialize};

/// One line of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Record {
    /// A local Virtual Account.
    Place(Place),
    /// A product instance.
    Device(Device),
    /// What the Virtual Account in the cloud holds.
    License(License),
    /// What the cloud has taken in.
    Acknowledged(Acknowledged),
    /// By what rules the cloud goes.
    Policy(Policy),
    /// What a product instance by policy has signed.
    Report(Report),
    /// What one of them imports: the cloud's acknowledgement of reports.
    Acknowledgement(String),
    /// A report that the cloud does not count.
    Refused(Refused),
    /// What a product instance by policy asks the cloud for.
    Authorization(Authorization),
    /// What the cloud answers to it.
    Authorized(Authorized),
}

/// A local Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// What it is for, or "".
    pub description: String,
}

/// A product instance, and what it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// The local Virtual Account in which it is.
    pub place: String,
    /// Since when it is registered with the On-Prem server.
    pub registered_at: Moment,
    /// When it called last.
    pub contact_at: Moment,
    /// Whether it reports by policy: what it uses is then in its reports.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_policy: bool,
    /// Entitlement and quantity, by the entitlement.
    pub usage: Vec<(String, i64)>,
}

impl Device {
    /// What it is known by.
    pub fn udi(&self) -> Udi {
        Udi {
            pid: self.pid.clone(),
            serial: self.serial.clone(),
        }
    }
}

/// What the Virtual Account in the cloud holds of one license under one term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid.
    pub billing: Billing,
    /// How many.
    pub purchased: i64,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
}

/// What the cloud has taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// Product instances.
    pub devices: u64,
    /// Lines of usage.
    pub usages: u64,
}

/// By what rules the cloud goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A synchronization is due after so many days.
    pub due_days: i64,
    /// So many days later the device manager is removed.
    pub overdue_removal_days: i64,
}

/// A usage report, byte for byte as a product instance by policy has signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What was signed.
    pub payload: String,
    /// How.
    pub signing_type: String,
    /// With the other half of which key.
    pub key: String,
    /// The signature.
    pub value: String,
    /// Whether the server has the cloud's acknowledgement: it is sent again because it says what is in use.
    pub acknowledged: bool,
}

/// A report that the cloud does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// SHA-256 of its payload, in hexadecimal.
    pub sha256: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub says: String,
}

/// A product instance by policy asks for an authorization code for enforced licenses, or gives its own back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// The request code: by it the request is known, and the product instance.
    pub request: String,
    /// Whether the server made the request code: the authorization code is then sealed to the UDI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_serial: bool,
    /// Entitlement and quantity of each license; none when the code is given back.
    pub licenses: Vec<(String, i64)>,
    /// What proves that the product instance works by its code no more; "" when it asks for one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub return_code: String,
}

crate::words! {
    /// What came of such a request.
    pub enum AuthorizedAs {
        /// The licenses are set aside.
        Granted = "granted", "Granted";
        /// They came back.
        Returned = "returned", "Returned";
        /// Nothing was changed.
        Refused = "refused", "Refused";
    }
}

/// What the cloud answers to a request for an authorization code, or to its return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorized {
    /// The request code.
    pub request: String,
    /// What came of it.
    pub outcome: AuthorizedAs,
    /// The authorization code, or "".
    pub authorization: String,
    /// Why not, for programs; or "".
    pub code: String,
    /// Why not, for people; or "".
    pub says: String,
}
