//! What stands around every page: plain data for `templates/layout/shell.html` and `bare.html`.

use crate::http::list::ListQuery;
use crate::kernel::Edition;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the reader's system has it.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Anything unknown is `Auto`: an old cookie must not break a page.
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// Without the portal's name, which the layout adds.
    pub title: String,
    pub theme: Theme,
    /// The form token of this session.
    pub csrf: String,
    pub person: Option<PersonCard>,
    pub account: Option<AccountCard>,
    pub menu: Vec<MenuSection>,
    pub crumbs: Vec<Crumb>,
    pub flash: Vec<Flash>,
    pub lab: Option<LabStrip>,
    /// The path of this page.
    pub path: String,
    /// A dialog is open over the page, so nothing below it may be reached.
    pub inert: bool,
    /// A form on this page came back with problems.
    pub error_title: bool,
    /// Whose eyes are borrowed.
    pub view_as: Option<String>,
    /// Whether one may borrow another role's eyes in this account.
    pub may_view_as: bool,
    /// How many alerts there are in the account; none where there is no bell.
    pub alerts: Option<u64>,
    /// Which portal.
    pub edition: Edition,
    /// Address of the other portal of the same lab, whose clock and mailbox are shown; "" for this portal's own.
    pub lab_base: String,
    /// After so many seconds a browser without script asks for the page again: for work that goes on meanwhile.
    pub again_after: Option<u32>,
}

impl Shell {
    /// A text of the program in the words of the edition.
    pub fn say(&self, text: &'static str) -> &'static str {
        self.edition.say(text)
    }

    /// The whole `<title>`.
    pub fn full_title(&self) -> String {
        let error = if self.error_title { "Error: " } else { "" };
        format!("{error}{} · {}", self.title, self.edition)
    }

    /// Whether the bell counts something.
    pub fn has_alerts(&self) -> bool {
        self.alerts.is_some_and(|count| count > 0)
    }

    /// The count on the bell, which has room for two digits.
    pub fn short_alerts(&self) -> String {
        self.alerts.map(two_digits).unwrap_or_default()
    }

    /// Marks the page as one over which a dialog is open. The dialog's title becomes the page's.
    #[must_use]
    pub fn with_dialog(mut self, title: impl Into<String>) -> Self {
        self.inert = true;
        self.title = title.into();
        self
    }

    /// Says above a list what could not be used of its address.
    #[must_use]
    pub fn with_dropped(mut self, list: &ListQuery) -> Self {
        let said = list.dropped.iter().cloned();
        self.flash
            .extend(said.map(|says| Flash::new(FlashKind::Warn, says)));
        self
    }
}

#[derive(Debug, Clone)]
pub struct PersonCard {
    pub name: String,
    pub email: String,
    pub role: String,
}

impl PersonCard {
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

#[derive(Debug, Clone)]
pub struct AccountCard {
    pub number: i64,
    pub name: String,
    pub domain: String,
}

impl AccountCard {
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// The first letters of the first and the last word.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// A section is a link itself, or holds groups of links.
#[derive(Debug, Clone)]
pub struct MenuSection {
    pub label: &'static str,
    pub icon: &'static str,
    pub href: Option<String>,
    pub groups: Vec<MenuGroup>,
    pub current: bool,
}

#[derive(Debug, Clone)]
pub struct MenuGroup {
    pub label: Option<&'static str>,
    pub items: Vec<MenuItem>,
}

#[derive(Debug, Clone)]
pub struct MenuItem {
    pub label: &'static str,
    pub href: String,
    pub current: bool,
    /// How many things wait there; 0 shows nothing.
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    pub label: String,
    pub href: Option<String>,
}

impl Crumb {
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: Some(href.into()),
        }
    }

    pub fn text(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashKind {
    Ok,
    Info,
    Warn,
    Bad,
}

impl FlashKind {
    /// The class that colours it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Self::Ok => "circle-check",
            Self::Info => "info",
            Self::Warn => "triangle-alert",
            Self::Bad => "circle-alert",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
    /// Label and address of what changed.
    pub link: Option<(String, String)>,
}

impl Flash {
    /// A message without a link.
    pub fn new(kind: FlashKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            link: None,
        }
    }
}

/// The lab's marks in the top bar: virtual time, and letters that nobody has read.
#[derive(Debug, Clone)]
pub struct LabStrip {
    pub now: DateTime<Utc>,
    pub frozen: bool,
    pub letters: u64,
}

/// A count where there is room for two digits: some stop counting beyond them.
pub fn two_digits(count: u64) -> String {
    if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    }
}

impl LabStrip {
    /// The count on the letter's icon, which has room for two digits.
    pub fn short_count(&self) -> String {
        two_digits(self.letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_first_and_last_word() {
        assert_eq!(initials("Priya Nair"), "PN");
        assert_eq!(initials("  ana maria (de) souza "), "AS");
        assert_eq!(initials("Øre"), "Ø");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn a_title_says_when_a_form_came_back() {
        let mut shell = Shell {
            title: "Sign in".to_owned(),
            ..Shell::default()
        };
        assert_eq!(shell.full_title(), "Sign in · Licentral");
        shell.error_title = true;
        assert_eq!(shell.full_title(), "Error: Sign in · Licentral");
    }

    #[test]
    fn an_unknown_theme_is_auto() {
        assert_eq!(Theme::parse("sepia"), Theme::Auto);
        assert_eq!(Theme::parse(Theme::Dark.as_str()), Theme::Dark);
    }
}
