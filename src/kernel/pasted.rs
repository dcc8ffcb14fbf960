//! What people paste: texts that were copied from a page, a letter or a terminal, with what came along on the way.
//!
//! [`code`] makes a code, a token or a number ready for comparing, [`line()`] what may hold spaces, and [`Sought`] what was
//! typed into a search box.

use super::folded::search_key;

/// True for characters of which nobody sees anything: Default_Ignorable_Code_Point of Unicode.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A hyphen, whatever a word processor made of it.
fn plain_hyphen(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        other => other,
    }
}

/// What stands around a copied text and is no part of it. Never a letter, a digit or a sign of base64.
fn is_around(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_unseen(c)
        || matches!(
            c,
            '#' | '"'
                | '\''
                | '`'
                | '\u{b4}'
                | '<'
                | '>'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | ','
                | ';'
                | ':'
                | '.'
                | '!'
                | '?'
                | '|'
                | '\u{ab}'
                | '\u{bb}'
                | '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{2022}' | '\u{2039}' | '\u{203a}'
        )
}

/// A code, a token or a number of which no character is a space: without what came along with it. Line ends and the
/// marks of a quoted mail are taken out of its middle; quotes, brackets and full stops from its ends. Case stays: who
/// knows that an alphabet has one case folds it.
pub fn code(typed: &str) -> String {
    let lines = typed.lines().map(|line| {
        line.trim_start_matches(|c: char| c.is_whitespace() || is_unseen(c) || c == '>' || c == '|')
    });
    let joined: String = lines
        .flat_map(str::chars)
        .map(|c| match c {
            // The wide forms of ASCII.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => plain_hyphen(other),
        })
        .filter(|c| !c.is_whitespace() && !c.is_control() && !is_unseen(*c))
        .collect();
    joined.trim_matches(is_around).to_owned()
}

/// A line that names something, such as a domain: as [`code`], but what stands between its words stays.
pub fn line(typed: &str) -> String {
    let seen: String = typed
        .trim_matches(is_around)
        .chars()
        .filter(|c| !is_unseen(*c))
        .map(plain_hyphen)
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words that stand in front of an identifier on a page.
const LABELS: &[&str] = &[
    "account",
    "assignment",
    "code",
    "customer",
    "device",
    "domain",
    "e-mail",
    "email",
    "group",
    "host",
    "hostname",
    "id",
    "identifier",
    "license",
    "lookup",
    "manager",
    "name",
    "no",
    "number",
    "order",
    "pid",
    "po",
    "product",
    "purchase",
    "reference",
    "request",
    "s/n",
    "serial",
    "sku",
    "smart",
    "sn",
    "tag",
    "token",
    "udi",
    "user",
    "virtual",
];
/// No search key holds a control.
const NOWHERE: &str = "\u{1}";
/// So many alternatives are looked for at most.
const MOST: usize = 24;

/// What was typed into a search box, made ready: alternatives, each of some words. A thing is found when all the words
/// of one of the alternatives stand in what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    alternatives: Vec<Vec<String>>,
}

impl Sought {
    /// Reads what was typed or pasted: words; a list of serial numbers; a UDI as a device prints it; a value with its
    /// label; a name with an address in angle brackets.
    pub fn parse(typed: &str) -> Self {
        let mut sought = Self::default();
        if typed.trim().is_empty() {
            return sought;
        }
        let plain: String = typed.chars().map(plain_hyphen).collect();
        let all = words(&plain);
        let udis = udis(&all);
        if udis.is_empty() {
            sought.add_words(words(typed));
            sought.add_words(all);
            for piece in pieces(&plain) {
                sought.add_words(piece);
            }
        } else {
            for udi in udis {
                sought.add(udi);
            }
        }
        if sought.alternatives.is_empty() {
            // Nothing but marks: looked for as it is, since no words would mean everything.
            let key = search_key(typed);
            sought.add(vec![if key.is_empty() { NOWHERE.to_owned() } else { key }]);
        }
        sought
    }

    /// The words as they stand, one after the other; and, unless one of them is so short that it stands anywhere, each
    /// wherever it stands.
    fn add_words(&mut self, words: Vec<String>) {
        self.add(vec![words.join(" ")]);
        if words.iter().all(|word| word.chars().count() >= 3) {
            self.add(words);
        }
    }

    fn add(&mut self, words: Vec<String>) {
        if words.iter().any(|word| !word.is_empty())
            && self.alternatives.len() < MOST
            && !self.alternatives.contains(&words)
        {
            self.alternatives.push(words);
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// The alternatives, each with its words as search keys.
    pub fn alternatives(&self) -> &[Vec<String>] {
        &self.alternatives
    }

    /// Whether a thing with this search key is found; everything is, when nothing is looked for.
    pub fn fits(&self, key: &str) -> bool {
        self.is_empty()
            || self
                .alternatives
                .iter()
                .any(|words| words.iter().all(|word| key.contains(word.as_str())))
    }
}

/// The words of a text, each without what stands around it, folded as search keys are.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '|'))
        .flat_map(|word| {
            // "SN:FOC9001" is a label and a value, "SN:" a label; a value may hold colons itself.
            match word.split_once(':') {
                Some((label, value)) if !value.is_empty() && is_label(label) => {
                    vec![format!("{label}:"), value.to_owned()]
                }
                _ => vec![word.to_owned()],
            }
        })
        .filter_map(|word| {
            let is_label = word.ends_with(':');
            let seen: String = word.chars().filter(|c| !is_unseen(*c)).collect();
            let mut key = search_key(seen.trim_matches(is_around));
            if is_label && !key.is_empty() {
                key.push(':');
            }
            (!key.is_empty()).then_some(key)
        })
        .collect()
}

fn is_label(word: &str) -> bool {
    let word = search_key(word.trim_matches(is_around));
    LABELS.contains(&word.as_str()) || word == "vid" || word == "mailto"
}

/// What a device prints of itself: `PID: C9200-48P-E , VID: V02 , SN: FOC9001`, perhaps several times. Each becomes the
/// words of its product id and its serial number.
fn udis(words: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut product: Option<String> = None;
    for pair in words.windows(2) {
        match (pair.first().map(String::as_str), pair.get(1)) {
            (Some("pid:"), Some(value)) if !value.ends_with(':') => product = Some(value.clone()),
            (Some("sn:" | "s/n:"), Some(value)) if !value.ends_with(':') => {
                found.push(product.take().into_iter().chain([value.clone()]).collect());
            }
            _ => {}
        }
    }
    found.extend(product.map(|product| vec![product]));
    found
}

/// Several things, one after the other, each with its words; or one thing without its label. Serial numbers may be
/// listed with commas or spaces, names with line ends, semicolons or tabs.
fn pieces(text: &str) -> Vec<Vec<String>> {
    let cut = |marks: &[char]| -> Vec<Vec<String>> {
        text.split(marks)
            .map(|piece| without_labels(&words(piece)))
            .filter(|piece| !piece.is_empty())
            .collect()
    };
    let each_word = |pieces: &[Vec<String>]| -> Vec<Vec<String>> {
        let alone: Vec<String> = pieces.iter().flatten().cloned().collect();
        let is_list = alone.iter().all(|word| is_identifier(word)) && are_alike(&alone);
        if is_list {
            alone.into_iter().map(|word| vec![word]).collect()
        } else {
            Vec::new()
        }
    };
    let mut found = cut(&[';', '\n', '\r', '\t', '|']);
    found.extend(each_word(&found));
    let listed = cut(&[',', ';', '\n', '\r', '\t', '|']);
    // "Lindqvist, Ada" is one person.
    if listed
        .iter()
        .all(|piece| piece.len() > 1 || piece.iter().any(|word| word.contains('@')))
    {
        found.extend(listed);
    }
    found
}

/// Only what has no label in front of it, or is none itself.
fn without_labels(words: &[String]) -> Vec<String> {
    let has_value = |from: usize| {
        words
            .get(from..)
            .is_some_and(|rest| rest.iter().any(|word| is_identifier(word)))
    };
    match words.iter().rposition(|word| word.ends_with(':')) {
        Some(at) => words.get(at + 1..).unwrap_or_default().to_vec(),
        None => words
            .iter()
            .enumerate()
            .skip_while(|(at, word)| LABELS.contains(&word.as_str()) && has_value(at + 1))
            .map(|(_, word)| word.clone())
            .collect(),
    }
}

/// Numbers and codes hold a digit.
fn is_identifier(word: &str) -> bool {
    word.chars().count() >= 4 && word.chars().any(|c| c.is_ascii_digit()) && !word.ends_with(':')
}

/// A product id has hyphens and a serial number has none: side by side they are two words about one thing, and several
/// of one kind are several things.
fn are_alike(words: &[String]) -> bool {
    let hyphens = words.iter().filter(|word| word.contains('-')).count();
    hyphens == 0 || hyphens == words.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_read_however_it_was_copied() {
        for copied in [
            "AB12-cd34",
            "  AB12-cd34\n",
            "\u{a0}AB12-cd34\u{a0}",
            "\u{feff}AB12-cd34",
            "AB\u{200b}12-cd34",
            "AB12\u{2011}cd34",
            "AB12\u{2013}cd34",
            "\u{201c}AB12-cd34\u{201d}",
            "\u{ab}AB12-cd34\u{bb}",
            "'AB12-cd34'",
            "(AB12-cd34).",
            "<AB12-cd34>",
            "> AB12-\n> cd34",
            ">> AB12-\r\n>> cd34",
            "AB12-\n cd34",
            "AB12-cd\u{ad}34",
            "\u{ff21}B12-cd34",
            "AB12-cd34,",
        ] {
            assert_eq!(code(copied), "AB12-cd34", "{copied:?}");
        }
        // What may be part of a token stays.
        for kept in ["-_x+/=", "eyJ.eyJ.sig-_", "%2Bab%0A"] {
            assert_eq!(code(kept), kept);
        }
        assert_eq!(line(" \u{201c}xyz\u{2011}a.example\u{201d}. "), "xyz-a.example");
        assert_eq!(line("two  words"), "two words");
    }

    fn finds(typed: &str, key: &str) -> bool {
        Sought::parse(typed).fits(key)
    }

    #[test]
    fn what_a_page_shows_finds_the_thing() {
        let switch = "core-sw-01 c9200-48p-e foc9001 catalyst 9200";
        let other = "core-sw-02 c9200-48p-e foc9002 catalyst 9200";
        for typed in [
            "FOC9001",
            "\"FOC9001\"",
            "\u{201c}FOC9001\u{201d}",
            "FOC9001\u{a0}",
            "\u{200b}FOC9001",
            "PID:C9200-48P-E SN:FOC9001",
            "PID: C9200-48P-E , VID: V02  , SN: FOC9001",
            "UDI: PID:C9200-48P-E,SN:FOC9001",
            "PID:C9200\u{2011}48P\u{2011}E SN:FOC9001",
            "C9200-48P-E FOC9001",
            "FOC9001 C9200-48P-E",
            "SN FOC9001",
            "Serial number: FOC9001",
            "serial number FOC9001",
            "core-sw-01",
            "(core-sw-01)",
        ] {
            assert!(finds(typed, switch), "{typed:?}");
            assert!(!finds(typed, other), "{typed:?} finds another");
        }
        for both in [
            "FOC9001 FOC9002",
            "FOC9001,FOC9002",
            "FOC9001, FOC9002;",
            "FOC9001\nFOC9002\n",
            "FOC9001\tFOC9002",
            "\"FOC9001\" \"FOC9002\"",
            "core-sw-01 core-sw-02",
            "PID:C9200-48P-E SN:FOC9001\nPID:C9200-48P-E SN:FOC9002",
            "Catalyst 9200",
            "catalyst",
        ] {
            assert!(finds(both, switch) && finds(both, other), "{both:?}");
        }
        assert!(!finds("FOC9003", switch) && !finds("PID:C9300-24T SN:FOC9001", switch));

        let person = "ada lindqvist ada@xyz.example";
        for typed in [
            "Ada Lindqvist <ada@xyz.example>",
            "<ada@xyz.example>",
            "mailto:ada@xyz.example",
            "\"Lindqvist, Ada\"",
            "E-mail: ada@xyz.example",
        ] {
            assert!(finds(typed, person), "{typed:?}");
        }
        let order = "118000123 harborview clinics harborview.example po-77-1";
        for typed in [
            "Order 118000123",
            "Order Identifier: 118000123",
            "order number 118000123.",
            "Purchase order PO-77-1",
            "#118000123",
        ] {
            assert!(finds(typed, order), "{typed:?}");
        }
        assert!(!finds("\"Lindqvist, Ada\"", "ada lovelace ada.l@xyz.example"));
        assert!(finds(
            "Ada Lindqvist <ada@xyz.example>, Bob Stone <bob@xyz.example>",
            person
        ));
        assert!(finds("Order desk", "order desk of xyz") && !finds("Order desk", "reception desk of xyz"));
        assert!(finds("Site 1", "site 10") && !finds("Site 1", "site 01"));
        assert!(finds("A \u{2013} B", "a \u{2013} b") && finds("A \u{2013} B", "a - b"));
    }

    #[test]
    fn what_says_nothing_finds_nothing_and_never_all() {
        for typed in ["...", "\"\"", "<>", "\u{200b}", "\0", "PID:"] {
            assert!(!Sought::parse(typed).is_empty(), "{typed:?}");
            assert!(!finds(typed, "anything at all"), "{typed:?}");
        }
        assert!(Sought::parse("  ").is_empty() && finds("", "anything"));
    }

    proptest! {
        #[test]
        fn whatever_is_pasted_is_read_once_and_for_all(typed in "\\PC*|[\\x00-\\x7f]*") {
            let read = code(&typed);
            prop_assert_eq!(code(&read), read.clone());
            prop_assert!(!read.chars().any(|c| c.is_whitespace() || is_unseen(c)));
            let sought = Sought::parse(&typed);
            prop_assert_eq!(sought.is_empty(), typed.trim().is_empty());
            prop_assert!(sought.alternatives().len() <= MOST && sought.alternatives().iter().all(|words| !words.is_empty()));
        }

        #[test]
        fn a_shown_word_finds_its_thing_in_any_wrapping(
            word in "[A-Za-z0-9][A-Za-z0-9-]{0,20}[A-Za-z0-9]",
            before in "[ \u{a0}\u{200b}\u{feff}\"'(<\u{201c}]{0,4}",
            after in "[ \u{a0}\u{200b}\u{feff}\"')>,.;\u{201d}]{0,4}",
        ) {
            let typed = format!("{before}{word}{after}");
            let key = search_key(&word);
            prop_assert!(Sought::parse(&typed).fits(&key), "{:?}", typed);
            prop_assert_eq!(code(&typed), word);
        }
    }
}
