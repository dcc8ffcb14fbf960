//! The card that says how a table was read, and lets it be read otherwise. Every review of a file shows it.

use super::form_state::{Choice, FormState};
use crate::kernel::table::{Found, Layout, Meaning};

/// The field under which every choice of a column is sent: `email:2` is the second column.
const FIELD: &str = "column";
/// The field with the line of the heading.
const HEAD: &str = "head";

/// A choice of the card.
pub struct SheetField {
    pub name: &'static str,
    pub prefix: String,
    pub label: String,
    pub blank: &'static str,
    pub optional: bool,
    pub choices: Vec<Choice>,
    pub form: FormState,
}

/// How a table was read.
pub struct SheetCard {
    /// Where the choices are sent.
    pub path: String,
    pub version: i64,
    /// Which meaning was taken from which column.
    pub taken: Vec<(String, String)>,
    /// Where the heading stands, and what stands between cells.
    pub says: String,
    /// Columns that say nothing here.
    pub unused: Vec<String>,
    pub fields: Vec<SheetField>,
    /// A column has to be chosen before anything else.
    pub asks: bool,
    /// What was done by hand is lost when the table is read anew.
    pub caution: &'static str,
}

impl SheetCard {
    /// Of a table that was read for these meanings.
    pub fn of(found: &Found, meanings: &[Meaning], path: &str, version: i64) -> Self {
        let missing = found.missing(meanings);
        let columns: Vec<(usize, String)> = found
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let sample = match column.sample.as_str() {
                    "" => String::new(),
                    sample => format!(" ({sample})"),
                };
                (at + 1, format!("{}: {}{sample}", at + 1, found.called(at)))
            })
            .collect();
        let mut fields = vec![head_field(found)];
        let mut taken = Vec::new();
        for (at, meaning) in meanings.iter().enumerate() {
            let column = found.layout.columns.get(at).copied().flatten();
            if let Some(column) = column {
                taken.push((capital(meaning.label), found.called(column)));
            }
            let mut form = FormState::new().with_value(FIELD, value(meaning, column.map(|at| at + 1)));
            if missing.contains(&at) {
                form.refuse(FIELD, found.says(at, meaning));
            }
            let none = (!meaning.needed).then(|| Choice::new(value(meaning, None), "No column"));
            fields.push(SheetField {
                name: FIELD,
                prefix: format!("{}-", meaning.key.replace('_', "-")),
                label: capital(meaning.label),
                blank: if meaning.needed { "Choose a column" } else { "" },
                optional: !meaning.needed,
                choices: none
                    .into_iter()
                    .chain(
                        columns
                            .iter()
                            .map(|(place, says)| Choice::new(value(meaning, Some(*place)), says)),
                    )
                    .collect(),
                form,
            });
        }
        // What is asked for comes first.
        fields.sort_by_key(|field| field.form.problem(FIELD).is_none());
        let mut unused: Vec<String> = found
            .unused()
            .into_iter()
            .take(40)
            .map(|(at, _)| found.called(at))
            .collect();
        let more = found.unused().len() - unused.len();
        if more > 0 {
            unused.push(format!("{more} more"));
        }
        Self {
            path: path.to_owned(),
            version,
            taken,
            says: says(found),
            unused,
            fields,
            asks: !missing.is_empty(),
            caution: "",
        }
    }
}

fn says(found: &Found) -> String {
    let between = match found.layout.separator {
        ',' => "commas".to_owned(),
        ';' => "semicolons".to_owned(),
        '\t' => "tabs".to_owned(),
        other => format!("\u{201c}{other}\u{201d}"),
    };
    let head = match (found.layout.head, found.aside) {
        (None, _) => "It has no heading".to_owned(),
        (Some(line), 0) => format!("Its heading stands in line {line}"),
        (Some(line), 1) => format!("Its heading stands in line {line}; a line above it was left aside"),
        (Some(line), aside) => {
            format!("Its heading stands in line {line}; {aside} lines above it were left aside")
        }
    };
    if found.columns.len() > 1 {
        format!("{head}. Its cells are parted by {between}.")
    } else {
        format!("{head}.")
    }
}

fn head_field(found: &Found) -> SheetField {
    let chosen = found.layout.head.map(|line| line.to_string()).unwrap_or_default();
    let mut choices = vec![Choice::new("", "No heading")];
    choices.extend(
        found
            .heads
            .iter()
            .map(|(line, says)| Choice::new(line.to_string(), format!("Line {line}: {says}"))),
    );
    SheetField {
        name: HEAD,
        prefix: String::new(),
        label: "Heading".to_owned(),
        blank: "",
        optional: false,
        choices,
        form: FormState::new().with_value(HEAD, chosen),
    }
}

fn value(meaning: &Meaning, place: Option<usize>) -> String {
    format!(
        "{}:{}",
        meaning.key,
        place.map(|n| n.to_string()).unwrap_or_default()
    )
}

fn capital(label: &str) -> String {
    let mut chars = label.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// The layout that was chosen on the card.
pub fn chosen(found: &Found, meanings: &[Meaning], columns: &[String], head: &str) -> Layout {
    let of = |meaning: &Meaning| {
        columns
            .iter()
            .filter_map(|sent| sent.split_once(':'))
            .find(|(key, _)| *key == meaning.key)
            .and_then(|(_, place)| place.parse::<usize>().ok()?.checked_sub(1))
    };
    Layout {
        separator: found.layout.separator,
        head: head.parse().ok(),
        columns: meanings.iter().map(of).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table::Table;

    const MEANINGS: [Meaning; 2] = [
        Meaning {
            needed: true,
            ..Meaning::headed("sku", "SKU", &["sku"])
        },
        Meaning::headed("term_months", "term in months", &["term"]),
    ];

    #[test]
    fn the_card_says_what_was_taken_and_what_was_not() {
        let table = Table::read("Title\nsku,note,term\nA,x,3\n", &MEANINGS, 10).unwrap();
        let card = SheetCard::of(&table.found, &MEANINGS, "/x", 1);
        assert_eq!(card.taken[1], ("Term in months".to_owned(), "term".to_owned()));
        assert_eq!((card.unused, card.asks), (vec!["note".to_owned()], false));
        assert!(
            card.says.contains("line 2") && card.says.contains("commas"),
            "{}",
            card.says
        );
        // What the card shows as chosen is what it would send.
        let sent: Vec<String> = card.fields[1..]
            .iter()
            .map(|field| field.form.value(FIELD).to_owned())
            .collect();
        assert_eq!(sent, ["sku:1", "term_months:3"]);
        assert_eq!(chosen(&table.found, &MEANINGS, &sent, "2"), table.found.layout);
    }

    #[test]
    fn a_column_that_is_missing_is_asked_for() {
        let table = Table::read("sku,sku\nA,B\n", &MEANINGS, 10).unwrap();
        let card = SheetCard::of(&table.found, &MEANINGS, "/x", 1);
        assert!(card.asks && card.fields[0].form.problem(FIELD).is_some());
        assert!(card.unused.is_empty());
        let none = chosen(
            &table.found,
            &MEANINGS,
            &["sku:0".to_owned(), "other:1".to_owned()],
            "x",
        );
        assert_eq!((none.columns, none.head), (vec![None, None], None));
    }
}
