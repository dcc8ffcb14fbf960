use super::*;
use crate::error::Error;
use crate::kernel::ids::{AccountRequestId, CreatorId, PersonId, SmartAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Moment};
use proptest::prelude::*;

fn mail(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}
fn domain(text: &str) -> DomainIdentifier {
    DomainIdentifier::parse(text).unwrap()
}
fn customers(text: &str) -> Customers {
    Customers::parse(text).unwrap()
}
fn now() -> Moment {
    Moment::parse("2026-11-21T18:30:00Z").unwrap()
}
fn creator(email: &str, depth: i32) -> Creator {
    Creator {
        id: CreatorId::new(),
        request: AccountRequestId::new(),
        email: email.to_owned(),
        email_key: mail(email).key().to_owned(),
        state: CreatorState::Asked,
        forwarded_from: None,
        depth,
        created_at: now(),
        ended_at: None,
    }
}
fn request(kind: RequestKind, review: DomainReview) -> Request {
    Request {
        id: AccountRequestId::new(),
        reference: reference(now(), 7),
        account: SmartAccountId::new(),
        kind,
        requester: PersonId::new(),
        note_to_approver: String::new(),
        note_to_customer: String::new(),
        domain_review: review,
        domain_reasons: String::new(),
        domain_by: None,
        domain_at: None,
        state: RequestState::Pending,
        reason: String::new(),
        decided_by: None,
        decided_at: None,
        sent_at: now(),
        remind_at: now().plus(REMINDER),
        reminded_at: None,
        expires_at: now().plus(LIFE),
        version: 1,
    }
}
fn code(problem: Option<Error>) -> &'static str {
    match problem {
        Some(Error::Refused(refusal)) => refusal.code,
        Some(_) => "another error",
        None => "",
    }
}

#[test]
fn customer_addresses_come_between_commas_or_in_lines_each_once() {
    let list = customers("a@x.example, b@x.example;\r\n c@y.example\n");
    assert_eq!(list.list().len(), 3);
    let list = customers("Example, Lee <lee@x.example>; SMTP:ann@x.example");
    assert_eq!(list.list()[0].as_str(), "lee@x.example");
    assert_eq!(list.list().len(), 2);
    // Over the API an element is one address.
    assert!(
        Customers::of(["a@x.example b@x.example"])
            .unwrap_err()
            .contains("2 addresses")
    );
    assert!(Customers::parse("").unwrap_err().contains("at least one"));
    assert!(Customers::parse(" , \n").unwrap_err().contains("at least one"));
    assert!(
        Customers::parse("a@x.example A@X.example")
            .unwrap_err()
            .contains("twice")
    );
    assert!(
        Customers::parse("a@x.example, nonsense")
            .unwrap_err()
            .contains("nonsense")
    );
    let eleven: Vec<String> = (0..11).map(|n| format!("p{n}@x.example")).collect();
    assert!(
        Customers::parse(&eleven.join(","))
            .unwrap_err()
            .contains("at most 10")
    );
    assert_eq!(
        customers(&eleven.split_last().unwrap().1.join("\n")).list().len(),
        10
    );
}

#[test]
fn a_domain_speaks_for_itself_only_when_every_customer_address_has_it() {
    let ask = |d: &str, c: &str, used| reasons_for_customer(&domain(d), &customers(c), used);
    assert!(
        ask(
            "harborview.example",
            "a@harborview.example b@harborview.example",
            false
        )
        .is_empty()
    );
    // The company's domain counts, wherever in it the mailbox is.
    assert!(ask("harborview.example", "a@mail.harborview.example", false).is_empty());
    assert_eq!(
        ask(
            "harborview.example",
            "a@harborview.example b@other.example",
            false
        ),
        [DomainReason::CustomersDiffer]
    );
    // A domain below the company's is never taken unasked.
    assert_eq!(
        ask("lab.harborview.example", "a@lab.harborview.example", false),
        [DomainReason::CustomersDiffer]
    );
    assert_eq!(
        ask("harborview.example", "a@harborview.example", true),
        [DomainReason::TldInUse]
    );
    assert_eq!(
        ask("lab.harborview.example", "a@x.example", true),
        [DomainReason::CustomersDiffer, DomainReason::TldInUse]
    );
}

#[test]
fn ones_own_organization_always_needs_a_domain_approver() {
    let ask = |d: &str, used| reasons_for_own(&domain(d), &mail("noa@newcomer.example"), used);
    assert_eq!(ask("newcomer.example", false), [DomainReason::OwnOrganization]);
    assert_eq!(ask("other.example", true).len(), 3);
}

#[test]
fn nobody_decides_what_they_asked_for() {
    let requester = Standing {
        creator: Some(creator("pat@b.example", 0)),
        is_requester: true,
        approves_domains: true,
        operates: true,
    };
    for kind in [RequestKind::Customer, RequestKind::Own] {
        let request = request(kind, DomainReview::NotNeeded);
        assert_eq!(
            code(approve_problem(&request, &requester)),
            "account-requests.own-request"
        );
        assert!(!requester.may_deny(&request));
    }
}

#[test]
fn a_customer_waits_for_the_domain_and_an_own_account_for_a_domain_approver() {
    let asked = Standing {
        creator: Some(creator("it@h.example", 0)),
        ..Standing::default()
    };
    let drew = Standing {
        approves_domains: true,
        ..Standing::default()
    };
    let waiting = request(RequestKind::Customer, DomainReview::Waiting);
    assert_eq!(
        code(approve_problem(&waiting, &asked)),
        "account-requests.domain-approval-outstanding"
    );
    assert_eq!(
        code(approve_problem(&waiting, &drew)),
        "account-requests.not-asked"
    );
    assert!(drew.may_deny(&waiting) && asked.may_deny(&waiting));
    let given = request(RequestKind::Customer, DomainReview::Given);
    assert_eq!(code(approve_problem(&given, &asked)), "");
    assert!(!drew.may_deny(&given));
    let own = request(RequestKind::Own, DomainReview::Waiting);
    assert_eq!(code(approve_problem(&own, &drew)), "");
    assert_eq!(code(approve_problem(&own, &asked)), "account-requests.not-asked");
    let mut gone = asked;
    if let Some(creator) = gone.creator.as_mut() {
        creator.state = CreatorState::Forwarded;
    }
    assert_eq!(code(approve_problem(&given, &gone)), "account-requests.not-asked");
    assert!(gone.sees());
    assert!(!Standing::default().sees());
}

#[test]
fn a_request_is_not_handed_back_or_round_in_circles() {
    let (own, requester) = (mail("it@h.example"), mail("pat@b.example"));
    let known = [creator("it@h.example", 0), creator("buyer@h.example", 0)];
    let ask = |to: &str, depth| {
        code(forward_problem(
            &creator("it@h.example", depth),
            &mail(to),
            &own,
            &requester,
            &known,
        ))
    };
    assert_eq!(ask("cfo@h.example", 0), "");
    assert_eq!(ask("cfo@h.example", 4), "");
    assert_eq!(ask("cfo@h.example", 5), "account-requests.forward-limit");
    assert_eq!(ask("PAT@b.example", 0), "account-requests.forward-to-requester");
    assert_eq!(
        ask("pat+me@b.example", 0),
        "account-requests.forward-to-requester"
    );
    assert_eq!(ask("it@h.example", 0), "account-requests.forward-to-same");
    assert_eq!(ask("it+again@h.example", 0), "account-requests.forward-to-same");
    assert_eq!(ask("Buyer@h.example", 0), "account-requests.forward-to-same");
}

#[test]
fn names_are_similar_by_the_words_that_tell() {
    assert!(similar("Harborview Clinics", "Harborview Clinic Group"));
    assert!(similar("XYZ COMPANY", "xyz company Ltd"));
    assert!(!similar("Alder Ridge Group", "Birch Valley Group"));
    assert!(!similar("The Company", "The Group"));
    assert_eq!(
        search_words("The Harborview Clinics Inc"),
        ["harborview", "clinic"]
    );
    assert!(search_words("The Company").is_empty());
}

#[test]
fn references_sort_within_a_year() {
    assert_eq!(reference(now(), 42), "SAR-2026-00042");
    assert_eq!(reference(now(), 123_456), "SAR-2026-123456");
    let words = reason_words(&[DomainReason::CustomersDiffer, DomainReason::TldInUse]);
    let mut request = request(RequestKind::Customer, DomainReview::Waiting);
    request.domain_reasons = words;
    assert_eq!(
        request.reasons(),
        [DomainReason::CustomersDiffer, DomainReason::TldInUse]
    );
}

#[test]
fn an_overdue_request_is_closed_before_the_job_says_so() {
    let request = request(RequestKind::Customer, DomainReview::NotNeeded);
    assert!(request.is_open(request.expires_at.plus(TimeDelta::microseconds(-1))));
    assert!(!request.is_open(request.expires_at));
}

proptest! {
    #[test]
    fn whatever_is_typed_the_customers_are_few_and_different(typed in "([a-c]{1,2}@[x-z]\\.example[ ,;\n]{0,2}){0,14}") {
        if let Ok(list) = Customers::parse(&typed) {
            let mut keys: Vec<&str> = list.list().iter().map(EmailAddress::key).collect();
            prop_assert!(!keys.is_empty() && keys.len() <= MOST_CUSTOMERS);
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(keys.len(), list.list().len());
        }
    }

    #[test]
    fn without_a_domain_approver_every_customer_is_of_the_domain(names in proptest::collection::vec("[a-d]{1,3}", 1..5), host in "[a-c]{1,2}\\.example", others in proptest::collection::vec("([a-c]\\.)?[a-c]{1,2}\\.example", 5), used: bool) {
        let typed: Vec<String> = names.iter().zip(&others).map(|(n, h)| format!("{n}@{h}")).collect();
        if let Ok(list) = Customers::parse(&typed.join(" ")) {
            let reasons = reasons_for_customer(&domain(&host), &list, used);
            let all = list.list().iter().all(|m| m.domain() == host || m.domain().ends_with(&format!(".{host}")));
            prop_assert_eq!(reasons.is_empty(), all && !used);
        }
    }

    #[test]
    fn similarity_has_no_direction(a in "[a-z ]{0,24}", b in "[a-z ]{0,24}") {
        prop_assert_eq!(similar(&a, &b), similar(&b, &a));
    }
}
