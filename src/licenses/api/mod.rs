//! Licenses, for scripts: what the pages show, and the transfer.

mod ledger;
mod licenses;
mod tags;
mod transfer;

use crate::http::{Api, Routes};
use crate::licenses::ledger::FOR_SCRIPTS;
use crate::licenses::list::LIST;
use actix_web::http::Method;
use ledger::PostingShape;
use licenses::{LicenseDetail, LicenseShape, one};
use tags::{TagsBody, TagsShape, tag};
use transfer::{TransferBody, TransferShape, transfer};

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    LIST.operation::<LicenseShape>(
        routes,
        "/api/v1/accounts/{said}/licenses",
        "License Inventory: how many licenses of each kind lie in which Virtual Account, all terms together.",
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/licenses/{license}",
        Api::says("One license in one Virtual Account, with its terms in the order in which they are used.")
            .gives::<LicenseDetail>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/license-tags",
        Api::says("Adds tags to licenses and removes others: of all of them or of none. A tag that is there already, or not there, is left as it is, so that it may be sent again.")
            .takes::<TagsBody>()
            .gives::<TagsShape>(200),
        tag,
    );
    FOR_SCRIPTS.operation::<PostingShape>(
        routes,
        "/api/v1/accounts/{said}/license-transactions",
        "The ledger: every license that came into a Virtual Account or went out of it, the newest first.",
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/license-transfers",
        Api::says("Transfers licenses between Virtual Accounts: all lines or none. With \"dry_run\" nothing is done and the answer says what would be.")
            .takes::<TransferBody>()
            .gives::<TransferShape>(200)
            .once(),
        transfer,
    );
}
