//! The journey of a request for a Smart Account, and everything that must not happen on the way.

use crate::support::{Browser, Portal, link_in};
use chrono::TimeDelta;
use serde_json::json;

const FORM: &str = "/access/request-for-customer";

/// Sends a request for a customer through the form; returns its reference.
fn ask(pat: &mut Browser, name: &str, domain: &str, emails: &str) -> String {
    pat.get(FORM).expect(200);
    pat.fill_and_send(
        "Send Request",
        &[
            ("name", name),
            ("domain", domain),
            ("note_to_approver", "First order, confirmed by phone."),
            ("customer_emails", emails),
            ("note_to_customer", "Welcome to your new portal."),
        ],
    )
    .expect(303);
    let to = pat.page().location().unwrap().to_owned();
    to.strip_prefix("/access?highlight=")
        .unwrap_or_else(|| panic!("{to}"))
        .to_owned()
}

/// The usual request: its domain speaks for itself.
fn alder(pat: &mut Browser) -> String {
    ask(
        pat,
        "Alder Ridge Clinics",
        "alder.example",
        "it@alder.example, buyer@alder.example",
    )
}

fn subjects(p: &Portal, to: &str) -> Vec<String> {
    p.mail().all_to(to).into_iter().map(|l| l.subject).collect()
}

fn link_to(p: &Portal, to: &str) -> String {
    let letters = p.mail().all_to(to);
    letters
        .iter()
        .rev()
        .map(link_in)
        .find(|link| link.starts_with("/r/"))
        .unwrap_or_else(|| panic!("no link to {to}"))
}

#[test]
fn a_partner_asks_and_a_customer_without_a_user_account_approves() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    let page = pat.get(FORM).expect(200).clone();
    for label in [
        "Request a Smart Account for a Customer",
        "Smart Account Name",
        "Account Domain Identifier",
        "bramwell.example",
        "Edit",
        "Note to Cisco Approver",
        "Customer Email addresses",
        "Note to Customer",
        "If the domain belongs to a company that already has a Smart Account, its Smart Account Admin will be emailed.",
    ] {
        page.shows(label);
    }
    page.shows_not("Holding");
    assert!(
        page.attrs("details", "open").is_empty(),
        "the own domain stands as it is"
    );
    assert_eq!(
        pat.get(&format!("{FORM}?edit=1")).attrs("details", "open").len(),
        1
    );
    let reference = alder(&mut pat);
    assert!(
        reference.starts_with("SAR-") && reference.ends_with("-00001"),
        "{reference}"
    );

    // M1 and M3 to each customer address, nothing to the Domain approver.
    for customer in ["it@alder.example", "buyer@alder.example"] {
        let subjects = subjects(&p, customer);
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(subjects[0].contains("pending for you") && subjects[1].contains("approval is pending"));
    }
    let activation = p.mail().all_to("it@alder.example").remove(0);
    for body in [&activation.text, &activation.html] {
        assert!(body.contains("Welcome to your new portal."), "{body}");
        assert!(body.contains("Approve and Create the Account"), "{body}");
        assert!(
            !body.contains("confirmed by phone"),
            "the other note is not for customers"
        );
    }
    assert!(subjects(&p, "drew@licensing.example").is_empty());

    // The link leads a newcomer to a name and a password, then to the request.
    let link = link_to(&p, "it@alder.example");
    let mut newcomer = p.browser();
    newcomer
        .get(&link)
        .expect(200)
        .shows("Set up your user account")
        .shows("Pat Quill");
    newcomer
        .fill_and_submit(
            "Set up and view the request",
            &[("name", ""), ("password", "short")],
        )
        .expect(422)
        .shows("Enter the Name.")
        .shows("Use at least 8 characters.");
    newcomer
        .fill_and_submit(
            "Set up and view the request",
            &[
                ("name", "Iris Tan"),
                ("password", "teal cabin forty orbit"),
                ("password_again", "teal cabin forty orbit"),
            ],
        )
        .expect(200);
    let page = newcomer.page();
    assert_eq!(page.path, format!("/requests/{reference}"));
    for words in [
        "Pending Request",
        "Alder Ridge Clinics",
        "alder.example",
        "it@alder.example",
        "buyer@alder.example",
        "Pat Quill, Bramwell Distribution",
        "Checks before approval",
        "No account uses this domain",
        "Customer emails match the domain",
        "2 of 2 addresses end in alder.example.",
        "Link expires",
        "Welcome to your new portal.",
    ] {
        page.shows(words);
    }
    // Exactly four actions.
    assert_eq!(
        page.texts(".decide a, .decide button"),
        [
            "Cancel",
            "Forward",
            "Deny Request",
            "Approve and Create the Account"
        ]
    );
    assert_eq!(page.attrs(".decide a", "href")[0], "/requests");
    let before = p.fingerprint();
    newcomer.click("Cancel").expect(200).shows("Yours to decide");
    assert_eq!(before, p.fingerprint(), "Cancel changes nothing");

    newcomer.get(&format!("/requests/{reference}"));
    newcomer
        .fill_and_submit("Approve and Create the Account", &[])
        .expect(200)
        .shows("Iris Tan (it@alder.example) approved this request")
        .shows("Open the Smart Account")
        .shows_not("Link expires");
    assert!(
        newcomer.page().texts(".decide").is_empty(),
        "no buttons once it is decided"
    );

    // The account, its DEFAULT, its administrator, and who was told.
    assert_eq!(p.events_of("smart-account.activated").len(), 1);
    assert_eq!(p.events_of("virtual-account.created").len(), 3);
    let granted = p.events_of("role.granted");
    assert!(
        granted[0].message.contains("Iris Tan") && granted[0].message.contains("Smart Account Administrator")
    );
    assert!(
        subjects(&p, "pat@bramwell.example")
            .last()
            .unwrap()
            .starts_with("Approved")
    );
    assert!(
        subjects(&p, "it@alder.example")
            .last()
            .unwrap()
            .contains("is active")
    );
    assert!(
        subjects(&p, "buyer@alder.example")
            .last()
            .unwrap()
            .contains("No longer pending")
    );

    // The other Account creator is too late, and is told who was quicker.
    p.person("buyer@alder.example", "Bo Buyer");
    let mut buyer = p.sign_in("buyer@alder.example");
    buyer
        .get(&link_to(&p, "buyer@alder.example"))
        .expect(200)
        .shows("approved this request");
    let csrf = p.csrf_of(&buyer);
    buyer
        .post_fields(&format!("/requests/{reference}/approve"), &[("csrf", &csrf)])
        .expect(409)
        .shows("Iris Tan (it@alder.example) approved this request on");
    let state = p
        .api("pat@bramwell.example")
        .get(&format!("/api/v1/account-requests/{reference}"))
        .json();
    assert_eq!(state["state"], "approved");
    assert_eq!(state["smart_account_state"], "active");
}

#[test]
fn a_domain_that_does_not_speak_for_itself_waits_for_a_domain_approver() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    // Under XYZ COMPANY's domain: its administrator hears of it.
    let reference = ask(&mut pat, "XYZ Labs", "labs.xyz.example", "ada@xyz.example");
    assert!(
        subjects(&p, "ada@xyz.example")
            .iter()
            .any(|s| s.contains("requested under xyz.example"))
    );
    let letter = p.mail().last_to("drew@licensing.example");
    assert!(
        letter.text.contains("First order, confirmed by phone."),
        "{}",
        letter.text
    );

    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&link_to(&p, "ada@xyz.example"))
        .expect(200)
        .shows("Pending domain approval");
    let off = ada.page().texts(".decide button[aria-disabled=true]");
    assert_eq!(off, ["Approve and Create the Account"]);
    ada.page()
        .shows("A Domain approver has to approve the Account Domain Identifier first.");
    let path = format!("/requests/{reference}");
    let csrf = p.csrf_of(&ada);
    ada.post_fields(&format!("{path}/approve"), &[("csrf", &csrf)])
        .expect(409);
    ada.post_fields(&format!("{path}/approve-domain"), &[("csrf", &csrf)])
        .expect(403);

    let mut drew = p.sign_in("drew@licensing.example");
    drew.get("/requests")
        .expect(200)
        .shows("XYZ Labs")
        .shows("Domain approval");
    drew.get(&path).expect(200);
    assert_eq!(
        drew.page().texts(".decide a, .decide button"),
        ["Cancel", "Deny Request", "Approve domain"]
    );
    drew.fill_and_submit("Approve domain", &[])
        .expect(200)
        .shows("Pending approval");
    assert!(drew.page().texts(".decide button").is_empty());
    assert!(
        subjects(&p, "ada@xyz.example")
            .last()
            .unwrap()
            .starts_with("You can decide now")
    );
    ada.get(&path);
    ada.fill_and_submit("Approve and Create the Account", &[])
        .expect(200)
        .shows("Ada Lindqvist (ada@xyz.example) approved this request");
}

#[test]
fn a_denial_needs_a_reason_and_frees_the_domain() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    let reference = alder(&mut pat);
    p.person("it@alder.example", "Iris Tan");
    let mut iris = p.sign_in("it@alder.example");
    iris.get(&format!("/requests/{reference}"));
    iris.click("Deny Request").expect(200).shows("Deny reason");
    iris.fill_and_submit("Deny Request", &[("reason", "  ")])
        .expect(422)
        .shows("Enter a deny reason.");
    iris.fill_and_submit("Deny Request", &[("reason", "We have one, under our old name.")])
        .expect(200)
        .shows("denied this request")
        .shows("We have one, under our old name.");
    let outcome = p.mail().last_to("pat@bramwell.example");
    assert!(
        outcome.subject.starts_with("Denied") && outcome.text.contains("We have one, under our old name.")
    );
    pat.get(&format!("/requests/{reference}"))
        .expect(200)
        .shows("We have one, under our old name.");
    // The same domain can be asked for again.
    assert_ne!(alder(&mut pat), reference);
}

#[test]
fn what_cannot_be_asked_for_is_told_beside_its_field() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    let before = p.fingerprint();
    for (name, domain, emails, says) in [
        (
            "",
            "alder.example",
            "it@alder.example",
            "Enter the Smart Account Name.",
        ),
        (
            "A\u{202e}B",
            "alder.example",
            "it@alder.example",
            "has a character",
        ),
        (
            &"x".repeat(10_000),
            "alder.example",
            "it@alder.example",
            "Use at most 100",
        ),
        (
            "Alder",
            "",
            "it@alder.example",
            "Enter the Account Domain Identifier.",
        ),
        ("Alder", "co.uk", "it@alder.example", "public suffix"),
        (
            "Alder",
            "alder.example",
            "",
            "Enter at least one customer email address.",
        ),
        (
            "Alder",
            "alder.example",
            "it@alder.example IT@alder.example",
            "named twice",
        ),
        (
            "Alder",
            "alder.example",
            "it@alder.example\r\nBcc: x",
            "instead of",
        ),
        (
            "Alder",
            "alder.example",
            "pat@bramwell.example",
            "nobody decides their own request",
        ),
        (
            "Alder",
            "alder.example",
            "Pat+2@bramwell.example",
            "nobody decides their own request",
        ),
        (
            "Alder",
            "bramwell.example",
            "it@alder.example",
            "belongs to a Smart Account already",
        ),
        (
            "Alder",
            "harborview.example",
            "it@alder.example",
            "belongs to a Smart Account already",
        ),
    ] {
        pat.get(FORM);
        pat.fill_and_send(
            "Send Request",
            &[("name", name), ("domain", domain), ("customer_emails", emails)],
        )
        .expect(422)
        .shows(says);
        let kept = pat.page().texts("textarea[name=customer_emails]");
        assert_eq!(
            kept.join(" "),
            emails.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    assert_eq!(before, p.fingerprint(), "nothing was written");
    // No such type, not even by hand.
    pat.get(FORM);
    let (action, mut fields) = pat.form("Send Request");
    fields.push(("type".to_owned(), "holding".to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    pat.post_fields(&action, &fields).expect(400);
    // Who has no role may not ask for a customer.
    p.sign_in("noa@newcomer.example").get(FORM).expect(403);
    p.sign_in("bob@xyz.example").get(FORM).expect(403);
}

#[test]
fn ones_own_organization_is_decided_by_a_domain_approver() {
    let (p, _) = Portal::with_cast();
    let mut noa = p.sign_in("noa@newcomer.example");
    noa.get("/access/create")
        .expect(200)
        .shows("newcomer.example")
        .shows("Smart Account search visibility");
    noa.fill_and_send(
        "Submit",
        &[
            ("name", "Newcomer Works"),
            ("headquarters", "2 Sample Street\nSpringfield"),
            ("visibility", "restricted"),
        ],
    )
    .expect(303);
    let reference = noa.page().location().unwrap().replace("/access?highlight=", "");
    let path = format!("/requests/{reference}");
    noa.get(&path).expect(200);
    assert_eq!(
        noa.page().texts(".decide a, .decide button"),
        ["Cancel", "Withdraw request"]
    );
    let csrf = p.csrf_of(&noa);
    noa.post_fields(&format!("{path}/approve"), &[("csrf", &csrf)])
        .expect(409)
        .shows("You sent this request");
    // Not even a Domain approver decides their own request.
    p.platform_role(
        "noa@newcomer.example",
        licentral::authn::PlatformRole::DomainApprover,
    );
    noa.post_fields(&format!("{path}/approve"), &[("csrf", &csrf)])
        .expect(409);
    noa.post_fields(&format!("{path}/approve-domain"), &[("csrf", &csrf)])
        .expect(409);
    noa.post_fields(&format!("{path}/deny"), &[("csrf", &csrf), ("reason", "x")])
        .expect(409);

    let mut drew = p.sign_in("drew@licensing.example");
    drew.get(&path).expect(200);
    assert_eq!(
        drew.page().texts(".decide a, .decide button"),
        ["Cancel", "Deny Request", "Approve and Create the Account"]
    );
    drew.fill_and_submit("Approve and Create the Account", &[])
        .expect(200);
    let letter = p.mail().last_to("noa@newcomer.example");
    assert!(
        letter.text.contains("You are its Smart Account Administrator."),
        "{}",
        letter.text
    );
    assert!(
        p.events_of("role.granted")[0]
            .message
            .contains("noa@newcomer.example")
    );
}

#[test]
fn strangers_do_not_learn_that_a_request_exists() {
    let (p, _) = Portal::with_cast();
    let reference = alder(&mut p.sign_in("pat@bramwell.example"));
    for stranger in [
        "eve@harborview.example",
        "ada@xyz.example",
        "sam@licensing.example",
    ] {
        let mut eve = p.sign_in(stranger);
        let mut api = p.api(stranger);
        let csrf = p.csrf_of(&eve);
        for (path, fields) in [
            ("", vec![]),
            ("/deny", vec![("reason", "x")]),
            ("/approve", vec![]),
            ("/forward", vec![("email", "a@b.example"), ("note", "")]),
            ("/withdraw", vec![]),
        ] {
            let mut bodies = Vec::new();
            for there in [reference.as_str(), "SAR-2026-99999"] {
                let page = if path.is_empty() {
                    eve.get(&format!("/requests/{there}")).expect(404).clone()
                } else {
                    let mut fields = fields.clone();
                    fields.push(("csrf", csrf.as_str()));
                    eve.post_fields(&format!("/requests/{there}{path}"), &fields)
                        .expect(404)
                        .clone()
                };
                bodies.push(page.text_of_main().split("Reference:").next().unwrap().to_owned());
            }
            assert_eq!(bodies[0], bodies[1]);
        }
        api.get(&format!("/api/v1/account-requests/{reference}"))
            .expect(404);
        eve.get("/requests")
            .expect(200)
            .shows("No requests are waiting")
            .shows_not("Alder");
        api.post(
            &format!("/api/v1/account-requests/{reference}/approve"),
            &json!({}),
        )
        .expect(404);
    }
    p.sign_in("olga@licensing.example")
        .get(&format!("/requests/{reference}"))
        .expect(200)
        .shows("Alder");
    p.browser()
        .get(&format!("/requests/{reference}"))
        .shows_not("Alder");
}

#[test]
fn only_one_of_thirty_two_decisions_counts() {
    let (p, _) = Portal::with_cast();
    let emails: Vec<String> = (0..8).map(|n| format!("p{n}@alder.example")).collect();
    for email in &emails {
        p.person(email, "Some One");
    }
    let reference = ask(
        &mut p.sign_in("pat@bramwell.example"),
        "Alder Ridge",
        "alder.example",
        &emails.join(","),
    );
    let path = format!("/requests/{reference}");
    let mut browsers: Vec<(usize, Browser, String)> = Vec::new();
    for n in 0..32 {
        let mut browser = p.sign_in(&emails[n % 8]);
        browser.get(&path).expect(200);
        let csrf = browser.page().attrs("input[name=csrf]", "value").pop().unwrap();
        browsers.push((n, browser, csrf));
    }
    let path = path.as_str();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = browsers
            .iter_mut()
            .map(|(n, browser, csrf)| {
                scope.spawn(move || {
                    let csrf = csrf.as_str();
                    let (to, fields) = match *n % 3 {
                        0 => ("deny", vec![("csrf", csrf), ("reason", "No.")]),
                        _ => ("approve", vec![("csrf", csrf)]),
                    };
                    browser.post_fields(&format!("{path}/{to}"), &fields).status
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|s| **s == 303).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|s| matches!(s, 303 | 409)), "{answers:?}");
    let decided = p.events_of("account-request.approved").len() + p.events_of("account-request.denied").len();
    assert_eq!(decided, 1);
    assert!(p.events_of("smart-account.activated").len() <= 1);
}

#[test]
fn opening_a_link_decides_nothing_however_often() {
    let (p, _) = Portal::with_cast();
    alder(&mut p.sign_in("pat@bramwell.example"));
    p.person("buyer@alder.example", "Bo Buyer");
    for customer in ["it@alder.example", "buyer@alder.example"] {
        let link = link_to(&p, customer);
        let before = p.fingerprint();
        let mut scanner = p.browser();
        for _ in 0..50 {
            let got = scanner.send("GET", &link, &[], None).status;
            let head = scanner.send("HEAD", &link, &[], None).status;
            assert_eq!(got, head);
        }
        assert_eq!(before, p.fingerprint());
    }
    // A recipient who has a user account signs in first; somebody else is told no address.
    let link = link_to(&p, "buyer@alder.example");
    let mut nobody = p.browser();
    let to = nobody.open(&link).expect(303).location().unwrap().to_owned();
    assert!(to.starts_with("/login?next=%2Fr%2F"), "{to}");
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&link)
        .expect(403)
        .shows("sent to another person")
        .shows("Sign out")
        .shows_not("buyer@");
    let mut buyer = p.sign_in("buyer@alder.example");
    buyer.get(&link).expect(200);
    buyer
        .fill_and_submit("Approve and Create the Account", &[])
        .expect(200);
}

#[test]
fn dead_links_look_alike_and_only_their_recipient_learns_more() {
    let (p, _) = Portal::with_cast();
    let reference = alder(&mut p.sign_in("pat@bramwell.example"));
    p.person("it@alder.example", "Iris Tan");
    let (used, ended) = (
        link_to(&p, "it@alder.example"),
        link_to(&p, "buyer@alder.example"),
    );
    let mut iris = p.sign_in("it@alder.example");
    iris.get(&format!("/requests/{reference}"));
    iris.fill_and_submit("Approve and Create the Account", &[])
        .expect(200);
    let second = ask(
        &mut p.sign_in("pat@bramwell.example"),
        "Birch",
        "birch.example",
        "it@birch.example",
    );
    let expired = link_to(&p, "it@birch.example");
    p.advance(TimeDelta::days(15));
    let bent = format!("{}AA", &used[..used.len() - 2]);
    // Without what differs between any two pages: the reference, the form's token, the lab's clock.
    let plain = |page: &crate::support::Page| {
        let mut text = page.body.clone();
        let at = text.find("Reference: <code>").unwrap();
        let end = at + text[at..].find("</p>").unwrap();
        text.replace_range(at..end, "");
        for token in page.attrs("input[name=csrf]", "value") {
            text = text.replace(&token, "TOKEN");
        }
        for time in page.html().select(&crate::support::sel(".lab-pill time")) {
            text = text.replace(&time.html(), "TIME");
        }
        text
    };
    for mut visitor in [p.browser(), p.sign_in("eve@harborview.example")] {
        let mut bodies = Vec::new();
        for link in [
            used.as_str(),
            &ended,
            &expired,
            &bent,
            "/r/nonsense",
            "/r/eyJ.eyJ.x",
        ] {
            bodies.push(plain(visitor.get(link).expect(410)));
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:#?}");
    }
    // The recipients, signed in, are led to what became of it, also when time ended the link.
    iris.get(&used).expect(200).shows("approved this request");
    p.person("it@birch.example", "Ben Birch");
    p.run_jobs();
    let mut ben = p.sign_in("it@birch.example");
    ben.get(&expired).expect(200).shows("expired");
    assert_eq!(ben.page().path, format!("/requests/{second}"));
}

#[test]
fn a_request_is_handed_on_five_times_and_never_back() {
    let (p, _) = Portal::with_cast();
    let reference = alder(&mut p.sign_in("pat@bramwell.example"));
    let path = format!("/requests/{reference}");
    let chain = ["it", "a", "b", "c", "d", "e", "f"].map(|name| format!("{name}@alder.example"));
    for email in &chain {
        p.person(email, "Some One");
    }
    let first_link = link_to(&p, &chain[0]);
    for pair in chain[..6].windows(2) {
        let mut from = p.sign_in(&pair[0]);
        from.get(&path).expect(200);
        from.click("Forward")
            .expect(200)
            .shows("Email of the next approver");
        for (to, says) in [
            ("nonsense", "Enter an e-mail address"),
            ("pat@bramwell.example", "sent the request"),
            (pair[0].as_str(), "asked to decide this request already"),
            ("buyer@alder.example", "asked to decide this request already"),
        ] {
            from.fill_and_submit("Forward", &[("email", to)])
                .expect(422)
                .shows(says);
        }
        from.fill_and_submit(
            "Forward",
            &[("email", &pair[1]), ("note", "You know them better.")],
        )
        .expect(200)
        .shows("You forwarded this request");
        let letter = p.mail().last_to(&pair[1]);
        assert!(
            letter.subject.starts_with("Forwarded to you") && letter.text.contains("You know them better.")
        );
        let csrf = p.csrf_of(&from);
        from.post_fields(&format!("{path}/approve"), &[("csrf", &csrf)])
            .expect(409);
    }
    p.browser().get(&first_link).expect(410);
    let mut last = p.sign_in(&chain[5]);
    last.get(&format!("{path}/forward")).expect(200);
    last.fill_and_submit("Forward", &[("email", &chain[6])])
        .expect(422)
        .shows("forwarded 5 times already");
    last.get(&path).shows("To c@alder.example");
    last.fill_and_submit("Approve and Create the Account", &[])
        .expect(200);
}

#[test]
fn the_requester_takes_it_back() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    let reference = alder(&mut pat);
    let link = link_to(&p, "it@alder.example");
    pat.get(&format!("/requests/{reference}")).expect(200);
    assert_eq!(
        pat.page().texts(".decide a, .decide button"),
        ["Cancel", "Withdraw request"]
    );
    pat.click("Withdraw request")
        .expect(200)
        .shows("their links stop working");
    pat.fill_and_submit("Withdraw request", &[])
        .expect(200)
        .shows("withdrew this request");
    p.browser().get(&link).expect(410);
    assert!(
        subjects(&p, "it@alder.example")
            .last()
            .unwrap()
            .contains("No longer pending")
    );
    alder(&mut pat);
}

#[test]
fn the_clock_reminds_after_a_week_and_ends_after_two() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    let reference = ask(&mut pat, "XYZ Labs", "labs.xyz.example", "cy@xyz.example");
    let (asked, drew) = (
        p.mail().all_to("cy@xyz.example").len(),
        p.mail().all_to("drew@licensing.example").len(),
    );
    p.advance(TimeDelta::days(6));
    p.run_jobs();
    assert_eq!(p.mail().all_to("cy@xyz.example").len(), asked);
    p.advance(TimeDelta::days(1));
    for _ in 0..3 {
        p.run_jobs();
    }
    assert_eq!(p.mail().all_to("cy@xyz.example").len(), asked + 1, "once");
    assert!(
        subjects(&p, "cy@xyz.example")
            .last()
            .unwrap()
            .starts_with("Reminder")
    );
    assert_eq!(p.mail().all_to("drew@licensing.example").len(), drew + 1);
    p.advance(TimeDelta::days(7));
    // Before the job has come round, it is too late already.
    let mut cy = p.sign_in("cy@xyz.example");
    let csrf = p.csrf_of(&cy);
    cy.post_fields(&format!("/requests/{reference}/approve"), &[("csrf", &csrf)])
        .expect(409)
        .shows("it expired on");
    for _ in 0..3 {
        p.run_jobs();
    }
    assert_eq!(p.events_of("account-request.expired").len(), 1);
    assert_eq!(p.events_of("account-request.reminded").len(), 1);
    assert!(
        subjects(&p, "pat@bramwell.example")
            .last()
            .unwrap()
            .starts_with("Expired")
    );
    cy.get(&format!("/requests/{reference}"))
        .expect(200)
        .shows("expired");
    ask(&mut pat, "XYZ Labs", "labs.xyz.example", "cy@xyz.example");
}

#[test]
fn scripts_can_do_all_of_it() {
    let (p, _) = Portal::with_cast();
    for email in ["it@alder.example", "next@alder.example"] {
        p.person(email, "Some One");
    }
    const ALL: &str = "/api/v1/account-requests";
    let mut pat = p.api("pat@bramwell.example");
    let body =
        json!({ "name": "Alder", "domain": "labs.alder.example", "customer_emails": ["it@alder.example"] });
    let made = pat.post_once(ALL, "key-1", &body).expect(201).json();
    let again = pat.post_once(ALL, "key-1", &body).expect(201).json();
    assert_eq!(made, again);
    assert_eq!(p.events_of("account-request.sent").len(), 1);
    pat.post_once(
        ALL,
        "key-1",
        &json!({ "name": "Other", "customer_emails": ["it@alder.example"] }),
    )
    .expect(422);
    let reference = made["reference"].as_str().unwrap().to_owned();
    assert_eq!(made["domain_review"], "waiting");
    assert_eq!(made["domain_reasons"], json!(["customers-differ"]));

    let code = |reply: &crate::support::Reply| reply.json()["code"].as_str().unwrap().to_owned();
    let mut holding = body.clone();
    holding["type"] = json!("holding");
    pat.post(ALL, &holding).expect(400);
    let taken = pat.post(
        ALL,
        &json!({ "name": "B", "domain": "xyz.example", "customer_emails": ["a@b.example"] }),
    );
    assert_eq!(code(taken.expect(409)), "smart-accounts.domain-in-use");
    let wrong = pat.post(ALL, &json!({ "name": "", "domain": "x", "customer_emails": [] }));
    assert_eq!(wrong.expect(422).json()["errors"].as_array().unwrap().len(), 3);

    let one = format!("{ALL}/{reference}");
    let mut it = p.api("it@alder.example");
    let mut drew = p.api("drew@licensing.example");
    assert_eq!(
        code(it.post(&format!("{one}/approve"), &json!({})).expect(409)),
        "account-requests.domain-approval-outstanding"
    );
    assert_eq!(
        drew.get(&format!("{ALL}?status=pending")).expect(200).json()["total"],
        1
    );
    drew.post(&format!("{one}/approve-domain"), &json!({}))
        .expect(200);
    assert_eq!(
        code(
            drew.post(&format!("{one}/approve-domain"), &json!({}))
                .expect(409)
        ),
        "account-requests.domain-answered"
    );
    assert_eq!(
        code(drew.post(&format!("{one}/approve"), &json!({})).expect(409)),
        "account-requests.not-asked"
    );
    assert_eq!(
        code(pat.post(&format!("{one}/approve"), &json!({})).expect(409)),
        "account-requests.own-request"
    );
    assert_eq!(
        code(it.post(&format!("{one}/withdraw"), &json!({})).expect(409)),
        "account-requests.not-requester"
    );
    it.post(&format!("{one}/deny"), &json!({ "reason": "" }))
        .expect(422);
    let forwarded = it
        .post(
            &format!("{one}/forward"),
            &json!({ "email": "next@alder.example", "note": "Yours." }),
        )
        .expect(200)
        .json();
    assert_eq!(forwarded["account_creators"][0]["state"], "forwarded");
    assert_eq!(forwarded["account_creators"][1]["forwards"], 1);
    let mut next = p.api_with("next@alder.example", false);
    next.get(&one).expect(200);
    assert_eq!(
        code(next.post(&format!("{one}/approve"), &json!({})).expect(409)),
        "api.scope"
    );
    let mut next = p.api("next@alder.example");
    let done = next
        .post(&format!("{one}/approve"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(done["smart_account_state"], "active");
    assert_eq!(
        code(
            next.post(&format!("{one}/deny"), &json!({ "reason": "Late." }))
                .expect(409)
        ),
        "account-requests.decided"
    );

    let own = json!({ "name": "Newcomer", "headquarters": "2 Sample Street", "visibility": "restricted" });
    let made = p
        .api("noa@newcomer.example")
        .post_once(&format!("{ALL}/own"), "k", &own)
        .expect(201)
        .json();
    assert_eq!(made["domain"], "newcomer.example");
    p.api("noa@newcomer.example")
        .post(
            &format!("{ALL}/{}/withdraw", made["reference"].as_str().unwrap()),
            &json!({}),
        )
        .expect(200);
    // A role is needed to ask for a customer.
    p.api("noa@newcomer.example").post(ALL, &body).expect(403);
}

#[test]
fn the_same_form_twice_is_one_request() {
    let (p, _) = Portal::with_cast();
    let mut pat = p.sign_in("pat@bramwell.example");
    pat.get(FORM);
    let (action, mut fields) = pat.form("Send Request");
    for (name, value) in &mut fields {
        match name.as_str() {
            "name" => "Alder".clone_into(value),
            "domain" => "alder.example".clone_into(value),
            "customer_emails" => "it@alder.example".clone_into(value),
            _ => {}
        }
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let first = pat
        .post_fields(&action, &fields)
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    let second = pat
        .post_fields(&action, &fields)
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    assert_eq!(first, second);
    assert_eq!(p.mail().all_to("it@alder.example").len(), 2);
}
