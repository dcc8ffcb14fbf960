//! Recovery codes: 80 random bits each, so that a plain hash of them is enough.

use crate::kernel::Secret;
use crate::platform::token;
use data_encoding::BASE32_NOPAD;

/// How many there are.
pub const COUNT: usize = 10;

/// Codes that were just made: they are shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct RecoveryCodes(Vec<Secret>);

impl RecoveryCodes {
    /// New ones.
    pub fn make() -> Self {
        let one = || Secret::new(BASE32_NOPAD.encode(&token::random_bytes::<10>()).to_lowercase());
        Self(std::iter::repeat_with(one).take(COUNT).collect())
    }

    /// As they are shown: four letters and digits at a time.
    pub fn shown(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|code| {
                let letters: Vec<char> = code.reveal().chars().collect();
                let groups: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
                groups.join("-")
            })
            .collect()
    }

    /// What is kept of them.
    pub(super) fn hashes(&self) -> Vec<String> {
        self.0.iter().map(|code| hash(code.reveal())).collect()
    }
}

/// What is kept of a code, of which letters and digits alone were left. The same for capital letters.
pub(super) fn hash(plain: &str) -> String {
    token::digest(&plain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_are_read_as_they_are_shown() {
        let codes = RecoveryCodes::make();
        let (shown, hashes) = (codes.shown(), codes.hashes());
        assert_eq!(shown.len(), COUNT);
        let first = shown.first().unwrap();
        assert_eq!(first.len(), 19, "{first}");
        let plain: String = first
            .to_uppercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        assert_eq!(&hash(&plain), hashes.first().unwrap());
        let different: std::collections::HashSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), COUNT);
        assert!(!format!("{codes:?}").contains(plain.to_lowercase().as_str()));
    }
}
