//! "Scope of access", "User role" and the Virtual Accounts, as several forms ask for them.

use super::model::{Scope, fits, may_give};
use super::service::Place;
use crate::authz::{Role, Within};
use crate::error::{Error, Problems};
use crate::http::form_state::Choice;
use crate::kernel::Edition;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::search_key;

/// What a form calls the entire account.
pub const ENTIRE: &str = "account";
/// What a form calls selected Virtual Accounts.
pub const SELECTED: &str = "virtual-accounts";
/// What a form calls no access at all.
pub const NONE: &str = "none";

/// What can be chosen.
#[derive(Debug, Clone, Default)]
pub struct AccessFields {
    /// "Scope of access".
    pub scopes: Vec<Choice>,
    /// "User role" for the entire account.
    pub account_roles: Vec<Choice>,
    /// "User role" for selected Virtual Accounts.
    pub virtual_roles: Vec<Choice>,
    /// The Virtual Accounts.
    pub places: Vec<Choice>,
}

/// What a role means, in one line.
pub const fn means(role: Role) -> &'static str {
    match role {
        Role::AccountAdmin => "All aspects of the Smart Account and its Virtual Accounts, users among them.",
        Role::AccountApprover => {
            "Edits properties, views users, accepts agreements, views the event log. The e-mail address must be in the domain of the Smart Account."
        }
        Role::AccountUser => "Manages assets in all Virtual Accounts.",
        Role::AccountViewer => "Views everything, changes nothing.",
        Role::VirtualAdmin => "As administrator, within the Virtual Accounts selected.",
        Role::VirtualUser => "Manages assets in the Virtual Accounts selected.",
        Role::VirtualViewer => "Views the Virtual Accounts selected.",
    }
}

fn role_choices(over_account: bool, approver: bool, edition: Edition) -> Vec<Choice> {
    Role::ALL
        .iter()
        .filter(|role| role.is_over_account() == over_account && role.is_given_in(edition))
        .filter(|role| approver || **role != Role::AccountApprover)
        .map(|role| Choice::new(role.word(), role.label_in(edition)).note(edition.say(means(*role))))
        .collect()
}

/// The choices for somebody whose permit reaches so far: a Virtual Account Administrator gives roles on their
/// own Virtual Accounts and no others. `approver`: whether the Approver role can be given here at all.
pub fn fields(place: &Place, within: &Within, approver: bool) -> AccessFields {
    let edition = place.edition;
    let whole = Choice::new(ENTIRE, edition.say(Scope::ENTIRE));
    let mut places: Vec<(String, Choice)> = place
        .names
        .iter()
        .filter(|(id, _)| within.covers(**id))
        .map(|(id, name)| (search_key(name), Choice::new(id.as_str(), name)))
        .collect();
    places.sort_by(|(a, _), (b, _)| a.cmp(b));
    AccessFields {
        scopes: vec![
            if within.only().is_some() {
                whole
                    .note(edition.say(
                        "Roles over the whole Smart Account are given by a Smart Account Administrator.",
                    ))
                    .disabled()
            } else {
                whole
            },
            Choice::new(SELECTED, edition.say(Scope::SELECTED)),
        ],
        account_roles: role_choices(true, approver, edition),
        virtual_roles: role_choices(false, approver, edition),
        places: places.into_iter().map(|(_, choice)| choice).collect(),
    }
}

/// Reads what was chosen; complaints stand beside the fields.
pub fn read(
    scope: &str,
    role: &str,
    places: &[String],
    within: &Within,
    problems: &mut Problems,
) -> Option<(Scope, Role)> {
    let scope = match scope {
        ENTIRE => Some(Scope::Account),
        SELECTED => {
            let list: Vec<VirtualAccountId> = places.iter().filter_map(|id| id.parse().ok()).collect();
            if list.is_empty() || list.len() != places.len() {
                problems.add("virtual_account", "Select at least one Virtual Account.");
                None
            } else {
                Some(Scope::These(list))
            }
        }
        _ => {
            problems.add("scope", "Choose the scope of access.");
            None
        }
    };
    let role: Option<Role> =
        problems.take("role", role.parse().map_err(|_| "Choose a user role.".to_owned()));
    let (scope, role) = (scope?, role?);
    for (field, asked) in [("role", fits(role, &scope)), ("scope", may_give(within, &scope))] {
        match asked {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => problems.add(field, refusal.says),
            Err(Error::Invalid(more)) => {
                for one in more.list() {
                    problems.add(&one.field, &one.says);
                }
            }
            Err(_) => problems.add(field, "This cannot be given here."),
        }
    }
    problems.is_empty().then_some((scope, role))
}

/// The same from the API: no Virtual Accounts mean the entire Smart Account.
pub fn of_api(places: Vec<VirtualAccountId>) -> Scope {
    if places.is_empty() {
        Scope::Account
    } else {
        Scope::These(places)
    }
}

/// Beside which field a rule's refusal stands, or above the form.
pub const RULES: &[(&str, &str)] = &[
    ("members.approver-domain", "role"),
    ("members.role-scope", "role"),
    ("members.approver-group", "role"),
    ("members.beyond-your-role", "scope"),
    ("", ""),
];
