//! The pages of local accounts.

use crate::http::Routes;

pub fn routes(_routes: &mut Routes) {}
