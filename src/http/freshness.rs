//! As of which synchronization the numbers of a page are: what the cloud and an On-Prem server know of the same licenses and
//! product instances differs between two of them.

use super::Visit;
use crate::authz::{Does, Permit};
use crate::error::Result;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::platform::occupants::AsOf;
use askama::Template;

/// So many are named; the others are counted.
const MOST: usize = 3;

/// What a page says of it; nothing where only this portal changes the numbers. A page shows it by `{{ freshness }}`.
#[derive(Template)]
#[template(path = "parts/freshness.html")]
pub struct Freshness {
    /// The oldest first.
    list: Vec<AsOf>,
    /// How many more there are.
    more: usize,
    /// Where synchronizations are shown.
    href: String,
    words: &'static str,
}

// A template of its own, escaped where it is written.
impl askama::filters::HtmlSafe for Freshness {}

impl Freshness {
    /// Of what a permit reaches, or of one Virtual Account of it.
    pub fn read<A: Does>(
        read: &mut dyn Reads,
        visit: &Visit,
        permit: &Permit<A>,
        only: Option<VirtualAccountId>,
    ) -> Result<Self> {
        let (within, one) = (permit.within(), only.map(|id| [id]));
        let only = one.as_ref().map(<[_; 1]>::as_slice).or(within.only());
        let mut list = visit.portal.occupants.as_of(read, within.account()?, only)?;
        let more = list.len().saturating_sub(MOST);
        list.truncate(MOST);
        let account = format!("/sa/{}", visit.number());
        let (href, words) = if visit.portal.config.edition.is_on_prem() {
            (account, "How the synchronization stands")
        } else {
            (format!("{account}/devices/device-managers"), "Device Managers")
        };
        Ok(Self {
            list,
            more,
            href,
            words,
        })
    }
}
