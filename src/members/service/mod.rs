//! Who holds which role, as far as a permit reaches.

mod factor;
mod give;
mod read;
mod take;

pub use factor::{Factors, factors, require_factor};
pub use give::{
    Wanted, give, give_beside, give_in, give_roles, invite_again, is_last_administrator, through_group_only,
};
pub use read::{BY_NAME, Filter, Place, count, find, list, page, place, total};
pub use take::{change, leave, remove};
