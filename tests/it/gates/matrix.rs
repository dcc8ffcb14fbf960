//! Every route and every role, with the status that is really returned: `golden/routes.txt`.

use super::asking::{Visitor, everyone, is_read};
use super::world::{ASKED, World};
use crate::support::golden;
use licentral::http::routes::Listed;
use licentral::kernel::Edition;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a route answers to nobody and to each of the cast, by their addresses.
type Answered = (Listed, Vec<(&'static str, u16)>);

/// GET with ids of XYZ COMPANY, everything else with an empty form (and a good token) or an empty JSON object. Asked
/// once per run.
fn answers(edition: Edition) -> &'static [Answered] {
    static ANSWERS: [OnceLock<Vec<Answered>>; 2] = [OnceLock::new(), OnceLock::new()];
    ANSWERS[usize::from(edition.is_on_prem())].get_or_init(|| asked(edition))
}

fn asked(edition: Edition) -> Vec<Answered> {
    let mut w = World::of(edition);
    let mut all = Vec::new();
    let mut here: BTreeMap<&str, Visitor> = BTreeMap::new();
    let mut watch = w.p.watch();
    for route in w.p.routes() {
        if route.method == "HEAD" {
            continue;
        }
        let mut statuses = Vec::new();
        for (_, email) in [vec![("nobody", "")], everyone(edition)].concat() {
            let visitor = here.entry(email).or_insert_with(|| {
                if email.is_empty() {
                    w.nobody()
                } else {
                    // Most visitors of a new world see a page and are gone.
                    w.visitor_at_the_door(email)
                }
            });
            let status = visitor.ask(&route.method, &w.ours(&route.path)).status;
            statuses.push((email, status));
            // What was really done must not lean on those who come after; that it is in the record decides nothing.
            if !is_read(&route) && status < 400 && watch.has_changed_beside_the_record() {
                w = World::of(edition);
                here.clear();
                watch = w.p.watch();
            }
        }
        all.push((route, statuses));
    }
    all
}

#[test]
fn every_route_answers_every_role_as_it_did() {
    for edition in ASKED {
        let (path, of) = match edition {
            Edition::Cloud => ("tests/it/golden/routes.txt", "XYZ COMPANY"),
            Edition::OnPrem => ("tests/it/golden/on_prem_routes.txt", "one local account"),
        };
        golden(path, &table(*edition, of));
    }
}

fn table(edition: Edition, of: &str) -> String {
    let words: Vec<&str> = std::iter::once("nobody")
        .chain(everyone(edition).into_iter().map(|(word, _)| word))
        .collect();
    let mut table = format!(
        "# Every route, what it demands, and what it answers to each of the cast: GET with ids of {of},\n\
         # everything else with an empty form (and a good token) or an empty JSON object.\n\
         {:<7} {:<58} {:<30} {}\n",
        "method",
        "route",
        "demands",
        words.join(" ")
    );
    for (route, statuses) in answers(edition) {
        let demand = route.demand.to_string();
        let mut line = format!("{:<7} {:<58} {demand:<30}", route.method, route.path);
        for (word, (_, status)) in words.iter().zip(statuses) {
            line.push_str(&format!(" {status:<width$}", width = word.len()));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// The status fits what the matrix says: who may not is told so, who may is not.
#[test]
fn the_matrix_decides() {
    use licentral::authn::PlatformRole;
    use licentral::authz::Over;
    use licentral::authz::Role;
    use licentral::authz::TenantKind;
    use licentral::authz::matrix::{Holder, holders_in};
    use licentral::http::access::Demand;
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
    let local: &[(&str, Holder)] = &[
        ("ada@xyz.example", Holder::Tenant(Role::AccountAdmin)),
        ("cy@xyz.example", Holder::Tenant(Role::AccountUser)),
        ("dan@xyz.example", Holder::Tenant(Role::VirtualAdmin)),
        ("una@xyz.example", Holder::Tenant(Role::VirtualUser)),
        (
            "sam@licensing.example",
            Holder::Platform(PlatformRole::SystemAdministrator),
        ),
        (
            "olga@licensing.example",
            Holder::Platform(PlatformRole::SystemOperator),
        ),
    ];
    let both = [
        (Edition::Cloud, TenantKind::Smart, roles),
        (Edition::OnPrem, TenantKind::Local, local),
    ];
    let mut decided = 0;
    for ((route, statuses), kind, roles) in both
        .iter()
        .filter(|(edition, ..)| ASKED.contains(edition))
        .flat_map(|(edition, kind, roles)| {
            answers(*edition)
                .iter()
                .map(move |answered| (answered, *kind, *roles))
        })
    {
        let Demand::May(action) = route.demand else {
            continue;
        };
        if !is_read(route) {
            continue;
        }
        let named = holders_in(kind, action);
        for (email, holder) in roles {
            let may = named.contains(holder) || named.contains(&Holder::Anyone);
            let (_, status) = statuses.iter().find(|(other, _)| other == email).unwrap();
            let what = format!("GET {} as {email}", route.path);
            if may {
                assert_ne!(*status, 403, "{what}");
            } else if action.over() == Over::Account && matches!(holder, Holder::Platform(_)) {
                assert_eq!(*status, 404, "{what}: no standing in the account");
            } else {
                assert_eq!(*status, 403, "{what}");
            }
            decided += 1;
        }
    }
    assert!(decided > 0, "no page that the matrix decides was asked");
}

/// What may only be read is not changed with a client that may only read.
#[test]
fn a_client_with_the_scope_read_changes_nothing() {
    World::each(|w| {
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
    });
}
