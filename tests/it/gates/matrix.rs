//! Every route and every role, with the status that is really returned: `golden/routes.txt`.

use super::asking::{Visitor, everyone, is_read};
use super::world::World;
use crate::support::golden;
use std::collections::BTreeMap;

#[test]
fn every_route_answers_every_role_as_it_did() {
    let mut w = World::new();
    let mut head = format!("{:<7} {:<58} {:<30} nobody", "method", "route", "demands");
    for (word, _) in everyone() {
        head.push_str(&format!(" {word}"));
    }
    let mut table = format!(
        "# Every route, what it demands, and what it answers to each of the cast: GET with ids of XYZ COMPANY,\n\
         # everything else with an empty form (and a good token) or an empty JSON object.\n{head}\n"
    );
    let mut here: BTreeMap<&str, Visitor> = BTreeMap::new();
    let mut watch = w.p.watch();
    for route in w.p.routes() {
        if route.method == "HEAD" {
            continue;
        }
        let mut line = format!(
            "{:<7} {:<58} {:<30}",
            route.method,
            route.path,
            route.demand.to_string()
        );
        for (word, email) in [vec![("nobody", "")], everyone()].concat() {
            let visitor = here.entry(email).or_insert_with(|| {
                if email.is_empty() {
                    w.nobody()
                } else {
                    // Most visitors of a new world see a page and are gone.
                    w.visitor_at_the_door(email)
                }
            });
            let status = visitor.ask(&route.method, &w.ours(&route.path)).status;
            line.push_str(&format!(" {status:<width$}", width = word.len()));
            // What was really done must not lean on those who come after.
            if !is_read(&route) && status < 400 && watch.has_changed() {
                w = World::new();
                here.clear();
                watch = w.p.watch();
            }
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    golden("tests/it/golden/routes.txt", &table);
}

/// The status fits what the matrix says: who may not is told so, who may is not.
#[test]
fn the_matrix_decides() {
    use licentral::authn::PlatformRole;
    use licentral::authz::Over;
    use licentral::authz::Role;
    use licentral::authz::matrix::{Holder, holders};
    use licentral::http::access::Demand;
    let w = World::new();
    let roles: &[(&str, Holder)] = &[
        ("ada@xyz.example", Holder::Tenant(Role::AccountAdmin)),
        ("bob@xyz.example", Holder::Tenant(Role::AccountApprover)),
        ("cy@xyz.example", Holder::Tenant(Role::AccountUser)),
        ("vera@xyz.example", Holder::Tenant(Role::AccountViewer)),
        ("dan@xyz.example", Holder::Tenant(Role::VirtualAdmin)),
        ("una@xyz.example", Holder::Tenant(Role::VirtualUser)),
        ("sam@licensing.example", Holder::Platform(PlatformRole::Support)),
        (
            "drew@licensing.example",
            Holder::Platform(PlatformRole::DomainApprover),
        ),
        ("olga@licensing.example", Holder::Platform(PlatformRole::Operator)),
    ];
    for (email, holder) in roles {
        let mut visitor = w.visitor(email);
        for route in w.reads() {
            let Demand::May(action) = route.demand else {
                continue;
            };
            let named = holders(action);
            let may = named.contains(holder) || named.contains(&Holder::Anyone);
            let status = visitor.ask("GET", &w.ours(&route.path)).status;
            let what = format!("GET {} as {email}", route.path);
            if may {
                assert_ne!(status, 403, "{what}");
            } else if action.over() == Over::Account && matches!(holder, Holder::Platform(_)) {
                assert_eq!(status, 404, "{what}: no standing in the account");
            } else {
                assert_eq!(status, 403, "{what}");
            }
        }
    }
}

/// What may only be read is not changed with a client that may only read.
#[test]
fn a_client_with_the_scope_read_changes_nothing() {
    let w = World::new();
    let mut api = w.p.api_with("ada@xyz.example", false);
    let mut watch = w.p.watch();
    for route in w.writes() {
        // Coming in changes nothing of anybody's; devices do not come as clients.
        if !route.path.starts_with("/api/") || route.path == "/api/v1/token" {
            continue;
        }
        let page = api.send(
            &route.method,
            &w.ours(&route.path),
            &[("content-type", "application/json")],
            (route.method != "DELETE").then_some(b"{}".as_slice()),
        );
        let what = format!("{} {} with a client that may only read", route.method, route.path);
        // Refused for that reason, and not because the body says nothing.
        let code = page.json()["code"].as_str().unwrap_or_default().to_owned();
        assert!(
            code == "api.scope" || page.status == 403,
            "{what}: {} {code}",
            page.status
        );
        watch.assert_same(&what);
    }
}
