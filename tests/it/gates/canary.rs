//! Words of one tenant stand on no page of another's people.

use super::world::{CANARY, World};
use licentral::http::access::Demand;

#[test]
fn the_words_of_harborview_are_read_at_harborview_alone() {
    World::each(|w| {
        let theirs = [CANARY, "Harborview", "harborview.example", "Castellan"];
        for email in [
            "ada@xyz.example",
            "bob@xyz.example",
            "cy@xyz.example",
            "vera@xyz.example",
            "dan@xyz.example",
            "una@xyz.example",
            "noa@newcomer.example",
        ] {
            let mut visitor = w.visitor(email);
            for route in w.reads() {
                // The lab's own pages show everything to whoever runs it.
                if matches!(route.demand, Demand::Lab | Demand::Nothing) {
                    continue;
                }
                let path = w.ours(&route.path);
                for query in ["", "?q=a", "?q=zitronen", "?q=clinic", "?q=harbor"] {
                    let page = visitor.ask("GET", &format!("{path}{query}"));
                    // What was typed is shown again, and is no news.
                    for word in theirs {
                        assert!(
                            !page.body.contains(word),
                            "GET {}{query} shows {word:?} to {email}",
                            route.path
                        );
                    }
                    // Who may not look is refused whatever they search for, and a whole page without a field for it has
                    // nothing to search. Parts of pages, files and the API are searched on suspicion.
                    let is_page = page.body.contains("<html");
                    if page.status >= 400 || is_page && !page.body.contains("name=\"q\"") {
                        break;
                    }
                }
            }
        }
        // The words are there to be found: Eve sees them.
        let mut eve = w.visitor("eve@harborview.example");
        let seen = w.reads().iter().any(|r| {
            r.path.contains("{said}")
                && eve
                    .ask("GET", &w.ours_within(&r.path, w.cast.harborview.number))
                    .body
                    .contains(CANARY)
        });
        assert!(seen, "nobody sees the canary: the test proves nothing");
    });
}
