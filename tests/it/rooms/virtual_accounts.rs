//! Virtual Accounts: the list, one of them, the file, the API.

use crate::support::Portal;

#[test]
fn a_role_over_the_account_sees_all_and_a_role_in_one_sees_that_one() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/virtual-accounts", cast.xyz.number);
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&list)
        .expect(200)
        .shows("3 Virtual Accounts")
        .shows("DEFAULT")
        .shows("Corporate Network Devices");
    assert_eq!(
        vera.page().texts("tbody th a"),
        ["DEFAULT", "Corporate Network Devices", "Public Network Devices"]
    );
    let mut una = p.sign_in("una@xyz.example");
    una.get(&list)
        .expect(200)
        .shows("1 Virtual Account")
        .shows_not("DEFAULT")
        .shows_not("Corporate Network Devices");
    una.get(&format!("{list}/{}", cast.public))
        .expect(200)
        .shows("Public Network Devices");
    for path in ["", "/users"] {
        una.get(&format!("{list}/{}{path}", cast.corporate)).expect(404);
        una.get(&format!("{list}/{}{path}", cast.xyz.default)).expect(404);
    }
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&list).expect(404);
    // Our id below the stranger's own account is no way in either.
    let own = format!("/sa/{}/account/virtual-accounts", cast.harborview.number);
    eve.get(&format!("{own}/{}", cast.public)).expect(404);
    eve.get(&format!("{own}/{}/users", cast.public)).expect(404);
    eve.get(&format!("{own}/not-an-id")).expect(404);
}

#[test]
fn the_list_is_searched_sorted_and_cut_into_pages() {
    let (p, cast) = Portal::with_cast();
    for n in 1..=30 {
        p.virtual_account(&cast.xyz, &format!("Site {n:02}"));
    }
    let list = format!("/sa/{}/account/virtual-accounts", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list).shows("1–25 of 33");
    ada.get(&format!("{list}?page=99"))
        .expect(200)
        .shows("26–33 of 33");
    ada.get(&format!("{list}?q=SITE+1")).shows("10 Virtual Accounts");
    ada.get(&format!("{list}?q=nothing"))
        .shows("No Virtual Accounts match");
    ada.get(&format!("{list}?q=%25"))
        .shows("No Virtual Accounts match");
    ada.get(&format!("{list}?access=bogus&sort=x&per=3"))
        .expect(200)
        .shows("is not a choice here");
    let first = ada.get(&format!("{list}?sort=-name")).texts("tbody th a");
    assert_eq!(first[0], "Site 30");
    ada.get(&format!("{list}?col=users"))
        .expect(200)
        .shows_not("Made by a test.");
}

#[test]
fn one_shows_its_facts_and_its_users() {
    let (p, cast) = Portal::with_cast();
    let one = format!(
        "/sa/{}/account/virtual-accounts/{}",
        cast.xyz.number, cast.corporate
    );
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&one)
        .expect(200)
        .shows("Will be searchable in all Account Selectors")
        .shows("Made by a test.");
    ada.click("Users 5")
        .expect(200)
        .shows("Dan Petrov")
        .shows("Ada Lindqvist")
        .shows_not("Una Haddad");
    // Who holds a role in it alone sees those who hold one in it.
    p.sign_in("dan@xyz.example")
        .get(&format!("{one}/users"))
        .expect(200)
        .shows("Dan Petrov")
        .shows_not("Ada Lindqvist");
}

#[test]
fn the_file_runs_no_formula() {
    let (p, cast) = Portal::with_cast();
    p.virtual_account(&cast.xyz, "=HYPERLINK(\"http://evil.example\")");
    let mut ada = p.sign_in("ada@xyz.example");
    let file = ada
        .get(&format!(
            "/sa/{}/account/virtual-accounts.csv?q=evil",
            cast.xyz.number
        ))
        .expect(200)
        .clone();
    assert!(
        file.header("content-disposition")
            .unwrap()
            .contains("virtual-accounts_xyz.example_")
    );
    assert!(
        file.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
        "{}",
        file.body
    );
    assert_eq!(file.body.lines().count(), 2);
    let una = p
        .sign_in("una@xyz.example")
        .get(&format!("/sa/{}/account/virtual-accounts.csv", cast.xyz.number))
        .body
        .clone();
    assert!(una.contains("Public Network Devices") && !una.contains("DEFAULT"));
}

#[test]
fn the_api_has_the_same_reach() {
    let (p, cast) = Portal::with_cast();
    let path = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    assert_eq!(p.api("ada@xyz.example").get(&path).json()["total"], 3);
    let mut una = p.api("una@xyz.example");
    let answer = una.get(&path).json();
    assert_eq!(answer["total"], 1);
    assert_eq!(answer["items"][0]["name"], "Public Network Devices");
    assert_eq!(una.get(&format!("{path}/{}", cast.corporate)).status, 404);
    assert_eq!(una.get(&format!("{path}/{}", cast.public)).status, 200);
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
}
