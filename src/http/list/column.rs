//! What the table and the file of a list show of a row.

use crate::kernel::Edition;

/// A column of the table, of the file, or of both.
pub struct Column<R: 'static> {
    /// By which it is chosen.
    pub(super) key: &'static str,
    /// By which it sorts, if the list can be sorted by this.
    pub(super) sort: &'static str,
    pub(super) label: &'static str,
    pub(super) class: &'static str,
    pub(super) shown: Shown,
    /// What a file says of a row.
    text: Text<R>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    AtFirst,
    IfChosen,
    InTheFile,
}

/// What a file says of a row.
enum Text<R: 'static> {
    Nothing,
    Of(fn(&R) -> String),
    /// A text of the program, for the words of the edition.
    Words(fn(&R) -> &'static str),
}

impl<R> Column<R> {
    const fn of(key: &'static str, label: &'static str, shown: Shown, text: Text<R>) -> Self {
        Self {
            key,
            sort: key,
            label,
            class: "",
            shown,
            text,
        }
    }
    /// Always in the table, and in the file.
    pub const fn lead(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::Always, Text::Of(text))
    }
    /// Always in the table, and in the table alone.
    pub const fn fixed(key: &'static str, label: &'static str) -> Self {
        Self::of(key, label, Shown::Always, Text::Nothing)
    }
    /// In the table alone, until it is chosen away.
    pub const fn table(key: &'static str, label: &'static str) -> Self {
        Self::of(key, label, Shown::AtFirst, Text::Nothing)
    }
    /// In the table alone, once it is chosen.
    pub const fn aside(key: &'static str, label: &'static str) -> Self {
        Self::of(key, label, Shown::IfChosen, Text::Nothing)
    }
    /// In the table until it is chosen away, and in the file.
    pub const fn shown(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::AtFirst, Text::Of(text))
    }
    /// The same, and it is a number.
    pub const fn number(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        let mut column = Self::shown(key, label, text);
        column.class = "num";
        column
    }
    /// In the table once it is chosen, and in the file.
    pub const fn hidden(key: &'static str, label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of(key, label, Shown::IfChosen, Text::Of(text))
    }
    /// In the file alone.
    pub const fn file(label: &'static str, text: fn(&R) -> String) -> Self {
        Self::of("", label, Shown::InTheFile, Text::Of(text))
    }
    /// The same for a text of the program, which has the words of the edition.
    pub const fn words(label: &'static str, text: fn(&R) -> &'static str) -> Self {
        Self::of("", label, Shown::InTheFile, Text::Words(text))
    }
    /// It is a number.
    pub const fn num(mut self) -> Self {
        self.class = "num";
        self
    }
    /// It sorts by another key than its own.
    pub const fn by(mut self, sort: &'static str) -> Self {
        self.sort = sort;
        self
    }
    /// In a file that has the chosen columns alone, it comes with this column of the table.
    pub const fn with(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }
    /// Whether a file has it.
    pub(super) fn is_in_file(&self) -> bool {
        !matches!(self.text, Text::Nothing)
    }
    /// What a file says of a row.
    pub(super) fn text(&self, row: &R, edition: Edition) -> String {
        match self.text {
            Text::Nothing => String::new(),
            Text::Of(text) => text(row),
            Text::Words(words) => edition.say(words(row)).to_owned(),
        }
    }
}
