//! (being built)
use crate::error::Result;
use crate::http::Portal;
/// Fills an empty lab.
pub fn fill_if_empty(_portal: &Portal) -> Result<Option<String>> {
    Ok(None)
}
