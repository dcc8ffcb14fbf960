//! An On-Prem server itself: what its System Administrators set, and how it stands. Admin Workspace: Settings, Security, API
//! Toolkit, Support Center. The page Health is the cloud's too.

mod api_toolkit_pages;
mod gauges;
mod health;
mod health_pages;
mod letters;
mod model;
mod security_pages;
mod service;
mod settings_pages;
mod support_pages;

pub use gauges::measure;
pub use health_pages::routes as health_routes;
pub use service::hides_hostnames_by_default;

use crate::http::{Crumb, Routes, Shell, Visit};
use crate::platform::mail::Letters;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    settings_pages::routes(routes);
    security_pages::routes(routes);
    api_toolkit_pages::routes(routes);
    support_pages::routes(routes);
}

/// The letters of this room.
pub fn letters(all: &mut Letters) {
    letters::register(all);
}

/// The shell of a page of the Admin Workspace.
fn shell(visit: &Visit, title: &str) -> Shell {
    let mut shell = visit.shell(title);
    shell.crumbs = vec![Crumb::text("Admin Workspace"), Crumb::text(title)];
    shell
}
