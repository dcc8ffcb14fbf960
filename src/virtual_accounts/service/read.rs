//! Virtual Accounts as they are shown: rows, branches of the tree, names, and finding one.

use super::change::held_in;
use super::record::name_of;
use crate::authz::action::ViewVirtualAccounts;
use crate::authz::{Does, Permit, Within, grants};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::search_key;
use crate::platform::db::Reads;
use crate::platform::occupants::{Holding, Occupants};
use crate::virtual_accounts::model::{self, AccessLevel, Node, Tree, VirtualAccount};
use crate::virtual_accounts::store::{self, Filter, Sort};
use std::collections::{HashMap, HashSet};

/// A Virtual Account with what stands beside it in lists, and what keeps it from being changed.
#[derive(Debug, Clone)]
pub struct Row {
    /// The Virtual Account.
    pub one: VirtualAccount,
    /// Names of those above it that one may see, the nearest first.
    pub above: Vec<String>,
    /// How many people reach it.
    pub users: u64,
    /// How many are nested directly below it.
    pub nested: usize,
    /// What it holds.
    pub holdings: Vec<Holding>,
}

impl Row {
    /// The device manager to which it is bound.
    pub fn on_prem(&self) -> Option<&str> {
        self.holdings.iter().find_map(|holding| match holding {
            Holding::DeviceManager(name) => Some(name.as_str()),
            Holding::Things(_) => None,
        })
    }
    /// Why it cannot be deleted, whoever asks; the first of the reasons.
    pub fn against_deletion(&self) -> Option<String> {
        first(model::against_deletion(&self.one, self.nested, &self.holdings))
    }
    /// Why it cannot be made the default one.
    pub fn against_default(&self) -> Option<String> {
        first(model::against_default(&self.one, &self.holdings))
    }
}

pub(super) fn first(refusals: Vec<Refusal>) -> Option<String> {
    refusals
        .into_iter()
        .next()
        .map(|refusal| refusal.says.into_owned())
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By one of the columns of the table.
    By(Sort),
    /// By how many people reach it.
    Users,
}

/// Some rows of a list.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    occupants: &Occupants,
    filter: &Filter,
    order: Order,
    descending: bool,
    (offset, limit): (u64, u64),
) -> Result<Vec<Row>> {
    let within = permit.within();
    let ones = match order {
        Order::By(sort) => store::page(
            read,
            within,
            filter,
            sort,
            descending,
            i64::try_from(offset).unwrap_or(i64::MAX),
            i64::try_from(limit).unwrap_or(i64::MAX),
        )?,
        Order::Users => {
            let account = within.account()?;
            let reached = grants::reached(read, account, None, within.only().is_none())?;
            let mut ids = store::ids(read, within, filter)?;
            ids.sort_by_key(|id| reached.of(*id));
            if descending {
                ids.reverse();
            }
            let some: Vec<VirtualAccountId> = ids
                .into_iter()
                .skip(usize::try_from(offset).unwrap_or(usize::MAX))
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect();
            in_order(read, account, &some)?
        }
    };
    let above = Above::climb(read, within, &ones)?;
    rows(read, permit, occupants, ones, &above)
}

fn in_order(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<VirtualAccount>> {
    let mut found: HashMap<VirtualAccountId, VirtualAccount> = store::find_many(read, account, ids)?
        .into_iter()
        .map(|one| (one.id, one))
        .collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// How many there are.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewVirtualAccounts>, filter: &Filter) -> Result<u64> {
    store::count(read, permit.within(), filter)
}

/// A row of the tree.
#[derive(Debug, Clone)]
pub struct Branch {
    /// What the row shows.
    pub row: Row,
    /// On which level it stands, from 1.
    pub level: usize,
    /// Whether it is asked for, and not only there because something below it is.
    pub is_match: bool,
}

/// Some rows of the tree, how many rows there are, and how many of them are asked for. What is asked for is shown
/// with all that stands above it.
pub fn branches(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    occupants: &Occupants,
    filter: &Filter,
    cut: impl FnOnce(u64) -> (u64, u64),
) -> Result<(Vec<Branch>, u64, u64)> {
    let within = permit.within();
    let known = Above::of(store::nodes(read, within)?);
    let mut walked = known.tree.walk();
    let matched: Option<HashSet<VirtualAccountId>> = if filter.is_open() {
        None
    } else {
        Some(store::ids(read, within, filter)?.into_iter().collect())
    };
    if let Some(matched) = &matched {
        let mut shown: HashSet<VirtualAccountId> = matched.clone();
        shown.extend(matched.iter().flat_map(|id| known.tree.above(*id)));
        walked.retain(|(id, _)| shown.contains(id));
    }
    let total = walked.len() as u64;
    let found = matched.as_ref().map_or(total, |matched| matched.len() as u64);
    let (offset, limit) = cut(total);
    let some: Vec<(VirtualAccountId, usize)> = walked
        .into_iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect();
    let ids: Vec<VirtualAccountId> = some.iter().map(|(id, _)| *id).collect();
    let ones = in_order(read, within.account()?, &ids)?;
    let levels: HashMap<VirtualAccountId, usize> = some.into_iter().collect();
    let rows = rows(read, permit, occupants, ones, &known)?;
    let branches = rows
        .into_iter()
        .map(|row| Branch {
            level: levels.get(&row.one.id).copied().unwrap_or(1),
            is_match: matched
                .as_ref()
                .is_none_or(|matched| matched.contains(&row.one.id)),
            row,
        })
        .collect();
    Ok((branches, total, found))
}

/// What stands above Virtual Accounts, as far as one may see it.
struct Above {
    tree: Tree,
    names: HashMap<VirtualAccountId, String>,
}

impl Above {
    fn of(nodes: Vec<(Node, String)>) -> Self {
        Self {
            tree: Tree::of(&nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>()),
            names: nodes.into_iter().map(|(node, name)| (node.id, name)).collect(),
        }
    }

    /// From these upwards, a question for each level.
    fn climb(read: &mut dyn Reads, within: &Within, ones: &[VirtualAccount]) -> Result<Self> {
        let mut nodes: Vec<(Node, String)> = ones
            .iter()
            .map(|one| {
                let node = Node {
                    id: one.id,
                    parent: one.parent,
                };
                (node, one.name.clone())
            })
            .collect();
        let mut known: HashSet<VirtualAccountId> = ones.iter().map(|one| one.id).collect();
        let mut from = 0;
        loop {
            let mut next: Vec<VirtualAccountId> = nodes
                .iter()
                .skip(from)
                .filter_map(|(node, _)| node.parent)
                .filter(|id| known.insert(*id))
                .collect();
            if next.is_empty() {
                return Ok(Self::of(nodes));
            }
            next.sort_unstable();
            from = nodes.len();
            nodes.extend(store::nodes_of(read, within, &next)?);
        }
    }

    /// The names of those above it, the nearest first.
    fn names(&self, id: VirtualAccountId) -> Vec<String> {
        let above = self.tree.above(id);
        above
            .iter()
            .filter_map(|id| self.names.get(id).cloned())
            .collect()
    }
}

/// Puts beside each what a list shows of it: a handful of questions for all of them.
fn rows(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    occupants: &Occupants,
    ones: Vec<VirtualAccount>,
    above: &Above,
) -> Result<Vec<Row>> {
    let within = permit.within();
    let account = within.account()?;
    let ids: Vec<VirtualAccountId> = ones.iter().map(|one| one.id).collect();
    let reached = grants::reached(read, account, Some(&ids), within.only().is_none())?;
    let nested: HashMap<VirtualAccountId, usize> =
        store::nested_below(read, account, &ids)?.into_iter().collect();
    let mut holdings: HashMap<VirtualAccountId, Vec<Holding>> = HashMap::new();
    for (id, holding) in occupants.holds(read, account, &ids)? {
        holdings.entry(id).or_default().push(holding);
    }
    Ok(ones
        .into_iter()
        .map(|one| Row {
            above: above.names(one.id),
            users: reached.of(one.id),
            nested: nested.get(&one.id).copied().unwrap_or_default(),
            holdings: holdings.remove(&one.id).unwrap_or_default(),
            one,
        })
        .collect())
}

/// One that was made by this very request: whoever made it may see it, though their permit is older than it is.
pub fn row_of_new(
    read: &mut dyn Reads,
    account: SmartAccountId,
    occupants: &Occupants,
    id: VirtualAccountId,
) -> Result<Row> {
    let one = in_order(read, account, &[id])?.pop().ok_or(Error::NotFound)?;
    let reached = grants::reached(read, account, Some(&[id]), false)?;
    Ok(Row {
        above: name_of(read, account, one.parent)?.into_iter().collect(),
        users: reached.of(id),
        nested: 0,
        holdings: held_in(read, occupants, account, id)?,
        one,
    })
}

/// One of them, with what stands beside it.
pub fn row(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    occupants: &Occupants,
    id: VirtualAccountId,
) -> Result<Row> {
    let ones = vec![store::find(read, permit.within(), id)?];
    let above = Above::climb(read, permit.within(), &ones)?;
    rows(read, permit, occupants, ones, &above)?
        .pop()
        .ok_or(Error::NotFound)
}

/// Ids and names of all that a permit sees, in the order of the tree, with their levels and whether they are among
/// those of `chosen`: what a form offers as Parent Account.
pub fn possible_parents<A: Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    moved: Option<VirtualAccountId>,
) -> Result<Vec<(VirtualAccountId, String, usize)>> {
    let within = permit.within();
    let whole = Tree::of(&store::whole_tree(read, within.account()?)?);
    let nodes = store::nodes(read, within)?;
    let seen = Tree::of(&nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>());
    let mut names: HashMap<VirtualAccountId, String> =
        nodes.into_iter().map(|(node, name)| (node.id, name)).collect();
    Ok(seen
        .walk()
        .into_iter()
        .filter(|(id, _)| whole.place_problem(moved, Some(*id)).is_none())
        .filter_map(|(id, level)| Some((id, names.remove(&id)?, level)))
        .collect())
}

/// Those that are nested directly below one, as far as one may see them.
pub fn nested_in(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    id: VirtualAccountId,
) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(store::nodes(read, permit.within())?
        .into_iter()
        .filter(|(node, _)| node.parent == Some(id))
        .map(|(node, name)| (node.id, name))
        .collect())
}

/// Those that the permit reaches, the default one first, then by name.
pub fn list(read: &mut dyn Reads, permit: &Permit<ViewVirtualAccounts>) -> Result<Vec<VirtualAccount>> {
    store::list(read, permit.within())
}

/// How many the permit reaches.
pub fn count_all(read: &mut dyn Reads, permit: &Permit<ViewVirtualAccounts>) -> Result<u64> {
    count(read, permit, &Filter::default())
}

/// One of them.
pub fn find(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    store::find(read, permit.within(), id)
}

/// The default one of an account.
pub fn default_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<VirtualAccount> {
    store::default_of(read, account)
}

/// Every tag in use within reach, in order: what a list offers as a filter.
pub fn tags_in_use<A: Does>(read: &mut dyn Reads, permit: &Permit<A>) -> Result<Vec<String>> {
    store::tags_in_use(read, permit.within())
}

/// The Virtual Accounts of an account that have one of these tags: for lists of other rooms that are narrowed by tag.
pub fn tagged(read: &mut dyn Reads, account: SmartAccountId, tags: &[&str]) -> Result<Vec<VirtualAccountId>> {
    let keys: Vec<String> = tags.iter().map(|tag| search_key(tag)).collect();
    store::tagged(read, account, &keys)
}

/// Names, ids and access levels of all Virtual Accounts of several accounts: what a page of another room shows beside its own rows.
pub fn names(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)>> {
    store::names(read, accounts)
}

/// The ids of those whose name has the first of these texts in it: what a filter of another room means by it.
pub fn meant_by_name<A: Does>(
    read: &mut dyn Reads,
    permit: &Permit<A>,
    parts: &[&str],
) -> Result<Vec<String>> {
    let part = search_key(parts.first().copied().unwrap_or_default());
    Ok(names(read, &[permit.within().account()?])?
        .into_iter()
        .filter(|(_, _, name, _)| search_key(name).contains(&part))
        .map(|(_, id, _, _)| id.to_string())
        .collect())
}

/// The ids of those with one of these tags: what a filter of another room means by them.
pub fn meant_by_tag<A: Does>(read: &mut dyn Reads, permit: &Permit<A>, tags: &[&str]) -> Result<Vec<String>> {
    let tagged = tagged(read, permit.within().account()?, tags)?;
    Ok(tagged.iter().map(ToString::to_string).collect())
}

/// How many Virtual Accounts each of these accounts has; an account without any is left out.
pub fn counts(read: &mut dyn Reads, accounts: &[SmartAccountId]) -> Result<Vec<(SmartAccountId, usize)>> {
    store::counts(read, accounts)
}

/// Ids and names of the first Virtual Accounts of an account: the default one, then the others by name.
pub fn first_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    most: usize,
) -> Result<Vec<(VirtualAccountId, String)>> {
    store::first_of(read, account, most)
}

/// The Virtual Accounts of an account that a permit reaches: the default one, then the others by name.
pub fn reached(read: &mut dyn Reads, within: &Within) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(names(read, &[within.account()?])?
        .into_iter()
        .filter(|(_, id, _, _)| within.covers(*id))
        .map(|(_, id, name, _)| (id, name))
        .collect())
}

/// All of a tenant, the default one first, then by name: for what the portal itself does with a tenant.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<VirtualAccount>> {
    store::of_account(read, account)
}

/// Those of them in which product instances may register here: an On-Prem server serves the others.
pub fn open_places(
    read: &mut dyn Reads,
    within: &Within,
    occupants: &Occupants,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let mut places = reached(read, within)?;
    let ids: Vec<VirtualAccountId> = places.iter().map(|(id, _)| *id).collect();
    let served = occupants.served(read, within.account()?, &ids)?;
    places.retain(|(id, _)| served.iter().all(|(other, _)| other != id));
    Ok(places)
}

/// Why nothing may register in one of these Virtual Accounts here: the first that an On-Prem server serves.
pub fn against_registering(
    read: &mut dyn Reads,
    occupants: &Occupants,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Option<Refusal>> {
    let Some((id, manager)) = occupants.served(read, account, ids)?.into_iter().min() else {
        return Ok(None);
    };
    let name = these(read, account, &[id])?
        .pop()
        .map(|one| one.name)
        .unwrap_or_default();
    Ok(Some(Refusal {
        code: "virtual-accounts.bound",
        says: format!(
            "{name} is bound to the device manager {manager}. Its product instances register on that On-Prem server, and tokens and authorization codes for it are made there. Choose another Virtual Account."
        )
        .into(),
    }))
}

/// The one within reach with this number.
pub fn numbered(read: &mut dyn Reads, within: &Within, number: i64) -> Result<VirtualAccount> {
    store::numbered(read, within, number)
}

/// Those within reach with one of these names, in no particular order: for scripts, which know them by name.
pub fn named(read: &mut dyn Reads, within: &Within, names: &[&str]) -> Result<Vec<VirtualAccount>> {
    store::named(read, within, names)
}

/// These Virtual Accounts of one account, in no particular order; those that are gone are left out. For rooms that
/// keep ids of Virtual Accounts.
pub fn these(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<VirtualAccount>> {
    store::find_many(read, account, ids)
}
