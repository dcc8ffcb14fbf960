//! "Why can't I?" as pages: a question about an account, one about anything in a lab, and a refused request.

use super::model::{self, Question, Told};
use super::service::{self, OfRequest, Whose};
use crate::authz::action::{Operate, ViewAccount, ViewUsers};
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::{Answer, Crumb, FormState, May, Routes, Shell, SignedIn, page, page_with};
use crate::virtual_accounts;
use askama::Template;
use std::collections::BTreeMap;

/// Of an account.
pub const OF_ACCOUNT: &str = "/sa/{said}/explain";
/// By the reference of a request.
const OF_REQUEST: &str = "/explain";
/// Of anything, in a lab.
pub const OF_LAB: &str = "/simulator/explain";

pub fn routes(routes: &mut Routes) {
    routes.get(OF_ACCOUNT, of_account);
    routes.get(OF_REQUEST, of_request);
    routes.get(OF_LAB, of_lab);
}

/// What stands behind the `?`.
pub fn asked(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.chars().take(300).collect()))
        .collect()
}

#[derive(Template)]
#[template(path = "explain/question.html")]
struct QuestionPage {
    shell: Shell,
    form: FormState,
    here: String,
    actions: Vec<Choice>,
    places: Vec<Choice>,
    /// Whether the question may be about others.
    about_others: bool,
    /// Whether it names the account itself.
    names_account: bool,
    told: Option<Told>,
}

fn typed<'a>(asked: &'a BTreeMap<String, String>, key: &str) -> &'a str {
    asked.get(key).map_or("", String::as_str)
}

/// The question of what was typed.
pub fn question(asked: &BTreeMap<String, String>) -> Result<Question> {
    Question::read(
        typed(asked, "person"),
        typed(asked, "action"),
        typed(asked, "virtual_account"),
    )
}

/// About whom somebody may ask in the account of a page.
pub fn whose(permit: Option<&Permit<ViewUsers>>) -> Whose {
    match permit {
        Some(permit) if permit.within().only().is_none() => Whose::Members,
        _ => Whose::Own,
    }
}

fn actions(may: &crate::http::Visit, of_account: bool) -> Vec<Choice> {
    let mut choices: Vec<Choice> = model::actions(of_account)
        .map(|action| Choice::new(action.name(), may.say(action.words())))
        .collect();
    choices.sort_by(|a, b| a.label.cmp(&b.label));
    choices
}

fn filled(asked: &BTreeMap<String, String>) -> FormState {
    fresh().with_values(asked.iter().map(|(key, value)| (key.clone(), value.clone())))
}

/// The page with an answer, with what is wrong with the question, or with neither.
fn finished(mut view: QuestionPage, asked: bool, told: Result<Told>) -> Answer {
    if !asked {
        return page(&view);
    }
    match told {
        Ok(told) => {
            view.told = Some(told);
            page(&view)
        }
        Err(Error::Invalid(problems)) => {
            for problem in problems.list() {
                view.form =
                    std::mem::take(&mut view.form).with_problem(problem.field.clone(), problem.says.clone());
            }
            view.shell.error_title = true;
            page_with(422, &view)
        }
        Err(other) => Err(other),
    }
}

async fn of_account(may: May<ViewAccount>) -> Answer {
    let asked = asked(&may.query);
    let whose = whose(may.perhaps::<ViewUsers>()?.as_ref());
    let edition = may.portal.config.edition;
    let tenant = may.tenant.clone();
    let asker = may.permit.actor()?.person.clone();
    let question = question(&asked);
    let (places, told) = may
        .reads(move |r, permit| {
            let places = virtual_accounts::reached(r, permit.within())?;
            let told = match question {
                Ok(question) => {
                    let within_reach = question.place.as_deref().is_none_or(|typed| {
                        places
                            .iter()
                            .any(|(id, name)| id.as_str() == typed || name.eq_ignore_ascii_case(typed))
                    });
                    if within_reach {
                        service::answer(r, edition, tenant.as_ref(), &asker, whose, &question)
                    } else {
                        Err(Error::invalid(
                            "virtual_account",
                            "There is no Virtual Account of this name that you may see.",
                        ))
                    }
                }
                Err(error) => Err(error),
            };
            Ok((places, told))
        })
        .await?;
    let view = QuestionPage {
        shell: may.account_shell("Why can't I?", &[Crumb::text("Activity")]),
        form: filled(&asked),
        here: OF_ACCOUNT.replace("{said}", &may.number().to_string()),
        actions: actions(&may, true),
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        about_others: whose != Whose::Own,
        names_account: false,
        told: None,
    };
    finished(view, !asked.is_empty(), told)
}

async fn of_lab(may: May<Operate>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let asked = asked(&may.query);
    let view = QuestionPage {
        shell: may.shell("Explain"),
        form: filled(&asked),
        here: OF_LAB.to_owned(),
        actions: actions(&may, false),
        places: Vec::new(),
        about_others: true,
        names_account: true,
        told: None,
    };
    let told = of_anything(&may, &asked).await;
    finished(view, !asked.is_empty(), told)
}

/// Answers a question about anybody and any account, in a lab.
pub async fn of_anything(may: &May<Operate>, asked: &BTreeMap<String, String>) -> Result<Told> {
    let question = question(asked)?;
    let account = typed(asked, "account").trim().to_owned();
    let (edition, asker) = (may.portal.config.edition, may.permit.actor()?.person.clone());
    may.portal
        .db
        .read(move |r| {
            let tenant = if account.is_empty() {
                None
            } else {
                let number = grants::number_of(r, &account, edition.is_on_prem())?;
                let found = match number {
                    Some(number) => grants::tenant_by_number(r, number)?,
                    None => None,
                };
                Some(found.ok_or_else(|| Error::invalid("account", "There is no such account."))?)
            };
            service::answer(r, edition, tenant.as_ref(), &asker, Whose::Anybody, &question)
        })
        .await
}

#[derive(Template)]
#[template(path = "explain/request.html")]
struct RequestPage {
    shell: Shell,
    form: FormState,
    found: Option<OfRequest>,
    is_missing: bool,
}

async fn of_request(who: SignedIn) -> Answer {
    let asked = asked(&who.query);
    let wanted = typed(&asked, "request").trim().to_owned();
    let found = if wanted.is_empty() {
        None
    } else {
        match service::of_request(&who.portal, who.actor(), &wanted).await {
            Ok(found) => Some(found),
            Err(Error::NotFound) => None,
            Err(other) => return Err(other),
        }
    };
    page(&RequestPage {
        shell: who.shell("Why was it refused?"),
        form: filled(&asked),
        is_missing: found.is_none() && !wanted.is_empty(),
        found,
    })
}
