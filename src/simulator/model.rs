//! Letters as the mailbox shows them.

use crate::kernel::Moment;
use crate::kernel::ids::LetterId;

/// A letter that has arrived in the lab's mailbox.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Arrived {
    /// Its id.
    pub id: LetterId,
    /// Stable over all tries.
    pub message_id: String,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// Plain.
    pub text: String,
    /// Laid out.
    pub html: String,
    /// Portal time.
    pub sent_at: Moment,
    /// When the mailbox was marked as read.
    pub read_at: Option<Moment>,
}

/// A row of the list.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Row {
    /// Its id.
    pub id: LetterId,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_name: String,
    /// Where to.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// Portal time.
    pub sent_at: Moment,
    /// When the mailbox was marked as read.
    pub read_at: Option<Moment>,
}

/// What narrows the list.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Words in addressee, subject or text.
    pub q: String,
    /// A whole address, or a part of one.
    pub to: String,
    /// The kind of letter.
    pub letter: String,
}

/// "account-requests.domain-approved" as a person reads it: "Account requests: domain approved".
pub fn letter_words(letter: &str) -> String {
    let words = letter.replace('.', ": ").replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// A piece of a letter's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A link to this portal: the whole address, and its part behind the portal's own.
    Link(String, String),
}

/// Finds the links to this portal in a plain text. Other addresses stay text: the portal sends none.
pub fn pieces(text: &str, base_url: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(base_url).map(|at| rest.split_at(at)) {
        words.push_str(before);
        let end = from
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`'))
            .unwrap_or(from.len());
        // A sentence that ends with a link leaves its full stop behind.
        let whole = from
            .get(..end)
            .unwrap_or(from)
            .trim_end_matches(['.', ',', ';', ':', '!', ')', ']']);
        let path = whole.strip_prefix(base_url).unwrap_or_default();
        // http://host.example:80801 and http://host.example.evil begin like http://host.example:8080 and are others.
        if path.is_empty() || path.starts_with(['/', '?', '#']) {
            if !words.is_empty() {
                found.push(Piece::Words(std::mem::take(&mut words)));
            }
            let path = if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            };
            found.push(Piece::Link(whole.to_owned(), path));
        } else {
            words.push_str(whole);
        }
        rest = from.get(whole.len()..).unwrap_or_default();
    }
    words.push_str(rest);
    if !words.is_empty() {
        found.push(Piece::Words(words));
    }
    found
}

/// The links of a text, each once, in their order.
pub fn links(text: &str, base_url: &str) -> Vec<String> {
    let mut links = Vec::new();
    for piece in pieces(text, base_url) {
        if let Piece::Link(whole, _) = piece
            && !links.contains(&whole)
        {
            links.push(whole);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "http://127.0.0.1:8080";

    #[test]
    fn links_to_this_portal_are_found_and_others_are_not() {
        let text = "Open http://127.0.0.1:8080/requests/link/ab.c-d_e. Or (http://127.0.0.1:8080).\nNot http://127.0.0.1:80801/x, not https://evil.example/.";
        let found = pieces(text, BASE);
        assert!(found.contains(&Piece::Link(
            format!("{BASE}/requests/link/ab.c-d_e"),
            "/requests/link/ab.c-d_e".to_owned()
        )));
        assert_eq!(
            links(text, BASE),
            [format!("{BASE}/requests/link/ab.c-d_e"), BASE.to_owned()]
        );
        assert!(
            pieces("http://127.0.0.1:8080.evil.example/x", BASE)
                .iter()
                .all(|p| matches!(p, Piece::Words(_)))
        );
    }

    #[test]
    fn kinds_of_letters_read_as_words() {
        assert_eq!(
            letter_words("account-requests.domain-approved"),
            "Account requests: domain approved"
        );
        assert_eq!(letter_words(""), "");
    }

    proptest! {
        #[test]
        fn no_text_loses_a_letter(text in "(http://127\\.0\\.0\\.1:8080|[/a-z .,é\\n<>)]){0,40}") {
            let again: String = pieces(&text, BASE)
                .into_iter()
                .map(|piece| match piece { Piece::Words(words) => words, Piece::Link(whole, _) => whole })
                .collect();
            prop_assert_eq!(again, text);
        }
    }
}
