//! A list of people who are to be added: how it is read, and what would become of each of its lines.

use crate::authn::people::{Person, PersonState};
use crate::authz::Role;
use crate::kernel::ids::{ImportId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::{EmailAddress, Moment, search_key};
use crate::members::model::{APPROVER_CAUTION, Scope, may_hold};
use std::collections::HashMap;

/// So many lines are taken at once.
pub const MOST_LINES: usize = 10_000;
/// No address is longer; more of a line would only make the page heavy.
const LONGEST: usize = 320;
/// What the first row of a file calls the column of addresses.
const HEADS: &[&str] = &[
    "email",
    "e-mail",
    "email address",
    "e-mail address",
    "email addresses",
    "mail",
    "address",
    "user",
    "cco id",
    "cco ids",
];

/// What the people of a list are to be given.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Content {
    /// The Virtual Accounts; none for the whole account, or when they come into a group.
    pub places: Option<Vec<VirtualAccountId>>,
    /// The role; none when they come into a group.
    pub role: Option<Role>,
    /// One address a line.
    pub lines: Vec<Entry>,
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

/// Cuts what was typed into addresses: by commas, semicolons and line ends; `Ada <ada@xyz.example>` is read
/// too, and addresses with nothing but spaces between them.
pub fn lines_of(typed: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for piece in typed.split([',', ';', '\n', '\r']) {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        let words: Vec<&str> = piece.split_whitespace().collect();
        if words.len() > 1 && words.iter().all(|word| word.contains('@')) {
            lines.extend(words.into_iter().map(cut));
        } else {
            lines.push(cut(within_brackets(piece)));
        }
    }
    lines
}

fn within_brackets(piece: &str) -> &str {
    piece
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'))
        .map(|(_, address)| address.trim())
        // Nothing in them: the line is judged as it was typed, not lost.
        .filter(|address| !address.is_empty())
        .unwrap_or(piece)
}

fn cut(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}

/// Reads a file: the column that its first row calls Email, else the first column with an address in it.
pub fn lines_of_csv(text: &str) -> Result<Vec<Entry>, String> {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|mark| first.bytes().filter(|byte| byte == mark).count())
        .filter(|mark| first.bytes().any(|byte| byte == *mark))
        .unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut column: Option<usize> = None;
    let mut lines = Vec::new();
    let mut count = LineCount::of(text);
    for row in reader.records() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, ::csv::Position::line);
            format!("Line {line} of the file is not CSV. Save it as CSV with one address a line.")
        })?;
        let number = count.at(row.position().map_or(0, ::csv::Position::byte));
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = match column {
            Some(at) => at,
            None => {
                let head = row
                    .iter()
                    .position(|cell| HEADS.contains(&search_key(cell).as_str()));
                let at = head
                    .or_else(|| row.iter().position(|cell| cell.contains('@')))
                    .unwrap_or(0);
                column = Some(at);
                if head.is_some() {
                    continue;
                }
                at
            }
        };
        let cell = crate::http::csv::untext(row.get(at).unwrap_or_default().trim());
        lines.push(Entry {
            number,
            typed: cut(within_brackets(cell)),
        });
    }
    Ok(lines)
}

/// Counts the lines of a text as an editor does. The reader's own count has a row begin before the empty lines
/// that it skips, and with the second half of a line's end.
struct LineCount<'a> {
    rest: &'a [u8],
    /// How far it has come.
    byte: usize,
    line: usize,
}

impl<'a> LineCount<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            byte: 0,
            line: 1,
        }
    }
    /// The line of the first row at or behind a byte; bytes are asked for in their order.
    fn at(&mut self, byte: u64) -> usize {
        while let [first, rest @ ..] = self.rest {
            let end = matches!(first, b'\r' | b'\n');
            if self.byte as u64 >= byte && !end {
                break;
            }
            // The two marks of one line's end count once.
            if *first == b'\n' || (end && rest.first() != Some(&b'\n')) {
                self.line += 1;
            }
            self.byte += 1;
            self.rest = rest;
        }
        self.line
    }
}

/// Reads an address of a list. Letters that only look like ASCII are told from it: whoever means a domain in
/// another script types its ASCII form, so that nobody is added by the look of an address.
pub fn address(typed: &str) -> Result<EmailAddress, String> {
    if typed.trim().is_empty() {
        return Err("There is no address in this line.".to_owned());
    }
    let odd = typed.chars().find(|c| !c.is_ascii());
    match (EmailAddress::parse(typed), odd) {
        (Ok(email), None) => Ok(email),
        (Ok(email), Some(odd)) => Err(format!(
            "\u{201c}{odd}\u{201d} is no plain letter and may only look like one. If you mean this domain, enter {email}."
        )),
        (Err(_), Some(odd)) if !odd.is_control() => Err(format!(
            "\u{201c}{odd}\u{201d} is no plain letter and may only look like one. Type the address with the letters a to z."
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(email: &str, state: PersonState) -> Person {
        Person {
            id: PersonId::new(),
            email: EmailAddress::parse(email).unwrap(),
            name: email.split('@').next().unwrap().to_owned(),
            access_level: 1,
            state,
            version: 1,
        }
    }

    fn known(people: &[(&str, PersonState, Option<Role>)]) -> HashMap<String, Known> {
        people
            .iter()
            .map(|(email, state, role)| {
                let person = person(email, *state);
                let held = role.iter().map(|role| (None, *role)).collect();
                (person.email.key().to_owned(), Known { person, held })
            })
            .collect()
    }

    fn verdicts(
        lines: &[&str],
        known: &HashMap<String, Known>,
        role: Role,
        administrators: usize,
    ) -> Vec<String> {
        let lines = numbered(0, lines.iter().map(|l| (*l).to_owned()).collect());
        let target = Target::Role {
            scope: &Scope::Account,
            role,
            domain: "xyz.example",
            administrators,
        };
        judge(&lines, known, &target)
            .lines
            .iter()
            .map(|line| line.verdict.word().to_owned())
            .collect()
    }

    #[test]
    fn addresses_are_cut_at_commas_lines_and_brackets() {
        assert_eq!(
            lines_of(
                "ada@xyz.example, bob@xyz.example;cy@xyz.example\r\n\r\n Dan <dan@xyz.example>\na@b.example c@d.example\nno address"
            ),
            [
                "ada@xyz.example",
                "bob@xyz.example",
                "cy@xyz.example",
                "dan@xyz.example",
                "a@b.example",
                "c@d.example",
                "no address"
            ]
        );
        assert!(lines_of(" ,\n;").is_empty());
    }

    #[test]
    fn a_file_is_read_by_its_column_of_addresses() {
        let of = |text: &str| -> Vec<String> {
            lines_of_csv(text).unwrap().into_iter().map(|e| e.typed).collect()
        };
        assert_eq!(
            of("Name,Email\r\nAda,ada@xyz.example\r\n,\r\nBob,'=x@xyz.example\r\n"),
            ["ada@xyz.example", "=x@xyz.example"]
        );
        assert_eq!(
            of("Ada;ada@xyz.example\nBob;bob@xyz.example"),
            ["ada@xyz.example", "bob@xyz.example"]
        );
        assert_eq!(of("ada@xyz.example\nnobody\n"), ["ada@xyz.example", "nobody"]);
        assert_eq!(
            of("Name\tE-Mail\n\"Ada, L\"\tada@xyz.example"),
            ["ada@xyz.example"]
        );
        assert!(of("").is_empty());
    }

    #[test]
    fn a_row_keeps_the_number_that_it_has_in_the_file() {
        let of = |text: &str| -> Vec<(usize, String)> {
            lines_of_csv(text)
                .unwrap()
                .into_iter()
                .map(|e| (e.number, e.typed))
                .collect()
        };
        let said = [(2, "a@b.example".to_owned()), (5, "c@d.example".to_owned())];
        for end in ["\n", "\r\n", "\r"] {
            let text = ["Email", "a@b.example", "", "  ", "c@d.example", ""].join(end);
            assert_eq!(of(&text), said, "{end:?}");
        }
        // Before the heading too, after a byte order mark, and behind a cell of two lines.
        assert_eq!(
            of("\u{feff}\n\nName,Email\n\"A\nB\",a@b.example\n,c@d.example"),
            [(4, "a@b.example".to_owned()), (6, "c@d.example".to_owned())]
        );
    }

    #[test]
    fn each_line_is_told_what_becomes_of_it() {
        use PersonState::{Active, Disabled, Invited};
        let known = known(&[
            ("ada@xyz.example", Active, Some(Role::AccountAdmin)),
            ("cy@xyz.example", Active, Some(Role::AccountUser)),
            ("noa@newcomer.example", Active, None),
            ("ivo@xyz.example", Invited, None),
            ("gone@xyz.example", Disabled, None),
        ]);
        let lines = [
            "CY@XYZ.example",
            "cy@xyz.example",
            "noa@newcomer.example",
            "ivo@xyz.example",
            "new@xyz.example",
            "gone@xyz.example",
            "ad\u{430}@xyz.example",
            "ada@xyz.ex\u{430}mple",
            "not an address",
        ];
        assert_eq!(
            verdicts(&lines, &known, Role::AccountViewer, 1),
            [
                "changed", "repeated", "added", "added", "invited", "wrong", "wrong", "wrong", "wrong"
            ]
        );
        assert_eq!(
            verdicts(&["cy@xyz.example"], &known, Role::AccountUser, 1),
            ["unchanged"]
        );
        // The Approver rule, for those with a user account and those without.
        assert_eq!(
            verdicts(
                &["noa@newcomer.example", "new@newcomer.example", "new@xyz.example"],
                &known,
                Role::AccountApprover,
                1
            ),
            ["wrong", "wrong", "invited"]
        );
        // The last administrator stays one.
        assert_eq!(
            verdicts(&["ada@xyz.example"], &known, Role::AccountUser, 1),
            ["wrong"]
        );
        assert_eq!(
            verdicts(&["ada@xyz.example"], &known, Role::AccountUser, 2),
            ["changed"]
        );
    }

    #[test]
    fn of_all_administrators_in_one_list_one_is_left() {
        let known = known(&[
            ("a@xyz.example", PersonState::Active, Some(Role::AccountAdmin)),
            ("b@xyz.example", PersonState::Active, Some(Role::AccountAdmin)),
        ]);
        assert_eq!(
            verdicts(
                &["a@xyz.example", "b@xyz.example"],
                &known,
                Role::AccountViewer,
                2
            ),
            ["changed", "wrong"]
        );
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_cut_and_judged(text in "\\PC*|[a-c@., ;\\n\"<>]*") {
            let typed = lines_of(&text);
            prop_assert!(typed.iter().all(|line| !line.trim().is_empty() && line.chars().count() <= LONGEST));
            if let Ok(lines) = lines_of_csv(&text) {
                // Each has a number of its own, by which it is mended or left out.
                prop_assert!(lines.windows(2).all(|two| two[0].number < two[1].number));
                let report = judge(&lines, &HashMap::new(), &Target::Group(&[]));
                prop_assert_eq!(report.lines.len(), lines.len());
                // Nobody is counted twice, whatever the case of the letters.
                let mut keys: Vec<String> = report
                    .lines
                    .iter()
                    .filter(|line| line.verdict.acts())
                    .filter_map(|line| line.email.as_ref().map(|email| email.key().to_owned()))
                    .collect();
                let all = keys.len();
                keys.sort();
                keys.dedup();
                prop_assert_eq!(keys.len(), all);
            }
        }

        #[test]
        fn an_administrator_is_always_left(roles in prop::collection::vec(any::<bool>(), 1..8), listed in prop::collection::vec(any::<bool>(), 8)) {
            let emails: Vec<String> = (0..roles.len()).map(|n| format!("p{n}@xyz.example")).collect();
            let people: Vec<(&str, PersonState, Option<Role>)> = emails
                .iter()
                .zip(&roles)
                .map(|(email, admin)| (email.as_str(), PersonState::Active, Some(if *admin { Role::AccountAdmin } else { Role::AccountUser })))
                .collect();
            let known = known(&people);
            let administrators = roles.iter().filter(|admin| **admin).count();
            let lines: Vec<&str> = emails.iter().zip(&listed).filter(|(_, on)| **on).map(|(email, _)| email.as_str()).collect();
            let gone = verdicts(&lines, &known, Role::AccountViewer, administrators)
                .iter()
                .zip(&lines)
                .filter(|(verdict, line)| *verdict == "changed" && known[**line].held[0].1 == Role::AccountAdmin)
                .count();
            prop_assert!(administrators == 0 || gone < administrators);
        }
    }
}
