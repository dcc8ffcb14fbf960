//! The lines of a file, and the first of them.

use crate::error::{Error, Result};
use std::io::BufRead;

/// What was changed of a file on its way, as an editor, a mail or a transfer as text does it. The two lines are the same
/// lines with other ends; a body that went through it is another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changes {
    pub(super) mark: bool,
    pub(super) ends: bool,
    pub(super) blanks: bool,
}

impl Changes {
    /// A sentence for the end of a refusal, or nothing.
    pub(super) fn words(self) -> String {
        let mut what = Vec::new();
        if self.mark {
            what.push("a byte order mark was put in front of it");
        }
        if self.ends {
            what.push("its line ends were changed");
        }
        if self.blanks {
            what.push("spaces or empty lines were added");
        }
        if what.is_empty() {
            String::new()
        } else {
            format!(
                " On its way {}: carry it as a file, not as text.",
                what.join(", and ")
            )
        }
    }

    pub(super) fn told(self, error: Error) -> Error {
        match error {
            Error::Refused(why) => Error::refused(why.code, format!("{}{}", why.says, self.words())),
            other => other,
        }
    }
}

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
