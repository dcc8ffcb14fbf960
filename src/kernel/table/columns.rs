//! Which column means what: by what its heading says, and by what stands in it.

use super::rows::Row;
use super::{HEADS, LOOKED_AT};
use crate::kernel::search_key;
use std::cmp::Reverse;

/// Something that a column of a table may hold.
pub struct Meaning {
    /// What forms and the API call it.
    pub key: &'static str,
    /// What pages call it.
    pub label: &'static str,
    /// What its heading may say, as [`heading_key`] has it; the best first.
    pub names: &'static [&'static str],
    /// Headings that say nothing for certain: they count where the cells look right.
    pub loose: &'static [&'static str],
    /// Words of a heading that speak of something else of the same kind.
    pub other: &'static [&'static str],
    /// Whether a cell looks like it.
    pub looks: Option<fn(&str) -> bool>,
    /// Whether its cells alone may tell.
    pub guess: Guess,
    /// Whether nothing can be done without it.
    pub needed: bool,
}

impl Meaning {
    /// One that the heading alone tells, and that may be missing.
    pub const fn headed(key: &'static str, label: &'static str, names: &'static [&'static str]) -> Self {
        Self {
            key,
            label,
            names,
            loose: &[],
            other: &[],
            looks: None,
            guess: Guess::Never,
            needed: false,
        }
    }
}

/// Whether a column may be taken for what its cells look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// The heading alone tells.
    Never,
    /// Where no heading tells.
    Unnamed,
    /// Cells tell more than the heading.
    Cells,
}

/// A heading for comparing: its words, without marks, in lower case. What is written short is written out.
pub fn heading_key(heading: &str) -> String {
    let mut spaced = String::with_capacity(heading.len() + 8);
    let mut before = ' ';
    for c in heading.chars() {
        // orderDate is two words.
        if before.is_lowercase() && c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    let folded = search_key(&spaced);
    let mut words: Vec<&str> = Vec::new();
    for word in folded.split(' ') {
        match word {
            "" | "required" | "optional" | "mandatory" => {}
            "mail" if words.last() == Some(&"e") => {
                words.pop();
                words.push("email");
            }
            "mails" if words.last() == Some(&"e") => {
                words.pop();
                words.push("emails");
            }
            "dt" => words.push("date"),
            "qty" => words.push("quantity"),
            "cust" => words.push("customer"),
            "no" | "nr" | "num" => words.push("number"),
            word => words.push(word),
        }
    }
    words.join(" ")
}

impl Meaning {
    /// How well a heading names it: by a name of its own, by a loose one or by a word among others, or not at all.
    fn named(&self, key: &str) -> Named {
        if let Some(at) = self.names.iter().position(|name| *name == key) {
            return Named::Firmly(1_000 - at.min(999));
        }
        let words = || key.split(' ');
        let other = words().any(|word| self.other.contains(&word));
        let holds = |name: &&&str| format!(" {key} ").contains(&format!(" {name} "));
        if self.loose.contains(&key) {
            Named::Loosely(200)
        } else if self.names.iter().any(|name| holds(&name)) {
            let extra = words().count().min(50);
            Named::Loosely(if other { 60 - extra } else { 160 - extra })
        } else {
            Named::Not
        }
    }
    fn is_like(&self, cell: &str) -> bool {
        self.looks.is_some_and(|looks| looks(cell))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Firmly(usize),
    Loosely(usize),
    Not,
}

/// How many columns the widest row has.
pub fn width(rows: &[Row]) -> usize {
    rows.iter().map(Row::len).max().unwrap_or_default()
}

type Plan = (Option<usize>, Vec<Option<usize>>, Vec<(usize, Vec<usize>)>);

/// The row of the heading, the column of each meaning, and the meanings for which several columns stand.
pub fn plan(rows: &[Row], meanings: &[Meaning]) -> Plan {
    let head = head_of(rows, meanings);
    let data = rows.get(head.map_or(0, |at| at + 1)..).unwrap_or_default();
    let data = data.get(..LOOKED_AT.min(data.len())).unwrap_or_default();
    let head_row = head.and_then(|at| rows.get(at));
    let width = width(rows).min(super::MOST_COLUMNS);
    let keys: Vec<String> = (0..width)
        .map(|at| head_row.map(|row| heading_key(row.cell(at))).unwrap_or_default())
        .collect();
    let mut claims: Vec<Claim> = (0..)
        .zip(meanings)
        .flat_map(|(at, meaning)| claims_of(at, meaning, &keys, data))
        .collect();
    claims.sort_by_key(|claim| (Reverse((claim.rank, claim.score)), claim.column));
    let mut columns: Vec<Option<usize>> = vec![None; meanings.len()];
    let mut unsure: Vec<(usize, Vec<usize>)> = Vec::new();
    for claim in &claims {
        let settled = unsure.iter().any(|(meaning, _)| *meaning == claim.meaning);
        let taken = columns.contains(&Some(claim.column));
        let has_one = columns.get(claim.meaning).is_some_and(Option::is_some);
        if has_one || settled || taken {
            continue;
        }
        // Others that say as much of themselves, and say something else in their cells.
        let by_cells = meanings
            .get(claim.meaning)
            .is_some_and(|one| one.guess == Guess::Cells);
        let rivals: Vec<usize> = claims
            .iter()
            .filter(|other| (other.meaning, other.rank) == (claim.meaning, claim.rank))
            .filter(|other| !columns.contains(&Some(other.column)))
            .filter(|other| match claim.rank {
                GUESSED => !by_cells || other.score == claim.score,
                _ => keys.get(other.column) == keys.get(claim.column),
            })
            .map(|other| other.column)
            .collect();
        let differ = |other: &usize| data.iter().any(|row| row.cell(*other) != row.cell(claim.column));
        if rivals.iter().any(differ) {
            unsure.push((claim.meaning, rivals));
        } else if let Some(column) = columns.get_mut(claim.meaning) {
            *column = Some(claim.column);
        }
    }
    (head, columns, unsure)
}

/// A column that may hold a meaning.
struct Claim {
    meaning: usize,
    column: usize,
    /// On what ground, the higher the better.
    rank: u8,
    score: usize,
}

const NAMED: u8 = 4;
const NAMED_AND_ALIKE: u8 = 3;
const GUESSED: u8 = 2;
const NAMED_IN_VAIN: u8 = 1;

fn claims_of(at: usize, meaning: &Meaning, keys: &[String], data: &[Row]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (column, key) in keys.iter().enumerate() {
        let named = meaning.named(key);
        // Of a thousand cells that say anything, so many look right.
        let alike = match (meaning.looks, named) {
            (None, _) => 0,
            (Some(_), Named::Not) if meaning.guess == Guess::Never => 0,
            (Some(looks), _) => {
                let cells = data
                    .iter()
                    .map(|row| row.cell(column))
                    .filter(|cell| !cell.is_empty());
                let (all, right) = cells.fold((0, 0), |(all, right), cell| {
                    (all + 1, right + usize::from(looks(cell)))
                });
                right * 1_000 / std::cmp::max(all, 1)
            }
        };
        let (rank, score) = match named {
            Named::Firmly(score) if alike > 0 || meaning.guess != Guess::Cells => (NAMED, score),
            Named::Firmly(score) => (NAMED_IN_VAIN, score),
            Named::Loosely(score) if alike >= 500 => (NAMED_AND_ALIKE, score),
            Named::Not | Named::Loosely(_) if alike >= 500 && meaning.guess != Guess::Never => {
                (GUESSED, alike)
            }
            Named::Not | Named::Loosely(_) => continue,
        };
        claims.push(Claim {
            meaning: at,
            column,
            rank,
            score,
        });
    }
    claims
}

/// The row of the heading: the one that names the most, else the one above the first that looks like what is meant.
fn head_of(rows: &[Row], meanings: &[Meaning]) -> Option<usize> {
    let telling: Vec<&Meaning> = meanings.iter().filter(|one| one.guess != Guess::Never).collect();
    let is_data = |row: &Row| {
        row.cells()
            .any(|cell| telling.iter().any(|meaning| meaning.is_like(cell)))
    };
    let first = rows.iter().take(LOOKED_AT).position(is_data);
    let said = |row: &Row| row.cells().filter(|cell| !cell.is_empty()).count();
    let below = first
        .or(rows.len().checked_sub(1))
        .and_then(|at| rows.get(at))
        .map_or(0, said);
    let above = rows.iter().enumerate().take(first.unwrap_or(HEADS).min(HEADS));
    let named = above
        .map(|(at, row)| (names_in(row, meanings), at))
        // A title stands alone in its row.
        .filter(|((firm, loose), at)| {
            *firm > 0 || (*loose > 0 && rows.get(*at).is_some_and(|row| said(row) * 2 >= below))
        })
        .max_by_key(|(names, at)| (*names, Reverse(*at)));
    if let Some((_, at)) = named {
        return Some(at);
    }
    let at = first?.checked_sub(1).filter(|at| *at < HEADS)?;
    let (row, below) = (rows.get(at)?, rows.get(at + 1)?);
    let in_words = |cell: &str| !cell.contains('@') && cell.chars().any(char::is_alphabetic);
    // A heading names most columns, and in words: among them the one whose cells tell.
    let names_telling = (0..below.len()).any(|column| {
        telling.iter().any(|meaning| meaning.is_like(below.cell(column)))
            && !row.cell(column).is_empty()
            && !row.cell(column).contains('.')
    });
    (said(row) > 1
        && said(row) * 2 >= said(below)
        && row.cells().filter(|cell| !cell.is_empty()).all(in_words)
        && names_telling)
        .then_some(at)
}

/// How many meanings a row names firmly, and how many loosely.
fn names_in(row: &Row, meanings: &[Meaning]) -> (usize, usize) {
    let keys: Vec<String> = row.cells().take(super::MOST_COLUMNS).map(heading_key).collect();
    let mut names = (0, 0);
    for meaning in meanings {
        let best = keys.iter().map(|key| meaning.named(key));
        let (mut firm, mut loose) = (false, false);
        for named in best {
            firm |= matches!(named, Named::Firmly(_));
            loose |= matches!(named, Named::Loosely(_));
        }
        names.0 += usize::from(firm);
        names.1 += usize::from(loose && !firm);
    }
    names
}
