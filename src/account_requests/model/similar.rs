//! Names of companies that look alike.

use crate::kernel::search_key;

/// Words that many companies have in their names and that tell none from another.
const COMMON: &[&str] = &[
    "the",
    "and",
    "of",
    "for",
    "group",
    "company",
    "corporation",
    "corp",
    "inc",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ag",
    "plc",
    "holding",
    "holdings",
    "international",
    "services",
    "solutions",
    "co",
    "sa",
    "bv",
];

/// The words by which a company is known, without endings that change with the number.
fn telling_words(name: &str) -> Vec<String> {
    search_key(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3 && !COMMON.contains(word))
        .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
        .collect()
}

/// The words to search for accounts with a similar name: the longest that tell something, at most three.
pub fn search_words(name: &str) -> Vec<String> {
    let mut words = telling_words(name);
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(3);
    words
}

/// Whether two names may mean the same company: at least half of the telling words of the shorter one are in
/// the other.
pub fn similar(a: &str, b: &str) -> bool {
    let (a, b) = (telling_words(a), telling_words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let shared = short.iter().filter(|word| long.contains(word)).count();
    !short.is_empty() && shared * 2 >= short.len() && shared > 0
}
