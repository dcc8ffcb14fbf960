//! In which Smart Accounts an order shows.

use super::order::{Line, LineState, Order};
use crate::kernel::ids::SmartAccountId;
use std::collections::BTreeMap;

/// Why an order shows in a Smart Account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Why {
    /// The account sold it.
    pub sold: bool,
    /// The account is its end customer.
    pub customer: bool,
    /// Lines of it are assigned to the account.
    pub assigned: bool,
}

/// In which Smart Accounts an order shows, and why.
pub fn shows_in(order: &Order, lines: &[Line]) -> BTreeMap<SmartAccountId, Why> {
    let mut all: BTreeMap<SmartAccountId, Why> = BTreeMap::new();
    if let Some(account) = order.partner_account {
        all.entry(account).or_default().sold = true;
    }
    if let Some(account) = order.customer_account {
        all.entry(account).or_default().customer = true;
    }
    for line in lines.iter().filter(|line| line.state == LineState::Assigned) {
        if let Some(account) = line.account {
            all.entry(account).or_default().assigned = true;
        }
    }
    all
}
