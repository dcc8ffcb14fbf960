//! The On-Prem server: which rooms it has, and its left menu.

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::{self, Item, Section};
use crate::kernel::{Clock, Edition};
use crate::platform::calendar::Calendar;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use crate::platform::mail::Letters;
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use crate::platform::signing::Signing;
use crate::{
    alerts, devices, events, explain, home, identity, licenses, local_accounts, members, saved_views, server,
    simulator, system_users, tokens, vendor_api, virtual_accounts, webhooks,
};
use std::sync::Arc;

/// The routes of its rooms.
pub fn routes(routes: &mut Routes) {
    local_accounts::routes(routes);
    home::shared_routes(routes);
    identity::routes(routes);
    saved_views::routes(routes);
    system_users::routes(routes);
    virtual_accounts::routes(routes);
    members::routes(routes);
    licenses::routes(routes);
    devices::routes(routes);
    devices::policy::device_routes(routes);
    devices::reservation::on_prem_routes(routes);
    tokens::routes(routes);
    alerts::routes(routes);
    events::routes(routes);
    events::server_routes(routes);
    webhooks::routes(routes);
    explain::routes(routes);
    server::routes(routes);
    server::health_routes(routes);
    simulator::routes(routes);
    vendor_api::routes(routes, Edition::OnPrem);
    let lab = simulator::LAB
        .iter()
        .filter(|(_, path, _)| !simulator::OF_THE_CLOUD.contains(path))
        .map(|(label, path, action)| entry(menu::LAB, label, path, *action));
    let items: Vec<Item> = ITEMS.iter().copied().chain(lab).collect();
    routes.arrange_menu(SECTIONS, &items);
}

/// Sections of the left menu, in order: the Licensing workspace, what belongs to the account that was chosen, and the Admin
/// Workspace.
const SECTIONS: &[Section] = &[
    ("Licensing workspace", "layout-dashboard"),
    ("Overview", "building-2"),
    ("Licenses", "key-round"),
    ("Devices", "server"),
    ("Local Virtual Accounts", "folder-tree"),
    ("Reservations", "lock"),
    ("Alerts", "bell"),
    ("Event Log", "activity"),
    ("Webhooks", "send"),
    ("Why can't I?", "circle-help"),
    ("Users", "users"),
    ("Account Properties", "settings"),
    ("Admin Workspace", "shield"),
    (menu::LAB, "flask"),
];

const fn link(section: &'static str, path: &'static str, action: Action) -> Item {
    Item {
        section,
        group: None,
        label: None,
        path,
        action,
    }
}

const fn entry(section: &'static str, label: &'static str, path: &'static str, action: Action) -> Item {
    Item {
        section,
        group: None,
        label: Some(label),
        path,
        action,
    }
}

const ITEMS: &[Item] = &[
    link(
        "Licensing workspace",
        "/on-prem-accounts",
        Action::ViewOnPremAccounts,
    ),
    link("Overview", "/sa/{said}", Action::ViewAccount),
    entry(
        "Licenses",
        "License Inventory",
        "/sa/{said}/licensing/license-inventory",
        Action::ViewInventory,
    ),
    entry(
        "Licenses",
        "Inventory by Local Virtual Account",
        "/sa/{said}/licensing/inventory",
        Action::ViewInventory,
    ),
    entry(
        "Devices",
        "Device Inventory",
        "/sa/{said}/devices/device-inventory",
        Action::ViewInventory,
    ),
    entry(
        "Devices",
        "SL Using Policy",
        "/sa/{said}/devices/sl-using-policy",
        Action::ViewInventory,
    ),
    entry(
        "Devices",
        "Configure Device and Token Management",
        "/sa/{said}/devices/token-management",
        Action::ViewInventory,
    ),
    link(
        "Local Virtual Accounts",
        "/sa/{said}/account/virtual-accounts",
        Action::ViewVirtualAccounts,
    ),
    link(
        "Reservations",
        "/sa/{said}/licensing/reservations",
        Action::ViewInventory,
    ),
    link("Alerts", "/sa/{said}/alerts", Action::ViewInventory),
    link("Event Log", "/sa/{said}/activity", Action::ViewEvents),
    link("Webhooks", "/sa/{said}/webhooks", Action::ManageWebhooks),
    link("Why can't I?", "/sa/{said}/explain", Action::ViewAccount),
    link("Users", "/sa/{said}/account/users", Action::ViewUsers),
    link("Account Properties", "/sa/{said}/account", Action::ViewAccount),
    entry(
        "Admin Workspace",
        "Accounts",
        "/admin/accounts",
        Action::ViewAdminWorkspace,
    ),
    entry(
        "Admin Workspace",
        "Synchronisation",
        "/admin/synchronisation",
        Action::ViewAdminWorkspace,
    ),
    entry(
        "Admin Workspace",
        "Users",
        "/admin/users",
        Action::ViewAdminWorkspace,
    ),
    entry(
        "Admin Workspace",
        "Settings",
        "/admin/settings",
        Action::ConfigureServer,
    ),
    entry(
        "Admin Workspace",
        "Security",
        "/admin/security",
        Action::ConfigureServer,
    ),
    entry(
        "Admin Workspace",
        "API Toolkit",
        "/admin/api",
        Action::ConfigureServer,
    ),
    entry(
        "Admin Workspace",
        "Event Log",
        "/admin/activity",
        Action::ViewAdminWorkspace,
    ),
    entry("Admin Workspace", "Health", "/operator/health", Action::Operate),
    entry(
        "Admin Workspace",
        "Support Center",
        "/admin/support",
        Action::ViewAdminWorkspace,
    ),
];

/// Every kind of letter.
pub fn letters(letters: &mut Letters) {
    local_accounts::letters(letters);
    identity::letters(letters);
    members::letters(letters);
    server::letters(letters);
    alerts::letters(letters);
}

/// Every room that keeps things in Virtual Accounts.
pub fn occupants(occupants: &mut Occupants) {
    occupants.add(licenses::Licenses);
    occupants.add(tokens::Tokens);
    occupants.add(devices::Devices);
    occupants.add(local_accounts::LocalAccounts);
}

/// Every room that has deadlines.
pub fn calendar(calendar: &mut Calendar) {
    calendar.add(licenses::upcoming);
    calendar.add(devices::upcoming);
    calendar.add(devices::policy::upcoming);
    calendar.add(local_accounts::upcoming);
    calendar.add(alerts::upcoming);
}

/// What its rooms do by the clock.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>, _progress: &Progress) -> Vec<Job> {
    let mut jobs = Vec::new();
    jobs.extend(licenses::jobs(db, clock));
    jobs.extend(devices::jobs(db, clock));
    jobs.extend(devices::policy::jobs(db, clock));
    jobs.extend(local_accounts::jobs(db, clock, signing));
    jobs.extend(alerts::jobs(db, clock));
    jobs
}
