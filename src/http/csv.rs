//! Tables as files: RFC 4180, UTF-8 with a byte order mark, and no cell that a spreadsheet would run.

use crate::error::{Error, Result};
use crate::kernel::table::guarded;

/// Writes a table. Cells of text go through [`guarded`] here, so that none is forgotten.
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
            .write_record(cells.into_iter().map(|c| guarded(c.as_ref())))
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
