//! A question, and what is told.

use crate::authz::explain::Reason;
use crate::authz::{Action, Over, Tenant, matrix};
use crate::error::{Problems, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::{Edition, EmailAddress};

/// So many of those who could are named.
pub const MOST_NAMED: usize = 20;

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who; none for whoever asks.
    pub who: Option<EmailAddress>,
    /// What.
    pub action: Action,
    /// In which Virtual Account, by its name or id; none for the whole account.
    pub place: Option<String>,
}

impl Question {
    /// Reads what was typed.
    pub fn read(who: &str, action: &str, place: &str) -> Result<Self> {
        let mut problems = Problems::default();
        let who = match who.trim() {
            "" => None,
            typed => problems.take("person", EmailAddress::parse(typed)),
        };
        let action = problems.take(
            "action",
            Action::named(action)
                .ok_or_else(|| "Choose an action. The page Who may do what names all of them.".to_owned()),
        );
        let place = Some(place.trim().to_owned()).filter(|place| !place.is_empty());
        match action {
            Some(action) if problems.is_empty() => Ok(Self { who, action, place }),
            _ => Err(crate::error::Error::Invalid(problems)),
        }
    }
}

/// A role that was looked at.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct HeldRole {
    /// What it is called.
    pub role: String,
    /// Where it is held.
    pub place: String,
    /// Whether it is named for the action and reaches the place.
    pub counts: bool,
}

/// Somebody who could.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Helper {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// By which role.
    pub role: String,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Told {
    /// About whom; the address alone, where nobody of that address has a role here.
    pub person: String,
    pub action: Action,
    pub place: Option<(VirtualAccountId, String)>,
    pub reason: Reason,
    /// One sentence.
    pub says: String,
    pub held: Vec<HeldRole>,
    /// The roles that are named for the action.
    pub named: Vec<String>,
    pub could: Vec<Helper>,
    /// How many more could.
    pub more: u64,
}

impl Told {
    /// Whether the answer is yes.
    pub fn is_yes(&self) -> bool {
        self.reason == Reason::May
    }
    /// "2 more people".
    pub fn others(&self) -> String {
        counted(self.more, "more person", "more people")
    }
}

/// The sentence of an answer.
pub fn sentence(
    reason: Reason,
    person: &str,
    action: Action,
    tenant: Option<&Tenant>,
    place: Option<&str>,
    edition: Edition,
) -> String {
    let account = tenant.map_or("the portal", |tenant| tenant.name.as_str());
    let words = edition.words(action.words());
    match reason {
        Reason::May => format!(
            "{person} may {words}{}. If it was refused all the same, a rule of the trade said no: ask with the reference of the request.",
            place.map(|place| format!(" in {place}")).unwrap_or_default()
        ),
        Reason::NoStanding => format!(
            "{person} holds no role in {account}. For them it does not exist: every page of it answers 404."
        ),
        Reason::Role => {
            format!("None of the roles that {person} holds is allowed to {words} in {account}.")
        }
        Reason::Scope => format!(
            "{person} may {words} in other parts of {account}, and not in {}.",
            place.unwrap_or("this Virtual Account")
        ),
        Reason::State => tenant.map_or_else(String::new, |tenant| {
            edition.words(matrix::out_of_use(tenant)).into_owned()
        }),
    }
}

/// The actions that can be asked about: those over an account, or all.
pub fn actions(of_account: bool) -> impl Iterator<Item = Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(move |action| !of_account || action.over() == Over::Account)
}
