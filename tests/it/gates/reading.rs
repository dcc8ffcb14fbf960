//! Looking changes nothing: not twice, not as anybody, not through a link in a letter.

use super::world::World;

#[test]
fn get_and_head_change_nothing() {
    let w = World::new();
    let mut people = w.everybody();
    for route in w.reads() {
        let path = w.ours(&route.path);
        let before = w.p.fingerprint();
        for (_, visitor) in &mut people {
            for method in ["HEAD", "GET", "GET"] {
                visitor.ask(method, &path);
            }
        }
        before.assert_same(&w.p.fingerprint(), &format!("GET {}", route.path));
    }
}
