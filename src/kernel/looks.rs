//! Names as people see them. Two names that look the same must not name two things: who picks one from a list takes the
//! other.

use super::folded::search_key;
use super::pasted::is_unseen;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// How a name looks, by the confusables of Unicode Technical Standard 39 and without the characters that show nothing.
/// Of ASCII, only what looks the same in most typefaces is folded: `0` and `O`; `1`, `I`, `l` and `|`. Everybody can tell
/// "modern" from "modem", which the standard cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    as_written: String,
    in_one_case: String,
}

impl Look {
    /// Many names are looked at for one: those in plain letters, which most are, take the short way.
    pub fn of(name: &str) -> Self {
        if name.is_ascii() && !name.chars().any(char::is_control) {
            let one_line = in_one_line(name);
            return Self {
                as_written: one_line.chars().map(fold).collect(),
                in_one_case: one_line
                    .chars()
                    .map(|c| fold(c.to_ascii_lowercase()).to_ascii_lowercase())
                    .collect(),
            };
        }
        let seen: String = name.chars().filter(|c| !is_unseen(*c)).nfkc().collect();
        let one_line = in_one_line(&seen);
        Self {
            as_written: seen_of(&one_line),
            in_one_case: seen_of(&search_key(&one_line)).to_lowercase(),
        }
    }

    /// Whether nobody can tell the two apart.
    pub fn is_like(&self, other: &Self) -> bool {
        self.as_written == other.as_written || self.in_one_case == other.in_one_case
    }

    /// The first of these names that looks like this one.
    pub fn among<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        names.into_iter().find(|name| self.is_like(&Self::of(name)))
    }
}

/// With one space where there is any.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// What is seen of a text, character by character.
fn seen_of(text: &str) -> String {
    /// By what the standard makes of it, the ASCII character that it stands for.
    static STANDS_FOR: LazyLock<HashMap<String, char>> = LazyLock::new(|| {
        ('a'..='z')
            .chain('A'..='Z')
            .chain('0'..='9')
            .map(|c| (skeleton(c.encode_utf8(&mut [0; 4])).collect(), fold(c)))
            .collect()
    });
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            seen.push(fold(c));
            continue;
        }
        let shape: String = skeleton(c.encode_utf8(&mut [0; 4])).collect();
        match STANDS_FOR.get(&shape) {
            Some(ascii) => seen.push(*ascii),
            None => seen.push_str(&shape),
        }
    }
    seen
}

fn fold(c: char) -> char {
    match c {
        '0' => 'O',
        '1' | 'I' | '|' => 'l',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alike(a: &str, b: &str) -> bool {
        Look::of(a).is_like(&Look::of(b))
    }

    #[test]
    fn names_that_nobody_can_tell_apart_are_alike() {
        for (a, b) in [
            ("XYZ COMPANY", "XYZ\u{ad} COMPANY"),
            ("XYZ COMPANY", "XYZ\u{200b} COMPANY"),
            ("XYZ COMPANY", "XYZ\u{a0}COMPANY"),
            ("XYZ COMPANY", "xyz  company"),
            ("XYZ COMPANY", "\u{425}YZ COMPANY"),
            ("XYZ COMPANY", "XYZ C\u{41e}MPANY"),
            ("XYZ Company", "XYZ C\u{43e}mp\u{430}ny"),
            ("XYZ COMPANY", "XYZ C0MPANY"),
            ("XYZ Inc", "XYZ lnc"),
            ("Plant 1", "Plant l"),
            ("Plant I", "Plant 1"),
            ("Site A\u{2010}B", "Site A-B"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("Harborview\u{2028}", "Harborview"),
        ] {
            assert!(alike(a, b), "{a:?} and {b:?}");
        }
        for (a, b) in [
            ("modern", "modem"),
            ("Mail", "Mall"),
            ("MAIL", "Mall"),
            ("Plant 1", "Plant 2"),
            ("Plant", "Plants"),
            ("cafe", "caf\u{e9}"),
            ("XYZ", "XY Z"),
            (
                "\u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430}",
                "\u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{44b}",
            ),
        ] {
            assert!(!alike(a, b), "{a:?} and {b:?}");
        }
        assert_eq!(
            Look::of("P\u{430}ris").among(["London", "PARIS", "Paris"]),
            Some("PARIS")
        );
    }

    proptest! {
        #[test]
        fn a_name_looks_like_itself_in_any_case_and_with_what_nobody_sees(name in "\\PC{1,30}", plain in "[A-Za-z0-9| ]{1,20}", at in 0_usize..30) {
            prop_assert!(alike(&name, &name));
            let mut with: Vec<char> = name.chars().collect();
            with.insert(at.min(with.len()), '\u{2060}');
            // A mark must not part a letter from its accent: only what stays one sequence is compared.
            let joined: String = with.into_iter().collect();
            prop_assert!(alike(&joined, &name));
            prop_assert!(alike(&plain.to_uppercase(), &plain) && alike(&plain.to_lowercase(), &plain));
            // The short way says what the long one does.
            prop_assert_eq!(Look::of(&format!("{plain}\u{2060}")), Look::of(&plain));
        }
    }
}
