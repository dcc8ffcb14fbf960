//! (being built)
use super::demo::Demo;
use crate::error::Result;
use crate::platform::db::Db;
pub fn write(_db: &Db, _demo: &Demo, _hash: &str) -> Result<String> {
    Ok(String::new())
}
