//! What can be done with orders. A function that takes a `Tx` is a part of the caller's write, unless it returns
//! what was recorded.

use super::lab;
use super::model::{
    Content, Draft, Line, LineKind, LineState, Order, Place, Plan, Progress, Request, Review, ReviewedLine,
    ReviewedOrder, SearchBy, Target, TargetAccount, TargetPlace, TargetPlaces, Work, plan, shows_in,
};
use super::store::{self, Asked, Changed};
use crate::authn::{Actor, PlatformRole};
use crate::authz::action::AssignOrder;
use crate::authz::{Action, Permit, Reach, Within, grants, matrix};
use crate::error::{Cause, Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{
    AssignmentId, OrderDraftId, OrderId, OrderLineId, PersonId, SmartAccountId, VirtualAccountId,
};
use crate::kernel::pasted::line;
use crate::kernel::text::registrable_domain;
use crate::kernel::{EmailAddress, Event, Kind, Moment, Sought, Who, search_key};
use crate::licenses;
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::token;
use crate::smart_accounts::{self, SmartAccount, State, Visibility};
use crate::virtual_accounts::{self, AccessLevel, DEFAULT};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many accounts a search shows.
const MOST_FOUND: i64 = 20;
/// How many orders the page of progress names.
const MOST_SHOWN: i64 = 1_000;

fn refusal(code: &'static str, says: impl Into<String>) -> Refusal {
    Refusal {
        code,
        says: says.into().into(),
    }
}

/// The reason why somebody cannot assign orders at all, whatever their role; none when they can.
pub fn against_person(actor: &Actor) -> Option<Refusal> {
    if actor.has(PlatformRole::Support) || matches!(actor.person.access_level, 1 | 2) {
        return None;
    }
    Some(refusal(
        "orders.access-level",
        format!(
            "Assigning orders needs access level 1 or 2; yours is {}.",
            actor.person.access_level
        ),
    ))
}

/// The reason why an order cannot be assigned, whoever asks; none when it can.
pub fn against_order(order: &Order) -> Option<Refusal> {
    let why = order.order_type.against_assigning()?;
    Some(refusal("orders.not-assignable", why))
}

/// Nobody checks what support does here; the record says so.
pub fn is_unchecked(actor: &Actor) -> bool {
    actor.has(PlatformRole::Support)
}

// Who may put orders where -----------------------------------------------------------------------------

/// The person who assigns, and how far their roles reach in the accounts that come up.
struct Hand {
    page: SmartAccountId,
    person: PersonId,
    unchecked: bool,
    reaches: HashMap<SmartAccountId, Option<Reach>>,
}

impl Hand {
    fn of(permit: &Permit<AssignOrder>) -> Result<Self> {
        Ok(Self {
            page: permit.within().account()?,
            person: permit.person()?,
            unchecked: is_unchecked(permit.actor()?),
            reaches: HashMap::new(),
        })
    }

    /// How far they may assign orders in an account by their own roles there; none when they may not at all.
    fn reach(&mut self, read: &mut dyn Reads, account: SmartAccountId) -> Result<Option<Reach>> {
        if let Some(known) = self.reaches.get(&account) {
            return Ok(known.clone());
        }
        let held: Vec<_> = grants::of_person_in(read, account, self.person)?
            .into_iter()
            .filter(|grant| matrix::allows(Action::AssignOrder, grant.role))
            .collect();
        let reach = if held.is_empty() {
            None
        } else if held.iter().any(|grant| grant.virtual_account.is_none()) {
            Some(Reach::All)
        } else {
            Some(Reach::These(
                held.iter().filter_map(|grant| grant.virtual_account).collect(),
            ))
        };
        self.reaches.insert(account, reach.clone());
        Ok(reach)
    }

    /// Whether they may put lines of an order there, or take them from there.
    fn may(&mut self, read: &mut dyn Reads, order: &Order, place: Target) -> Result<bool> {
        let sold_to =
            order.partner_account == Some(self.page) && order.customer_account == Some(place.account);
        if self.unchecked || sold_to {
            return Ok(true);
        }
        Ok(match self.reach(read, place.account)? {
            Some(Reach::All) => true,
            Some(Reach::These(some)) => place.virtual_account.is_some_and(|id| some.contains(&id)),
            None => false,
        })
    }

    /// Whether orders of a draft could go to an account at all.
    fn may_any(&mut self, read: &mut dyn Reads, account: SmartAccountId, orders: &[Order]) -> Result<bool> {
        if self.unchecked || self.reach(read, account)?.is_some() {
            return Ok(true);
        }
        Ok(orders
            .iter()
            .any(|order| order.partner_account == Some(self.page) && order.customer_account == Some(account)))
    }
}

fn as_target(
    read: &mut dyn Reads,
    hand: &mut Hand,
    account: &SmartAccount,
    orders: &[Order],
) -> Result<TargetAccount> {
    let refused = if account.state == State::Inactive {
        Some(refusal(
            "smart-account.inactive",
            "This Smart Account is Inactive: nothing can be assigned to it.",
        ))
    } else if account.state == State::Pending
        && !account
            .pending_detail
            .is_some_and(smart_accounts::PendingDetail::is_open)
    {
        Some(refusal(
            "smart-accounts.not-active",
            "The request for this Smart Account has ended.",
        ))
    } else if hand.may_any(read, account.id, orders)? {
        None
    } else {
        Some(not_yours())
    };
    Ok(TargetAccount {
        id: account.id,
        number: account.number,
        name: account.name.clone(),
        domain: account.domain.clone(),
        is_pending: account.state == State::Pending,
        refused,
    })
}

fn not_yours() -> Refusal {
    refusal(
        "orders.target-not-yours",
        "You may assign orders to accounts in which you hold a role that can, and to the end customers of orders that your Smart Account sold.",
    )
}

/// Smart Accounts to which the orders of a draft could go, under the Restricted rule: a Restricted account shows for
/// its whole name or its whole domain alone, and never by an address. An account that is still Pending shows for its
/// whole domain, and by the address of its customer when it is not Restricted.
pub fn find_targets(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    by: SearchBy,
    typed: &str,
) -> Result<Vec<TargetAccount>> {
    find_targets_for(read, permit, &draft.content, by, typed)
}

/// The same for a choice that is not kept.
pub fn find_targets_for(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    content: &Content,
    by: SearchBy,
    typed: &str,
) -> Result<Vec<TargetAccount>> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let sought = Sought::parse(typed);
    let mut found: Vec<SmartAccount> = match by {
        SearchBy::Domain => {
            let mut found: Vec<SmartAccount> = smart_accounts::search(read, typed, MOST_FOUND)?
                .into_iter()
                .filter(|one| sought.fits(&one.domain))
                .collect();
            found.extend(smart_accounts::by_domain(read, &search_key(&line(typed)))?);
            found
        }
        SearchBy::Name => smart_accounts::search(read, typed, MOST_FOUND)?
            .into_iter()
            .filter(|one| sought.fits(&search_key(&one.name)))
            .collect(),
        SearchBy::Email => {
            let email = EmailAddress::parse(typed).map_err(|says| Error::invalid("q", says))?;
            let company = registrable_domain(email.domain()).to_owned();
            smart_accounts::under_registrable(read, &company)?
                .into_iter()
                .filter(|one| one.visibility == Visibility::Unrestricted)
                .collect()
        }
    };
    found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    found.dedup_by_key(|one| one.id);
    let orders = store::find_many(read, &content.orders)?;
    let mut hand = Hand::of(permit)?;
    found
        .iter()
        .map(|one| as_target(read, &mut hand, one, &orders))
        .collect()
}

/// One Smart Account that was chosen, as [`find_targets`] would have shown it.
pub fn target(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    account: SmartAccountId,
) -> Result<TargetAccount> {
    let account = smart_accounts::find(read, account)?;
    target_for(read, permit, &draft.content, &account)
}

/// The same for a choice that is not kept.
pub fn target_for(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    content: &Content,
    account: &SmartAccount,
) -> Result<TargetAccount> {
    let orders = store::find_many(read, &content.orders)?;
    as_target(read, &mut Hand::of(permit)?, account, &orders)
}

/// The Virtual Accounts of a Smart Account that can be chosen for a draft: those within one's own reach there; and,
/// where one comes as the partner of its orders, the Unrestricted ones, with the others by their whole name.
pub fn places(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    account: SmartAccountId,
) -> Result<TargetPlaces> {
    let mut hand = Hand::of(permit)?;
    let found = smart_accounts::find(read, account)?;
    if found.state == State::Pending {
        return Ok(TargetPlaces {
            list: Vec::new(),
            by_name: false,
            none_yet: true,
        });
    }
    let default = virtual_accounts::default_of(read, account)?.id;
    let reach = if hand.unchecked {
        Some(Reach::All)
    } else {
        hand.reach(read, account)?
    };
    let mut list: Vec<TargetPlace> = virtual_accounts::names(read, &[account])?
        .into_iter()
        .filter(|(_, id, _, level)| match &reach {
            Some(Reach::All) => true,
            Some(Reach::These(some)) => some.contains(id),
            None => *level == AccessLevel::Unrestricted,
        })
        .map(|(_, id, name, _)| TargetPlace {
            is_default: id == default,
            id,
            name,
        })
        .collect();
    list.sort_by_key(|one| (!one.is_default, search_key(&one.name), one.id));
    Ok(TargetPlaces {
        list,
        by_name: reach.is_none(),
        none_yet: false,
    })
}

/// The Virtual Account with exactly this name: how a Restricted one is chosen in another's account.
pub fn place_named(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    account: SmartAccountId,
    typed: &str,
) -> Result<VirtualAccountId> {
    let key = search_key(&line(typed));
    let mut hand = Hand::of(permit)?;
    let reach = hand.reach(read, account)?;
    virtual_accounts::names(read, &[account])?
        .into_iter()
        .filter(|(_, id, _, _)| match &reach {
            Some(Reach::These(some)) => some.contains(id),
            Some(Reach::All) | None => true,
        })
        .find(|(_, _, name, _)| !key.is_empty() && search_key(name) == key)
        .map(|(_, id, _, _)| id)
        .ok_or_else(|| {
            Error::invalid(
                "virtual_account",
                "No Virtual Account has this name. Enter its exact name.",
            )
        })
}

// A choice that is being made --------------------------------------------------------------------------

/// Every order of a choice shows here: any other is treated as one that is not there.
pub fn must_show(read: &mut dyn Reads, permit: &Permit<AssignOrder>, content: &Content) -> Result<()> {
    let showing = store::showing(read, permit.within(), &content.orders)?;
    if content.orders.iter().any(|id| !showing.contains(id)) {
        return Err(Error::NotFound);
    }
    Ok(())
}

fn right_size(content: &Content) -> Result<()> {
    if content.orders.is_empty() {
        return Err(Error::refused(
            "orders.nothing-chosen",
            "Select at least one order.",
        ));
    }
    if content.orders.len() > super::model::MOST_SELECTED {
        return Err(Error::refused(
            "orders.too-many",
            format!(
                "{} orders are selected. Assign at most {} at once.",
                content.orders.len(),
                super::model::MOST_SELECTED
            ),
        ));
    }
    Ok(())
}

/// Ids of orders that are named by id or by Order Identifier. One that does not show here is not there.
pub fn ids_of(read: &mut dyn Reads, permit: &Permit<AssignOrder>, named: &[String]) -> Result<Vec<OrderId>> {
    if named.len() > super::model::MOST_SELECTED {
        return Err(Error::refused(
            "orders.too-many",
            "Assign at most 10000 orders at once.",
        ));
    }
    let words: Vec<String> = named
        .iter()
        .filter(|one| one.parse::<OrderId>().is_err())
        .cloned()
        .collect();
    let known = store::ids_by_identifier(read, &words)?;
    let mut ids: Vec<OrderId> = Vec::with_capacity(named.len());
    let mut seen = HashSet::with_capacity(named.len());
    for one in named {
        let id = match one.parse() {
            Ok(id) => id,
            Err(_) => *known.get(&search_key(one)).ok_or(Error::NotFound)?,
        };
        if seen.insert(id) {
            ids.push(id);
        }
    }
    let content = Content::of(ids);
    must_show(read, permit, &content)?;
    right_size(&content)?;
    Ok(content.orders)
}

/// Keeps a choice. Nothing has happened yet, so nothing is recorded: for `db.housekeeping`.
pub fn keep_draft(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    at: Moment,
    id: OrderDraftId,
    content: &Content,
) -> Result<()> {
    must_show(tx, permit, content)?;
    right_size(content)?;
    store::insert_draft(tx, permit.within().account()?, permit.person()?, at, id, content)
}

/// One's own choice in this account.
pub fn draft(read: &mut dyn Reads, permit: &Permit<AssignOrder>, id: OrderDraftId) -> Result<Draft> {
    store::draft(read, permit.within().account()?, permit.person()?, id)
}

/// Changes a choice that has not been carried out. For `db.housekeeping`.
pub fn change_draft(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    content: &Content,
) -> Result<()> {
    let account = permit.within().account()?;
    if store::change_draft(tx, account, draft.id, draft.version, content)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

// The review -------------------------------------------------------------------------------------------

/// Accounts and Virtual Accounts that come up in a review, each looked up once.
#[derive(Default)]
struct Names {
    accounts: HashMap<SmartAccountId, SmartAccount>,
    places: HashMap<Target, Option<Place>>,
    own: HashMap<SmartAccountId, Option<Target>>,
}

impl Names {
    fn account(&mut self, read: &mut dyn Reads, id: SmartAccountId) -> Result<SmartAccount> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known.clone());
        }
        let found = smart_accounts::find(read, id)?;
        self.accounts.insert(id, found.clone());
        Ok(found)
    }

    /// A place in words; none when its Virtual Account is not there (any more).
    fn place(&mut self, read: &mut dyn Reads, target: Target) -> Result<Option<Place>> {
        if let Some(known) = self.places.get(&target) {
            return Ok(known.clone());
        }
        let account = self.account(read, target.account)?;
        let name = match target.virtual_account {
            None if account.state == State::Pending => Some(DEFAULT.to_owned()),
            None => Some(virtual_accounts::default_of(read, target.account)?.name),
            Some(id) => virtual_accounts::these(read, target.account, &[id])?
                .pop()
                .map(|one| one.name),
        };
        let place = name.map(|virtual_account| Place {
            target,
            account: account.name.clone(),
            number: account.number,
            virtual_account,
            is_hold: account.state == State::Pending,
        });
        self.places.insert(target, place.clone());
        Ok(place)
    }

    /// Where a partner keeps their own branded services: in their default Virtual Account, while they are Active.
    fn partner(&mut self, read: &mut dyn Reads, order: &Order) -> Result<Option<Target>> {
        let Some(account) = order.partner_account else {
            return Ok(None);
        };
        if let Some(known) = self.own.get(&account) {
            return Ok(*known);
        }
        let own = if self.account(read, account)?.state == State::Active {
            Some(Target {
                account,
                virtual_account: Some(virtual_accounts::default_of(read, account)?.id),
            })
        } else {
            None
        };
        self.own.insert(account, own);
        Ok(own)
    }

    /// What a line is about to be told from: "XYZ COMPANY, DEFAULT".
    fn words(&mut self, read: &mut dyn Reads, line: &Line) -> Result<String> {
        let Some(account) = line.account else {
            return Ok("a Smart Account".to_owned());
        };
        let target = Target {
            account,
            virtual_account: line.virtual_account,
        };
        Ok(match self.place(read, target)? {
            Some(place) => format!("{}, {}", place.account, place.virtual_account),
            None => self.account(read, account)?.name,
        })
    }
}

/// What a draft would do, order by order and line by line, with everything that stands in its way.
pub fn review(read: &mut dyn Reads, permit: &Permit<AssignOrder>, draft: &Draft) -> Result<Review> {
    review_of(read, permit, &draft.content)
}

/// The same for a choice that is not kept.
pub fn review_of(read: &mut dyn Reads, permit: &Permit<AssignOrder>, content: &Content) -> Result<Review> {
    let showing = store::showing(read, permit.within(), &content.orders)?;
    let orders: HashMap<OrderId, Order> = store::find_many(read, &content.orders)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    let mut lines = store::lines_of(read, &content.orders)?;
    let mut hand = Hand::of(permit)?;
    let mut names = Names::default();
    let mut refused = permit.actor().ok().and_then(against_person);
    if refused.is_none() {
        refused = against_targets(read, &mut names, content)?;
    }
    let mut reviewed = Vec::with_capacity(content.orders.len());
    for id in &content.orders {
        // One that does not show here is treated as one that is not there.
        let order = orders
            .get(id)
            .filter(|_| showing.contains(id))
            .ok_or(Error::NotFound)?;
        let lines = lines.remove(id).unwrap_or_default();
        reviewed.push(review_order(
            read,
            &mut hand,
            &mut names,
            content,
            order,
            lines,
            permit.within(),
        )?);
    }
    let fingerprint = fingerprint(content, &reviewed, &names);
    Ok(Review {
        orders: reviewed,
        refused,
        is_unchecked: hand.unchecked,
        fingerprint,
    })
}

/// What stands in the way of the places that were chosen, whatever goes there.
fn against_targets(read: &mut dyn Reads, names: &mut Names, content: &Content) -> Result<Option<Refusal>> {
    let Some(target) = content.target else {
        return Ok(Some(refusal("orders.no-target", "Select a Smart Account first.")));
    };
    if content.separate && content.services.is_none() {
        return Ok(Some(refusal(
            "orders.no-target",
            "Select a Smart Account for the Cisco branded Services as well.",
        )));
    }
    let services = content.services.filter(|_| content.separate);
    for target in [Some(target), services].into_iter().flatten() {
        let account = names.account(read, target.account)?;
        let open = account
            .pending_detail
            .is_some_and(smart_accounts::PendingDetail::is_open);
        match account.state {
            State::Inactive => {
                return Ok(Some(refusal(
                    "smart-account.inactive",
                    format!(
                        "The Smart Account {} is Inactive: nothing can be assigned to it.",
                        account.name
                    ),
                )));
            }
            State::Pending if !open => {
                return Ok(Some(refusal(
                    "smart-accounts.not-active",
                    format!("The request for the Smart Account {} has ended.", account.name),
                )));
            }
            State::Pending => {}
            State::Active if target.virtual_account.is_none() => {
                return Ok(Some(refusal("orders.no-target", "Select a Virtual Account.")));
            }
            State::Active => {
                if names.place(read, target)?.is_none() {
                    return Ok(Some(place_gone(&account.name)));
                }
            }
        }
    }
    Ok(None)
}

fn place_gone(account: &str) -> Refusal {
    refusal(
        "orders.place-gone",
        format!("The Virtual Account that was chosen in {account} has been deleted. Select another one."),
    )
}

fn review_order(
    read: &mut dyn Reads,
    hand: &mut Hand,
    names: &mut Names,
    content: &Content,
    order: &Order,
    lines: Vec<Line>,
    within: &Within,
) -> Result<ReviewedOrder> {
    let partner = names.partner(read, order)?;
    let plans = plan(order, &lines, content, partner);
    let why = shows_in(order, &lines).remove(&hand.page).unwrap_or_default();
    let mut refused = against_order(order);
    let mut reviewed = Vec::with_capacity(lines.len());
    for (line, plan) in lines.into_iter().zip(plans) {
        let (to, stays) = match plan {
            Plan::Stays(stays) => (None, stays),
            Plan::Goes(target) => {
                let against = against_move(
                    read,
                    hand,
                    names,
                    content,
                    order,
                    &line,
                    target,
                    partner,
                    why.assigned && !why.sold && !why.customer,
                    within,
                )?;
                if refused.is_none() {
                    refused = against;
                }
                (names.place(read, target)?, String::new())
            }
        };
        reviewed.push(ReviewedLine { line, to, stays });
    }
    if refused.is_none() && content.target.is_some() {
        refused = nothing_to_do(read, names, content, &reviewed)?;
    }
    Ok(ReviewedOrder {
        order: order.clone(),
        lines: reviewed,
        refused,
    })
}

#[expect(clippy::too_many_arguments, reason = "what one line is looked at with")]
fn against_move(
    read: &mut dyn Reads,
    hand: &mut Hand,
    names: &mut Names,
    content: &Content,
    order: &Order,
    line: &Line,
    target: Target,
    partner: Option<Target>,
    only_holds: bool,
    within: &Within,
) -> Result<Option<Refusal>> {
    let keeps_own =
        line.kind == LineKind::PartnerService && content.work == Work::Assign && partner == Some(target);
    if !keeps_own && !hand.may(read, order, target)? {
        return Ok(Some(not_yours()));
    }
    if names.place(read, target)?.is_none() {
        let account = names.account(read, target.account)?.name;
        return Ok(Some(place_gone(&account)));
    }
    // Who only holds lines of an order may move those, and no others.
    if only_holds && !hand.unchecked && line.account != Some(hand.page) {
        return Ok(Some(refusal(
            "orders.not-yours",
            "Only the Smart Account that sold an order and its end customer can assign its lines.",
        )));
    }
    if line.state != LineState::Assigned {
        return Ok(None);
    }
    let Some(account) = line.account else {
        return Ok(None);
    };
    let from = Target {
        account,
        virtual_account: line.virtual_account,
    };
    if !hand.may(read, order, from)?
        || (account == hand.page
            && line.virtual_account.is_some_and(|id| !within.covers(id))
            && !hand.unchecked)
    {
        return Ok(Some(refusal(
            "orders.not-yours",
            "The line lies in a Virtual Account in which you may not assign orders.",
        )));
    }
    if names.account(read, account)?.state == State::Inactive {
        return Ok(Some(refusal(
            "smart-account.inactive",
            "The line lies in a Smart Account that is Inactive: nothing in it can be changed.",
        )));
    }
    Ok(None)
}

/// Why no line of an order would move; none when one does.
fn nothing_to_do(
    read: &mut dyn Reads,
    names: &mut Names,
    content: &Content,
    lines: &[ReviewedLine],
) -> Result<Option<Refusal>> {
    if content.work == Work::Reassign {
        // Lines that were chosen by name are reassigned or nothing is.
        let chosen = lines
            .iter()
            .find(|one| content.lines.contains(&one.line.id) && one.to.is_none());
        if let Some(one) = chosen {
            return Ok(Some(refusal(
                "orders.not-reassignable",
                format!("Line {}: {}", one.line.number, one.stays),
            )));
        }
    }
    if lines.iter().any(|one| one.to.is_some()) {
        return Ok(None);
    }
    let Some(first) = lines.first() else {
        return Ok(Some(refusal(
            "orders.nothing-to-assign",
            "The order has no lines.",
        )));
    };
    let known = lines
        .iter()
        .find(|one| one.line.assignment.is_some())
        .unwrap_or(first);
    let asked = match known.line.assignment {
        Some(id) => store::requests(read, &[id])?.pop(),
        None => None,
    };
    let says = match asked {
        Some(request) => format!(
            "{} asked for its assignment to {} on {}.",
            request.requester,
            names.words(read, &known.line)?,
            request.requested_at.words()
        ),
        None => format!("Line {}: {}", known.line.number, known.stays),
    };
    Ok(Some(refusal("orders.nothing-to-assign", says)))
}

/// Changes when anything does that the review shows.
fn fingerprint(content: &Content, reviewed: &[ReviewedOrder], names: &Names) -> String {
    let mut text = format!(
        "{:?}|{:?}|{}|{:?}\n",
        content.work, content.target, content.separate, content.services
    );
    for one in reviewed {
        text.push_str(&format!(
            "{}:{:?}\n",
            one.order.id,
            one.refused.as_ref().map(|r| r.code)
        ));
        for line in &one.lines {
            text.push_str(&format!(
                "{}:{}:{:?}:{:?}\n",
                line.line.id,
                line.line.version,
                line.line.state,
                line.to
                    .as_ref()
                    .map(|to| (to.target, &to.account, &to.virtual_account, to.is_hold))
            ));
        }
    }
    let mut accounts: Vec<_> = names
        .accounts
        .values()
        .map(|one| (one.id, one.state, &one.name))
        .collect();
    accounts.sort_unstable();
    text.push_str(&format!("{accounts:?}"));
    token::digest(&text)
}

// Assigning --------------------------------------------------------------------------------------------

/// Says why a review cannot be carried out; nothing when it can.
fn must_be_good(review: &Review, fingerprint: &str) -> Result<()> {
    let in_the_way: Vec<String> = review
        .orders
        .iter()
        .filter_map(|one| {
            let why = one.refused.as_ref()?;
            Some(format!("{}: {}", one.order.identifier, why.says))
        })
        .collect();
    let mut words = in_the_way.iter().take(5).cloned().collect::<Vec<_>>().join(" ");
    if in_the_way.len() > 5 {
        words.push_str(&format!(
            " {} in the way.",
            counted(in_the_way.len() as u64 - 5, "more order is", "more orders are")
        ));
    }
    if review.fingerprint != fingerprint {
        let changed = match &review.refused {
            Some(why) => why.says.to_string(),
            None if words.is_empty() => "Lines or accounts have changed since.".to_owned(),
            None => words,
        };
        return Err(Error::refused(
            "orders.stale",
            format!(
                "The review no longer holds, and nothing has been assigned. {changed} Look at it once more."
            ),
        ));
    }
    if let Some(why) = &review.refused {
        return Err(Error::Refused(why.clone()));
    }
    match review.orders.iter().find_map(|one| one.refused.as_ref()) {
        Some(first) => Err(Error::refused(
            first.code,
            format!("Nothing has been assigned. {words}"),
        )),
        None => Ok(()),
    }
}

/// Asks for the assignment of a draft: all of it or nothing. Pressed twice, it is done once.
pub fn assign(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: OrderDraftId,
    fingerprint: &str,
    id: AssignmentId,
    at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let due = lab::due(tx, at)?;
    assign_by(tx, permit, draft, fingerprint, id, at, due)
}

/// The same, to be completed at a time that is known.
pub fn assign_by(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: OrderDraftId,
    fingerprint: &str,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let draft = self::draft(tx, permit, draft)?;
    if let Some(made) = draft.assignment {
        return Ok(tx.unchanged(made));
    }
    let done = assign_content(tx, permit, &draft.content, Some(fingerprint), id, at, due_at)?;
    store::draft_done(tx, draft.id, id)?;
    Ok(done)
}

/// Asks for the assignment of a choice. With the fingerprint of a review nothing else than what it showed is done.
pub fn assign_content(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    content: &Content,
    fingerprint: Option<&str>,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    right_size(content)?;
    let review = review_of(tx, permit, content)?;
    must_be_good(&review, fingerprint.unwrap_or(&review.fingerprint))?;
    let unchecked = review.is_unchecked;
    let work: Vec<Asking> = review
        .orders
        .into_iter()
        .map(|one| {
            let to: Vec<_> = one.lines.iter().map(|line| line.to.clone()).collect();
            Asking {
                order: one.order,
                lines: one.lines.into_iter().map(|line| line.line).collect(),
                to,
            }
        })
        .collect();
    ask(
        tx,
        permit.who(),
        permit.within().account()?,
        unchecked,
        work,
        id,
        at,
        due_at,
    )
}

/// An order, its lines, and where each of them goes.
struct Asking {
    order: Order,
    lines: Vec<Line>,
    to: Vec<Option<Place>>,
}

/// Asks for the assignment of lines. Those that are assigned elsewhere are taken back first.
#[expect(clippy::too_many_arguments, reason = "who asks for what, from where and when")]
fn ask(
    tx: &mut Tx<'_>,
    who: &Who,
    page: SmartAccountId,
    unchecked: bool,
    mut work: Vec<Asking>,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let mut by_target: BTreeMap<(SmartAccountId, Option<VirtualAccountId>), Vec<OrderLineId>> =
        BTreeMap::new();
    let mut lines = 0_usize;
    for one in &work {
        for (line, to) in one.lines.iter().zip(&one.to) {
            if let Some(to) = to {
                lines += 1;
                by_target
                    .entry((to.target.account, to.target.virtual_account))
                    .or_default()
                    .push(line.id);
            }
        }
    }
    let many = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    store::insert_request(
        tx,
        &Request {
            id,
            account: page,
            requested_by: who.person,
            requester: who.label.clone(),
            is_unchecked: unchecked,
            orders: many(work.len()),
            lines: many(lines),
            requested_at: at,
            settled_at: None,
        },
    )?;
    let from = [LineState::Unassigned, LineState::Failed, LineState::Assigned];
    let mut changed = 0;
    for ((account, virtual_account), ids) in by_target {
        let to = Target {
            account,
            virtual_account,
        };
        changed += store::ask(
            tx,
            &ids,
            &from,
            Asked {
                to,
                assignment: id,
                due_at,
            },
        )?;
    }
    if changed != lines {
        return Err(Error::Unavailable(Cause::again("a line was asked for meanwhile")));
    }
    for one in &mut work {
        note_request(tx, who, page, unchecked, one, id, at)?;
        for (line, to) in one.lines.iter_mut().zip(&one.to) {
            if let Some(to) = to {
                line.state = LineState::Requested;
                line.account = Some(to.target.account);
                line.virtual_account = to.target.virtual_account;
                line.round += 1;
            }
        }
    }
    let all: Vec<Changed<'_>> = work
        .iter()
        .map(|one| Changed {
            order: &one.order,
            lines: &one.lines,
            is_new: false,
        })
        .collect();
    store::settle(tx, &all)?;
    let mark = if unchecked { " (unchecked: support)" } else { "" };
    let event = Event::new(
        Kind::OrderRequested,
        id,
        format!(
            "{} asked for the assignment of {}{mark}.",
            who.label,
            counted(work.len() as u64, "order", "orders")
        ),
    )
    .within(page)
    .with(json!({ "assignment": id, "orders": work.len(), "lines": lines, "unchecked": unchecked.then_some("support") }));
    tx.record(at, who, &event, id)
}

/// The record of one order of a request; and what is taken back of it.
fn note_request(
    tx: &mut Tx<'_>,
    who: &Who,
    page: SmartAccountId,
    unchecked: bool,
    one: &Asking,
    id: AssignmentId,
    at: Moment,
) -> Result<()> {
    let order = &one.order;
    let mut facts = Vec::new();
    let mut where_to: Vec<String> = Vec::new();
    for (line, to) in one.lines.iter().zip(&one.to) {
        let Some(to) = to else { continue };
        let words = format!("{}, {}", to.account, to.virtual_account);
        facts.push(json!({ "line": line.number, "sku": line.sku, "from": line.state, "to": words }));
        if !where_to.contains(&words) {
            where_to.push(words);
        }
        let (LineState::Assigned, Some(account)) = (line.state, line.account) else {
            continue;
        };
        let back = licenses::take_back(tx, at, who, order.id, line.id, line.round, &order.identifier)?;
        let mut event = Event::new(
            Kind::LicensesTakenBack,
            order.id,
            format!(
                "Line {} of the order {} was taken back: it is assigned elsewhere.",
                line.number, order.identifier
            ),
        )
        .within(account)
        .with(json!({ "order": order.identifier, "licenses": back }));
        event.virtual_account = line.virtual_account;
        tx.note(at, who, &event)?;
    }
    let mark = if unchecked { " (unchecked: support)" } else { "" };
    let event = Event::new(
        Kind::OrderRequested,
        order.id,
        format!(
            "The assignment of the order {} to {} was requested{mark}.",
            order.identifier,
            where_to.join(" and to ")
        ),
    )
    .within(page)
    .with(json!({
        "assignment": id,
        "unchecked": unchecked.then_some("support"),
        "before": order.assignment,
        "after": LineState::Requested,
        "lines": facts,
    }));
    tx.note(at, who, &event)
}

/// Asks once more for the lines of an order that have failed, to where they were to go.
pub fn retry(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    order: OrderId,
    id: AssignmentId,
    at: Moment,
) -> Result<Recorded<AssignmentId>> {
    if !store::showing(tx, permit.within(), &[order])?.contains(&order) {
        return Err(Error::NotFound);
    }
    if let Some(why) = against_person(permit.actor()?) {
        return Err(Error::Refused(why));
    }
    let order = store::find_many(tx, &[order])?.pop().ok_or(Error::NotFound)?;
    let lines = store::lines_of(tx, &[order.id])?
        .remove(&order.id)
        .unwrap_or_default();
    let mut hand = Hand::of(permit)?;
    let mut names = Names::default();
    let partner = names.partner(tx, &order)?;
    let mut to = Vec::with_capacity(lines.len());
    for line in &lines {
        let (LineState::Failed, Some(account)) = (line.state, line.account) else {
            to.push(None);
            continue;
        };
        let target = Target {
            account,
            virtual_account: line.virtual_account,
        };
        let keeps_own = line.kind == LineKind::PartnerService && partner == Some(target);
        if !keeps_own && !hand.may(tx, &order, target)? {
            return Err(Error::Refused(not_yours()));
        }
        let found = names.account(tx, account)?;
        if found.state == State::Inactive {
            return Err(Error::refused(
                "smart-account.inactive",
                format!(
                    "The Smart Account {} is Inactive: nothing can be assigned to it.",
                    found.name
                ),
            ));
        }
        match names.place(tx, target)? {
            Some(place) => to.push(Some(place)),
            None => return Err(Error::Refused(place_gone(&found.name))),
        }
    }
    if to.iter().all(Option::is_none) {
        return Err(Error::refused(
            "orders.nothing-failed",
            "No line of this order has failed, so there is nothing to try again.",
        ));
    }
    let unchecked = hand.unchecked;
    let work = vec![Asking { order, lines, to }];
    let due_at = lab::due(tx, at)?;
    ask(
        tx,
        permit.who(),
        permit.within().account()?,
        unchecked,
        work,
        id,
        at,
        due_at,
    )
}

/// How far an assignment is that was asked for in this account.
pub fn progress(read: &mut dyn Reads, within: &Within, id: AssignmentId) -> Result<Progress> {
    let account = within.account()?;
    let request = store::requests(read, &[id])?
        .pop()
        .filter(|request| request.account == account)
        .ok_or(Error::NotFound)?;
    let states = store::line_states(read, id)?;
    let still: u64 = states.iter().map(|(_, n)| n).sum();
    let asked = u64::try_from(request.lines).unwrap_or_default();
    let mut lines: BTreeMap<OrderId, Vec<Line>> = BTreeMap::new();
    for line in store::lines_of_request(read, id, MOST_SHOWN)? {
        lines.entry(line.order).or_default().push(line);
    }
    let ids: Vec<OrderId> = lines.keys().copied().take(200).collect();
    let known: HashMap<OrderId, Order> = store::find_many(read, &ids)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    let mut orders: Vec<(Order, Vec<Line>)> = ids
        .iter()
        .filter_map(|id| Some((known.get(id)?.clone(), lines.remove(id)?)))
        .collect();
    orders.sort_by(|a, b| a.0.identifier.cmp(&b.0.identifier));
    // Roles of a Virtual Account see what lies in theirs.
    if within.only().is_some() {
        for (_, lines) in &mut orders {
            lines.retain(|line| line.virtual_account.is_none_or(|id| within.covers(id)));
        }
        let mut seen = HashSet::new();
        orders.retain(|(order, lines)| !lines.is_empty() && seen.insert(order.id));
    }
    Ok(Progress {
        request,
        lines: states,
        orders,
        gone_on: asked.saturating_sub(still),
    })
}

/// Orders whose customers have a Smart Account by now show there from now on.
pub fn link_customers(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    ids: &[OrderId],
) -> Result<Recorded<usize>> {
    let mut orders = store::find_many(tx, ids)?;
    orders.retain(|order| order.customer_account.is_none());
    if orders.is_empty() {
        return Ok(tx.unchanged(0));
    }
    let lines = store::lines_of(tx, ids)?;
    for order in &mut orders {
        store::set_customer_account(tx, order.id, account)?;
        order.customer_account = Some(account);
    }
    let none = Vec::new();
    let changed: Vec<Changed<'_>> = orders
        .iter()
        .map(|order| Changed {
            order,
            lines: lines.get(&order.id).unwrap_or(&none),
            is_new: false,
        })
        .collect();
    store::settle(tx, &changed)?;
    let who = Who::portal("order assignment");
    for order in &orders {
        let mut event = Event::new(
            Kind::OrderReceived,
            order.id,
            format!(
                "The order {} shows here: its customer {} has this Smart Account.",
                order.identifier, order.customer
            ),
        )
        .with(json!({ "identifier": order.identifier }));
        event.account = order.customer_account;
        tx.note(at, &who, &event)?;
    }
    let event = Event::new(
        Kind::OrderReceived,
        "orders",
        format!(
            "{} found to belong to a Smart Account.",
            counted(orders.len() as u64, "order was", "orders were")
        ),
    );
    tx.record(at, &who, &event, orders.len())
}
