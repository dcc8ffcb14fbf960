//! A list of people who are to be added: how it is read, and what would become of each of its lines.

use crate::authn::people::{Person, PersonState};
use crate::authz::Role;
use crate::error::{Error, Result};
use crate::kernel::addresses::{LONGEST, one_address, one_of, recipients};
use crate::kernel::ids::{ImportId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::table::{Guess, Kept, Layout, Meaning, Table};
use crate::kernel::{EmailAddress, Moment};
use crate::members::model::{APPROVER_CAUTION, Scope, may_hold};
use std::collections::HashMap;

/// So many lines are taken at once.
pub const MOST_LINES: usize = 10_000;
/// What the people of a list are to be given.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Content {
    /// The Virtual Accounts; none for the whole account, or when they come into a group.
    pub places: Option<Vec<VirtualAccountId>>,
    /// The role; none when they come into a group.
    pub role: Option<Role>,
    /// One address a line.
    pub lines: Vec<Entry>,
    /// The file from which they come, when it is a table.
    #[serde(default)]
    pub table: Option<Kept>,
}

/// An address of a list, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Where its author finds it again: the line of the file, else the place in the list, from 1.
    pub number: usize,
    /// What stands there.
    pub typed: String,
}

/// Counts addresses that stand in no file, after a number.
pub fn numbered(after: usize, typed: Vec<String>) -> Vec<Entry> {
    (after + 1..)
        .zip(typed)
        .map(|(number, typed)| Entry { number, typed })
        .collect()
}

impl Content {
    /// Nobody is added while it is open which column of the file holds the addresses.
    pub fn is_ready(&self) -> Result<()> {
        match &self.table {
            Some(kept) if !kept.found.missing(&MEANINGS).is_empty() => Err(Error::refused(
                "members.lines-wrong",
                "Choose the column of the addresses first. Nothing has been written.",
            )),
            _ => Ok(()),
        }
    }
    /// The scope of access.
    pub fn scope(&self) -> Scope {
        self.places
            .as_ref()
            .map_or(Scope::Account, |list| Scope::These(list.clone()))
    }
}

/// A list that waits for its author.
#[derive(Debug, Clone)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Whose.
    pub account: SmartAccountId,
    /// Who made it: nobody else sees it.
    pub author: PersonId,
    /// Into which group.
    pub group: Option<UserGroupId>,
    /// What it says.
    pub content: Content,
    /// When the people were added.
    pub done_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

/// What would become of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Has a user account and is added.
    Added,
    /// Has no user account: is invited, and what they are given counts once they accept.
    Invited,
    /// Holds another role there, which is replaced.
    Changed(Role),
    /// Has it already.
    Has,
    /// The same person stands on an earlier line.
    Repeated(usize),
    /// Cannot be added: why, and what to do.
    Wrong(String),
}

impl Verdict {
    /// In the words of the report.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Added => "Will be added",
            Self::Invited => "Will be invited",
            Self::Changed(_) => "Role will change",
            Self::Has => "Has this role already",
            Self::Repeated(_) => "Repeated",
            Self::Wrong(_) => "Wrong",
        }
    }
    /// What the API calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Invited => "invited",
            Self::Changed(_) => "changed",
            Self::Has => "unchanged",
            Self::Repeated(_) => "repeated",
            Self::Wrong(_) => "wrong",
        }
    }
    /// The badge's kind.
    pub fn badge(&self) -> &'static str {
        match self {
            Self::Added => "ok",
            Self::Invited => "info",
            Self::Changed(_) => "warn",
            Self::Has | Self::Repeated(_) => "",
            Self::Wrong(_) => "bad",
        }
    }
    /// Whether the line changes anything.
    pub fn acts(&self) -> bool {
        matches!(self, Self::Added | Self::Invited | Self::Changed(_))
    }
    /// Whether it stands in the way.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }
}

/// A line of the report.
#[derive(Debug, Clone)]
pub struct Line {
    /// As in [`Entry`].
    pub number: usize,
    /// As it was typed.
    pub typed: String,
    /// The address, when it is one.
    pub email: Option<EmailAddress>,
    /// Who has a user account under it.
    pub person: Option<Person>,
    /// What would become of it.
    pub verdict: Verdict,
}

impl Line {
    /// The name of who has a user account, else nothing.
    pub fn name(&self) -> &str {
        self.person
            .as_ref()
            .filter(|person| person.state != PersonState::Invited)
            .map_or("", |person| person.name.as_str())
    }
    /// More about the verdict.
    pub fn says(&self) -> String {
        match &self.verdict {
            Verdict::Changed(from) => format!("Holds the role {from}, which is replaced."),
            Verdict::Repeated(line) => format!("The same person as in line {line}. Counted once."),
            Verdict::Wrong(why) => why.clone(),
            Verdict::Invited => "No user account yet: gets an invitation by email.".to_owned(),
            Verdict::Added
                if self
                    .person
                    .as_ref()
                    .is_some_and(|p| p.state == PersonState::Invited) =>
            {
                "Was invited and has not accepted yet.".to_owned()
            }
            Verdict::Added | Verdict::Has => String::new(),
        }
    }
}

/// The report on a list.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Line by line.
    pub lines: Vec<Line>,
}

impl Report {
    /// How many lines have such a verdict.
    pub fn count(&self, of: impl Fn(&Verdict) -> bool) -> usize {
        self.lines.iter().filter(|line| of(&line.verdict)).count()
    }
    /// How many are wrong.
    pub fn wrong(&self) -> usize {
        self.count(Verdict::is_wrong)
    }
    /// How many people come of it.
    pub fn acting(&self) -> usize {
        self.count(Verdict::acts)
    }
}

/// What the columns of a file of people may mean.
pub const MEANINGS: [Meaning; 1] = [Meaning {
    key: "email",
    label: "e-mail address",
    names: &[
        "email",
        "email address",
        "primary email",
        "emails",
        "email addresses",
        "email id",
        "user email",
        "work email",
        "user principal name",
        "cco id",
        "cco ids",
        "mail",
        "email adresse",
        "adresse email",
    ],
    loose: &["address", "user", "user name", "username", "login", "id"],
    other: &[
        "manager",
        "supervisor",
        "assistant",
        "recovery",
        "secondary",
        "alternate",
        "alternative",
        "backup",
        "personal",
        "private",
        "home",
        "other",
        "old",
    ],
    looks: Some(|cell| one_address(cell).is_some()),
    guess: Guess::Cells,
    needed: true,
}];

/// The people of a file.
#[derive(Debug, Clone, Default)]
pub struct PeopleFile {
    /// Line by line.
    pub lines: Vec<Entry>,
    /// The table that it is; none when it is a list of addresses.
    pub table: Option<Kept>,
}

/// Reads a file: a table with a column of addresses, or a list of addresses as people paste it.
pub fn read_file(text: &str) -> std::result::Result<PeopleFile, String> {
    let mut table = Table::read(text, &MEANINGS, MOST_LINES)?;
    if is_list(&table) {
        return Ok(PeopleFile {
            lines: numbered(0, recipients(text)),
            table: None,
        });
    }
    if table.found.columns.len() == 1 {
        // There is nothing to choose from.
        table.found.layout.columns = vec![Some(0)];
    }
    Ok(PeopleFile {
        lines: lines_of(&table),
        table: (!table.rows.is_empty()).then(|| Kept {
            text: text.to_owned(),
            found: table.found,
        }),
    })
}

/// Reads the file of a list once more, with the columns that were chosen; what was typed beside it stays.
pub fn read_again(content: &Content, layout: &Layout) -> std::result::Result<Content, String> {
    let Some(kept) = &content.table else {
        return Ok(content.clone());
    };
    let table = Table::read_as(&kept.text, layout, MOST_LINES)?;
    let typed = content.lines.iter().filter(|line| line.number > kept.found.last);
    Ok(Content {
        lines: lines_of(&table).into_iter().chain(typed.cloned()).collect(),
        table: Some(Kept {
            text: kept.text.clone(),
            found: table.found,
        }),
        ..content.clone()
    })
}

/// One entry a row; none while nobody has said which column holds the addresses.
fn lines_of(table: &Table) -> Vec<Entry> {
    if table.found.layout.columns.first().copied().flatten().is_none() {
        return Vec::new();
    }
    table
        .rows
        .iter()
        .map(|row| Entry {
            number: row.line,
            typed: typed(table.cell(row, 0)),
        })
        .collect()
}

/// An entry's text: the address alone where there is one.
pub fn typed(cell: &str) -> String {
    one_of(cell).unwrap_or_else(|_| cell.trim().chars().take(LONGEST).collect())
}

/// Whether a file is a list from a mail client and no table: no heading, and addresses next to each other.
fn is_list(table: &Table) -> bool {
    if table.found.layout.head.is_some() {
        return false;
    }
    let at_in = |cell: &str| cell.matches('@').count();
    let (mut cells, mut with, mut beside) = (0, 0, false);
    for row in &table.rows {
        let addresses: usize = row.cells().map(at_in).sum();
        beside |= addresses > 1;
        for cell in row.cells().filter(|cell| !cell.is_empty()) {
            cells += 1;
            with += usize::from(cell.contains('@'));
        }
    }
    beside && (table.rows.len() == 1 || with * 4 >= cells * 3)
}

/// Reads an address of a list. Letters that only look like ASCII are told from it: whoever means a domain in
/// another script types its ASCII form, so that nobody is added by the look of an address.
pub fn address(typed: &str) -> std::result::Result<EmailAddress, String> {
    if typed.trim().is_empty() {
        return Err("There is no address in this line.".to_owned());
    }
    one_of(typed)?;
    let odd = typed.chars().find(|c| !c.is_ascii());
    match (EmailAddress::parse(typed), odd) {
        (Ok(email), None) => Ok(email),
        (Ok(email), Some(odd)) => Err(format!(
            "\u{201c}{odd}\u{201d} is not a plain letter; it only looks like one. If you mean this domain, enter {email}."
        )),
        (Err(_), Some(odd)) if !odd.is_control() => Err(format!(
            "\u{201c}{odd}\u{201d} is not a plain letter; it only looks like one. Type the address with the letters a to z."
        )),
        (Err(says), _) => Err(says),
    }
}

/// Somebody who has a user account, with the roles that they hold directly.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub person: Person,
    /// Where and which.
    pub held: Vec<(Option<VirtualAccountId>, Role)>,
}

/// What the people of a list come to.
#[derive(Debug, Clone)]
pub enum Target<'a> {
    /// A role.
    Role {
        /// Where.
        scope: &'a Scope,
        /// Which.
        role: Role,
        /// The domain of the account.
        domain: &'a str,
        /// How many hold the role of administrator directly and can sign in.
        administrators: usize,
    },
    /// A group with these people in it.
    Group(&'a [PersonId]),
}

/// What would become of each line.
pub fn judge(lines: &[Entry], known: &HashMap<String, Known>, target: &Target<'_>) -> Report {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut demoted = 0;
    let lines = lines
        .iter()
        .map(|Entry { number, typed }| {
            let number = *number;
            let mut line = Line {
                number,
                typed: typed.clone(),
                email: None,
                person: None,
                verdict: Verdict::Has,
            };
            line.verdict = match address(typed) {
                Err(says) => Verdict::Wrong(says),
                Ok(email) => {
                    let found = known.get(email.key());
                    line.person = found.map(|known| known.person.clone());
                    let verdict = match seen.get(email.key()) {
                        Some(earlier) => Verdict::Repeated(*earlier),
                        None => of_person(&email, found, target, &mut demoted),
                    };
                    seen.entry(email.key().to_owned()).or_insert(number);
                    line.email = Some(email);
                    verdict
                }
            };
            line
        })
        .collect();
    Report { lines }
}

fn of_person(
    email: &EmailAddress,
    known: Option<&Known>,
    target: &Target<'_>,
    demoted: &mut usize,
) -> Verdict {
    if known.is_some_and(|known| known.person.state == PersonState::Disabled) {
        return Verdict::Wrong("This user account is disabled. An operator can enable it.".to_owned());
    }
    match target {
        Target::Group(people) => match known {
            None => Verdict::Invited,
            Some(known) if people.contains(&known.person.id) => Verdict::Has,
            Some(_) => Verdict::Added,
        },
        Target::Role {
            scope,
            role,
            domain,
            administrators,
        } => {
            if may_hold(*role, email, domain).is_err() {
                return Verdict::Wrong(APPROVER_CAUTION.to_owned());
            }
            let Some(known) = known else {
                return Verdict::Invited;
            };
            let at = |place: &Option<VirtualAccountId>| {
                known
                    .held
                    .iter()
                    .find(|(held, _)| held == place)
                    .map(|(_, role)| *role)
            };
            let places = scope.places();
            if places.iter().all(|place| at(place) == Some(*role)) {
                return Verdict::Has;
            }
            let Some(before) = places.iter().filter_map(at).find(|held| held != role) else {
                return Verdict::Added;
            };
            if before == Role::AccountAdmin && known.person.state == PersonState::Active {
                if *demoted + 1 >= *administrators {
                    return Verdict::Wrong(format!(
                        "{} is the last Smart Account Administrator. Give this role to somebody else first.",
                        known.person.name
                    ));
                }
                *demoted += 1;
            }
            Verdict::Changed(before)
        }
    }
}

#[cfg(test)]
mod tests;
