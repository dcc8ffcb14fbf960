//! In which order the records of a file come, and what each may say.

use super::record::{Device, License, Place, Record};
use super::{FileKind, MOST_PLACES};
use crate::devices::{MOST_LICENSES, MOST_QUANTITY, Udi};
use crate::error::{Problems, Result};
use crate::kernel::Name;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Start,
    Places,
    Devices,
    Licenses,
    Acknowledged,
    Policy,
    /// Usage reports, or what came of them.
    Reports,
    /// Requests for authorization codes, or what came of them.
    Authorizations,
}

/// In what order records come: told of each, it says whether it may come now. The same for whoever writes and whoever
/// reads, so that nothing is written that would be refused.
#[derive(Debug)]
pub struct Order {
    pub(super) kind: FileKind,
    pub(super) stage: Stage,
    pub(super) places: BTreeSet<String>,
    /// The key of the last device or license.
    pub(super) last: String,
    pub(super) devices: u64,
    pub(super) usages: u64,
    pub(super) by_policy: u64,
    pub(super) reports: u64,
    pub(super) authorizations: u64,
}

impl Order {
    pub(super) fn of(kind: FileKind) -> Self {
        Self {
            kind,
            stage: Stage::Start,
            places: BTreeSet::new(),
            last: String::new(),
            devices: 0,
            usages: 0,
            by_policy: 0,
            reports: 0,
            authorizations: 0,
        }
    }

    pub(super) fn take(&mut self, record: &Record) -> Result<(), String> {
        let (stage, kind) = match record {
            Record::Place(_) => (Stage::Places, FileKind::Sync),
            Record::Device(_) => (Stage::Devices, FileKind::Sync),
            Record::License(_) => (Stage::Licenses, FileKind::Response),
            Record::Acknowledged(_) => (Stage::Acknowledged, FileKind::Response),
            Record::Policy(_) => (Stage::Policy, FileKind::Response),
            Record::Report(_) => (Stage::Reports, FileKind::Sync),
            Record::Acknowledgement(_) | Record::Refused(_) => (Stage::Reports, FileKind::Response),
            Record::Authorization(_) => (Stage::Authorizations, FileKind::Sync),
            Record::Authorized(_) => (Stage::Authorizations, FileKind::Response),
        };
        if kind != self.kind {
            return Err(format!("it does not belong into a {}", self.kind));
        }
        let is_single = matches!(stage, Stage::Acknowledged | Stage::Policy);
        if stage < self.stage || (stage == self.stage && is_single) {
            return Err("it comes too late, or a second time".to_owned());
        }
        if stage == Stage::Policy && self.stage != Stage::Acknowledged {
            return Err("the acknowledgement has to come before it".to_owned());
        }
        if stage >= Stage::Reports && kind == FileKind::Response && self.stage < Stage::Policy {
            return Err("the policy has to come before it".to_owned());
        }
        if stage != self.stage {
            self.last.clear();
        }
        self.stage = stage;
        match record {
            Record::Place(place) => self.place(place),
            Record::Device(device) => self.device(device),
            Record::License(license) => self.license(license),
            Record::Acknowledged(_) => Ok(()),
            Record::Policy(policy) => {
                if (1..=3650).contains(&policy.due_days) && (1..=3650).contains(&policy.overdue_removal_days)
                {
                    Ok(())
                } else {
                    Err("its days are not between 1 and 3,650".to_owned())
                }
            }
            Record::Report(_) | Record::Acknowledgement(_) | Record::Refused(_) => {
                self.reports += 1;
                Ok(())
            }
            Record::Authorization(one) => self.authorization(&one.request, &one.licenses),
            Record::Authorized(one) => self.authorization(&one.request, &[]),
        }
    }

    pub(super) fn place(&mut self, place: &Place) -> Result<(), String> {
        one_line(&place.name, "its name", 1, Name::MOST)?;
        one_line(&place.description, "its description", 0, 2_000)?;
        if self.places.len() as u64 >= MOST_PLACES {
            return Err(format!(
                "there are more than {MOST_PLACES} local Virtual Accounts"
            ));
        }
        if self.places.insert(place.name.clone()) {
            Ok(())
        } else {
            Err(format!("the local Virtual Account {} comes twice", place.name))
        }
    }

    pub(super) fn device(&mut self, device: &Device) -> Result<(), String> {
        let mut problems = Problems::default();
        if Udi::parse(&device.pid, &device.serial, &mut problems) != Some(device.udi()) {
            return Err("its pid and serial are not 1 to 60 visible ASCII characters each".to_owned());
        }
        one_line(&device.hostname, "its host name", 0, 253)?;
        one_line(&device.product, "its product", 1, 200)?;
        one_line(&device.software, "its software", 0, 100)?;
        let key = device.udi().key();
        if key <= self.last {
            return Err(if key == self.last {
                format!("the product instance {} comes twice", device.udi())
            } else {
                format!(
                    "the product instance {} is not in the order of the UDIs",
                    device.udi()
                )
            });
        }
        if !self.places.contains(&device.place) {
            return Err(format!(
                "the product instance {} is in a local Virtual Account that is not listed",
                device.udi()
            ));
        }
        if device.usage.len() > MOST_LICENSES {
            return Err(format!("it uses more than {MOST_LICENSES} licenses"));
        }
        if device.by_policy {
            if !device.usage.is_empty() {
                return Err("it reports by policy, so what it uses is in its reports".to_owned());
            }
            self.by_policy += 1;
        }
        let mut last = "";
        for (entitlement, quantity) in &device.usage {
            check_entitlement(entitlement)?;
            if entitlement.as_str() <= last {
                return Err(format!("its usage of {entitlement} comes twice, or not in order"));
            }
            if !(1..=MOST_QUANTITY).contains(quantity) {
                return Err(format!(
                    "it uses {quantity} of {entitlement}: 1 to {MOST_QUANTITY} can be told of"
                ));
            }
            last = entitlement;
        }
        self.last = key;
        self.devices += 1;
        self.usages += device.usage.len() as u64;
        Ok(())
    }

    fn authorization(&mut self, request: &str, licenses: &[(String, i64)]) -> Result<(), String> {
        one_line(request, "its request code", 1, 200)?;
        if request <= self.last.as_str() {
            return Err("its request code comes twice, or not in order".to_owned());
        }
        if licenses.len() > MOST_LICENSES {
            return Err(format!("it asks for more than {MOST_LICENSES} licenses"));
        }
        for (entitlement, _) in licenses {
            check_entitlement(entitlement)?;
        }
        request.clone_into(&mut self.last);
        self.authorizations += 1;
        Ok(())
    }

    pub(super) fn license(&mut self, license: &License) -> Result<(), String> {
        check_entitlement(&license.entitlement)?;
        one_line(&license.name, "its name", 1, 200)?;
        if license.purchased < 0 {
            return Err("fewer than none were purchased".to_owned());
        }
        if license.entitlement < self.last {
            return Err("it is not in the order of the entitlements".to_owned());
        }
        self.last.clone_from(&license.entitlement);
        Ok(())
    }
}

fn check_entitlement(entitlement: &str) -> Result<(), String> {
    let good = (1..=100).contains(&entitlement.len()) && entitlement.chars().all(|c| c.is_ascii_graphic());
    if good {
        Ok(())
    } else {
        Err("an entitlement has 1 to 100 visible ASCII characters without spaces".to_owned())
    }
}

/// One line that can be shown, and that is spelled as it would be kept.
fn one_line(text: &str, what: &str, least: usize, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    let clean = crate::kernel::text::note(text, what, most).is_ok_and(|kept| kept == text);
    if clean && !text.contains(['\n', '\t']) && (least..=most).contains(&length) {
        Ok(())
    } else {
        Err(format!(
            "{what} is not a clean line of {least} to {most} characters"
        ))
    }
}
