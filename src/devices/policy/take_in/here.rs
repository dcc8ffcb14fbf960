//! What is here already of product instances that report: a few questions, however many they are.

use super::super::model::Policy;
use super::super::{rules, store};
use crate::catalog;
use crate::devices::model::{Device, Usage};
use crate::devices::policy::payload::Report;
use crate::devices::store as devices;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::licenses;
use crate::platform::db::Tx;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// So many product instances are asked about at once.
const AT_ONCE: usize = 400;

/// What is here, by the keys of the UDIs.
pub struct Here {
    /// Those that are known, locked.
    pub devices: HashMap<String, Device>,
    /// What they use.
    pub usages: BTreeMap<DeviceId, Vec<Usage>>,
    /// Those that report by policy in another Smart Account.
    pub elsewhere: HashSet<String>,
    /// SHA-256 of each report that was counted before, by its number too.
    pub counted: HashMap<(String, String), String>,
    /// What programs know licenses by that nobody knows.
    pub unknown: HashSet<String>,
    /// The policy of the Smart Account.
    pub policy: Policy,
}

impl Here {
    /// Looks for what these reports, which come for a Virtual Account, are about. The product instances are locked in the
    /// order of their ids.
    pub fn of(
        tx: &mut Tx<'_>,
        account: SmartAccountId,
        place: VirtualAccountId,
        reports: &[&Report],
    ) -> Result<Self> {
        let numbers: Vec<(String, String)> = reports
            .iter()
            .map(|report| (report.udi.key(), report.id.clone()))
            .collect();
        let mut here = Self {
            devices: HashMap::new(),
            usages: BTreeMap::new(),
            elsewhere: HashSet::new(),
            counted: store::counted_of(tx, account, &numbers)?,
            unknown: HashSet::new(),
            policy: rules::of_account(tx, account)?,
        };
        for some in keys(reports).chunks(AT_ONCE) {
            let found = devices::by_udis(tx, account, some)?;
            let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
            here.usages
                .append(&mut devices::usages_of_all(tx, account, &ids)?);
            here.devices
                .extend(found.into_iter().map(|device| (device.udi().key(), device)));
            let new: Vec<String> = some
                .iter()
                .filter(|key| !here.devices.contains_key(*key))
                .cloned()
                .collect();
            if !new.is_empty() {
                here.elsewhere.extend(store::elsewhere(tx, account, &new)?);
            }
        }
        let strange: BTreeSet<String> = reports
            .iter()
            .filter(|report| catalog::entitlement(&report.entitlement).is_none())
            .map(|report| report.entitlement.clone())
            .collect();
        if !strange.is_empty() {
            let strange: Vec<String> = strange.into_iter().collect();
            let stocks = licenses::stocks_of(tx, account, place, &strange)?;
            here.unknown = strange
                .into_iter()
                .filter(|key| stocks.iter().all(|stock| stock.entitlement != *key))
                .collect();
        }
        Ok(here)
    }
}

/// The keys of the UDIs of those that report.
fn keys(reports: &[&Report]) -> Vec<String> {
    let keys: BTreeSet<String> = reports.iter().map(|report| report.udi.key()).collect();
    keys.into_iter().collect()
}

/// Until when the use of each license was reported before, by the keys of the UDIs.
pub type Latest = HashMap<String, BTreeMap<String, Moment>>;

/// The latest of what those that report now have reported before.
pub fn latest(tx: &mut Tx<'_>, account: SmartAccountId, reports: &[&Report]) -> Result<Latest> {
    let mut latest = Latest::new();
    for some in keys(reports).chunks(AT_ONCE) {
        latest.extend(store::latest_of(tx, account, some)?);
    }
    Ok(latest)
}
