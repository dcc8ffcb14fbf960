//! Who holds which role where.

use crate::support::Portal;
use licentral::authz::Role;

#[test]
fn a_role_over_the_account_sees_everybody_and_a_role_in_one_its_own_people() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/users", cast.xyz.number);
    let mut bob = p.sign_in("bob@xyz.example");
    bob.get(&list)
        .expect(200)
        .shows("6 users")
        .shows("Virtual Account Administrator in Corporate Network Devices");
    p.role(
        "una@xyz.example",
        &cast.xyz,
        Some(cast.corporate),
        Role::VirtualViewer,
    );
    p.sign_in("dan@xyz.example")
        .get(&list)
        .expect(200)
        .shows("2 users")
        .shows("Una Haddad")
        // Her other role lies beyond his reach.
        .shows_not("Public Network Devices")
        .shows_not("Ada Lindqvist");
    p.sign_in("eve@harborview.example").get(&list).expect(404);
    p.sign_in("noa@newcomer.example").get(&list).expect(404);
    p.sign_in("sam@licensing.example")
        .get(&list)
        .expect(200)
        .shows("6 users");
}

#[test]
fn the_list_is_searched_and_filtered() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/users", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{list}?q=PETROV")).shows("1 user");
    ada.get(&format!("{list}?q=xyz.example")).shows("6 users");
    ada.get(&format!("{list}?role=account-viewer&role=virtual-user"))
        .shows("2 users");
    ada.get(&format!("{list}?q=nobody")).shows("No users match");
    let names = ada.get(&format!("{list}?sort=-name")).texts("tbody th a");
    assert_eq!((names[0].as_str(), names.len()), ("Vera Moreau", 6));
}

#[test]
fn a_person_is_found_where_they_hold_a_role_and_nowhere_else() {
    let (p, cast) = Portal::with_cast();
    let of = |email: &str| {
        format!(
            "/sa/{}/account/users/{}",
            cast.xyz.number,
            p.find_person(email).id
        )
    };
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&of("dan@xyz.example"))
        .expect(200)
        .shows("Virtual Account Administrator")
        .shows("Corporate Network Devices");
    ada.get(&of("eve@harborview.example")).expect(404);
    ada.get(&format!("/sa/{}/account/users/nobody", cast.xyz.number))
        .expect(404);
    p.sign_in("una@xyz.example")
        .get(&of("ada@xyz.example"))
        .expect(404);
    p.sign_in("eve@harborview.example")
        .get(&of("ada@xyz.example"))
        .expect(404);
}

#[test]
fn the_file_has_one_line_for_each_role_and_runs_no_formula() {
    let (p, cast) = Portal::with_cast();
    p.person("mallory@xyz.example", "+cmd|' /C calc'!A0");
    p.role("mallory@xyz.example", &cast.xyz, None, Role::AccountViewer);
    p.role(
        "mallory@xyz.example",
        &cast.xyz,
        Some(cast.public),
        Role::VirtualUser,
    );
    let mut ada = p.sign_in("ada@xyz.example");
    let file = ada
        .get(&format!("/sa/{}/account/users.csv?q=mallory", cast.xyz.number))
        .expect(200)
        .body
        .clone();
    assert_eq!(file.lines().count(), 3, "{file}");
    assert!(
        file.lines().skip(1).all(|line| line.starts_with("'+cmd")),
        "{file}"
    );
}

#[test]
fn the_api_has_the_same_reach() {
    let (p, cast) = Portal::with_cast();
    let path = format!("/api/v1/accounts/{}/users", cast.xyz.number);
    assert_eq!(p.api("vera@xyz.example").get(&path).json()["total"], 6);
    let una = p.api("una@xyz.example").get(&path).json();
    assert_eq!(una["total"], 1);
    assert_eq!(una["items"][0]["roles"][0]["role"], "virtual-user");
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
}
