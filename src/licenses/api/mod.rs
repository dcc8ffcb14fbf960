//! Licenses, for scripts: what the pages show, and the transfer.

mod ledger;
mod licenses;
mod tags;
mod transfer;

use crate::http::{Api, Param, Routes};
use crate::licenses::pages::{ALERTS, BILLINGS, EMPTY, SORTS, TERMS};
use actix_web::http::Method;
use ledger::{PostingList, ledger};
use licenses::{LicenseDetail, LicenseList, all, one};
use tags::{TagsBody, TagsShape, tag};
use transfer::{TransferBody, TransferShape, transfer};

/// The operations of this room.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/licenses",
        Api::says("License Inventory: how many licenses of each kind lie in which Virtual Account, all terms together.")
            .query(&[
                Param::text("q", "Words in the license's name, in its entitlement or in one of its tags."),
                Param::id("va", "Id of a Virtual Account.").many(),
                Param::text("tag", "A tag of Virtual Accounts.").many(),
                Param::text("license-tag", "A license tag.").many(),
                Param::choice("alert", ALERTS, "short: Insufficient Licenses; ending: a term ends within 90 days.").many(),
                Param::choice("term", TERMS, "Of the term that ends first.").many(),
                Param::choice("billing", BILLINGS, "How they are paid for.").many(),
                Param::choice("empty", EMPTY, "yes: those of which none are left as well."),
                Param::sort(SORTS, "With - in front the other way round."),
                Param::PAGE,
                Param::PER,
            ])
            .gives::<LicenseList>(200),
        all,
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
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/license-transactions",
        Api::says(
            "The ledger: every license that came into a Virtual Account or went out of it, the newest first.",
        )
        .query(&[Param::PAGE, Param::PER])
        .gives::<PostingList>(200),
        ledger,
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
