//! Admin Workspace, Settings: the message of the day, e-mail, and data privacy of new accounts.

use super::model::{LONGEST_MESSAGE, ServerSettings};
use super::service;
use crate::authz::action::ConfigureServer;
use crate::error::{Problems, Result};
use crate::http::form::fresh;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with};
use crate::kernel::EmailAddress;
use crate::kernel::text::note;
use askama::Template;
use serde::Deserialize;

const HERE: &str = "/admin/settings";

pub fn routes(routes: &mut Routes) {
    routes.get("/admin/settings", show);
    routes.post("/admin/settings", save);
    routes.post("/admin/settings/test-email", send_test);
}

#[derive(Template)]
#[template(path = "server/settings.html")]
struct SettingsPage {
    shell: Shell,
    form: FormState,
    mail: FormState,
    sender: String,
    way: String,
}

fn view(visit: &Visit, form: FormState, mail: FormState) -> SettingsPage {
    let mut shell = super::shell(visit, "Settings");
    shell.error_title = form.has_problems() || mail.has_problems();
    let config = &visit.portal.config;
    SettingsPage {
        shell,
        form,
        mail,
        sender: config.mail_from.clone(),
        way: match &config.mail {
            crate::platform::config::MailRoute::Mailbox => "The mailbox of this lab".to_owned(),
            crate::platform::config::MailRoute::Folder(folder) => format!("Files in {}", folder.display()),
            crate::platform::config::MailRoute::Smtp(url) => {
                format!("The mail server {}", url.host_str().unwrap_or_default())
            }
        },
    }
}

async fn kept(visit: &Visit) -> Result<FormState> {
    let settings = visit.portal.db.read(|r| service::read(r)).await?;
    let form = fresh().with_value("message_of_the_day", settings.message_of_the_day);
    Ok(if settings.hide_hostnames {
        form.with_value("hide_hostnames", "1")
    } else {
        form
    })
}

fn own_address(visit: &Visit) -> FormState {
    let email = visit
        .actor
        .as_ref()
        .map(|actor| actor.person.email.to_string())
        .unwrap_or_default();
    fresh().with_value("to", email)
}

/// GET /admin/settings
async fn show(may: May<ConfigureServer>) -> Answer {
    page(&view(&may, kept(&may).await?, own_address(&may)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsForm {
    #[serde(default)]
    message_of_the_day: String,
    #[serde(default)]
    hide_hostnames: String,
}

/// POST /admin/settings
async fn save(may: May<ConfigureServer>, posted: Posted<SettingsForm>) -> Answer {
    let typed = &posted.value;
    let mut problems = Problems::default();
    let message = problems.take(
        "message_of_the_day",
        note(&typed.message_of_the_day, "Message of the day", LONGEST_MESSAGE),
    );
    let Some(message_of_the_day) = message else {
        return page_with(422, &view(&may, posted.again(&problems), own_address(&may)));
    };
    let new = ServerSettings {
        message_of_the_day,
        hide_hostnames: typed.hide_hostnames == "1",
    };
    may.does(move |tx, permit, at| service::save(tx, permit, at, &new))
        .await?;
    Ok(may.see_other(HERE, Flash::new(FlashKind::Ok, "The settings were saved.")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestForm {
    to: String,
}

/// POST /admin/settings/test-email
async fn send_test(may: May<ConfigureServer>, posted: Posted<TestForm>) -> Answer {
    let mut problems = Problems::default();
    let to = problems.take("to", EmailAddress::parse(&posted.value.to));
    let Some(to) = to else {
        return page_with(422, &view(&may, kept(&may).await?, posted.again(&problems)));
    };
    let address = to.clone();
    may.does(move |tx, permit, at| service::send_test(tx, permit, at, &address))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        HERE,
        Flash::new(FlashKind::Ok, format!("A test email is on its way to {to}.")),
    ))
}
