//! Admin Workspace, Security: the rules of passwords and sessions.

use super::service;
use crate::authn::system_users::Rules;
use crate::authz::action::ConfigureServer;
use crate::http::form::fresh;
use crate::http::{Answer, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with};
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes.get("/admin/security", show);
    routes.post("/admin/security", save);
}

#[derive(Template)]
#[template(path = "server/security.html")]
struct SecurityPage {
    shell: Shell,
    form: FormState,
}

fn view(visit: &Visit, form: FormState) -> SecurityPage {
    let mut shell = super::shell(visit, "Security");
    shell.error_title = form.has_problems();
    SecurityPage { shell, form }
}

/// GET /admin/security
async fn show(may: May<ConfigureServer>) -> Answer {
    let rules = may.portal.db.read(|r| Rules::of(r)).await?.unwrap_or_default();
    let form = fresh()
        .with_value("shortest_length", rules.shortest_password.to_string())
        .with_value("tries", rules.tries.to_string())
        .with_value("unlock_minutes", rules.unlock_minutes.to_string())
        .with_value("idle_minutes", rules.idle_minutes.to_string());
    page(&view(&may, form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecurityForm {
    /// Not named after passwords: the value of such a field is never shown again.
    shortest_length: String,
    tries: String,
    unlock_minutes: String,
    idle_minutes: String,
}

/// POST /admin/security
async fn save(may: May<ConfigureServer>, posted: Posted<SecurityForm>) -> Answer {
    let typed = &posted.value;
    // What is no number is out of every bound.
    let number = |text: &str| text.trim().parse::<u16>().unwrap_or_default();
    let new = Rules {
        shortest_password: number(&typed.shortest_length),
        tries: number(&typed.tries),
        unlock_minutes: number(&typed.unlock_minutes),
        idle_minutes: number(&typed.idle_minutes),
    };
    let problems = new.complaints();
    if !problems.is_empty() {
        return page_with(422, &view(&may, posted.again(&problems)));
    }
    may.does(move |tx, permit, at| service::save_rules(tx, permit, at, new))
        .await?;
    Ok(may.see_other(
        "/admin/security",
        Flash::new(
            FlashKind::Ok,
            "The rules were saved. They hold from the next sign-in and the next request on.",
        ),
    ))
}
