//! The page of one license in one Virtual Account: Overview, Event Log, Order History. Its product instances are shown
//! by the room that knows them, under the same head.

use super::super::ledger::Line;
use super::super::list::{ends_in, expires};
use super::super::service::{self, TermRow};
use super::super::stock::{self, Stock};
use super::super::store::{self, Ledger};
use super::inventory::having;
use super::{base, between, whole};
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::Result;
use crate::http::form::PathPart;
use crate::http::widgets::{Chart, Happening, Tab, balance_class, signed};
use crate::http::{Answer, Freshness, May, Shell, page, reason};
use crate::kernel::Edition;
use crate::kernel::Moment;
use crate::kernel::ids::{LicenseStockId, VirtualAccountId};
use crate::members;
use crate::platform::db::{Reads, history};
use askama::Template;
use chrono::NaiveDate;

/// So many lines of a history are shown.
const MOST_EVENTS: i64 = 200;
/// The chart goes back so many days.
const DAYS: u64 = 90;

/// A tab of a license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseTab {
    /// Numbers, terms, chart.
    Overview,
    /// Who uses it.
    ProductInstances,
    /// What happened to it.
    EventLog,
    /// From where it came.
    OrderHistory,
}

impl LicenseTab {
    const ALL: [Self; 4] = [
        Self::Overview,
        Self::ProductInstances,
        Self::EventLog,
        Self::OrderHistory,
    ];
    const fn of(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("", "Overview"),
            Self::ProductInstances => ("/product-instances", "Product Instances"),
            Self::EventLog => ("/event-log", "Event Log"),
            Self::OrderHistory => ("/order-history", "Order History"),
        }
    }
}

/// What stands above every tab of a license. A page shows it by `{{ head }}`.
#[derive(Template)]
#[template(path = "licenses/license_head.html")]
pub struct LicenseHead {
    edition: Edition,
    stock: Stock,
    virtual_account: String,
    number: i64,
    tabs: Vec<Tab>,
    /// Why one may not transfer, or "".
    against: String,
    /// Why one may not change tags, or "".
    against_tagging: String,
    /// Each tag, and the list of what else has it.
    tags: Vec<(String, String)>,
    freshness: Freshness,
}

// A template of its own, escaped where it is written.
impl askama::filters::HtmlSafe for LicenseHead {}

impl LicenseHead {
    /// For a license within reach; "not found" for any other.
    pub fn of(
        read: &mut dyn Reads,
        may: &crate::http::Visit,
        permit: &Permit<ViewInventory>,
        id: LicenseStockId,
        current: LicenseTab,
    ) -> Result<Self> {
        let row = service::find(read, permit, id)?;
        let path = format!("{}/licenses/{id}", base(may));
        let list = format!("{}/license-inventory", base(may));
        let admins = members::administrators_of(read, row.stock.account)?;
        let place = row.stock.virtual_account;
        let against = |action| reason::against(may, action, Some(place), &admins).unwrap_or_default();
        Ok(Self {
            edition: may.portal.config.edition,
            virtual_account: row.virtual_account,
            number: may.number(),
            tabs: LicenseTab::ALL
                .iter()
                // Licenses come to an On-Prem server with a response of the cloud, and not with orders.
                .filter(|tab| {
                    !matches!(tab, LicenseTab::OrderHistory) || !may.portal.config.edition.is_on_prem()
                })
                .map(|tab| {
                    let (end, label) = tab.of();
                    Tab {
                        label: label.to_owned(),
                        href: format!("{path}{end}"),
                        current: *tab == current,
                        count: None,
                    }
                })
                .collect(),
            against: against(Action::Transfer),
            against_tagging: against(Action::TagLicenses),
            freshness: Freshness::read(read, may, permit, Some(place))?,
            tags: row
                .tags
                .iter()
                .map(|tag| (tag.clone(), having(&list, tag)))
                .collect(),
            stock: row.stock,
        })
    }
    /// The license.
    pub fn stock(&self) -> &Stock {
        &self.stock
    }
    /// What stands around the tab.
    pub fn shell(&self, may: &crate::http::Visit) -> Shell {
        may.account_shell(self.stock.name.clone(), &between(may))
    }
}

/// A term, as the page shows it.
struct TermView {
    row: TermRow,
    ends_in: Option<i64>,
}

impl TermView {
    fn free(&self) -> String {
        signed(
            &self
                .row
                .pool
                .purchased
                .saturating_sub(self.row.pool.reserved)
                .saturating_sub(self.row.in_use),
        )
    }
    fn state(&self) -> (&'static str, String) {
        match (self.row.pool.ended_at, self.ends_in) {
            (Some(_), _) => ("bad", "Expired".to_owned()),
            (None, Some(days)) if days < 0 => ("bad", "Expired".to_owned()),
            (None, Some(days)) => ("warn", expires(days)),
            (None, None) => ("ok", "Active".to_owned()),
        }
    }
    fn counts(&self) -> [String; 3] {
        [
            whole(self.row.pool.purchased),
            whole(self.row.in_use),
            whole(self.row.pool.reserved),
        ]
    }
}

#[derive(Template)]
#[template(path = "licenses/license.html")]
struct OverviewPage {
    shell: Shell,
    head: LicenseHead,
    terms: Vec<TermView>,
    chart: Chart,
    facts: [(&'static str, String); 4],
    short: String,
}

/// The chart of the last ninety days from the days on which something changed.
fn chart(days: &[(String, i64, i64, i64)], stock: &Stock, now: Moment) -> Chart {
    let today = now.utc().date_naive();
    let first = today.checked_sub_days(chrono::Days::new(DAYS)).unwrap_or(today);
    let known: Vec<(NaiveDate, [i64; 2])> = days
        .iter()
        .filter_map(|(day, purchased, _, in_use)| Some((day.parse().ok()?, [*purchased, *in_use])))
        .collect();
    let mut points = Vec::new();
    let mut day = first;
    // What held on the first day is what changed last before it.
    let mut last = known
        .iter()
        .rfind(|(known, _)| *known < first)
        .map_or([0, 0], |(_, numbers)| *numbers);
    while day < today {
        if let Some((_, numbers)) = known.iter().find(|(known, _)| *known == day) {
            last = *numbers;
        }
        points.push((day, last));
        let Some(next) = day.succ_opt() else { break };
        day = next;
    }
    points.push((today, [stock.purchased, stock.in_use]));
    Chart::new(["Purchased", "In Use"], points)
}

/// GET /sa/{said}/licensing/licenses/{license}
pub async fn overview(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let id = id.0;
    let visit = crate::http::Visit::clone(&may);
    let (head, terms, days) = may
        .reads(move |r, permit| {
            let head = LicenseHead::of(r, &visit, permit, id, LicenseTab::Overview)?;
            let terms = service::terms(r, head.stock())?;
            let days = stock::days(r, head.stock().account, id)?;
            Ok((head, terms, days))
        })
        .await?;
    let now = may.portal.clock.now();
    let stock = head.stock();
    page(&OverviewPage {
        shell: head.shell(&may),
        chart: chart(&days, stock, now),
        facts: [
            ("Purchased", whole(stock.purchased)),
            ("In Use", whole(stock.in_use)),
            ("Reserved", whole(stock.reserved)),
            ("Balance", signed(&stock.balance)),
        ],
        short: whole(stock.shortage()),
        terms: terms
            .into_iter()
            .map(|row| TermView {
                ends_in: ends_in(row.pool.ends_at, now),
                row,
            })
            .collect(),
        head,
    })
}

#[derive(Template)]
#[template(path = "licenses/license_events.html")]
struct EventsPage {
    shell: Shell,
    head: LicenseHead,
    history: Vec<Happening>,
}

/// GET /sa/{said}/licensing/licenses/{license}/event-log
pub async fn events(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let id = id.0;
    let visit = crate::http::Visit::clone(&may);
    let (head, past) = may
        .reads(move |r, permit| {
            let head = LicenseHead::of(r, &visit, permit, id, LicenseTab::EventLog)?;
            let past = history(r, head.stock().account, id.as_str(), MOST_EVENTS)?;
            Ok((head, past))
        })
        .await?;
    page(&EventsPage {
        shell: head.shell(&may),
        history: past
            .into_iter()
            .map(|past| Happening {
                what: past.kind.label().to_owned(),
                who: past.actor,
                at: past.at.utc(),
                note: past.message,
            })
            .collect(),
        head,
    })
}

#[derive(Template)]
#[template(path = "licenses/license_orders.html")]
struct OrdersPage {
    shell: Shell,
    head: LicenseHead,
    rows: Vec<PostingView>,
}

/// A line of the ledger, as pages show it.
pub struct PostingView {
    pub at: chrono::DateTime<chrono::Utc>,
    pub what: &'static str,
    pub license: String,
    pub place: String,
    /// Nothing where it was deleted since.
    pub place_id: Option<VirtualAccountId>,
    pub amount: String,
    pub colour: &'static str,
    pub order: Option<String>,
    pub reference: String,
    pub actor: String,
}

impl PostingView {
    pub fn of(line: Line, number: i64) -> Self {
        let (place, reference, posting) = (line.place(), line.reference(), line.posting);
        Self {
            at: posting.at.utc(),
            what: posting.kind.label(),
            license: posting.license,
            place_id: posting.deleted_place.is_none().then_some(posting.place),
            place,
            amount: signed(&posting.quantity),
            colour: balance_class(&posting.quantity),
            order: posting.order.map(|id| format!("/sa/{number}/orders/{id}")),
            reference,
            actor: posting.actor,
        }
    }
}

/// GET /sa/{said}/licensing/licenses/{license}/order-history
pub async fn orders(may: May<ViewInventory>, id: PathPart<LicenseStockId>) -> Answer {
    let id = id.0;
    let visit = crate::http::Visit::clone(&may);
    let (head, postings) = may
        .reads(move |r, permit| {
            let head = LicenseHead::of(r, &visit, permit, id, LicenseTab::OrderHistory)?;
            let asked = Ledger {
                of: Some((head.stock().virtual_account, head.stock().entitlement.clone())),
                ..Ledger::default()
            };
            let postings =
                store::postings(r, permit.within(), &asked, true, (MOST_EVENTS.unsigned_abs(), 0))?;
            Ok((head, postings))
        })
        .await?;
    let number = may.number();
    page(&OrdersPage {
        shell: head.shell(&may),
        rows: postings
            .into_iter()
            .map(|posting| {
                let place = String::new();
                PostingView::of(Line { posting, place }, number)
            })
            .collect(),
        head,
    })
}
