//! One request: what it says, its checks, its history and its dialogs.

use crate::account_requests::model::{
    self, CreatorState, DomainReview, Request, RequestKind, RequestState, Standing,
};
use crate::account_requests::operations::Reference;
use crate::account_requests::service::{self, Details};
use crate::authn::Person;
use crate::authz::action::ViewAccountRequests;
use crate::authz::{Does, Permit};
use crate::error::{Error, Result};
use crate::http::form::{self, PathPart};
use crate::http::widgets::{Happening, counted};
use crate::http::{Answer, Crumb, FormState, May, Shell, Visit, page, see_other};
use crate::kernel::EmailAddress;
use askama::Template;

/// A line of "Checks before approval".
struct Check {
    good: bool,
    title: String,
    says: String,
}

#[derive(Template)]
#[template(path = "account_requests/request.html")]
pub(super) struct RequestView {
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
    vec![
        other_accounts(details),
        addresses(details),
        similar_names(details),
        domain_approval(&details.request),
    ]
}

fn other_accounts(details: &Details) -> Check {
    let account = &details.account;
    if details.same_tld == 0 {
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
    }
}

fn addresses(details: &Details) -> Check {
    let (request, account) = (&details.request, &details.account);
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
    Check {
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
    }
}

fn similar_names(details: &Details) -> Check {
    match details.similar.as_slice() {
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
    }
}

fn domain_approval(request: &Request) -> Check {
    match request.domain_review {
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
    }
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

/// What stands beside the buttons: what pressing them does, or who decides instead.
fn bar_says(
    request: &Request,
    standing: &Standing,
    approve_off: Option<&str>,
    is_asked: bool,
    looks: bool,
) -> String {
    if let Some(off) = approve_off {
        off.to_owned()
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
    }
}

pub(super) fn request_view(
    visit: &Visit,
    details: Details,
    dialog: &'static str,
    form: FormState,
) -> RequestView {
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
    let bar_says = bar_says(&request, &standing, approve_off.as_deref(), is_asked, looks);
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

pub(super) async fn details_of<A: Does>(
    visit: &Visit,
    permit: &Permit<A>,
    reference: &Reference,
) -> Result<Details> {
    let (permit, reference) = (permit.clone(), reference.0.clone());
    visit
        .portal
        .db
        .read(move |r| service::details(r, &permit, &reference))
        .await
}

pub(super) async fn show(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
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

pub(super) async fn show_deny(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    let fits = |view: &RequestView| view.is_asked || view.looks_at_domain || view.approves_own;
    show_dialog(&may, &reference.0, "deny", fits).await
}

pub(super) async fn show_forward(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    show_dialog(&may, &reference.0, "forward", |view| view.is_asked).await
}

pub(super) async fn show_withdraw(may: May<ViewAccountRequests>, reference: PathPart<Reference>) -> Answer {
    let fits = |view: &RequestView| view.is_open && view.is_requester;
    show_dialog(&may, &reference.0, "withdraw", fits).await
}
