//! "Generate a Token": the disclaimer, one or many Virtual Accounts, review and edit, and the tokens.

use super::super::list::Row;
use super::super::model::{DEFAULT_DAYS, IN_FORMS, MOST_AT_ONCE, Terms, Typed};
use super::super::operations;
use super::super::service;
use super::shown::{file_name, proof, proven};
use super::{Dialog, Line, Over, management};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, Visit, page, page_with, see_other};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use crate::{members, virtual_accounts};
use askama::Template;
use serde::Deserialize;
use std::collections::HashSet;

/// The steps of the wizard.
const STEPS: [&str; 3] = ["Select Virtual Accounts", "Review", "Confirmation"];
/// The name of the wizard's pages.
const TITLE: &str = "Generate a Token";

/// GET …/generate: "Token generation disclaimer", over the list.
pub async fn disclaimer(may: May<ManageTokens>) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    management::management(&may, &view, Some(Dialog::Disclaimer), 200).await
}

fn shell(visit: &Visit) -> Shell {
    visit.account_shell(
        TITLE,
        &[
            Crumb::text("Devices"),
            Crumb::link(
                management::title(visit.portal.config.edition),
                Over::Management.page(visit),
            ),
        ],
    )
}

#[derive(Template)]
#[template(path = "tokens/generate.html")]
struct AccountsPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    base: String,
    form: FormState,
    places: Vec<Choice>,
    most: usize,
}

async fn accounts_page(may: &May<ManageTokens>, form: FormState) -> Result<AccountsPage> {
    let occupants = may.portal.occupants.clone();
    let places = may
        .reads(move |r, permit| virtual_accounts::open_places(r, permit.within(), &occupants))
        .await?;
    let mut shell = shell(may);
    shell.error_title = form.has_problems();
    Ok(AccountsPage {
        shell,
        title: TITLE,
        steps: STEPS.map(|step| may.say(step)),
        base: Over::Management.base(may),
        form,
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        most: MOST_AT_ONCE,
    })
}

/// GET …/generate/accounts. What was chosen before stands in the address.
pub async fn accounts(may: May<ManageTokens>) -> Answer {
    let mut form = fresh();
    let mut is_back = false;
    for (key, value) in url::form_urlencoded::parse(may.query.as_bytes()) {
        if ["va", "description", "days", "uses", "export"].contains(&key.as_ref()) {
            is_back |= key == "days";
            form = form.with_value(key.into_owned(), value.into_owned());
        }
    }
    if !is_back {
        form = form
            .with_value("days", DEFAULT_DAYS.to_string())
            .with_value("export", "1");
    }
    page(&accounts_page(&may, form).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choosing {
    #[serde(default)]
    va: Vec<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    uses: String,
    #[serde(default)]
    export: String,
}

impl Choosing {
    fn typed(&self) -> Typed {
        let [description, days, uses] =
            [&self.description, &self.days, &self.uses].map(|text| text.trim().to_owned());
        let export = self.export.clone();
        Typed {
            description,
            days,
            uses,
            export,
        }
    }
    /// The same as a part of an address.
    fn query(&self) -> String {
        let typed = self.typed();
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for one in &self.va {
            out.append_pair("va", one);
        }
        out.append_pair("description", &typed.description)
            .append_pair("days", &typed.days)
            .append_pair("uses", &typed.uses);
        if typed.export_controlled() {
            out.append_pair("export", "1");
        }
        out.finish()
    }
}

/// The Virtual Accounts that were chosen, each once, with their names; or what is wrong with the choice.
async fn chosen(
    may: &May<ManageTokens>,
    typed: &[String],
    problems: &mut Problems,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let all = may.reads(|r, permit| service::places(r, permit)).await?;
    let wanted: HashSet<&str> = typed.iter().map(String::as_str).collect();
    let found: Vec<_> = all
        .into_iter()
        .filter(|(id, _)| wanted.contains(id.as_str()))
        .collect();
    if found.len() != wanted.len() {
        return Err(Error::NotFound);
    }
    if found.is_empty() {
        problems.add("va", "Select one or more Virtual Accounts.");
    }
    if found.len() > MOST_AT_ONCE {
        problems.add(
            "va",
            format!("Select {MOST_AT_ONCE} Virtual Accounts at most. Generate the other tokens afterwards."),
        );
    }
    Ok(found)
}

/// POST …/generate/accounts
pub async fn choose(may: May<ManageTokens>, posted: Posted<Choosing>) -> Answer {
    let mut problems = Problems::default();
    chosen(&may, &posted.value.va, &mut problems).await?;
    let terms = Terms::parse(&posted.value.typed(), IN_FORMS, &mut problems);
    if terms.is_none() || !problems.is_empty() {
        return page_with(422, &accounts_page(&may, posted.again(&problems)).await?);
    }
    see_other(&format!(
        "{}/generate/review?{}",
        Over::Management.base(&may),
        posted.value.query()
    ))
}

/// What is to become of one Virtual Account, as it was typed, with what is wrong with it.
struct Draft {
    id: VirtualAccountId,
    name: String,
    typed: Typed,
    against: Vec<(String, String)>,
}

impl Draft {
    fn against(&self, field: &str) -> &str {
        self.against
            .iter()
            .find(|(known, _)| known == field)
            .map_or("", |(_, says)| says)
    }
    fn terms(&mut self) -> Option<Terms> {
        let mut problems = Problems::default();
        let terms = Terms::parse(&self.typed, IN_FORMS, &mut problems);
        self.against = problems
            .list()
            .iter()
            .map(|problem| (problem.field.clone(), problem.says.clone()))
            .collect();
        terms
    }
}

#[derive(Template)]
#[template(path = "tokens/review.html")]
struct ReviewPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    base: String,
    form: FormState,
    rows: Vec<Draft>,
    count: String,
    /// The first step, as it was left.
    back: String,
}

impl ReviewPage {
    fn of(visit: &Visit, rows: Vec<Draft>, form: FormState, back: String) -> Self {
        let mut shell = shell(visit);
        shell.error_title = form.has_problems();
        Self {
            shell,
            title: TITLE,
            steps: STEPS.map(|step| visit.say(step)),
            base: Over::Management.base(visit),
            count: counted(
                rows.len() as u64,
                visit.say("Virtual Account"),
                visit.say("Virtual Accounts"),
            ),
            form,
            rows,
            back,
        }
    }
}

/// GET …/generate/review
pub async fn review(may: May<ManageTokens>) -> Answer {
    let base = Over::Management.base(&may);
    let Ok(asked) = serde_html_form::from_str::<Choosing>(&may.query) else {
        return see_other(&format!("{base}/generate/accounts"));
    };
    let mut problems = Problems::default();
    let places = chosen(&may, &asked.va, &mut problems).await?;
    if !problems.is_empty() || Terms::parse(&asked.typed(), IN_FORMS, &mut problems).is_none() {
        return see_other(&format!("{base}/generate/accounts"));
    }
    let rows = places
        .into_iter()
        .map(|(id, name)| Draft {
            id,
            name,
            typed: asked.typed(),
            against: Vec::new(),
        })
        .collect();
    let back = format!("{base}/generate/accounts?{}", asked.query());
    page(&ReviewPage::of(&may, rows, fresh(), back))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    #[serde(default, rename = "va[]")]
    va: Vec<String>,
    #[serde(default, rename = "description[]")]
    description: Vec<String>,
    #[serde(default, rename = "days[]")]
    days: Vec<String>,
    #[serde(default, rename = "uses[]")]
    uses: Vec<String>,
    #[serde(default, rename = "export[]")]
    export: Vec<String>,
}

/// POST …/generate/review: "Generate Tokens".
pub async fn generate(may: May<ManageTokens>, posted: Posted<Reviewed>) -> Answer {
    let form = &posted.value;
    let base = Over::Management.base(&may);
    let mut problems = Problems::default();
    let places = chosen(&may, &form.va, &mut problems).await?;
    if !problems.is_empty() {
        // The page offers no such choice.
        return see_other(&format!("{base}/generate/accounts"));
    }
    let text = |list: &[String], n: usize| list.get(n).cloned().unwrap_or_default();
    let (mut rows, mut wanted) = (Vec::new(), Vec::new());
    for (n, typed) in form.va.iter().enumerate() {
        let Some((id, name)) = places.iter().find(|(id, _)| id.as_str() == typed) else {
            continue;
        };
        let mut draft = Draft {
            id: *id,
            name: name.clone(),
            typed: Typed {
                description: text(&form.description, n),
                days: text(&form.days, n),
                uses: text(&form.uses, n),
                export: u8::from(text(&form.export, n) == "allowed").to_string(),
            },
            against: Vec::new(),
        };
        match draft.terms() {
            Some(terms) => wanted.push((*id, terms)),
            None => {
                for (field, says) in &draft.against {
                    problems.add(format!("{field}-{id}"), format!("{}: {says}", draft.name));
                }
            }
        }
        rows.push(draft);
    }
    if !problems.is_empty() {
        let again = posted.again(&problems);
        let back = format!("{base}/generate/accounts");
        return page_with(422, &ReviewPage::of(&may, rows, again, back));
    }
    let at = may.portal.clock.now();
    let ids = operations::generate(&may, at, wanted, posted.once_key(&may)).await?;
    let tokens: Vec<String> = ids.iter().map(|id| format!("token={id}")).collect();
    see_other(&format!(
        "{base}/generate/done?{}&shown={}",
        tokens.join("&"),
        proof(&may, &ids)
    ))
}

/// A token that was just generated.
struct Made {
    line: Line,
    text: String,
}

/// The tokens of the address, for the one who has just generated them.
async fn made(may: &May<ManageTokens>) -> Result<Option<Vec<Made>>> {
    let ids: Vec<RegistrationTokenId> = url::form_urlencoded::parse(may.query.as_bytes())
        .filter(|(key, _)| key == "token")
        .filter_map(|(_, value)| value.parse().ok())
        .take(MOST_AT_ONCE)
        .collect();
    if ids.is_empty() || proven(may, &ids).is_none() {
        return Ok(None);
    }
    let view = may.also::<ViewInventory>().await?;
    let (tokens, names, admins) = may
        .reads(move |r, manage| {
            let mut tokens = Vec::with_capacity(ids.len());
            for id in &ids {
                tokens.push(service::theirs(r, &view, manage, *id)?);
            }
            let names = service::places(r, &view)?.into_iter().collect();
            let admins = members::administrators_of(r, view.within().account()?)?;
            Ok((tokens, names, admins))
        })
        .await?;
    let now = may.portal.clock.now();
    let mut made = Vec::with_capacity(tokens.len());
    for token in tokens {
        made.push(Made {
            text: service::revealed(&may.portal.signing, &token)?,
            line: Line::of(may, Row::of(token, &names, now), &admins),
        });
    }
    Ok(Some(made))
}

#[derive(Template)]
#[template(path = "tokens/done.html")]
struct DonePage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    base: String,
    made: Vec<Made>,
    count: String,
    file: String,
}

/// GET …/generate/done: the tokens, for some minutes. Afterwards each is in the list, to be copied one by one.
pub async fn done(may: May<ManageTokens>) -> Answer {
    let base = Over::Management.base(&may);
    let Some(made) = made(&may).await? else {
        return see_other(&Over::Management.page(&may));
    };
    page(&DonePage {
        shell: shell(&may),
        title: TITLE,
        steps: STEPS.map(|step| may.say(step)),
        count: counted(made.len() as u64, "token was", "tokens were"),
        file: format!("{base}/generate/done.txt?{}", may.query),
        base,
        made,
    })
}

/// GET …/generate/done.txt: the same as a file.
pub async fn file(may: May<ManageTokens>) -> Answer {
    let Some(made) = made(&may).await? else {
        return see_other(&Over::Management.page(&may));
    };
    let mut text = String::new();
    for one in &made {
        text.push_str(&format!(
            "{}: {}\nExpires: {}\nUses: {}\nExport-controlled functionality: {}\n{}\n\n",
            may.say("Virtual Account"),
            one.line.place,
            one.line.token.expires_at.words(),
            one.line.used,
            one.line.export(),
            one.text
        ));
    }
    Ok(attachment(
        "text/plain; charset=utf-8",
        &file_name(&may, "tokens"),
        text,
    ))
}
