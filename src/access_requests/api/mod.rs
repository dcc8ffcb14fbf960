//! Requests for access, for scripts: everything that the pages can do.

mod requests;
mod settings;

use crate::access_requests::list::BOTH;
use crate::http::{Api, Routes};
use actix_web::http::Method;
use requests::{
    AccessGift, AccessRefusal, AccessRequestShape, NewAccessRequest, OwnAccessRequests, approve, decline,
    one, own, own_one, send, withdraw,
};
use settings::{
    AccessSettings, DelegationList, DelegationShape, NewAccessSettings, NewDelegation, change_settings,
    delegations, end, lend, settings,
};

/// The operations.
pub fn routes(routes: &mut Routes) {
    const OWN: &str = "/api/v1/access-requests";
    const ALL: &str = "/api/v1/accounts/{said}/access-requests";
    const ONE: &str = "/api/v1/accounts/{said}/access-requests/{access}";
    const SETTINGS: &str = "/api/v1/accounts/{said}/access-request-settings";
    const DELEGATIONS: &str = "/api/v1/accounts/{said}/access-delegations";
    routes.api(
        Method::GET,
        OWN,
        Api::says("One's own requests for access, the newest first.").gives::<OwnAccessRequests>(200),
        own,
    );
    routes.api(
        Method::POST,
        OWN,
        Api::says("Request access to a Smart Account.")
            .takes::<NewAccessRequest>()
            .gives::<AccessRequestShape>(201)
            .once(),
        send,
    );
    routes.api(
        Method::GET,
        "/api/v1/access-requests/{access}",
        Api::says("One of one's own requests for access.").gives::<AccessRequestShape>(200),
        own_one,
    );
    routes.api(
        Method::POST,
        "/api/v1/access-requests/{access}/withdraw",
        Api::says("Take one's own request for access back.").gives::<AccessRequestShape>(200),
        withdraw,
    );
    BOTH.operation::<AccessRequestShape>(
        routes,
        ALL,
        "Requests for access to a Smart Account, as far as one can decide them.",
    );
    routes.api(
        Method::GET,
        ONE,
        Api::says("One request for access.").gives::<AccessRequestShape>(200),
        one,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/access-requests/{access}/approve",
        Api::says(
            "Approve a request for access, with a scope and a role that may differ from what was asked.",
        )
        .takes::<AccessGift>()
        .gives::<AccessRequestShape>(200),
        approve,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/access-requests/{access}/decline",
        Api::says("Decline a request for access.")
            .takes::<AccessRefusal>()
            .gives::<AccessRequestShape>(200),
        decline,
    );
    routes.api(
        Method::GET,
        SETTINGS,
        Api::says("Access request Automation settings.").gives::<AccessSettings>(200),
        settings,
    );
    routes.api(
        Method::PUT,
        SETTINGS,
        Api::says("Change the Access request Automation settings, as a whole.")
            .takes::<NewAccessSettings>()
            .gives::<AccessSettings>(200),
        change_settings,
    );
    routes.api(
        Method::GET,
        DELEGATIONS,
        Api::says("Who decides requests for access on whose behalf, now or later.")
            .gives::<DelegationList>(200),
        delegations,
    );
    routes.api(
        Method::POST,
        DELEGATIONS,
        Api::says("Name somebody who decides while one is away.")
            .takes::<NewDelegation>()
            .gives::<DelegationShape>(201),
        lend,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/accounts/{said}/access-delegations/{delegation}",
        Api::says("End a delegation.").gives_nothing(),
        end,
    );
}
