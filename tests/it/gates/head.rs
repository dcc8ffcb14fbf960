//! HEAD is GET without the body; a method that a path does not have is 405 and says which it has.

use super::asking::is_api;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn head_answers_as_get_does() {
    let w = World::new();
    let mut people = vec![
        ("nobody", w.nobody()),
        ("admin", w.visitor("ada@xyz.example")),
        ("operator", w.visitor("olga@licensing.example")),
    ];
    let routes = w.p.routes();
    for route in w.reads() {
        assert!(
            routes.iter().any(|r| r.method == "HEAD" && r.path == route.path),
            "{} has no HEAD",
            route.path
        );
        let path = w.ours(&route.path);
        for (word, visitor) in &mut people {
            let what = format!("{} as {word}", route.path);
            let head = visitor.ask("HEAD", &path);
            let get = visitor.ask("GET", &path);
            assert_eq!(head.status, get.status, "{what}");
            assert_eq!(head.body, "", "{what}: HEAD has a body");
            for name in [
                "content-type",
                "location",
                "cache-control",
                "content-security-policy",
            ] {
                assert_eq!(head.header(name), get.header(name), "{what}: {name}");
            }
        }
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let w = World::new();
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in w.p.routes() {
        paths.entry(route.path).or_default().insert(route.method);
    }
    let mut people = vec![("nobody", w.nobody()), ("admin", w.visitor("ada@xyz.example"))];
    // Addresses first: some are of links that are made for them.
    let paths: Vec<_> = paths
        .into_iter()
        .map(|(pattern, methods)| (w.ours(&pattern), pattern, methods))
        .collect();
    let mut watch = w.p.watch();
    for (path, pattern, methods) in paths {
        let wanted = methods.iter().cloned().collect::<Vec<_>>().join(", ");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if methods.contains(method) {
                continue;
            }
            for (word, visitor) in &mut people {
                let what = format!("{method} {pattern} as {word}");
                let page = visitor.ask(method, &path);
                assert_eq!(page.status, 405, "{what}");
                assert_eq!(page.header("allow"), Some(wanted.as_str()), "{what}");
                if is_api(&path) && method != "HEAD" {
                    assert_eq!(
                        page.header("content-type"),
                        Some("application/problem+json"),
                        "{what}"
                    );
                }
            }
        }
        watch.assert_same(&format!("a wrong method for {pattern}"));
    }
}
