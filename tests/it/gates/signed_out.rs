//! Without a session or a token there is no way in, and nothing happens.

use super::asking::{is_api, is_vendors};
use super::world::World;
use licentral::http::access::Demand;

/// What anybody may open. Each is a decision: a line more here wants a reason.
const PUBLIC: &[(&str, &str)] = &[
    ("/", "leads on; at an On-Prem server it is guarded"),
    ("/livez", "for whoever watches the process"),
    ("/readyz", "for whoever watches the process"),
    ("/login", "to come in"),
    ("/login/code", "leads back to the first step"),
    ("/login/passkey", "to come in, where browsers make passkeys"),
    ("/login/provider", "to come in, where there is a provider"),
    ("/login/provider/callback", "the provider's answer is the proof"),
    ("/login/link", "leads back to the first step"),
    ("/password/forgot", "for those who cannot come in"),
    ("/password/reset/{token}", "the link is the proof"),
    ("/invite/{token}", "the link is the proof"),
    ("/setup/{token}", "the link is the proof"),
    ("/r/{token}", "the link is the proof"),
    ("/ar/{token}", "leads to sign-in, and from there to the request"),
    ("/about", "what this is"),
    ("/about/licenses", "whose work is in it"),
    ("/help", "says nothing of anybody's data"),
    ("/help/api", "says nothing of anybody's data"),
    ("/help/problems", "says nothing of anybody's data"),
    ("/api/v1/token", "to come in"),
    ("/api/v1/openapi.json", "says nothing of anybody's data"),
    ("/as/token.oauth2", "to come in, for scripts of the vendor"),
    ("/as/authorization.oauth2", "leads to a page that asks who it is"),
    (
        "/oauth2/default/v1/token",
        "to come in, for scripts of the vendor",
    ),
    ("/oauth/token", "to come in, for scripts of the vendor"),
    ("/device/v1/register", "a registration token is the proof"),
    ("/device/v1/report", "the device's credential is the proof"),
    ("/device/v1/renew", "the device's credential is the proof"),
    ("/device/v1/status", "the device's credential is the proof"),
    ("/device/v1/deregister", "the device's credential is the proof"),
    ("/device/v1/usage", "the device's credential is the proof"),
    ("/device/v1/authorization", "the device's credential is the proof"),
    ("/device-manager/v1/sync", "the file's signature is the proof"),
    ("/device-manager/v1/response", "the file's signature is the proof"),
    ("/help/request-a-smart-account", "words alone"),
    ("/help/access-requests", "words alone"),
    ("/help/directory", "words alone"),
    ("/help/assign-an-order", "words alone"),
    ("/help/first-steps", "words alone"),
    ("/help/synchronize-on-prem", "words alone"),
    ("/help/remove-a-device", "words alone"),
    ("/help/delete-an-on-prem-account", "words alone"),
    ("/help/report-usage-by-policy", "words alone"),
    ("/help/webhooks", "words alone"),
    ("/help/second-factor", "words alone"),
    ("/help", "words alone"),
    ("/help/api", "the same as a page"),
    ("/help/problems", "words alone"),
    ("/about", "words alone"),
    ("/about/licenses", "words alone"),
];

#[test]
fn who_is_not_signed_in_is_sent_away_from_everything_else() {
    World::each(|w| {
        let mut nobody = w.nobody();
        let mut watch = w.p.watch();
        for route in w.p.routes() {
            if matches!(route.demand, Demand::Nothing | Demand::Lab) {
                continue;
            }
            let path = w.ours(&route.path);
            let page = nobody.ask(&route.method, &path);
            let what = format!("{} {} as nobody", route.method, route.path);
            if is_vendors(&path) {
                // An On-Prem server forbids it.
                let status = if path.starts_with("/backend/") { 403 } else { 401 };
                assert_eq!(page.status, status, "{what}");
                assert_eq!(page.header("content-type"), Some("application/json"), "{what}");
                assert!(page.header("www-authenticate").is_some(), "{what}");
                if route.method != "HEAD" {
                    let body = page.json();
                    assert!(
                        body["statusMessage"].is_string() || body["error"].is_string(),
                        "{what}: {body}"
                    );
                }
            } else if is_api(&path) {
                assert_eq!(page.status, 401, "{what}");
                assert_eq!(
                    page.header("content-type"),
                    Some("application/problem+json"),
                    "{what}"
                );
                assert!(
                    page.header("www-authenticate").is_some(),
                    "{what}: 401 without WWW-Authenticate"
                );
                if route.method != "HEAD" {
                    assert_eq!(page.json()["code"], "signed-out", "{what}");
                }
            } else {
                assert_eq!(page.status, 303, "{what}: {}", page.text_of_main());
                let to = page.location().unwrap_or_default();
                assert!(to.starts_with("/login?next="), "{what} leads to {to}");
                assert!(!to.contains("//"), "{what} leads out: {to}");
            }
            watch.assert_same(&what);
        }
    });
}

#[test]
fn a_session_or_token_that_was_made_up_is_none() {
    World::each(|w| {
        let mut nobody = w.nobody();
        let name = nobody.browser.session_cookie.clone();
        nobody.browser.cookies.insert(name, "A".repeat(43));
        for route in w.reads() {
            if matches!(route.demand, Demand::Nothing | Demand::Lab) || is_api(&route.path) {
                continue;
            }
            let page = nobody.ask("GET", &w.ours(&route.path));
            assert_eq!(page.status, 303, "GET {} with a made-up session", route.path);
        }
    });
}

#[test]
fn the_list_of_what_anybody_may_open_is_the_one_that_was_decided() {
    World::each(|w| {
        let mut found: Vec<String> =
            w.p.routes()
                .into_iter()
                .filter(|r| r.demand == Demand::Nothing)
                .map(|r| r.path)
                .collect();
        found.dedup();
        let undecided: Vec<&String> = found
            .iter()
            .filter(|path| !PUBLIC.iter().any(|(known, _)| known == path))
            .collect();
        assert!(
            undecided.is_empty(),
            "These are open to anybody. If they are meant to be, write them into PUBLIC with the reason: {undecided:?}"
        );
    });
}
