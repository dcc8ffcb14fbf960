//! "Smart Account properties", and the pop-ups that change them.

use super::changes::{self, Headquarters, Wish};
use super::model::{
    Address, DomainChange, LONGEST_NOTE, SmartAccount, State, TypedAddress, Visibility,
    reason as reason_given,
};
use super::service;
use crate::authz::action::{ChangeAccountState, EditAccount, ViewAccount};
use crate::authz::{Action, grants};
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with, reason,
};
use crate::kernel::ids::{AddressId, DomainChangeId, SmartAccountId};
use crate::kernel::{DomainIdentifier, Name, text};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "smart_accounts/properties.html")]
struct PropertiesPage {
    shell: Shell,
    account: SmartAccount,
    /// Where this page is.
    path: String,
    /// The domain that waits for a Domain approver.
    wish: Option<DomainChange>,
    /// Why it cannot be edited.
    edit_off: Option<String>,
    /// Why it cannot be deactivated or reactivated.
    state_off: Option<String>,
    /// Which pop-up is open, or none.
    dialog: &'static str,
    form: FormState,
    /// What "Change HQ" offers.
    addresses: Vec<Choice>,
}

const TITLES: &[(&str, &str)] = &[
    ("domain", "Change Account Domain Identifier"),
    ("withdraw", "Withdraw domain change"),
    ("headquarters", "Change HQ"),
    ("address", "add a HQ Address"),
    ("deactivate", "Deactivate Smart Account"),
    ("reactivate", "Reactivate Smart Account"),
];

fn address(visit: &Visit) -> String {
    format!("/sa/{}/account", visit.number())
}

async fn properties_page(
    visit: &Visit,
    id: SmartAccountId,
    dialog: &'static str,
    form: FormState,
) -> Result<PropertiesPage> {
    let (account, administrators, wish, known) = visit
        .portal
        .db
        .read(move |r| {
            Ok((
                service::find(r, id)?,
                grants::administrators(r, &[id])?,
                changes::pending_change(r, id)?,
                if dialog == "headquarters" {
                    changes::addresses(r, id)?
                } else {
                    Vec::new()
                },
            ))
        })
        .await?;
    let people = administrators
        .into_iter()
        .next()
        .map(|(_, people)| people)
        .unwrap_or_default();
    let not_active = || {
        (account.state == State::Pending)
            .then(|| "Only the properties of an Active Smart Account can be edited.".to_owned())
    };
    let edit_off = reason::against(visit, Action::EditAccount, None, &people).or_else(not_active);
    let state_off = reason::against(visit, Action::ChangeAccountState, None, &people).or_else(not_active);
    let mut shell = visit.account_shell("Smart Account properties", &[]);
    if let Some((_, title)) = TITLES.iter().find(|(name, _)| *name == dialog) {
        shell = shell.with_dialog(*title);
    }
    shell.error_title = form.has_problems();
    Ok(PropertiesPage {
        shell,
        addresses: offered(&account, known),
        path: address(visit),
        account,
        wish,
        edit_off,
        state_off,
        dialog,
        form,
    })
}

/// The present headquarters first, then the other addresses that are kept.
fn offered(account: &SmartAccount, known: Vec<Address>) -> Vec<Choice> {
    let mut choices = Vec::new();
    let present = known.iter().find(|one| one.address == account.headquarters);
    if !account.headquarters.is_empty() {
        let value = present.map_or_else(String::new, |one| one.id.to_string());
        choices.push(in_one_line(value, &account.headquarters).note("The present headquarters"));
    }
    for one in &known {
        if one.address != account.headquarters {
            choices.push(in_one_line(one.id.to_string(), &one.address));
        }
    }
    choices
}

fn in_one_line(value: String, address: &str) -> Choice {
    Choice::new(value, address.lines().collect::<Vec<_>>().join(", "))
}

pub async fn properties(may: May<ViewAccount>) -> Answer {
    let id = may.permit.within().account()?;
    page(&properties_page(&may, id, "", FormState::new()).await?)
}

/// The properties with a pop-up over them.
async fn with_dialog(
    visit: &Visit,
    id: SmartAccountId,
    status: u16,
    dialog: &'static str,
    form: FormState,
) -> Answer {
    page_with(status, &properties_page(visit, id, dialog, form).await?)
}

/// What a pop-up shows again, and with which status; anything else stays an error.
pub fn again(error: Error, field: &str) -> Result<(u16, Problems)> {
    match error {
        Error::Invalid(problems) => Ok((422, problems)),
        Error::Refused(refusal) if refusal.code.starts_with("smart-accounts.") => {
            let mut problems = Problems::default();
            problems.add(field, refusal.says);
            Ok((409, problems))
        }
        other => Err(other),
    }
}

pub fn done(text: impl Into<String>) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: text.into(),
        link: None,
    }
}

// Name and visibility ------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "smart_accounts/edit.html")]
struct EditPage {
    shell: Shell,
    account: SmartAccount,
    form: FormState,
    visibilities: Vec<Choice>,
    /// Whether somebody else has changed it since the form was made.
    newer: bool,
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    name: String,
    #[serde(default)]
    visibility: String,
    version: String,
}

pub async fn edit_form(may: May<EditAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    let form = fresh()
        .with_value("name", &account.name)
        .with_value("visibility", account.visibility.word())
        .with_value("version", account.version.to_string());
    page(&edit_page(&may, account, form, false))
}

fn edit_page(visit: &Visit, account: SmartAccount, form: FormState, newer: bool) -> EditPage {
    let mut shell = visit.account_shell(
        "Edit Smart Account properties",
        &[Crumb::link("Smart Account properties", address(visit))],
    );
    shell.error_title = form.has_problems();
    EditPage {
        shell,
        account,
        form,
        visibilities: vec![
            Choice::new(Visibility::Unrestricted.word(), Visibility::Unrestricted.label())
                .note("Everybody who is signed in finds the account by a part of its name or domain."),
            Choice::new(Visibility::Restricted.word(), Visibility::Restricted.label())
                .note("Only who enters the entire name or the entire domain identifier finds it."),
        ],
        newer,
    }
}

/// Name and visibility, checked: for the page and for scripts.
pub fn read(name: &str, visibility: &str) -> Result<(Name, Visibility)> {
    let mut problems = Problems::default();
    let name = problems.take("name", Name::parse(name, "Smart Account Name"));
    let visibility = problems.take(
        "visibility",
        visibility
            .parse()
            .map_err(|_| "Choose who finds this Smart Account.".to_owned()),
    );
    match (name, visibility) {
        (Some(name), Some(visibility)) => Ok((name, visibility)),
        _ => Err(Error::Invalid(problems)),
    }
}

pub async fn edit(may: May<EditAccount>, form: Posted<Sent>) -> Answer {
    let id = may.permit.within().account()?;
    let version: i64 = form.value.version.parse().unwrap_or_default();
    let saved = match read(&form.value.name, &form.value.visibility) {
        Ok((name, visibility)) => {
            let (permit, at) = (may.permit.clone(), may.portal.clock.now());
            may.portal
                .db
                .write(move |tx| service::edit(tx, &permit, at, version, &name, visibility, None))
                .await
        }
        Err(error) => Err(error),
    };
    let (status, problems, newer) = match saved {
        Ok(()) => {
            return Ok(may.see_other(&address(&may), done("Smart Account properties were saved.")));
        }
        Err(Error::Stale) => (409, Problems::default(), true),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            (status, problems, false)
        }
    };
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    page_with(status, &edit_page(&may, account, form.again(&problems), newer))
}

// The domain ---------------------------------------------------------------------------------------------

pub async fn domain_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "domain", fresh()).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainForm {
    domain: String,
    note: String,
}

/// Domain and note, checked: for the page and for scripts.
pub fn read_domain(domain: &str, note: &str) -> Result<(DomainIdentifier, String)> {
    let mut problems = Problems::default();
    let domain = problems.take("domain", DomainIdentifier::parse(domain));
    let note = problems.take("note", text::note(note, "Note to the approver", LONGEST_NOTE));
    match (domain, note) {
        (Some(domain), Some(note)) => Ok((domain, note)),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Changes the domain or asks for it, from a page or from a script.
pub async fn wish(may: &May<EditAccount>, domain: &str, note: &str) -> Result<Wish> {
    let (to, note) = read_domain(domain, note)?;
    let (permit, at, change) = (may.permit.clone(), may.portal.clock.now(), DomainChangeId::new());
    let wish = may
        .portal
        .db
        .write(move |tx| changes::change_domain(tx, &permit, at, change, &to, &note))
        .await?;
    may.portal.jobs.nudge();
    Ok(wish)
}

pub async fn change_domain(may: May<EditAccount>, form: Posted<DomainForm>) -> Answer {
    let id = may.permit.within().account()?;
    match wish(&may, &form.value.domain, &form.value.note).await {
        Ok(Wish::Changed(to)) => Ok(may.see_other(
            &address(&may),
            done(format!("The Account Domain Identifier is {to} now.")),
        )),
        Ok(Wish::Asked(change)) => Ok(may.see_other(
            &address(&may),
            done(format!(
                "A Domain approver was asked to approve {}. Until then the Account Domain Identifier stays as it is.",
                change.to
            )),
        )),
        Err(error) => {
            let (status, problems) = again(error, "domain")?;
            with_dialog(&may, id, status, "domain", form.again(&problems)).await
        }
    }
}

pub async fn withdraw_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "withdraw", fresh()).await
}

pub async fn withdraw_domain(may: May<EditAccount>, form: Posted<NoFields>) -> Answer {
    let id = may.permit.within().account()?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    let withdrawn = may
        .portal
        .db
        .write(move |tx| changes::withdraw_change(tx, &permit, at))
        .await;
    match withdrawn {
        Ok(()) => Ok(may.see_other(&address(&may), done("The domain change was withdrawn."))),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            with_dialog(&may, id, status, "withdraw", form.again(&problems)).await
        }
    }
}

// Headquarters -------------------------------------------------------------------------------------------

pub async fn headquarters_dialog(may: May<EditAccount>) -> Answer {
    let id = may.permit.within().account()?;
    let mut shown = properties_page(&may, id, "headquarters", FormState::new()).await?;
    let present = shown.addresses.first().map(|choice| choice.value.clone());
    shown.form = fresh().with_value("address", present.unwrap_or_default());
    page(&shown)
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadquartersForm {
    #[serde(default)]
    address: String,
}

async fn move_to(may: &May<EditAccount>, to: Headquarters) -> Result<()> {
    let (permit, at, kept) = (may.permit.clone(), may.portal.clock.now(), AddressId::new());
    may.portal
        .db
        .write(move |tx| changes::move_headquarters(tx, &permit, at, kept, &to))
        .await
}

pub async fn change_headquarters(may: May<EditAccount>, form: Posted<HeadquartersForm>) -> Answer {
    let id = may.permit.within().account()?;
    let typed = form.value.address.as_str();
    let moved = match typed.parse() {
        Ok(known) => move_to(&may, Headquarters::Known(known)).await,
        // The present one has no id as long as it is the only one.
        Err(_) if typed.is_empty() => Ok(()),
        Err(_) => Err(Error::invalid("address", "Choose one of the addresses.")),
    };
    match moved {
        Ok(()) => Ok(may.see_other(&address(&may), done("The headquarters address was saved."))),
        Err(error) => {
            let (status, problems) = again(error, "address")?;
            with_dialog(&may, id, status, "headquarters", form.again(&problems)).await
        }
    }
}

pub async fn address_dialog(may: May<EditAccount>) -> Answer {
    with_dialog(&may, may.permit.within().account()?, 200, "address", fresh()).await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressForm {
    street: String,
    suite: String,
    city: String,
    region: String,
    postal: String,
    country: String,
}

pub async fn add_address(may: May<EditAccount>, form: Posted<AddressForm>) -> Answer {
    let id = may.permit.within().account()?;
    let sent = &form.value;
    let typed = TypedAddress {
        street: &sent.street,
        suite: &sent.suite,
        city: &sent.city,
        region: &sent.region,
        postal: &sent.postal,
        country: &sent.country,
    };
    let moved = match typed.lines() {
        Ok(lines) => move_to(&may, Headquarters::New(AddressId::new(), lines)).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(()) => Ok(may.see_other(&address(&may), done("The headquarters address was saved."))),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            with_dialog(&may, id, status, "address", form.again(&problems)).await
        }
    }
}

// In use or not ------------------------------------------------------------------------------------------

/// The pop-up, where there is something to do.
async fn turning(may: &May<ChangeAccountState>, to: State, dialog: &'static str) -> Answer {
    let id = may.permit.within().account()?;
    let account = may.portal.db.read(move |r| service::find(r, id)).await?;
    changes::can_turn(account.state, to)?;
    with_dialog(may, id, 200, dialog, fresh()).await
}

pub async fn deactivate_dialog(may: May<ChangeAccountState>) -> Answer {
    turning(&may, State::Inactive, "deactivate").await
}

pub async fn reactivate_dialog(may: May<ChangeAccountState>) -> Answer {
    turning(&may, State::Active, "reactivate").await
}

/// The form as it was sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateForm {
    reason: String,
    confirm: String,
}

/// Takes the account out of use or into use, from a page or from a script.
pub async fn turn(
    may: &May<ChangeAccountState>,
    to: State,
    reason: &str,
    typed: Option<String>,
) -> Result<()> {
    let reason = reason_given(reason, "Reason")?;
    let (permit, at) = (may.permit.clone(), may.portal.clock.now());
    may.portal
        .db
        .write(move |tx| {
            if to == State::Inactive {
                changes::deactivate(tx, &permit, at, typed.as_deref(), &reason)
            } else {
                changes::reactivate(tx, &permit, at, typed.as_deref(), &reason)
            }
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(())
}

pub async fn deactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let turned = turn(
        &may,
        State::Inactive,
        &form.value.reason,
        Some(form.value.confirm.clone()),
    );
    match turned.await {
        Ok(()) => Ok(may.see_other(
            &address(&may),
            done("The Smart Account is Inactive. Its administrators are told by email."),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            let id = may.permit.within().account()?;
            with_dialog(&may, id, status, "deactivate", form.again(&problems)).await
        }
    }
}

pub async fn reactivate(may: May<ChangeAccountState>, form: Posted<StateForm>) -> Answer {
    let turned = turn(
        &may,
        State::Active,
        &form.value.reason,
        Some(form.value.confirm.clone()),
    );
    match turned.await {
        Ok(()) => Ok(may.see_other(
            &address(&may),
            done("The Smart Account is Active again. Its administrators are told by email."),
        )),
        Err(error) => {
            let (status, problems) = again(error, "")?;
            let id = may.permit.within().account()?;
            with_dialog(&may, id, status, "reactivate", form.again(&problems)).await
        }
    }
}
