//! A text as a QR code, for a camera.

use crate::error::{Error, Result};
use qrcode::{Color, EcLevel, QrCode};

/// Around the code stay so many modules empty, as its standard wants.
const QUIET: usize = 4;

/// A QR code as a path of a vector picture.
#[derive(Debug)]
pub struct Picture {
    /// Width and height in modules, with the empty border.
    pub size: usize,
    /// The dark modules, as data of an SVG path.
    pub path: String,
}

impl Picture {
    /// Of a text.
    pub fn of(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Error::internal)?;
        let width = code.width();
        let mut path = String::new();
        for (row, modules) in code.to_colors().chunks(width).enumerate() {
            let mut column = 0;
            while column < modules.len() {
                let dark = modules
                    .iter()
                    .skip(column)
                    .take_while(|module| **module == Color::Dark)
                    .count();
                if dark > 0 {
                    path.push_str(&format!("M{} {}h{dark}v1h-{dark}z", column + QUIET, row + QUIET));
                }
                column += dark.max(1);
            }
        }
        Ok(Self {
            size: width + 2 * QUIET,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_three_corners_by_which_it_is_found() {
        let picture = Picture::of("otpauth://totp/x").unwrap();
        assert_eq!(picture.size, 25 + 2 * QUIET);
        // The upper edge of the corners: seven dark modules.
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "{}", picture.path);
        assert!(picture.path.contains("M22 4h7v1h-7z"));
        assert!(picture.path.contains("M4 22h7v1h-7z"));
    }
}
