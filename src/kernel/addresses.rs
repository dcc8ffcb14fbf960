//! Addresses as people paste them: from a mail client, a directory, a spreadsheet or a page.

use super::EmailAddress;
use super::text::is_hostile;

/// No address is longer; more of a text would only make a page heavy.
pub const LONGEST: usize = 320;

/// Cuts a text into addresses. Names around them are left out: before brackets, in quotes, family name first with
/// a comma, in the other cells of a row. What holds no address is a piece of its own, so that nothing is lost.
pub fn recipients(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.split(['\n', '\r']) {
        let mut names: Vec<&str> = Vec::new();
        for (piece, end) in pieces(line) {
            let addresses = addresses_of(piece);
            match addresses {
                Piece::Empty => {}
                Piece::Name => names.push(piece.trim()),
                Piece::Named(address) => {
                    names.clear();
                    found.push(cut(address));
                }
                Piece::Bare(list) => {
                    found.extend(names.drain(..).map(cut));
                    found.extend(list.into_iter().map(cut));
                }
            }
            // A name goes with the address that follows it, as far as a comma parts them.
            if end == End::Strong {
                found.extend(names.drain(..).map(cut));
            }
        }
        found.extend(names.drain(..).map(cut));
    }
    found
}

/// The one address that a text is, be there a name with it; nothing if it is none, or more than one.
pub fn one_address(text: &str) -> Option<EmailAddress> {
    if !text.contains('@') || text.len() > 4 * LONGEST {
        return None;
    }
    match recipients(text).as_slice() {
        [one] => EmailAddress::parse(one).ok(),
        _ => None,
    }
}

/// What stands in a place for one address: the address alone, be there a name with it, or what was typed when it is
/// none. More than one is refused, so that nobody is taken for part of a name.
pub fn one_of(typed: &str) -> Result<String, String> {
    let mut found = recipients(typed);
    let addresses = found.iter().filter(|one| one.contains('@')).count();
    if addresses > 1 {
        return Err(format!(
            "There are {addresses} addresses in one place. Enter each on its own."
        ));
    }
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Ok(cut(typed)),
    }
}

/// What parts a piece from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// A comma, which may also stand within a name.
    Weak,
    /// A semicolon, or the end of the line.
    Strong,
}

/// What a piece holds.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Empty,
    /// No address.
    Name,
    /// An address in brackets, or one behind the cells of a row: what stands before it is its name.
    Named(&'a str),
    /// Addresses, with spaces between them; or what looks like one and is none.
    Bare(Vec<&'a str>),
}

/// The pieces of a line, between its commas and semicolons. Those in quotes and in brackets that are closed in the
/// same line part nothing.
fn pieces(line: &str) -> Vec<(&str, End)> {
    let last = |mark: char| line.rfind(mark);
    let closers = [
        ('"', '"'),
        ('<', '>'),
        ('(', ')'),
        ('[', ']'),
        ('\u{201c}', '\u{201d}'),
    ]
    .map(|(open, close)| (open, close, last(close)));
    let (mut pieces, mut start, mut until) = (Vec::new(), 0, None);
    for (at, c) in line.char_indices() {
        if let Some(close) = until {
            if c == close {
                until = None;
            }
            continue;
        }
        let end = match c {
            ',' | '\u{ff0c}' | '\u{3001}' => End::Weak,
            ';' | '\u{ff1b}' => End::Strong,
            _ => {
                until = closers
                    .iter()
                    .find(|(open, _, last)| *open == c && last.is_some_and(|last| last > at))
                    .map(|(_, close, _)| *close);
                continue;
            }
        };
        pieces.push((line.get(start..at).unwrap_or_default(), end));
        start = at + c.len_utf8();
    }
    pieces.push((line.get(start..).unwrap_or_default(), End::Strong));
    pieces
}

fn addresses_of(piece: &str) -> Piece<'_> {
    let bare = bared(piece);
    if bare.is_empty() {
        return Piece::Empty;
    }
    if !bare.contains('@') {
        return Piece::Name;
    }
    if let Some(address) = bracketed(bare) {
        return Piece::Named(address);
    }
    if bare.contains('\t') {
        // A row of a table: its other cells say more of the same person.
        let mut cells = bare.split('\t').map(unmarked).filter(|cell| cell.contains('@'));
        if let (Some(address), None) = (cells.next(), cells.next()) {
            return Piece::Named(address);
        }
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    let addresses: Vec<&str> = words
        .iter()
        .filter(|word| word.contains('@'))
        .map(|word| unmarked(word))
        .collect();
    if addresses.len() == words.len() || addresses.iter().all(|one| EmailAddress::parse(one).is_ok()) {
        Piece::Bare(addresses)
    } else {
        Piece::Bare(vec![bare])
    }
}

/// What stands in the last brackets that hold an address.
fn bracketed(piece: &str) -> Option<&str> {
    [('<', '>'), ('[', ']'), ('(', ')')]
        .into_iter()
        .find_map(|(open, close)| {
            let (before, _) = piece.rsplit_once(close)?;
            let (_, inner) = before.rsplit_once(open)?;
            let inner = unmarked(inner);
            // With more than one address in them they are no brackets around one.
            (inner.contains('@') && inner.split_whitespace().count() == 1).then_some(inner)
        })
}

/// Without spaces, quotes and invisible marks around it.
fn bared(text: &str) -> &str {
    let text = text.trim_matches(|c: char| c.is_whitespace() || is_hostile(c));
    for (open, close) in [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}')] {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner {
            return inner.trim();
        }
    }
    text
}

/// Without what programs write around an address: `SMTP:`, `mailto:` with its question, and the marks of a list.
fn unmarked(word: &str) -> &str {
    let mut word = bared(word).trim_matches(|c: char| "<>()[]\u{2022},;".contains(c));
    for scheme in ["mailto:", "smtp:"] {
        let cut = word
            .get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
        if cut {
            word = word.get(scheme.len()..).unwrap_or_default();
            word = word.split_once('?').map_or(word, |(address, _)| address);
        }
    }
    word
}

fn cut(piece: &str) -> String {
    bared(piece).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_cut_at_commas_lines_and_brackets() {
        assert_eq!(
            recipients(
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
        assert!(recipients(" ,\n;").is_empty());
    }

    #[test]
    fn lists_are_read_as_people_paste_them() {
        let pasted = include_str!("../../tests/fixtures/tables/users-pasted-lists.txt");
        let who = ["grace", "hal", "ida", "jo", "kim", "lou", "mia", "noe"];
        assert_eq!(recipients(pasted), who.map(|name| format!("{name}@xyz.example")));
        for (typed, read) in [
            ("Grace Example grace@xyz.example", vec!["grace@xyz.example"]),
            (
                "To: Grace Example <grace@xyz.example>, Hal <hal@xyz.example>",
                vec!["grace@xyz.example", "hal@xyz.example"],
            ),
            (
                "Example, Grace <grace@xyz.example>, Example, Hal <hal@xyz.example>",
                vec!["grace@xyz.example", "hal@xyz.example"],
            ),
            (
                "Noe (Sales, North) <noe@xyz.example>; noe@xyz.example (Sales, North)",
                vec!["noe@xyz.example", "noe@xyz.example"],
            ),
            (
                "'grace@xyz.example' <grace@xyz.example>",
                vec!["grace@xyz.example"],
            ),
            (
                "\u{201c}Example, Grace\u{201d} <grace@xyz.example>",
                vec!["grace@xyz.example"],
            ),
            (
                "Grace Example [mailto:grace@xyz.example]",
                vec!["grace@xyz.example"],
            ),
            (
                "<mailto:grace@xyz.example?subject=Hello>",
                vec!["grace@xyz.example"],
            ),
            ("smtp:grace@xyz.example", vec!["grace@xyz.example"]),
            (
                "\u{2022} grace@xyz.example\n1. hal@xyz.example",
                vec!["grace@xyz.example", "hal@xyz.example"],
            ),
            ("grace@xyz.example\tGrace\tIT", vec!["grace@xyz.example"]),
            ("\u{200b}grace@xyz.example\u{feff}", vec!["grace@xyz.example"]),
            (
                "grace@xyz.example\u{ff0c}hal@xyz.example\u{ff1b}",
                vec!["grace@xyz.example", "hal@xyz.example"],
            ),
            // A quote that nothing closes ends with its line.
            (
                "\"Grace <grace@xyz.example>\nhal@xyz.example",
                vec!["grace@xyz.example", "hal@xyz.example"],
            ),
            // What is no address is not lost.
            (
                "nobody; hal@xyz.example, somebody",
                vec!["nobody", "hal@xyz.example", "somebody"],
            ),
            ("nobody, hal@xyz.example", vec!["nobody", "hal@xyz.example"]),
            ("Grace <>", vec!["Grace <>"]),
            ("grace @xyz.example", vec!["grace @xyz.example"]),
        ] {
            assert_eq!(recipients(typed), read, "{typed:?}");
        }
    }

    #[test]
    fn one_address_is_one() {
        let read = |text| one_address(text).map(|email| email.as_str().to_owned());
        assert_eq!(
            read("Grace <grace@xyz.example>").as_deref(),
            Some("grace@xyz.example")
        );
        for no in [
            "",
            "Grace",
            "a@xyz.example, b@xyz.example",
            "a@xyz.example b@xyz.example",
            "a@xyz",
        ] {
            assert_eq!(read(no), None, "{no:?}");
        }
        assert_eq!(
            one_of("Example, Grace <grace@xyz.example>").unwrap(),
            "grace@xyz.example"
        );
        assert_eq!(one_of(" no, body ").unwrap(), "no, body");
        assert!(
            one_of("a@xyz.example b@xyz.example")
                .unwrap_err()
                .contains("2 addresses")
        );
    }

    proptest! {
        #[test]
        fn nothing_that_holds_an_at_sign_is_lost(text in "\\PC*|[a-c@., ;\\n\\t\"'<>()\\[\\]]*") {
            let found = recipients(&text);
            prop_assert!(found.iter().all(|one| !one.trim().is_empty() && one.chars().count() <= LONGEST));
            prop_assert!(text.len() > LONGEST || !found.is_empty() || !text.chars().any(char::is_alphanumeric));
        }

        #[test]
        fn written_with_names_they_are_read_again(people in prop::collection::vec(("[a-z]{1,8}", "[A-Z][a-z ,;']{0,8}"), 1..6), way in 0..5_usize) {
            let emails: Vec<String> = people.iter().enumerate().map(|(n, (user, _))| format!("{user}{n}@xyz.example")).collect();
            let written: Vec<String> = people
                .iter()
                .zip(&emails)
                .map(|((_, name), email)| match way {
                    0 => format!("\"{name}\" <{email}>; "),
                    1 => format!("{} <{email}>, ", name.replace(';', "")),
                    2 => format!("{}\t{email}\n", name.replace([';', ','], "")),
                    3 => format!("SMTP:{email}\r\n"),
                    _ => format!("{email}, "),
                })
                .collect();
            prop_assert_eq!(recipients(&written.concat()), emails);
        }
    }
}
