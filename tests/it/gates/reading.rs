//! Looking changes nothing: not twice, not as anybody, not through a link in a letter.

use super::world::World;

#[test]
fn get_and_head_change_nothing() {
    let w = World::new();
    let mut people = w.everybody();
    // Addresses first: some are of links that are made for them.
    let reads: Vec<_> = w.reads().into_iter().map(|r| (w.ours(&r.path), r)).collect();
    let mut watch = w.p.watch();
    for (path, route) in reads {
        for (_, visitor) in &mut people {
            for method in ["HEAD", "GET", "GET"] {
                visitor.ask(method, &path);
            }
        }
        watch.assert_same(&format!("GET {}", route.path));
    }
}
