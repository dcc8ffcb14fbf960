//! Looking changes nothing: not twice, not as anybody, not through a link in a letter. And HEAD is GET without the body.

use super::world::World;

#[test]
fn head_answers_as_get_does_and_neither_changes_anything() {
    World::each(|w| {
        let mut people = w.everybody();
        let routes = w.p.routes();
        // Addresses first: some are of links that are made for them.
        let reads: Vec<_> = w.reads().into_iter().map(|r| (w.ours(&r.path), r)).collect();
        let mut watch = w.p.watch();
        for (path, route) in reads {
            assert!(
                routes.iter().any(|r| r.method == "HEAD" && r.path == route.path),
                "{} has no HEAD",
                route.path
            );
            for (word, visitor) in &mut people {
                let what = format!("{} as {word}", route.path);
                // HEAD runs all that GET runs, so this looks twice.
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
            watch.assert_same(&format!("GET {}", route.path));
        }
    });
}
