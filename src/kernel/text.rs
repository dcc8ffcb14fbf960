//! Texts that people type, made safe to keep, compare and show.
//!
//! Each kind says in words what is wrong with a bad one; the sentence goes beside the field.

use super::folded::search_key;
use super::pasted::{self, is_unseen};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// True for characters that may not stand in a line of text: controls (line ends and NUL among them),
/// and the invisible marks that turn or hide what follows them.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a sign is to be shown in colours or not: says nothing, and comes with what is typed on a telephone.
fn is_presentation(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// One line of text that names something: at most 200 characters, no controls, no invisible marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// How long a name may be.
    pub const MOST: usize = 100;

    /// Checks a typed name. `what` begins the sentence of the complaint.
    pub fn parse(typed: &str, what: &str) -> Result<Self, String> {
        if typed
            .chars()
            .any(|c| is_hostile(c) || (is_unseen(c) && !is_presentation(c)))
        {
            return Err(format!(
                "{what} has a character that cannot be shown in one line. Remove it."
            ));
        }
        let text: String = typed
            .chars()
            .filter(|c| !is_presentation(*c))
            .nfc()
            .collect::<String>()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if text.is_empty() {
            return Err(format!("Enter {}.", lower_first(what)));
        }
        if text.chars().count() > Self::MOST {
            return Err(format!(
                "{what} has {} characters. Use at most {}.",
                text.chars().count(),
                Self::MOST
            ));
        }
        Ok(Self(text))
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// For comparing and searching.
    pub fn key(&self) -> String {
        search_key(&self.0)
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Several lines of free text. Line ends are kept, other controls are not accepted.
pub fn note(typed: &str, what: &str, most: usize) -> Result<String, String> {
    let text: String = typed.replace("\r\n", "\n").replace('\r', "\n").nfc().collect();
    if text.chars().any(|c| c != '\n' && c != '\t' && is_hostile(c)) {
        return Err(format!("{what} has a character that cannot be shown. Remove it."));
    }
    let text = text.trim().to_owned();
    let length = text.chars().count();
    if length > most {
        return Err(format!("{what} has {length} characters. Use at most {most}."));
    }
    Ok(text)
}

fn lower_first(what: &str) -> String {
    // "Smart Account Name" stays as it is; "A name" becomes "a name".
    let mut chars = what.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() && first == 'A' && second == ' ' => {
            format!("a{}", chars.as_str())
        }
        _ => format!("the {what}"),
    }
}

/// An e-mail address. Kept as typed, compared by its key: lower case, the domain in its ASCII form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    text: String,
    key: String,
    domain: String,
}

impl EmailAddress {
    /// Checks a typed address. Accepts ASCII in front of the `@`, so that two addresses that look alike
    /// are the same address.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let text = pasted::line(typed);
        let text = text.as_str();
        let wrong = || {
            Err(format!(
                "Enter an e-mail address such as name@company.example instead of {}.",
                shown(text)
            ))
        };
        let Some((local, domain)) = text.rsplit_once('@') else {
            return wrong();
        };
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        if !local_ok || text.len() > 254 {
            return wrong();
        }
        let Ok(domain) = host(domain) else { return wrong() };
        Ok(Self {
            text: format!("{local}@{domain}"),
            key: format!("{}@{domain}", local.to_ascii_lowercase()),
            domain,
        })
    }
    /// As it is shown and written to.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// For comparing.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}
impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The domain identifier of a Smart Account: a DNS name in lower case and ASCII form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainIdentifier {
    text: String,
    registrable: String,
}

impl DomainIdentifier {
    /// Checks a typed identifier.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let typed = pasted::line(typed);
        let typed = typed.as_str();
        if typed.is_empty() {
            return Err("Enter the Account Domain Identifier.".to_owned());
        }
        let Ok(text) = host(typed) else {
            return Err(format!(
                "Enter a domain such as company.example instead of {}.",
                shown(typed)
            ));
        };
        let Some(registrable) = psl::domain_str(&text).map(str::to_owned) else {
            return Err(format!(
                "{text} is a public suffix, under which companies register domains. Enter the company's own domain."
            ));
        };
        Ok(Self { text, registrable })
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The company's domain above it, by the public suffix list: what the field calls the TLD.
    pub fn registrable(&self) -> &str {
        &self.registrable
    }
}
impl fmt::Display for DomainIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The company's domain of a host name, by the public suffix list.
pub fn registrable_domain(host: &str) -> &str {
    psl::domain_str(host).unwrap_or(host)
}

/// A host name in its one ASCII form, or nothing.
fn host(typed: &str) -> Result<String, ()> {
    let ascii = idna::domain_to_ascii_strict(typed.trim_end_matches('.')).map_err(|_| ())?;
    let good = ascii.len() <= 253
        && ascii.contains('.')
        && ascii.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && ascii
            .rsplit('.')
            .next()
            .is_some_and(|last| last.chars().any(|c| c.is_ascii_alphabetic()));
    if good { Ok(ascii) } else { Err(()) }
}

/// What was typed, short enough and harmless enough to be said back.
fn shown(typed: &str) -> String {
    let short: String = typed.chars().filter(|c| !is_hostile(*c)).take(60).collect();
    if short.is_empty() {
        "nothing".to_owned()
    } else {
        format!("\u{201c}{short}\u{201d}")
    }
}

/// Whether this is a name for addresses and commands: 1 to `most` small letters, digits and hyphens, with no hyphen at
/// either end.
pub fn is_slug(typed: &str, most: usize) -> bool {
    (1..=most).contains(&typed.len())
        && !typed.starts_with('-')
        && !typed.ends_with('-')
        && typed
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Checks an active case number.
pub fn case_number(typed: &str) -> Result<String, String> {
    let typed = super::pasted::code(typed);
    let good =
        (3..=40).contains(&typed.len()) && typed.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if good {
        Ok(typed)
    } else {
        Err("Enter the number of the case: 3 to 40 letters, digits and hyphens.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_a_number() {
        for copied in [" 698123456 ", "698 123 456", "<698123456>"] {
            assert_eq!(case_number(copied).unwrap(), "698123456");
        }
        for bad in ["", "ab", "12<34", "1&2", &"1".repeat(41)] {
            assert!(case_number(bad).is_err(), "{bad}");
        }
    }
    use proptest::prelude::*;

    #[test]
    fn names_refuse_what_would_break_a_line_or_turn_it_round() {
        for bad in [
            "a\rb",
            "a\nb",
            "a\0b",
            "abc\u{202e}def",
            "a\u{200b}b",
            "",
            "   ",
            &"x".repeat(10_000),
        ] {
            assert!(Name::parse(bad, "Smart Account Name").is_err(), "{bad:?}");
        }
        assert_eq!(
            Name::parse("  XYZ   COMPANY ", "Name").unwrap().as_str(),
            "XYZ COMPANY"
        );
        assert_eq!(
            Name::parse("", "Smart Account Name").unwrap_err(),
            "Enter the Smart Account Name."
        );
    }

    #[test]
    fn addresses_that_differ_by_case_are_one() {
        let a = EmailAddress::parse(" Ada@XYZ.example ").unwrap();
        let b = EmailAddress::parse("ada@xyz.EXAMPLE").unwrap();
        assert_eq!(a.key(), b.key());
        for bad in [
            "ada",
            "ada@",
            "@xyz.example",
            "ada@xyz",
            "a b@xyz.example",
            "ad\u{0430}@xyz.example",
            "ada@xyz.example\r\nBcc: x@y.example",
            "a@1.2.3.4",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_company_domain_is_found_by_the_public_suffix_list() {
        let of = |s: &str| DomainIdentifier::parse(s).map(|d| d.registrable().to_owned());
        assert_eq!(of("abc.xyz.com").unwrap(), "xyz.com");
        assert_eq!(of("XYZ.com").unwrap(), "xyz.com");
        assert_eq!(of("a.b.co.uk").unwrap(), "b.co.uk");
        assert!(of("co.uk").is_err());
        assert!(of("com").is_err());
        assert_eq!(
            DomainIdentifier::parse("b\u{fc}cher.example").unwrap().as_str(),
            "xn--bcher-kva.example"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_accepted_is_one_clean_line(s in "\\PC*|[\\x00-\\x7f]*") {
            if let Ok(name) = Name::parse(&s, "Name") {
                prop_assert!(!name.as_str().chars().any(is_hostile));
                prop_assert!(name.as_str().chars().count() <= Name::MOST);
            }
            if let Ok(mail) = EmailAddress::parse(&s) { prop_assert!(mail.as_str().is_ascii()); }
            let _ = DomainIdentifier::parse(&s);
            let _ = note(&s, "Note", 100);
            prop_assert_eq!(search_key(&search_key(&s)), search_key(&s));
        }
    }
}
