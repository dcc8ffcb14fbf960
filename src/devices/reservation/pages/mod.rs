//! "License Reservation": the request code of the device, its licenses, a review, and the authorization code. And its
//! end: the Reservation Return Code.

mod choose;
mod code;
mod done;
mod give_back;
mod review;

use choose::{choose, show_licenses};
use code::{enter_code, show_code};
pub use done::done_page;
use done::{done, file};
use give_back::{give_back, remove_under_case, show_return};
use review::{reserve, review};

use crate::error::{Error, Result};
use crate::http::form::Named;
use crate::http::{Crumb, FormState, Routes, Shell, Visit};
use crate::kernel::ids::{ReservationId, VirtualAccountId};
use serde::Deserialize;

const RESERVATION: &str = "/sa/{said}/licensing/reservation";

const RETURN: &str = "/sa/{said}/devices/device-inventory/{device}/return";

const STEPS: [&str; 4] = [
    "Enter Request Code",
    "Select Licenses",
    "Review and Confirm",
    "Authorization Code",
];

const TITLE: &str = "License Reservation";

pub fn routes(routes: &mut Routes) {
    routes.get(RESERVATION, show_code);
    routes.post(RESERVATION, enter_code);
    routes.get(&format!("{RESERVATION}/licenses"), show_licenses);
    routes.post(&format!("{RESERVATION}/licenses"), choose);
    routes.get(&format!("{RESERVATION}/review"), review);
    routes.post(&format!("{RESERVATION}/review"), reserve);
    routes.get(&format!("{RESERVATION}/{{reservation}}"), done);
    routes.get(&format!("{RESERVATION}/{{reservation}}/code.txt"), file);
    routes.get(RETURN, show_return);
    routes.post(RETURN, give_back);
    routes.post(&format!("{RETURN}/case"), remove_under_case);
}

impl Named for ReservationId {
    const NAME: &'static str = "reservation";
}

fn base(visit: &Visit) -> String {
    format!("/sa/{}/licensing/reservation", visit.number())
}

fn shell(visit: &Visit, form: &FormState) -> Shell {
    let inventory = format!("/sa/{}/licensing/license-inventory", visit.number());
    let mut shell = visit.account_shell(
        TITLE,
        &[
            Crumb::text("Licensing"),
            Crumb::link("License Inventory", inventory),
        ],
    );
    shell.error_title = form.has_problems();
    shell
}

/// What was entered so far, as it stands in addresses and forms.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    pub(super) va: String,
    #[serde(default)]
    pub(super) code: String,
    /// The text of a file with the code.
    #[serde(default)]
    pub(super) file: String,
    /// The entitlement from whose menu one came.
    #[serde(default)]
    pub(super) license: String,
    #[serde(default, rename = "entitlement[]")]
    pub(super) entitlement: Vec<String>,
    #[serde(default, rename = "quantity[]")]
    pub(super) quantity: Vec<String>,
}

impl Asked {
    pub(super) fn of(visit: &Visit) -> Self {
        serde_html_form::from_str(&visit.query).unwrap_or_default()
    }
    pub(super) fn place(&self) -> Result<VirtualAccountId> {
        self.va.parse().map_err(|_| Error::NotFound)
    }
    pub(super) fn quantity_of(&self, entitlement: &str) -> &str {
        self.entitlement
            .iter()
            .zip(&self.quantity)
            .find(|(known, _)| *known == entitlement)
            .map_or("", |(_, quantity)| quantity.trim())
    }
    pub(super) fn query(&self, with_lines: bool) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.append_pair("va", &self.va).append_pair("code", &self.code);
        if !self.license.is_empty() {
            out.append_pair("license", &self.license);
        }
        if with_lines {
            for (entitlement, quantity) in self.entitlement.iter().zip(&self.quantity) {
                if !quantity.trim().is_empty() {
                    out.append_pair("entitlement[]", entitlement)
                        .append_pair("quantity[]", quantity.trim());
                }
            }
        }
        out.finish()
    }
}
