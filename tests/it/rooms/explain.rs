//! "Why can't I?": each reason, about whom one may ask, and what is told of a request that was refused.

use crate::support::{Api, Portal};
use licentral::platform::config::Mode;
use serde_json::{Value, json};

const ADA: &str = "ada@xyz.example";

fn ask(api: &mut Api, number: i64, person: &str, action: &str, place: &str) -> Value {
    let asked = [("person", person), ("action", action), ("virtual_account", place)];
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked.iter().filter(|(_, value)| !value.is_empty()))
        .finish();
    api.get(&format!("/api/v1/accounts/{number}/explain?{query}"))
        .expect(200)
        .json()
}

#[test]
fn each_reason_is_told_with_the_roles_that_were_looked_at() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let number = cast.xyz.number;
    let mut why = |person: &str, action: &str, place: &str| ask(&mut ada, number, person, action, place);
    let told = why("cy@xyz.example", "ManageUsers", "");
    assert_eq!(
        (&told["reason"], &told["allowed"]),
        (&json!("role"), &json!(false))
    );
    assert_eq!(told["roles"][0]["role"], "Smart Account User");
    assert_eq!(told["roles"][0]["counts"], false);
    assert!(
        told["named"]
            .as_array()
            .unwrap()
            .contains(&json!("Smart Account Administrator"))
    );
    assert_eq!(told["who_could"][0]["email"], ADA);
    let told = why(
        "dan@xyz.example",
        "transfer licenses and devices",
        "Public Network Devices",
    );
    assert_eq!(told["reason"], "scope");
    assert_eq!(
        why("dan@xyz.example", "Transfer", "corporate network devices")["reason"],
        "may"
    );
    let stranger = why("eve@harborview.example", "ViewAccount", "");
    assert_eq!(stranger["reason"], "no-standing");
    // Of somebody without a role one hears no more than of nobody.
    let nobody = why("nobody@nowhere.example", "ViewAccount", "");
    assert_eq!(stranger["roles"], nobody["roles"]);
    assert_eq!(
        stranger["says"]
            .as_str()
            .unwrap()
            .replace("eve@harborview.example", ""),
        nobody["says"]
            .as_str()
            .unwrap()
            .replace("nobody@nowhere.example", "")
    );
    let held = |api: &mut Api, query: &str| {
        api.get(&format!("/api/v1/accounts/{number}/explain?{query}"))
            .expect(422)
            .json()["errors"][0]["pointer"]
            .clone()
    };
    assert_eq!(held(&mut ada, "action=Fly"), "/action");
    assert_eq!(
        held(&mut ada, "action=Transfer&virtual_account=Elsewhere"),
        "/virtual_account"
    );
    // Deactivated, it is the state, for whoever holds the role.
    p.api(ADA)
        .post(&format!("/api/v1/accounts/{number}/deactivate"), &json!({}));
    let mut page = p.sign_in(ADA);
    page.get(&format!("/sa/{number}/explain?action=Fly"))
        .expect(422)
        .shows("Choose an action.");
    page.get(&format!(
        "/sa/{number}/explain?person=cy%40xyz.example&action=ManageUsers"
    ))
    .expect(200)
    .shows("None of the roles that Cy Okafor (cy@xyz.example) holds")
    .shows("Smart Account Administrator")
    .shows("Does not count");
}

#[test]
fn one_asks_about_oneself_and_administrators_about_others() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    // Una holds a role in one Virtual Account alone.
    let mut una = p.api("una@xyz.example");
    assert_eq!(ask(&mut una, number, "", "ManageUsers", "")["reason"], "role");
    let refused = una.get(&format!(
        "/api/v1/accounts/{number}/explain?action=ManageUsers&person=ada%40xyz.example"
    ));
    assert_eq!(refused.expect(422).json()["errors"][0]["pointer"], "/person");
    // Another Virtual Account she may not know of.
    una.get(&format!(
        "/api/v1/accounts/{number}/explain?action=Transfer&virtual_account=Corporate+Network+Devices"
    ))
    .expect(422);
    p.api("eve@harborview.example")
        .get(&format!("/api/v1/accounts/{number}/explain?action=Transfer"))
        .expect(404);
    // Of anything, the operator of a lab.
    let path = "/api/v1/simulator/explain?person=eve%40harborview.example&action=ViewAccount&account=harborview.example";
    assert_eq!(
        p.api("olga@licensing.example").get(path).expect(200).json()["reason"],
        "may"
    );
    p.api(ADA).get(path).expect(403);
    p.sign_in("olga@licensing.example")
        .get("/simulator/explain?person=drew%40licensing.example&action=ApproveDomain")
        .expect(200)
        .shows("Domain approver")
        .shows("Counts");
}

#[test]
fn a_refusal_is_explained_by_its_request_to_those_whom_it_concerns() {
    let (p, cast) = Portal::with_cast_as(|config| config.mode = Mode::Production);
    let number = cast.xyz.number;
    let mut cy = p.api("cy@xyz.example");
    let denied = cy
        .post(&format!("/api/v1/accounts/{number}/webhooks"), &json!({}))
        .expect(403)
        .json();
    let request = denied["request_id"].as_str().unwrap();
    let path = format!("/api/v1/explain?request={request}");
    let told = cy.get(&path).expect(200).json();
    assert_eq!(
        (&told["status"], &told["code"]),
        (&json!(403), &json!("forbidden"))
    );
    assert_eq!(told["route"], "/api/v1/accounts/{said}/webhooks");
    assert_eq!(told["now"]["reason"], "role");
    assert_eq!(told["now"]["who_could"][0]["email"], ADA);
    // The administrator, the operator and support hear of it; nobody else does.
    for (email, status) in [
        (ADA, 200),
        ("olga@licensing.example", 200),
        ("sam@licensing.example", 200),
        ("vera@xyz.example", 404),
        ("dan@xyz.example", 404),
        ("eve@harborview.example", 404),
    ] {
        p.api(email).get(&path).expect(status);
    }
    cy.get("/api/v1/explain?request=none").expect(404);
    // A rule's refusal says when it comes and what to do.
    let mut ada = p.api(ADA);
    let wrong = ada
        .post(
            &format!("/api/v1/accounts/{number}/webhooks"),
            &json!({ "name": "Wrong", "url": "nowhere" }),
        )
        .expect(422)
        .json();
    let told = ada
        .get(&format!(
            "/api/v1/explain?request={}",
            wrong["request_id"].as_str().unwrap()
        ))
        .expect(200)
        .json();
    assert_eq!(told["code"], "invalid");
    assert!(
        told["fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["field"] == "url")
    );
    // From the page of an error a link leads there.
    let mut page = p.sign_in("cy@xyz.example");
    page.get(&format!("/sa/{number}/webhooks"))
        .expect(403)
        .shows("Why?");
    let reference = page.page().texts("p.ref code")[0].clone();
    page.get(&format!("/explain?request={reference}"))
        .expect(200)
        .shows("You may not manage webhooks.")
        .shows("What roles say now");
    page.get("/explain?request=of-nobody")
        .expect(200)
        .shows("No refusal of this reference is known");
    p.sign_in("olga@licensing.example")
        .get("/simulator/explain")
        .expect(404);
}
