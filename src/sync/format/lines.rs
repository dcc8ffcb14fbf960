//! The lines of a file, and the first of them.

use super::open::Changes;
use crate::error::{Error, Result};
use std::io::BufRead;

/// A line without its end, or as much of it as there is.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) is_whole: bool,
}

impl Line {
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.trim_ascii()
    }
}

/// Reads lines with whatever ends.
pub(super) struct Lines<'a, R> {
    pub(super) source: R,
    /// How many bytes they took.
    pub(super) taken: u64,
    pub(super) changes: &'a mut Changes,
}

impl<R: BufRead> Lines<'_, R> {
    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(self.source.fill_buf().map_err(Error::internal)?.first().copied())
    }

    fn take(&mut self) {
        self.source.consume(1);
        self.taken += 1;
    }

    pub(super) fn mark(&mut self) -> Result<()> {
        let has = self
            .source
            .fill_buf()
            .map_err(Error::internal)?
            .starts_with(b"\xef\xbb\xbf");
        if has {
            self.source.consume(3);
            self.taken += 3;
            self.changes.mark = true;
        }
        Ok(())
    }

    fn one(&mut self, most: u64) -> Result<Line> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < most {
            let Some(byte) = self.peek()? else { break };
            self.take();
            match byte {
                b'\n' => {
                    return Ok(Line {
                        bytes,
                        is_whole: true,
                    });
                }
                b'\r' => {
                    self.changes.ends = true;
                    if self.peek()? == Some(b'\n') {
                        self.take();
                    }
                    return Ok(Line {
                        bytes,
                        is_whole: true,
                    });
                }
                other => bytes.push(other),
            }
        }
        Ok(Line {
            bytes,
            is_whole: false,
        })
    }

    /// The next line that is not empty.
    pub(super) fn next(&mut self, most: u64) -> Result<Line> {
        /// So many empty ones are passed over.
        const MOST_EMPTY: usize = 20;
        let mut line = self.one(most)?;
        for _ in 0..MOST_EMPTY {
            if !line.is_whole || !line.text().is_empty() {
                break;
            }
            self.changes.blanks = true;
            line = self.one(most)?;
        }
        if line.text().len() != line.bytes.len() {
            self.changes.blanks = true;
        }
        Ok(line)
    }
}
