//! What a lab needs beside the portal: the mailbox, the clock, the scenarios; and the operator's pages.

mod api;
mod clock;
mod expressions;
mod faults;
mod fleet;
mod graded;
mod integrity;
mod like_yours;
mod list;
mod mailbox_pages;
mod model;
mod operator_pages;
mod orders_pages;
mod receiver;
mod requests;
pub mod scenario;
mod service;
mod snapshots;
mod store;
mod tenants;
mod workshop;

pub use fleet::job as fleet_job;
pub use graded::{
    MarkKind, REFUSALS as GRADED_REFUSALS, jobs as graded_jobs, mistakes as mistakes_of_lab,
    routes as graded_routes,
};
pub use integrity::check;
pub use store::{arrived_before as letters_before, forget as forget_letters};
pub use tenants::jobs as tenant_jobs;

use crate::authz::Action;
use crate::http::menu::{self, Item};
use crate::http::{Api, Routes};
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use actix_web::http::Method;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    list::MAILBOX.pages(routes, mailbox_pages::list);
    routes.post("/simulator/mailbox/read", mailbox_pages::mark_read);
    routes.get("/simulator/mailbox/{letter}", mailbox_pages::show);
    routes.get("/simulator/mailbox/{letter}/html", mailbox_pages::html);
    clock::routes(routes);
    expressions::routes(routes);
    faults::routes(routes);
    receiver::routes(routes);
    requests::routes(routes);
    tenants::routes(routes);
    workshop::routes(routes);
    snapshots::routes(routes);
    api_routes(routes);
    lab_menu(routes);
    operator_routes(routes);
}

fn api_routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/simulator/mailbox",
        Api::says("The letters that the portal has sent, the newest first. In a lab alone.")
            .query(api::LIST)
            .gives::<api::Mailbox>(200),
        api::mailbox,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/mailbox/{letter}",
        Api::says("One letter. In a lab alone.").gives::<api::Letter>(200),
        api::letter,
    );
}

/// How assignments of orders complete: of the cloud alone, which has the orders.
pub fn order_routes(routes: &mut Routes) {
    snapshots::file_routes(routes);
    like_yours::routes(routes);
    fleet::routes(routes);
    routes.get("/simulator/orders", orders_pages::show);
    routes.post("/simulator/orders", orders_pages::save);
    routes.api(
        Method::GET,
        "/api/v1/simulator/record",
        Api::says(
            "Follows the chain of the record of every account, and of what belongs to none. In a lab alone.",
        )
        .gives::<api::Chains>(200),
        api::record,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/orders",
        Api::says("How assignments of orders complete. In a lab alone.")
            .gives::<orders_pages::CompletionShape>(200),
        orders_pages::read_api,
    );
    routes.api(
        Method::PUT,
        "/api/v1/simulator/orders",
        Api::says("Sets after how long assignments of orders complete, and how many of a hundred lines fail. In a lab alone.")
            .takes::<orders_pages::CompletionShape>()
            .gives::<orders_pages::CompletionShape>(200),
        orders_pages::set_api,
    );
}

/// The section Lab of the left menu. It is there in a lab alone.
fn lab_menu(routes: &mut Routes) {
    for (label, path, action) in LAB {
        routes.menu(Item {
            section: menu::LAB,
            group: None,
            label: Some(label),
            path,
            action: *action,
        });
    }
}

/// What the cloud's lab alone has: local accounts belong to one in the cloud, and files of a synchronization are taken in
/// there.
pub const OF_THE_CLOUD: &[&str] = &[
    "/simulator/account-like-yours",
    "/simulator/fleet",
    "/simulator/tenants",
    "/simulator/sync-files",
    "/simulator/labs",
    "/simulator/learners",
];

/// The pages of the lab, in the order of the menu, each with what one has to be allowed to do.
pub const LAB: &[(&str, &str, Action)] = &[
    ("Clock", "/simulator/clock", Action::ControlClock),
    ("Mailbox", "/simulator/mailbox", Action::ControlClock),
    ("Scenarios and snapshots", "/simulator/scenarios", Action::Operate),
    ("Faults", "/simulator/faults", Action::Operate),
    ("Throw-away tenants", "/simulator/tenants", Action::Operate),
    ("Fleet and On-Prem", "/simulator/fleet", Action::Operate),
    (
        "An account like yours",
        "/simulator/account-like-yours",
        Action::Operate,
    ),
    ("Sync-file workshop", "/simulator/sync-files", Action::Operate),
    ("Receiver", "/simulator/receiver", Action::ControlClock),
    ("Explain", "/simulator/explain", Action::Operate),
    ("Requests", "/simulator/requests", Action::Operate),
    ("Wait and assert", "/simulator/assert", Action::ControlClock),
    ("My labs", "/simulator/labs", Action::ViewLabs),
    ("Learners and labs", "/simulator/learners", Action::TeachLabs),
];

fn operator_routes(routes: &mut Routes) {
    for (label, path) in [
        ("Overview", "/operator"),
        ("Outbound email", "/operator/mail"),
        ("Components", "/operator/ui"),
    ] {
        routes.menu(Item {
            section: "Operator",
            group: None,
            label: Some(label),
            path,
            action: Action::Operate,
        });
    }
    routes.get("/operator", operator_pages::overview);
    list::OUTBOUND.pages(routes, operator_pages::mail);
    routes.post("/operator/mail/{letter}/retry", operator_pages::retry);
    routes.get("/operator/ui", operator_pages::gallery);
    routes.get("/operator/ui/dialog", operator_pages::gallery_dialog);
}

/// What this room does by the clock.
pub fn jobs(db: &Db, unread: &Arc<AtomicU64>) -> Vec<Job> {
    let (db, unread) = (db.clone(), unread.clone());
    vec![Job::new(
        "count unread letters",
        Duration::from_secs(1),
        move || {
            let (db, unread) = (db.clone(), unread.clone());
            async move { service::count_unread(&db, &unread).await }
        },
    )]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "lab.clock-backwards",
        "The clock would show an earlier time than now; it only goes forwards.",
        "Choose a later time; for an earlier one start with another database.",
    ),
    (
        "lab.busy",
        "The lab is to be put into another state, and requests or jobs that are under way did not end within 30 seconds.",
        "Wait until they have ended, or end what sends them, and try again.",
    ),
    (
        "lab.snapshot-of-other-schema",
        "The snapshot was taken by another version of this program, whose tables have other columns.",
        "Start the version that took it, or take a new snapshot.",
    ),
    (
        "lab.snapshot-there",
        "There is a snapshot with this name already.",
        "Choose another name, or delete that snapshot first.",
    ),
    (
        "lab.no-key-to-sign",
        "A spoiled copy of a synchronization file has to be signed, and its server is not part of the lab.",
        "Spoil it with licentral sync spoil beside the server that made it.",
    ),
    (
        "lab.no-fleet",
        "No simulated fleet runs, so nothing can befall it.",
        "Start a fleet first.",
    ),
    (
        "lab.no-on-prem",
        "The lab has no On-Prem portal beside it, so none can synchronize by itself.",
        "Start the lab with its On-Prem portal (LICENTRAL_ON_PREM_LISTEN).",
    ),
    (
        "lab.too-many-tenants",
        "The lab has as many throw-away tenants as it keeps at once.",
        "Remove some, or wait until their time is over.",
    ),
    (
        "lab.too-many-faults",
        "As many fault rules hold as may hold at once.",
        "Remove rules that are not needed any more.",
    ),
    (
        "lab.too-much-for-a-file",
        "There is more in the lab than a scenario file holds.",
        "Take a snapshot instead.",
    ),
    (
        "lab.too-many-snapshots",
        "The lab has as many snapshots as it keeps.",
        "Delete snapshots that are not needed any more.",
    ),
    (
        "lab.nothing-due",
        "The clock is to jump to the next thing that is due, and nothing is.",
        "Advance the clock by a time of your own.",
    ),
    (
        "lab.not-replayable",
        "A kept request held a secret, or was not kept whole, or its API client is no more.",
        "Let the client send the request again.",
    ),
    (
        "lab.replay-failed",
        "A kept request was to be carried out again, and the portal could not be reached at its own address.",
        "Look whether LICENTRAL_BASE_URL leads to this portal.",
    ),
    (
        "lab.clock-too-far",
        "The clock would go beyond the end of the year 2099.",
        "Choose an earlier time.",
    ),
];
