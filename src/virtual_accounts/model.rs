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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Moment {
        Moment::parse("2026-11-21T18:30:00Z").unwrap()
    }
    fn one(is_default: bool) -> VirtualAccount {
        VirtualAccount {
            id: VirtualAccountId::new(),
            account: SmartAccountId::new(),
            name: "One".to_owned(),
            description: String::new(),
            access_level: AccessLevel::Unrestricted,
            is_default,
            parent: None,
            preferred_end_date: None,
            tags: String::new(),
            created_at: now(),
            version: 1,
            number: 1,
        }
    }
    fn code(problem: Option<Error>) -> &'static str {
        match problem {
            Some(Error::Refused(refusal)) => refusal.code,
            Some(_) => "invalid",
            None => "",
        }
    }
    /// A chain: each below the one before it.
    fn chain(length: usize) -> (Vec<VirtualAccountId>, Tree) {
        let ids: Vec<VirtualAccountId> = (0..length).map(|_| VirtualAccountId::new()).collect();
        let nodes: Vec<Node> = (0..length)
            .map(|n| Node {
                id: ids[n],
                parent: n.checked_sub(1).map(|above| ids[above]),
            })
            .collect();
        (ids, Tree::of(&nodes))
    }

    #[test]
    fn what_is_typed_is_checked_all_at_once() {
        let typed = Typed {
            name: "",
            description: &"x".repeat(501),
            access: "secret",
            end_date: "2026-13-01",
            tags: &"y".repeat(41),
        };
        let Err(Error::Invalid(problems)) = Details::parse(&typed, now(), None) else {
            panic!("it was taken");
        };
        let fields: Vec<&str> = problems.list().iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["name", "description", "access", "end_date", "tags"]);
        assert_eq!(problems.list()[0].says, "Enter the Name.");
        let good = Typed {
            name: " Lab ",
            access: "restricted",
            end_date: "2027-06-30",
            tags: "north, labs",
            ..Typed::default()
        };
        let details = Details::parse(&good, now(), None).unwrap();
        assert_eq!(details.name.as_str(), "Lab");
        assert_eq!(details.tags, ["north", "labs"]);
        assert_eq!(details.preferred_end_date, Moment::parse("2027-06-30T00:00:00Z"));
    }

    #[test]
    fn an_end_date_lies_ahead_unless_it_has_passed_since_it_was_set() {
        let past = Moment::parse("2026-01-31T00:00:00Z");
        assert!(end_date("2026-01-31", now(), None).is_err());
        assert!(end_date("2026-11-21", now(), None).is_err());
        assert!(end_date("2026-11-22", now(), None).is_ok());
        assert_eq!(end_date("2026-01-31", now(), past), Ok(past));
        assert_eq!(end_date(" ", now(), past), Ok(None));
        assert!(end_date("+12026-01-31", now(), None).is_err());
        assert!(end_date("2200-01-01", now(), None).is_err());
    }

    #[test]
    fn tags_are_few_short_and_different() {
        assert_eq!(tags("").unwrap(), [""; 0]);
        assert_eq!(tags("North, north ;NORTH\r\nlabs,,").unwrap(), ["North", "labs"]);
        assert!(tags(&"x".repeat(41)).unwrap_err().contains("at most 40"));
        let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
        assert!(tags(&many.join(",")).unwrap_err().contains("at most 20"));
        assert!(tags("a\u{202e}b").is_err());
    }

    #[test]
    fn nobody_becomes_their_own_ancestor() {
        let (ids, tree) = chain(4);
        for n in 0..4 {
            assert_eq!(
                code(tree.place_problem(Some(ids[0]), Some(ids[n]))),
                "virtual-accounts.cycle"
            );
        }
        assert_eq!(code(tree.place_problem(Some(ids[3]), Some(ids[0]))), "");
        assert_eq!(code(tree.place_problem(Some(ids[3]), None)), "");
        let stranger = VirtualAccountId::new();
        assert_eq!(code(tree.place_problem(Some(ids[3]), Some(stranger))), "invalid");
    }

    #[test]
    fn ten_levels_are_the_most_with_all_that_moves_along() {
        let (ids, tree) = chain(10);
        assert_eq!(tree.level(ids[9]), 10);
        assert_eq!(
            code(tree.place_problem(None, Some(ids[9]))),
            "virtual-accounts.too-deep"
        );
        assert_eq!(code(tree.place_problem(None, Some(ids[8]))), "");
        let (three, other) = chain(3);
        let nodes: Vec<Node> = [&tree, &other]
            .iter()
            .flat_map(|t| {
                t.parents.iter().map(|(id, parent)| Node {
                    id: *id,
                    parent: *parent,
                })
            })
            .collect();
        let both = Tree::of(&nodes);
        assert_eq!(
            code(both.place_problem(Some(three[0]), Some(ids[7]))),
            "virtual-accounts.too-deep"
        );
        assert_eq!(code(both.place_problem(Some(three[0]), Some(ids[6]))), "");
    }

    #[test]
    fn a_part_of_the_tree_is_a_tree() {
        let (ids, tree) = chain(3);
        let seen = Tree::of(&[Node {
            id: ids[2],
            parent: Some(ids[1]),
        }]);
        assert_eq!(seen.walk(), [(ids[2], 1)]);
        assert_eq!(tree.walk(), [(ids[0], 1), (ids[1], 2), (ids[2], 3)]);
        assert_eq!(tree.above(ids[2]), [ids[1], ids[0]]);
    }

    #[test]
    fn a_circle_that_should_not_be_hangs_nobody() {
        let (a, b) = (VirtualAccountId::new(), VirtualAccountId::new());
        let tree = Tree::of(&[
            Node {
                id: a,
                parent: Some(b),
            },
            Node {
                id: b,
                parent: Some(a),
            },
        ]);
        assert_eq!(tree.level(a), 2);
        assert_eq!(tree.height(a), 3);
        assert!(tree.walk().is_empty());
    }

    #[test]
    fn only_what_is_empty_unbound_and_not_the_default_can_go() {
        let codes = |list: Vec<Refusal>| list.iter().map(|r| r.code).collect::<Vec<_>>();
        assert!(against_deletion(&one(false), 0, &[]).is_empty());
        let holdings = [
            Holding::Things("12 licenses".to_owned()),
            Holding::DeviceManager("Smart-On-Prem-Account".to_owned()),
        ];
        assert_eq!(
            codes(against_deletion(&one(true), 2, &holdings)),
            [
                "virtual-accounts.default",
                "virtual-accounts.has-nested",
                "virtual-accounts.not-empty",
                "virtual-accounts.bound"
            ]
        );
        assert_eq!(
            codes(against_default(&one(false), &holdings)),
            ["virtual-accounts.bound"]
        );
        assert_eq!(
            codes(against_default(&one(true), &[])),
            ["virtual-accounts.already-default"]
        );
    }

    proptest! {
        /// Whatever is moved where, one allowed step after the other: no circle, never too deep, nobody lost.
        #[test]
        fn moves_that_are_allowed_keep_a_tree(moves in proptest::collection::vec((0_usize..24, proptest::option::of(0_usize..24)), 0..120)) {
            let ids: Vec<VirtualAccountId> = (0..24).map(|_| VirtualAccountId::new()).collect();
            let mut nodes: Vec<Node> = ids.iter().map(|id| Node { id: *id, parent: None }).collect();
            for (moved, parent) in moves {
                let parent = parent.map(|n| ids[n]);
                let tree = Tree::of(&nodes);
                if tree.place_problem(Some(ids[moved]), parent).is_none() {
                    nodes[moved].parent = parent;
                }
                let tree = Tree::of(&nodes);
                let walked = tree.walk();
                prop_assert_eq!(walked.len(), ids.len(), "somebody is in a circle");
                prop_assert!(walked.iter().all(|(id, level)| *level <= MOST_LEVELS && tree.level(*id) == *level));
                let height = tree.tops.iter().map(|id| tree.height(*id)).max().unwrap();
                prop_assert_eq!(height, walked.iter().map(|(_, level)| *level).max().unwrap());
            }
        }

        /// A step is refused only for a reason: carried out all the same, it would break the tree.
        #[test]
        fn moves_that_are_refused_would_break_it(parents in proptest::collection::vec(proptest::option::of(0_usize..30), 30), moved in 0_usize..30, below in 0_usize..30) {
            let ids: Vec<VirtualAccountId> = (0..30).map(|_| VirtualAccountId::new()).collect();
            // Only upwards in the list: no circle to begin with, but any depth.
            let mut nodes: Vec<Node> = parents.iter().enumerate()
                .map(|(n, parent)| Node { id: ids[n], parent: parent.filter(|p| *p < n).map(|p| ids[p]) })
                .collect();
            let tree = Tree::of(&nodes);
            let problem = code(tree.place_problem(Some(ids[moved]), Some(ids[below])));
            nodes[moved].parent = Some(ids[below]);
            let after = Tree::of(&nodes);
            match problem {
                "virtual-accounts.cycle" => prop_assert!(after.walk().len() < ids.len()),
                "virtual-accounts.too-deep" => prop_assert!(after.walk().iter().any(|(_, level)| *level > MOST_LEVELS)),
                _ => prop_assert_eq!(after.walk().len(), ids.len()),
            }
        }

        #[test]
        fn tags_read_again_are_the_same(typed in "[a-cA-C ,;\n]{0,60}") {
            if let Ok(list) = tags(&typed) {
                prop_assert_eq!(tags(&list.join("\n")).unwrap(), list);
            }
        }
    }
}
