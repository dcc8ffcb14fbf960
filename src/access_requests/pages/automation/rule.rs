//! One rule: adding, changing, moving, removing.

use super::TITLE;
use super::settings::{change_with, names, saved, version, view};
use crate::access_requests::model::{Rule, ScopeKind, Verdict};
use crate::access_requests::operations::rule_of;
use crate::access_requests::pages::decide::between;
use crate::access_requests::pages::{above, base, beside_fields, ids, role_choice, roles_on};
use crate::access_requests::service;
use crate::authz::Role;
use crate::authz::action::AutomateAccess;
use crate::error::{Error, Result};
use crate::http::form::{self, PathPart};
use crate::http::form_state::Choice;
use crate::http::{Answer, Crumb, FormState, May, Posted, Shell, page, page_with};
use crate::kernel::ids::AccessRuleId;
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "access_requests/rule.html")]
struct RuleView {
    shell: Shell,
    title: &'static str,
    action: String,
    base: String,
    form: FormState,
    version: i64,
    asked_roles: Vec<Choice>,
    verdicts: Vec<Choice>,
    scopes: Vec<Choice>,
    account_roles: Vec<Choice>,
    virtual_roles: Vec<Choice>,
    places: Vec<Choice>,
}

/// The form of a rule, or of a new one.
fn form_of(rule: Option<&Rule>) -> FormState {
    let mut form = form::fresh();
    match rule {
        Some(rule) => {
            form = form
                .with_value("domain", &rule.domain)
                .with_value("asked_role", rule.asked_role.map_or("", Role::word))
                .with_value("verdict", rule.verdict.word())
                .with_value("scope", rule.scope.map_or("", ScopeKind::word))
                .with_value("role", rule.role.map_or("", Role::word))
                .with_value("reason", &rule.reason);
            for id in &rule.virtual_accounts {
                form = form.with_value("va", id.to_string());
            }
        }
        None => form = form.with_value("verdict", Verdict::Approve.word()),
    }
    form
}

async fn rule_view(
    may: &May<AutomateAccess>,
    rule: Option<AccessRuleId>,
    form: Option<FormState>,
    known_version: Option<i64>,
) -> Result<RuleView> {
    let account = may.permit.within().account()?;
    let (settings, names) = may
        .portal
        .db
        .read(move |r| Ok((service::settings_of(r, account)?, names(r, account)?)))
        .await?;
    let current = match rule {
        Some(id) => Some(
            settings
                .rules
                .iter()
                .find(|one| one.id == id)
                .ok_or(Error::NotFound)?,
        ),
        None => None,
    };
    let form = form.unwrap_or_else(|| form_of(current));
    let title = if rule.is_some() { "Edit rule" } else { "Add rule" };
    let mut shell = may.account_shell(title, &{
        let mut crumbs = between(may, true);
        crumbs.push(Crumb::link(TITLE, format!("{}/automation", base(may))));
        crumbs
    });
    shell.error_title = form.has_problems();
    let home = format!("{}/automation", base(may));
    Ok(RuleView {
        shell,
        title,
        action: rule.map_or_else(|| format!("{home}/rules/new"), |id| format!("{home}/rules/{id}")),
        base: home,
        form,
        version: known_version.unwrap_or(settings.version),
        asked_roles: Role::ALL
            .iter()
            .map(|role| Choice::new(role.word(), role.label()))
            .collect(),
        verdicts: vec![
            Choice::new(Verdict::Approve.word(), Verdict::Approve.label())
                .note("Access is given at once, with the scope and role below."),
            Choice::new(Verdict::Decline.word(), Verdict::Decline.label())
                .note("The requester is told at once, with the reason below."),
            Choice::new(Verdict::Ask.word(), Verdict::Ask.label())
                .note("The request waits for a decision; later rules are not looked at."),
        ],
        scopes: ScopeKind::ALL
            .iter()
            .map(|scope| Choice::new(scope.word(), scope.label()))
            .collect(),
        account_roles: roles_on(ScopeKind::Account)
            .map(|role| match role {
                Role::AccountAdmin => Choice::new(role.word(), role.label())
                    .note("Nobody becomes administrator by a rule.")
                    .disabled(),
                other => role_choice(other),
            })
            .collect(),
        virtual_roles: roles_on(ScopeKind::VirtualAccounts).map(role_choice).collect(),
        places: names
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    domain: String,
    asked_role: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    va: Vec<String>,
    reason: String,
    version: String,
}

fn typed_rule(id: AccessRuleId, typed: &RuleForm) -> Result<Rule> {
    rule_of(
        id,
        &typed.domain,
        &typed.asked_role,
        &typed.verdict,
        (&typed.scope, &typed.role, ids(&typed.va)),
        &typed.reason,
    )
}

pub async fn show_new(may: May<AutomateAccess>) -> Answer {
    page(&rule_view(&may, None, None, None).await?)
}

pub async fn show_rule(may: May<AutomateAccess>, id: PathPart<AccessRuleId>) -> Answer {
    page(&rule_view(&may, Some(id.0), None, None).await?)
}

/// The form again, with what is wrong with it.
async fn again(
    may: &May<AutomateAccess>,
    rule: Option<AccessRuleId>,
    posted: &Posted<RuleForm>,
    error: Error,
) -> Answer {
    const FIELDS: &[&str] = &["domain", "asked_role", "verdict", "scope", "role", "va", "reason"];
    let (status, problems) = beside_fields(error, &[])?;
    let form = posted.again(&above(&problems, FIELDS));
    let version = posted.value.version.parse().ok();
    page_with(status, &rule_view(may, rule, Some(form), version).await?)
}

pub async fn add(may: May<AutomateAccess>, posted: Posted<RuleForm>) -> Answer {
    let done = async {
        let rule = typed_rule(AccessRuleId::new(), &posted.value)?;
        change_with(&may, version(&posted.value.version)?, move |settings| {
            settings.rules.push(rule.clone());
            Ok(())
        })
        .await
    };
    match done.await {
        Ok(()) => saved(&may, "The rule was added at the end of the list."),
        Err(error) => again(&may, None, &posted, error).await,
    }
}

pub async fn change(
    may: May<AutomateAccess>,
    id: PathPart<AccessRuleId>,
    posted: Posted<RuleForm>,
) -> Answer {
    let id = id.0;
    // Who asks for a rule that is not there learns that first.
    rule_view(&may, Some(id), None, None).await?;
    let done = async {
        let rule = typed_rule(id, &posted.value)?;
        change_with(&may, version(&posted.value.version)?, move |settings| {
            let place = settings
                .rules
                .iter_mut()
                .find(|one| one.id == id)
                .ok_or(Error::NotFound)?;
            *place = rule.clone();
            Ok(())
        })
        .await
    };
    match done.await {
        Ok(()) => saved(&may, "The rule was saved."),
        Err(error) => again(&may, Some(id), &posted, error).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveForm {
    to: String,
    version: String,
}

pub async fn shift(may: May<AutomateAccess>, id: PathPart<AccessRuleId>, posted: Posted<MoveForm>) -> Answer {
    let id = id.0;
    rule_view(&may, Some(id), None, None).await?;
    let up = match posted.value.to.as_str() {
        "up" => true,
        "down" => false,
        _ => {
            return Err(Error::BadRequest(
                "A rule is moved \u{201c}up\u{201d} or \u{201c}down\u{201d}.".into(),
            ));
        }
    };
    change_with(&may, version(&posted.value.version)?, move |settings| {
        let at = settings
            .rules
            .iter()
            .position(|one| one.id == id)
            .ok_or(Error::NotFound)?;
        let other = if up { at.checked_sub(1) } else { Some(at + 1) };
        if let Some(other) = other.filter(|other| *other < settings.rules.len()) {
            settings.rules.swap(at, other);
        }
        Ok(())
    })
    .await?;
    saved(&may, "The rules were put in another order.")
}

pub async fn show_remove(may: May<AutomateAccess>, id: PathPart<AccessRuleId>) -> Answer {
    let account = may.permit.within().account()?;
    page(&view(&may, account, None, Some(id.0)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveForm {
    version: String,
}

pub async fn remove(
    may: May<AutomateAccess>,
    id: PathPart<AccessRuleId>,
    posted: Posted<RemoveForm>,
) -> Answer {
    let id = id.0;
    rule_view(&may, Some(id), None, None).await?;
    change_with(&may, version(&posted.value.version)?, move |settings| {
        settings.rules.retain(|one| one.id != id);
        Ok(())
    })
    .await?;
    saved(&may, "The rule was removed.")
}
