//! Cells that a spreadsheet would run.

/// A cell of text as it is written. What would be taken for a formula gets an apostrophe in front.
pub fn guarded(cell: &str) -> String {
    if is_run(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// The opposite, for a table that is read.
pub fn without_guard(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| is_run(rest))
        .unwrap_or(cell)
}

fn is_run(cell: &str) -> bool {
    cell.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_what_is_read_again_is_what_was_written(cell in "\\PC*|[=+@\t\r\0'-]\\PC*") {
            let written = guarded(&cell);
            prop_assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']));
            if !cell.starts_with('\'') { prop_assert_eq!(without_guard(&written), cell); }
        }
    }
}
