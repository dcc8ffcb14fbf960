//! "View as another role": an administrator sees the portal with the eyes of a role of their account. Nothing can be
//! changed meanwhile, a banner says so on every page, and beginning and end are in the event log.

use crate::authz::Role;
use crate::authz::action::ViewAs;
use crate::error::{Error, Problems};
use crate::http::NoFields;
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::view_as::{COOKIE, Preview};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Shell, SignedIn, page, page_with, reply,
};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Event, Kind};
use crate::virtual_accounts;
use askama::Template;

#[derive(Template)]
#[template(path = "home/view_as.html")]
struct View {
    shell: Shell,
    form: FormState,
    roles: Vec<Choice>,
    virtual_accounts: Vec<Choice>,
    number: i64,
}

/// The Virtual Accounts of the account, by name.
async fn names(may: &May<ViewAs>) -> Result<Vec<(VirtualAccountId, String)>, Error> {
    let account = may.permit.within().account()?;
    let names = may
        .portal
        .db
        .read(move |r| virtual_accounts::names(r, &[account]))
        .await?;
    Ok(names.into_iter().map(|(_, id, name, _)| (id, name)).collect())
}

fn view(may: &May<ViewAs>, names: &[(VirtualAccountId, String)], form: FormState) -> View {
    let mut shell = may.account_shell("View as another role", &[Crumb::text("Account Management")]);
    shell.error_title = form.has_problems();
    let edition = may.portal.config.edition;
    View {
        shell,
        form,
        roles: Role::ALL
            .iter()
            .filter(|role| **role != Role::AccountAdmin && role.is_given_in(edition))
            .map(|role| Choice::new(role.word(), role.label_in(edition)))
            .collect(),
        virtual_accounts: names
            .iter()
            .map(|(id, name)| Choice::new(id.to_string(), name.clone()))
            .collect(),
        number: may.number(),
    }
}

pub async fn form(may: May<ViewAs>) -> Answer {
    let names = names(&may).await?;
    let first = if may.portal.config.edition.is_on_prem() {
        Role::AccountUser
    } else {
        Role::AccountViewer
    };
    let form = fresh().with_value("role", first.word());
    page(&view(&may, &names, form))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default)]
    role: String,
    #[serde(default)]
    virtual_account: String,
}

pub async fn start(may: May<ViewAs>, posted: Posted<Chosen>) -> Answer {
    let account = may.permit.within().account()?;
    let edition = may.portal.config.edition;
    let names = names(&may).await?;
    let mut problems = Problems::default();
    let role = posted
        .value
        .role
        .parse::<Role>()
        .ok()
        .filter(|role| *role != Role::AccountAdmin && role.is_given_in(edition));
    if role.is_none() {
        problems.add("role", "Choose a role.");
    }
    let place = names
        .iter()
        .find(|(id, _)| id.to_string() == posted.value.virtual_account);
    if place.is_none() && role.is_some_and(|role| !role.is_over_account()) {
        problems.add(
            "virtual_account",
            "Choose the Virtual Account in which the role is held.",
        );
    }
    let (Some(role), true) = (role, problems.list().is_empty()) else {
        return page_with(422, &view(&may, &names, posted.again(&problems)));
    };
    let place = place.filter(|_| !role.is_over_account());
    let number = may.number();
    let actor = may.permit.actor()?;
    let preview = Preview {
        number,
        role,
        virtual_account: place.map(|(id, _)| *id),
    };
    let cookie = preview
        .sealed(&may.portal.signing.seal_key, actor)
        .ok_or(Error::NotFound)?;
    let words = place.map_or_else(
        || role.label_in(edition).to_owned(),
        |(_, name)| format!("{} in {name}", role.label_in(edition)),
    );
    let mut event = Event::new(
        Kind::PreviewStarted,
        number,
        format!("{} began to view the portal as {words}.", actor.person.name),
    )
    .within(account);
    event.virtual_account = preview.virtual_account;
    may.does(move |tx, permit, now| tx.record(now, permit.who(), &event, ()))
        .await?;
    let mut response = reply::redirect(&format!("/sa/{number}"));
    reply::set_cookie(&mut response, COOKIE, &cookie, None);
    Ok(response)
}

/// Ends it. Whoever has begun may stop, so this asks for no permit of the account; without a preview it does nothing.
pub async fn stop(who: SignedIn, _posted: Posted<NoFields>) -> Answer {
    let to = match (&who.preview, &who.tenant) {
        (Some(preview), Some(tenant)) => {
            let event = Event::new(
                Kind::PreviewEnded,
                preview.number,
                format!(
                    "{} stopped viewing the portal as {}.",
                    who.actor().person.name,
                    preview.role.label()
                ),
            )
            .within(tenant.id);
            let (now, by) = (who.portal.clock.now(), who.actor().who.clone());
            who.portal
                .db
                .write(move |tx| tx.record(now, &by, &event, ()))
                .await?;
            format!("/sa/{}", preview.number)
        }
        _ => "/".to_owned(),
    };
    let mut response = who.see_other(
        &to,
        Flash {
            kind: FlashKind::Info,
            text: "You see the portal with your own role again.".to_owned(),
            link: None,
        },
    );
    reply::drop_cookie(&mut response, COOKIE);
    Ok(response)
}
