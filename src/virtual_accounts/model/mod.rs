//! What a Virtual Account is, and the rules that need nothing but the facts at hand.

use crate::error::{Error, Problems, Refusal, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::looks::Look;
use crate::kernel::{Moment, Name, text};
use crate::platform::occupants::Holding;
use chrono::{NaiveDate, NaiveTime};
use std::collections::{HashMap, HashSet};

/// The name of the Virtual Account that every Smart Account begins with.
pub const DEFAULT: &str = "DEFAULT";
/// How many levels there may be, the top level being the first.
pub const MOST_LEVELS: usize = 10;
/// How many tags a Virtual Account may have.
pub const MOST_TAGS: usize = 20;
/// How long a tag may be.
pub const LONGEST_TAG: usize = 40;
/// How long a description may be.
pub const LONGEST_DESCRIPTION: usize = 500;

crate::words! {
    /// Who finds the Virtual Account in a search.
    pub enum AccessLevel {
        /// "Will be searchable in all Account Selectors".
        Unrestricted = "unrestricted", "Unrestricted";
        /// "Will NOT appear in any Account Selectors and Searches".
        Restricted = "restricted", "Restricted";
    }
}

impl AccessLevel {
    /// What it means, in the words of the founding documents.
    pub const fn means(self) -> &'static str {
        match self {
            Self::Unrestricted => {
                "Will be searchable in all Account Selectors, including in Commerce Ordering Tools."
            }
            Self::Restricted => {
                "Will NOT appear in any Account Selectors and Searches. For order assignment, the user must provide the exact Account Name."
            }
        }
    }
}

/// A Virtual Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct VirtualAccount {
    /// Its id.
    pub id: VirtualAccountId,
    /// Whose it is.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// Whether new orders without a Virtual Account go here.
    pub is_default: bool,
    /// The one above it.
    pub parent: Option<VirtualAccountId>,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Words, separated by line ends.
    pub tags: String,
    /// Since when.
    pub created_at: Moment,
    /// Counts changes.
    pub version: i64,
    /// By which scripts of the vendor know it: unique within the portal, and given once.
    pub number: i64,
}

impl VirtualAccount {
    /// Its tags.
    pub fn tag_list(&self) -> Vec<&str> {
        self.tags.lines().filter(|tag| !tag.is_empty()).collect()
    }
}

/// What a form or a script says of a Virtual Account.
#[derive(Debug, Clone, Default)]
pub struct Typed<'a> {
    /// Name.
    pub name: &'a str,
    /// Description.
    pub description: &'a str,
    /// The word of an access level.
    pub access: &'a str,
    /// Preferred end Date, as 2026-11-21, or "".
    pub end_date: &'a str,
    /// Tags, between commas or line ends.
    pub tags: &'a str,
}

/// What can be edited of a Virtual Account, checked.
#[derive(Debug, Clone)]
pub struct Details {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Details {
    /// Checks what was typed; names all that is wrong. A date that was there before may have passed meanwhile.
    pub fn parse(typed: &Typed<'_>, now: Moment, before: Option<Moment>) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(typed.name, "Name"));
        let description = problems.take(
            "description",
            text::note(typed.description, "Description", LONGEST_DESCRIPTION),
        );
        let access = problems.take(
            "access",
            typed
                .access
                .parse::<AccessLevel>()
                .map_err(|_| "Choose an access level: Unrestricted or Restricted.".to_owned()),
        );
        let end = problems.take("end_date", end_date(typed.end_date, now, before));
        let tags = problems.take("tags", tags(typed.tags));
        match (name, description, access, end, tags) {
            (Some(name), Some(description), Some(access_level), Some(preferred_end_date), Some(tags)) => {
                Ok(Self {
                    name,
                    description,
                    access_level,
                    preferred_end_date,
                    tags,
                })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// The day of a "Preferred end Date", from its beginning.
fn end_date(typed: &str, now: Moment, before: Option<Moment>) -> Result<Option<Moment>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let wrong = || "Enter the Preferred end Date as year, month and day, such as 2027-06-30.".to_owned();
    let day: NaiveDate = typed.parse().map_err(|_| wrong())?;
    let at = Moment::of(day.and_time(NaiveTime::MIN).and_utc());
    if Some(at) == before {
        return Ok(Some(at));
    }
    if day <= now.utc().date_naive() {
        return Err("Enter a Preferred end Date that lies ahead.".to_owned());
    }
    if typed.len() != 10 || day >= NaiveDate::from_ymd_opt(2200, 1, 1).unwrap_or(NaiveDate::MAX) {
        return Err(wrong());
    }
    Ok(Some(at))
}

/// Tags between commas or line ends: each once, however it is written, in the order in which they were typed.
pub fn tags(typed: &str) -> Result<Vec<String>, String> {
    let mut list: Vec<String> = Vec::new();
    for one in typed.split([',', ';', '\n', '\r']).map(str::trim) {
        if one.is_empty() {
            continue;
        }
        let tag = Name::parse(one, "A tag")?.to_string();
        if tag.chars().count() > LONGEST_TAG {
            return Err(format!("Use at most {LONGEST_TAG} characters for a tag."));
        }
        if Look::of(&tag).among(list.iter().map(String::as_str)).is_none() {
            list.push(tag);
        }
    }
    if list.len() > MOST_TAGS {
        return Err(format!("Enter at most {MOST_TAGS} tags."));
    }
    Ok(list)
}

/// A Virtual Account as the tree knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub id: VirtualAccountId,
    /// The one above it.
    pub parent: Option<VirtualAccountId>,
}

/// The Virtual Accounts of a Smart Account, or those of them that somebody may see, as a tree. One whose parent is
/// not among them stands at the top.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    tops: Vec<VirtualAccountId>,
    parents: HashMap<VirtualAccountId, Option<VirtualAccountId>>,
    children: HashMap<VirtualAccountId, Vec<VirtualAccountId>>,
}

impl Tree {
    /// Of these, which keep their order at each level.
    pub fn of(nodes: &[Node]) -> Self {
        let known: HashSet<VirtualAccountId> = nodes.iter().map(|node| node.id).collect();
        let mut tree = Self::default();
        for node in nodes {
            let parent = node.parent.filter(|id| known.contains(id));
            tree.parents.insert(node.id, parent);
            match parent {
                Some(parent) => tree.children.entry(parent).or_default().push(node.id),
                None => tree.tops.push(node.id),
            }
        }
        tree
    }

    /// Whether it is there.
    pub fn has(&self, id: VirtualAccountId) -> bool {
        self.parents.contains_key(&id)
    }

    /// Those above, the nearest first.
    pub fn above(&self, id: VirtualAccountId) -> Vec<VirtualAccountId> {
        let mut above = Vec::new();
        let mut at = id;
        while let Some(Some(parent)) = self.parents.get(&at) {
            // No rule lets a circle in; a reader must not hang on one all the same.
            if above.contains(parent) || *parent == id {
                break;
            }
            above.push(*parent);
            at = *parent;
        }
        above
    }

    /// On which level it stands; the top level is the first.
    pub fn level(&self, id: VirtualAccountId) -> usize {
        self.above(id).len() + 1
    }

    /// Those directly below.
    pub fn below(&self, id: VirtualAccountId) -> &[VirtualAccountId] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    /// How many levels it takes with all that is below it: 1 when nothing is.
    pub fn height(&self, id: VirtualAccountId) -> usize {
        let mut height = 0;
        let mut row = vec![id];
        let mut seen: HashSet<VirtualAccountId> = HashSet::new();
        while !row.is_empty() {
            height += 1;
            row.retain(|id| seen.insert(*id));
            row = row.iter().flat_map(|id| self.below(*id)).copied().collect();
        }
        height
    }

    /// All of them with their levels, each followed by what is below it.
    pub fn walk(&self) -> Vec<(VirtualAccountId, usize)> {
        let mut walked = Vec::with_capacity(self.parents.len());
        let mut ahead: Vec<(VirtualAccountId, usize)> = self.tops.iter().rev().map(|id| (*id, 1)).collect();
        while let Some((id, level)) = ahead.pop() {
            walked.push((id, level));
            ahead.extend(self.below(id).iter().rev().map(|child| (*child, level + 1)));
        }
        walked
    }

    /// Why a Virtual Account cannot stand there; nothing when it can. `moved` is none for a new one.
    pub fn place_problem(
        &self,
        moved: Option<VirtualAccountId>,
        parent: Option<VirtualAccountId>,
    ) -> Option<Error> {
        let parent = parent?;
        if !self.has(parent) {
            return Some(Error::invalid("parent", "Choose a Parent Account from the list."));
        }
        if moved.is_some_and(|moved| moved == parent || self.above(parent).contains(&moved)) {
            return Some(Error::refused(
                "virtual-accounts.cycle",
                "A Virtual Account cannot be nested below itself or below one of its own nested Virtual Accounts. Choose another Parent Account.",
            ));
        }
        let height = moved.map_or(1, |moved| self.height(moved));
        if self.level(parent) + height > MOST_LEVELS {
            return Some(Error::refused(
                "virtual-accounts.too-deep",
                format!(
                    "Virtual Accounts are nested to a depth of {MOST_LEVELS} at most. Choose a Parent Account further up."
                ),
            ));
        }
        None
    }
}

/// Everything that stands in the way of deleting a Virtual Account: the one list of checks. What rooms above keep in
/// it comes as `holdings`.
pub fn against_deletion(one: &VirtualAccount, nested: usize, holdings: &[Holding]) -> Vec<Refusal> {
    let refusal = |code, says: String| Refusal {
        code,
        says: says.into(),
    };
    let mut all = Vec::new();
    if one.is_default {
        all.push(refusal(
            "virtual-accounts.default",
            "This is the default Virtual Account. Set another one as default first.".to_owned(),
        ));
    }
    if nested > 0 {
        all.push(refusal(
            "virtual-accounts.has-nested",
            "Other Virtual Accounts are nested below this one. Give them another Parent Account or delete them first."
                .to_owned(),
        ));
    }
    for holding in holdings {
        all.push(match holding {
            Holding::DeviceManager(name) => refusal(
                "virtual-accounts.bound",
                format!("This Virtual Account is bound to the device manager {name}. Remove the device manager first."),
            ),
            Holding::Things(what) => refusal(
                "virtual-accounts.not-empty",
                format!("This Virtual Account is not empty: it holds {what}."),
            ),
        });
    }
    all
}

/// What stands in the way of making a Virtual Account the default one.
pub fn against_default(one: &VirtualAccount, holdings: &[Holding]) -> Vec<Refusal> {
    let mut all = Vec::new();
    if one.is_default {
        all.push(Refusal {
            code: "virtual-accounts.already-default",
            says: "This is the default Virtual Account already.".into(),
        });
    }
    for holding in holdings {
        if let Holding::DeviceManager(name) = holding {
            all.push(Refusal {
                code: "virtual-accounts.bound",
                says: format!(
                    "This Virtual Account is bound to the device manager {name}, and one that an On-Prem server serves cannot be the default."
                )
                .into(),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests;
