//! What a product instance by policy does when it calls: it sends signed reports, and gets their acknowledgement.

use super::super::calls::{self, Caller, Credential};
use super::super::changes::about;
use super::super::model::Device;
use super::model::Way;
use super::on_prem;
use super::payload::{Report, Sent};
use super::take_in::{self, Arrival, Bundle, Replays, Taken};
use super::{acknowledge, rules};
use crate::authn::throttle::Subjects;
use crate::error::{Error, Refusal, Result};
use crate::kernel::Kind;
use crate::platform::db::{Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::signing::Signing;
use std::sync::Arc;

/// Who takes reports of product instances that call.
#[derive(Clone)]
pub struct Taker {
    /// May say no to a new product instance.
    pub occupants: Occupants,
    /// Signs acknowledgements.
    pub signing: Arc<Signing>,
    /// Whether the cloud acknowledges, and not this portal.
    pub is_on_prem: bool,
}

impl Taker {
    /// The cloud, which acknowledges itself.
    pub fn of_cloud(occupants: Occupants, signing: Arc<Signing>) -> Self {
        Self {
            occupants,
            signing,
            is_on_prem: false,
        }
    }
}

/// Acknowledgements as a product instance imports them; "" where there is none.
fn framed(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("<smartLicense>{text}</smartLicense>\n")
    }
}

/// Counts its reports, all of them or none, and gives the acknowledgement; "" from an On-Prem server that has none yet.
pub fn report(
    tx: &mut Tx<'_>,
    by: &Taker,
    (call, tries): (&Caller, &Subjects),
    credential: &Credential,
    reports: &[(Report, Sent)],
) -> Result<Recorded<(Device, String)>> {
    let device = calls::prove(tx, call, tries, credential)?;
    calls::in_use(tx, device.account)?;
    let udi = device.udi();
    if reports.iter().any(|(report, _)| report.udi.key() != udi.key()) {
        return Err(Error::Refused(Refusal {
            code: "usage.elsewhere",
            says: format!(
                "{udi} reports for itself alone, and one of these reports is of another product instance."
            )
            .into(),
        }));
    }
    let arrival = Arrival {
        account: device.account,
        place: device.virtual_account,
        who: call.who(&device),
        at: call.now,
        way: Way::Network,
    };
    let bundle = Bundle {
        id: device.id,
        hostname: "",
        reports: reports.iter().map(|(report, _)| report).collect(),
    };
    let taken = take_in::take_all(tx, &by.occupants, &arrival, &[bundle], Replays::Acknowledged)?.pop();
    let mut events = taken.as_ref().map(Taken::events).unwrap_or_default();
    let device = taken.and_then(|taken| taken.device).unwrap_or(device);
    let ids: Vec<String> = reports.iter().map(|(report, _)| report.id.clone()).collect();
    if by.is_on_prem {
        // The cloud acknowledges, and what it has said of these so far is handed on.
        let kept = on_prem::keep(tx, &device, call.now, reports)?;
        if kept > 0 && events.is_empty() {
            let says = format!("{} sent usage reports again.", device.name());
            events.push(about(Kind::DeviceReported, &device, says));
        }
        let text = on_prem::acknowledgements(tx, device.id, &ids)?;
        return tx.record_all(call.now, &arrival.who, &events, (device, framed(&text)));
    }
    events.extend(acknowledge::acknowledge(
        tx,
        call.now,
        device.account,
        &udi,
        &ids,
    )?);
    let policy = rules::of_account(tx, device.account)?;
    let text = acknowledge::acknowledgement_of(
        by.signing.files(),
        &udi,
        &ids,
        device.reported_at.unwrap_or(call.now),
        device.report_by,
        &policy,
    )?;
    tx.record_all(call.now, &arrival.who, &events, (device, framed(&text)))
}
