//! The letters that a test's portal has sent.

use licentral::platform::mail::{Mailbox, Sent};

/// Reads the letters.
pub struct Mail(pub Mailbox);

impl Mail {
    /// All of them, the oldest first.
    pub fn all(&self) -> Vec<Sent> {
        self.0.letters()
    }
    /// All to this address, the oldest first.
    pub fn all_to(&self, address: &str) -> Vec<Sent> {
        self.all()
            .into_iter()
            .filter(|l| l.to_address == address)
            .collect()
    }
    /// The last to this address.
    pub fn last_to(&self, address: &str) -> Sent {
        self.all_to(address).pop().unwrap_or_else(|| {
            let all: Vec<_> = self
                .all()
                .into_iter()
                .map(|l| (l.to_address, l.subject))
                .collect();
            panic!("no letter to {address}; there are: {all:#?}")
        })
    }
}

/// The path of the first link in a letter that carries a token; else of the first link.
pub fn link_in(letter: &Sent) -> String {
    let links: Vec<String> = letter
        .text
        .split_whitespace()
        .filter_map(|word| url::Url::parse(word.trim_matches(|c| "<>().,".contains(c))).ok())
        .filter(|url| url.scheme() == "http")
        .map(|url| url[url::Position::BeforePath..].to_owned())
        .collect();
    links
        .iter()
        .find(|link| link.contains("/ey") || link.contains("=ey"))
        .or(links.first())
        .unwrap_or_else(|| panic!("no link in: {}", letter.text))
        .clone()
}
