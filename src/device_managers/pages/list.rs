//! Device Managers: the list, as a page and as CSV.

use super::{base, href};
use crate::authn::Person;
use crate::authz::action::ViewInventory;
use crate::authz::{Action, Permit};
use crate::device_managers::list::LIST;
use crate::device_managers::model::{Manager, SyncStatus};
use crate::device_managers::service::{self, Row};
use crate::http::list::Listing;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Crumb, FormState, May, Shell, Visit, page_with, reason};
use crate::kernel::Moment;
use crate::members;
use askama::Template;

/// A line of the list, or the head of a page.
pub struct Line {
    pub(super) row: Row,
    pub(super) base: String,
    pub(super) now: Moment,
    /// Why one cannot change it, or "".
    pub(super) no_change: String,
    /// Why one cannot remove it, whatever it serves, or "".
    pub(super) no_removal: String,
    /// Why one cannot register it again, or "".
    pub(super) no_again: String,
}

impl Line {
    pub(super) fn of(visit: &Visit, row: Row, administrators: &[Person]) -> Self {
        let off =
            |action| reason::against(visit, action, row.manager.place, administrators).unwrap_or_default();
        Self {
            base: href(visit, row.manager.id),
            no_change: off(Action::Synchronize),
            no_removal: off(Action::RemoveDeviceManager),
            no_again: off(Action::AuthorizeOnPrem),
            now: visit.portal.clock.now(),
            row,
        }
    }
    pub(super) fn one(&self) -> &Manager {
        &self.row.manager
    }
    pub(super) fn status(&self) -> SyncStatus {
        self.row.manager.status(self.now)
    }
    pub(super) fn instances(&self) -> String {
        number(&self.row.manager.instances())
    }
    /// Why there is no response file to download, or "".
    pub(super) fn no_response(&self) -> &str {
        if self.row.manager.sequence == 0 {
            "No response yet. Upload a sync file first."
        } else {
            ""
        }
    }
    pub(super) fn days_left(&self) -> String {
        let days = service::days_left(&self.row.manager, self.now);
        counted(days.unsigned_abs(), "day", "days")
    }
    pub(super) fn place_id(&self) -> String {
        self.row
            .manager
            .place
            .map_or_else(String::new, |id| id.to_string())
    }
}

/// What stands over the list.
pub(super) enum Dialog {
    Rename(Box<Line>, FormState),
    Remove(Box<Line>),
    Case(Box<Line>, FormState),
    /// With how many licenses its product instances use.
    Lost(Box<Line>, FormState, u64),
}

impl Dialog {
    fn title(&self) -> &'static str {
        match self {
            Self::Rename(..) => "Rename device manager",
            Self::Remove(_) => "Remove Device Manager?",
            Self::Case(..) => "Enter Active Case Number",
            Self::Lost(..) => "Remove Lost Device Manager?",
        }
    }
    fn has_problems(&self) -> bool {
        matches!(self, Self::Rename(_, form) | Self::Case(_, form) | Self::Lost(_, form, _) if form.has_problems())
    }
}

#[derive(Template)]
#[template(path = "device_managers/list.html")]
struct ListPage {
    shell: Shell,
    found: Listing<Line>,
    late: Vec<String>,
    base: String,
    number: i64,
    some: bool,
    new_off: Option<String>,
    dialog: Option<Dialog>,
    back: String,
}

pub(super) async fn list_page(
    visit: &Visit,
    view: &Permit<ViewInventory>,
    dialog: Option<Dialog>,
    status: u16,
) -> Answer {
    let (found, (late, administrators)) = LIST
        .page(visit, view, |r, view, all| {
            let late = all.iter().filter(|one| one.status == SyncStatus::Overdue);
            let late: Vec<String> = late.map(|one| one.row.manager.name.clone()).collect();
            Ok((late, members::administrators_of(r, view.within().account()?)?))
        })
        .await?;
    let crumbs = [Crumb::text("Devices"), Crumb::text("Device Connections")];
    let mut shell = visit.list_shell("Device Managers", &crumbs, &found.list);
    if let Some(dialog) = &dialog {
        shell = shell.with_dialog(dialog.title());
        shell.error_title = dialog.has_problems();
    }
    page_with(
        status,
        &ListPage {
            shell,
            late,
            base: base(visit),
            number: visit.number(),
            some: view.within().only().is_some(),
            new_off: reason::against_all(visit, Action::AuthorizeOnPrem, &administrators),
            back: found.list.href(),
            dialog,
            found: found.map(|one| Line::of(visit, one.row, &administrators)),
        },
    )
}

pub(super) async fn list(may: May<ViewInventory>) -> Answer {
    list_page(&may, &may.permit, None, 200).await
}
