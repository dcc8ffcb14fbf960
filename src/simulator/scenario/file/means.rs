//! What is needed to write a scenario, and where the parts of an account went.

use super::moment;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who, search_key};
use crate::platform::signing::Signing;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// What is needed to write.
pub struct Means<'a> {
    /// Portal time.
    pub now: Moment,
    /// Who writes, for the record.
    pub who: Who,
    /// Makes the texts of tokens.
    pub signing: &'a Signing,
    /// The hash of everybody's password.
    pub hash: &'a str,
    /// Which part is written just now, as a JSON pointer into the file.
    pub at: RefCell<String>,
}

impl Means<'_> {
    pub(super) fn part(&self, pointer: impl Into<String>) {
        *self.at.borrow_mut() = pointer.into();
    }
    /// A time of a file, or another when none is written.
    pub(super) fn when(&self, typed: &str, or: Moment) -> Moment {
        moment(typed, self.now).unwrap_or(or)
    }
}

/// Where the parts of an account went.
pub(super) struct Within<'a> {
    pub(super) id: SmartAccountId,
    pub(super) since: Moment,
    pub(super) default: VirtualAccountId,
    /// By the keys of their names.
    pub(super) places: HashMap<String, VirtualAccountId>,
    pub(super) people: &'a BTreeMap<String, PersonId>,
    pub(super) pointer: String,
}

impl Within<'_> {
    /// A Virtual Account by its name; the default one when none is named.
    pub(super) fn place(&self, name: &str) -> Result<VirtualAccountId> {
        if name.is_empty() {
            return Ok(self.default);
        }
        self.places
            .get(&search_key(name))
            .copied()
            .ok_or_else(|| Error::invalid("file", format!("There is no Virtual Account {name}.")))
    }
}
