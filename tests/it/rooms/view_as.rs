//! An administrator sees the portal with another role's eyes, and nothing else comes of it.

use crate::support::Portal;
use licentral::authz::Role;

#[test]
fn an_administrator_sees_what_a_viewer_sees_and_changes_nothing() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    let mut ada = p.sign_in("ada@xyz.example");
    let offered = ada.get(&format!("/sa/{number}")).texts("#me a").join(" ");
    assert!(offered.contains("View as another role"), "{offered}");
    let form = format!("/sa/{number}/view-as");
    ada.get(&form).expect(200);
    let page = ada.fill_and_submit(&format!("form[action='{form}']"), &[("role", "account-viewer")]);
    page.expect(200);
    assert!(!page.texts("#me a").join(" ").contains("View as another role"));
    let account = format!("/sa/{number}/account");
    let page = ada.get(&account).expect(200);
    assert!(
        page.texts("aside.view-as")
            .join(" ")
            .contains("You see the portal as Smart Account Viewer")
    );
    page.shows("Your role, Smart Account Viewer, cannot edit Smart Account properties.");
    // What the role may not open is refused, without a mark against the person.
    ada.get(&format!("{account}/edit")).expect(403);
    assert!(p.events_of("access.denied").is_empty());
    // A change that a page offers still is refused: nothing can be changed.
    let before = p.fingerprint();
    ada.get("/profile/password").expect(200);
    ada.post_fields(
        "/profile/password",
        &[("current", "licentral-demo"), ("password", "another good one 47")],
    )
    .expect(409)
    .shows("Nothing can be changed until you stop.");
    assert_eq!(p.fingerprint(), before);
    ada.get(&account);
    ada.fill_and_submit("form[action='/view-as/stop']", &[])
        .expect(200)
        .shows("You see the portal with your own role again.");
    ada.get(&format!("{account}/edit")).expect(200);
    let words = |kind: &str| {
        p.events_of(kind)
            .iter()
            .map(|e| e.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words("view-as.started"),
        ["Ada Lindqvist began to view the portal as Smart Account Viewer."]
    );
    assert_eq!(
        words("view-as.ended"),
        ["Ada Lindqvist stopped viewing the portal as Smart Account Viewer."]
    );
}

#[test]
fn a_role_of_a_virtual_account_reaches_it_alone() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    let mut ada = p.sign_in("ada@xyz.example");
    let form = format!("/sa/{number}/view-as");
    let the_form = format!("form[action='{form}']");
    ada.get(&form);
    ada.fill_and_send(&the_form, &[("role", "virtual-user")])
        .expect(422)
        .shows("Choose the Virtual Account in which the role is held.");
    let corporate = cast.corporate.to_string();
    ada.fill_and_send(&the_form, &[("virtual_account", &corporate)])
        .expect(303);
    ada.get(&format!("/sa/{number}/account/virtual-accounts"))
        .expect(200)
        .shows("Corporate Network Devices")
        .shows_not("Public Network Devices");
    // An account of somebody else's is as far away as ever, and one's own other accounts are, too.
    p.role("ada@xyz.example", &cast.harborview, None, Role::AccountAdmin);
    ada.get(&format!("/sa/{}", cast.harborview.number)).expect(404);
    // Who is no longer an administrator sees with their own eyes again.
    p.role("ada@xyz.example", &cast.xyz, None, Role::AccountUser);
    ada.get(&format!("/sa/{number}/account/virtual-accounts"))
        .expect(200)
        .shows("Public Network Devices");
}

#[test]
fn a_preview_is_for_administrators_and_for_one_session() {
    let (p, cast) = Portal::with_cast();
    let form = format!("/sa/{}/view-as", cast.xyz.number);
    for email in ["vera@xyz.example", "bob@xyz.example", "dan@xyz.example"] {
        p.sign_in(email).get(&form).expect(403);
    }
    p.sign_in("eve@harborview.example").get(&form).expect(404);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&form);
    ada.fill_and_send(&format!("form[action='{form}']"), &[("role", "account-user")])
        .expect(303);
    let cookie = ada.cookies.get("__Host-view-as").cloned().unwrap();
    // Carried to another session of hers, or written by hand, it counts for nothing.
    for value in [cookie, format!("{}.account-viewer.all.x", cast.xyz.number)] {
        let mut other = p.sign_in("ada@xyz.example");
        other.cookies.insert("__Host-view-as".to_owned(), value);
        other
            .get(&format!("/sa/{}/account/edit", cast.xyz.number))
            .expect(200);
    }
}
