//! Makes every file that browsers fetch: icon sprite, typeface, style sheet, script. Needs neither node nor a
//! network call of its own, because cargo has already fetched the crates that it draws on.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script talks to cargo alone: through its output, and in words when something is missing"
)]
#![allow(
    clippy::format_push_string,
    reason = "runs once per build; the plain way reads best"
)]

#[cfg(feature = "webfont")]
mod font;
mod icons;

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

const FROM: &str = "templates/assets";

/// FNV-1a: names only need to change when the content does.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

struct Made {
    name: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Made {
    fn new(name: &str, kind: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            bytes,
        }
    }

    /// `app.css` becomes `app.1f2e3d4c5b.css`, so that browsers may keep it for good.
    fn hashed(&self) -> String {
        let (stem, end) = self
            .name
            .rsplit_once('.')
            .expect("every asset's name ends in a dot and its kind");
        format!("{stem}.{:010x}.{end}", fnv(&self.bytes) & 0xff_ffff_ffff)
    }
}

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(FROM).join(name)).unwrap_or_else(|error| {
        eprintln!("{FROM}/{name}: {error}");
        std::process::exit(1)
    })
}

/// All parts of the style sheet in the order of their names, without the lines that only people read.
fn style_sheet(leaves: &[Made]) -> Vec<u8> {
    let webfont = cfg!(feature = "webfont");
    let mut parts: Vec<PathBuf> = fs::read_dir(Path::new(FROM).join("css"))
        .expect("templates/assets/css is missing")
        .map(|entry| entry.expect("templates/assets/css could not be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "css"))
        // Without the typeface nothing may ask for it.
        .filter(|path| webfont || !path.ends_with("05-webfont.css"))
        .collect();
    parts.sort();
    let mut sheet = String::new();
    for part in parts {
        sheet.push_str(&fs::read_to_string(&part).expect("a part of the style sheet could not be read"));
        sheet.push('\n');
    }
    for leaf in leaves {
        sheet = sheet.replace(
            &format!("url(\"{}\")", leaf.name),
            &format!("url(\"{}\")", leaf.hashed()),
        );
    }
    without_comments(&sheet).into_bytes()
}

fn without_comments(sheet: &str) -> String {
    let mut rest = sheet;
    let mut kept = String::with_capacity(sheet.len());
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    kept.push_str(rest);
    kept.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    let mut from = bytes;
    brotli::BrotliCompress(&mut from, &mut packed, &best).expect("brotli could not pack an asset");
    packed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("gzip could not pack an asset");
    packer.finish().expect("gzip could not finish an asset")
}

fn main() {
    println!("cargo::rerun-if-changed={FROM}");
    println!("cargo::rerun-if-changed=src/build");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for every build script"));

    // Leaves first, so that the style sheet can name them by hash.
    let mut made = vec![
        Made::new("icons.svg", "image/svg+xml", icons::sprite().into_bytes()),
        Made::new("favicon.svg", "image/svg+xml", read("favicon.svg")),
        Made::new("chevron.svg", "image/svg+xml", read("chevron.svg")),
        Made::new("app.js", "text/javascript; charset=utf-8", read("app.js")),
    ];
    #[cfg(feature = "webfont")]
    made.push(Made::new("inter.woff2", "font/woff2", font::woff2(&out)));
    let sheet = style_sheet(&made);
    made.push(Made::new("app.css", "text/css; charset=utf-8", sheet));

    let mut table = String::from("pub static ASSETS: &[Asset] = &[\n");
    let mut names = String::new();
    for asset in &made {
        let file = asset.hashed();
        let write = |end: &str, bytes: &[u8]| {
            fs::write(out.join(format!("{file}{end}")), bytes)
                .expect("an asset could not be written to OUT_DIR");
            format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}{end}\"))")
        };
        let raw = write("", &asset.bytes);
        // woff2 is already packed with brotli.
        let (br, gz) = if asset.kind == "font/woff2" {
            ("None".to_owned(), "None".to_owned())
        } else {
            (
                format!("Some({})", write(".br", &brotli(&asset.bytes))),
                format!("Some({})", write(".gz", &gzip(&asset.bytes))),
            )
        };
        table.push_str(&format!(
            "Asset {{ path: \"/assets/{file}\", kind: \"{}\", raw: {raw}, br: {br}, gz: {gz} }},\n",
            asset.kind
        ));
        if asset.kind != "font/woff2" {
            let name = asset.name.replace('.', "_").to_uppercase();
            names.push_str(&format!("/// Where `{}` is served.\n", asset.name));
            names.push_str(&format!("pub const {name}: &str = \"/assets/{file}\";\n"));
        }
    }
    table.push_str("];\n");
    let font = made.iter().find(|asset| asset.kind == "font/woff2");
    names.push_str(&format!(
        "/// Where the typeface is served, when it is built in.\npub const WEBFONT: Option<&str> = {};\n",
        font.map_or("None".to_owned(), |font| format!(
            "Some(\"/assets/{}\")",
            font.hashed()
        ))
    ));
    fs::write(out.join("assets.rs"), table + &names)
        .expect("the list of assets could not be written to OUT_DIR");
}
