//! The device protocol of product instances by policy: signed usage reports go in, their acknowledgement comes out.

use super::super::api_device::{who_calls, whose, write};
use super::calls::{Taker, report};
use super::payload::{Report, Sent};
use crate::error::{Error, Result};
use crate::http::form::Credential as Given;
use crate::http::{Answer, Api, JsonBody, Public, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::DeviceId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The operation of the protocol.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/device/v1/usage",
        Api::says("Device protocol: signed usage reports of a product instance by policy, all of them or none. Each is counted once; what was counted before is acknowledged again.")
            .takes::<UsageRequest>()
            .gives::<UsageAnswer>(200),
        usage,
    );
}

/// How a report was signed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageSignature {
    /// licentral-ed25519.
    pub signing_type: String,
    /// The public key, base64url without padding.
    pub key: String,
    /// A JSON Web Signature of the payload, without the payload (RFC 7515, appendix F).
    pub value: String,
}

/// One usage report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageReport {
    /// JSON as a text: what was signed, byte for byte.
    #[schema(min_length = 1, max_length = 20_000)]
    pub payload: String,
    /// By which its bytes are checked.
    pub signature: UsageSignature,
}

/// Usage reports of a product instance by policy.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageRequest {
    /// At most 40, one for each license and span of time.
    #[schema(min_items = 1, max_items = 40)]
    pub reports: Vec<UsageReport>,
}

/// What was counted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UsageAnswer {
    /// Id of the product instance.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// Name of its Smart Account.
    pub smart_account: String,
    /// Name of its Virtual Account.
    pub virtual_account: String,
    /// The acknowledgement, as the product instance imports it; "" from an On-Prem server that has none yet: it comes with
    /// its next synchronization, and with the same reports again.
    pub acknowledgement: String,
    /// When the next report is due; none where the policy asks for none.
    pub report_by: Option<Moment>,
}

/// So many reports travel at once.
const MOST: usize = 40;

fn read(reports: Vec<UsageReport>) -> Result<Vec<(Report, Sent)>> {
    if reports.is_empty() || reports.len() > MOST {
        return Err(Error::invalid("reports", "Send 1 to 40 usage reports."));
    }
    reports
        .into_iter()
        .map(|one| {
            let sent = Sent {
                payload: one.payload,
                signing: one.signature.signing_type,
                key: one.signature.key,
                value: one.signature.value,
            };
            let report = sent.read(false).map_err(Error::Refused)?;
            Ok((report, sent))
        })
        .collect()
}

async fn usage(visit: Public, given: Given, body: JsonBody<UsageRequest>) -> Answer {
    let (caller, subjects, credential) = who_calls(&visit, &given)?;
    let reports = read(body.value.reports)?;
    let (call, tries) = (caller.clone(), subjects.clone());
    let taker = Taker {
        occupants: visit.portal.occupants.clone(),
        signing: visit.portal.signing.clone(),
        is_on_prem: visit.portal.config.edition.is_on_prem(),
    };
    let (device, text) = write(&visit, &caller, &subjects, move |tx| {
        report(tx, &taker, (&call, &tries), &credential, &reports)
    })
    .await?;
    visit.portal.jobs.nudge();
    let (account, virtual_account) = whose(&visit, &device).await?;
    json(
        200,
        &UsageAnswer {
            device: device.id,
            smart_account: account.name,
            virtual_account,
            acknowledgement: text,
            report_by: device.report_by,
        },
    )
}
