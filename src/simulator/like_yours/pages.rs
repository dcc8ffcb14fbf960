//! The page: the tables, how they were read, and what would be made of them. What was sent comes back in the form, so that
//! nothing has to be kept here until the account is made.

use super::LARGEST;
use super::columns::KINDS;
use super::model::{Likeness, Wanted};
use super::service;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::reply::attachment;
use crate::http::sheet::SheetCard;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Shell, page, page_with};
use crate::kernel::table::Found;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/account-like-yours";

/// A table of the form.
struct Field {
    key: &'static str,
    file: String,
    label: &'static str,
    hint: &'static str,
    /// How it was read.
    card: Option<SheetCard>,
}

#[derive(Template)]
#[template(path = "simulator/like_yours.html")]
struct LikeYoursPage {
    shell: Shell,
    form: FormState,
    fields: Vec<Field>,
    /// What would be made.
    made: Option<Likeness>,
}

impl LikeYoursPage {
    fn counts(made: &Likeness) -> [(&'static str, usize); 5] {
        [
            (
                "Virtual Accounts beside DEFAULT",
                made.account.virtual_accounts.len(),
            ),
            ("People", made.people.len()),
            ("Roles", made.account.roles.len()),
            ("Lines of licenses", made.account.licenses.len()),
            ("Product instances", made.account.product_instances.len()),
        ]
    }
}

fn view(
    may: &May<Operate>,
    form: FormState,
    found: &[(usize, Found)],
    made: Option<Likeness>,
) -> Result<LikeYoursPage> {
    service::makes_them(&may.portal)?;
    let mut shell = may.shell("An account like yours");
    shell.error_title = form.has_problems();
    let fields = KINDS
        .iter()
        .enumerate()
        .map(|(n, kind)| Field {
            key: kind.key,
            file: format!("{}_file", kind.key),
            label: kind.label,
            hint: kind.hint,
            card: found.iter().find(|(at, _)| *at == n).map(|(_, found)| {
                let mut card = SheetCard::of(found, kind.meanings, PATH, 0);
                // Where the heading stands is found by looking, in this form.
                card.fields.retain(|field| field.name != "head");
                card
            }),
        })
        .collect();
    Ok(LikeYoursPage {
        shell,
        form,
        fields,
        made,
    })
}

/// GET /simulator/account-like-yours
pub async fn show(may: May<Operate>) -> Answer {
    let begun = fresh().with_value("replace", "on");
    page(&view(&may, begun, &[], None)?)
}

/// The form: of each table a file, or its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    replace: String,
    #[serde(default)]
    virtual_accounts: String,
    #[serde(default)]
    virtual_accounts_file: String,
    #[serde(default)]
    users: String,
    #[serde(default)]
    users_file: String,
    #[serde(default)]
    licenses: String,
    #[serde(default)]
    licenses_file: String,
    #[serde(default)]
    subscriptions: String,
    #[serde(default)]
    subscriptions_file: String,
    #[serde(default)]
    product_instances: String,
    #[serde(default)]
    product_instances_file: String,
    #[serde(default)]
    column: Vec<String>,
}

impl Typed {
    fn wanted(self) -> Wanted {
        let either = |file: String, text: String| if file.trim().is_empty() { text } else { file };
        Wanted {
            name: self.name,
            domain: self.domain,
            replace: !self.replace.is_empty(),
            texts: [
                either(self.virtual_accounts_file, self.virtual_accounts),
                either(self.users_file, self.users),
                either(self.licenses_file, self.licenses),
                either(self.subscriptions_file, self.subscriptions),
                either(self.product_instances_file, self.product_instances),
            ],
            columns: self.column,
        }
    }
}

/// What was sent, with the text of each file in its field: a browser does not keep a file that was chosen.
fn sent(wanted: &Wanted, problems: &Problems) -> FormState {
    let mut form = fresh()
        .with_value("name", wanted.name.clone())
        .with_value("domain", wanted.domain.clone());
    if wanted.replace {
        form = form.with_value("replace", "on");
    }
    for (kind, text) in KINDS.iter().zip(&wanted.texts) {
        form = form.with_value(kind.key, text.clone());
    }
    for problem in problems.list() {
        form = form.with_problem(problem.field.clone(), problem.says.clone());
    }
    form
}

type Sent = Posted<Typed, LARGEST>;

/// What was sent, read; or the page once more, with what is wrong.
fn tables(may: &May<Operate>, posted: Sent) -> Result<(Wanted, Likeness), Box<Answer>> {
    let wanted = posted.value.wanted();
    match wanted.read(may.portal.clock.now()) {
        Ok(likeness) => Ok((wanted, likeness)),
        Err((problems, found)) => Err(Box::new(
            view(may, sent(&wanted, &problems), &found, None).and_then(|view| page_with(422, &view)),
        )),
    }
}

/// POST /simulator/account-like-yours
pub async fn read(may: May<Operate>, posted: Sent) -> Answer {
    service::makes_them(&may.portal)?;
    match tables(&may, posted) {
        Ok((wanted, likeness)) => {
            let found = likeness.found.clone();
            page(&view(
                &may,
                sent(&wanted, &Problems::default()),
                &found,
                Some(likeness),
            )?)
        }
        Err(again) => *again,
    }
}

/// POST /simulator/account-like-yours/file
pub async fn download(may: May<Operate>, posted: Sent) -> Answer {
    service::makes_them(&may.portal)?;
    match tables(&may, posted) {
        Ok((_, likeness)) => Ok(attachment(
            "application/yaml",
            "like-yours.yaml",
            service::as_file(likeness)?,
        )),
        Err(again) => *again,
    }
}

/// POST /simulator/account-like-yours/make
pub async fn make(may: May<Operate>, posted: Sent) -> Answer {
    service::makes_them(&may.portal)?;
    let (wanted, likeness) = match tables(&may, posted) {
        Ok(read) => read,
        Err(again) => return *again,
    };
    let (found, devices) = (likeness.found.clone(), likeness.account.product_instances.len());
    match service::make(&may.portal, &may.permit, likeness).await {
        Ok(account) => {
            let words = format!(
                "The Smart Account {} was made, with {}. Its people sign in with the lab's password.",
                account.name,
                counted(devices as u64, "product instance", "product instances")
            );
            Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, words)))
        }
        Err(Error::Invalid(problems)) => page_with(422, &view(&may, sent(&wanted, &problems), &found, None)?),
        Err(other) => Err(other),
    }
}
