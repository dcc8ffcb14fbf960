//! What stands around every page, and around the pages that refuse.

use crate::support::{Cast, Page, Portal};
use licentral::authz::Role;

/// The menu, the person and the way out are there.
fn stands_in_the_portal(page: &Page, person: &str, account: &str) {
    assert_eq!(page.texts(".who .nm"), [person], "the person");
    assert_eq!(page.texts(".nav-sa .nm"), [account], "the account that is open");
    assert!(!page.texts(".nav .subnav a").is_empty(), "the menu");
    assert_eq!(page.texts("form[action='/logout'] button"), ["Sign out"]);
}

fn xyz(cast: &Cast, rest: &str) -> String {
    format!("/sa/{}{rest}", cast.xyz.number)
}

#[test]
fn a_refusal_says_what_was_tried_and_names_who_can_help() {
    let (p, cast) = Portal::with_cast();
    let mut bob = p.sign_in("bob@xyz.example");
    for (path, tried) in [
        ("/orders/order-inventory", "You may not open Order Inventory"),
        (
            "/licensing/license-inventory",
            "You may not open License Inventory",
        ),
        ("/devices/transfer", "You may not transfer devices"),
        ("/licensing/transfer", "You may not transfer licenses"),
        (
            "/devices/token-management/generate",
            "You may not generate tokens",
        ),
        ("/view-as", "You may not preview the portal as another role"),
    ] {
        let page = bob.get(&xyz(&cast, path)).expect(403);
        assert_eq!(page.texts("h1"), [tried]);
        stands_in_the_portal(page, "Bob Tanaka", "XYZ COMPANY");
        page.shows("Smart Account Approver")
            .shows("Smart Account Administrator")
            .shows("Ada Lindqvist, ada@xyz.example");
        assert!(!page.attrs("main a", "href").is_empty());
        assert_eq!(page.attrs(".trouble .actions a", "href")[0], xyz(&cast, ""));
    }
    let orders = bob.get(&xyz(&cast, "/orders/order-inventory"));
    assert!(
        !orders.text_of_main().contains("license"),
        "{}",
        orders.text_of_main()
    );
    // A form that was refused, too.
    let page = bob
        .post_fields(&xyz(&cast, "/licensing/transfer/submit"), &[])
        .expect(403);
    stands_in_the_portal(page, "Bob Tanaka", "XYZ COMPANY");
}

#[test]
fn a_refusal_beyond_any_account_names_the_role_and_nobody() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&xyz(&cast, "")).expect(200);
    let page = ada.get("/operator").expect(403);
    stands_in_the_portal(page, "Ada Lindqvist", "XYZ COMPANY");
    page.shows("Operator").shows_not("@xyz.example");
}

#[test]
fn a_page_that_is_not_there_keeps_the_account_and_tells_nothing_of_another() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&xyz(&cast, "")).expect(200);
    let page = ada.get(&xyz(&cast, "/orders/no-such-order")).expect(404);
    stands_in_the_portal(page, "Ada Lindqvist", "XYZ COMPANY");
    // Another tenant's page and one that never was look the same, and neither names the tenant.
    for path in [
        format!("/sa/{}", cast.harborview.number),
        format!("/sa/{}/orders/order-inventory", cast.harborview.number),
        "/sa/999999".to_owned(),
        "/no-such-page".to_owned(),
    ] {
        let page = ada.get(&path).expect(404);
        stands_in_the_portal(page, "Ada Lindqvist", "XYZ COMPANY");
        page.shows_not("Ada Lindqvist, ada@xyz.example");
        assert!(!page.body.contains("Harborview"), "{path}");
        assert!(!page.body.contains("eve@harborview.example"), "{path}");
    }
    p.browser().get("/no-such-page").expect(404);
}

#[test]
fn a_rule_that_refuses_stands_in_the_portal() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let page = ada.get(&xyz(&cast, "/devices/transfer")).expect(409);
    stands_in_the_portal(page, "Ada Lindqvist", "XYZ COMPANY");
}

#[test]
fn programs_are_answered_as_before() {
    let (p, cast) = Portal::with_cast();
    let mut nobody = p.browser();
    let page = nobody.get(&format!("/api/v1/accounts/{}", cast.xyz.number));
    assert_eq!(page.header("content-type"), Some("application/problem+json"));
}

#[test]
fn the_account_that_is_open_stays_open_on_pages_of_none() {
    let (p, cast) = Portal::with_cast();
    p.role("ada@xyz.example", &cast.bramwell, None, Role::AccountViewer);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&xyz(&cast, "")).expect(200);
    for path in [
        "/help",
        "/help/api",
        "/help/problems",
        "/about",
        "/profile",
        "/profile/sessions",
        "/profile/api",
        "/preferences",
        "/access",
        "/select",
        "/requests",
        "/catalog",
        "/simulator/mailbox",
        "/simulator/clock",
    ] {
        stands_in_the_portal(ada.get(path).expect(200), "Ada Lindqvist", "XYZ COMPANY");
    }
    // Its roles are asked for anew on each page: one that is lost is lost at once.
    let vera = p.sign_in("vera@xyz.example");
    drop(vera);
    ada.get(&format!("/sa/{}", cast.bramwell.number)).expect(200);
    stands_in_the_portal(
        ada.get("/help").expect(200),
        "Ada Lindqvist",
        "Bramwell Distribution",
    );
}

#[test]
fn who_has_one_account_alone_has_it_open_from_the_beginning() {
    let (p, cast) = Portal::with_cast();
    let mut una = p.sign_in("una@xyz.example");
    stands_in_the_portal(una.get("/help").expect(200), "Una Haddad", "XYZ COMPANY");
    // Who has several opens one first.
    p.role("ada@xyz.example", &cast.bramwell, None, Role::AccountViewer);
    let mut ada = p.sign_in("ada@xyz.example");
    let page = ada.get("/help").expect(200);
    assert!(page.texts(".nav-sa .nm").is_empty());
    let mut noa = p.sign_in("noa@newcomer.example");
    assert!(noa.get("/help").expect(200).texts(".nav-sa .nm").is_empty());
}
