//! Tables that people send: read in one way, whoever asks for them. A table is text with a separator; which one,
//! where its heading stands and which column means what is found by looking, said, and can be said otherwise.

mod columns;
mod decode;
mod guard;
mod rows;

pub use columns::{Guess, Meaning, heading_key};
pub use decode::{against_text, decode};
pub use guard::{guarded, without_guard};
pub use rows::Row;

use serde::{Deserialize, Serialize};

/// A table has at most so many columns.
pub const MOST_COLUMNS: usize = 250;
/// So many rows are looked at to find out how a table is laid out.
const LOOKED_AT: usize = 500;
/// The heading is among so many rows.
const HEADS: usize = 12;
/// So much is said of a cell.
const SAID: usize = 60;

/// How a table is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What stands between two cells.
    pub separator: char,
    /// In which line the heading begins; none when there is none. What stands above it is left aside.
    pub head: Option<usize>,
    /// For each meaning the column, from 0.
    pub columns: Vec<Option<usize>>,
}

/// A column, as it is named to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What its heading says, or "".
    pub name: String,
    /// The first cell below that is not empty.
    pub sample: String,
}

/// What was found out about a table; kept beside its text while somebody reads the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How it is laid out.
    pub layout: Layout,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Rows that may be the heading: the line, and what it says.
    pub heads: Vec<(usize, String)>,
    /// Meanings for which several columns stand, so that none was taken; by place.
    pub unsure: Vec<(usize, Vec<usize>)>,
    /// How many rows stand above the heading.
    pub aside: usize,
    /// In which line the last row begins.
    pub last: usize,
}

impl Found {
    /// The columns that mean nothing here, by place.
    pub fn unused(&self) -> Vec<(usize, &Column)> {
        let used = |at: usize| {
            self.layout.columns.contains(&Some(at))
                // It is asked about.
                || self.unsure.iter().any(|(_, columns)| columns.contains(&at))
        };
        self.columns
            .iter()
            .enumerate()
            .filter(|(at, column)| !used(*at) && (!column.name.is_empty() || !column.sample.is_empty()))
            .collect()
    }
    /// How a column is named to people.
    pub fn called(&self, at: usize) -> String {
        match self.columns.get(at).map(|column| column.name.as_str()) {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("Column {}", at + 1),
        }
    }
    /// Meanings that need a column and have none; by place.
    pub fn missing(&self, meanings: &[Meaning]) -> Vec<usize> {
        (0..)
            .zip(meanings)
            .filter(|(at, meaning)| {
                self.layout.columns.get(*at).copied().flatten().is_none()
                    && (meaning.needed || self.unsure.iter().any(|(unsure, _)| unsure == at))
            })
            .map(|(at, _)| at)
            .collect()
    }
    /// Why a meaning has no column, and what to do.
    pub fn says(&self, at: usize, meaning: &Meaning) -> String {
        match self.unsure.iter().find(|(unsure, _)| *unsure == at) {
            Some((_, columns)) => {
                let places: Vec<String> = columns.iter().map(|at| (at + 1).to_string()).collect();
                let name = columns.first().map(|at| self.called(*at)).unwrap_or_default();
                format!(
                    "Columns {} may all be the {}, such as \u{201c}{name}\u{201d}. Choose one.",
                    places.join(" and "),
                    meaning.label
                )
            }
            None => format!("No column was found for the {}. Choose one.", meaning.label),
        }
    }
}

/// A table that somebody reads the report on, with its text: it can be read again with other columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The file.
    pub text: String,
    /// What was found out about it.
    pub found: Found,
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct Table {
    /// What was found out about it.
    pub found: Found,
    /// The rows below the heading.
    pub rows: Vec<Row>,
}

impl Table {
    /// Reads a table and finds out how it is laid out. More rows than `most` are refused.
    pub fn read(text: &str, meanings: &[Meaning], most: usize) -> Result<Self, String> {
        against_text(text)?;
        let (separator, text) = separator_of(text, meanings);
        let rows = rows::read(text, separator, most + HEADS)?;
        let (head, columns, unsure) = columns::plan(&rows, meanings);
        Ok(Self::of(separator, rows, head, columns, unsure))
    }

    /// Reads a table once more, as somebody says that it is laid out.
    pub fn read_as(text: &str, layout: &Layout, most: usize) -> Result<Self, String> {
        against_text(text)?;
        let (_, text) = directive(text);
        let rows = rows::read(text, layout.separator, most + HEADS)?;
        let head = layout
            .head
            .and_then(|line| rows.iter().take(HEADS).position(|row| row.line == line));
        let width = columns::width(&rows);
        let columns = layout
            .columns
            .iter()
            .map(|column| column.filter(|at| *at < width))
            .collect();
        Ok(Self::of(layout.separator, rows, head, columns, Vec::new()))
    }

    fn of(
        separator: char,
        mut rows: Vec<Row>,
        head: Option<usize>,
        picked: Vec<Option<usize>>,
        unsure: Vec<(usize, Vec<usize>)>,
    ) -> Self {
        let short = |text: &str| -> String { text.chars().take(SAID).collect() };
        let heads = rows
            .iter()
            .take(HEADS)
            .map(|row| {
                let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).take(8).collect();
                (row.line, short(&cells.join(", ")))
            })
            .collect();
        let width = columns::width(&rows);
        let last = rows.last().map_or(0, |row| row.line);
        let data = rows.split_off(head.map_or(0, |at| at + 1).min(rows.len()));
        let head_row = head.and_then(|at| rows.get(at));
        let columns = (0..width)
            .map(|at| Column {
                name: short(head_row.map_or("", |row| row.cell(at))),
                sample: data
                    .iter()
                    .take(LOOKED_AT)
                    .map(|row| row.cell(at))
                    .find(|cell| !cell.is_empty())
                    .map(short)
                    .unwrap_or_default(),
            })
            .collect();
        Self {
            found: Found {
                layout: Layout {
                    separator,
                    head: head_row.map(|row| row.line),
                    columns: picked,
                },
                columns,
                heads,
                unsure,
                aside: head.unwrap_or(0),
                last,
            },
            rows: data,
        }
    }

    /// The cell of a row that has a meaning; "" when no column was taken for it.
    pub fn cell<'a>(&self, row: &'a Row, meaning: usize) -> &'a str {
        let column = self.found.layout.columns.get(meaning).copied().flatten();
        column.map_or("", |at| row.cell(at))
    }
}

/// Spreadsheet programs take a first line such as `sep=;` for what stands between cells. It stays a line that counts.
fn directive(text: &str) -> (Option<char>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let said = text
        .split(['\r', '\n'])
        .next()
        .and_then(|line| line.trim().trim_matches('"').strip_prefix("sep="))
        .and_then(|rest| {
            let mut chars = rest.chars();
            chars.next().filter(|c| c.is_ascii() && chars.next().is_none())
        });
    (said, text)
}

/// The separator with which a table means the most, then the one with which its rows are alike.
fn separator_of<'a>(text: &'a str, meanings: &[Meaning]) -> (char, &'a str) {
    let (said, text) = directive(text);
    if let Some(said) = said {
        return (said, text);
    }
    let best = rows::SEPARATORS
        .into_iter()
        .filter(|separator| text.contains(*separator))
        .map(|separator| (fit(text, separator, meanings), separator))
        // Of equals the first.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    (best.map_or(',', |(_, separator)| separator), text)
}

/// How well a separator fits: how many meanings have a column, how many of a thousand rows are alike, and how many
/// columns there are.
fn fit(text: &str, separator: char, meanings: &[Meaning]) -> (usize, usize, usize) {
    let (rows, sound) = rows::first(text, separator, LOOKED_AT);
    if !sound {
        return (0, 0, 0);
    }
    let (_, columns, unsure) = columns::plan(&rows, meanings);
    let mut widths: Vec<usize> = rows.iter().map(Row::len).collect();
    widths.sort_unstable();
    let alike = widths
        .chunk_by(|a, b| a == b)
        .filter(|group| group.first().is_some_and(|width| *width > 1))
        .max_by_key(|group| group.len())
        .unwrap_or_default();
    (
        columns.iter().flatten().count() + unsure.len(),
        alike.len() * 1_000 / rows.len().max(1),
        alike.first().copied().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests;
