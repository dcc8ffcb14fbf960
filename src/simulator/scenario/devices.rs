//! The product instances of the scenarios: the 180 of XYZ COMPANY, and 100,000 more in `large`.

use super::demo::{Demo, days_before};
use super::dice::Dice;
use crate::devices::policy::{self, Policy, PolicyState};
use crate::devices::{self, Device, Standing, Usage};
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::Tx;
use crate::platform::token;
use chrono::TimeDelta;
use serde_json::json;

/// What a device uses of each license.
type Uses = &'static [(&'static str, i64)];

/// Devices of one kind that came together.
struct Row {
    place: &'static str,
    /// Product id, and what kind of product it is.
    product: (&'static str, &'static str),
    software: &'static str,
    /// The beginning of their host names.
    named: &'static str,
    count: i64,
    /// So many days ago the first of them came: after the order that brought their licenses.
    since: i64,
    uses: Uses,
}

const CORPORATE: &str = "Corporate Network Devices";
const PUBLIC: &str = "Public Network Devices";
const BRANCHES: &str = "Branch Offices";

/// All of them: 180. More users of UC Manager are in use than were bought.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { place: "DEFAULT", product: ("C9200-48P-E", "C9200 Series Switch"), software: "17.12.4", named: "access-switch", count: 1, since: 330, uses: &[("c9200-ne-48", 1), ("c9200-dna-e-48", 1)] },
    Row { place: CORPORATE, product: ("C9300-48P-A", "C9300 Series Switch"), software: "17.12.4", named: "hq-floor", count: 9, since: 300, uses: &[("c9300-na-48", 1), ("c9300-dna-a-48", 1)] },
    Row { place: CORPORATE, product: ("C9500-48Y4C-A", "C9500 Series Switch"), software: "17.12.4", named: "hq-core", count: 2, since: 301, uses: &[("c9500-na-48y", 1), ("c9500-dna-a-48y", 1)] },
    Row { place: CORPORATE, product: ("C8500-12X4QC", "C8500 Edge Platform"), software: "17.12.4", named: "wan-edge", count: 2, since: 318, uses: &[("c8500-na", 1), ("dna-a-t3", 1), ("hsec-k9", 1)] },
    Row { place: CORPORATE, product: ("C9200-24P-E", "C9200 Series Switch"), software: "17.9.5", named: "hq-desk", count: 11, since: 7, uses: &[("c9200-ne-24", 1), ("c9200-dna-e-24", 1)] },
    Row { place: CORPORATE, product: ("FPR2130-NGFW-K9", "FPR2130 Firewall"), software: "7.4.2", named: "hq-firewall", count: 2, since: 222, uses: &[("fpr2130-base", 1), ("fpr2130-threat", 1), ("fpr2130-malware", 1)] },
    Row { place: CORPORATE, product: ("ISE-VM-K9", "Identity Services node"), software: "3.3", named: "ise", count: 12, since: 236, uses: &[("ise-advantage", 90)] },
    Row { place: CORPORATE, product: ("UCM-VM", "UC Manager server"), software: "15.0", named: "ucm", count: 6, since: 160, uses: &[("cucm-enhanced", 70)] },
    Row { place: CORPORATE, product: ("C8300-2N2S-4T2X", "C8300 Edge Platform"), software: "17.12.4", named: "voice-gw", count: 10, since: 158, uses: &[("cube-std", 10)] },
    Row { place: CORPORATE, product: ("FPR1010-NGFW-K9", "FPR1010 Firewall"), software: "7.4.2", named: "vpn", count: 12, since: 117, uses: &[("secure-client-premier", 30)] },
    Row { place: CORPORATE, product: ("UMB-VA", "DNS forwarder"), software: "3.6.1", named: "dns", count: 8, since: 116, uses: &[("umbrella-dns-adv", 40)] },
    Row { place: PUBLIC, product: ("C9120AXI-B", "C9120 Access Point"), software: "17.12.4", named: "hall-ap", count: 22, since: 285, uses: &[("air-ne", 1), ("air-dna-e", 1)] },
    Row { place: PUBLIC, product: ("CW9166I-B", "CW9166 Access Point"), software: "17.12.4", named: "lobby-ap", count: 38, since: 272, uses: &[("air-na", 1), ("air-dna-a", 1)] },
    Row { place: PUBLIC, product: ("C9800-40-K9", "C9800 Wireless Controller"), software: "17.12.4", named: "wlc", count: 2, since: 273, uses: &[("c9800-40", 1)] },
    Row { place: PUBLIC, product: ("C9115AXI-B", "C9115 Access Point"), software: "17.9.5", named: "yard-ap", count: 20, since: 268, uses: &[("air-dna-e", 1)] },
    Row { place: BRANCHES, product: ("C8300-1N1S-6T", "C8300 Edge Platform"), software: "17.12.4", named: "branch-edge", count: 3, since: 179, uses: &[("c8300-ne", 1), ("dna-e-t1", 1), ("sdwan-a-t1", 1), ("dns-sec-wan", 1)] },
    Row { place: BRANCHES, product: ("C9200-48P-E", "C9200 Series Switch"), software: "17.12.4", named: "branch-switch", count: 7, since: 70, uses: &[("c9200-ne-48", 1), ("c9200-dna-e-48", 1)] },
    Row { place: BRANCHES, product: ("C1131-8PWB", "C1100 Router"), software: "17.9.5", named: "branch-spare", count: 13, since: 30, uses: &[] },
];

/// Of which nothing was heard for so many days: by their place in the list.
const SILENT: &[(usize, i64)] = &[(79, 34), (131, 52), (161, 41)];

/// One that is not registered: it reports by policy.
const BY_POLICY: &str = "branch-switch-07.xyz.example";

/// A device that is to be put in place.
#[derive(Debug, Clone)]
pub struct Planned {
    device: Device,
    usages: Vec<Usage>,
}

/// A serial number as they are printed: where it was made, year and week, a number.
fn serial(dice: &mut Dice, n: usize) -> String {
    let place = dice.pick(&["FOC", "JAE", "FCW", "FDO"]).copied().unwrap_or("FOC");
    let week = dice.between(1, 53);
    format!("{place}27{week:02}{:04}", 1_000 + n * 7)
}

fn device(
    account: SmartAccountId,
    place: VirtualAccountId,
    uses: &[(impl AsRef<str>, i64)],
    registered_at: Moment,
    contact_at: Moment,
) -> Planned {
    // A certificate that is renewed as it should be.
    let mut renewed_at = registered_at;
    while contact_at.since(renewed_at) >= TimeDelta::days(180) {
        renewed_at = renewed_at.plus(TimeDelta::days(180));
    }
    Planned {
        device: Device {
            id: DeviceId::new(),
            account,
            virtual_account: place,
            manager: None,
            pid: String::new(),
            serial: String::new(),
            hostname: String::new(),
            product: String::new(),
            software: String::new(),
            standing: Standing::Connected,
            is_reserved: false,
            export_controlled: true,
            // Nobody knows what it proves itself with.
            secret_hash: token::digest(&token::random()),
            token: None,
            licenses: i32::try_from(uses.len()).unwrap_or_default(),
            registered_at,
            renewed_at,
            contact_at,
            reported_at: Some(contact_at),
            version: 1,
            local_place: String::new(),
            policy: None,
            report_by: None,
            report_key: String::new(),
        },
        usages: uses
            .iter()
            .map(|(key, quantity)| Usage {
                entitlement: key.as_ref().to_owned(),
                quantity: *quantity,
                reserved: 0,
                since: registered_at,
            })
            .collect(),
    }
}

/// One device: where, its product id and kind, and its serial number and host name.
pub fn one(
    (account, place): (SmartAccountId, VirtualAccountId),
    (pid, product): (&str, &str),
    (serial, hostname): (&str, &str),
    uses: &[(impl AsRef<str>, i64)],
    registered_at: Moment,
    contact_at: Moment,
) -> Planned {
    let mut one = device(account, place, uses, registered_at, contact_at);
    pid.clone_into(&mut one.device.pid);
    product.clone_into(&mut one.device.product);
    "17.12.4".clone_into(&mut one.device.software);
    serial.clone_into(&mut one.device.serial);
    hostname.clone_into(&mut one.device.hostname);
    one
}

/// The product instances of the demo, those that came first first.
pub fn plan(
    now: Moment,
    account: SmartAccountId,
    divisions: &[(VirtualAccountId, &'static str)],
) -> Vec<Planned> {
    let mut dice = Dice::seeded(180);
    let mut planned: Vec<Planned> = Vec::new();
    for row in ROWS {
        let Some((place, _)) = divisions.iter().find(|(_, name)| *name == row.place) else {
            continue;
        };
        for n in 0..row.count {
            let at = planned.len();
            let minutes = i64::from(dice.below(600));
            let registered_at = days_before(now, (row.since - n / 4).max(1), 8)
                .plus(TimeDelta::minutes(minutes))
                .min(now.plus(TimeDelta::hours(-2)));
            let silent = SILENT
                .iter()
                .find(|(known, _)| *known == at)
                .map(|(_, days)| *days);
            let contact_at = match silent {
                Some(days) => days_before(now, days, 6),
                None => now.plus(-TimeDelta::minutes(i64::from(dice.between(20, 40_000)))),
            }
            .max(registered_at.plus(TimeDelta::minutes(1)));
            let mut one = device(account, *place, row.uses, registered_at, contact_at);
            row.product.0.clone_into(&mut one.device.pid);
            row.product.1.clone_into(&mut one.device.product);
            row.software.clone_into(&mut one.device.software);
            one.device.serial = serial(&mut dice, at);
            one.device.hostname = format!("{}-{:02}.xyz.example", row.named, n + 1);
            if silent.is_some() {
                one.device.standing = Standing::Silent;
            }
            if one.device.hostname == BY_POLICY {
                one.device.policy = Some(PolicyState::Acknowledged);
                let usual = Policy::of(&[]);
                one.device.report_by = usual.report_by(&one.usages, Some(contact_at), registered_at);
            }
            planned.push(one);
        }
    }
    planned.sort_by_key(|one| (one.device.registered_at, one.device.serial.clone()));
    planned
}

/// Puts those in place that came before a time, from `from` on; says which is the next.
pub fn write_until(tx: &mut Tx<'_>, planned: &[Planned], from: usize, until: Moment) -> Result<usize> {
    let mut next = from;
    while let Some(one) = planned.get(next)
        && one.device.registered_at <= until
    {
        let device = &one.device;
        let who = Who {
            person: None,
            label: format!("{} ({})", device.hostname, device.udi()),
            address: "192.0.2.48".to_owned(),
            request_id: String::new(),
        };
        let about = |kind, says: String| {
            Event::new(kind, device.id, says)
                .within(device.account)
                .in_virtual_account(device.virtual_account)
        };
        let (kind, did) = if device.policy.is_some() {
            (Kind::DeviceAdded, "is trusted, and reports by policy")
        } else {
            (Kind::DeviceRegistered, "was registered")
        };
        let event = about(kind, format!("{} {did}.", device.name()))
            .with(json!({ "udi": device.udi().to_string(), "product": device.product, "software": device.software }));
        tx.note(device.registered_at, &who, &event)?;
        devices::place_many(
            tx,
            device.registered_at,
            &who,
            device.account,
            &[(device.clone(), one.usages.clone())],
        )?;
        if device.policy.is_some() {
            policy::reported_before(tx, device, &one.usages)?;
            let says = format!("{} reported its usage by policy.", device.name());
            tx.note(device.contact_at, &who, &about(Kind::DeviceReported, says))?;
        }
        if device.standing == Standing::Silent {
            let says = format!(
                "{} failed to connect: nothing was heard of it since {}.",
                device.name(),
                device.contact_at.words()
            );
            let at = device.contact_at.plus(TimeDelta::days(30));
            tx.note(
                at,
                &Who::portal("contact rules"),
                &about(Kind::DeviceSilent, says),
            )?;
        }
        next += 1;
    }
    Ok(next)
}

/// What a hundred thousand devices are: product id, kind, and three licenses each.
const MANY: &[(&str, &str, Uses)] = &[
    (
        "C9200-48P-E",
        "C9200 Series Switch",
        &[("c9200-ne-48", 1), ("c9200-dna-e-48", 1), ("dns-sec-wan", 1)],
    ),
    (
        "C9300-48P-A",
        "C9300 Series Switch",
        &[("c9300-na-48", 1), ("c9300-dna-a-48", 1), ("dns-sec-wan", 1)],
    ),
    (
        "C8300-1N1S-6T",
        "C8300 Edge Platform",
        &[("c8300-ne", 1), ("dna-e-t1", 1), ("sdwan-a-t1", 1)],
    ),
    (
        "CW9166I-B",
        "CW9166 Access Point",
        &[("air-na", 1), ("air-dna-a", 1), ("dns-sec-wan", 1)],
    ),
    (
        "FPR2130-NGFW-K9",
        "FPR2130 Firewall",
        &[("fpr2130-base", 1), ("fpr2130-threat", 1), ("fpr2130-malware", 1)],
    ),
];

/// So many more, spread over these Virtual Accounts, each of which has one kind: for measuring. Every hundredth is silent.
pub fn write_many(tx: &mut Tx<'_>, demo: &Demo, places: &[VirtualAccountId], count: usize) -> Result<()> {
    const CHUNK: usize = 4_000;
    let who = Who::portal("scenario");
    let mut n = 0;
    while n < count {
        let some: Vec<(Device, Vec<Usage>)> = (n..count.min(n + CHUNK))
            .filter_map(|n| {
                // Devices of one place stand together: its stocks are written to once or twice, and not a hundred times.
                let at = n * places.len() / count.max(1);
                let place = places.get(at)?;
                let (pid, product, uses) = MANY.get(at % MANY.len())?;
                let minutes = i64::try_from(n * 7_919 % 500_000).unwrap_or_default();
                let registered_at = demo.now.plus(-TimeDelta::minutes(minutes + 60));
                let silent = n.is_multiple_of(100);
                let ago = if silent {
                    45_000 + minutes % 20_000
                } else {
                    10 + minutes % 40_000
                };
                let contact_at = demo.now.plus(-TimeDelta::minutes(ago));
                let mut one = device(demo.xyz, *place, uses, registered_at.min(contact_at), contact_at);
                (*pid).clone_into(&mut one.device.pid);
                (*product).clone_into(&mut one.device.product);
                "17.12.4".clone_into(&mut one.device.software);
                one.device.serial = format!("LRG{n:07}");
                one.device.hostname = format!("site-{at:04}-{n:06}.xyz.example");
                if silent {
                    one.device.standing = Standing::Silent;
                }
                Some((one.device, one.usages))
            })
            .collect();
        devices::place_many(tx, demo.now, &who, demo.xyz, &some)?;
        n += CHUNK;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_180_with_names_of_their_own_and_three_are_silent() {
        let now = Moment::parse("2026-11-22T08:00:00Z").unwrap();
        let names = ["DEFAULT", CORPORATE, PUBLIC, BRANCHES];
        let divisions = names.map(|name| (VirtualAccountId::new(), name));
        let planned = plan(now, SmartAccountId::new(), &divisions);
        assert_eq!(planned.len(), 180);
        let silent: Vec<_> = planned
            .iter()
            .filter(|one| now.since(one.device.contact_at) >= TimeDelta::days(30))
            .collect();
        assert_eq!(silent.len(), 3);
        assert!(silent.iter().all(|one| one.device.standing == Standing::Silent));
        let serials: BTreeSet<&str> = planned.iter().map(|one| one.device.serial.as_str()).collect();
        assert_eq!(serials.len(), 180);
        for one in &planned {
            assert!(one.device.registered_at < one.device.contact_at && one.device.contact_at < now);
            assert!(one.device.expires_at() > now);
        }
    }
}
