//! What can be done with Virtual Accounts. A function that takes a `Tx` is a part of the caller's write, unless it
//! returns what was recorded.

use super::model::{self, AccessLevel, DEFAULT, Details, Node, Tree, VirtualAccount};
use super::store::{self, Filter, Sort};
use crate::authz::action::{
    CreateNestedVirtualAccount, CreateTopVirtualAccount, DeleteVirtualAccount, EditVirtualAccount,
    ViewVirtualAccounts,
};
use crate::authz::{Does, Permit, Role, Within, grants};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who, search_key};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::{Holding, Occupants};
use crate::platform::settings;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// A Virtual Account that is to be.
#[derive(Debug, Clone)]
pub struct NewVirtualAccount {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it takes over as the default one.
    pub as_default: bool,
}

impl NewVirtualAccount {
    /// One with a name and a description, at the top level.
    pub fn named(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            access_level: AccessLevel::Unrestricted,
            preferred_end_date: None,
            tags: Vec::new(),
            as_default: false,
        }
    }
    /// With tags.
    #[must_use]
    pub fn tagged(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self
    }
    /// From what a form or a script says.
    pub fn of(details: &Details, as_default: bool) -> Self {
        Self {
            name: details.name.to_string(),
            description: details.description.clone(),
            access_level: details.access_level,
            preferred_end_date: details.preferred_end_date,
            tags: details.tags.clone(),
            as_default,
        }
    }
}

/// Where a new one is to stand, and the right to put it there.
pub enum Place {
    /// At the top level.
    Top(Permit<CreateTopVirtualAccount>),
    /// Nested below another.
    Below(Permit<CreateNestedVirtualAccount>, VirtualAccountId),
}

impl Clone for Place {
    fn clone(&self) -> Self {
        match self {
            Self::Top(permit) => Self::Top(permit.clone()),
            Self::Below(permit, parent) => Self::Below(permit.clone(), *parent),
        }
    }
}

/// What the record keeps of a Virtual Account.
fn facts(one: &VirtualAccount, parent: Option<&str>) -> serde_json::Value {
    json!({
        "name": one.name,
        "description": one.description,
        "access_level": one.access_level,
        "default": one.is_default,
        "parent": parent,
        "preferred_end_date": one.preferred_end_date,
        "tags": one.tag_list(),
    })
}

fn event(kind: Kind, one: &VirtualAccount, says: impl Into<String>) -> Event {
    Event::new(kind, one.id, says)
        .within(one.account)
        .in_virtual_account(one.id)
}

fn name_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: Option<VirtualAccountId>,
) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    Ok(store::find_many(read, account, &[id])?.pop().map(|one| one.name))
}

/// Makes the DEFAULT Virtual Account of an account that has just become Active.
pub fn create_default(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<()> {
    let says = if settings::is_on_prem(tx)? {
        "What the Virtual Account in the cloud holds comes here first."
    } else {
        "Licenses are stored here when they are first purchased."
    };
    let new = NewVirtualAccount::named(DEFAULT, says);
    store::insert(tx, at, account, id, None, &new, true)
}

/// Makes a Virtual Account at the top level.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<CreateTopVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
) -> Result<Recorded<()>> {
    let made = create_at(tx, &Place::Top(permit.clone()), at, id, new, None)?;
    Ok(made.map(drop))
}

/// Makes a Virtual Account. Who may only nest it below their own becomes its administrator.
pub fn create_at(
    tx: &mut Tx<'_>,
    place: &Place,
    at: Moment,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
    once: Option<&OnceKey>,
) -> Result<Recorded<VirtualAccountId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let (within, who, parent) = match place {
        Place::Top(permit) => (permit.within(), permit.who(), None),
        Place::Below(permit, parent) => (permit.within(), permit.who(), Some(*parent)),
    };
    let account = within.account()?;
    let is_partial = within.only().is_some();
    if let Some(parent) = parent {
        let tree = Tree::of(&store::whole_tree(tx, account)?);
        // One that lies beyond one's reach is treated as one that is not there.
        let known = if within.covers(parent) {
            &tree
        } else {
            &Tree::default()
        };
        if let Some(problem) = known.place_problem(None, Some(parent)) {
            return Err(problem);
        }
    }
    if new.as_default && is_partial {
        return Err(may_not_set_default());
    }
    store::insert(tx, at, account, id, parent, new, false)?;
    tx.made(at, once, id.as_str())?;
    if new.as_default {
        hand_default_on(tx, who, at, account, id)?;
    }
    if let (true, Some(person)) = (is_partial, who.person) {
        grants::give(tx, at, account, Some(id), person, Role::VirtualAdmin)?;
        tx.note(
            at,
            who,
            &became_administrator(account, id, person, who, &new.name),
        )?;
    }
    let one = store::find_many(tx, account, &[id])?
        .pop()
        .ok_or(Error::NotFound)?;
    let above = name_of(tx, account, parent)?;
    let says = match &above {
        Some(above) => format!("The Virtual Account {} was created below {above}.", one.name),
        None => format!("The Virtual Account {} was created.", one.name),
    };
    let event =
        event(Kind::VirtualAccountCreated, &one, says).changed(&json!(null), &facts(&one, above.as_deref()));
    tx.record(at, who, &event, id)
}

fn became_administrator(
    account: SmartAccountId,
    id: VirtualAccountId,
    person: PersonId,
    who: &Who,
    name: &str,
) -> Event {
    let role = Role::VirtualAdmin;
    Event::new(
        Kind::RoleGranted,
        person,
        format!(
            "{} became {} of {name}, which they created.",
            who.label,
            role.label()
        ),
    )
    .within(account)
    .in_virtual_account(id)
    .changed(
        &json!(null),
        &json!({ "person": person, "role": role, "virtual_account": id }),
    )
}

fn may_not_set_default() -> Error {
    Error::Forbidden {
        action: "choose the default Virtual Account",
    }
}

/// A Virtual Account that one may see and do this with. One that is not seen is not there; one that is seen and
/// lies beyond the right is forbidden.
pub fn theirs<A: Does>(
    read: &mut dyn Reads,
    view: &Permit<ViewVirtualAccounts>,
    permit: &Permit<A>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    let one = store::find(read, view.within(), id)?;
    if permit.within().covers(id) {
        Ok(one)
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// Whose role is held in some Virtual Accounts alone edits none that is the default.
pub fn not_default(permit: &Permit<EditVirtualAccount>, one: &VirtualAccount) -> Result<()> {
    if one.is_default && permit.within().only().is_some() {
        Err(Error::Forbidden {
            action: "edit the default Virtual Account",
        })
    } else {
        Ok(())
    }
}

/// Edits a Virtual Account. `version` is the one that the form was made from.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    version: i64,
    details: &Details,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let before = store::find(tx, permit.within(), id)?;
    not_default(permit, &before)?;
    if before.version != version {
        return Err(Error::Stale);
    }
    if !store::update(tx, account, id, version, details)? {
        return Err(Error::Stale);
    }
    let after = store::find(tx, permit.within(), id)?;
    let parent = name_of(tx, account, after.parent)?;
    let (was, is) = (
        facts(&before, parent.as_deref()),
        facts(&after, parent.as_deref()),
    );
    if was == is {
        return Ok(tx.unchanged(()));
    }
    let says = if before.name == after.name {
        format!("The Virtual Account {} was changed.", after.name)
    } else {
        format!(
            "The Virtual Account {} is now called {}.",
            before.name, after.name
        )
    };
    let event = event(Kind::VirtualAccountChanged, &after, says).changed(&was, &is);
    tx.record(at, permit.who(), &event, ())
}

/// Puts a Virtual Account below another, or at the top level. All that is below it goes along.
pub fn move_below(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    parent: Option<VirtualAccountId>,
) -> Result<Recorded<()>> {
    let within = permit.within();
    let account = within.account()?;
    let one = store::find(tx, within, id)?;
    not_default(permit, &one)?;
    if one.parent == parent {
        return Ok(tx.unchanged(()));
    }
    let tree = match parent {
        None if within.only().is_some() => {
            return Err(Error::Forbidden {
                action: "make this a top level Virtual Account",
            });
        }
        Some(parent) if !within.covers(parent) => Tree::default(),
        _ => Tree::of(&store::whole_tree(tx, account)?),
    };
    if let Some(problem) = tree.place_problem(Some(id), parent) {
        return Err(problem);
    }
    let (was, is) = (name_of(tx, account, one.parent)?, name_of(tx, account, parent)?);
    store::set_parent(tx, account, id, parent)?;
    let says = match &is {
        Some(above) => format!("The Virtual Account {} was nested below {above}.", one.name),
        None => format!("{} is now a top level Virtual Account.", one.name),
    };
    let event = event(Kind::VirtualAccountMoved, &one, says)
        .changed(&json!({ "parent": was }), &json!({ "parent": is }));
    tx.record(at, permit.who(), &event, ())
}

/// Makes a Virtual Account the default one: new orders without a Virtual Account go there from now on.
pub fn set_default(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    occupants: &Occupants,
    at: Moment,
    id: VirtualAccountId,
) -> Result<Recorded<()>> {
    let within = permit.within();
    let account = within.account()?;
    let one = store::find(tx, within, id)?;
    if within.only().is_some() {
        return Err(may_not_set_default());
    }
    if one.is_default {
        return Ok(tx.unchanged(()));
    }
    refuse(model::against_default(
        &one,
        &held_in(tx, occupants, account, id)?,
    ))?;
    let event = hand_default_on(tx, permit.who(), at, account, id)?;
    tx.record(at, permit.who(), &event, ())
}

/// One stops being the default one and another begins: both sides are recorded, the old one's here.
fn hand_default_on(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<Event> {
    let old = store::default_of(tx, account)?;
    store::set_default(tx, account, old.id, false)?;
    store::set_default(tx, account, id, true)?;
    let new = store::default_of(tx, account)?;
    let (was, is) = (json!({ "default": old.name }), json!({ "default": new.name }));
    let says = format!(
        "{} took over from {} as the default Virtual Account.",
        new.name, old.name
    );
    tx.note(
        at,
        who,
        &event(Kind::VirtualAccountDefault, &old, says.clone()).changed(&was, &is),
    )?;
    Ok(event(Kind::VirtualAccountDefault, &new, says).changed(&was, &is))
}

fn held_in(
    read: &mut dyn Reads,
    occupants: &Occupants,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<Vec<Holding>> {
    Ok(occupants
        .holds(read, account, &[id])?
        .into_iter()
        .map(|(_, holding)| holding)
        .collect())
}

fn refuse(problems: Vec<Refusal>) -> Result<()> {
    match problems.into_iter().next() {
        Some(refusal) => Err(Error::Refused(refusal)),
        None => Ok(()),
    }
}

/// Deletes a Virtual Account, for good. `typed` is the name that a person typed to confirm it; a script names the
/// id and types nothing. Roles that were held on it go along.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<DeleteVirtualAccount>,
    occupants: &Occupants,
    at: Moment,
    id: VirtualAccountId,
    typed: Option<&str>,
) -> Result<Recorded<String>> {
    let account = permit.within().account()?;
    let one = store::find(tx, permit.within(), id)?;
    let nested = store::nested_below(tx, account, &[id])?
        .first()
        .map_or(0, |(_, n)| *n);
    refuse(model::against_deletion(
        &one,
        nested,
        &held_in(tx, occupants, account, id)?,
    ))?;
    if typed.is_some_and(|typed| search_key(typed) != search_key(&one.name)) {
        return Err(Error::invalid(
            "confirm",
            format!("Type {} to delete this Virtual Account.", one.name),
        ));
    }
    let parent = name_of(tx, account, one.parent)?;
    for event in occupants.leave(tx, at, account, id)? {
        tx.note(at, permit.who(), &event)?;
    }
    for grant in grants::held_on(tx, account, id)? {
        grants::take(tx, account, grant.id)?;
        let event = Event::new(
            Kind::RoleRemoved,
            grant.person,
            format!(
                "The role {} in {} ended with the Virtual Account.",
                grant.role.label(),
                one.name
            ),
        )
        .within(account)
        .in_virtual_account(id)
        .changed(
            &json!({ "person": grant.person, "role": grant.role, "virtual_account": id }),
            &json!(null),
        );
        tx.note(at, permit.who(), &event)?;
    }
    store::delete(tx, account, id)?;
    let event = event(
        Kind::VirtualAccountDeleted,
        &one,
        format!("The Virtual Account {} was deleted.", one.name),
    )
    .changed(&facts(&one, parent.as_deref()), &json!(null));
    tx.record(at, permit.who(), &event, one.name)
}

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

fn first(refusals: Vec<Refusal>) -> Option<String> {
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
    rows(read, permit, occupants, ones)
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
    let nodes: Vec<Node> = store::nodes(read, within)?
        .into_iter()
        .map(|(node, _)| node)
        .collect();
    let tree = Tree::of(&nodes);
    let mut walked = tree.walk();
    let matched: Option<HashSet<VirtualAccountId>> = if filter.is_open() {
        None
    } else {
        Some(store::ids(read, within, filter)?.into_iter().collect())
    };
    if let Some(matched) = &matched {
        let mut shown: HashSet<VirtualAccountId> = matched.clone();
        shown.extend(matched.iter().flat_map(|id| tree.above(*id)));
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
    let rows = rows(read, permit, occupants, ones)?;
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

/// Puts beside each what a list shows of it: a handful of questions for all of them.
fn rows(
    read: &mut dyn Reads,
    permit: &Permit<ViewVirtualAccounts>,
    occupants: &Occupants,
    ones: Vec<VirtualAccount>,
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
    let (mut tree, mut names) = (Tree::default(), HashMap::new());
    if ones.iter().any(|one| one.parent.is_some()) {
        let nodes = store::nodes(read, within)?;
        tree = Tree::of(&nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>());
        names = nodes.into_iter().map(|(node, name)| (node.id, name)).collect();
    }
    Ok(ones
        .into_iter()
        .map(|one| Row {
            above: tree
                .above(one.id)
                .iter()
                .filter_map(|id| names.get(id).cloned())
                .collect(),
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
    let one = store::find(read, permit.within(), id)?;
    rows(read, permit, occupants, vec![one])?
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
