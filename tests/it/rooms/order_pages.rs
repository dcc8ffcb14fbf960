//! Order Inventory, an order, and "Assign to Smart Account and Virtual Account", as people and scripts see them.

use crate::support::{Account, Browser, Cast, Page, Portal, Sold};
use chrono::TimeDelta;
use licentral::authz::Role;
use licentral::kernel::ids::OrderId;
use licentral::platform::settings;
use licentral::smart_accounts::Visibility;
use serde_json::json;

/// With Cisco branded services, and with those of a partner.
const CAMPUS: &[(&str, i64)] = &[("C9300-48P-A", 4), ("CON-SNT-C930048A", 4)];
const BY_PARTNER: &[(&str, i64)] = &[("C9300-48P-A", 6), ("CON-SNT-C930048A", 6), ("PSS-OSP-CAMPUS", 1)];

fn inventory(account: &Account) -> String {
    format!("/sa/{}/orders/order-inventory", account.number)
}

fn sold(account: &Account, identifier: &str) -> Sold {
    let domain = match account.name.as_str() {
        "XYZ COMPANY" => "xyz.example",
        "Harborview Clinics" => "harborview.example",
        _ => "bramwell.example",
    };
    Sold::to(account, domain).named(identifier)
}

/// Seven orders of XYZ COMPANY, of every type.
fn seven(p: &Portal, cast: &Cast) -> Vec<OrderId> {
    let x = &cast.xyz;
    vec![
        p.order(&sold(x, "A-1").on("2026-01-01").status("fulfilled")),
        p.order(&sold(x, "A-2").on("2026-01-02").lines(CAMPUS)),
        p.order(
            &sold(x, "A-3")
                .on("2026-01-03")
                .by("bramwell.example")
                .lines(BY_PARTNER),
        ),
        p.order(&sold(x, "S-1").on("2026-01-04").of_type("stocking")),
        p.order(
            &sold(x, "E-1")
                .on("2026-01-05")
                .of_type("enterprise-agreement")
                .lines(&[("E3N-DNA-SW-A", 180)]),
        ),
        p.order(&sold(x, "A-4").on("2026-01-06").status("partially-fulfilled")),
        p.order(&sold(x, "A-5").on("2026-01-07")),
    ]
}

/// Sends a form of ours.
#[track_caller]
fn send<'b>(browser: &'b mut Browser, path: &str, fields: &[(&str, &str)]) -> &'b Page {
    let csrf = browser.csrf();
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend_from_slice(fields);
    browser.post_fields(path, &all)
}

fn identifiers(browser: &Browser) -> Vec<String> {
    browser.page().texts("tbody th a.id")
}

/// The slices of a card: label and count, as its table of links has them.
fn card(browser: &Browser, id: &str) -> Vec<String> {
    browser
        .page()
        .texts(&format!("section[aria-labelledby=d-{id}] .legend a"))
}

/// Ticks orders, presses the button of the list, and stands on the first step.
#[track_caller]
fn begin(browser: &mut Browser, account: &Account, orders: &[OrderId]) -> String {
    browser.get(&inventory(account)).expect(200);
    let ids: Vec<String> = orders.iter().map(OrderId::to_string).collect();
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("order", id.as_str())).collect();
    let to = send(browser, &format!("/sa/{}/orders/assign", account.number), &fields)
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    browser
        .get(&to)
        .expect(200)
        .shows("Assign to Smart Account and Virtual Account");
    to
}

/// Selects a Smart Account by its domain. `go` is the button that was pressed.
#[track_caller]
fn select(browser: &mut Browser, draft: &str, domain: &str, services: bool) {
    let what = if services { "services" } else { "products" };
    browser
        .get(&format!("{draft}/select?for={what}&by=domain&q={domain}"))
        .expect(200);
    let id = browser
        .page()
        .attrs("dialog input[name=account]", "value")
        .first()
        .unwrap_or_else(|| panic!("{domain} was not found: {}", browser.text_of_main()))
        .clone();
    browser
        .fill_and_submit("form[action$='/select'][method=post]", &[("account", &id)])
        .expect(200);
}

/// From the first step to the page of progress.
#[track_caller]
fn assign(browser: &mut Browser, draft: &str, fields: &[(&str, &str)]) -> String {
    let (_, mut all) = browser.form("form.assign");
    all.retain(|(name, _)| name != "csrf" && name != "go" && !fields.iter().any(|(known, _)| known == name));
    let mut sent: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    sent.extend_from_slice(fields);
    sent.push(("go", "next"));
    send(browser, draft, &sent).expect(303);
    browser.follow().expect(200).shows("Every line");
    browser
        .fill_and_send("Assign", &[])
        .expect(303)
        .location()
        .unwrap()
        .to_owned()
}

#[test]
fn unassigned_means_the_same_everywhere_and_which_can_be_assigned_is_said() {
    let (p, cast) = Portal::with_cast();
    seven(&p, &cast);
    let says = "5 of the 7 Unassigned orders can be assigned. The other 2, of type Stocking or Enterprise Agreement,";
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{}", cast.xyz.number))
        .expect(200)
        .shows("7 orders are Unassigned")
        .shows(says);
    let link = ada.page().attrs("main .note a", "href");
    assert_eq!(link.len(), 1, "{link:?}");
    ada.get(&link[0]).expect(200).shows(says);
    assert_eq!(
        card(&ada, "asg")[0],
        "Unassigned 7 , clear this filter",
        "the link leads to those that were counted"
    );
    assert_eq!(identifiers(&ada).len(), 7);
    // Nothing is said where all of them can be assigned.
    ada.get(&format!("{}?type=standard", inventory(&cast.xyz)))
        .expect(200)
        .shows_not("Unassigned orders can be assigned");
    let counts = p
        .api("ada@xyz.example")
        .get(&format!("/api/v1/accounts/{}/orders/counts", cast.xyz.number))
        .expect(200)
        .json();
    assert_eq!(counts["assignment"][0]["orders"], 7, "{counts}");
    assert_eq!(
        (&counts["unassigned"], &counts["unassigned_assignable"]),
        (&json!(7), &json!(5))
    );
    let file = ada
        .get(&format!("{}.csv?assignment=unassigned", inventory(&cast.xyz)))
        .expect(200)
        .body
        .clone();
    let assignable = |word: &str| file.matches(&format!(",Unassigned,{word},")).count();
    assert_eq!((assignable("Yes"), assignable("No")), (5, 2), "{file}");
}

/// Time goes on until what was asked for is complete.
fn complete(p: &Portal) {
    p.advance(TimeDelta::seconds(10));
    p.run_jobs();
}

/// So many of a hundred lines fail from now on.
fn failing(p: &Portal, percent: i64) {
    let text = json!({ "delay_seconds": 5, "failing_percent": percent }).to_string();
    p.db.housekeeping_now(|tx| settings::set(tx, "orders.completion", &text))
        .unwrap();
}

#[test]
fn cards_count_and_every_slice_filters() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&inventory(&cast.xyz)).expect(200).shows("7 orders");
    assert_eq!(
        identifiers(&ada),
        ["A-5", "A-4", "E-1", "S-1", "A-3", "A-2", "A-1"]
    );
    assert_eq!(
        card(&ada, "asg"),
        ["Unassigned 7", "Assignment requested 0", "Assigned 0", "Failed 0"]
    );
    assert_eq!(
        card(&ada, "typ"),
        ["Standard 5", "Stocking 1", "Enterprise Agreement 1"]
    );
    assert_eq!(
        card(&ada, "sts"),
        ["Fulfilled 1", "Partially fulfilled 1", "Pending 5"]
    );

    ada.click("Stocking 1").expect(200);
    assert_eq!(identifiers(&ada), ["S-1"]);
    ada.page().shows("Not assignable").shows("Order type: Stocking");
    // A card counts without regard to its own filter; the others follow it.
    assert_eq!(
        card(&ada, "typ"),
        [
            "Standard 5",
            "Stocking 1 , clear this filter",
            "Enterprise Agreement 1"
        ]
    );
    assert_eq!(
        card(&ada, "sts"),
        ["Fulfilled 0", "Partially fulfilled 0", "Pending 1"]
    );

    let base = inventory(&cast.xyz);
    for (query, found) in [
        ("?q=a-2", vec!["A-2"]),
        (
            "?q=4500182000&type=stocking&type=enterprise-agreement",
            vec!["E-1", "S-1"],
        ),
        ("?from=2026-01-02&to=2026-01-03", vec!["A-3", "A-2"]),
        (
            "?sort=id&per=10&page=9",
            vec!["A-1", "A-2", "A-3", "A-4", "A-5", "E-1", "S-1"],
        ),
        ("?sort=-lines&q=a-", vec!["A-3", "A-2"]),
        ("?assignment=assigned", vec![]),
        ("?q=nothing%25here", vec![]),
    ] {
        ada.get(&format!("{base}{query}")).expect(200);
        let shown = identifiers(&ada);
        assert_eq!(shown.get(..found.len()).unwrap_or(&shown), found, "{query}");
        if found.is_empty() {
            ada.page().shows("No orders match").shows("Show all 7 orders");
        }
    }
    // Where words are searched for, the cards are counted and say the same.
    ada.get(&format!("{base}?q=a-")).expect(200);
    assert_eq!(
        card(&ada, "typ"),
        ["Standard 5", "Stocking 0", "Enterprise Agreement 0"]
    );

    ada.get(&format!("{base}?col=lines&col=email")).expect(200);
    assert_eq!(
        ada.page().texts("thead th[scope=col]").get(1..4).unwrap(),
        ["Order Identifier", "Email ID of the customer", "Lines"]
    );
    ada.get(&format!("{base}?sort=owner&type=lease&page=0"))
        .expect(200)
        .shows("is not a choice here and was left out");

    let file = ada
        .get(&format!("{base}.csv?type=standard&sort=id"))
        .expect(200)
        .body
        .clone();
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[0].ends_with("Order Identifier,Purchase order,Customer,Customer domain,Order type,Order date,Lines,Assignment,Assignable,Order status"));
    assert!(lines[1].starts_with(
        "A-1,4500182000,XYZ COMPANY,xyz.example,Standard,2026-01-01T00:00:00Z,1,Unassigned,Yes,Fulfilled"
    ));

    ada.get(&format!("/sa/{}/orders/{}", cast.xyz.number, orders[2]))
        .expect(200)
        .shows("Order A-3")
        .shows("Partner branded service")
        .shows("Sold by");
    let csv = ada
        .get(&format!("/sa/{}/orders/{}/lines.csv", cast.xyz.number, orders[2]))
        .expect(200)
        .body
        .clone();
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn who_may_not_assign_is_told_why_and_strangers_see_nothing() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let theirs = p.order(&sold(&cast.harborview, "H-1"));
    let (list, number) = (inventory(&cast.xyz), cast.xyz.number);

    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&list)
        .expect(200)
        .shows("7 orders")
        .shows("cannot assign orders");
    assert!(vera.page().attrs("form#bulk", "action").is_empty());
    vera.get(&format!("/sa/{number}/orders/{}", orders[0]))
        .expect(200)
        .shows("cannot assign orders");
    send(
        &mut vera,
        &format!("/sa/{number}/orders/assign"),
        &[("order", &orders[0].to_string())],
    )
    .expect(403);

    // The role would do, the access level does not.
    p.person_at("lev@xyz.example", "Lev Holm", 0);
    p.role("lev@xyz.example", &cast.xyz, None, Role::AccountUser);
    let mut lev = p.sign_in("lev@xyz.example");
    lev.get(&list)
        .expect(200)
        .shows("Assigning orders needs access level 1 or 2; yours is 0.");
    send(
        &mut lev,
        &format!("/sa/{number}/orders/assign"),
        &[("order", &orders[0].to_string())],
    )
    .expect(409);

    for who in [
        "noa@newcomer.example",
        "eve@harborview.example",
        "pat@bramwell.example",
    ] {
        let mut stranger = p.sign_in(who);
        stranger.get(&list).expect(404);
        stranger
            .get(&format!("/sa/{number}/orders/{}", orders[0]))
            .expect(404);
    }
    // Bob approves properties and sees no orders; somebody else's order is not there, nor is one in a selection.
    p.sign_in("bob@xyz.example").get(&list).expect(403);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{number}/orders/{theirs}")).expect(404);
    let before = p.fingerprint();
    send(
        &mut ada,
        &format!("/sa/{number}/orders/assign"),
        &[("order", &orders[0].to_string()), ("order", &theirs.to_string())],
    )
    .expect(404);
    before.assert_same(&p.fingerprint(), "an order of another tenant among the selected");

    // A role of one Virtual Account sees what went there.
    let mut una = p.sign_in("una@xyz.example");
    una.get(&list).expect(200).shows("No orders yet");
    let draft = begin(&mut ada, &cast.xyz, &[orders[1]]);
    select(&mut ada, &draft, "xyz.example", false);
    assign(&mut ada, &draft, &[("va", &cast.public.to_string())]);
    complete(&p);
    una.get(&list)
        .expect(200)
        .shows("1 order of which a line went to one of your Virtual Accounts");
    assert_eq!(identifiers(&una), ["A-2"]);
    una.get(&format!("/sa/{number}/orders/{}", orders[0])).expect(404);
}

#[test]
fn an_order_is_assigned_step_by_step() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let mut ada = p.sign_in("ada@xyz.example");
    let draft = begin(&mut ada, &cast.xyz, &[orders[1]]);
    ada.page()
        .shows("1 order, 2 lines. Order A-2 includes Cisco branded services.")
        .shows("No Smart Account selected")
        .shows("Assign Product line and Cisco branded Services to separate Accounts");

    // Without an account there is no way on.
    send(&mut ada, &draft, &[("go", "next")])
        .expect(422)
        .shows("Select a Smart Account.");
    send(&mut ada, &draft, &[("go", "select")]).expect(303);
    ada.follow().expect(200).shows("Select a Smart Account");
    let options = ada.page().texts("dialog select[name=by] option");
    assert_eq!(
        options,
        [
            "Domain Identifier",
            "Smart Account name",
            "Email ID of the customer"
        ]
    );

    // A Restricted account shows for its whole name alone; what cannot be read is said.
    for (by, q, found) in [
        ("name", "Harborview", 0),
        ("name", "harborview clinics", 1),
        ("domain", "harborview", 0),
        ("domain", "harborview.example", 1),
        ("email", "eve@harborview.example", 0),
        ("email", "ada@xyz.example", 1),
        ("email", "no address", 0),
        ("name", "xyz", 1),
    ] {
        let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
        ada.get(&format!("{draft}/select?by={by}&q={q}")).expect(200);
        assert_eq!(
            ada.page().attrs("dialog input[name=account]", "value").len(),
            found,
            "{by} {q}"
        );
    }
    // Found, and not to be had.
    ada.get(&format!("{draft}/select?by=domain&q=harborview.example"))
        .expect(200)
        .shows("You may assign orders to accounts in which you hold a role");
    let harborview = cast.harborview.id.to_string();
    send(
        &mut ada,
        &format!("{draft}/select"),
        &[
            ("account", &harborview),
            ("for", "products"),
            ("by", "domain"),
            ("q", "harborview.example"),
        ],
    )
    .expect(422)
    .shows("You may assign orders to accounts in which you hold a role");

    select(&mut ada, &draft, "xyz.example", false);
    ada.page().shows("XYZ COMPANY").shows("Select another");
    assert_eq!(
        ada.page().texts("select[name=va] option"),
        ["DEFAULT", "Corporate Network Devices", "Public Network Devices"]
    );
    let stranger = cast.bramwell.default.to_string();
    send(&mut ada, &draft, &[("va", &stranger), ("go", "next")])
        .expect(422)
        .shows("Choose a Virtual Account.");
    ada.get(&draft).expect(200);
    let progress = assign(&mut ada, &draft, &[("va", &cast.corporate.to_string())]);
    ada.get(&progress)
        .expect(200)
        .shows("Your Smart Account and Virtual Account assignment has been requested.")
        .shows("Assignment requested 2")
        .shows("This page renews itself");
    // Without script the browser is told to come again.
    assert!(ada.page().body.contains("http-equiv=\"refresh\""));
    assert_eq!(ada.page().attrs("#progress", "data-refresh"), ["2"]);

    complete(&p);
    ada.get(&progress)
        .expect(200)
        .shows("Everything is assigned.")
        .shows("Your Smart Account and Virtual Account assignment is complete.")
        .shows_not("assignment has been requested")
        .shows("Assigned 2");
    assert!(!ada.page().body.contains("http-equiv=\"refresh\""));
    assert!(ada.page().attrs("#progress", "data-refresh").is_empty());
    ada.get(&format!("/sa/{}/orders/{}", cast.xyz.number, orders[1]))
        .expect(200)
        .shows("Corporate Network Devices")
        .shows("assignment complete")
        .shows("The assignment of the order A-2 to XYZ COMPANY, Corporate Network Devices was requested.");
    ada.get(&inventory(&cast.xyz)).expect(200);
    assert_eq!(
        card(&ada, "asg"),
        ["Unassigned 6", "Assignment requested 0", "Assigned 1", "Failed 0"]
    );
    let told = p.events_of("order.assignment-requested").len();
    // A draft that was carried out leads to what came of it, and pressed again it is done once.
    assert_eq!(ada.get(&draft).path, progress);
    assert_eq!(ada.get(&format!("{draft}/review")).path, progress);
    assert_eq!(
        send(&mut ada, &format!("{draft}/review"), &[("fingerprint", "x")])
            .expect(303)
            .location(),
        Some(progress.as_str())
    );
    assert_eq!(p.events_of("order.assignment-requested").len(), told);
}

#[test]
fn products_and_services_go_to_separate_accounts() {
    let (p, cast) = Portal::with_cast();
    let order = p.order(&sold(&cast.xyz, "P-1").by("bramwell.example").lines(BY_PARTNER));
    let mut pat = p.sign_in("pat@bramwell.example");
    let draft = begin(&mut pat, &cast.bramwell, &[order]);
    pat.page()
        .shows("1 line of partner branded services.")
        .shows("They go to the Smart Account of the partner who sold them");
    select(&mut pat, &draft, "xyz.example", false);
    // Checked, and no second account yet.
    send(
        &mut pat,
        &draft,
        &[
            ("va", &cast.xyz.default.to_string()),
            ("separate", "1"),
            ("go", "next"),
        ],
    )
    .expect(422)
    .shows("Select a Smart Account for Cisco branded services.");
    select(&mut pat, &draft, "bramwell.example", true);
    let progress = assign(
        &mut pat,
        &draft,
        &[
            ("va", &cast.xyz.default.to_string()),
            ("separate", "1"),
            ("services_va", &cast.bramwell.default.to_string()),
        ],
    );
    complete(&p);
    pat.get(&progress).expect(200).shows("Assigned 3");
    pat.get(&format!("/sa/{}/orders/{order}", cast.bramwell.number))
        .expect(200);
    let places = pat.page().texts("table.tbl tbody td.f");
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(places[0].starts_with("XYZ COMPANY"), "{places:?}");
    assert!(places[1].starts_with("Bramwell Distribution"), "{places:?}");
    assert!(places[2].starts_with("Bramwell Distribution"), "{places:?}");
    // The partner's own services are assigned separately from here.
    pat.fill_and_submit("Assign partner branded services", &[])
        .expect(200)
        .shows("1 order, 1 line");
}

#[test]
fn a_selection_with_some_that_cannot_be_assigned_is_all_or_nothing() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&inventory(&cast.xyz)).expect(200);
    // The rows say so before anything is ticked, and so do their menus.
    assert_eq!(ada.page().attrs("tbody input[data-no]", "data-no").len(), 2);
    ada.page()
        .shows("Stocking orders are not available to assign to a Smart Account.");
    let draft = begin(&mut ada, &cast.xyz, &[orders[0], orders[3], orders[4]]);
    ada.page()
        .shows("2 orders cannot be assigned")
        .shows("S-1")
        .shows("E-1")
        .shows("Leave them out, and assign the other one")
        .shows("Enterprise Agreement orders are not available to assign to a Smart Account.");
    select(&mut ada, &draft, "xyz.example", false);
    send(
        &mut ada,
        &draft,
        &[("va", &cast.corporate.to_string()), ("go", "next")],
    )
    .expect(422)
    .shows("2 orders cannot be assigned. Leave them out, or cancel");
    ada.get(&format!("{draft}/review"))
        .expect(200)
        .shows("This cannot be assigned.");
    assert!(ada.page().attrs("form[action$=review]", "action").is_empty());
    send(
        &mut ada,
        &draft,
        &[("va", &cast.corporate.to_string()), ("go", "leave-out")],
    )
    .expect(303);
    ada.follow()
        .expect(200)
        .shows("1 order, 1 line")
        .shows_not("cannot be assigned");
    let progress = assign(&mut ada, &draft, &[]);
    complete(&p);
    ada.get(&progress).expect(200).shows("Assigned 1");

    // Nothing but such orders: there is nothing left to do.
    let draft = begin(&mut ada, &cast.xyz, &[orders[3]]);
    send(&mut ada, &draft, &[("go", "leave-out")]).expect(303);
    ada.follow()
        .expect(200)
        .shows("None of the selected orders can be assigned.");
    // No order at all.
    send(&mut ada, &format!("/sa/{}/orders/assign", cast.xyz.number), &[]).expect(303);
    ada.follow()
        .expect(200)
        .shows("Tick the orders that you want to assign first.");
}

#[test]
fn all_that_match_are_taken_as_they_are_then() {
    let (p, cast) = Portal::with_cast();
    seven(&p, &cast);
    let mut ada = p.sign_in("ada@xyz.example");
    let base = inventory(&cast.xyz);
    ada.get(&format!("{base}?select=all"))
        .expect(200)
        .shows("All 7 orders that match are selected")
        .shows("2 of them cannot be assigned");
    // Those that can be are offered at once, with and without script: the next page names the others.
    let (action, fields) = ada.form("form#bulk");
    assert!(ada.page().texts("form#bulk button[aria-disabled]").is_empty());
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    send(&mut ada, &action, &fields).expect(303);
    ada.follow()
        .expect(200)
        .shows("2 orders cannot be assigned")
        .shows("S-1")
        .shows("Leave them out, and assign the other 5");
    ada.get(&format!("{base}?select=all&type=stocking")).expect(200);
    assert_eq!(
        ada.page().texts("#why-everything").len(),
        1,
        "nothing is left to assign"
    );
    assert!(
        ada.page()
            .attrs("form#bulk button", "type")
            .iter()
            .all(|kind| kind == "button")
    );
    ada.get(&format!("{base}?select=all")).expect(200);
    ada.click("Select those that can be assigned")
        .expect(200)
        .shows("All 5 orders that match are selected");
    // One more comes in before the button is pressed.
    let (action, fields) = ada.form("form#bulk");
    p.order(&sold(&cast.xyz, "A-6").on("2026-01-08"));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    send(&mut ada, &action, &fields).expect(303);
    ada.follow()
        .expect(200)
        .shows("5 orders matched when you selected all of them; now it is 6.")
        .shows("6 orders, 9 lines");
}

#[test]
fn a_review_that_has_become_stale_says_what_changed() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let (mut ada, mut cy) = (p.sign_in("ada@xyz.example"), p.sign_in("cy@xyz.example"));
    let mine = begin(&mut ada, &cast.xyz, &[orders[0], orders[5]]);
    select(&mut ada, &mine, "xyz.example", false);
    let (_, review) = {
        send(
            &mut ada,
            &mine,
            &[("va", &cast.corporate.to_string()), ("go", "next")],
        )
        .expect(303);
        ada.follow().expect(200);
        ada.form("Assign")
    };
    let theirs = begin(&mut cy, &cast.xyz, &[orders[0]]);
    select(&mut cy, &theirs, "xyz.example", false);
    assign(&mut cy, &theirs, &[("va", &cast.public.to_string())]);
    complete(&p);
    let events = p.events_of("order.assignment-requested").len();
    let sent: Vec<(&str, &str)> = review
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    send(&mut ada, &format!("{mine}/review"), &sent)
        .expect(409)
        .shows("Nothing was assigned")
        .shows("Cy Okafor")
        .shows("Public Network Devices");
    assert_eq!(
        p.events_of("order.assignment-requested").len(),
        events,
        "all or nothing"
    );
}

#[test]
fn lines_that_fail_can_be_tried_again_and_lines_of_a_pending_account_wait() {
    let (p, cast) = Portal::with_cast();
    let order = p.order(&sold(&cast.xyz, "F-1"));
    failing(&p, 100);
    let mut ada = p.sign_in("ada@xyz.example");
    let draft = begin(&mut ada, &cast.xyz, &[order]);
    select(&mut ada, &draft, "xyz.example", false);
    let progress = assign(&mut ada, &draft, &[("va", &cast.corporate.to_string())]);
    complete(&p);
    ada.get(&progress)
        .expect(200)
        .shows("Failed 1")
        .shows("Some lines could not be assigned")
        .shows_not("assignment has been requested");
    failing(&p, 0);
    ada.get(&format!("/sa/{}/orders/{order}", cast.xyz.number))
        .expect(200)
        .shows("1 line could not be assigned.");
    ada.fill_and_submit("Retry", &[])
        .expect(200)
        .shows("assignment has been requested");
    complete(&p);
    ada.get(&format!("/sa/{}/orders/{order}", cast.xyz.number))
        .expect(200)
        .shows("Assigned");
    send(
        &mut ada,
        &format!("/sa/{}/orders/{order}/retry", cast.xyz.number),
        &[],
    )
    .expect(409);
}

#[test]
fn support_is_warned_and_unchecked() {
    let (p, cast) = Portal::with_cast();
    let order = p.order(&sold(&cast.xyz, "U-1"));
    let mut sam = p.sign_in("sam@licensing.example");
    sam.get(&inventory(&cast.xyz))
        .expect(200)
        .shows("You act as Support.");
    let draft = begin(&mut sam, &cast.xyz, &[order]);
    sam.page().shows("You act as Support.");
    // Nobody of XYZ COMPANY could: Sam holds no role in Bramwell Distribution.
    select(&mut sam, &draft, "bramwell.example", false);
    let progress = assign(&mut sam, &draft, &[]);
    sam.get(&progress).expect(200).shows("unchecked: support");
    complete(&p);
    let told = p.events_of("order.assignment-requested");
    assert!(
        told.iter()
            .all(|event| event.message.contains("unchecked: support")),
        "{told:?}"
    );
    // Ada sees no such banner.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&inventory(&cast.xyz))
        .expect(200)
        .shows_not("You act as Support.");
}

#[test]
fn scripts_read_what_the_pages_show() {
    let (p, cast) = Portal::with_cast();
    let orders = seven(&p, &cast);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let mut ada = p.api("ada@xyz.example");
    let list = ada
        .get(&format!("{base}/orders?type=standard&sort=id&per=10"))
        .expect(200)
        .json();
    assert_eq!(list["total"], 5);
    assert_eq!(list["items"][0]["identifier"], "A-1");
    assert_eq!(list["items"][0]["assignable"], true);
    let counts = ada
        .get(&format!("{base}/orders/counts?type=stocking"))
        .expect(200)
        .json();
    assert_eq!(counts["total"], 1);
    assert_eq!(counts["order_type"][0]["orders"], 5);
    let one = ada
        .get(&format!("{base}/orders/{}", orders[3]))
        .expect(200)
        .json();
    assert_eq!(one["identifier"], "S-1");
    assert_eq!(one["lines"][0]["state"], "not-assignable");
    assert_eq!(
        one["not_assignable"],
        "Stocking orders are not available to assign to a Smart Account."
    );
    ada.get(&format!("{base}/orders/{}", OrderId::new())).expect(404);
    p.api("eve@harborview.example")
        .get(&format!("{base}/orders"))
        .expect(404);
    // A Restricted account elsewhere changes nothing of this: it is somebody else's.
    p.account_as("Quiet Works", "quiet.example", Visibility::Restricted);
    assert_eq!(ada.get(&format!("{base}/orders")).expect(200).json()["total"], 7);
}
