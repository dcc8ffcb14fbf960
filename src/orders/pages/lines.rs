//! The lines of an order, as its page and its file show them.

use super::super::model::{Line, LineState};
use super::line_badge;
use crate::authz::Within;
use crate::error::Result;
use crate::http::widgets::number;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::smart_accounts;
use crate::virtual_accounts::{self, AccessLevel};
use std::collections::HashMap;

/// A line, with the names of where it goes or is.
pub struct LineView {
    pub line: Line,
    pub account: String,
    pub place: String,
}

impl LineView {
    pub fn kind(&self) -> &'static str {
        line_badge(self.line.state)
    }
    pub fn quantity(&self) -> String {
        number(&u64::try_from(self.line.quantity).unwrap_or_default())
    }
    pub fn term(&self) -> String {
        term_words(self.line.term_months)
    }
    pub(super) fn reassignable(&self) -> bool {
        self.line.state == LineState::Assigned && !self.line.customer_active
    }
}

/// For how long, in words.
pub fn term_words(months: Option<i32>) -> String {
    months.map_or_else(String::new, |months| match months {
        1 => "1 month".to_owned(),
        many => format!("{many} months"),
    })
}

/// Names of accounts, and of those Virtual Accounts that one may know of: one's own, and elsewhere those that are not
/// Restricted.
pub struct Names {
    accounts: HashMap<SmartAccountId, String>,
    places: HashMap<VirtualAccountId, String>,
}

impl Names {
    pub fn of(read: &mut dyn Reads, within: &Within, lines: &[Line]) -> Result<Self> {
        let mut ids: Vec<SmartAccountId> = lines.iter().filter_map(|line| line.account).collect();
        ids.sort_unstable();
        ids.dedup();
        let accounts = smart_accounts::find_many(read, &ids)?
            .into_iter()
            .map(|account| (account.id, account.name))
            .collect();
        let places = virtual_accounts::names(read, &ids)?
            .into_iter()
            .filter(|(account, id, _, level)| {
                if Some(*account) == within.tenant() {
                    within.covers(*id)
                } else {
                    *level == AccessLevel::Unrestricted
                }
            })
            .map(|(_, id, name, _)| (id, name))
            .collect();
        Ok(Self { accounts, places })
    }
    pub fn line(&self, line: Line) -> LineView {
        LineView {
            account: line
                .account
                .and_then(|id| self.accounts.get(&id).cloned())
                .unwrap_or_default(),
            place: line
                .virtual_account
                .and_then(|id| self.places.get(&id).cloned())
                .unwrap_or_default(),
            line,
        }
    }
}
