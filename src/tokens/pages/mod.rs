//! The pages of registration tokens: the tab General of a Virtual Account, "Token Management", and the pop-ups that
//! both of them show over their list.

mod general;
mod generate;
mod management;
mod revoke;
mod shown;

use super::list::{LIST, MANAGEMENT, Row};
use super::model::State;
use super::service;
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::error::{Error, Result};
use crate::http::form::{Named, PathPart};
use crate::http::menu::Item;
use crate::http::{Answer, FormState, Routes, Visit, reason};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::members;
use crate::platform::db::Reads;

/// Where the tokens of one Virtual Account stand.
const INVENTORY: &str = "/sa/{said}/licensing/inventory/{va}/tokens";
/// How long texts are shown after they were asked for: as long as a page is loaded again.
pub(super) const SHOWN_FOR: i64 = 300;

/// The pages, and their place in the menu.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/licensing/inventory/{va}/general", general::show);
    routes.get(&format!("{INVENTORY}/new"), general::show_new);
    routes.post(&format!("{INVENTORY}/new"), general::create);

    LIST.pages(routes, management::list);
    routes.get(&format!("{MANAGEMENT}/generate"), generate::disclaimer);
    routes.get(&format!("{MANAGEMENT}/generate/accounts"), generate::accounts);
    routes.post(&format!("{MANAGEMENT}/generate/accounts"), generate::choose);
    routes.get(&format!("{MANAGEMENT}/generate/review"), generate::review);
    routes.post(&format!("{MANAGEMENT}/generate/review"), generate::generate);
    routes.get(&format!("{MANAGEMENT}/generate/done"), generate::done);
    routes.get(&format!("{MANAGEMENT}/generate/done.txt"), generate::file);

    for base in [INVENTORY, MANAGEMENT] {
        let one = format!("{base}/{{registration}}");
        shown::routes(routes, &one);
        revoke::routes(routes, &one);
    }

    routes.menu(Item {
        section: "Devices",
        group: Some("Device Connections"),
        label: Some("Token Management"),
        path: MANAGEMENT,
        action: Action::ViewInventory,
    });
}

impl Named for RegistrationTokenId {
    const NAME: &'static str = "registration";
}

/// On which of the two pages one is.
#[derive(Debug, Clone, Copy)]
pub enum Over {
    /// The tab General of this Virtual Account.
    Inventory(VirtualAccountId),
    /// "Token Management".
    Management,
}

impl Over {
    /// The page of an address. A Virtual Account that cannot be read names nothing.
    fn of(visit: &Visit, place: Option<PathPart<VirtualAccountId>>) -> Result<Self> {
        match place {
            Some(place) => Ok(Self::Inventory(place.0)),
            None if visit.path.contains("/licensing/inventory/") => Err(Error::NotFound),
            None => Ok(Self::Management),
        }
    }
    /// Its address.
    fn page(self, visit: &Visit) -> String {
        let number = visit.number();
        match self {
            Self::Inventory(place) => format!("/sa/{number}/licensing/inventory/{place}/general"),
            Self::Management => format!("/sa/{number}/devices/token-management"),
        }
    }
    /// The address under which its tokens stand.
    fn base(self, visit: &Visit) -> String {
        let number = visit.number();
        match self {
            Self::Inventory(place) => format!("/sa/{number}/licensing/inventory/{place}/tokens"),
            Self::Management => format!("/sa/{number}/devices/token-management"),
        }
    }
}

/// A line of a list of tokens.
pub struct Line {
    row: Row,
    /// The beginning of its text, for those who may have it.
    short: Option<String>,
    /// Why one cannot manage it.
    against: Option<String>,
    /// "3 of 25".
    used: String,
}

impl std::ops::Deref for Line {
    type Target = Row;
    fn deref(&self) -> &Row {
        &self.row
    }
}

impl Line {
    fn of(visit: &Visit, row: Row, administrators: &[Person]) -> Self {
        let place = Some(row.token.virtual_account);
        let against = reason::against(visit, Action::ManageTokens, place, administrators);
        // An Inactive account is read, and its tokens open nothing; their texts are nobody's business then.
        Self {
            short: against
                .is_none()
                .then(|| service::short_text(&visit.portal.signing, &row.token)),
            against,
            used: service::used_words(&row.token),
            row,
        }
    }
    /// The badge of its state.
    fn kind(&self) -> &'static str {
        match self.state {
            State::Active => "ok",
            State::Expired | State::Exhausted => "",
            State::Revoked => "bad",
        }
    }
    /// Why its text is not shown, or it cannot be revoked; "" when it can.
    fn off(&self) -> &str {
        match &self.against {
            Some(says) => says,
            None => self.state.because(),
        }
    }
    /// Who made it, without the address.
    fn creator(&self) -> &str {
        self.token
            .creator
            .split_once(" (")
            .map_or(self.token.creator.as_str(), |(name, _)| name)
    }
    fn name(&self) -> String {
        if self.token.description.is_empty() {
            format!("of {}", self.place)
        } else {
            format!("\u{201c}{}\u{201d}", self.token.description)
        }
    }
}

/// What stands over a list.
pub enum Dialog {
    /// "Create Registration Token", for the Virtual Account of this name.
    New(FormState, String),
    /// "Token generation disclaimer".
    Disclaimer,
    /// Before a text is shown: that is written down.
    Ask(Box<Line>),
    /// A text, and the proof under which it is shown a little longer.
    Text(Box<Line>, String, String),
    /// "Revoke registration token?".
    Revoke(Box<Line>),
}

impl Dialog {
    fn title(&self) -> &'static str {
        match self {
            Self::New(..) => "Create Registration Token",
            Self::Disclaimer => "Token generation disclaimer",
            Self::Ask(_) | Self::Text(..) => "Copy registration token",
            Self::Revoke(_) => "Revoke registration token?",
        }
    }
    fn has_problems(&self) -> bool {
        matches!(self, Self::New(form, _) if form.has_problems())
    }
}

/// Who may do what one may not.
pub(super) fn administrators(read: &mut dyn Reads, view: &Permit<ViewInventory>) -> Result<Vec<Person>> {
    members::administrators_of(read, view.within().account()?)
}

/// The page below, with this over it.
pub(super) async fn page_below(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    over: Over,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    match over {
        Over::Inventory(place) => general::general(visit, view, place, dialog, status).await,
        Over::Management => management::management(visit, view, dialog, status).await,
    }
}
