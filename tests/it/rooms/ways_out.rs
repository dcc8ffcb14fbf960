//! A refusal that advises a step: the step is taken, and what was refused succeeds. The others whose advice is a step are
//! walked in the tests of their rooms: `registered_again`, `reservation_ways`, and the unit tests of `onprem`.

use crate::support::{Api, Portal, Sold, refused, registration, registration_file};
use chrono::TimeDelta;
use licentral::authz::Role;
use licentral::devices::reservation::codes::RequestCode;
use licentral::platform::signing::FileKey;
use licentral::platform::token;
use serde_json::{Value, json};

const ADA: &str = "ada@xyz.example";
const NE: &str = "c9200-ne-48";

/// It was refused with this code, and its way out is known.
#[track_caller]
fn no(reply: &crate::support::Reply, code: &str) {
    assert_eq!(refused(reply), code, "{}", reply.body);
    assert!(
        licentral::app::refusals()
            .iter()
            .any(|(known, _, way)| *known == code && !way.is_empty())
    );
}

#[test]
fn a_virtual_account_is_deleted_once_nothing_stands_in_its_way() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let one = format!("{base}/virtual-accounts/{}", cast.xyz.default);
    // The default one: another becomes the default first.
    no(&ada.delete(&one), "virtual-accounts.default");
    ada.post(
        &format!("{base}/virtual-accounts/{}/default", cast.corporate),
        &json!({}),
    );
    // Licenses in it: they are transferred first.
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 2);
    no(&ada.delete(&one), "virtual-accounts.not-empty");
    let lines: Vec<Value> = [NE, "c9200-dna-e-48"]
        .iter()
        .map(|key| {
            let (id, _) = p.stock_named(&cast.xyz, "DEFAULT", key).unwrap();
            json!({ "license": id, "to": cast.public, "quantity": 2 })
        })
        .collect();
    let moved = ada.post(&format!("{base}/license-transfers"), &json!({ "lines": lines }));
    assert!(moved.status < 300, "{}", moved.body);
    // A product instance in it: it is removed first.
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let device = p.device(&token, "FOC1").id;
    no(&ada.delete(&one), "virtual-accounts.not-empty");
    ada.post(&format!("{base}/devices/remove"), &json!({ "devices": [device] }))
        .expect(200);
    // Another nested below it: that is nested elsewhere first.
    let nested = p.virtual_account(&cast.xyz, "Nested");
    let parent = format!("{base}/virtual-accounts/{nested}/parent");
    ada.post(&parent, &json!({ "parent": cast.xyz.default }))
        .expect(200);
    no(&ada.delete(&one), "virtual-accounts.has-nested");
    ada.post(&parent, &json!({ "parent": cast.corporate }))
        .expect(200);
    ada.delete(&one).expect(204);
    p.adds_up();
}

#[test]
fn a_virtual_account_is_bound_and_let_go_again() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let (_, token) = p.registration_token(&cast.xyz, cast.public, None);
    let device = p.device(&token, "FOC1").id;
    let (key, _) = FileKey::make().unwrap();
    let add = json!({ "name": "Springfield", "virtual_account": "Public Network Devices",
        "registration": registration_file(&key, "Springfield", p.clock.now()) });
    let managers = format!("{base}/device-managers");
    no(&ada.post(&managers, &add), "device-managers.not-empty");
    ada.post(
        &format!("{base}/devices/transfer"),
        &json!({ "devices": [device], "virtual_account": cast.corporate }),
    )
    .expect(200);
    let made = ada.post(&managers, &add).expect(201).json();
    // Bound it is not deleted; the device manager is removed first.
    let one = format!("{base}/virtual-accounts/{}", cast.public);
    no(&ada.delete(&one), "virtual-accounts.bound");
    let manager = made["id"].as_str().unwrap();
    ada.post(&format!("{managers}/{manager}/remove"), &json!({}))
        .expect(204);
    ada.delete(&one).expect(204);
    p.adds_up();
}

#[test]
fn a_device_takes_the_place_of_its_older_registration_or_of_a_removed_one() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 2);
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    p.device(&token, "FOC1");
    let mut again = registration(&token, "FOC1", &token::random());
    no(&p.ask_to_register(&again), "devices.already-registered");
    again["force"] = json!(true);
    let there = p.ask_to_register(&again).expect(201).json();
    // Licenses are reserved for it once it is removed.
    let request = RequestCode::make("C9200-48P-E", "FOC1", token::random_bytes()).unwrap();
    let wish = json!({ "virtual_account": cast.corporate, "request_code": request.text,
        "licenses": [{ "entitlement": NE, "quantity": 1 }] });
    let reservations = format!("{base}/reservations");
    no(&ada.post(&reservations, &wish), "reservations.registered");
    ada.post(
        &format!("{base}/devices/remove"),
        &json!({ "devices": [there["device"]] }),
    )
    .expect(200);
    ada.post(&reservations, &wish).expect(201);
    p.adds_up();
}

#[test]
fn what_waits_is_withdrawn_and_asked_for_again() {
    let (p, cast) = Portal::with_cast();
    let mut noa = p.api("noa@newcomer.example");
    let ask = |noa: &mut Api, role: &str| {
        noa.post(
            "/api/v1/access-requests",
            &json!({ "domain": "xyz.example", "scope": "account", "role": role }),
        )
    };
    let first = ask(&mut noa, "account-viewer").expect(201).json();
    no(&ask(&mut noa, "account-user"), "access-requests.pending");
    let withdraw = format!(
        "/api/v1/access-requests/{}/withdraw",
        first["id"].as_str().unwrap()
    );
    let gone = noa.post(&withdraw, &json!({}));
    assert!(gone.status < 300, "{}", gone.body);
    ask(&mut noa, "account-user").expect(201);

    let mut ada = p.api(ADA);
    let domain = format!("/api/v1/accounts/{}/domain", cast.xyz.number);
    let asked = ada.post(&domain, &json!({ "domain": "xyz-group.example" }));
    assert!(asked.status < 300, "{}", asked.body);
    let other = json!({ "domain": "xyz-works.example" });
    no(&ada.post(&domain, &other), "smart-accounts.domain-change-pending");
    let gone = ada.post(&format!("{domain}/withdraw"), &json!({}));
    assert!(gone.status < 300, "{}", gone.body);
    let asked = ada.post(&domain, &other);
    assert!(asked.status < 300, "{}", asked.body);
}

#[test]
fn an_inactive_smart_account_is_reactivated_and_a_last_administrator_replaced() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let reason = json!({ "reason": "Sold." });
    ada.post(&format!("{base}/deactivate"), &reason).expect(200);
    let rename = json!({ "name": "Elsewhere" });
    let manager = format!(
        "{base}/device-managers/{}",
        licentral::kernel::ids::DeviceManagerId::new()
    );
    no(&ada.patch(&manager, &rename), "smart-account.inactive");
    ada.post(&format!("{base}/reactivate"), &reason).expect(200);
    ada.patch(&manager, &rename).expect(404);

    let me = p.find_person(ADA).id;
    let one = format!("{base}/users/{me}");
    no(&ada.delete(&one), "members.last-administrator");
    p.role("cy@xyz.example", &cast.xyz, None, Role::AccountAdmin);
    ada.delete(&one).expect(204);
}

#[test]
fn licenses_that_moved_on_come_back_and_their_line_is_reassigned() {
    let (p, cast) = Portal::with_cast();
    let order = p.order(&Sold::to(&cast.xyz, "xyz.example")).to_string();
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let assign = |ada: &mut Api, work: &str, lines: Value, to: &str| {
        let target = json!({ "smart_account": "xyz.example", "virtual_account": to });
        ada.post(
            &format!("{base}/order-assignments"),
            &json!({ "orders": [order], "work": work, "lines": lines, "target": target }),
        )
    };
    let (corporate, public) = ("Corporate Network Devices", "Public Network Devices");
    assign(&mut ada, "assign", json!([]), corporate).expect(202);
    p.complete();
    let line = ada.get(&format!("{base}/orders/{order}")).json()["lines"][0]["id"].clone();
    let transfer = |ada: &mut Api, from: &str, to: licentral::kernel::ids::VirtualAccountId| {
        let (id, _) = p.stock_named(&cast.xyz, from, NE).unwrap();
        let lines = json!([{ "license": id, "to": to, "quantity": 1 }]);
        let moved = ada.post(&format!("{base}/license-transfers"), &json!({ "lines": lines }));
        assert!(moved.status < 300, "{}", moved.body);
    };
    transfer(&mut ada, corporate, cast.public);
    let again = json!([line]);
    no(
        &assign(&mut ada, "reassign", again.clone(), "DEFAULT"),
        "licenses.moved-on",
    );
    transfer(&mut ada, public, cast.corporate);
    assign(&mut ada, "reassign", again, "DEFAULT").expect(202);
    p.complete();
    assert_eq!(p.stock_named(&cast.xyz, "DEFAULT", NE).unwrap().1[0], 1);
    p.adds_up();
}

#[test]
fn a_product_instance_that_is_registered_elsewhere_is_removed_and_its_file_is_taken() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let mut server = p.on_prem(&cast.xyz, ADA, "Springfield", "Local");
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let device = p.device(&token, "FOC1").id;
    let file = server.file(p.clock.now(), &[("FOC1", "Lab", &[])]);
    no(&p.sync(&file), "sync.registered-elsewhere");
    ada.post(&format!("{base}/devices/remove"), &json!({ "devices": [device] }))
        .expect(200);
    p.sync(&file).expect(200);
    p.adds_up();
}

#[test]
fn another_delegate_is_named_for_other_days_or_after_the_earlier_delegation_ended() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let all = format!("/api/v1/accounts/{}/access-delegations", cast.xyz.number);
    let day = |days: i64| {
        let day = p.clock.now().plus(TimeDelta::days(days));
        day.utc().format("%Y-%m-%d").to_string()
    };
    let lend = |ada: &mut Api, from: i64, to: i64| {
        let body = json!({ "delegate": "cy@xyz.example", "starts": day(from), "ends": day(to) });
        ada.post(&all, &body)
    };
    let first = lend(&mut ada, 0, 5).expect(201).json();
    no(&lend(&mut ada, 3, 9), "access-requests.delegation-overlaps");
    lend(&mut ada, 6, 9).expect(201);
    ada.delete(&format!("{all}/{}", first["id"].as_str().unwrap()))
        .expect(204);
    lend(&mut ada, 3, 5).expect(201);
}

#[test]
fn a_user_group_takes_its_request_back_and_asks_again() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let groups = format!("/api/v1/accounts/{}/user-groups", cast.xyz.number);
    let group = ada.post(&groups, &json!({ "name": "Field" })).expect(201).json();
    let requests = format!("{groups}/{}/requests", group["id"].as_str().unwrap());
    let ask = json!({ "domain": "bramwell.example", "note": "" });
    let first = ada.post(&requests, &ask).expect(201).json();
    no(&ada.post(&requests, &ask), "members.group-asked-already");
    let end = format!("{requests}/{}/end", first["lookup_id"].as_str().unwrap());
    let gone = ada.post(&end, &json!({}));
    assert!(gone.status < 300, "{}", gone.body);
    ada.post(&requests, &ask).expect(201);
}

#[test]
fn of_several_product_instances_those_are_removed_that_can_be() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 1);
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    let good = p.device(&token, "FOC1").id;
    let request = RequestCode::make("C9200-48P-E", "FOC2", token::random_bytes()).unwrap();
    let wish = json!({ "virtual_account": cast.corporate, "request_code": request.text,
        "licenses": [{ "entitlement": NE, "quantity": 1 }] });
    let reservations = format!("/api/v1/accounts/{}/reservations", cast.xyz.number);
    let made = p.api(ADA).post(&reservations, &wish).expect(201).json();
    let reserved = made["device"].as_str().unwrap();
    let remove = format!("/sa/{}/devices/remove", cast.xyz.number);
    let mut ada = p.sign_in(ADA);
    // Alone, it is told what to do instead.
    ada.get(&format!("{remove}?device={reserved}"))
        .expect(200)
        .shows("Return the reservation first")
        .shows_not("will be removed");
    ada.get(&format!("{remove}?device={good}&device={reserved}"))
        .expect(200)
        .shows("will be removed")
        .shows("Left out, and kept as it is")
        .shows("Return the reservation first");
    ada.fill_and_submit("Remove Product Instance", &[])
        .expect(200)
        .shows("1 product instance removed.");
    assert_eq!(p.events_of("device.removed").len(), 1);
    p.adds_up();
}
