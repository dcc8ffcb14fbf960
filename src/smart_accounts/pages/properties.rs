//! Account Properties.

use crate::authz::action::ViewAccount;
use crate::authz::{Action, grants};
use crate::error::Result;
use crate::http::form_state::Choice;
use crate::http::{Answer, FormState, May, Shell, Visit, page, page_with, reason};
use crate::kernel::ids::SmartAccountId;
use crate::smart_accounts::model::{Address, DomainChange, SmartAccount, State};
use crate::smart_accounts::{changes, service};
use askama::Template;

#[derive(Template)]
#[template(path = "smart_accounts/properties.html")]
pub(super) struct PropertiesPage {
    pub(super) shell: Shell,
    pub(super) account: SmartAccount,
    /// Where this page is.
    pub(super) path: String,
    /// The domain that waits for a Domain approver.
    pub(super) wish: Option<DomainChange>,
    /// Why it cannot be edited.
    pub(super) edit_off: Option<String>,
    /// Why it cannot be deactivated or reactivated.
    pub(super) state_off: Option<String>,
    /// Which pop-up is open, or none.
    pub(super) dialog: &'static str,
    pub(super) form: FormState,
    /// What "Change HQ" offers.
    pub(super) addresses: Vec<Choice>,
}

const TITLES: &[(&str, &str)] = &[
    ("domain", "Change Account Domain Identifier"),
    ("withdraw", "Withdraw domain change"),
    ("headquarters", "Change HQ"),
    ("address", "add a HQ Address"),
    ("deactivate", "Deactivate Smart Account"),
    ("reactivate", "Reactivate Smart Account"),
];

pub(super) fn address(visit: &Visit) -> String {
    format!("/sa/{}/account", visit.number())
}

pub(super) async fn properties_page(
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
pub(super) async fn with_dialog(
    visit: &Visit,
    id: SmartAccountId,
    status: u16,
    dialog: &'static str,
    form: FormState,
) -> Answer {
    page_with(status, &properties_page(visit, id, dialog, form).await?)
}
