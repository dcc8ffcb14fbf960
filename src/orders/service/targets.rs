//! Who may put orders where: the Smart Accounts and Virtual Accounts that can be chosen.

use super::{MOST_FOUND, is_unchecked, refusal};
use crate::authz::action::AssignOrder;
use crate::authz::{Action, Permit, Reach, grants, matrix};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::pasted::line;
use crate::kernel::text::registrable_domain;
use crate::kernel::{EmailAddress, Sought, search_key};
use crate::orders::model::{
    Content, Draft, Order, SearchBy, Target, TargetAccount, TargetPlace, TargetPlaces,
};
use crate::orders::store;
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount, State, Visibility};
use crate::virtual_accounts::{self, AccessLevel};
use std::collections::HashMap;

/// The person who assigns, and how far their roles reach in the accounts that come up.
pub(super) struct Hand {
    pub(super) page: SmartAccountId,
    pub(super) person: PersonId,
    pub(super) unchecked: bool,
    pub(super) reaches: HashMap<SmartAccountId, Option<Reach>>,
}

impl Hand {
    pub(super) fn of(permit: &Permit<AssignOrder>) -> Result<Self> {
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
    pub(super) fn may(&mut self, read: &mut dyn Reads, order: &Order, place: Target) -> Result<bool> {
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

pub(super) fn not_yours() -> Refusal {
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
