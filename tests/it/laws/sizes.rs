//! Files are short enough to be read in one sitting.

use super::sources::rust;

/// So many lines a file of the source has at most. What a function may have stands in `.clippy.toml`.
const MOST_LINES: usize = 500;

/// A file that is longer, and why.
const LONGER: &[(&str, &str)] = &[("platform/db/schema.rs", "diesel writes it from the tables")];

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let longer: Vec<(String, usize)> = rust()
        .into_iter()
        .map(|source| (source.path, source.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .collect();
    let wrong: Vec<String> = longer
        .iter()
        .filter(|(path, _)| !LONGER.iter().any(|(known, _)| known == path))
        .map(|(path, lines)| format!("src/{path}: {lines} lines"))
        .collect();
    assert!(
        wrong.is_empty(),
        "Divide these by what they are about, or say in LONGER and in their mod.rs why not:\n{}",
        wrong.join("\n")
    );
    for (known, _) in LONGER {
        assert!(
            longer.iter().any(|(path, _)| path == known),
            "src/{known} is not too long any more"
        );
    }
}
