//! Usage files: what product instances save when they cannot report themselves. One file of one product instance is a text;
//! several travel as a tar archive, which may be packed and may hold archives of the same kind (one for each Virtual
//! Account, as the published tools make them). They are read as they come: no more than one report is held.

use super::payload::Sent;
use crate::error::{Error, Result};
use flate2::read::GzDecoder;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

/// So many bytes a file has at most.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// So many bytes it has when it is unpacked.
const MOST_UNPACKED: usize = 512 * 1024 * 1024;
/// So many reports are taken in from one file.
pub const MOST_REPORTS: usize = 300_000;
/// So many bytes a report has, and what stands between two of them.
const MOST_OF_ONE: usize = 1024 * 1024;
/// So deep lie archives within archives.
const MOST_DEEP: usize = 2;
/// A block of a tar archive.
const BLOCK: usize = 512;

const BEGINS: &[u8] = b"<RUMReport>";
const ENDS: &[u8] = b"</RUMReport>";

/// What is done with each report.
type Found<'f> = dyn FnMut(Sent) -> Result<()> + 'f;

fn truncated(what: &str) -> Error {
    Error::refused(
        "usage.truncated",
        format!(
            "The file was cut off, or is damaged: {what} Nothing was taken in. Copy it again, and upload it whole."
        ),
    )
}

fn too_much(what: String) -> Error {
    Error::refused("usage.too-much", what)
}

fn no_reports(what: &str) -> Error {
    Error::refused(
        "usage.no-reports",
        format!(
            "{what} Save the usage on the product instance with license smart save usage all, and upload that file."
        ),
    )
}

/// Hands each report of a file on, in the order in which they stand in it. That a file is whole is known at its end.
pub fn each(file: &mut dyn Read, found: &mut Found<'_>) -> Result<()> {
    each_within(file, MOST_UNPACKED, MOST_REPORTS, found)
}

/// The reports in a file.
pub fn reports(bytes: &[u8]) -> Result<Vec<Sent>> {
    reports_within(bytes, MOST_UNPACKED, MOST_REPORTS)
}

/// The same, with so many bytes when it is unpacked, and so many reports.
fn reports_within(mut bytes: &[u8], unpacked: usize, most: usize) -> Result<Vec<Sent>> {
    let mut all = Vec::new();
    each_within(&mut bytes, unpacked, most, &mut |sent| {
        all.push(sent);
        Ok(())
    })?;
    Ok(all)
}

fn each_within(file: &mut dyn Read, unpacked: usize, most: usize, found: &mut Found<'_>) -> Result<()> {
    let reading = Reading {
        left: Cell::new(unpacked),
        is_over: Cell::new(false),
        unpacked,
        most,
        many: Cell::new(0),
    };
    reading.take(file, 0, found)?;
    if reading.many.get() == 0 {
        return Err(no_reports("There is no usage report in this file."));
    }
    Ok(())
}

struct Reading {
    /// So many bytes may still be unpacked.
    left: Cell<usize>,
    /// Whether there were more.
    is_over: Cell<bool>,
    /// So many in all, for whoever is told.
    unpacked: usize,
    /// So many reports.
    most: usize,
    /// So many were found.
    many: Cell<usize>,
}

/// Unpacks as much as is still allowed, whatever the packed file promises.
struct Unpacking<'a> {
    packed: GzDecoder<&'a mut dyn Read>,
    reading: &'a Reading,
}

impl Read for Unpacking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let many = self.packed.read(into)?;
        let Some(left) = self.reading.left.get().checked_sub(many) else {
            self.reading.is_over.set(true);
            return Err(io::Error::other("more than is allowed"));
        };
        self.reading.left.set(left);
        Ok(many)
    }
}

impl Reading {
    /// Why a file could not be read on.
    fn broken(&self, what: &str) -> Error {
        if self.is_over.get() {
            return too_much(format!(
                "Unpacked, this file has more than {} MB. Upload fewer product instances at once.",
                self.unpacked / 1024 / 1024
            ));
        }
        truncated(what)
    }

    fn take(&self, file: &mut dyn Read, depth: usize, found: &mut Found<'_>) -> Result<()> {
        const PACKED: &str = "it cannot be unpacked.";
        if depth > 2 * MOST_DEEP {
            return Err(too_much(
                "The file holds archives within archives within archives. Upload the usage files of one Smart Account in one archive.".to_owned(),
            ));
        }
        let mut head = Vec::with_capacity(BLOCK);
        Read::take(&mut *file, BLOCK as u64)
            .read_to_end(&mut head)
            .map_err(|_| self.broken(PACKED))?;
        let mut whole = Read::chain(head.as_slice(), file);
        if head.starts_with(&[0x1f, 0x8b]) {
            let mut unpacking = Unpacking {
                packed: GzDecoder::new(&mut whole),
                reading: self,
            };
            self.take(&mut unpacking, depth + 1, found)?;
            // Behind the last of it stands the sum by which one knows that it is whole.
            io::copy(&mut unpacking, &mut io::sink()).map_err(|_| self.broken(PACKED))?;
            return Ok(());
        }
        if head.get(257..262) == Some(b"ustar") {
            return self.entries(&mut whole, depth, found);
        }
        if head.trim_ascii_start().starts_with(b"<smartLicense>") {
            return self.text(&mut whole, found);
        }
        if std::str::from_utf8(&head).is_err_and(|wrong| wrong.error_len().is_some()) {
            return Err(truncated("it is neither a text nor an archive."));
        }
        Err(no_reports(
            "This is no usage file: it does not begin with <smartLicense>.",
        ))
    }

    /// The files of a tar archive.
    fn entries(&self, archive: &mut dyn Read, depth: usize, found: &mut Found<'_>) -> Result<()> {
        const SHORT: &str = "a file of an archive is shorter than it says.";
        let mut head = [0_u8; BLOCK];
        loop {
            archive
                .read_exact(&mut head)
                .map_err(|_| self.broken("an archive has no end."))?;
            if head.iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            let size = octal(head.get(124..136).unwrap_or_default())
                .ok_or_else(|| truncated("an archive says no size of a file."))?;
            let name = head.get(..100).unwrap_or_default();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let mut body = Read::take(&mut *archive, size);
            // Files alone, and of those not what only says what is there.
            if matches!(head.get(156), Some(b'0' | 0)) && !name.ends_with(b".mf") {
                self.take(&mut body, depth + 1, found)?;
            }
            io::copy(&mut body, &mut io::sink()).map_err(|_| self.broken(SHORT))?;
            if body.limit() > 0 {
                return Err(truncated(SHORT));
            }
            let block = BLOCK as u64;
            let mut padding = Read::take(&mut *archive, size.div_ceil(block) * block - size);
            io::copy(&mut padding, &mut io::sink()).map_err(|_| self.broken(SHORT))?;
        }
    }

    /// The usage file of one product instance.
    fn text(&self, file: &mut dyn Read, found: &mut Found<'_>) -> Result<()> {
        let mut file = BufReader::new(file);
        let mut some = Vec::new();
        while self.until(&mut file, BEGINS, &mut some)? {
            some.clear();
            if !self.until(&mut file, ENDS, &mut some)? {
                return Err(truncated("a usage report has no end."));
            }
            let inside = some.strip_suffix(ENDS).unwrap_or_default();
            let inside = std::str::from_utf8(inside)
                .map_err(|_| truncated("it is neither a text nor an archive."))?
                .trim();
            let inside = inside
                .strip_prefix("<![CDATA[")
                .and_then(|inside| inside.strip_suffix("]]>"))
                .unwrap_or(inside);
            if self.many.get() >= self.most {
                return Err(too_much(format!(
                    "The file holds more than {} usage reports. Upload fewer product instances at once.",
                    self.most
                )));
            }
            self.many.set(self.many.get() + 1);
            let shape = serde_json::from_str(inside).unwrap_or_default();
            // What is no report is told with the others, line by line.
            found(Sent::of(&shape).unwrap_or_else(|_| Sent {
                payload: String::new(),
                signing: String::new(),
                key: String::new(),
                value: String::new(),
            }))?;
            some.clear();
        }
        if some.trim_ascii_end().ends_with(b"</smartLicense>") {
            Ok(())
        } else {
            Err(truncated("a usage file has no end."))
        }
    }

    /// Reads on until a tag has come; false at the end.
    fn until(&self, file: &mut BufReader<&mut dyn Read>, tag: &[u8], some: &mut Vec<u8>) -> Result<bool> {
        loop {
            let left = MOST_OF_ONE.saturating_sub(some.len()) as u64;
            let read = Read::take(&mut *file, left)
                .read_until(b'>', some)
                .map_err(|_| self.broken("it cannot be unpacked."))?;
            if some.ends_with(tag) {
                return Ok(true);
            }
            if some.len() >= MOST_OF_ONE {
                return Err(too_much(format!(
                    "The file holds a usage report of more than {} MB.",
                    MOST_OF_ONE / 1024 / 1024
                )));
            }
            if read == 0 {
                return Ok(false);
            }
        }
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// The usage file of one product instance.
pub fn usage_file(reports: &[Sent]) -> String {
    let mut file = "<smartLicense>".to_owned();
    for sent in reports {
        let shape = sent.shape().to_string().replace("]]>", "]]\\u003e");
        file.push_str(&format!("<RUMReport><![CDATA[{shape}]]></RUMReport>"));
    }
    file.push_str("</smartLicense>\n");
    file
}

/// An archive of usage files, one for each product instance.
pub fn archive(texts: &[String]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let mut head = [0_u8; BLOCK];
        let fields: [(usize, String); 7] = [
            (0, format!("usage_{}.txt", n + 1)),
            (100, "0000644".to_owned()),
            (108, "0000000".to_owned()),
            (116, "0000000".to_owned()),
            (124, format!("{:011o}", text.len())),
            (136, "00000000000".to_owned()),
            (148, "        0".to_owned()),
        ];
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(field) = head.get_mut(at..at + bytes.len()) {
                field.copy_from_slice(bytes);
            }
        };
        for (at, field) in &fields {
            put(*at, field.as_bytes());
        }
        put(257, b"ustar\x0000");
        // The sum of the head, with its own place taken as blanks.
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        if let Some(field) = head.get_mut(148..155) {
            field.copy_from_slice(format!("{sum:06o}\0").as_bytes());
        }
        whole.extend(head);
        whole.extend(text.as_bytes());
        whole.resize(whole.len().div_ceil(BLOCK) * BLOCK, 0);
    }
    whole.resize(whole.len() + 2 * BLOCK, 0);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn sent(payload: &str) -> Sent {
        Sent {
            payload: payload.to_owned(),
            signing: "s".to_owned(),
            key: "k".to_owned(),
            value: "v".to_owned(),
        }
    }
    #[test]
    fn an_archive_that_is_written_is_read() {
        let texts = [usage_file(&[sent("a")]), usage_file(&[sent("b"), sent("c")])];
        assert_eq!(
            reports(&archive(&texts)).unwrap(),
            [sent("a"), sent("b"), sent("c")]
        );
    }

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut whole = Vec::new();
        for (name, body) in files {
            let mut head = [0_u8; BLOCK];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
            head[156] = b'0';
            head[257..262].copy_from_slice(b"ustar");
            whole.extend(head);
            whole.extend(*body);
            whole.resize(whole.len().div_ceil(BLOCK) * BLOCK, 0);
        }
        whole.resize(whole.len() + 2 * BLOCK, 0);
        whole
    }
    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }
    fn code(error: Error) -> &'static str {
        match error {
            Error::Refused(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_read_alone_and_in_archives_of_archives() {
        let (one, two) = (sent("a ]]> b"), sent("c"));
        let file = usage_file(&[one.clone(), two.clone()]);
        assert_eq!(reports(file.as_bytes()).unwrap(), [one.clone(), two.clone()]);
        let of_place = packed(&tar(&[("dev_1.txt", file.as_bytes())]));
        let of_account = packed(&tar(&[
            ("manifest.mf", b"Manifest-Version: 1.0"),
            ("UD_VA_1.tar.gz", &of_place),
        ]));
        assert_eq!(reports(&of_account).unwrap(), [one, two]);
    }

    #[test]
    fn what_was_cut_off_or_swells_is_refused() {
        let file = usage_file(&[sent("a"), sent("b")]);
        let archive = tar(&[("dev_1.txt", file.as_bytes())]);
        for whole in [
            file.trim().as_bytes().to_vec(),
            archive[..archive.len() - 2 * BLOCK].to_vec(),
            packed(&archive),
        ] {
            for cut in [10, whole.len() / 2, whole.len() - 1] {
                let error = code(reports(&whole[..cut]).unwrap_err());
                assert!(
                    ["usage.truncated", "usage.no-reports"].contains(&error),
                    "{cut}: {error}"
                );
            }
        }
        let bomb = packed(&[b"<smartLicense>".to_vec(), vec![b' '; 1_000_001]].concat());
        assert!(bomb.len() < 10_000);
        assert_eq!(
            code(reports_within(&bomb, 1_000_000, 10).unwrap_err()),
            "usage.too-much"
        );
        let mut deep = packed(file.as_bytes());
        for _ in 0..8 {
            deep = packed(&deep);
        }
        assert_eq!(code(reports(&deep).unwrap_err()), "usage.too-much");
        let long = usage_file(&[sent("a"), sent(&"b".repeat(MOST_OF_ONE))]);
        assert_eq!(code(reports(long.as_bytes()).unwrap_err()), "usage.too-much");
        let many = usage_file(&vec![sent("a"); 11]);
        assert_eq!(
            code(reports_within(many.as_bytes(), 1_000_000, 10).unwrap_err()),
            "usage.too-much"
        );
        assert_eq!(code(reports(b"hello").unwrap_err()), "usage.no-reports");
    }

    proptest! {
        #[test]
        fn whatever_is_uploaded_is_read_or_refused(bytes in any::<Vec<u8>>(), size in any::<[u8; 12]>()) {
            let _ = reports(&bytes);
            let _ = reports(&packed(&bytes));
            let mut archive = tar(&[("a", &bytes)]);
            archive[124..136].copy_from_slice(&size);
            let _ = reports(&archive);
        }
    }
}
