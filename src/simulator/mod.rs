//! (being built)

use crate::http::Routes;
pub mod scenario;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[];
/// Looks for anything that should not be.
pub fn check(_db: &crate::platform::db::Db) -> crate::error::Result<Vec<String>> {
    Ok(Vec::new())
}
