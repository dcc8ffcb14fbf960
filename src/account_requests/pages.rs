//! The pages of requests.

use super::api::{STATUS, deny_reason, next_approver};
use super::model::{
    self, CreatorState, Customers, DomainReview, ForCustomer, ForOwn, Request, RequestKind, RequestState,
    Summary,
};
use super::service::{self, Details, Handing, Sending};
use crate::authn::{Person, PersonState, people};
use crate::authz::action::{
    ApproveDomain, CreateOwnAccount, DecideAccountRequest, RequestForCustomer, ViewAccountRequests,
};
use crate::authz::links::{self, Link, Purpose};
use crate::authz::{Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::form::{self, Named, PathPart};
use crate::http::form_state::Choice;
use crate::http::list::Pager;
use crate::http::menu::Item;
use crate::http::widgets::{Happening, Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, ListQuery, ListSpec, May, Posted, Public, Routes, Shell,
    Visit, page, page_with, see_other,
};
use crate::identity::{self, Entrance, check_new_password, shortest_password};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Name, Who};
use crate::smart_accounts::Visibility;
use askama::Template;
use serde::Deserialize;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/access/request-for-customer", show_customer_form);
    routes.post("/access/request-for-customer", send_for_customer);
    routes.get("/access/create", show_own_form);
    routes.post("/access/create", send_for_own);
    routes.get("/requests", show_list);
    routes.get("/requests/{reference}", show);
    routes.post("/requests/{reference}/approve", approve);
    routes.post("/requests/{reference}/approve-domain", approve_domain);
    routes.get("/requests/{reference}/deny", show_deny);
    routes.post("/requests/{reference}/deny", deny);
    routes.get("/requests/{reference}/forward", show_forward);
    routes.post("/requests/{reference}/forward", forward);
    routes.get("/requests/{reference}/withdraw", show_withdraw);
    routes.post("/requests/{reference}/withdraw", withdraw);
    routes.get("/r/{token}", open_link);
    routes.post("/r/{token}", set_up_account);
    routes.menu(Item {
        section: "Account Management",
        group: None,
        label: Some("Smart Account requests"),
        path: "/requests",
        action: <ApproveDomain as Does>::ACTION,
    });
}

/// How a request is called in an address.
pub struct Reference(pub String);

impl std::str::FromStr for Reference {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let known = text.len() <= 30
            && text.starts_with("SAR-")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        known.then(|| Self(text.to_owned())).ok_or(())
    }
}
impl Named for Reference {
    const NAME: &'static str = "reference";
}

/// What stands in an emailed link. Anything may; what is no token is a dead link.
struct Token(String);

impl std::str::FromStr for Token {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
impl Named for Token {
    const NAME: &'static str = "token";
}

fn flash(kind: FlashKind, text: impl Into<String>, link: Option<(&str, String)>) -> Flash {
    Flash {
        kind,
        text: text.into(),
        link: link.map(|(label, href)| (label.to_owned(), href)),
    }
}

// Asking --------------------------------------------------------------------------------------------------

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
fn beside_fields(error: Error) -> Result<Problems> {
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

async fn show_customer_form(may: May<RequestForCustomer>) -> Answer {
    let person = &may.permit.actor()?.person;
    let form = form::fresh().with_value("domain", own_domain(person).unwrap_or_default());
    page(&customer_form(&may, person, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerForm {
    name: String,
    domain: String,
    note_to_approver: String,
    customer_emails: String,
    note_to_customer: String,
}

async fn send_for_customer(may: May<RequestForCustomer>, posted: Posted<CustomerForm>) -> Answer {
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
            let (permit, requester, once, new) = (
                may.permit.clone(),
                requester.clone(),
                posted.once_key(&may),
                Sending::new(may.portal.clock.now()),
            );
            may.portal
                .db
                .write(move |tx| service::send(tx, &permit, &requester, &new, &asked, once.as_ref()))
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

async fn show_own_form(may: May<CreateOwnAccount>) -> Answer {
    let person = &may.permit.actor()?.person;
    let form = form::fresh()
        .with_value("domain", own_domain(person).unwrap_or_default())
        .with_value("visibility", Visibility::Unrestricted.word());
    page(&own_form(&may, person, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnForm {
    name: String,
    domain: String,
    note_to_approver: String,
    headquarters: String,
    #[serde(default)]
    visibility: String,
}

async fn send_for_own(may: May<CreateOwnAccount>, posted: Posted<OwnForm>) -> Answer {
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
            let (permit, requester, once, new) = (
                may.permit.clone(),
                requester.clone(),
                posted.once_key(&may),
                Sending::new(may.portal.clock.now()),
            );
            may.portal
                .db
                .write(move |tx| service::send_own(tx, &permit, &requester, &new, &asked, once.as_ref()))
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

// The list ------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "account_requests/list.html")]
struct ListView {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Summary>,
    pager: Pager,
    /// The label of the state to which the list is narrowed.
    only: Option<RequestState>,
    summary: String,
}

async fn show_list(may: May<ViewAccountRequests>) -> Answer {
    let spec = ListSpec {
        path: "/requests".to_owned(),
        sorts: &[],
        default_sort: "-sent",
        filters: STATUS,
        columns: &[],
    };
    let mut list = ListQuery::parse(&may.query, &spec);
    let only: Option<RequestState> = list.value("status").and_then(|word| word.parse().ok());
    let read = |list: &ListQuery| {
        let (permit, limit, offset) = (may.permit.clone(), list.limit(), list.offset());
        may.portal
            .db
            .read(move |r| service::list(r, &permit, only, limit, offset))
    };
    let mut found = read(&list).await?;
    let total = found.total(only);
    let asked_for = list.page;
    list.clamp(total);
    if list.page != asked_for {
        found = read(&list).await?;
    }
    let mut tabs = vec![Tab {
        label: "All".to_owned(),
        href: list.clear_href(),
        current: only.is_none(),
        count: Some(found.total(None)),
    }];
    for (state, count) in &found.counts {
        tabs.push(Tab {
            label: state.label().to_owned(),
            href: list.only_filter("status", state.word()),
            current: only == Some(*state),
            count: Some(u64::try_from(*count).unwrap_or_default()),
        });
    }
    let mut shell = may.shell("Smart Account requests");
    shell
        .crumbs
        .push(Crumb::link("Your Smart and Virtual Account access", "/access"));
    shell.crumbs.push(Crumb::text("Smart Account requests"));
    for says in &list.dropped {
        shell.flash.push(flash(FlashKind::Warn, says, None));
    }
    page(&ListView {
        shell,
        tabs,
        pager: list.pager(total),
        rows: found.rows,
        only,
        summary: counted(total, "request", "requests"),
    })
}

// One request ---------------------------------------------------------------------------------------------

/// A line of "Checks before approval".
struct Check {
    good: bool,
    title: String,
    says: String,
}

#[derive(Template)]
#[template(path = "account_requests/request.html")]
struct RequestView {
    shell: Shell,
    request: Request,
    account: crate::smart_accounts::SmartAccount,
    requester: Person,
    company: Option<String>,
    emails: Vec<String>,
    reasons: Vec<&'static str>,
    outcome: Option<String>,
    checks: Vec<Check>,
    history: Vec<Happening>,
    /// Still to be decided, at this moment.
    is_open: bool,
    is_asked: bool,
    is_requester: bool,
    /// Yours to look at as a Domain approver.
    looks_at_domain: bool,
    /// Yours to approve as a whole as a Domain approver.
    approves_own: bool,
    /// You have a role in what came of it.
    opens_account: bool,
    /// Why "Approve and Create the Account" is off.
    approve_off: Option<String>,
    bar_says: String,
    /// Which pop-up is open: deny, forward, withdraw, or none.
    dialog: &'static str,
    form: FormState,
}

impl RequestView {
    fn path(&self) -> String {
        format!("/requests/{}", self.request.reference)
    }
    fn heading(&self) -> &'static str {
        if self.request.state == RequestState::Pending {
            "Pending Request"
        } else {
            "Smart Account request"
        }
    }
    fn note_kind(&self) -> &'static str {
        match self.request.state {
            RequestState::Approved => "ok",
            RequestState::Denied => "bad",
            _ => "",
        }
    }
}

fn checks(details: &Details) -> Vec<Check> {
    let (request, account) = (&details.request, &details.account);
    let mut checks = Vec::new();
    checks.push(if details.same_tld == 0 {
        Check {
            good: true,
            title: "No account uses this domain".to_owned(),
            says: format!("{} is free.", account.domain),
        }
    } else {
        Check {
            good: false,
            title: "The company has a Smart Account".to_owned(),
            says: format!(
                "{} under {}. Administrators were told by email.",
                counted(
                    u64::try_from(details.same_tld).unwrap_or_default(),
                    "other Smart Account is",
                    "other Smart Accounts are"
                ),
                account.registrable
            ),
        }
    });
    let asked: Vec<&str> = match request.kind {
        RequestKind::Customer => details
            .creators
            .iter()
            .filter(|creator| creator.forwarded_from.is_none())
            .map(|creator| creator.email.as_str())
            .collect(),
        RequestKind::Own => vec![details.requester.email.as_str()],
    };
    let matching = asked
        .iter()
        .filter(|email| {
            EmailAddress::parse(email).is_ok_and(|email| {
                email.domain() == account.domain || email.domain().ends_with(&format!(".{}", account.domain))
            })
        })
        .count();
    let whose = match request.kind {
        RequestKind::Customer => "Customer emails",
        RequestKind::Own => "The requester\u{2019}s email",
    };
    let good = matching == asked.len();
    checks.push(Check {
        good,
        title: match (request.kind, good) {
            (RequestKind::Customer, true) => format!("{whose} match the domain"),
            (RequestKind::Customer, false) => format!("{whose} do not all match the domain"),
            (RequestKind::Own, true) => format!("{whose} matches the domain"),
            (RequestKind::Own, false) => format!("{whose} does not match the domain"),
        },
        says: format!(
            "{matching} of {} in {}.",
            counted(asked.len() as u64, "address ends", "addresses end"),
            account.domain
        ),
    });
    checks.push(match details.similar.as_slice() {
        [] => Check {
            good: true,
            title: "No similar name".to_owned(),
            says: "No account that you could find has a name like this one.".to_owned(),
        },
        similar => Check {
            good: false,
            title: "A similar name exists".to_owned(),
            says: similar
                .iter()
                .map(|other| format!("{}, {}", other.name, other.domain))
                .collect::<Vec<_>>()
                .join("; "),
        },
    });
    checks.push(match request.domain_review {
        DomainReview::NotNeeded => Check {
            good: true,
            title: "No domain approval needed".to_owned(),
            says: "The identifier is the company domain of every customer.".to_owned(),
        },
        DomainReview::Given => Check {
            good: true,
            title: "Domain approval given".to_owned(),
            says: format!(
                "By {}.",
                request.domain_by.as_deref().unwrap_or("a Domain approver")
            ),
        },
        DomainReview::Waiting => Check {
            good: false,
            title: "Domain approval outstanding".to_owned(),
            says: "A Domain approver was asked by email.".to_owned(),
        },
        DomainReview::Refused => Check {
            good: false,
            title: "Domain refused".to_owned(),
            says: format!(
                "By {}.",
                request.domain_by.as_deref().unwrap_or("a Domain approver")
            ),
        },
    });
    checks
}

/// What happened, the newest first.
fn history(details: &Details) -> Vec<Happening> {
    let request = &details.request;
    let line = |what: &str, who: &str, at: crate::kernel::Moment| Happening {
        what: what.to_owned(),
        who: who.to_owned(),
        at: at.utc(),
        note: String::new(),
    };
    let mut all = vec![line("Request sent", &details.requester.name, request.sent_at)];
    for creator in &details.creators {
        let from = creator
            .forwarded_from
            .and_then(|id| details.creators.iter().find(|other| other.id == id));
        all.push(match from {
            None => line(
                "Email sent to the Account creator",
                &creator.email,
                creator.created_at,
            ),
            Some(from) => Happening {
                note: format!("To {}", creator.email),
                ..line("Forwarded", &from.email, creator.created_at)
            },
        });
    }
    if let (Some(by), Some(at)) = (&request.domain_by, request.domain_at) {
        let what = if request.domain_review == DomainReview::Given {
            "Account Domain Identifier approved"
        } else {
            "Account Domain Identifier refused"
        };
        all.push(line(what, by, at));
    }
    if let Some(at) = request.reminded_at {
        all.push(line("Reminder sent", "", at));
    }
    if let Some(at) = request.decided_at {
        let what = match request.state {
            RequestState::Approved => "Approved and account created",
            RequestState::Denied => "Denied, account canceled",
            RequestState::Withdrawn => "Withdrawn",
            RequestState::Expired | RequestState::Pending => "Expired",
        };
        all.push(Happening {
            note: request.reason.clone(),
            ..line(what, details.decider.as_deref().unwrap_or_default(), at)
        });
    }
    all.sort_by_key(|one| one.at);
    all.reverse();
    all
}

fn request_view(visit: &Visit, details: Details, dialog: &'static str, form: FormState) -> RequestView {
    let checks = checks(&details);
    let history = history(&details);
    let Details {
        request,
        account,
        requester,
        company,
        creators,
        standing,
        outcome,
        ..
    } = details;
    let now = visit.portal.clock.now();
    let is_open = request.is_open(now);
    let looks = is_open && standing.is_asked_for_domain(&request);
    let is_asked = is_open && standing.is_asked() && request.kind == RequestKind::Customer;
    let approve_off = if is_asked {
        match model::approve_problem(&request, &standing) {
            Some(Error::Refused(refusal)) => Some(refusal.says.into_owned()),
            _ => None,
        }
    } else {
        None
    };
    let bar_says = if let Some(off) = &approve_off {
        off.clone()
    } else if is_asked {
        "Approving creates the account with you as its Smart Account Administrator.".to_owned()
    } else if looks && request.kind == RequestKind::Own {
        "Approving creates the account with the requester as its Smart Account Administrator.".to_owned()
    } else if looks {
        "Approving the domain lets the customer create the account.".to_owned()
    } else if standing.is_requester {
        "You sent this request, so somebody else decides it.".to_owned()
    } else if standing
        .creator
        .as_ref()
        .is_some_and(|creator| creator.state == CreatorState::Forwarded)
    {
        "You forwarded this request: the next approver decides.".to_owned()
    } else {
        "Somebody else decides this request.".to_owned()
    };
    let titles = match dialog {
        "deny" => Some("Deny Request"),
        "forward" => Some("Forward"),
        "withdraw" => Some("Withdraw request"),
        _ => None,
    };
    let title = if request.state == RequestState::Pending {
        format!("Pending Request: {}", account.name)
    } else {
        format!("Smart Account request: {}", account.name)
    };
    let mut shell = visit.shell(title);
    shell
        .crumbs
        .push(Crumb::link("Smart Account requests", "/requests"));
    shell.crumbs.push(Crumb::text(account.name.clone()));
    if let Some(title) = titles {
        shell = shell.with_dialog(title);
    }
    shell.error_title = form.has_problems();
    RequestView {
        shell,
        emails: creators
            .iter()
            .filter(|creator| creator.forwarded_from.is_none())
            .map(|creator| creator.email.clone())
            .collect(),
        reasons: if request.domain_review == DomainReview::NotNeeded {
            Vec::new()
        } else {
            request.reasons().iter().map(|reason| reason.label()).collect()
        },
        is_asked,
        is_requester: standing.is_requester,
        looks_at_domain: looks && request.kind == RequestKind::Customer,
        approves_own: looks && request.kind == RequestKind::Own,
        opens_account: visit.everywhere.iter().any(|grant| grant.account == account.id),
        request,
        account,
        requester,
        company,
        outcome,
        checks,
        history,
        is_open,
        approve_off,
        bar_says,
        dialog,
        form,
    }
}

async fn details_of<A: Does>(visit: &Visit, permit: &Permit<A>, reference: &Reference) -> Result<Details> {
    let (permit, reference) = (permit.clone(), reference.0.clone());
    visit
        .portal
        .db
        .read(move |r| service::details(r, &permit, &reference))
        .await
}

async fn show(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    let details = details_of(&may, &may.permit, &reference.0).await?;
    page(&request_view(&may, details, "", FormState::new()))
}

/// A pop-up over the page of a request, for those who can use it.
async fn show_dialog(
    may: &May<ViewAccountRequests>,
    reference: &Reference,
    dialog: &'static str,
    fits: fn(&RequestView) -> bool,
) -> Answer {
    let details = details_of(may, &may.permit, reference).await?;
    let view = request_view(may, details, dialog, form::fresh());
    if fits(&view) {
        page(&view)
    } else {
        // The matter has moved on: the page itself says how it stands.
        see_other(&view.path())
    }
}

async fn show_deny(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    let fits = |view: &RequestView| view.is_asked || view.looks_at_domain || view.approves_own;
    show_dialog(&may, &reference.0, "deny", fits).await
}

async fn show_forward(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    show_dialog(&may, &reference.0, "forward", |view| view.is_asked).await
}

async fn show_withdraw(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    let fits = |view: &RequestView| view.is_open && view.is_requester;
    show_dialog(&may, &reference.0, "withdraw", fits).await
}

/// Approves, from a page or from a script.
pub async fn approve_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    let (permit, decider) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let (at, default) = (may.portal.clock.now(), VirtualAccountId::new());
    let request = may
        .portal
        .db
        .write(move |tx| service::approve(tx, &permit, &decider, at, default, &reference.0))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Approves a domain.
pub async fn approve_domain_now(may: &May<ApproveDomain>, reference: Reference) -> Result<Request> {
    let (permit, approver) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let at = may.portal.clock.now();
    let request = may
        .portal
        .db
        .write(move |tx| service::approve_domain(tx, &permit, &approver, at, &reference.0))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Denies.
pub async fn deny_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    reason: String,
) -> Result<Request> {
    let (permit, decider) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let at = may.portal.clock.now();
    let request = may
        .portal
        .db
        .write(move |tx| service::deny(tx, &permit, &decider, at, &reference.0, &reason))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Hands on.
pub async fn forward_now(
    may: &May<DecideAccountRequest>,
    reference: Reference,
    ids: Handing,
    to: EmailAddress,
    note: String,
) -> Result<Request> {
    let (permit, decider) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let at = may.portal.clock.now();
    let request = may
        .portal
        .db
        .write(move |tx| service::forward(tx, &permit, &decider, at, ids, &reference.0, &to, &note))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

/// Takes back.
pub async fn withdraw_now(may: &May<DecideAccountRequest>, reference: Reference) -> Result<Request> {
    let (permit, requester) = (may.permit.clone(), may.permit.actor()?.person.clone());
    let at = may.portal.clock.now();
    let request = may
        .portal
        .db
        .write(move |tx| service::withdraw(tx, &permit, &requester, at, &reference.0))
        .await?;
    may.portal.jobs.nudge();
    Ok(request)
}

fn decided_answer(visit: &Visit, request: &Request, text: &str) -> actix_web::HttpResponse {
    visit.see_other(
        &format!("/requests/{}", request.reference),
        flash(FlashKind::Ok, text, None),
    )
}

async fn approve(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = approve_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The request was approved and the Smart Account was created. The requester is told by email.",
    ))
}

async fn approve_domain(
    may: May<ApproveDomain>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = approve_domain_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The Account Domain Identifier was approved. The Account creators are told by email that they can decide now.",
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyForm {
    reason: String,
}

async fn deny(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    posted: Posted<DenyForm>,
) -> Answer {
    // Who may not see the request learns nothing from a form that is not right.
    let details = details_of(&may, &may.permit, &reference.0).await?;
    match deny_reason(&posted.value.reason) {
        Ok(reason) => {
            let request = deny_now(&may, reference.0, reason).await?;
            Ok(decided_answer(
                &may,
                &request,
                "The request was denied and the pending Smart Account was canceled. The requester is told why by email.",
            ))
        }
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(422, &request_view(&may, details, "deny", posted.again(&problems)))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForwardForm {
    email: String,
    note: String,
}

async fn forward(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    posted: Posted<ForwardForm>,
) -> Answer {
    let details = details_of(&may, &may.permit, &reference.0).await?;
    let forwarded = match next_approver(&posted.value.email, &posted.value.note) {
        Ok((to, note)) => forward_now(&may, reference.0, Handing::new(), to, note).await,
        Err(error) => Err(error),
    };
    match forwarded {
        Ok(request) => Ok(decided_answer(
            &may,
            &request,
            "The request was forwarded. The next approver gets a link by email; yours has ended.",
        )),
        Err(error) => {
            let problems = beside_fields(error)?;
            page_with(
                422,
                &request_view(&may, details, "forward", posted.again(&problems)),
            )
        }
    }
}

async fn withdraw(
    may: May<DecideAccountRequest>,
    reference: PathPart<Reference>,
    _posted: Posted<NoFields>,
) -> Answer {
    let request = withdraw_now(&may, reference.0).await?;
    Ok(decided_answer(
        &may,
        &request,
        "The request was withdrawn. Those who were asked are told by email.",
    ))
}

// The emailed link ----------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "account_requests/set_up_account.html")]
struct SetUpView {
    shell: Shell,
    form: FormState,
    email: String,
    requester: String,
    account: String,
}

/// Where an emailed link leads its visitor.
enum Way {
    /// To the request: the visitor is the one to whom it was sent.
    Request(String),
    /// To signing in.
    SignIn,
    /// To setting up a user account.
    SetUp(Box<Newcomer>),
    /// It was sent to somebody else.
    AnotherPerson,
}

/// Somebody who was asked and has no user account.
struct Newcomer {
    link: Link,
    creator: model::Creator,
    requester: String,
    account: String,
    /// A name that is known of them.
    name: String,
}

async fn way(visit: &Visit, token: &str) -> Result<Way> {
    let (signing, now, token) = (
        visit.portal.signing.clone(),
        visit.portal.clock.now(),
        token.to_owned(),
    );
    let visitor = visit
        .actor
        .as_ref()
        .map(|actor| actor.person.email.key().to_owned());
    visit
        .portal
        .db
        .read(move |r| {
            let link = match links::open(r, &signing, now, Purpose::DecideAccountRequest, &token) {
                Ok(link) => link,
                // Dead for everybody but the one to whom it was sent, who may see what has become of it.
                Err(Error::DeadLink) => {
                    let link = links::whose(r, &signing, Purpose::DecideAccountRequest, &token)?
                        .filter(|link| visitor.as_deref() == Some(link.email_key.as_str()))
                        .ok_or(Error::DeadLink)?;
                    let (request, _) = service::by_creator(r, &link.about_id)?;
                    return Ok(Way::Request(request.reference));
                }
                Err(other) => return Err(other),
            };
            let (request, creator) = service::by_creator(r, &link.about_id)?;
            match visitor {
                Some(key) if key == link.email_key => return Ok(Way::Request(request.reference)),
                Some(_) => return Ok(Way::AnotherPerson),
                None => {}
            }
            let email = EmailAddress::parse(&creator.email).map_err(Error::internal)?;
            let known = people::by_email(r, &email)?;
            match known.as_ref().map(|person| person.state) {
                Some(PersonState::Active) => Ok(Way::SignIn),
                Some(PersonState::Disabled) => Err(Error::DeadLink),
                Some(PersonState::Invited) | None => {
                    let account = crate::smart_accounts::find(r, request.account)?.name;
                    let requester = people::find(r, request.requester)?.name;
                    let name = known
                        .map(|person| person.name)
                        .filter(|name| name != email.as_str())
                        .unwrap_or_default();
                    Ok(Way::SetUp(Box::new(Newcomer {
                        link,
                        creator,
                        requester,
                        account,
                        name,
                    })))
                }
            }
        })
        .await
}

fn set_up_view(visit: &Visit, newcomer: &Newcomer, form: FormState) -> SetUpView {
    let mut shell = visit.shell("Set up your user account");
    shell.error_title = form.has_problems();
    SetUpView {
        shell,
        form,
        email: newcomer.creator.email.clone(),
        requester: newcomer.requester.clone(),
        account: newcomer.account.clone(),
    }
}

/// All ways but the one to a form.
fn go(visit: &Visit, way: &Way) -> Answer {
    match way {
        Way::Request(reference) => see_other(&format!("/requests/{reference}")),
        Way::SignIn => {
            let next: String = url::form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
            see_other(&format!("/login?next={next}"))
        }
        Way::AnotherPerson => identity::sent_to_another(visit),
        Way::SetUp(_) => Err(Error::DeadLink),
    }
}

/// Opens an emailed link. Nothing is changed, however often it is opened and by whom.
async fn open_link(visit: Public, token: PathPart<Token>) -> Answer {
    match way(&visit, &token.0.0).await? {
        Way::SetUp(newcomer) => {
            let form = form::fresh().with_value("name", &newcomer.name);
            page(&set_up_view(&visit, &newcomer, form))
        }
        other => go(&visit, &other),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetUpForm {
    name: String,
    password: String,
    password_again: String,
}

async fn set_up_account(visit: Public, token: PathPart<Token>, posted: Posted<SetUpForm>) -> Answer {
    let newcomer = match way(&visit, &token.0.0).await? {
        Way::SetUp(newcomer) => newcomer,
        other => return go(&visit, &other),
    };
    let typed = &posted.value;
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(&typed.name, "Name"));
    let about = [
        typed.name.as_str(),
        newcomer.creator.email.as_str(),
        newcomer.account.as_str(),
    ];
    let shortest = shortest_password(&visit).await?;
    let secret = match check_new_password(&typed.password, &typed.password_again, &about, shortest) {
        Ok(secret) => Some(secret),
        Err(found) => {
            for problem in found.list() {
                problems.add(&problem.field, &problem.says);
            }
            None
        }
    };
    let (Some(name), Some(secret)) = (name, secret) else {
        return page_with(422, &set_up_view(&visit, &newcomer, posted.again(&problems)));
    };
    let hash = visit.portal.hasher.hash(&secret).await?;
    let who = Who {
        person: None,
        label: newcomer.creator.email.clone(),
        address: visit.address.clone(),
        request_id: visit.request_id.clone(),
    };
    let (at, id, entrance) = (visit.portal.clock.now(), PersonId::new(), Entrance::of(&visit));
    let (inside, link, creator) = (entrance.clone(), newcomer.link.id, newcomer.creator.clone());
    let reference = visit
        .portal
        .db
        .write(move |tx| {
            let done = service::welcome_person(tx, &who, at, link, id, &creator, &name, &hash)?;
            inside.begin(tx, done.value())?;
            let (request, _) = service::by_creator(tx, creator.id.as_str())?;
            Ok(done.map(|_| request.reference))
        })
        .await?;
    let mut response = visit.see_other(
        &format!("/requests/{reference}"),
        flash(
            FlashKind::Ok,
            "Your user account is set up, and you are signed in. Now decide the request.",
            None,
        ),
    );
    entrance.set_cookie(&mut response);
    Ok(response)
}
