//! (being built)

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}
/// The letters of this room.
pub fn letters(_letters: &mut crate::platform::mail::Letters) {}
/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[];
/// What this room does by the clock.
pub fn jobs(_db: &crate::platform::db::Db, _clock: &crate::kernel::Clock) -> Vec<crate::platform::jobs::Job> {
    Vec::new()
}
