//! Which product instances were chosen. It travels in the forms, so nothing is kept until something is done with them.

use super::super::model::MOST_SELECTED;
use super::super::service::{self, Row};
use super::inventory_path;
use crate::authz::Permit;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceId, VirtualAccountId};
use serde::Deserialize;

/// What a form of these pages says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default)]
    pub(super) device: Vec<String>,
    /// Target Virtual Account.
    #[serde(default)]
    pub(super) to: String,
    /// The tab from which one came, or "".
    #[serde(default)]
    pub(super) from: String,
    /// "choose" when the form is to be shown, and not what it says to be reviewed.
    #[serde(default)]
    pub(super) step: String,
}

impl Chosen {
    pub(super) fn of(query: &str) -> Self {
        let mut chosen = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "device" => chosen.device.push(value.into_owned()),
                "from" => chosen.from = value.into_owned(),
                _ => {}
            }
        }
        chosen
    }
    pub(super) fn ids(&self) -> Result<Vec<DeviceId>> {
        let mut ids: Vec<DeviceId> = Vec::new();
        for text in &self.device {
            ids.push(text.parse().map_err(|_| Error::NotFound)?);
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(service::nothing_chosen());
        }
        if ids.len() > MOST_SELECTED {
            return Err(service::too_many());
        }
        Ok(ids)
    }
    /// Back to where one came from.
    pub(super) fn back(&self, visit: &crate::http::Visit) -> String {
        match self.from.parse::<VirtualAccountId>() {
            Ok(va) => format!(
                "/sa/{}/licensing/inventory/{va}/product-instances",
                visit.number()
            ),
            Err(_) => inventory_path(visit),
        }
    }
}

pub(super) fn many(count: usize) -> String {
    counted(count as u64, "product instance", "product instances")
}

/// Whoever may see a device and not change it is told so.
pub(super) fn covered<A: crate::authz::Does>(permit: &Permit<A>, rows: &[Row]) -> Result<()> {
    if rows
        .iter()
        .all(|row| permit.within().covers(row.device.virtual_account))
    {
        Ok(())
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}
