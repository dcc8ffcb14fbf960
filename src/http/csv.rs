//! Tables as files: RFC 4180, UTF-8 with a byte order mark, and no cell that a spreadsheet would run.

use crate::error::{Error, Result};

/// A cell of text. What would be taken for a formula gets an apostrophe in front.
pub fn text(cell: &str) -> String {
    match cell.chars().next() {
        Some(
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}'
            | '\u{ff20}',
        ) => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

/// The opposite, for a file that is read again.
pub fn untext(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| text(rest) != *rest)
        .unwrap_or(cell)
}

/// Writes a table. Cells of text go through [`text`] here, so that none is forgotten.
pub struct Table(::csv::Writer<Vec<u8>>);

impl Table {
    /// Begins with the names of the columns.
    pub fn new(head: &[&str]) -> Result<Self> {
        let mut writer = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::CRLF)
            .from_writer(vec![0xef, 0xbb, 0xbf]);
        writer.write_record(head).map_err(Error::internal)?;
        Ok(Self(writer))
    }
    /// One row.
    pub fn row<I: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = I>) -> Result<()> {
        self.0
            .write_record(cells.into_iter().map(|c| text(c.as_ref())))
            .map_err(Error::internal)
    }
    /// What has been written since the last call: for a file that is sent while it is made.
    pub fn take(&mut self) -> Result<Vec<u8>> {
        let next = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::CRLF)
            .from_writer(Vec::new());
        std::mem::replace(&mut self.0, next)
            .into_inner()
            .map_err(|e| Error::internal(e.to_string()))
    }
    /// The whole file.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.0.into_inner().map_err(|e| Error::internal(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_what_is_read_again_is_what_was_written(cell in "\\PC*|[=+@\t\r\0'-]\\PC*") {
            let written = text(&cell);
            prop_assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']));
            if !cell.starts_with('\'') { prop_assert_eq!(untext(&written), cell); }
        }
    }
}
