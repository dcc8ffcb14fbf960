//! The records of a file whose content is unaltered.

use super::order::Order;
use super::record::Record;
use super::refusals::altered;
use super::write::hex;
use super::{HasBody, MOST_LINE, Packed};
use crate::error::{Error, Result};
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// A file whose header is genuine and whose body is unaltered.
#[derive(Debug, Clone)]
pub struct Checked<H, S> {
    /// The header.
    pub header: H,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    pub(super) source: S,
    pub(super) body_at: u64,
}

impl<H: HasBody, S: Read + Seek> Checked<H, S> {
    /// Reads the records, from the first one; as often as it is asked for.
    pub fn records(&mut self) -> Result<Records<'_, H, S>> {
        let packed = self.header.packed().unwrap_or_default();
        self.source
            .seek(SeekFrom::Start(self.body_at))
            .map_err(Error::internal)?;
        let hashing = HashingReader {
            inner: BufReader::with_capacity(64 * 1024, (&mut self.source).take(packed.body_bytes)),
            hash: Sha256::new(),
        };
        Ok(Records {
            header: &self.header,
            lines: BufReader::with_capacity(64 * 1024, GzDecoder::new(hashing)),
            order: H::order(),
            packed,
            line: Vec::new(),
            count: 0,
            bytes: 0,
            is_over: false,
        })
    }
}

/// Hashes what is taken out.
struct HashingReader<R> {
    inner: R,
    hash: Sha256,
}

impl<R: BufRead> Read for HashingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<R: BufRead> BufRead for HashingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, count: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            self.hash.update(bytes.get(..count).unwrap_or_default());
        }
        self.inner.consume(count);
    }
}

type Body<'a, S> = HashingReader<BufReader<io::Take<&'a mut S>>>;

/// The records of a body, one after the other. A fault ends them. Whoever applies them waits for the end: only then is
/// it known that all of them came, that there are as many as the header says, and that they are those of the hash.
pub struct Records<'a, H, S: Read> {
    header: &'a H,
    lines: BufReader<GzDecoder<Body<'a, S>>>,
    order: Order,
    packed: Packed,
    line: Vec<u8>,
    count: u64,
    bytes: u64,
    is_over: bool,
}

impl<H: HasBody, S: Read> Records<'_, H, S> {
    fn bad(&self, why: impl std::fmt::Display) -> Error {
        Error::refused(
            "sync.bad-record",
            format!("Record {} of the file cannot be taken: {why}.", self.count + 1),
        )
    }

    fn one(&mut self) -> Result<Option<Record>> {
        self.line.clear();
        // The longest line is held against what may still come out, so that a bomb ends here.
        let may = self
            .packed
            .unpacked_bytes
            .saturating_sub(self.bytes)
            .min(MOST_LINE);
        if let Err(e) = (&mut self.lines).take(may + 1).read_until(b'\n', &mut self.line) {
            return Err(match e.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                    self.bad(format_args!("the compressed content is damaged ({e})"))
                }
                _ => Error::internal(e),
            });
        }
        let length = self.line.len() as u64;
        if length == 0 {
            self.end()?;
            return Ok(None);
        }
        if length > may {
            return Err(if may == MOST_LINE {
                self.bad(format_args!("it is longer than {MOST_LINE} bytes"))
            } else {
                altered(&format!(
                    "more than {} bytes come out of it",
                    self.packed.unpacked_bytes
                ))
            });
        }
        if self.line.pop() != Some(b'\n') {
            return Err(self.bad("its line does not end"));
        }
        if self.count >= self.packed.records {
            return Err(altered(&format!(
                "there are more than {} records",
                self.packed.records
            )));
        }
        let record: Record = serde_json::from_slice(&self.line).map_err(|e| self.bad(e))?;
        self.order.take(&record).map_err(|why| self.bad(why))?;
        self.count += 1;
        self.bytes += length;
        Ok(Some(record))
    }

    fn end(&mut self) -> Result<()> {
        if self.count != self.packed.records || self.bytes != self.packed.unpacked_bytes {
            return Err(altered(&format!(
                "there are {} records in {} bytes, not {} in {}",
                self.count, self.bytes, self.packed.records, self.packed.unpacked_bytes
            )));
        }
        let body = self.lines.get_mut().get_mut();
        let left = body.fill_buf().map_err(Error::internal)?.len();
        if left > 0 {
            return Err(altered("something follows after the compressed records"));
        }
        // The file was hashed before. Once more, over what was read: it may have been changed in between.
        if hex(std::mem::take(&mut body.hash)) != self.packed.body_sha256 {
            return Err(altered("its SHA-256 is another"));
        }
        self.header.agrees(&self.order).map_err(|why| altered(&why))
    }
}

impl<H: HasBody, S: Read> Iterator for Records<'_, H, S> {
    type Item = Result<Record>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.one().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}
