//! The steps of asking: the account, scope and role, the Virtual Accounts, the review.

use super::asked::Asked;
use super::{TITLE, shell_of};
use crate::access_requests::model::{AccessRequest, AccessState, LONGEST_NOTE, ScopeKind};
use crate::access_requests::operations::send_now;
use crate::access_requests::pages::{above, beside_fields, role_choice, roles_on};
use crate::access_requests::service::{self, Weighed};
use crate::authz::Role;
use crate::authz::action::RequestAccess;
use crate::error::{Error, Problems, Result};
use crate::http::form_state::Choice;
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, Posted, Shell, Visit, form, page, page_with, see_other,
};
use crate::kernel::text;
use crate::smart_accounts::SmartAccount;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access_requests/find.html")]
struct FindView {
    shell: Shell,
    form: FormState,
    /// Several accounts with the same name.
    same: Vec<SmartAccount>,
}

#[derive(Template)]
#[template(path = "access_requests/ask.html")]
struct AskView {
    shell: Shell,
    form: FormState,
    account: SmartAccount,
    /// 1: scope and role, 2: Virtual Accounts, 3: review; 0 when nothing can be asked.
    step: usize,
    steps: Vec<&'static str>,
    asked: Asked,
    scopes: Vec<Choice>,
    account_roles: Vec<Choice>,
    virtual_roles: Vec<Choice>,
    places: Vec<Choice>,
    /// Why nothing can be asked.
    refused: String,
    /// The review.
    wanted: String,
    back: String,
}

impl AskView {
    fn of(visit: &Visit, account: SmartAccount, asked: Asked, step: usize, form: FormState) -> Self {
        let domain = visit
            .actor
            .as_ref()
            .map(|actor| actor.person.email.domain().to_owned())
            .unwrap_or_default();
        let by_places = asked.scope == ScopeKind::VirtualAccounts.word();
        let steps = match (step, by_places) {
            (1, false) | (_, true) => vec!["Scope and role", "Available Virtual Accounts", "Review"],
            (_, false) => vec!["Scope and role", "Review"],
        };
        let account_roles = roles_on(ScopeKind::Account)
            .map(|role| {
                if role == Role::AccountApprover && domain != account.domain {
                    Choice::new(role.word(), role.label())
                        .note(format!(
                            "Needs an email address in {}; yours is in {domain}.",
                            account.domain
                        ))
                        .disabled()
                } else {
                    role_choice(role)
                }
            })
            .collect();
        Self {
            shell: shell_of(visit, TITLE, TITLE, &form),
            form,
            step,
            steps,
            scopes: vec![
                Choice::new(ScopeKind::Account.word(), ScopeKind::Account.label())
                    .note("The account with all its Virtual Accounts."),
                Choice::new(
                    ScopeKind::VirtualAccounts.word(),
                    ScopeKind::VirtualAccounts.label(),
                )
                .note("You choose them in the next step."),
            ],
            account_roles,
            virtual_roles: roles_on(ScopeKind::VirtualAccounts).map(role_choice).collect(),
            places: Vec::new(),
            refused: String::new(),
            wanted: String::new(),
            back: if step == 3 && by_places {
                asked.href("2")
            } else {
                asked.href("")
            },
            account,
            asked,
        }
    }
    /// Where a step stands among those that there are.
    fn at(&self) -> usize {
        self.step.clamp(1, self.steps.len())
    }
}

/// Every step, by what its address holds.
pub async fn show(may: May<RequestAccess>) -> Answer {
    let asked = Asked::of(&may.query);
    if asked.domain.is_empty() {
        return find(&may, asked.account).await;
    }
    let domain = asked.domain.clone();
    let person = may.permit.actor()?.person.clone();
    let at = may.portal.clock.now();
    let found = may
        .reads(move |r, permit| {
            let account = service::target(r, permit, &domain)?;
            let refused = match service::askable(r, &account, &person, at) {
                Ok(_) => None,
                Err(Error::Refused(refusal)) => Some(refusal.says.into_owned()),
                Err(other) => return Err(other),
            };
            Ok((account, refused))
        })
        .await;
    let (account, refused) = match found {
        Ok(found) => found,
        // Nothing is told of an account that one may not know.
        Err(Error::Invalid(problems)) => return not_found(&may, &asked.domain, &problems),
        Err(other) => return Err(other),
    };
    if let Some(refused) = refused {
        let mut view = AskView::of(&may, account, asked, 0, FormState::new());
        view.refused = refused;
        return page_with(409, &view);
    }
    let step = match asked.step.as_str() {
        "2" => 2,
        "3" => 3,
        _ => 1,
    };
    if step == 1 {
        let form = asked.form();
        return page(&AskView::of(&may, account, asked, 1, form));
    }
    match asked.first() {
        Err(Error::Invalid(problems)) => {
            let form = with_problems(asked.form(), &problems);
            page_with(422, &AskView::of(&may, account, asked, 1, form))
        }
        Err(other) => Err(other),
        Ok((ScopeKind::VirtualAccounts, _)) if step == 2 => {
            let form = asked.form();
            choose(&may, 200, account, asked, form).await
        }
        Ok(_) => review(&may, account, asked).await,
    }
}

fn with_problems(form: FormState, problems: &Problems) -> FormState {
    problems
        .list()
        .iter()
        .fold(form, |form, one| form.with_problem(&one.field, &one.says))
}

/// Which account: for people whose e-mail domain is another.
async fn find(may: &May<RequestAccess>, typed: Option<String>) -> Answer {
    let Some(typed) = typed else {
        let form = form::fresh();
        return page(&FindView {
            shell: shell_of(may, "Request access to another account", TITLE, &form),
            form,
            same: Vec::new(),
        });
    };
    let words = typed.clone();
    let found = may
        .reads(move |r, permit| service::exactly(r, permit, &words))
        .await;
    match found {
        Ok(same) => match same.as_slice() {
            [one] => see_other(
                &Asked {
                    domain: one.domain.clone(),
                    ..Asked::default()
                }
                .href(""),
            ),
            _ => {
                let form = form::fresh().with_value("account", typed);
                page(&FindView {
                    shell: shell_of(may, "Request access to another account", TITLE, &form),
                    form,
                    same,
                })
            }
        },
        Err(Error::Invalid(problems)) => not_found(may, &typed, &problems),
        Err(other) => Err(other),
    }
}

fn not_found(visit: &Visit, typed: &str, problems: &Problems) -> Answer {
    let form = with_problems(form::fresh().with_value("account", typed), problems);
    page_with(
        422,
        &FindView {
            shell: shell_of(visit, "Request access to another account", TITLE, &form),
            form,
            same: Vec::new(),
        },
    )
}

/// "Available Virtual Accounts".
async fn choose(
    may: &May<RequestAccess>,
    status: u16,
    account: SmartAccount,
    asked: Asked,
    form: FormState,
) -> Answer {
    let (id, person) = (account.id, may.permit.person()?);
    let places = may
        .portal
        .db
        .read(move |r| service::choices(r, id, person))
        .await?;
    let mut view = AskView::of(may, account, asked, 2, form);
    view.places = places
        .into_iter()
        .map(|(id, name)| Choice::new(id.to_string(), name))
        .collect();
    page_with(status, &view)
}

/// What will be sent, once more.
async fn review(may: &May<RequestAccess>, account: SmartAccount, asked: Asked) -> Answer {
    match weigh(may, &asked).await {
        Ok(weighed) => {
            let form = asked.form();
            let mut view = AskView::of(may, account, asked, 3, form);
            view.wanted = words(&weighed);
            page(&view)
        }
        Err(error) => refused(may, account, asked, error).await,
    }
}

fn words(weighed: &Weighed) -> String {
    crate::access_requests::model::wanted(weighed.role, ScopeKind::of(&weighed.scope), &weighed.places)
}

async fn weigh(may: &May<RequestAccess>, asked: &Asked) -> Result<Weighed> {
    let wish = asked.wish()?;
    let domain = asked.domain.clone();
    let person = may.permit.actor()?.person.clone();
    let at = may.portal.clock.now();
    may.reads(move |r, permit| service::weigh(r, permit, &person, at, &domain, &wish))
        .await
}

/// The step on which something can be put right.
async fn refused(may: &May<RequestAccess>, account: SmartAccount, asked: Asked, error: Error) -> Answer {
    const RULES: &[(&str, &str)] = &[
        ("access-requests.has-role", "role"),
        ("members.approver-domain", "role"),
        ("members.role-scope", "role"),
    ];
    let has_role = matches!(&error, Error::Refused(refusal) if refusal.code == "access-requests.has-role");
    let (status, problems) = beside_fields(error, RULES)?;
    let status = if has_role { 409 } else { status };
    let about_places = problems
        .list()
        .iter()
        .all(|one| matches!(one.field.as_str(), "va" | "names"));
    if about_places {
        let form = with_problems(asked.form(), &problems);
        choose(may, status, account, asked, form).await
    } else {
        let form = with_problems(asked.form(), &above(&problems, &["scope", "role"]));
        page_with(status, &AskView::of(may, account, asked, 1, form))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendForm {
    domain: String,
    scope: String,
    role: String,
    #[serde(default)]
    va: Vec<String>,
    #[serde(default)]
    names: String,
    note: String,
}

fn sent_message(request: &AccessRequest, account: &str) -> Flash {
    let (kind, says) = match request.state {
        AccessState::AutoApproved => (
            FlashKind::Ok,
            format!("Access to {account} was given at once by a rule of the account."),
        ),
        AccessState::AutoDeclined => (
            FlashKind::Warn,
            format!(
                "The access request {} was declined by a rule of the account.",
                request.reference
            ),
        ),
        _ => (
            FlashKind::Ok,
            format!(
                "Access request {} was sent. The administrators of {} are told by email, and you are told when they have decided.",
                request.reference, account
            ),
        ),
    };
    let mut message = Flash::new(kind, says);
    message.link = Some((
        "View the request".to_owned(),
        format!("/access/requests/{}", request.id),
    ));
    message
}

pub async fn send(may: May<RequestAccess>, posted: Posted<SendForm>) -> Answer {
    let typed = &posted.value;
    let asked = Asked {
        account: None,
        domain: typed.domain.clone(),
        scope: typed.scope.clone(),
        role: typed.role.clone(),
        va: typed.va.clone(),
        names: typed.names.clone(),
        step: "3".to_owned(),
    };
    let domain = asked.domain.clone();
    let target = may
        .reads(move |r, permit| service::target(r, permit, &domain))
        .await;
    let account = match target {
        Ok(account) => account,
        Err(Error::Invalid(problems)) => return not_found(&may, &asked.domain, &problems),
        Err(other) => return Err(other),
    };
    let note = match text::note(&typed.note, "Note to the administrators", LONGEST_NOTE) {
        Ok(note) => note,
        Err(says) => {
            // What was chosen before is looked at again, so that the page says what it would send.
            let weighed = match weigh(&may, &asked).await {
                Ok(weighed) => weighed,
                Err(error) => return refused(&may, account, asked, error).await,
            };
            let mut problems = Problems::default();
            problems.add("note", says);
            let mut view = AskView::of(&may, account, asked, 3, posted.again(&problems));
            view.wanted = words(&weighed);
            return page_with(422, &view);
        }
    };
    let sent = async {
        let wish = asked.wish()?;
        send_now(&may, &asked.domain, wish, note, posted.once_key(&may)).await
    };
    match sent.await {
        Ok(request) => {
            let path = format!("/access?highlight={}", request.reference);
            Ok(may.see_other(&path, sent_message(&request, &account.name)))
        }
        Err(Error::Refused(refusal))
            if matches!(
                refusal.code,
                "access-requests.pending" | "access-requests.account-not-active"
            ) =>
        {
            let mut view = AskView::of(&may, account, asked, 0, FormState::new());
            view.refused = refusal.says.into_owned();
            page_with(409, &view)
        }
        Err(error) => refused(&may, account, asked, error).await,
    }
}
