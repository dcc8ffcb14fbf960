//! Where people arrive: landing page, choosing an account, Overview, directory, help.

use crate::support::Portal;
use licentral::authz::Role;
use licentral::kernel::ids::SmartAccountId;
use licentral::kernel::{DomainIdentifier, Name};
use licentral::smart_accounts::{self, Visibility};

#[test]
fn the_way_in_follows_the_founding_document() {
    let (p, cast) = Portal::with_cast();
    assert_eq!(p.browser().open("/").expect(303).location(), Some("/login"));
    let mut pat = p.sign_in("pat@bramwell.example");
    pat.get("/")
        .expect(200)
        .shows("Software Central")
        .shows("Cisco License Central");
    pat.click("Access Cisco License Central")
        .expect(200)
        .shows("Bramwell Distribution");
    assert_eq!(pat.page().path, format!("/sa/{}", cast.bramwell.number));
    // From then on the left menu leads to the directory.
    pat.click("Your Smart and Virtual Account access")
        .expect(200)
        .shows("Create Smart Account");
    p.browser().open("/software-central").expect(303);
}

#[test]
fn without_an_account_one_is_told_what_to_do() {
    let p = Portal::with_cast().0;
    let mut noa = p.sign_in("noa@newcomer.example");
    noa.get("/software-central");
    noa.click("Access Cisco License Central")
        .expect(200)
        .shows("You have no Smart Account yet");
    noa.get("/access")
        .expect(200)
        .shows("No account uses your email domain")
        .shows("Needs one of these roles in any Smart Account");
    p.sign_in("bob@xyz.example")
        .get("/access")
        .shows("Needs one of these roles");
    p.sign_in("una@xyz.example")
        .get("/access")
        .shows_not("Needs one of these roles");
}

#[test]
fn one_selects_by_name_domain_or_number_among_ones_own() {
    let (p, cast) = Portal::with_cast();
    p.role("ada@xyz.example", &cast.bramwell, None, Role::AccountViewer);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get("/select")
        .expect(200)
        .shows("XYZ COMPANY")
        .shows("Bramwell Distribution");
    ada.get("/select?by=name&q=bram")
        .shows("Bramwell")
        .shows_not("XYZ COMPANY");
    ada.get("/select?by=domain&q=XYZ.example")
        .shows("XYZ COMPANY")
        .shows_not("Bramwell");
    ada.get(&format!("/select?by=id&q={}", cast.xyz.number))
        .shows("XYZ COMPANY")
        .shows_not("Bramwell");
    ada.get("/select?q=harborview")
        .shows("None of your Smart Accounts match")
        .shows_not("Harborview Clinics");
    ada.click("Search the directory").expect(200);
    let mut sam = p.sign_in("sam@licensing.example");
    sam.get(&format!("/select?by=id&q={}", cast.xyz.number))
        .shows("XYZ COMPANY");
    // Support has no Smart Account of its own, and is asked for one.
    sam.get("/select")
        .expect(200)
        .shows("Which Smart Account?")
        .shows_not("None of your Smart Accounts match");
    sam.get("/select?q=nothing").shows("No Smart Account matches");
}

#[test]
fn a_search_for_somebody_elses_account_says_what_it_found_and_no_more() {
    let (p, _) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get("/access?q=bramwell")
        .expect(200)
        .shows("Bramwell Distribution")
        .shows("0 Smart Accounts of yours, 1 of others")
        .shows_not("None of your Smart Accounts match");
    ada.get("/access?q=nowhere")
        .expect(200)
        .shows("None of your Smart Accounts match")
        .shows("No other Smart Account matches");
}

#[test]
fn the_overview_is_for_members() {
    let (p, cast) = Portal::with_cast();
    let overview = format!("/sa/{}", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&overview)
        .expect(200)
        .shows("Nothing needs attention")
        .shows("Newest events")
        .shows("Virtual Account created");
    assert_eq!(ada.page().texts(".stat dd"), ["3", "6", "Active"]);
    let mut una = p.sign_in("una@xyz.example");
    una.get(&overview).expect(200);
    assert_eq!(una.page().texts(".stat dd"), ["1", "1", "Active"]);
    p.sign_in("eve@harborview.example").get(&overview).expect(404);
    p.sign_in("eve@harborview.example").get("/sa/abc").expect(404);
}

#[test]
fn a_restricted_account_shows_for_its_entire_name_or_domain_alone() {
    let p = Portal::with_cast().0;
    let mut pat = p.sign_in("pat@bramwell.example");
    for part in [
        "harbor",
        "Harborview",
        "Harborview+Clinic",
        "harborview",
        "clinics",
        "example",
        "%25",
        "_",
        "harborview.exampl",
    ] {
        pat.get(&format!("/access?q={part}"))
            .expect(200)
            .shows_not("Harborview Clinics");
        pat.get(&format!("/access.csv?q={part}")).expect(200);
        assert!(!pat.page().body.contains("Harborview"), "{part}");
    }
    for whole in [
        "Harborview+Clinics",
        "HARBORVIEW++clinics",
        "harborview.example",
        "Harborview.Example",
    ] {
        pat.get(&format!("/access?q={whole}"))
            .expect(200)
            .shows("Harborview Clinics")
            .shows("Eve Castellan")
            .shows("Request access to Harborview Clinics");
    }
    // It cannot be opened from there.
    assert!(
        pat.page()
            .attrs("#h-found ~ * a, section[aria-labelledby=h-found] th a", "href")
            .is_empty()
    );
    let mut api = p.api("pat@bramwell.example");
    assert_eq!(api.get("/api/v1/accounts/search?q=harborview").json()["total"], 0);
    let whole = api.get("/api/v1/accounts/search?q=harborview.example").json();
    assert_eq!(whole["items"][0]["name"], "Harborview Clinics");
    assert_eq!(api.get("/api/v1/accounts/search?q=").status, 400);
    pat.get("/access?q=xyz").shows("XYZ COMPANY");
}

#[test]
fn the_directory_has_access_first_then_asked_then_ones_domain() {
    let (p, cast) = Portal::with_cast();
    p.account("Aardvark of XYZ", "lab.xyz.example");
    p.account_as("Closed Lab", "closed.xyz.example", Visibility::Restricted);
    let ada = p.find_person("ada@xyz.example");
    let (id, at) = (SmartAccountId::new(), p.clock.now());
    let draft = smart_accounts::Draft {
        name: Name::parse("Asked For", "name").unwrap(),
        domain: DomainIdentifier::parse("asked.example").unwrap(),
        visibility: Visibility::Unrestricted,
        headquarters: String::new(),
        requested_by: Some(ada.id),
        detail: smart_accounts::PendingDetail::CustomerAcceptance,
    };
    let asked =
        p.db.housekeeping_now(|tx| smart_accounts::request(tx, at, id, &draft))
            .unwrap();
    let mut browser = p.sign_in("ada@xyz.example");
    browser
        .get("/access")
        .expect(200)
        .shows("Creation requested by you")
        .shows_not("Closed Lab");
    let rows = browser.page().texts("tbody tr");
    let order: Vec<bool> = ["XYZ COMPANY", "Asked For", "Aardvark of XYZ"]
        .iter()
        .zip(&rows)
        .map(|(name, row)| row.contains(name))
        .collect();
    assert_eq!((order, rows.len()), (vec![true; 3], 3), "{rows:#?}");
    assert!(rows[1].contains("Pending"));
    assert!(rows[0].contains("Smart Account Administrator") && rows[0].contains("3 Virtual Accounts"));
    // The row that was asked for is marked.
    browser.get(&format!("/access?highlight={}", asked.number));
    assert_eq!(browser.page().texts("tr.marked").len(), 1);
    browser
        .get("/access?status=pending")
        .shows("1 Smart Account")
        .shows("Asked For");
    browser.get("/access?sort=name");
    assert!(browser.page().texts("tbody tr")[0].contains("Aardvark"));
    // A role in one Virtual Account opens that one alone; of the others one knows what everybody may find.
    let mut una = p.sign_in("una@xyz.example");
    una.get("/access")
        .shows("Virtual Account User in Public Network Devices")
        .shows("Corporate Network Devices");
    let opens = una.page().texts(".peek a");
    assert_eq!(opens, ["Public Network Devices"]);
    let json = p.api("ada@xyz.example").get("/api/v1/accounts").json();
    assert_eq!(json["items"][0]["number"], cast.xyz.number);
    assert_eq!(json["items"][1]["status"], "Pending");
}

#[test]
fn the_directory_as_a_file_runs_no_formula() {
    let (p, _) = Portal::with_cast();
    let evil = p.account("=1+1", "evil.example");
    p.role("pat@bramwell.example", &evil, None, Role::AccountViewer);
    let mut pat = p.sign_in("pat@bramwell.example");
    let file = pat.get("/access.csv").expect(200).clone();
    assert!(file.body.contains("\n'=1+1,"), "{}", file.body);
    assert!(file.header("content-type").unwrap().starts_with("text/csv"));
}

#[test]
fn help_needs_no_sign_in_and_tells_every_operation() {
    let p = Portal::start();
    let mut visitor = p.browser();
    for path in ["/help", "/help/problems", "/about", "/about/licenses"] {
        visitor.get(path).expect(200);
    }
    visitor
        .get("/help")
        .shows("How to request a Smart Account for a customer")
        .shows("Troubleshooting");
    visitor
        .get("/about/licenses")
        .shows("Lucide Contributors")
        .shows("SIL OPEN FONT LICENSE");
    visitor
        .get("/help/problems")
        .shows("smart-accounts.domain-in-use")
        .shows("not-found");
    let document = visitor.get("/api/v1/openapi.json").expect(200).json();
    let page = visitor.get("/help/api").expect(200).clone();
    let mut operations = 0;
    for (path, verbs) in document["paths"].as_object().unwrap() {
        assert!(page.body.contains(path), "{path}");
        operations += verbs.as_object().unwrap().len();
    }
    assert_eq!(
        page.texts("details.op code.path").len(),
        operations + document["components"]["schemas"].as_object().unwrap().len()
    );
    // Every link within the page leads somewhere.
    let ids = page.attrs("[id]", "id");
    for href in page.attrs("main a[href^='#']", "href") {
        assert!(ids.contains(&href.trim_start_matches('#').to_owned()), "{href}");
    }
}

#[test]
fn others_accounts_cost_nothing() {
    let (p, _) = Portal::with_cast();
    for n in 0..40 {
        p.account(&format!("Company {n}"), &format!("company-{n}.example"));
    }
    p.sign_in("pat@bramwell.example")
        .get("/access")
        .expect(200)
        .shows("1 Smart Account")
        .shows_not("Company 1");
}

#[test]
fn every_guide_serves_both_editions_and_leads_to_no_dead_end() {
    use licentral::kernel::Edition;
    for edition in [Edition::Cloud, Edition::OnPrem] {
        let p = Portal::start_as(|config| config.edition = edition);
        let mut visitor = p.browser();
        let guides: Vec<String> = p
            .routes()
            .into_iter()
            .filter(|route| route.method == "GET" && route.path.starts_with("/help"))
            .map(|route| route.path)
            .collect();
        assert!(guides.len() >= 11, "{guides:?}");
        for path in guides {
            let page = visitor.get(&path).expect(200);
            for href in page.attrs("main a", "href") {
                let to = href.split(['#', '?']).next().unwrap();
                assert!(
                    !to.starts_with('/') || p.has_route("GET", to),
                    "{} of {path} leads to {href}",
                    edition.word()
                );
            }
        }
    }
}
