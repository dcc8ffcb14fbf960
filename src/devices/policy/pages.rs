//! "Usage Data Files": the list, and what stands above it and the reporting policy.

use super::list::{FILES, LIST, Listed};
use crate::authz::Action;
use crate::authz::action::ViewInventory;
use crate::http::list::Listing;
use crate::http::menu::Item;
use crate::http::widgets::Tab;
use crate::http::{Answer, Crumb, May, Routes, Shell, Visit, page, reason};
use crate::members;
use askama::Template;

/// Where the reporting policy stands.
pub(super) const POLICY: &str = "/sa/{said}/devices/reporting-policy";

pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, list);
    routes.menu(Item {
        section: "Devices",
        group: Some("Devices"),
        label: Some("Usage Data Files"),
        path: FILES,
        action: Action::ViewInventory,
    });
}

pub(super) fn at(visit: &Visit, path: &str) -> String {
    path.replace("{said}", &visit.number().to_string())
}

pub(super) fn tabs(visit: &Visit, current: &str) -> Vec<Tab> {
    [("Usage Data Files", FILES), ("Reporting Policy", POLICY)]
        .into_iter()
        .map(|(label, path)| Tab {
            label: label.to_owned(),
            href: at(visit, path),
            current: path == current,
            count: None,
        })
        .collect()
}

#[derive(Template)]
#[template(path = "devices/policy/files.html")]
struct FilesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    base: String,
    found: Listing<Listed>,
    /// Why one cannot upload, or "".
    off: String,
}

async fn list(may: May<ViewInventory>) -> Answer {
    let (found, administrators) = LIST
        .page(&may, &may.permit, |r, permit, _| {
            members::administrators_of(r, permit.within().account()?)
        })
        .await?;
    page(&FilesPage {
        shell: may.list_shell("Usage Data Files", &[Crumb::text("Devices")], &found.list),
        tabs: tabs(&may, FILES),
        off: reason::against_all(&may, Action::ReportUsage, &administrators).unwrap_or_default(),
        base: at(&may, FILES),
        found,
    })
}
