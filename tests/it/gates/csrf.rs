//! A form counts only when it comes from a page of this portal, in the session in which the page was opened.

use super::asking::is_api;
use super::world::World;
use crate::support::Page;

const SAYS: &str = "The form came from another place";

/// Whether the request was refused because of where it came from, and not for want of a right.
fn is_refused(page: &Page) -> bool {
    page.status == 403 && page.text_of_main().contains(SAYS)
}

#[test]
fn forms_of_other_places_change_nothing() {
    World::each(|w| {
        let mut people = w.everybody();
        let base = w.p.base.clone();
        let foreign_token = w.p.csrf_of(&w.p.sign_in("noa@newcomer.example"));
        let mut asked = 0;
        // Addresses first: some are of links that are made for them.
        let writes: Vec<_> = w.writes().into_iter().map(|r| (w.ours(&r.path), r)).collect();
        let mut watch = w.p.watch();
        for (path, route) in writes {
            if is_api(&route.path) {
                continue;
            }
            asked += 1;
            assert_eq!(
                route.method, "POST",
                "{} is a page and neither GET nor POST",
                route.path
            );
            let same = ("sec-fetch-site", "same-origin");
            let origin = ("origin", base.as_str());
            let form = ("content-type", "application/x-www-form-urlencoded");
            let mut refused: Vec<&str> = Vec::new();
            for (word, visitor) in &mut people {
                // The token of nobody in particular is nobody's own: for them another is another's.
                let own = w.p.csrf_of(&visitor.browser);
                let altered = format!("{}A", &own[..own.len() - 1]);
                let own_body = format!("csrf={own}");
                let variants: Vec<(&str, Vec<(&str, &str)>, String)> = vec![
                    ("no token", vec![same, origin, form], String::new()),
                    ("an empty token", vec![same, origin, form], "csrf=".to_owned()),
                    (
                        "another session's token",
                        vec![same, origin, form],
                        format!("csrf={foreign_token}"),
                    ),
                    (
                        "an altered token",
                        vec![same, origin, form],
                        format!("csrf={altered}B"),
                    ),
                    (
                        "a cross-site request",
                        vec![("sec-fetch-site", "cross-site"), origin, form],
                        own_body.clone(),
                    ),
                    (
                        "a same-site request",
                        vec![("sec-fetch-site", "same-site"), origin, form],
                        own_body.clone(),
                    ),
                    (
                        "a request typed by hand",
                        vec![("sec-fetch-site", "none"), form],
                        own_body.clone(),
                    ),
                    (
                        "another origin",
                        vec![("origin", "https://evil.example"), form],
                        own_body.clone(),
                    ),
                    (
                        "the origin null",
                        vec![("origin", "null"), form],
                        own_body.clone(),
                    ),
                    ("no origin at all", vec![form], own_body.clone()),
                ];
                for (variant, headers, body) in &variants {
                    // Everybody tries the first; who is refused for a reason of their own says nothing of the others.
                    if *variant != "no token" && refused.contains(variant) {
                        continue;
                    }
                    let mut browser = visitor.browser.clone();
                    let page = browser
                        .send("POST", &path, headers, Some(body.as_bytes()))
                        .clone();
                    let what = format!("POST {} as {word} with {variant}", route.path);
                    // Who may not even come so far is told that instead.
                    let sent_away = matches!(page.status, 303 | 403 | 404 | 410);
                    assert!(sent_away, "{what}: {} {}", page.status, page.text_of_main());
                    if page.status == 303 {
                        let to = page.location().unwrap_or_default();
                        assert!(
                            to.starts_with("/login?") || to.starts_with("/confirm-password?"),
                            "{what} was carried out: it leads to {to}"
                        );
                    }
                    if is_refused(&page) {
                        refused.push(variant);
                    }
                }
            }
            watch.assert_same(&format!("POST {} from elsewhere", route.path));
            for variant in [
                "no token",
                "an empty token",
                "another session's token",
                "an altered token",
                "a cross-site request",
                "a same-site request",
                "a request typed by hand",
                "another origin",
                "the origin null",
                "no origin at all",
            ] {
                assert!(
                    refused.contains(&variant),
                    "POST {} with {variant}: nobody of the cast came so far as to be refused for it",
                    route.path
                );
            }
        }
        assert!(asked > 0, "no form was asked");
    });
}
