//! Virtual Accounts as lists of other rooms are narrowed by them.

use super::store;
use crate::authz::Within;
use crate::error::Result;
use crate::http::{ListQuery, Visit, list};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;

/// A filter with more choices than these is not read by anybody: any name is taken instead.
const MOST_OFFERED: usize = 100;

/// The filter "va" of a list: what it offers, and what its values mean. Reads at most what it offers, and of a larger
/// account only what is asked for.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    known: Vec<(VirtualAccountId, String)>,
    is_offered: bool,
}

impl Choices {
    /// For a list whose address has `raw` behind its `?`; kept for others at this moment, where it asks for none of them.
    pub fn of(read: &mut dyn Reads, visit: &Visit, within: &Within, raw: &str) -> Result<Self> {
        if raw.contains("va=") || raw.contains('%') {
            return Self::read(read, within, raw);
        }
        visit.part(
            || format!("virtual accounts offered\n{within:?}"),
            || Self::read(read, within, ""),
        )
    }

    /// For a list whose address has `raw` behind its `?`.
    pub fn read(read: &mut dyn Reads, within: &Within, raw: &str) -> Result<Self> {
        let mut known = store::first(read, within, MOST_OFFERED + 1)?;
        let is_offered = known.len() <= MOST_OFFERED;
        if !is_offered {
            let wanted: Vec<String> = url::form_urlencoded::parse(raw.as_bytes())
                .filter(|(key, _)| key == "va")
                .map(|(_, value)| value.trim().to_owned())
                .take(MOST_OFFERED)
                .collect();
            known = store::called(read, within, &wanted)?;
        }
        Ok(Self { known, is_offered })
    }

    /// For a list that is declared.
    pub fn known(self) -> list::Choices {
        list::Choices {
            known: self
                .known
                .into_iter()
                .map(|(id, name)| (id.to_string(), name))
                .collect(),
            is_all: self.is_offered,
        }
    }

    /// Id and name of each choice; nothing, so that any text is taken, where there are too many.
    pub fn offered(&self) -> Vec<(&str, &str)> {
        let all = self.known.iter().filter(|_| self.is_offered);
        all.map(|(id, name)| (id.as_str(), name.as_str())).collect()
    }

    /// The Virtual Accounts that a list asks for by id or, where too many are there to be offered, by name. A value that
    /// means none of them is noted in the list. None when it asks for none.
    pub fn chosen(&self, list: &mut ListQuery) -> Option<Vec<VirtualAccountId>> {
        let means = |place: &(VirtualAccountId, String), wanted: &str| {
            place.0.as_str() == wanted || place.1 == wanted
        };
        list.check_values("va", |wanted| self.known.iter().any(|place| means(place, wanted)));
        let wanted = list.values("va");
        (!wanted.is_empty()).then(|| {
            self.known
                .iter()
                .filter(|place| wanted.iter().any(|wanted| means(place, wanted)))
                .map(|(id, _)| *id)
                .collect()
        })
    }
}
