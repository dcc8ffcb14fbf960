//! (being built)
use crate::error::Result;
use crate::platform::db::Db;
/// Looks for anything that should not be.
pub fn check(_db: &Db) -> Result<Vec<String>> {
    Ok(Vec::new())
}
