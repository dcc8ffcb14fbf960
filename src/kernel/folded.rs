//! How texts are folded, so that both databases compare and find them alike.

use unicode_normalization::UnicodeNormalization;

/// Folds a text for comparing and searching, the same on every database: NFKC, lower case, single spaces.
pub fn search_key(text: &str) -> String {
    let folded: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        // One of the databases cannot hold NUL, and nobody searches for controls.
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}
