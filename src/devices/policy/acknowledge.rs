//! Acknowledgements of reports that were counted.

use super::super::changes::about;
use super::super::model::{Device, Udi};
use super::super::store as devices;
use super::model::Policy;
use super::payload;
use super::store::{self, Counted};
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Tx};
use crate::platform::signing::FileKey;
use serde_json::json;
use std::collections::HashMap;

/// So many product instances are looked up, and written, at once.
pub const AT_ONCE: usize = 400;

/// What a product instance is told of its reports: the same document whenever it is asked for.
pub fn acknowledgement_of(
    key: &FileKey,
    udi: &Udi,
    ids: &[String],
    at: Moment,
    next: Option<Moment>,
    policy: &Policy,
) -> Result<String> {
    payload::acknowledgement(
        key,
        udi,
        &json!({ "report_ids": ids, "acknowledged_at": at, "next_report_by": next, "policy": policy.facts() }),
    )
}

/// The acknowledgement of these reports is handed out: a part of the caller's write, and what its record says. None when it
/// had been before.
pub fn acknowledge(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    udi: &Udi,
    ids: &[String],
) -> Result<Option<Event>> {
    Ok(acknowledge_each(tx, at, account, &[(udi.clone(), ids.to_vec())])?.pop())
}

/// The same for several product instances, none of which comes twice.
pub fn acknowledge_each(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    all: &[(Udi, Vec<String>)],
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let pairs: Vec<(String, String)> = some
            .iter()
            .flat_map(|(udi, ids)| ids.iter().map(|id| (udi.key(), id.clone())))
            .collect();
        let had_none = store::acknowledge(tx, account, &pairs, at)?;
        if had_none.is_empty() {
            continue;
        }
        let keys: Vec<String> = had_none.iter().cloned().collect();
        let here: HashMap<String, Device> = devices::by_udis(tx, account, &keys)?
            .into_iter()
            .map(|device| (device.udi().key(), device))
            .collect();
        let ids: Vec<DeviceId> = here.values().map(|device| device.id).collect();
        devices::acknowledged(tx, &ids)?;
        for (udi, ids) in some.iter().filter(|(udi, _)| had_none.contains(&udi.key())) {
            let says = |name: &str| format!("The usage that {name} reported was acknowledged.");
            let event = match here.get(&udi.key()) {
                Some(device) => about(Kind::UsageAcknowledged, device, says(&device.name())),
                // It was removed since.
                None => Event::new(Kind::UsageAcknowledged, udi, says(&udi.to_string())).within(account),
            };
            events.push(event.with(json!({ "reports": ids })));
        }
    }
    Ok(events)
}

/// When the next reports of product instances are due, by the keys of their UDIs; nothing for those of which none is asked
/// for.
pub fn next_reports(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    all: &[(Udi, Vec<String>)],
) -> Result<HashMap<String, Moment>> {
    let mut found = HashMap::new();
    for some in all.chunks(AT_ONCE) {
        let keys: Vec<String> = some.iter().map(|(udi, _)| udi.key()).collect();
        let here = devices::by_udis(tx, account, &keys)?;
        found.extend(
            here.into_iter()
                .filter_map(|one| Some((one.udi().key(), one.report_by?))),
        );
    }
    Ok(found)
}

/// When the next report of a product instance is due; nothing for one that is not there, or of which none is asked for.
pub fn next_report(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi) -> Result<Option<Moment>> {
    Ok(devices::by_udi(read, account, udi)?.and_then(|device| device.report_by))
}

/// The newest reports of a product instance, none for one that does not report by policy.
pub fn reports_of(read: &mut dyn Reads, device: &Device) -> Result<Vec<Counted>> {
    /// So many are shown.
    const MOST: i64 = 50;
    if device.policy.is_none() {
        return Ok(Vec::new());
    }
    store::newest(read, device.account, &device.udi(), MOST)
}
