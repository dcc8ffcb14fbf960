//! Writing a file.

use super::order::Order;
use super::record::Record;
use super::{Counts, FileKind, HasBody, Header, MOST_HEADER, MOST_LINE, Packed};
use crate::error::{Error, Result};
use crate::platform::signing::FileKey;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// Counts and hashes what goes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes a whole file while it is written.
pub struct Hashed<W>(Hashing<W>);

impl<W: Write> Hashed<W> {
    /// Around where it is written to.
    pub fn new(out: W) -> Self {
        Self(Hashing {
            inner: out,
            hash: Sha256::new(),
            bytes: 0,
        })
    }
    /// SHA-256 of what was written, in hexadecimal: what a response calls the request by.
    pub fn sha256(self) -> String {
        hex(self.0.hash)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

pub(super) fn hex(hash: Sha256) -> String {
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// Writes a body, one record after the other, into a file of its own or into memory: the header, which comes first in
/// the whole file, can only be made when the body is known. The same records make the same bytes.
pub struct Writer<W: Write> {
    gzip: GzEncoder<Hashing<W>>,
    order: Order,
    records: u64,
    unpacked: u64,
}

impl<W: Write> Writer<W> {
    /// A body of this kind of file.
    pub fn new(kind: FileKind, body: W) -> Self {
        let hashing = Hashing {
            inner: body,
            hash: Sha256::new(),
            bytes: 0,
        };
        Self {
            gzip: GzEncoder::new(hashing, Compression::default()),
            order: Order::of(kind),
            records: 0,
            unpacked: 0,
        }
    }

    /// One more record.
    pub fn record(&mut self, record: &Record) -> Result<()> {
        self.order.take(record).map_err(|why| {
            Error::refused(
                "sync.bad-record",
                format!("Record {} cannot be written: {why}.", self.records + 1),
            )
        })?;
        let mut line = serde_json::to_vec(record).map_err(Error::internal)?;
        line.push(b'\n');
        if line.len() as u64 > MOST_LINE {
            return Err(Error::refused(
                "sync.bad-record",
                format!("Record {} is too long.", self.records + 1),
            ));
        }
        self.gzip.write_all(&line).map_err(Error::internal)?;
        self.records += 1;
        self.unpacked += line.len() as u64;
        Ok(())
    }

    /// Ends the body: what it was written into, and what the header has to say of it.
    pub fn finish(self) -> Result<(W, Counts)> {
        let hashing = self.gzip.finish().map_err(Error::internal)?;
        let counts = Counts {
            places: self.order.places.len() as u64,
            devices: self.order.devices,
            usages: self.order.usages,
            by_policy: self.order.by_policy,
            reports: self.order.reports,
            authorizations: self.order.authorizations,
            packed: Packed {
                records: self.records,
                body_bytes: hashing.bytes,
                unpacked_bytes: self.unpacked,
                body_sha256: hex(hashing.hash),
            },
        };
        Ok((hashing.inner, counts))
    }
}

/// Writes the two lines that begin a file; for a file without a body this is all.
pub fn write_head<H: Header>(out: &mut dyn Write, header: &H, key: &FileKey) -> Result<()> {
    let payload = serde_json::to_string(header).map_err(Error::internal)?;
    let signed = key.sign_file(H::KIND.typ(), &payload)?;
    if signed.len() as u64 > MOST_HEADER {
        return Err(Error::internal("the header of a sync file is too long"));
    }
    writeln!(out, "{}{signed}", H::KIND.first_line(header.version())).map_err(Error::internal)
}

/// Writes a whole file: the two lines, and the body as [`Writer::finish`] has left it, read from its beginning.
pub fn write_file<H: HasBody>(
    out: &mut dyn Write,
    header: &H,
    key: &FileKey,
    body: &mut dyn Read,
) -> Result<()> {
    write_head(out, header, key)?;
    io::copy(body, out).map_err(Error::internal)?;
    out.flush().map_err(Error::internal)
}

/// A whole file without a body, as text.
pub fn text_of<H: Header>(header: &H, key: &FileKey) -> Result<String> {
    let mut out = Vec::new();
    write_head(&mut out, header, key)?;
    String::from_utf8(out).map_err(Error::internal)
}
