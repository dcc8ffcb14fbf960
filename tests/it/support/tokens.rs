//! Registration tokens for tests.

use super::{Account, Portal};
use licentral::authz::Permit;
use licentral::kernel::ids::{RegistrationTokenId, VirtualAccountId};
use licentral::platform::occupants::Occupants;
use licentral::tokens::{self, New, Rights, Terms};

impl Portal {
    /// A registration token of a Virtual Account that can be used so often: its id, and its text.
    pub fn registration_token(
        &self,
        account: &Account,
        place: VirtualAccountId,
        max_uses: Option<i64>,
    ) -> (RegistrationTokenId, String) {
        self.registration_token_with(account, place, max_uses, true)
    }

    /// The same, with or without export-controlled functionality.
    pub fn registration_token_with(
        &self,
        account: &Account,
        place: VirtualAccountId,
        max_uses: Option<i64>,
        export_controlled: bool,
    ) -> (RegistrationTokenId, String) {
        let at = self.clock.now();
        let terms = Terms {
            description: "Of a test".to_owned(),
            days: 30,
            max_uses,
            export_controlled,
        };
        let new = New::make(&self.parts.signing, at, place, terms).unwrap();
        let view = Permit::by_the_portal_in(account.id, "tests");
        let manage = Permit::by_the_portal_in(account.id, "tests");
        let rights = Rights {
            view: &view,
            manage: &manage,
        };
        self.db
            .write_now(|tx| {
                tokens::create(
                    tx,
                    &rights,
                    &Occupants::default(),
                    at,
                    std::slice::from_ref(&new),
                    None,
                )
            })
            .unwrap();
        (new.id(), new.text().reveal().to_owned())
    }
}
