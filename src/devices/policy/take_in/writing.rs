//! What reports change, gathered until it is written by a few statements, however many product instances there are.

use super::super::store;
use super::Arrival;
use crate::devices::changes::Changes;
use crate::devices::model::{self, Device, Usage};
use crate::devices::policy::payload::Report;
use crate::devices::store as devices;
use crate::error::Result;
use crate::kernel::Moment;
use crate::platform::db::Tx;

/// A product instance that was known, as it is now.
struct Changed {
    device: Device,
    /// Whether anything of it is other than it was.
    is_other: bool,
    /// Whether that is its host name or its software, of which the index of names has to hear.
    is_called_otherwise: bool,
    before: Vec<Usage>,
    after: Vec<Usage>,
}

/// What is gathered. No product instance comes twice.
pub struct Writing<'a> {
    changes: Changes,
    /// Product instances that are new, with what they use.
    new: Vec<(Device, Vec<Usage>)>,
    changed: Vec<Changed>,
    counted: Vec<&'a Report>,
}

impl<'a> Writing<'a> {
    /// On what was changed before in the same write.
    pub fn on(changes: Changes) -> Self {
        Self {
            changes,
            new: Vec::new(),
            changed: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// One that is new, with what it uses.
    pub fn comes(&mut self, device: Device, uses: Vec<Usage>) {
        self.changes.comes(device.virtual_account, device.standing);
        self.changes
            .uses(device.virtual_account, model::difference(&[], &uses));
        self.new.push((device, uses));
    }

    /// One that is here and locked, as it is now, with what it used and uses.
    pub fn changes(&mut self, was: &Device, is: Device, before: Vec<Usage>, after: Vec<Usage>) {
        self.changes
            .uses(is.virtual_account, model::difference(&before, &after));
        self.changed.push(Changed {
            is_other: is != *was,
            is_called_otherwise: (&is.hostname, &is.software) != (&was.hostname, &was.software),
            device: is,
            before,
            after,
        });
    }

    /// Reports that are counted.
    pub fn counts(&mut self, reports: impl IntoIterator<Item = &'a Report>) {
        self.counted.extend(reports);
    }

    /// Writes what was gathered; the reports are acknowledged by the same write, or not yet. Answers with what all product
    /// instances add to, which is to be written last: it is locked for the shortest time.
    pub fn write(self, tx: &mut Tx<'_>, arrival: &Arrival, acknowledged: Option<Moment>) -> Result<Changes> {
        devices::insert_many(tx, &self.new)?;
        let mut touched = Vec::with_capacity(self.changed.len());
        for one in self.changed.iter().filter(|one| one.is_other) {
            if one.is_called_otherwise {
                devices::update(tx, &one.device)?;
            } else {
                touched.push(&one.device);
            }
        }
        devices::touch_all(tx, &touched)?;
        let uses: Vec<devices::Replaced<'_>> = self
            .changed
            .iter()
            .map(|one| (&one.device, one.before.as_slice(), one.after.as_slice()))
            .collect();
        devices::replace_all_usages(tx, &uses)?;
        let Arrival { account, way, at, .. } = arrival;
        store::insert(tx, *account, *way, *at, &self.counted, acknowledged)?;
        Ok(self.changes)
    }
}
