//! The portal's typeface, cut to the letters that it needs.

use std::{fs, path::Path};

/// Latin with Western European letters, and the signs that the pages use.
fn letters() -> Vec<u32> {
    let mut all: Vec<u32> = (0x20..=0x7e).chain(0xa0..=0xff).collect();
    all.extend([
        0x2013, 0x2014, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2026, 0x20ac, 0x2190, 0x2191, 0x2192,
        0x2193, 0x2212,
    ]);
    all
}

/// Cutting and packing takes half a minute, so the result is kept beside the other output under a name
/// that changes with what went in: an edit of the style sheet does not pay for it again.
pub fn woff2(out: &Path) -> Vec<u8> {
    let letters = letters();
    let features = [*b"tnum", *b"zero", *b"case", *b"ss01"];
    let recipe = format!("{}:{letters:?}:{features:?}", ttf_inter::REGULAR.len());
    let kept = out.join(format!("kept-{:016x}.woff2", crate::fnv(recipe.as_bytes())));
    if let Ok(bytes) = fs::read(&kept) {
        return bytes;
    }
    let bytes = fontcull::subset_font_to_woff2_unicode(ttf_inter::REGULAR, &letters, &features)
        .expect("the typeface could not be cut to the letters in use");
    fs::write(&kept, &bytes).expect("the cut typeface could not be kept in OUT_DIR");
    bytes
}
