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

use crate::error::{Error, Problems, Result};
use crate::http::{Flash, FlashKind};

/// What a pop-up shows again, and with which status; anything else stays an error.
pub fn again(error: Error, field: &str) -> Result<(u16, Problems)> {
    match error {
        Error::Invalid(problems) => Ok((422, problems)),
        Error::Refused(refusal) if refusal.code.starts_with("smart-accounts.") => {
            let mut problems = Problems::default();
            problems.add(field, refusal.says);
            Ok((409, problems))
        }
        other => Err(other),
    }
}

pub fn done(text: impl Into<String>) -> Flash {
    Flash {
        kind: FlashKind::Ok,
        text: text.into(),
        link: None,
    }
}
