//! The cloud: which rooms it has.

use crate::http::Routes;
use crate::kernel::{Clock, Edition};
use crate::platform::calendar::Calendar;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use crate::platform::mail::Letters;
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use crate::platform::signing::Signing;
use crate::{
    access_requests, account_requests, alerts, catalog, device_managers, devices, events, explain, home,
    identity, licenses, members, orders, saved_views, server, simulator, smart_accounts, sync, tokens,
    user_accounts, vendor_api, virtual_accounts, webhooks,
};
use std::sync::Arc;

/// The routes of its rooms.
pub fn routes(routes: &mut Routes) {
    home::routes(routes);
    identity::routes(routes);
    saved_views::routes(routes);
    smart_accounts::routes(routes);
    virtual_accounts::routes(routes);
    virtual_accounts::nesting_routes(routes);
    members::routes(routes);
    members::group_routes(routes);
    access_requests::routes(routes);
    account_requests::routes(routes);
    orders::routes(routes);
    catalog::routes(routes);
    licenses::routes(routes);
    licenses::order_routes(routes);
    // Before the tokens: the menu has its groups in this order.
    devices::routes(routes);
    devices::policy_routes(routes);
    device_managers::routes(routes);
    sync::routes(routes);
    tokens::routes(routes);
    alerts::routes(routes);
    events::routes(routes);
    webhooks::routes(routes);
    explain::routes(routes);
    simulator::routes(routes);
    user_accounts::routes(routes);
    simulator::order_routes(routes);
    simulator::graded_routes(routes);
    server::health_routes(routes);
    vendor_api::routes(routes, Edition::Cloud);
}

/// Every kind of letter.
pub fn letters(letters: &mut Letters) {
    identity::letters(letters);
    access_requests::letters(letters);
    members::letters(letters);
    smart_accounts::letters(letters);
    account_requests::letters(letters);
    orders::letters(letters);
    alerts::letters(letters);
}

/// Every room that keeps things in Virtual Accounts.
pub fn occupants(occupants: &mut Occupants) {
    occupants.add(members::Groups);
    occupants.add(licenses::Licenses);
    occupants.add(tokens::Tokens);
    occupants.add(devices::Devices);
    occupants.add(device_managers::DeviceManagers);
}

/// Every room that has deadlines.
pub fn calendar(calendar: &mut Calendar) {
    calendar.add(access_requests::upcoming);
    calendar.add(account_requests::upcoming);
    calendar.add(licenses::upcoming);
    calendar.add(orders::upcoming);
    calendar.add(devices::upcoming);
    calendar.add(devices::policy::upcoming);
    calendar.add(device_managers::upcoming);
    calendar.add(alerts::upcoming);
}

/// What its rooms do by the clock, in the order in which one leads to another.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>, progress: &Progress) -> Vec<Job> {
    let mut jobs = Vec::new();
    jobs.extend(access_requests::jobs(db, clock));
    jobs.extend(members::jobs(db, clock));
    jobs.extend(account_requests::jobs(db, clock));
    jobs.extend(licenses::jobs(db, clock));
    jobs.extend(orders::jobs(db, clock));
    jobs.extend(devices::jobs(db, clock));
    jobs.extend(devices::policy::jobs(db, clock));
    jobs.extend(device_managers::jobs(db, clock));
    jobs.extend(sync::jobs(db, clock, signing, progress));
    jobs.extend(alerts::jobs(db, clock));
    jobs
}
