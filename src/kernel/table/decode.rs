//! The text of a file, whatever program wrote it.

/// What Windows writes where Latin-1 has controls. The five places that it leaves empty stay what they are.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// Reads UTF-8, UTF-16 with a byte order mark or without one, and otherwise what Windows writes in the west: one
/// byte a letter.
pub fn decode(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return utf16(rest, u16::from_be_bytes);
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    match unmarked_utf16(bytes) {
        Some(join) => utf16(bytes, join),
        None => std::str::from_utf8(bytes).map_or_else(
            |_| bytes.iter().map(|byte| windows_1252(*byte)).collect(),
            str::to_owned,
        ),
    }
}

fn utf16(bytes: &[u8], join: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| Some(join([*pair.first()?, *pair.get(1)?])))
        .collect();
    String::from_utf16_lossy(&units)
}

/// Separators and line ends have an empty half in UTF-16, and text of one byte a letter has none.
fn unmarked_utf16(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return None;
    }
    let (mut first, mut second) = (0, 0);
    for pair in bytes.chunks_exact(2).take(1_000) {
        match pair {
            [0, 0] => return None,
            [0, _] => first += 1,
            [_, 0] => second += 1,
            _ => {}
        }
    }
    let pairs = (bytes.len() / 2).min(1_000);
    let most = |count: usize| bytes.len().is_multiple_of(2) && count * 2 > pairs;
    if most(second) && first == 0 {
        Some(u16::from_le_bytes)
    } else if most(first) && second == 0 {
        Some(u16::from_be_bytes)
    } else {
        None
    }
}

fn windows_1252(byte: u8) -> char {
    usize::from(byte)
        .checked_sub(0x80)
        .and_then(|place| WINDOWS_1252.get(place).copied())
        .unwrap_or_else(|| char::from(byte))
}

/// Says of a file that is no text what it is, and what to do.
pub fn against_text(text: &str) -> Result<(), String> {
    let kind = if text.starts_with("PK\u{3}\u{4}") {
        "a workbook of a spreadsheet program, or an archive"
    } else if text.starts_with("\u{d0}\u{cf}\u{11}\u{e0}") {
        "an old workbook of a spreadsheet program"
    } else if text.starts_with("%PDF-") {
        "a PDF document"
    } else if text.contains('\0') {
        "no text"
    } else {
        return Ok(());
    };
    Err(format!(
        "The file is {kind}. Save the table as CSV (UTF-8) and choose that file."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16_of(text: &str, split: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(split).collect()
    }

    #[test]
    fn a_file_is_read_whatever_program_wrote_it() {
        assert_eq!(decode("\u{feff}a\u{fc}".as_bytes()), "a\u{fc}");
        assert_eq!(decode(b"a\xfc"), "a\u{fc}");
        assert_eq!(decode(b"\xff\xfea\0\xfc\0"), "a\u{fc}");
        assert_eq!(decode(b"\xfe\xff\0a\0\xfc"), "a\u{fc}");
        // Without a mark, too; and what Windows writes where Latin-1 has controls.
        assert_eq!(decode(b"a\0,\0\xfc\0\n\0"), "a,\u{fc}\n");
        assert_eq!(decode(b"\0a\0,\0\xfc\0\n"), "a,\u{fc}\n");
        assert_eq!(decode(b"\x8ek\x96\x80\xe9"), "\u{17d}k\u{2013}\u{20ac}\u{e9}");
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, says) in [
            (b"PK\x03\x04\x14\x00\x06\x00\x08\x00".as_slice(), "workbook"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00".as_slice(),
                "old workbook",
            ),
            (b"%PDF-1.7\n".as_slice(), "PDF"),
            (b"a,b\n\0\0\0\0\n".as_slice(), "no text"),
        ] {
            let said = against_text(&decode(bytes)).unwrap_err();
            assert!(said.contains(says) && said.contains("CSV"), "{said}");
        }
        assert!(against_text("Name,Email\n").is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let text = decode(&bytes);
            let _ = against_text(&text);
            // No letter takes more than three bytes, wherever it came from.
            prop_assert!(text.len() <= bytes.len() * 3);
        }

        #[test]
        fn what_was_written_is_read(text in "[ -~\u{a1}-\u{ff}\n\t]*") {
            prop_assert_eq!(&decode(text.as_bytes()), &text);
            prop_assert_eq!(&decode(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), &text);
            prop_assert_eq!(&decode(&[b"\xff\xfe".as_slice(), &utf16_of(&text, u16::to_le_bytes)].concat()), &text);
            prop_assert_eq!(&decode(&[b"\xfe\xff".as_slice(), &utf16_of(&text, u16::to_be_bytes)].concat()), &text);
            if text.contains(',') && text.is_ascii() {
                prop_assert_eq!(&decode(&utf16_of(&text, u16::to_le_bytes)), &text);
                prop_assert_eq!(&decode(&utf16_of(&text, u16::to_be_bytes)), &text);
            }
            // One byte a letter, where it cannot be taken for UTF-8.
            let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            if std::str::from_utf8(&bytes).is_err() { prop_assert_eq!(&decode(&bytes), &text); }
        }
    }
}
