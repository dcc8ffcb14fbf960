//! The settings as a whole, and the days a request may wait.

use super::TITLE;
use crate::access_requests::model::{
    EXPIRE_BOUNDS, Place, REMIND_BOUNDS, Rule, ScopeKind, Settings, Verdict, days, place_words,
};
use crate::access_requests::pages::decide::{between, tabs};
use crate::access_requests::pages::{above, base, beside_fields};
use crate::access_requests::service;
use crate::authz::action::{AutomateAccess, ViewAccessRequests};
use crate::authz::{Action, Role, grants};
use crate::error::{Error, Result};
use crate::http::widgets::Tab;
use crate::http::{Answer, FormState, May, Posted, Shell, Visit, form, page, page_with, reason};
use crate::kernel::ids::{AccessRuleId, SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

/// A rule as the list shows it.
struct Line {
    rule: Rule,
    /// What becomes of a request.
    then: String,
    first: bool,
    last: bool,
}

#[derive(Template)]
#[template(path = "access_requests/automation.html")]
pub(super) struct AutomationView {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    form: FormState,
    base: String,
    version: i64,
    /// Why the reader may not change it, or "".
    refused: String,
    remind_hint: String,
    expire_hint: String,
    settings: Settings,
    /// The rule that is about to be removed.
    removing: Option<Line>,
}

type Names = HashMap<VirtualAccountId, String>;

pub(super) fn names(
    read: &mut dyn Reads,
    account: SmartAccountId,
) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .collect())
}

fn then(rule: &Rule, names: &Names) -> String {
    match rule.verdict {
        Verdict::Ask => Verdict::Ask.label().to_owned(),
        Verdict::Decline if rule.reason.is_empty() => "Decline".to_owned(),
        Verdict::Decline => format!("Decline: {}", rule.reason),
        Verdict::Approve => {
            let places: Vec<Place> = rule
                .virtual_accounts
                .iter()
                .map(|id| Place {
                    id: *id,
                    name: names
                        .get(id)
                        .cloned()
                        .unwrap_or_else(|| "a deleted Virtual Account".to_owned()),
                })
                .collect();
            let role = rule.role.map_or("", Role::label);
            match rule.scope {
                Some(ScopeKind::VirtualAccounts) => {
                    format!("Approve as {role} of {}", place_words(&places))
                }
                _ => format!("Approve as {role} of the entire Smart Account"),
            }
        }
    }
}

fn lines(settings: &Settings, names: &Names) -> Vec<Line> {
    let last = settings.rules.len().saturating_sub(1);
    settings
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| Line {
            then: then(rule, names),
            rule: rule.clone(),
            first: at == 0,
            last: at == last,
        })
        .collect()
}

pub(super) async fn view(
    visit: &Visit,
    account: SmartAccountId,
    form: Option<FormState>,
    removing: Option<AccessRuleId>,
) -> Result<AutomationView> {
    let (settings, names, administrators) = visit
        .portal
        .db
        .read(move |r| {
            let administrators = grants::administrators_of(r, account)?;
            Ok((
                service::settings_of(r, account)?,
                names(r, account)?,
                administrators,
            ))
        })
        .await?;
    let names: Names = names.into_iter().collect();
    let form = form.unwrap_or_else(|| {
        form::fresh()
            .with_value("remind_days", settings.remind_days.to_string())
            .with_value("expire_days", settings.expire_days.to_string())
    });
    let mut shell = visit.account_shell(TITLE, &between(visit, true));
    shell.error_title = form.has_problems();
    let removing = match removing {
        Some(id) => Some(
            lines(&settings, &names)
                .into_iter()
                .find(|line| line.rule.id == id)
                .ok_or(Error::NotFound)?,
        ),
        None => None,
    };
    Ok(AutomationView {
        shell: if removing.is_some() {
            shell.with_dialog("Remove this rule?")
        } else {
            shell
        },
        tabs: tabs(visit, "automation"),
        lines: lines(&settings, &names),
        form,
        base: base(visit),
        version: settings.version,
        refused: if visit.holds(Action::AutomateAccess) {
            String::new()
        } else {
            reason::why_not(visit, Action::AutomateAccess, &administrators)
        },
        remind_hint: format!(
            "{} to {} days after the request was sent.",
            REMIND_BOUNDS.0, REMIND_BOUNDS.1
        ),
        expire_hint: format!(
            "{} to {} days after the request was sent.",
            EXPIRE_BOUNDS.0, EXPIRE_BOUNDS.1
        ),
        settings,
        removing,
    })
}

pub async fn show(may: May<ViewAccessRequests>) -> Answer {
    let account = may.permit.within().account()?;
    page(&view(&may, account, None, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysForm {
    remind_days: String,
    expire_days: String,
    version: String,
}

pub(super) fn version(typed: &str) -> Result<i64> {
    typed.parse().map_err(|_| Error::Stale)
}

pub(super) fn saved(visit: &Visit, text: &str) -> Answer {
    visit.done(&format!("{}/automation", base(visit)), text)
}

pub(super) async fn change_with(
    may: &May<AutomateAccess>,
    version: i64,
    change: impl Fn(&mut Settings) -> Result<()> + Send + 'static,
) -> Result<()> {
    may.does(move |tx, permit, at| service::change_settings(tx, permit, at, version, &change))
        .await
}

pub async fn save_days(may: May<AutomateAccess>, posted: Posted<DaysForm>) -> Answer {
    let typed = &posted.value;
    let done = async {
        let (remind, expire) = days(&typed.remind_days, &typed.expire_days)?;
        change_with(&may, version(&typed.version)?, move |settings| {
            settings.remind_days = remind;
            settings.expire_days = expire;
            Ok(())
        })
        .await
    };
    match done.await {
        Ok(()) => saved(
            &may,
            "Reminder and expiry were saved. They hold for requests that are sent from now on.",
        ),
        Err(error) => {
            let (status, problems) = beside_fields(error, &[])?;
            let account = may.permit.within().account()?;
            let form = posted.again(&above(&problems, &["remind_days", "expire_days"]));
            page_with(status, &view(&may, account, Some(form), None).await?)
        }
    }
}
