//! Search over everything: each room offers what it has to those who may see it. The page is in the room `home`.

use super::visit::Visit;
use crate::authn::Actor;
use crate::authz::{Does, Grant, Over, Permit, Tenant};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::db::Read;
use std::sync::Arc;

/// How many results of one kind are shown; the room's own list has the others.
pub const MOST: u64 = 5;

/// What is looked for, by whom and where.
#[derive(Clone)]
pub struct Search {
    /// As typed, without spaces around it; never empty.
    pub words: String,
    /// Portal time.
    pub now: Moment,
    /// Who.
    pub actor: Arc<Actor>,
    /// The account that is open.
    pub tenant: Option<Tenant>,
    /// What they hold in it.
    pub grants: Vec<Grant>,
    /// What they hold anywhere.
    pub everywhere: Vec<Grant>,
    wall: Moment,
}

impl Search {
    /// None when nobody is signed in, or nothing was typed.
    pub fn of(visit: &Visit, words: &str) -> Option<Self> {
        let words: String = words.trim().chars().take(200).collect();
        Some(Self {
            actor: visit.actor.clone()?,
            tenant: visit.tenant.clone(),
            grants: visit.grants.clone(),
            everywhere: visit.everywhere.clone(),
            now: visit.portal.clock.now(),
            wall: visit.portal.clock.wall(),
            words,
        })
        .filter(|search| !search.words.is_empty())
    }

    /// The permit under which a room looks; none for those who may not.
    pub fn permit<A: Does>(&self) -> Result<Option<Permit<A>>> {
        let asked = match A::ACTION.over() {
            Over::Account => Permit::ask(self.actor.clone(), self.tenant.as_ref(), &self.grants, self.wall),
            Over::Anywhere | Over::Platform => {
                Permit::ask(self.actor.clone(), None, &self.everywhere, self.wall)
            }
        };
        match asked {
            Ok(permit) => Ok(Some(permit)),
            Err(Error::Forbidden { .. } | Error::NotFound | Error::SecondFactorNeeded) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// An address in the account that is open: `path` is what follows its number.
    pub fn address(&self, path: &str) -> String {
        let number = self.tenant.as_ref().map_or(0, |tenant| tenant.number);
        format!("/sa/{number}{path}")
    }

    /// A list with the words in its search.
    pub fn list(&self, path: &str) -> String {
        with_words(&self.address(path), &self.words)
    }
}

/// A list's address with words in its search.
pub fn with_words(path: &str, words: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    format!("{path}?q={encoded}")
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is called.
    pub title: String,
    /// What tells it from others.
    pub says: String,
    /// Its page.
    pub href: String,
}

/// The results of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// The kind, as its page is called.
    pub label: &'static str,
    /// Its picture.
    pub icon: &'static str,
    /// At most [`MOST`].
    pub hits: Vec<Hit>,
    /// How many there are.
    pub total: u64,
    /// The list of all of them.
    pub all: String,
}

impl Hits {
    /// Whether the list has more than is shown.
    pub fn has_more(&self) -> bool {
        self.total > self.hits.len() as u64
    }
}

/// Looks in one room. At most a few statements, each for a handful of rows or a count; none for those who may not.
pub type Searcher = fn(&mut Read<'_>, &Search) -> Result<Option<Hits>>;
