//! "Smart Account properties", and the pop-ups that change them.

mod domain;
mod edit;
mod headquarters;
mod properties;
mod state;

pub use domain::{change_domain, domain_dialog, wish, withdraw_dialog, withdraw_domain};
pub use edit::{edit, edit_form, read};
pub use headquarters::{add_address, address_dialog, change_headquarters, headquarters_dialog};
pub use properties::properties;
pub use state::{deactivate, deactivate_dialog, reactivate, reactivate_dialog, turn};
