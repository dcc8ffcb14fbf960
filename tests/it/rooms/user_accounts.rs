//! User accounts of the cloud: who is disabled is out at once, in every way, and the last operator stays.

use crate::support::provider::Provider;
use crate::support::{Browser, PASSWORD, Portal, link_in};
use licentral::authn::PlatformRole;
use serde_json::json;

const ADA: &str = "ada@xyz.example";
const OLGA: &str = "olga@licensing.example";
const LIST: &str = "/operator/user-accounts";

fn is_in(browser: &Browser) -> bool {
    browser.clone().open("/profile").status == 200
}

fn with_operator(p: &Portal) -> Browser {
    p.person(OLGA, "Olga Brandt");
    p.platform_role(OLGA, PlatformRole::Operator);
    p.person(ADA, "Ada Lindqvist");
    p.sign_in(OLGA)
}

#[test]
fn who_is_disabled_is_out_at_once_and_in_again_when_enabled() {
    let idp = Provider::start(json!({ "sub": "a-1", "email": ADA, "email_verified": true, "name": "Ada" }));
    let p = idp.portal(|_| {});
    let mut olga = with_operator(&p);
    let (ada, mut script) = (p.sign_in(ADA), p.api(ADA));
    // Linked to the provider, and with a link for a new password on its way.
    let mut there = p.browser();
    let to = there
        .open("/login/provider")
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    there.open(&idp.authorize(&to)).expect(303);
    there.follow().expect(200);
    there
        .fill_and_send("form[action='/login/link']", &[("password", PASSWORD)])
        .expect(303);
    assert!(is_in(&there));
    assert_eq!(
        p.mail().last_to(ADA).subject,
        "You can sign in with Company from now on"
    );
    let mut forgot = p.browser();
    forgot.open("/password/forgot").expect(200);
    forgot.fill_and_send("form[action='/password/forgot']", &[("email", ADA)]);
    let link = link_in(&p.mail().last_to(ADA));

    olga.get(&format!("{LIST}?col=linked"))
        .expect(200)
        .shows("Ada Lindqvist")
        .shows("Linked");
    let id = p.find_person(ADA).id;
    let disable = format!("{LIST}/{id}/disable");
    olga.open(&disable).expect(200).shows("Disable user account?");
    let form = format!("form[action='{disable}']");
    olga.fill_and_send(&form, &[("reason", "")])
        .expect(422)
        .shows("Enter the Reason");
    assert!(is_in(&ada));
    olga.fill_and_send(&form, &[("reason", "Has left the company.")])
        .expect(303);
    olga.follow()
        .expect(200)
        .shows("Ada Lindqvist can no longer sign in")
        .shows("Disabled");
    assert!(!is_in(&ada) && !is_in(&there));
    script.get("/api/v1/me").expect(401);
    forgot.open(&link).expect(410);
    let told = p.mail().last_to(ADA);
    assert_eq!(told.subject, "Your user account was disabled");
    assert!(told.text.contains("Has left the company."));
    let event = p.events_of("person.state").remove(0);
    assert!(
        event.message.contains("Has left the company."),
        "{}",
        event.message
    );

    // By no way in, and with the words that are said there of others.
    let mut back = p.browser();
    back.open("/login").expect(200);
    back.fill_and_send("form[action='/login']", &[("email", ADA), ("password", PASSWORD)])
        .expect(422)
        .shows("The e-mail address or the password is not right.");
    let to = back
        .open("/login/provider")
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    back.open(&idp.authorize(&to)).expect(303);
    back.follow()
        .shows("Your user account is disabled. Ask whoever runs this portal.");
    back.open("/password/forgot").expect(200);
    let before = p.mail().all_to(ADA).len();
    back.fill_and_send("form[action='/password/forgot']", &[("email", ADA)]);
    assert_eq!(p.mail().all_to(ADA).len(), before, "no link for a new password");
    assert!(!is_in(&back));

    olga.get(&format!("{LIST}?status=disabled"))
        .expect(200)
        .shows("Ada Lindqvist");
    let enable = format!("form[action='{LIST}/{id}/enable']");
    olga.fill_and_send(&enable, &[]).expect(303);
    back.open("/login").expect(200);
    back.fill_and_send("form[action='/login']", &[("email", ADA), ("password", PASSWORD)])
        .expect(303);
    assert!(is_in(&back));
    script.get("/api/v1/me").expect(401);
    assert_eq!(p.mail().last_to(ADA).subject, "Your user account was enabled");
}

#[test]
fn the_last_operator_and_oneself_are_not_disabled_and_others_disable_nobody() {
    let p = Portal::start();
    let mut olga = with_operator(&p);
    let (own, ada) = (p.find_person(OLGA).id, p.find_person(ADA).id);
    let disable = |id| format!("/api/v1/user-accounts/{id}/disable");
    let mut script = p.api(OLGA);
    let refused = script
        .post(&disable(own), &json!({ "reason": "x" }))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "user-accounts.last-operator");
    olga.get(&format!("{LIST}/{own}/disable")).expect(200);
    olga.fill_and_send(
        &format!("form[action='{LIST}/{own}/disable']"),
        &[("reason", "x")],
    )
    .expect(409)
    .shows("the last operator");
    p.platform_role(ADA, PlatformRole::Operator);
    let refused = script
        .post(&disable(own), &json!({ "reason": "x" }))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "user-accounts.yourself");
    script.post(&disable(ada), &json!({})).expect(400);
    script.post(&disable(ada), &json!({ "reason": " " })).expect(422);
    let shown = script
        .post(&disable(ada), &json!({ "reason": "Has left." }))
        .expect(200)
        .json();
    assert_eq!(
        (&shown["status"], &shown["platform_roles"][0]),
        (&json!("disabled"), &json!("operator"))
    );
    let list = script
        .get("/api/v1/user-accounts?status=disabled")
        .expect(200)
        .json();
    assert_eq!(list["total"], 1);
    let shown = script
        .post(&format!("/api/v1/user-accounts/{ada}/enable"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(shown["status"], "active");
    // Somebody who was invited and not in yet is invited still.
    let ivo = p.invited("ivo@xyz.example", "Ivo Marek");
    script
        .post(&disable(ivo), &json!({ "reason": "Not yet." }))
        .expect(200);
    let shown = script
        .post(&format!("/api/v1/user-accounts/{ivo}/enable"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(shown["status"], "invited");

    p.person("cy@xyz.example", "Cy Okoye");
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(LIST).expect(403);
    cy.get(&format!("{LIST}/{ada}/disable")).expect(403);
    p.api("cy@xyz.example")
        .post(&disable(ada), &json!({ "reason": "x" }))
        .expect(403);
}
