//! What every answer carries, and what none gives away.

use super::world::World;
use crate::support::Page;

/// Letters as they look in a mail program, shown in a frame.
const PREVIEWS: &[(&str, &str)] = &[("/simulator/mailbox/", "/html")];

/// Rows 60 and 61 of the security design.
fn check(page: &Page, what: &str, may_be_kept: bool) {
    let has = |name: &str| page.header(name).unwrap_or_default().to_owned();
    let csp = has("content-security-policy");
    if PREVIEWS
        .iter()
        .any(|(start, end)| what.contains(start) && what.contains(end))
        && csp.contains("frame-ancestors 'self'")
    {
        // A letter's own style, and nothing that could do anything.
        for part in ["default-src 'none'", "form-action 'none'", "base-uri 'none'"] {
            assert!(csp.contains(part), "{what}: no {part} in {csp:?}");
        }
        for bad in ["script-src", "connect-src", "http", "*"] {
            assert!(!csp.contains(bad), "{what}: {bad} in {csp:?}");
        }
        return;
    }
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors",
    ] {
        assert!(csp.contains(part), "{what}: no {part} in {csp:?}");
    }
    for bad in ["unsafe-inline", "unsafe-eval", "*", "http:", "data:"] {
        assert!(!csp.contains(bad), "{what}: {bad} in {csp:?}");
    }
    assert_eq!(has("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(has("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(has("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(has("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(has("permissions-policy").contains("camera=()"), "{what}");
    assert!(!has("x-request-id").is_empty(), "{what}");
    if may_be_kept {
        assert!(has("cache-control").contains("immutable"), "{what}");
    } else {
        assert_eq!(has("cache-control"), "no-store", "{what}");
    }
    for (name, _) in &page.headers {
        assert!(
            !["server", "x-powered-by", "access-control-allow-origin"].contains(&name.as_str()),
            "{what}: {name}"
        );
    }
    for secret in [
        "error:", "serde", "panicked", "SELECT ", "/src/", "diesel", "sqlite", "actix",
    ] {
        // The look's own files may hold such letters.
        let has_it = !may_be_kept && page.body.contains(secret);
        assert!(!has_it, "{what} says {secret:?}");
    }
}

#[test]
fn every_answer_is_dressed() {
    World::each(|w| {
        let mut seen = std::collections::BTreeSet::new();
        for (word, mut visitor) in [
            ("nobody", w.nobody()),
            ("admin", w.visitor("ada@xyz.example")),
            ("viewer", w.visitor("vera@xyz.example")),
            ("stranger", w.visitor("eve@harborview.example")),
            ("operator", w.visitor("olga@licensing.example")),
        ] {
            let mut paths = std::collections::BTreeSet::<String>::new();
            for route in w.p.routes() {
                for path in [w.ours(&route.path), w.nothing(&route.path)] {
                    // Wrong methods once for a path, and not once for each method that it has; which role one has is
                    // not asked before it is known what one wants.
                    let odd: &[&str] = if paths.insert(path.clone()) && matches!(word, "nobody" | "admin") {
                        &["TRACE", "PUT"]
                    } else {
                        &[]
                    };
                    for method in [&[route.method.as_str()], odd].concat() {
                        // What is really done (signing out) is not the business of this test.
                        let signs_out = ["/logout", "/profile/sessions/end-all", "/api/v1/me/sessions"];
                        if method != "GET" && signs_out.contains(&route.path.as_str()) {
                            continue;
                        }
                        let page = visitor.ask(method, &path);
                        seen.insert(page.status);
                        check(&page, &format!("{method} {} as {word}", route.path), false);
                    }
                }
            }
            for path in [
                "/no/such/page",
                "/assets/no-such-file.css",
                "/sa/",
                "/api/v1/nothing",
                "/api/",
            ] {
                let page = visitor.ask("GET", path);
                assert_eq!(page.status, 404, "{path}");
                check(&page, path, false);
            }
        }
        for status in [200, 303, 401, 403, 404, 405] {
            assert!(
                seen.contains(&status),
                "no answer was {status}: the test looks past them"
            );
        }
    });
}

#[test]
fn the_files_of_the_look_may_be_kept_for_ever() {
    use licentral::http::assets;
    let w = World::new();
    for path in [assets::APP_CSS, assets::APP_JS, assets::FAVICON_SVG] {
        let mut browser = w.p.browser();
        let page = browser.open(path).clone();
        page.expect(200);
        check(&page, path, true);
        let head = browser.send("HEAD", path, &[], None).clone();
        assert_eq!(head.status, 200, "{path}");
    }
}

#[test]
fn over_https_browsers_are_told_to_stay_there() {
    use crate::support::Portal;
    let p = Portal::start_as(|config| config.base_url = "https://licenses.company.example".to_owned());
    let mut browser = p.browser();
    let page = browser
        .send("GET", "/login", &[("host", "licenses.company.example")], None)
        .clone();
    assert!(page.status < 400, "{}", page.text_of_main());
    let hsts = page.header("strict-transport-security").unwrap_or_default();
    assert!(
        hsts.contains("max-age=63072000") && hsts.contains("includeSubDomains"),
        "{hsts}"
    );
    let port_too = browser
        .send("GET", "/login", &[("host", "licenses.company.example:443")], None)
        .clone();
    assert!(port_too.status < 400, "its own port, named");
    let other = browser
        .send("GET", "/login", &[("host", "evil.example")], None)
        .clone();
    assert_eq!(other.status, 400, "another host is none of ours");
}

/// Rubbish in every place where a client can put some: an answer that says nothing of the inside.
#[test]
fn rubbish_is_answered_in_our_own_words() {
    World::each(|w| {
        let mut ada = w.visitor("ada@xyz.example");
        let odd = [
            "%00",
            "%0d%0aset-cookie:x=y",
            "%ff%fe",
            "..%2f..%2fetc%2fpasswd",
            "'%20OR%201=1--",
            "%F0%9F%90%8E",
            "{said}",
            &"a".repeat(3000),
        ];
        let mut paths = std::collections::BTreeSet::new();
        for route in w.reads() {
            for rubbish in odd {
                let mut path = String::new();
                for part in route.path.split('/').skip(1) {
                    let part = if part.contains('{') && !part.contains("{said}") {
                        rubbish
                    } else {
                        part
                    };
                    path.push_str(&format!("/{part}"));
                }
                let path = path
                    .replace("{said}", &w.cast.xyz.number.to_string())
                    .replace(['{', '}'], "%7B");
                // Without a place for it, the path is the same for all of them.
                if paths.insert(path.clone()) {
                    let page = ada.ask("GET", &path);
                    assert!(page.status < 500, "GET {path}: {}", page.status);
                    check(&page, &path, false);
                }
                let queried = format!(
                    "{}?page={rubbish}&q={rubbish}&sort={rubbish}&from={rubbish}&{rubbish}=1",
                    w.ours(&route.path)
                );
                let queried = queried.replace("{said}", "x");
                let page = ada.ask("GET", &queried);
                assert!(page.status < 500, "GET {queried}: {}", page.status);
                check(&page, &queried, false);
            }
        }
    });
}
