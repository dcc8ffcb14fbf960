//! Opening a file: its head, the proof of its signature, and its bounds.

use super::lines::{Changes, Line, Lines};
use super::records::Checked;
use super::refusals::altered;
use super::write::hex;
use super::{FREE_UNPACKED, FileKind, Header, Limits, MOST_AFTER, MOST_HEADER, MOST_RATIO, Packed};
use crate::error::{Error, Result};
use crate::platform::signing;
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// A file of which nothing is known but what it claims to be.
#[derive(Debug, Clone)]
pub struct Opened<S> {
    kind: FileKind,
    /// What its first line says, which nobody has signed.
    version: u32,
    signed: String,
    /// Whether the signed line has an end.
    is_whole: bool,
    body_at: u64,
    changes: Changes,
    source: S,
}

/// Reads the first two lines. What an editor or a mail changes of them is no matter: a byte order mark, empty lines and
/// spaces around them, other line ends, and the end of the last line.
pub fn open<S: Read + Seek>(mut source: S) -> Result<Opened<S>> {
    source.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
    let mut changes = Changes::default();
    let (kind, version, signed, is_whole, body_at) = {
        let mut lines = Lines {
            source: BufReader::new(&mut source),
            taken: 0,
            changes: &mut changes,
        };
        lines.mark()?;
        let first = lines.next(64)?;
        let (kind, version) = kind_of(&first)?;
        let signed = lines.next(MOST_HEADER + 1)?;
        let text = signed.text();
        if text.len() as u64 > MOST_HEADER {
            return Err(Error::refused(
                "sync.too-large",
                format!("The header of the file is longer than {MOST_HEADER} bytes."),
            ));
        }
        if !signed.is_whole && kind.has_body() {
            return Err(truncated("inside its header"));
        }
        let text = String::from_utf8(text.to_vec()).map_err(|_| bad_signature())?;
        (kind, version, text, signed.is_whole, lines.taken)
    };
    Ok(Opened {
        kind,
        version,
        signed,
        is_whole,
        body_at,
        changes,
        source,
    })
}

fn kind_of(first: &Line) -> Result<(FileKind, u32)> {
    let no = || {
        Error::refused(
            "sync.not-a-sync-file",
            "This is not a file of an On-Prem server or for one: such a file begins with the words LICENTRAL SYNC, RESPONSE, REGISTRATION or AUTHORIZATION. Choose the file that the On-Prem server generated.",
        )
    };
    let text = std::str::from_utf8(first.text()).map_err(|_| no())?;
    if !first.is_whole {
        return Err(no());
    }
    let words: Vec<&str> = text.split(' ').collect();
    let (["LICENTRAL", kind, version], true) = (words.as_slice(), text.len() < 60) else {
        return Err(no());
    };
    let kind: FileKind = kind.parse().map_err(|_| no())?;
    let digits = !version.starts_with('0') && version.bytes().all(|b| b.is_ascii_digit());
    match version.parse::<u32>() {
        Ok(read) if digits && read <= kind.newest() => Ok((kind, read)),
        Ok(other) if digits => Err(Error::refused(
            "sync.unsupported-version",
            format!(
                "The {kind} has version {other} of the format, and version {} is read here. Generate it with a fitting version of the On-Prem server, or update this installation.",
                kind.newest()
            ),
        )),
        _ => Err(no()),
    }
}

fn bad_signature() -> Error {
    Error::refused(
        "sync.bad-signature",
        "The signature of the file is not good: its header was changed after it was made, or it was made with another key. Generate the file again and bring it unchanged. If the On-Prem server was set up anew, with another key, register it again.",
    )
}

fn truncated(place: &str) -> Error {
    Error::refused(
        "sync.truncated",
        format!("The file ends {place}: it was cut off on its way. Copy it again, whole."),
    )
}

impl<S: Read + Seek> Opened<S> {
    /// What it claims to be.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Of which version of the format, as it claims.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What it claims of itself, which nobody has verified: good for looking up with which key to verify it (or, for
    /// the two files that carry their key, for taking it from there), and for nothing else.
    pub fn claimed<H: Header>(&self) -> Result<H> {
        self.expect(H::KIND)?;
        signing::claimed_in_file(&self.signed)
            .and_then(|payload| serde_json::from_str(&payload).ok())
            .ok_or_else(|| self.not_genuine())
    }

    fn not_genuine(&self) -> Error {
        self.changes.told(if self.is_whole {
            bad_signature()
        } else {
            truncated("inside its header")
        })
    }

    /// Goes on with what the header claims, unproven: for looking into a file whose key is not at hand. Nothing that
    /// is read in this way may be applied.
    pub fn unproven<H: Header>(self) -> Result<Verified<H, S>> {
        let header: H = self.claimed()?;
        self.expect_version(&header)?;
        Ok(Verified { header, file: self })
    }

    /// The signed header as it stands in the file.
    pub fn signed(&self) -> &str {
        &self.signed
    }

    fn expect(&self, kind: FileKind) -> Result<()> {
        if self.kind == kind {
            return Ok(());
        }
        Err(Error::refused(
            "sync.not-a-sync-file",
            format!(
                "This is a {}, and a {kind} is expected here. Choose that one.",
                self.kind
            ),
        ))
    }

    /// The first line is not signed, so it has to say what the header says.
    fn expect_version<H: Header>(&self, header: &H) -> Result<()> {
        if header.version() == self.version {
            Ok(())
        } else {
            Err(self.not_genuine())
        }
    }

    /// Goes on only with a header that was signed with the other half of this public key, for this kind of file.
    pub fn verify<H: Header>(self, public_key: &str) -> Result<Verified<H, S>> {
        self.expect(H::KIND)?;
        let payload = signing::verify_file(H::KIND.typ(), public_key, &self.signed)
            .ok_or_else(|| self.not_genuine())?;
        let header: H = serde_json::from_str(&payload).map_err(|e| {
            Error::refused(
                "sync.bad-record",
                format!(
                    "The header of the {} is signed, but cannot be understood: {e}.",
                    H::KIND
                ),
            )
        })?;
        self.expect_version(&header)?;
        Ok(Verified { header, file: self })
    }
}

/// A file whose header is genuine.
#[derive(Debug, Clone)]
pub struct Verified<H, S> {
    /// The header.
    pub header: H,
    file: Opened<S>,
}

impl<H: Header, S: Read + Seek> Verified<H, S> {
    /// The whole of a file of which the beginning was verified.
    pub fn read_on<T: Read + Seek>(self, source: T) -> Result<Verified<H, T>> {
        let file = open(source)?;
        if file.kind != self.file.kind || file.version != self.file.version || file.signed != self.file.signed
        {
            return Err(file.not_genuine());
        }
        Ok(Verified {
            header: self.header,
            file,
        })
    }

    /// Reads the file to its end without looking into the body, and goes on only when that is the body of which the
    /// header speaks, to the last bit, and not larger than is taken here.
    pub fn check(self, limits: &Limits) -> Result<Checked<H, S>> {
        let changes = self.file.changes;
        self.checked(limits).map_err(|error| changes.told(error))
    }

    fn checked(mut self, limits: &Limits) -> Result<Checked<H, S>> {
        let packed = self.header.packed();
        if let Some(packed) = &packed {
            within(packed, limits)?;
        }
        let says = packed.as_ref().map_or(0, |packed| packed.body_bytes);
        let source = &mut self.file.source;
        source
            .seek(SeekFrom::Start(self.file.body_at))
            .map_err(Error::internal)?;
        // The file as it was made: its two lines with their ends, whatever became of those on the way.
        let (mut file, mut body) = (Sha256::new(), Sha256::new());
        file.update(self.file.kind.first_line(self.file.version));
        file.update(format!("{}\n", self.file.signed));
        let mut found: u64 = 0;
        let mut more = false;
        let mut buffer = vec![0; 64 * 1024];
        // A little more than there should be tells that there is more. Empty lines at the end are none.
        let mut all = source.take(says.saturating_add(MOST_AFTER));
        loop {
            let count = match all.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::internal(e)),
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            let theirs = usize::try_from(says.saturating_sub(found)).unwrap_or(usize::MAX);
            let (content, after) = bytes.split_at(theirs.min(count));
            file.update(content);
            body.update(content);
            more |= !after.trim_ascii().is_empty();
            found += count as u64;
        }
        more |= found == says.saturating_add(MOST_AFTER);
        if found < says {
            return Err(truncated(&format!(
                "after {found} of {says} bytes of its content"
            )));
        }
        if more {
            return Err(altered(&format!("there is more after its {says} bytes")));
        }
        if let Some(packed) = &packed
            && hex(body) != packed.body_sha256
        {
            return Err(altered("its SHA-256 is another"));
        }
        Ok(Checked {
            header: self.header,
            sha256: hex(file),
            source: self.file.source,
            body_at: self.file.body_at,
        })
    }
}

/// What a header says of a body is held against the limits before the body is looked at. What comes out of it is held
/// against the header later, so that it cannot be more than is allowed here.
fn within(packed: &Packed, limits: &Limits) -> Result<()> {
    for (what, says, most) in [
        ("bytes", packed.body_bytes, limits.body_bytes),
        ("unpacked bytes", packed.unpacked_bytes, limits.unpacked_bytes),
        ("records", packed.records, limits.records),
    ] {
        if says > most {
            return Err(Error::refused(
                "sync.too-large",
                format!(
                    "The content of the file has {says} {what}, and {most} are taken at most. Whoever runs this installation can raise the limit."
                ),
            ));
        }
    }
    let most = FREE_UNPACKED.saturating_add(packed.body_bytes.saturating_mul(MOST_RATIO));
    if packed.unpacked_bytes > most {
        return Err(Error::refused(
            "sync.too-large",
            format!(
                "The content of the file has {} bytes and would become {} of them. More than {MOST_RATIO} times as much is not taken.",
                packed.body_bytes, packed.unpacked_bytes
            ),
        ));
    }
    Ok(())
}
