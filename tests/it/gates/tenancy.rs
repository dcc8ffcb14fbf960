//! What is another tenant's does not exist: the same answer as for what never was.

use super::asking::Visitor;
use super::world::World;
use crate::support::{Page, sel};
use licentral::authz::Over;
use licentral::http::access::Demand;

/// A page without what differs between any two requests.
fn face(page: &Page, path: &str) -> String {
    let id = page.header("x-request-id").unwrap_or("-");
    let encoded: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    let mut body = page
        .body
        .replace(id, "REQUEST")
        .replace(path, "PATH")
        .replace(&encoded, "PATH");
    // Form tokens are new on each page.
    for token in page.attrs("input[name=csrf], input[name=once]", "value") {
        body = body.replace(&token, "TOKEN");
    }
    // So is the lab's clock in the top bar.
    for time in page.html().select(&sel(".lab-pill time")) {
        body = body.replace(&time.html(), "TIME");
    }
    format!("{} {:?}\n{body}", page.status, page.header("content-type"))
}

fn strangers(w: &World) -> Vec<(&'static str, Visitor)> {
    vec![
        ("Eve", w.visitor("eve@harborview.example")),
        ("Noa", w.visitor("noa@newcomer.example")),
        ("Pat", w.visitor("pat@bramwell.example")),
        ("Olga", w.visitor("olga@licensing.example")),
    ]
}

#[test]
fn our_account_does_not_exist_for_strangers() {
    World::each(|w| {
        let bodies = w.bodies();
        let mut strangers = strangers(&w);
        // A number that is no number, one with a sign, one out of all bounds: one for each route in turn, as all of them
        // read it in the same way.
        let mut odd = ["x", "-1", "0", "99999999999999999999999", "1%00", "100001%20"]
            .into_iter()
            .cycle();
        let mut asked = 0;
        let mut watch = w.p.watch();
        for route in w.p.routes() {
            if !route.path.contains("{said}") {
                continue;
            }
            asked += 1;
            let (ours, nothing) = (w.ours(&route.path), w.nothing(&route.path));
            for (word, stranger) in &mut strangers {
                let what = format!("{} {} as {word}", route.method, route.path);
                let page = stranger.ask_in_earnest(&route, &ours, bodies);
                let other = stranger.ask_in_earnest(&route, &nothing, bodies);
                assert_eq!(page.status, 404, "{what}: {}", page.text_of_main());
                assert_eq!(
                    face(&page, &ours),
                    face(&other, &nothing),
                    "{what} tells that it exists"
                );
                if *word == "Eve" {
                    let odd = odd.next().unwrap();
                    let path = w.ours(&route.path.replace("{said}", odd));
                    let status = stranger.ask(&route.method, &path).status;
                    assert_eq!(status, 404, "{what} with the number {odd}");
                }
            }
            watch.assert_same(&format!("{} {} as a stranger", route.method, route.path));
        }
        assert!(asked > 0, "no route of an account was asked");
    });
}

#[test]
fn our_things_do_not_exist_in_another_account() {
    World::each(|w| {
        let bodies = w.bodies();
        let mut eve = w.visitor("eve@harborview.example");
        let hers = w.cast.harborview.number;
        let mut watch = w.p.watch();
        for route in w.p.routes() {
            // A subscription names nothing of anybody's: there are no Enterprise Agreements.
            let others = route.path.replace("{said}", "").replace("{subscription}", "");
            if !route.path.contains("{said}") || !others.contains('{') {
                continue;
            }
            let what = format!("{} {} with our ids in Eve's account", route.method, route.path);
            let (ours, nothing) = (
                w.ours_within(&route.path, hers),
                w.nothing_within(&route.path, hers),
            );
            let page = eve.ask_in_earnest(&route, &ours, bodies);
            let other = eve.ask_in_earnest(&route, &nothing, bodies);
            assert_eq!(page.status, 404, "{what}: {}", page.text_of_main());
            assert_eq!(
                face(&page, &ours),
                face(&other, &nothing),
                "{what} tells that it exists"
            );
            watch.assert_same(&what);
        }
    });
}

/// Things that are one person's own, or of those who were asked: sessions, API clients, requests.
#[test]
fn our_things_do_not_exist_for_other_people() {
    World::each(|w| {
        let bodies = w.bodies();
        for (word, email) in [
            ("Eve", "eve@harborview.example"),
            ("Noa", "noa@newcomer.example"),
            ("Bob", "bob@xyz.example"),
        ] {
            let mut stranger = w.visitor(email);
            let mut watch = w.p.watch();
            for route in w.p.routes() {
                let has_own_id = route.path.contains('{') && !route.path.contains("{said}");
                let is_open = match route.demand {
                    // A link is the proof itself; the lab's pages are for whoever runs the lab.
                    Demand::Nothing | Demand::Lab => true,
                    Demand::SignedIn => false,
                    Demand::May(action) => action.over() == Over::Platform,
                };
                // A subscription names nothing of anybody's: there are no Enterprise Agreements. A graded lab is everybody's,
                // and what comes of it is found by who asks.
                let names_nothing = ["{token}", "{subscription}", "{lab}"]
                    .iter()
                    .any(|part| route.path.contains(part));
                if !has_own_id || is_open || names_nothing {
                    continue;
                }
                let what = format!("{} {} as {word}", route.method, route.path);
                let (ours, nothing) = (w.ours(&route.path), w.nothing(&route.path));
                let page = stranger.ask_in_earnest(&route, &ours, bodies);
                let other = stranger.ask_in_earnest(&route, &nothing, bodies);
                assert!(
                    matches!(page.status, 404 | 410),
                    "{what}: {} {}",
                    page.status,
                    page.text_of_main()
                );
                assert_eq!(
                    face(&page, &ours),
                    face(&other, &nothing),
                    "{what} tells that it exists"
                );
                watch.assert_same(&what);
            }
        }
    });
}

/// Those who may see a part of an account see nothing of the other parts.
#[test]
fn a_role_in_one_virtual_account_opens_no_other() {
    World::each(|w| {
        let bodies = w.bodies();
        let mut una = w.visitor("una@xyz.example");
        let mut watch = w.p.watch();
        for route in w.p.routes() {
            if !route.path.contains("{va}") && !route.path.contains("{vname}") {
                continue;
            }
            let what = format!("{} {} as Una, who is in another", route.method, route.path);
            let (ours, nothing) = (
                w.ours(&route.path),
                w.nothing_within(&route.path, w.cast.xyz.number),
            );
            let page = una.ask_in_earnest(&route, &ours, bodies);
            let other = una.ask_in_earnest(&route, &nothing, bodies);
            assert!(matches!(page.status, 403 | 404), "{what}: {}", page.status);
            assert_eq!(page.status, other.status, "{what} tells that it exists");
            watch.assert_same(&what);
        }
    });
}
