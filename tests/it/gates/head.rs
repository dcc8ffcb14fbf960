//! A method that a path does not have is 405 and says which it has.

use super::asking::{is_api, is_vendors};
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    World::each(|w| {
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
                            Some(if is_vendors(&path) {
                                "application/json"
                            } else {
                                "application/problem+json"
                            }),
                            "{what}"
                        );
                    }
                }
            }
            watch.assert_same(&format!("a wrong method for {pattern}"));
        }
    });
}
