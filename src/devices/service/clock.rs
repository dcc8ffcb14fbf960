//! What the clock does with product instances that are silent or whose certificate ends.

use crate::devices::changes::{Changes, about, facts};
use crate::devices::model::{self, Device, Standing, Usage};
use crate::devices::store;
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;
use std::collections::BTreeMap;

/// What the clock does to devices of which nothing is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// They failed to connect.
    Silence,
    /// What they used is free again.
    Release,
    /// They are registered no more.
    End,
}

impl Due {
    /// In the order in which they come over a device.
    pub const ALL: [Self; 3] = [Self::Silence, Self::Release, Self::End];
    fn is_for(self, device: &Device, now: Moment) -> bool {
        if device.is_reserved || device.manager.is_some() || device.policy.is_some() {
            return false;
        }
        let silence = now.since(device.contact_at);
        match self {
            Self::Silence => device.standing == Standing::Connected && silence >= model::SILENT_AFTER,
            Self::Release => device.standing != Standing::Released && silence >= model::RELEASED_AFTER,
            Self::End => device.expires_at() <= now,
        }
    }
}

/// Devices for which it is time.
pub fn due(
    read: &mut dyn Reads,
    due: Due,
    now: Moment,
    most: i64,
) -> Result<BTreeMap<SmartAccountId, Vec<DeviceId>>> {
    let found = match due {
        Due::Silence => {
            store::unheard_since(read, &[Standing::Connected], now.plus(-model::SILENT_AFTER), most)?
        }
        Due::Release => store::unheard_since(
            read,
            &[Standing::Connected, Standing::Silent],
            now.plus(-model::RELEASED_AFTER),
            most,
        )?,
        Due::End => store::not_renewed_since(read, now.plus(-model::EXPIRES_AFTER), most)?,
    };
    let mut by: BTreeMap<SmartAccountId, Vec<DeviceId>> = BTreeMap::new();
    for (account, id) in found {
        by.entry(account).or_default().push(id);
    }
    Ok(by)
}

/// Does it to those for which it is still time: one may have called meanwhile.
pub fn carry_out(
    tx: &mut Tx<'_>,
    due: Due,
    now: Moment,
    account: SmartAccountId,
    ids: &[DeviceId],
) -> Result<Recorded<usize>> {
    let who = Who::portal("contact rules");
    let found: Vec<Device> = store::lock_all(tx, account, ids)?
        .into_iter()
        .filter(|device| due.is_for(device, now))
        .collect();
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let usages = store::usages_of_all(tx, account, &ids)?;
    let mut changes = Changes::default();
    let mut events: Vec<Event> = Vec::with_capacity(found.len());
    for device in &found {
        let usages = usages.get(&device.id).map_or(&[][..], Vec::as_slice);
        changes.goes(device.virtual_account, device.standing);
        match due {
            Due::Silence => {
                let is = Device {
                    standing: Standing::Silent,
                    ..device.clone()
                };
                store::touch(tx, &is)?;
                changes.comes(device.virtual_account, Standing::Silent);
            }
            Due::Release => {
                let is = Device {
                    standing: Standing::Released,
                    licenses: 0,
                    ..device.clone()
                };
                store::touch(tx, &is)?;
                changes.comes(device.virtual_account, Standing::Released);
                changes.frees(device.virtual_account, usages);
            }
            Due::End => changes.frees(device.virtual_account, usages),
        }
        events.push(happened(due, device, usages));
    }
    match due {
        Due::Silence => {}
        Due::Release => store::forget_usages(tx, &ids)?,
        Due::End => store::delete(tx, &ids)?,
    }
    changes.write(tx, now, &who, account)?;
    tx.record_all(now, &who, &events, found.len())
}

/// What the record says of it.
fn happened(due: Due, device: &Device, usages: &[Usage]) -> Event {
    let since = device.contact_at.words();
    match due {
        Due::Silence => about(
            Kind::DeviceSilent,
            device,
            format!(
                "{} failed to connect: nothing was heard of it since {since}.",
                device.name()
            ),
        ),
        Due::Release => about(
            Kind::DeviceReleased,
            device,
            format!(
                "The authorization of {} expired: nothing was heard of it since {since}. What it used is free again.",
                device.name()
            ),
        )
        .with(json!({ "returned": facts(usages) })),
        Due::End => about(
            Kind::DeviceExpired,
            device,
            format!(
                "The registration of {} expired: it was last renewed on {}.",
                device.name(),
                device.renewed_at.words()
            ),
        )
        .with(json!({ "udi": device.udi().to_string(), "returned": facts(usages) })),
    }
}
