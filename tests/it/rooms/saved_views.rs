//! Saved views, on every list of both editions.

use crate::support::{Browser, Portal, Sold};
use licentral::authn::PlatformRole;
use licentral::authz::Role;
use serde_json::json;

/// Saves the list that is open under a name, and opens the plain list.
fn save(who: &mut Browser, name: &str) {
    let plain = who.page().path.split('?').next().unwrap().to_owned();
    who.click("Saved views").expect(200).shows("Nobody else sees");
    who.fill_and_submit("Save this view", &[("name", name)])
        .expect(200)
        .shows("was saved");
    who.get(&plain).expect(200);
}

#[test]
fn views_are_saved_for_oneself() {
    let (p, cast) = Portal::with_cast();
    for name in ["A-1", "A-2"] {
        p.order(&Sold::to(&cast.xyz, "xyz.example").named(name));
    }
    let base = format!("/sa/{}/orders/order-inventory", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{base}?type=standard&sort=id&page=1"))
        .expect(200);
    ada.click("Saved views").expect(200);
    ada.fill_and_send("Save this view", &[("name", "  ")])
        .expect(422)
        .shows("Enter the Name.");
    ada.fill_and_submit("Save this view", &[("name", "To  do")])
        .expect(200)
        .shows("was saved");
    assert_eq!(ada.page().path, format!("{base}?type=standard&sort=id"));
    ada.get(&base).expect(200);
    ada.click("Saved views").expect(200);
    ada.click("To do").expect(200);
    assert_eq!(ada.page().path, format!("{base}?type=standard&sort=id"));
    ada.click("Saved views").expect(200);
    ada.fill_and_send("Save this view", &[("name", "TO DO")])
        .expect(422)
        .shows("You have a saved view with this name.");
    // Of another list the name is free.
    ada.get("/access?q=xyz").expect(200);
    save(&mut ada, "To do");
    // Nobody else has it.
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&base).expect(200);
    cy.click("Saved views").expect(200).shows_not("To do");
    ada.get(&base).expect(200);
    ada.click("Saved views").expect(200);
    let remove = ada.page().attrs("dialog ul form", "action")[0].clone();
    let csrf = cy.csrf();
    cy.post_fields(&remove, &[("csrf", &csrf), ("of", &base)])
        .expect(404);
    ada.fill_and_submit("Remove", &[])
        .expect(200)
        .shows("was removed");
    assert_eq!(ada.page().path, base);
    let csrf = ada.csrf();
    ada.post_fields(&remove, &[("csrf", &csrf), ("of", &base)])
        .expect(404);
}

#[test]
fn every_list_offers_them() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let account = format!("/sa/{}", cast.xyz.number);
    for (list, asked) in [
        ("/access", "q=xyz"),
        (&*format!("{account}/devices/device-inventory"), "q=FOC"),
        (&*format!("{account}/devices/device-managers"), "q=plant"),
        (&*format!("{account}/devices/token-management"), "q=lab"),
        (&*format!("{account}/licensing/license-inventory"), "q=c9200"),
        (&*format!("{account}/account/users"), "q=dan"),
        (&*format!("{account}/account/virtual-accounts"), "q=public"),
        (&*format!("{account}/account/requests"), "q=noa"),
        (&*format!("{account}/alerts"), "q=short"),
        (&*format!("{account}/activity"), "q=created"),
    ] {
        ada.get(&format!("{list}?{asked}&page=1")).expect(200);
        save(&mut ada, "Mine");
        ada.click("Saved views").expect(200);
        ada.click("Mine").expect(200);
        assert_eq!(ada.page().path, format!("{list}?{asked}"));
    }
}

#[test]
fn an_on_prem_server_has_them_too_and_they_go_with_the_account() {
    let p = Portal::start_on_prem();
    p.system_user(
        "ines@licensing.example",
        "Ines Okoro",
        PlatformRole::SystemAdministrator,
    );
    let plant = p.local_account("Plant");
    p.role("ines@licensing.example", &plant, None, Role::AccountAdmin);
    let mut ines = p.sign_in("ines@licensing.example");
    for list in [
        "/on-prem-accounts".to_owned(),
        "/admin/users".to_owned(),
        format!("/sa/{}/devices/device-inventory", plant.number),
    ] {
        ines.get(&format!("{list}?q=plant")).expect(200);
        save(&mut ines, "Plant");
        ines.click("Saved views").expect(200);
        ines.click("Plant").expect(200);
        assert_eq!(ines.page().path, format!("{list}?q=plant"));
    }
    let id = plant.id;
    p.db.housekeeping_now(move |tx| licentral::platform::db::forget_tenant(tx, id))
        .unwrap();
    let left = p
        .api("ines@licensing.example")
        .get("/api/v1/me/saved-views")
        .json();
    assert_eq!(left["items"].as_array().unwrap().len(), 2);
}

#[test]
fn scripts_save_read_and_remove_them() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api("ada@xyz.example");
    let list = format!("/sa/{}/orders/order-inventory", cast.xyz.number);
    let made = ada
        .post(
            "/api/v1/me/saved-views",
            &json!({ "name": "To do", "list": format!("{list}?assignment=unassigned&page=3") }),
        )
        .expect(201)
        .json();
    assert_eq!(
        (made["list"].as_str(), made["query"].as_str()),
        (Some(&*list), Some("assignment=unassigned"))
    );
    assert_eq!(
        ada.get("/api/v1/me/saved-views").expect(200).json()["items"][0]["name"],
        "To do"
    );
    for (body, status) in [
        (json!({ "name": "Two", "list": "https://evil.example/" }), 400),
        (json!({ "name": "", "list": "/access" }), 422),
        (json!({ "name": "To do", "list": list }), 422),
    ] {
        ada.post("/api/v1/me/saved-views", &body).expect(status);
    }
    let view = format!("/api/v1/me/saved-views/{}", made["id"].as_str().unwrap());
    p.api("cy@xyz.example").delete(&view).expect(404);
    ada.delete(&view).expect(204);
    ada.delete(&view).expect(404);
}
