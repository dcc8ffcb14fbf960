//! The files that browsers fetch, made by the build script and kept inside the binary.

/// One file under `/assets/`. Its name holds a hash of its content, so browsers may keep it for good.
#[derive(Debug)]
pub struct Asset {
    /// From the root, such as `/assets/app.0123456789.css`.
    pub path: &'static str,
    /// The media type.
    pub kind: &'static str,
    pub raw: &'static [u8],
    pub br: Option<&'static [u8]>,
    pub gz: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`, which starts with `/assets/`.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn text(path: &str) -> &'static str {
        find(path)
            .and_then(|asset| std::str::from_utf8(asset.raw).ok())
            .unwrap_or_default()
    }

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        assert_eq!(find(APP_CSS).map(|a| a.kind), Some("text/css; charset=utf-8"));
        assert!(find("/assets/../Cargo.toml").is_none());
        assert!(find("/assets/app.css").is_none());
    }

    #[test]
    fn the_style_sheet_only_names_files_that_exist() {
        let sheet = text(APP_CSS);
        assert!(sheet.contains("@layer"));
        for piece in sheet.split("url(\"").skip(1) {
            let name = piece.split('"').next().unwrap_or_default();
            assert!(find(&format!("/assets/{name}")).is_some(), "{name}");
        }
        assert_eq!(WEBFONT.is_some(), sheet.contains("woff2"));
    }

    fn templates(dir: &Path, seen: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                templates(&entry.path(), seen);
            } else if entry.path().extension().is_some_and(|end| end == "html") {
                seen.push(std::fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }

    /// A missing icon shows as nothing at all, which nobody notices.
    #[test]
    fn every_icon_that_a_template_names_is_in_the_sprite() {
        let sprite = text(ICONS_SVG);
        let mut pages = Vec::new();
        templates(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"),
            &mut pages,
        );
        assert!(!pages.is_empty());
        for page in pages {
            for piece in page.split("icon(\"").skip(1) {
                let name = piece.split('"').next().unwrap_or_default();
                assert!(sprite.contains(&format!("id=\"{name}\"")), "icon {name}");
            }
        }
    }
}
