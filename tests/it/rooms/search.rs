//! Search over everything: what it finds, and what it never tells.

use crate::support::{Cast, Page, Portal, Sold};

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The kinds that were found, in order.
fn kinds(page: &Page) -> Vec<String> {
    page.texts("#results h2")
}

/// A portal in which XYZ COMPANY has some of everything, in both of its Virtual Accounts.
fn stocked() -> (Portal, Cast) {
    let (p, cast) = Portal::with_cast();
    p.order(&Sold::to(&cast.xyz, "xyz.example").named("773300001"));
    for (place, serial) in [(cast.corporate, "FOC-NORTH-1"), (cast.public, "FOC-SOUTH-1")] {
        p.licenses(&cast.xyz, place, "C9200-48P-E", 3);
        let (_, text) = p.registration_token(&cast.xyz, place, None);
        p.device(&text, serial);
    }
    (p, cast)
}

#[test]
fn each_kind_is_found_by_those_who_may_see_it() {
    let (p, cast) = stocked();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
    for (words, kind) in [
        ("773300001", "Orders"),
        ("foc-north", "Devices"),
        ("essentials", "Licenses"),
        ("lindqvist", "Users"),
        ("corporate network", "Virtual Accounts"),
        ("of a test", "Registration tokens"),
        ("xyz.example", "Smart Accounts"),
        ("device inv", "Pages"),
        ("assign order", "Help"),
    ] {
        let page = ada
            .get(&format!("/search?q={}", words.replace(' ', "+")))
            .expect(200);
        assert!(
            kinds(page).contains(&kind.to_owned()),
            "{words}: {:?}",
            kinds(page)
        );
        // Every result can be opened.
        let links = page.attrs("#results .hits a", "href");
        assert!(!links.is_empty());
        for link in links {
            ada.get(&link).expect(200);
        }
    }
    ada.get("/search").expect(200).shows("a device by host name");
    ada.get("/search?q=no+such+thing+anywhere")
        .expect(200)
        .shows("Nothing matches");
    p.browser().open("/search?q=xyz").expect(303);
}

#[test]
fn what_a_page_shows_finds_the_thing_whatever_comes_along() {
    let (p, cast) = stocked();
    p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
    for (copied, kind) in [
        ("PID:C9200-48P-E SN:FOC-NORTH-1", "Devices"),
        ("\"FOC-NORTH-1\"", "Devices"),
        ("Order Identifier: 773300001", "Orders"),
        ("Ada Lindqvist <ada@xyz.example>", "Users"),
        ("\u{201c}Corporate Network Devices\u{201d}", "Virtual Accounts"),
        ("Virtual Account: Corporate Network Devices", "Virtual Accounts"),
        ("(XYZ COMPANY)", "Smart Accounts"),
        ("xyz.example.", "Smart Accounts"),
        ("\u{201c}Springfield\u{201d},", "Device Managers"),
        ("\"Device Inventory\"", "Pages"),
        ("\u{201c}assign an order\u{201d}", "Help"),
    ] {
        let page = ada.get(&format!("/search?q={}", encoded(copied))).expect(200);
        assert!(
            kinds(page).contains(&kind.to_owned()),
            "{copied}: {:?}",
            kinds(page)
        );
    }
    // What says nothing finds nothing, and never all.
    ada.get(&format!("/search?q={}", encoded("\"\"")))
        .expect(200)
        .shows("Nothing matches");
}

#[test]
fn the_list_has_what_is_more_than_five() {
    let (p, cast) = Portal::with_cast();
    for n in 1..=7 {
        p.virtual_account(&cast.xyz, &format!("Branch {n}"));
    }
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
    let page = ada.get("/search?q=branch").expect(200);
    assert_eq!(page.texts("#results .hits a").len(), 5);
    let page = ada.click("All 7 results").expect(200);
    assert_eq!(page.attrs("#find", "value"), ["branch"]);
    page.shows("Branch 7");
}

#[test]
fn another_tenant_is_never_named() {
    let (p, cast) = stocked();
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&format!("/sa/{}", cast.harborview.number)).expect(200);
    for words in [
        "xyz",
        "773300001",
        "foc",
        "essentials",
        "ada",
        "lindqvist",
        "corporate",
        "of+a+test",
        "%25",
        "_",
        "e",
    ] {
        let page = eve.get(&format!("/search?q={words}")).expect(200);
        let shown = page.texts("#results").join(" ");
        for secret in [
            "XYZ",
            "773300001",
            "FOC-",
            "Essentials",
            "Lindqvist",
            "Corporate",
            "Of a test",
            "Bramwell",
        ] {
            assert!(!shown.contains(secret), "{words} shows {secret}: {shown}");
        }
    }
    // An account that one has no role in is not searched, though its number stands in the cookie.
    let mut pat = p.sign_in("pat@bramwell.example");
    pat.get(&format!("/sa/{}", cast.xyz.number)).expect(404);
    let shown = pat.get("/search?q=foc").expect(200).texts("#results").join(" ");
    assert!(!shown.contains("FOC-"), "{shown}");
}

#[test]
fn a_role_in_one_virtual_account_finds_what_lies_there() {
    let (p, _) = stocked();
    let mut una = p.sign_in("una@xyz.example");
    let page = una.get("/search?q=foc").expect(200);
    let shown = page.texts("#results").join(" ");
    assert!(
        shown.contains("FOC-SOUTH-1") && !shown.contains("FOC-NORTH-1"),
        "{shown}"
    );
    let shown = una
        .get("/search?q=network+devices")
        .expect(200)
        .texts("#results")
        .join(" ");
    assert!(
        shown.contains("Public") && !shown.contains("Corporate"),
        "{shown}"
    );
    let shown = una
        .get("/search?q=essentials")
        .expect(200)
        .texts("#results")
        .join(" ");
    assert!(
        shown.contains("Public") && !shown.contains("Corporate"),
        "{shown}"
    );
    let shown = una
        .get("/search?q=petrov")
        .expect(200)
        .texts("#results")
        .join(" ");
    assert!(!shown.contains("Dan Petrov"), "{shown}");
    // Who sees no inventory at all finds none of it, and no pages of it.
    let mut bob = p.sign_in("bob@xyz.example");
    for words in ["foc", "essentials", "773300001", "of+a+test", "order+inventory"] {
        let page = bob.get(&format!("/search?q={words}")).expect(200);
        for kind in ["Devices", "Licenses", "Orders", "Registration tokens", "Pages"] {
            assert!(!kinds(page).contains(&kind.to_owned()), "{words}: {kind}");
        }
    }
    bob.get("/search?q=lindqvist")
        .expect(200)
        .shows("ada@xyz.example");
}

#[test]
fn borrowed_eyes_find_what_they_see() {
    let (p, cast) = stocked();
    let mut ada = p.sign_in("ada@xyz.example");
    let form = format!("/sa/{}/view-as", cast.xyz.number);
    ada.get(&form).expect(200);
    ada.fill_and_submit(&format!("form[action='{form}']"), &[("role", "account-approver")]);
    let page = ada.get("/search?q=foc").expect(200);
    assert!(
        page.texts(".view-as strong")
            .contains(&"Smart Account Approver".to_owned())
    );
    assert!(!kinds(page).contains(&"Devices".to_owned()));
}
