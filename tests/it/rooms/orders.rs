//! Orders through the API: where they come from, who may assign what where to, and what comes of it.

use crate::support::{Account, Api, Cast, Portal};
use chrono::TimeDelta;
use licentral::authz::Role;
use licentral::kernel::ids::{SmartAccountId, VirtualAccountId};
use licentral::kernel::{DomainIdentifier, Name};
use licentral::{smart_accounts, virtual_accounts};
use serde_json::{Value, json};

/// An order of XYZ COMPANY, sold by Bramwell Distribution when `partner`.
pub fn order(identifier: &str, partner: bool, lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity }))
        .collect();
    json!({
        "identifier": identifier, "customer": "XYZ COMPANY", "customer_domain": "xyz.example",
        "customer_email": "buyer@xyz.example", "partner_domain": if partner { "bramwell.example" } else { "" },
        "lines": lines,
    })
}

fn of_type(mut order: Value, order_type: &str) -> Value {
    order["order_type"] = json!(order_type);
    order
}

impl Portal {
    /// An order comes in; its id.
    #[track_caller]
    pub fn order_comes_in(&self, order: &Value) -> String {
        let reply = self.api("olga@licensing.example").post("/api/v1/orders", order);
        reply.expect(201).json()["id"].as_str().unwrap().to_owned()
    }
    /// After so long everything that was asked for is complete.
    pub fn complete(&self) {
        self.advance(TimeDelta::seconds(10));
        self.run_jobs();
    }
    /// Everything adds up.
    #[track_caller]
    pub fn adds_up(&self) {
        let found = licentral::simulator::check(&self.db).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Asks for an assignment to a Virtual Account of an account.
fn assign(
    api: &mut Api,
    from: &Account,
    orders: &[&str],
    domain: &str,
    place: &str,
) -> crate::support::Reply {
    api.post(
        &format!("/api/v1/accounts/{}/order-assignments", from.number),
        &json!({ "orders": orders, "target": { "smart_account": domain, "virtual_account": place } }),
    )
}

/// The lines of an order as its account sees them: state and reason.
fn lines(api: &mut Api, account: &Account, order: &str) -> Vec<(String, String)> {
    let reply = api.get(&format!("/api/v1/accounts/{}/orders/{order}", account.number));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.expect(200).json()["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (text(&line["state"]), text(&line["reason"])))
        .collect()
}

fn states(api: &mut Api, account: &Account, order: &str) -> Vec<String> {
    lines(api, account, order)
        .into_iter()
        .map(|(state, _)| state)
        .collect()
}

/// Names and numbers of the licenses of an account.
fn licenses(api: &mut Api, account: &Account) -> Vec<(String, String, i64)> {
    let reply = api.get(&format!("/api/v1/accounts/{}/licenses?per=100", account.number));
    reply.expect(200).json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["license"].as_str().unwrap().to_owned(),
                one["virtual_account_name"].as_str().unwrap().to_owned(),
                one["purchased"].as_i64().unwrap(),
            )
        })
        .collect()
}

fn code(reply: &crate::support::Reply) -> String {
    reply.expect(409).json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn with_orders() -> (Portal, Cast) {
    Portal::with_cast()
}

const SWITCH: &[(&str, i64)] = &[("C9200-48P-E", 3)];
const ALL_KINDS: &[(&str, i64)] = &[("C9200-48P-E", 2), ("CON-SNT-C92048PE", 2), ("PSS-SNT-SWITCH", 1)];

#[test]
fn an_order_comes_in_once_and_everything_wrong_with_it_is_said() {
    let (p, _) = with_orders();
    let mut olga = p.api("olga@licensing.example");
    let good = order(
        "WEB-1",
        false,
        &[("C9200-48P-E", 1), ("C8200-1N-4T", 2_000_000_000)],
    );
    olga.post_once("/api/v1/orders", "key-1", &good).expect(201);
    olga.post_once("/api/v1/orders", "key-1", &good).expect(201);
    assert_eq!(p.fingerprint().count("orders"), 1);
    let again = olga.post("/api/v1/orders", &order("web-1", false, SWITCH));
    assert_eq!(code(&again), "orders.identifier-taken");
    for quantity in [0, -1, 2_000_000_001] {
        let reply = olga.post(
            "/api/v1/orders",
            &order("WEB-2", false, &[("C9200-48P-E", quantity)]),
        );
        reply.expect(422);
        assert!(reply.body.contains("lines[0].quantity"), "{}", reply.body);
    }
    let unknown = olga.post("/api/v1/orders", &order("WEB-2", false, &[("NO-SUCH", 1)]));
    unknown.expect(422);
    let mut stranger = order("WEB-2", false, SWITCH);
    stranger["partner_domain"] = json!("nobody.example");
    olga.post("/api/v1/orders", &stranger).expect(422);
    // Nobody else takes orders in, whatever their role.
    for email in ["ada@xyz.example", "sam@licensing.example", "noa@newcomer.example"] {
        let reply = p
            .api(email)
            .post("/api/v1/orders", &order("WEB-3", false, SWITCH));
        assert!(matches!(reply.status, 403 | 404), "{email}: {}", reply.status);
    }
    assert_eq!(p.fingerprint().count("orders"), 1);
    p.adds_up();
}

#[test]
fn assigned_lines_put_their_licenses_where_they_were_sent_once() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    let reply = assign(
        &mut ada,
        &cast.xyz,
        &["WEB-1"],
        "xyz.example",
        "Corporate Network Devices",
    );
    let href = reply.expect(202).json()["href"].as_str().unwrap().to_owned();
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["requested"]);
    assert!(licenses(&mut ada, &cast.xyz).is_empty());
    p.run_jobs();
    assert_eq!(
        states(&mut ada, &cast.xyz, &id),
        ["requested"],
        "it takes a while"
    );
    p.complete();
    p.run_jobs();
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["assigned"]);
    let corporate = "Corporate Network Devices".to_owned();
    assert_eq!(
        licenses(&mut ada, &cast.xyz),
        [
            ("C9200 DNA Essentials, 48-port".to_owned(), corporate.clone(), 3),
            ("C9200 Network Essentials, 48-port".to_owned(), corporate, 3),
        ]
    );
    let progress = ada.get(&href).expect(200).json();
    assert!(progress["settled_at"].is_string(), "{progress}");
    assert!(
        p.mail()
            .last_to("ada@xyz.example")
            .subject
            .contains("1 order assigned")
    );
    // Once more is refused, with by whom and where to.
    let again = assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "DEFAULT");
    assert_eq!(code(&again), "orders.nothing-to-assign");
    assert!(again.body.contains("Ada Lindqvist") && again.body.contains("Corporate Network Devices"));
    // The Virtual Account is no longer empty.
    let delete = ada.delete(&format!(
        "/api/v1/accounts/{}/virtual-accounts/{}",
        cast.xyz.number, cast.corporate
    ));
    assert_eq!(code(&delete), "virtual-accounts.not-empty");
    for kind in ["order.received", "order.assigned", "licenses.added"] {
        assert_eq!(p.events_of(kind).len(), 1, "{kind}");
    }
    p.adds_up();
}

#[test]
fn who_may_not_assign_is_told_and_strangers_learn_nothing() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let before = p.fingerprint();
    let mut vera = p.api("vera@xyz.example");
    assign(&mut vera, &cast.xyz, &[&id], "xyz.example", "DEFAULT").expect(403);
    p.role("bob@xyz.example", &cast.xyz, None, Role::AccountUser);
    let before = {
        let _ = before;
        p.fingerprint()
    };
    let mut bob = p.api("bob@xyz.example");
    let low = assign(&mut bob, &cast.xyz, &[&id], "xyz.example", "DEFAULT");
    assert_eq!(code(&low), "orders.access-level");
    // Orders of another tenant are not there, by id or by name, in one's own account or in theirs.
    let mut eve = p.api("eve@harborview.example");
    assign(
        &mut eve,
        &cast.harborview,
        &[&id],
        "harborview.example",
        "DEFAULT",
    )
    .expect(404);
    assign(
        &mut eve,
        &cast.harborview,
        &["WEB-1"],
        "harborview.example",
        "DEFAULT",
    )
    .expect(404);
    assign(&mut eve, &cast.xyz, &[&id], "harborview.example", "DEFAULT").expect(404);
    eve.get(&format!(
        "/api/v1/accounts/{}/orders/{id}",
        cast.harborview.number
    ))
    .expect(404);
    // Nor may one's own orders go to accounts of others.
    let mut ada = p.api("ada@xyz.example");
    let away = assign(&mut ada, &cast.xyz, &[&id], "harborview.example", "DEFAULT");
    assert_eq!(code(&away), "orders.target-not-yours");
    assign(&mut ada, &cast.xyz, &[&id], "nobody.example", "DEFAULT").expect(422);
    assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "No such place").expect(422);
    let _ = before;
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["unassigned"]);
    assert!(p.events_of("order.assignment-requested").is_empty());
    p.adds_up();
}

#[test]
fn a_mixed_choice_is_refused_as_a_whole_and_names_what_is_in_the_way() {
    let (p, cast) = with_orders();
    let good = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let stock = p.order_comes_in(&of_type(order("WEB-2", false, SWITCH), "stocking"));
    let agreement = p.order_comes_in(&of_type(order("WEB-3", false, SWITCH), "enterprise-agreement"));
    for email in ["ada@xyz.example", "sam@licensing.example"] {
        let mut api = p.api(email);
        let reply = assign(
            &mut api,
            &cast.xyz,
            &[&good, &stock, &agreement],
            "xyz.example",
            "DEFAULT",
        );
        assert_eq!(code(&reply), "orders.not-assignable", "{email}");
        for words in ["WEB-2", "WEB-3", "Stocking orders", "Enterprise Agreement orders"] {
            assert!(reply.body.contains(words), "{words}: {}", reply.body);
        }
        assert!(!reply.body.contains("WEB-1:"));
    }
    let mut ada = p.api("ada@xyz.example");
    assert_eq!(states(&mut ada, &cast.xyz, &good), ["unassigned"]);
    assert_eq!(states(&mut ada, &cast.xyz, &stock), ["not-assignable"]);
    p.adds_up();
}

#[test]
fn a_partner_sends_licenses_to_the_customer_and_keeps_their_own_services() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", true, ALL_KINDS));
    let mut pat = p.api("pat@bramwell.example");
    // Only to the end customer, and to one's own account.
    let away = assign(&mut pat, &cast.bramwell, &[&id], "harborview.example", "DEFAULT");
    assert_eq!(code(&away), "orders.target-not-yours");
    assign(&mut pat, &cast.bramwell, &[&id], "xyz.example", "DEFAULT").expect(202);
    p.complete();
    assert_eq!(states(&mut pat, &cast.bramwell, &id), ["assigned"; 3]);
    let shown = pat
        .get(&format!("/api/v1/accounts/{}/orders/{id}", cast.bramwell.number))
        .json();
    let at = |n: usize| shown["lines"][n]["smart_account_id"].as_i64().unwrap();
    assert_eq!(
        (at(0), at(1), at(2)),
        (cast.xyz.number, cast.xyz.number, cast.bramwell.number)
    );
    assert_eq!(
        p.mail().all_to("ada@xyz.example").len(),
        1,
        "the receiving administrator hears of it"
    );
    // "They will have to assign these separately."
    let separately = pat.post(
        &format!("/api/v1/accounts/{}/order-assignments", cast.bramwell.number),
        &json!({ "orders": [id], "work": "partner-services", "target": { "smart_account": "xyz.example" } }),
    );
    separately.expect(202);
    p.complete();
    let shown = pat
        .get(&format!("/api/v1/accounts/{}/orders/{id}", cast.bramwell.number))
        .json();
    assert_eq!(shown["lines"][2]["smart_account_id"], json!(cast.xyz.number));
    p.adds_up();
}

#[test]
fn services_may_go_to_a_separate_account() {
    let (p, cast) = with_orders();
    p.role("ada@xyz.example", &cast.harborview, None, Role::AccountUser);
    let id = p.order_comes_in(&order("WEB-1", false, ALL_KINDS));
    let mut ada = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/order-assignments", cast.xyz.number);
    let body = json!({ "orders": [id],
        "target": { "smart_account": "xyz.example", "virtual_account": cast.public },
        "services": { "smart_account": "harborview.example" } });
    let review = ada.post(&format!("{path}/review"), &body).expect(200).json();
    assert_eq!(review["good"], json!(true), "{review}");
    assert_eq!(
        review["orders"][0]["lines"][1]["to"],
        json!("Harborview Clinics, DEFAULT")
    );
    assert_eq!(
        states(&mut ada, &cast.xyz, &id),
        ["unassigned"; 3],
        "a review changes nothing"
    );
    ada.post(&path, &body).expect(202);
    p.complete();
    let shown = ada
        .get(&format!("/api/v1/accounts/{}/orders/{id}", cast.xyz.number))
        .json();
    let at = |n: usize| shown["lines"][n]["smart_account_id"].as_i64().unwrap();
    assert_eq!(
        (at(0), at(1), at(2)),
        (cast.xyz.number, cast.harborview.number, cast.xyz.number)
    );
    // The order shows in both accounts now.
    p.api("eve@harborview.example")
        .get(&format!(
            "/api/v1/accounts/{}/orders/{id}",
            cast.harborview.number
        ))
        .expect(200);
    p.adds_up();
}

#[test]
fn support_assigns_without_checks_and_the_record_says_so() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut sam = p.api("sam@licensing.example");
    assign(&mut sam, &cast.xyz, &[&id], "harborview.example", "DEFAULT").expect(202);
    p.complete();
    let asked = p.events_of("order.assignment-requested");
    assert!(
        asked
            .iter()
            .all(|event| event.message.contains("unchecked: support")),
        "{asked:?}"
    );
    assert!(!asked.is_empty());
    p.adds_up();
}

#[test]
fn a_virtual_account_that_is_deleted_meanwhile_makes_its_lines_fail() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    assign(
        &mut ada,
        &cast.xyz,
        &[&id],
        "xyz.example",
        "Public Network Devices",
    )
    .expect(202);
    let public = format!(
        "/api/v1/accounts/{}/virtual-accounts/{}",
        cast.xyz.number, cast.public
    );
    ada.delete(&public).expect(204);
    p.complete();
    let (state, reason) = lines(&mut ada, &cast.xyz, &id).pop().unwrap();
    assert_eq!(state, "failed");
    assert!(reason.contains("has been deleted"), "{reason}");
    assert!(licenses(&mut ada, &cast.xyz).is_empty());
    let retry = ada.post(
        &format!("/api/v1/accounts/{}/orders/{id}/retry", cast.xyz.number),
        &json!({}),
    );
    assert_eq!(code(&retry), "orders.place-gone");
    // Failed lines can be assigned anew.
    assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "DEFAULT").expect(202);
    p.complete();
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["assigned"]);
    p.adds_up();
}

#[test]
fn lines_of_an_account_that_turns_inactive_fail_and_can_be_tried_again() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", true, SWITCH));
    let mut pat = p.api("pat@bramwell.example");
    assign(&mut pat, &cast.bramwell, &[&id], "xyz.example", "DEFAULT").expect(202);
    set_state(&p, &cast.xyz, "inactive");
    p.complete();
    let (state, reason) = lines(&mut pat, &cast.bramwell, &id).pop().unwrap();
    assert_eq!(
        (state.as_str(), reason.contains("Inactive")),
        ("failed", true),
        "{reason}"
    );
    let path = format!("/api/v1/accounts/{}/orders/{id}/retry", cast.bramwell.number);
    assert_eq!(code(&pat.post(&path, &json!({}))), "smart-account.inactive");
    let again = assign(&mut pat, &cast.bramwell, &[&id], "xyz.example", "DEFAULT");
    assert_eq!(code(&again), "smart-account.inactive");
    set_state(&p, &cast.xyz, "active");
    pat.post(&path, &json!({})).expect(202);
    p.complete();
    assert_eq!(states(&mut pat, &cast.bramwell, &id), ["assigned"]);
    assert_eq!(code(&pat.post(&path, &json!({}))), "orders.nothing-failed");
    p.adds_up();
}

fn set_state(p: &Portal, account: &Account, state: &str) {
    use diesel::prelude::*;
    use licentral::platform::db::Reads;
    use licentral::platform::db::schema::smart_accounts;
    p.db.housekeeping_now(|tx| {
        diesel::update(smart_accounts::table.find(account.id))
            .set(smart_accounts::state.eq(state))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn lines_wait_on_hold_for_a_pending_account() {
    let (p, cast) = with_orders();
    let (id, default, at) = (SmartAccountId::new(), VirtualAccountId::new(), p.clock.now());
    let draft = smart_accounts::Draft {
        name: Name::parse("Newly Founded", "name").unwrap(),
        domain: DomainIdentifier::parse("founded.example").unwrap(),
        visibility: smart_accounts::Visibility::Unrestricted,
        headquarters: String::new(),
        requested_by: None,
        detail: smart_accounts::PendingDetail::CustomerAcceptance,
    };
    p.db.housekeeping_now(|tx| smart_accounts::request(tx, at, id, &draft).map(drop))
        .unwrap();
    let mut body = order("WEB-1", true, SWITCH);
    body["customer_domain"] = json!("founded.example");
    let order = p.order_comes_in(&body);
    let mut pat = p.api("pat@bramwell.example");
    assign(&mut pat, &cast.bramwell, &[&order], "founded.example", "").expect(202);
    p.complete();
    assert_eq!(states(&mut pat, &cast.bramwell, &order), ["hold"]);
    p.complete();
    assert_eq!(states(&mut pat, &cast.bramwell, &order), ["hold"], "it waits");
    p.db.housekeeping_now(|tx| {
        smart_accounts::activate(tx, at, id)?;
        virtual_accounts::create_default(tx, at, id, default)
    })
    .unwrap();
    p.complete();
    p.run_jobs();
    assert_eq!(states(&mut pat, &cast.bramwell, &order), ["assigned"]);
    assert_eq!(
        (
            p.events_of("order.held").len(),
            p.events_of("order.released").len()
        ),
        (1, 1)
    );
    let found = licentral::simulator::check(&p.db).unwrap();
    // The account of this test has no administrator; nothing else is amiss.
    assert_eq!(
        found
            .iter()
            .filter(|one| !one.contains("administrator") && !one.contains("request"))
            .count(),
        0,
        "{found:#?}"
    );
}

#[test]
fn whole_lines_are_reassigned_while_the_order_is_pending() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut done = order("WEB-2", false, SWITCH);
    done["order_status"] = json!("fulfilled");
    let fulfilled = p.order_comes_in(&done);
    let mut ada = p.api("ada@xyz.example");
    assign(
        &mut ada,
        &cast.xyz,
        &[&id, &fulfilled],
        "xyz.example",
        "Corporate Network Devices",
    )
    .expect(202);
    p.complete();
    let path = format!("/api/v1/accounts/{}/order-assignments", cast.xyz.number);
    let line = |api: &mut Api, order: &str| {
        let shown = api
            .get(&format!("/api/v1/accounts/{}/orders/{order}", cast.xyz.number))
            .json();
        shown["lines"][0]["id"].clone()
    };
    let first = line(&mut ada, &id);
    let body = json!({ "orders": [id], "work": "reassign", "lines": [first],
        "target": { "smart_account": "xyz.example", "virtual_account": "Public Network Devices" } });
    ada.post(&path, &body).expect(202);
    p.complete();
    let held = licenses(&mut ada, &cast.xyz);
    assert_eq!(held.iter().map(|one| one.2).sum::<i64>(), 12, "{held:?}");
    assert_eq!(
        held.iter()
            .filter(|one| one.1 == "Public Network Devices")
            .count(),
        2,
        "{held:?}"
    );
    assert_eq!(p.events_of("licenses.taken-back").len(), 1);
    let second = line(&mut ada, &fulfilled);
    let body = json!({ "orders": [fulfilled], "work": "reassign", "lines": [second],
        "target": { "smart_account": "xyz.example" } });
    assert_eq!(code(&ada.post(&path, &body)), "orders.not-reassignable");
    p.adds_up();
}

#[test]
fn what_went_on_from_a_deleted_virtual_account_is_not_brought_a_second_time() {
    let (p, cast) = with_orders();
    let gone = p.virtual_account(&cast.xyz, "For a while");
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "For a while").expect(202);
    p.complete();
    let held = licenses(&mut ada, &cast.xyz);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let all = ada.get(&format!("{base}/licenses?va={gone}")).json();
    let lines: Vec<Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({ "license": one["id"], "to": cast.xyz.default, "quantity": one["purchased"] }))
        .collect();
    assert_eq!(lines.len(), 2);
    ada.post(&format!("{base}/license-transfers"), &json!({ "lines": lines }))
        .expect(200);
    ada.delete(&format!("{base}/virtual-accounts/{gone}")).expect(204);
    let shown = ada.get(&format!("{base}/orders/{id}")).json();
    let body = json!({ "orders": [id], "work": "reassign", "lines": [shown["lines"][0]["id"]],
        "target": { "smart_account": "xyz.example", "virtual_account": "Public Network Devices" } });
    ada.post(&format!("{base}/order-assignments"), &body);
    p.complete();
    let now = licenses(&mut ada, &cast.xyz);
    let sum = |held: &[(String, String, i64)]| held.iter().map(|one| one.2).sum::<i64>();
    assert_eq!(sum(&now), sum(&held), "{now:?}");
    assert!(now.iter().all(|one| one.1 == "DEFAULT"), "{now:?}");
    p.adds_up();
}

#[test]
fn an_order_that_brings_its_active_account_has_nothing_to_assign() {
    let (p, cast) = with_orders();
    let mut body = order("WEB-1", false, SWITCH);
    body["end_customer_account"] = json!("xyz.example");
    let id = p.order_comes_in(&body);
    let mut ada = p.api("ada@xyz.example");
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["assigned"]);
    assert_eq!(licenses(&mut ada, &cast.xyz).len(), 2);
    let reply = assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "DEFAULT");
    assert_eq!(code(&reply), "orders.nothing-to-assign");
    p.adds_up();
}

#[test]
fn a_lab_sets_how_assignments_complete() {
    let (p, cast) = with_orders();
    let mut olga = p.api("olga@licensing.example");
    let path = "/api/v1/simulator/orders";
    olga.put(path, &json!({ "delay_seconds": 0, "failing_percent": 100 }))
        .expect(200);
    olga.put(path, &json!({ "delay_seconds": -1, "failing_percent": 101 }))
        .expect(422);
    p.api("ada@xyz.example")
        .put(path, &json!({ "delay_seconds": 0, "failing_percent": 0 }))
        .expect(403);
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    assign(&mut ada, &cast.xyz, &[&id], "xyz.example", "DEFAULT").expect(202);
    p.run_jobs();
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["failed"]);
    assert!(
        p.mail()
            .last_to("ada@xyz.example")
            .subject
            .contains("1 line failed")
    );
    olga.put(path, &json!({ "delay_seconds": 0, "failing_percent": 0 }))
        .expect(200);
    ada.post(
        &format!("/api/v1/accounts/{}/orders/{id}/retry", cast.xyz.number),
        &json!({}),
    )
    .expect(202);
    p.run_jobs();
    assert_eq!(states(&mut ada, &cast.xyz, &id), ["assigned"]);
    let mut browser = p.sign_in("olga@licensing.example");
    browser.open("/simulator/orders").expect(200);
    browser.fill_and_submit("Save", &[("delay", "7"), ("failing", "half")]);
    browser.page().expect(422).shows("0 to 100");
    browser.fill_and_submit("Save", &[("delay", "7"), ("failing", "50")]);
    assert_eq!(olga.get(path).json()["failing_percent"], json!(50));
    p.adds_up();
}

#[test]
fn a_double_click_assigns_once() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/order-assignments", cast.xyz.number);
    let body = json!({ "orders": [id], "target": { "smart_account": "xyz.example" } });
    let first = ada.post_once(&path, "press", &body).expect(202).json();
    let second = ada.post_once(&path, "press", &body).expect(202).json();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(p.fingerprint().count("order_assignments"), 1);
    p.complete();
    p.adds_up();
}

#[test]
fn a_file_of_orders_is_reported_on_line_by_line() {
    let (p, _) = with_orders();
    p.order_comes_in(&order("OLD-1", false, SWITCH));
    let file = "identifier,customer,customer_domain,partner_domain,sku,quantity\n\
                F-1,XYZ COMPANY,xyz.example,bramwell.example,C9200-48P-E,2\n\
                F-1,,,,CON-SNT-C92048PE,2\n\
                F-2,XYZ COMPANY,xyz.example,,NO-SUCH,1\n\
                OLD-1,XYZ COMPANY,xyz.example,,C8200-1N-4T,1\n\
                F-3,XYZ COMPANY,xyz.example,,C8200-1N-4T,0\n";
    let mut olga = p.api("olga@licensing.example");
    let path = "/api/v1/order-imports";
    let report = olga
        .post(path, &json!({ "file": file, "dry_run": true }))
        .expect(200)
        .json();
    assert_eq!(
        (report["wrong"].as_u64(), report["received"].as_u64()),
        (Some(3), Some(0))
    );
    assert_eq!(report["orders"][1]["line"], json!(4));
    assert_eq!(report["orders"][1]["problems"][0]["field"], json!("lines[0].sku"));
    assert_eq!(
        code(&olga.post(path, &json!({ "file": file }))),
        "orders.lines-wrong"
    );
    assert_eq!(p.fingerprint().count("orders"), 1);
    // The same on the pages.
    let mut browser = p.sign_in("olga@licensing.example");
    browser.open("/operator/orders/import").expect(200);
    browser.fill_and_submit("Next", &[("text", "")]);
    browser.page().expect(422);
    browser.open("/operator/orders/import");
    browser.fill_and_submit("Next", &[("text", file)]);
    browser
        .page()
        .expect(200)
        .shows("3 orders are wrong")
        .shows("The catalog has no SKU");
    browser.fill_and_submit("Import 1 order", &[]);
    browser.page().expect(200).shows("1 order was imported");
    assert_eq!(p.fingerprint().count("orders"), 2);
    assert_eq!(p.fingerprint().count("order_lines"), 3);
    p.adds_up();
}

#[test]
fn the_catalog_is_open_to_everybody_who_is_signed_in() {
    let (p, _) = with_orders();
    let mut noa = p.sign_in("noa@newcomer.example");
    noa.open("/catalog?q=9200").expect(200).shows("C9200-48P-E");
    noa.open("/catalog.csv?family=Security").expect(200);
    assert!(!noa.page().body.contains("C9200-48P-E"));
    let all = p
        .api("noa@newcomer.example")
        .get("/api/v1/catalog?per=100")
        .expect(200)
        .json();
    assert!(all["total"].as_u64().unwrap() >= 60);
    p.browser().open("/catalog").expect(303);
}

#[test]
fn license_inventory_shows_where_licenses_came_from() {
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    let mut ada = p.api("ada@xyz.example");
    assign(
        &mut ada,
        &cast.xyz,
        &[&id],
        "xyz.example",
        "Corporate Network Devices",
    )
    .expect(202);
    p.complete();
    let path = format!("/sa/{}/licensing/license-inventory", cast.xyz.number);
    let mut vera = p.sign_in("vera@xyz.example");
    vera.open(&path)
        .expect(200)
        .shows("C9200 Network Essentials, 48-port");
    let all = p
        .api("vera@xyz.example")
        .get(&format!("/api/v1/accounts/{}/licenses", cast.xyz.number));
    let license = all.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let page = format!("/sa/{}/licensing/licenses/{license}", cast.xyz.number);
    vera.open(&page).expect(200).shows("WEB-1");
    vera.open(&format!("{page}/order-history"))
        .expect(200)
        .shows("WEB-1");
    vera.open(&format!("{path}.csv")).expect(200);
    assert!(vera.page().body.contains("Corporate Network Devices"));
    // Una's Virtual Account holds nothing; Dan's does.
    p.sign_in("una@xyz.example")
        .open(&path)
        .expect(200)
        .shows("No licenses yet");
    p.sign_in("dan@xyz.example")
        .open(&path)
        .expect(200)
        .shows("C9200 DNA Essentials");
    p.sign_in("eve@harborview.example").open(&path).expect(404);
}

#[test]
fn the_check_finds_a_license_too_many() {
    use diesel::prelude::*;
    use licentral::platform::db::Reads;
    use licentral::platform::db::schema::license_pools;
    let (p, cast) = with_orders();
    let id = p.order_comes_in(&order("WEB-1", false, SWITCH));
    assign(
        &mut p.api("ada@xyz.example"),
        &cast.xyz,
        &[&id],
        "xyz.example",
        "DEFAULT",
    )
    .expect(202);
    p.complete();
    p.adds_up();
    p.db.housekeeping_now(|tx| {
        diesel::update(license_pools::table)
            .set(license_pools::purchased.eq(license_pools::purchased + 1))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    assert!(!licentral::simulator::check(&p.db).unwrap().is_empty());
}
