//! "Create Virtual Account" and "Edit Virtual Account": the forms with all the fields.

use super::model::{AccessLevel, Details, Typed, VirtualAccount};
use super::pages::{address, choice, crumbs, is_flat, reached, read_parent};
use super::service::{self, NewVirtualAccount, Place};
use crate::authz::action::{CreateNestedVirtualAccount, CreateTopVirtualAccount, EditVirtualAccount};
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::OnceKey;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "virtual_accounts/form.html")]
struct FormPage {
    shell: Shell,
    form: FormState,
    /// Where the form is sent to.
    action: String,
    /// Where Cancel leads.
    back: String,
    levels: Vec<Choice>,
    /// The one that is edited; none for a new one.
    one: Option<VirtualAccount>,
    /// What a new one can be nested below.
    parents: Vec<Choice>,
    /// Whether a new one can stand at the top level and take over as the default one.
    is_whole: bool,
    /// Somebody else has changed it since the form was made.
    is_stale: bool,
}

fn levels() -> Vec<Choice> {
    AccessLevel::ALL
        .iter()
        .map(|level| Choice::new(level.word(), level.label()).note(level.means()))
        .collect()
}

fn day(at: Option<Moment>) -> String {
    at.map(|at| at.utc().format("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

async fn create_page(may: &May<CreateNestedVirtualAccount>, form: FormState) -> Result<FormPage> {
    let parents = may
        .reads(move |r, permit| service::possible_parents(r, permit, None))
        .await?;
    let mut shell = may.account_shell("Create Virtual Account", &crumbs(may, None));
    shell.error_title = form.has_problems();
    let back = address(may);
    Ok(FormPage {
        shell,
        form,
        action: format!("{back}/new"),
        back,
        levels: levels(),
        one: None,
        parents: parents
            .into_iter()
            .map(|(id, name, level)| choice(id, &name, level))
            .collect(),
        is_whole: may.permit.within().only().is_none(),
        is_stale: false,
    })
}

pub async fn new_form(may: May<CreateNestedVirtualAccount>) -> Answer {
    // "Create one below this": a link from a Virtual Account names it.
    let below = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "parent")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let form = fresh()
        .with_value("access", AccessLevel::Unrestricted.word())
        .with_value("parent", below);
    page(&create_page(&may, form).await?)
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewForm {
    name: String,
    description: String,
    #[serde(default)]
    access: String,
    #[serde(default)]
    default: String,
    #[serde(default)]
    end_date: String,
    #[serde(default)]
    parent: String,
    tags: String,
}

const FLAT: &str = "Local Virtual Accounts are not nested. Leave the parent out; nesting is for the Smart Account in the cloud.";

/// Where a new one is to stand: at the top level with the right to that, or below one of those that one has.
async fn place(may: &May<CreateNestedVirtualAccount>, parent: Option<VirtualAccountId>) -> Result<Place> {
    if parent.is_some() && is_flat(may) {
        return Err(Error::invalid("parent", FLAT));
    }
    Ok(match parent {
        Some(parent) => Place::Below(may.permit.clone(), parent),
        None => Place::Top(may.also::<CreateTopVirtualAccount>().await?),
    })
}

/// Creates one, from a page or from a script. Answers with its id and its name.
pub async fn create_now(
    may: &May<CreateNestedVirtualAccount>,
    parent: Option<VirtualAccountId>,
    new: NewVirtualAccount,
    once: Option<OnceKey>,
) -> Result<(VirtualAccountId, String)> {
    let place = place(may, parent).await?;
    let (id, name) = (VirtualAccountId::new(), new.name.clone());
    // At the top level it is made under another permit than the one for nesting.
    may.does(move |tx, _, at| service::create_at(tx, &place, at, id, &new, once.as_ref()))
        .await
        .map(|id| (id, name))
}

pub async fn create(may: May<CreateNestedVirtualAccount>, form: Posted<NewForm>) -> Answer {
    let (sent, at) = (&form.value, may.portal.clock.now());
    let typed = Typed {
        name: &sent.name,
        description: &sent.description,
        access: &sent.access,
        end_date: &sent.end_date,
        tags: &sent.tags,
    };
    let made = async {
        let (details, parent) = (Details::parse(&typed, at, None)?, read_parent(&sent.parent)?);
        // Whoever may only nest has not chosen below which.
        if parent.is_none() && may.permit.within().only().is_some() {
            return Err(Error::invalid("parent", "Choose one of your Virtual Accounts."));
        }
        let new = NewVirtualAccount::of(&details, !sent.default.is_empty());
        create_now(&may, parent, new, form.once_key(&may)).await
    };
    match made.await {
        Ok((id, name)) => {
            let number = may.number();
            Ok(may.see_other(
                &format!("{}/{id}", address(&may)),
                Flash {
                    kind: FlashKind::Ok,
                    text: format!("The Virtual Account {name} was created."),
                    link: Some(("Event Log".to_owned(), format!("/sa/{number}/activity"))),
                },
            ))
        }
        Err(error) => {
            let (status, form) = form.after(error, &[("virtual-accounts.", "parent")])?;
            page_with(status, &create_page(&may, form).await?)
        }
    }
}

fn edit_page(visit: &Visit, one: VirtualAccount, form: FormState, is_stale: bool) -> FormPage {
    let back = format!("{}/{}", address(visit), one.id);
    let mut shell = visit.account_shell("Edit Virtual Account", &crumbs(visit, Some((&one.name, one.id))));
    shell.error_title = form.has_problems();
    FormPage {
        shell,
        form,
        action: format!("{back}/edit"),
        back,
        levels: levels(),
        one: Some(one),
        parents: Vec::new(),
        is_whole: true,
        is_stale,
    }
}

pub async fn edit_form(may: May<EditVirtualAccount>, id: PathPart<VirtualAccountId>) -> Answer {
    let one = reached(&may, id.0).await?;
    service::not_default(&may.permit, &one)?;
    let form = fresh()
        .with_value("name", &one.name)
        .with_value("description", &one.description)
        .with_value("access", one.access_level.word())
        .with_value("end_date", day(one.preferred_end_date))
        .with_value("tags", one.tag_list().join(", "))
        .with_value("version", one.version.to_string());
    page(&edit_page(&may, one, form, false))
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditForm {
    name: String,
    description: String,
    #[serde(default)]
    access: String,
    #[serde(default)]
    end_date: String,
    tags: String,
    version: String,
}

pub async fn edit(
    may: May<EditVirtualAccount>,
    id: PathPart<VirtualAccountId>,
    form: Posted<EditForm>,
) -> Answer {
    let one = reached(&may, id.0).await?;
    service::not_default(&may.permit, &one)?;
    let (sent, at, id) = (&form.value, may.portal.clock.now(), id.0);
    let typed = Typed {
        name: &sent.name,
        description: &sent.description,
        access: &sent.access,
        end_date: &sent.end_date,
        tags: &sent.tags,
    };
    let version: i64 = sent.version.parse().unwrap_or_default();
    let saved = async {
        let details = Details::parse(&typed, at, one.preferred_end_date)?;
        may.does(move |tx, permit, _| service::edit(tx, permit, at, id, version, &details))
            .await
    };
    match saved.await {
        Ok(()) => may.done(
            &format!("{}/{id}", address(&may)),
            "The Virtual Account was saved.",
        ),
        Err(Error::Stale) => {
            let newer = reached(&may, id).await?;
            page_with(
                409,
                &edit_page(&may, newer, form.again(&Problems::default()), true),
            )
        }
        Err(error) => {
            let (status, form) = form.after(error, &[("virtual-accounts.", "")])?;
            page_with(status, &edit_page(&may, one, form, false))
        }
    }
}
