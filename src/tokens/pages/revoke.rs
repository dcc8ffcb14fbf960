//! "Revoke".

use super::super::operations::does;
use super::super::service;
use super::shown::line_of;
use super::{Dialog, Over, page_below};
use crate::authz::action::{ManageTokens, ViewInventory};
use crate::http::form::PathPart;
use crate::http::{Answer, May, NoFields, Posted, Routes};
use crate::kernel::ids::{RegistrationTokenId, VirtualAccountId};

/// The addresses of one token.
pub(super) fn routes(routes: &mut Routes, one: &str) {
    routes.get(&format!("{one}/revoke"), revoke_dialog);
    routes.post(&format!("{one}/revoke"), revoke);
}

/// GET …/{registration}/revoke
async fn revoke_dialog(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    page_below(&may, &view, over, Some(Dialog::Revoke(Box::new(line))), 200).await
}

/// POST …/{registration}/revoke
pub(super) async fn revoke(
    may: May<ManageTokens>,
    place: Option<PathPart<VirtualAccountId>>,
    id: PathPart<RegistrationTokenId>,
    _: Posted<NoFields>,
) -> Answer {
    let (over, view) = (Over::of(&may, place)?, may.also::<ViewInventory>().await?);
    let line = line_of(&may, &view, over, id.0).await?;
    does(&may, move |tx, rights, at| service::revoke(tx, rights, at, id.0)).await?;
    let says = format!(
        "The registration token {} is revoked: nothing can be registered with it any more.",
        line.name()
    );
    may.done(&over.page(&may), says)
}
