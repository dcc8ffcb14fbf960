//! (being built)

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[];
