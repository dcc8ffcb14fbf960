//! (being built)

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
