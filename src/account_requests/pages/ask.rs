//! The forms with which a Smart Account is requested.

use super::flash;
use crate::account_requests::model::{Customers, ForCustomer, ForOwn, Request, RequestKind};
use crate::account_requests::service::{self, Sending};
use crate::authn::Person;
use crate::authz::action::{CreateOwnAccount, RequestForCustomer};
use crate::error::{Error, Problems, Result};
use crate::http::form_state::Choice;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, FlashKind, FormState, May, Posted, Shell, Visit, form, page, page_with};
use crate::kernel::DomainIdentifier;
use crate::smart_accounts::Visibility;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "account_requests/for_customer.html")]
struct CustomerFormView {
    shell: Shell,
    form: FormState,
    /// The domain of the requester's own address, when it can be an identifier.
    own_domain: Option<String>,
    /// The identifier is open for editing.
    editing: bool,
}

#[derive(Template)]
#[template(path = "account_requests/own.html")]
struct OwnFormView {
    shell: Shell,
    form: FormState,
    own_domain: Option<String>,
    editing: bool,
    visibilities: Vec<Choice>,
}

fn own_domain(person: &Person) -> Option<String> {
    DomainIdentifier::parse(person.email.domain())
        .ok()
        .map(|domain| domain.as_str().to_owned())
}

fn asks_to_edit(visit: &Visit) -> bool {
    url::form_urlencoded::parse(visit.query.as_bytes()).any(|(key, value)| key == "edit" && value == "1")
}

/// Whether the identifier must be seen: it was asked for, there is none to begin with, or something is wrong.
fn is_editing(visit: &Visit, form: &FormState, own: Option<&str>) -> bool {
    asks_to_edit(visit)
        || own.is_none_or(|own| own != form.value("domain"))
        || !form.value("note_to_approver").is_empty()
        || form.problem("domain").is_some()
        || form.problem("note_to_approver").is_some()
}

fn asking_shell(visit: &Visit, title: &str, form: &FormState) -> Shell {
    let mut shell = visit.shell(title);
    shell.error_title = form.has_problems();
    shell
        .crumbs
        .push(Crumb::link("Your Smart and Virtual Account access", "/access"));
    shell.crumbs.push(Crumb::text(title));
    shell
}

fn customer_form(visit: &Visit, person: &Person, form: FormState) -> CustomerFormView {
    let own_domain = own_domain(person);
    CustomerFormView {
        shell: asking_shell(visit, RequestKind::Customer.label(), &form),
        editing: is_editing(visit, &form, own_domain.as_deref()),
        own_domain,
        form,
    }
}

fn own_form(visit: &Visit, person: &Person, form: FormState) -> OwnFormView {
    let own_domain = own_domain(person);
    OwnFormView {
        shell: asking_shell(visit, RequestKind::Own.label(), &form),
        editing: is_editing(visit, &form, own_domain.as_deref()),
        own_domain,
        form,
        visibilities: vec![
            Choice::new(Visibility::Unrestricted.word(), Visibility::Unrestricted.label())
                .note("Everybody finds the account by a part of its name or domain."),
            Choice::new(Visibility::Restricted.word(), Visibility::Restricted.label())
                .note("Only who enters the entire name or domain finds it."),
        ],
    }
}

/// What is wrong with a form, beside its fields; anything else stays an error.
pub(super) fn beside_fields(error: Error) -> Result<Problems> {
    match error {
        Error::Invalid(problems) => Ok(problems),
        Error::Refused(refusal) if refusal.code == "smart-accounts.domain-in-use" => {
            let mut problems = Problems::default();
            problems.add("domain", refusal.says);
            Ok(problems)
        }
        Error::Refused(refusal) if refusal.code.starts_with("account-requests.forward-") => {
            let mut problems = Problems::default();
            problems.add("email", refusal.says);
            Ok(problems)
        }
        other => Err(other),
    }
}

pub(super) async fn show_customer_form(may: May<RequestForCustomer>) -> Answer {
    let person = &may.permit.actor()?.person;
    let form = form::fresh().with_value("domain", own_domain(person).unwrap_or_default());
    page(&customer_form(&may, person, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerForm {
    name: String,
    domain: String,
    note_to_approver: String,
    customer_emails: String,
    note_to_customer: String,
}

pub(super) async fn send_for_customer(may: May<RequestForCustomer>, posted: Posted<CustomerForm>) -> Answer {
    let requester = may.permit.actor()?.person.clone();
    let typed = &posted.value;
    let asked = ForCustomer::parse(
        &typed.name,
        &typed.domain,
        Customers::parse(&typed.customer_emails),
        &typed.note_to_approver,
        &typed.note_to_customer,
    );
    let sent = match asked {
        Ok(asked) => {
            let addresses = asked.customers.list().len();
            let (requester, once, new) = (
                requester.clone(),
                posted.once_key(&may),
                Sending::new(may.portal.clock.now()),
            );
            may.does(move |tx, permit, _| service::send(tx, permit, &requester, &new, &asked, once.as_ref()))
                .await
                .map(|request| (request, addresses))
        }
        Err(error) => Err(error),
    };
    match sent {
        Ok((request, addresses)) => {
            may.portal.jobs.nudge();
            let mut text = format!(
                "Request {} was sent. The Smart Account is Pending, and instructions on how to activate it are on their way to {}.",
                request.reference,
                counted(
                    u64::try_from(addresses).unwrap_or_default(),
                    "customer address",
                    "customer addresses"
                )
            );
            if request.waits_for_domain() {
                text.push_str(" A Domain approver looks at the Account Domain Identifier first.");
            }
            Ok(sent_answer(&may, &request, text))
        }
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(422, &customer_form(&may, &requester, posted.again(&problems)))
        }
    }
}

fn sent_answer(visit: &Visit, request: &Request, text: String) -> actix_web::HttpResponse {
    visit.see_other(
        &format!("/access?highlight={}", request.reference),
        flash(
            FlashKind::Ok,
            text,
            Some(("View the request", format!("/requests/{}", request.reference))),
        ),
    )
}

pub(super) async fn show_own_form(may: May<CreateOwnAccount>) -> Answer {
    let person = &may.permit.actor()?.person;
    let form = form::fresh()
        .with_value("domain", own_domain(person).unwrap_or_default())
        .with_value("visibility", Visibility::Unrestricted.word());
    page(&own_form(&may, person, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnForm {
    name: String,
    domain: String,
    note_to_approver: String,
    headquarters: String,
    #[serde(default)]
    visibility: String,
}

pub(super) async fn send_for_own(may: May<CreateOwnAccount>, posted: Posted<OwnForm>) -> Answer {
    let requester = may.permit.actor()?.person.clone();
    let typed = &posted.value;
    let asked = ForOwn::parse(
        &typed.name,
        &typed.domain,
        &typed.note_to_approver,
        &typed.headquarters,
        &typed.visibility,
    );
    let sent = match asked {
        Ok(asked) => {
            let (requester, once, new) = (
                requester.clone(),
                posted.once_key(&may),
                Sending::new(may.portal.clock.now()),
            );
            may.does(move |tx, permit, _| {
                service::send_own(tx, permit, &requester, &new, &asked, once.as_ref())
            })
            .await
        }
        Err(error) => Err(error),
    };
    match sent {
        Ok(request) => {
            may.portal.jobs.nudge();
            let text = format!(
                "Request {} was sent. The Smart Account is Pending until a Domain approver approves it; you are told by email.",
                request.reference
            );
            Ok(sent_answer(&may, &request, text))
        }
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(422, &own_form(&may, &requester, posted.again(&problems)))
        }
    }
}
