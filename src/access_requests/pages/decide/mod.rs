//! "Pending Access Requests": what waits, what was decided, and deciding.

mod approve;
mod list;
mod request;

pub use approve::{approve, show_approve};
pub use list::{decided, pending};
pub use request::{decline, history, one, show_decline};

use crate::access_requests::pages::base;
use crate::http::widgets::Tab;
use crate::http::{Crumb, Visit};

const TITLE: &str = "Pending Access Requests";

/// The tabs above all pages of this part; `current` is the last part of the address.
pub fn tabs(visit: &Visit, current: &str) -> Vec<Tab> {
    let base = base(visit);
    let waiting = visit.waiting(crate::access_requests::PENDING);
    [
        ("", TITLE, waiting),
        ("decided", "Decided requests", None),
        ("automation", "Access request Automation settings", None),
        ("delegation", "Delegation", None),
    ]
    .into_iter()
    .map(|(part, label, count)| Tab {
        label: label.to_owned(),
        href: if part.is_empty() {
            base.clone()
        } else {
            format!("{base}/{part}")
        },
        current: part == current,
        count,
    })
    .collect()
}

/// The crumbs in front of these pages.
pub fn between(visit: &Visit, deeper: bool) -> Vec<Crumb> {
    let mut crumbs = vec![
        Crumb::text("Account Management"),
        Crumb::text("Smart Account Management"),
    ];
    if deeper {
        crumbs.push(Crumb::link(TITLE, base(visit)));
    }
    crumbs
}
