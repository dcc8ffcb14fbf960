//! "Add device manager" and "Re-register": the registration file of an On-Prem server comes in, an authorization file goes
//! out.

use super::again_pages::again_page;
use super::registration;
use crate::authz::Action;
use crate::authz::action::{AuthorizeOnPrem, CreateTopVirtualAccount};
use crate::device_managers::{self, Binding, New, Row, addressed, between, href};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::reply::attachment;
use crate::http::{Answer, FormState, May, Posted, Routes, Shell, page, page_with, reason, see_other};
use crate::kernel::Name;
use crate::kernel::ids::{DeviceManagerId, VirtualAccountId};
use crate::{smart_accounts, virtual_accounts};
use askama::Template;
use serde::Deserialize;

const LIST: &str = device_managers::PATH;
const ONE: &str = "/sa/{said}/devices/device-managers/{manager}";

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(&format!("{LIST}/add"), add_form);
    routes.post(&format!("{LIST}/add"), add);
    routes.get(&format!("{ONE}/authorization"), added);
    routes.get(&format!("{ONE}/authorization-file"), authorization_file);
}

#[derive(Template)]
#[template(path = "sync/add.html")]
struct AddPage {
    shell: Shell,
    form: FormState,
    places: Vec<Choice>,
    may_create: bool,
    list: String,
}

async fn add_page(may: &May<AuthorizeOnPrem>, form: FormState, status: u16) -> Answer {
    let found = may
        .reads(move |r, permit| device_managers::bindable(r, permit))
        .await?;
    let may_create = reason::against_all(may, Action::CreateTopVirtualAccount, &[]).is_none();
    let mut places: Vec<Choice> = found
        .into_iter()
        .map(|(id, name)| Choice::new(id.to_string(), name))
        .collect();
    if may_create {
        places.insert(0, Choice::new("new", "A new Virtual Account"));
    }
    let mut shell = may.account_shell("Add device manager", &between(may, None));
    shell.error_title = form.has_problems();
    let list = LIST.replace("{said}", &may.number().to_string());
    page_with(
        status,
        &AddPage {
            shell,
            form,
            places,
            may_create,
            list,
        },
    )
}

async fn add_form(may: May<AuthorizeOnPrem>) -> Answer {
    add_page(&may, fresh(), 200).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddFields {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    va: String,
    #[serde(default)]
    new_va: String,
}

/// What is asked for, by a page or a script.
pub struct Wanted<'a> {
    /// Text of the registration file.
    pub registration: &'a str,
    /// Name of the device manager; that of the file when empty.
    pub name: &'a str,
    /// Which Virtual Account.
    pub place: WantedPlace<'a>,
}

/// A Virtual Account that is there, or the name of a new one.
pub enum WantedPlace<'a> {
    /// It is there.
    There(VirtualAccountId),
    /// It is to be made.
    New(&'a str),
    /// Nothing was chosen.
    None,
}

/// The device manager that made a registration file when it was registered before: it is registered again in its place.
pub async fn known(may: &May<AuthorizeOnPrem>, typed: &str) -> Result<Option<Row>> {
    let said = registration::read(typed).ok().and_then(|header| header.manager);
    let Some(id) = said else {
        return Ok(None);
    };
    match addressed(may, id).await {
        Ok((_, row)) => Ok(Some(row)),
        // Removed, of another Smart Account, or out of reach: a new one is made.
        Err(Error::NotFound | Error::Forbidden { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Checks it and thinks everything out: the device manager, and the name of its Virtual Account.
pub async fn plan(
    may: &May<AuthorizeOnPrem>,
    wanted: &Wanted<'_>,
    problems: &mut Problems,
    fields: [&str; 3],
) -> Result<Option<New>> {
    let [file_field, place_field, new_field] = fields;
    let registration = registration::read_typed(wanted.registration, file_field, problems)?;
    let own = registration.as_ref().map_or("", |header| header.name.as_str());
    let typed = if wanted.name.trim().is_empty() {
        own
    } else {
        wanted.name
    };
    let name = problems.take("name", device_managers::name(typed));
    let account = may.permit.within().account()?;
    let (binding, place_name) = match wanted.place {
        WantedPlace::None => {
            problems.add(place_field, "Choose a Virtual Account.");
            (None, String::new())
        }
        WantedPlace::There(id) => {
            let permit = may.permit.clone();
            let found = may
                .portal
                .db
                .read(move |r| virtual_accounts::these(r, account, &[id]))
                .await?
                .pop()
                .filter(|_| permit.within().covers(id));
            match found {
                Some(one) => (Some(Binding::Existing(id)), one.name),
                None => {
                    problems.add(place_field, "Choose a Virtual Account of the list.");
                    (None, String::new())
                }
            }
        }
        WantedPlace::New(typed) => {
            let create = may.also::<CreateTopVirtualAccount>().await?;
            match problems.take(new_field, Name::parse(typed, "Name")) {
                Some(name) => (
                    Some(Binding::New(VirtualAccountId::new(), name.to_string(), create)),
                    name.to_string(),
                ),
                None => (None, String::new()),
            }
        }
    };
    let (Some(header), Some(name), Some(binding)) = (registration, name, binding) else {
        return Ok(None);
    };
    let company = may
        .portal
        .db
        .read(move |r| smart_accounts::find(r, account))
        .await?;
    let mut new = New {
        id: DeviceManagerId::new(),
        name: name.to_string(),
        binding,
        public_key: header.public_key,
        answer: String::new(),
    };
    let at = may.portal.clock.now();
    new.answer = registration::answer(
        may.portal.signing.files(),
        at,
        &company,
        &registration::Registered {
            manager: new.id,
            name: &new.name,
            public_key: &new.public_key,
            virtual_account: &place_name,
        },
    )?;
    Ok(Some(new))
}

async fn add(may: May<AuthorizeOnPrem>, posted: Posted<AddFields, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut problems = Problems::default();
    let wanted = Wanted {
        registration: if form.file.trim().is_empty() {
            &form.text
        } else {
            &form.file
        },
        name: &form.name,
        place: match form.va.as_str() {
            "new" => WantedPlace::New(&form.new_va),
            other => other.parse().map_or(WantedPlace::None, WantedPlace::There),
        },
    };
    if let Some(row) = known(&may, wanted.registration).await? {
        let form = fresh().with_value("text", wanted.registration);
        return again_page(&may, row, form, true, 409);
    }
    let field = if form.file.trim().is_empty() && !form.text.trim().is_empty() {
        "text"
    } else {
        "file"
    };
    let Some(new) = plan(&may, &wanted, &mut problems, [field, "va", "new_va"]).await? else {
        return add_page(&may, posted.again(&problems), 422).await;
    };
    let once = posted.once_key(&may);
    let done = may
        .does(move |tx, permit, at| device_managers::add(tx, permit, at, &new, once.as_ref()))
        .await;
    match done {
        Err(Error::Refused(refusal)) => {
            let field = match refusal.code {
                "device-managers.name-taken" => "name",
                "device-managers.already-registered" => field,
                _ => "va",
            };
            problems.add(field, refusal.says);
            add_page(&may, posted.again(&problems), 409).await
        }
        Err(Error::Invalid(found)) => {
            for problem in found.list() {
                problems.add("new_va", problem.says.clone());
            }
            add_page(&may, posted.again(&problems), 422).await
        }
        Err(other) => Err(other),
        Ok(id) => see_other(&format!("{}/authorization", href(&may, id))),
    }
}

#[derive(Template)]
#[template(path = "sync/added.html")]
struct AddedPage {
    shell: Shell,
    row: Row,
    base: String,
}

async fn added(may: May<AuthorizeOnPrem>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    page(&AddedPage {
        shell: may.account_shell("Authorization file", &between(&may, Some(&row.manager))),
        base: href(&may, id.0),
        row,
    })
}

async fn authorization_file(may: May<AuthorizeOnPrem>, id: PathPart<DeviceManagerId>) -> Answer {
    let (_, row) = addressed(&may, id.0).await?;
    Ok(attachment(
        "application/octet-stream",
        &format!("{}_authorization.licentral", row.manager.name),
        row.manager.answer,
    ))
}
