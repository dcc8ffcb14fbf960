//! The reporting policy of a Smart Account: shown, and changed in laboratories.

use super::list::FILES;
use super::model::{self, LicenseClass, Policy};
use super::operations::{FIXED, changed};
use super::pages::{POLICY, at, tabs};
use super::rules;
use crate::authz::action::{EditReportingPolicy, ViewInventory};
use crate::authz::{Action, Permit};
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with, reason,
};
use crate::members;
use askama::Template;
use serde::Deserialize;

/// The pages; the menu shows them as a part of another one.
pub fn routes(routes: &mut Routes) {
    routes.get(POLICY, show_policy);
    routes.post(POLICY, change_policy);
    routes.menu_covers(POLICY, FILES);
}

#[derive(Template)]
#[template(path = "devices/policy/policy.html")]
struct PolicyPage {
    shell: Shell,
    tabs: Vec<Tab>,
    form: FormState,
    here: String,
    policy: Policy,
    /// Why one cannot change it, or "".
    off: String,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates lend what they hand over"
)]
impl PolicyPage {
    fn days(days: &i32) -> String {
        match days {
            0 => "Not required".to_owned(),
            some => counted(some.unsigned_abs().into(), "day", "days"),
        }
    }
    fn field(class: &LicenseClass, name: &str) -> String {
        format!("{}_{name}", class.word())
    }
    fn label(class: &LicenseClass, what: &str) -> String {
        format!("{}: {what}", class.label())
    }
}

async fn policy_page(
    visit: &Visit,
    permit: &Permit<ViewInventory>,
    form: Option<FormState>,
) -> Result<PolicyPage> {
    let account = permit.within().account()?;
    let (policy, administrators) = visit
        .portal
        .db
        .read(move |r| {
            Ok((
                rules::of_account(r, account)?,
                members::administrators_of(r, account)?,
            ))
        })
        .await?;
    let form = form.unwrap_or_else(|| {
        policy.rows().iter().fold(fresh(), |form, (class, days)| {
            form.with_value(PolicyPage::field(class, "first"), days.first.to_string())
                .with_value(PolicyPage::field(class, "every"), days.every.to_string())
                .with_value(PolicyPage::field(class, "change"), days.change.to_string())
        })
    });
    let mut shell = visit.account_shell(
        "Reporting Policy",
        &[
            Crumb::text("Devices"),
            Crumb::link("Usage Data Files", at(visit, FILES)),
        ],
    );
    shell.error_title = form.has_problems();
    let off = if visit.portal.config.is_lab() {
        reason::against_all(visit, Action::EditReportingPolicy, &administrators)
    } else {
        Some(FIXED.to_owned())
    };
    Ok(PolicyPage {
        shell,
        tabs: tabs(visit, POLICY),
        form,
        here: at(visit, POLICY),
        policy,
        off: off.unwrap_or_default(),
    })
}

async fn show_policy(may: May<ViewInventory>) -> Answer {
    page(&policy_page(&may, &may.permit, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTyped {
    #[serde(default)]
    perpetual_first: String,
    #[serde(default)]
    perpetual_every: String,
    #[serde(default)]
    perpetual_change: String,
    #[serde(default)]
    subscription_first: String,
    #[serde(default)]
    subscription_every: String,
    #[serde(default)]
    subscription_change: String,
    #[serde(default, rename = "export-controlled_first")]
    export_first: String,
    #[serde(default, rename = "export-controlled_every")]
    export_every: String,
    #[serde(default, rename = "export-controlled_change")]
    export_change: String,
}

async fn change_policy(may: May<EditReportingPolicy>, posted: Posted<PolicyTyped>) -> Answer {
    let typed = &posted.value;
    let wanted = model::wanted(&[
        (
            LicenseClass::Perpetual,
            [
                &typed.perpetual_first,
                &typed.perpetual_every,
                &typed.perpetual_change,
            ],
        ),
        (
            LicenseClass::Subscription,
            [
                &typed.subscription_first,
                &typed.subscription_every,
                &typed.subscription_change,
            ],
        ),
        (
            LicenseClass::ExportControlled,
            [&typed.export_first, &typed.export_every, &typed.export_change],
        ),
    ]);
    match wanted {
        Ok(wanted) => {
            changed(&may, wanted).await?;
            Ok(may.see_other(
                &at(&may, POLICY),
                Flash::new(
                    FlashKind::Ok,
                    "The reporting policy was saved. Each next report goes by it.",
                ),
            ))
        }
        Err(Error::Invalid(problems)) => {
            let view = may.also::<ViewInventory>().await?;
            page_with(
                422,
                &policy_page(&may, &view, Some(posted.again(&problems))).await?,
            )
        }
        Err(other) => Err(other),
    }
}
