//! A receiver of webhooks in the lab, for trying: it takes what comes, looks at the signature as a receiver does, and keeps
//! the newest requests in memory. And webhooks for `licentral lab listen`.

mod api;
mod pages;

use crate::http::{Api, Param, Routes};
use actix_web::http::Method;

/// Where webhooks are sent to reach the receiver.
pub const RECEIVER: &str = "/api/v1/simulator/receiver";

/// The routes of the receiver.
pub fn routes(routes: &mut Routes) {
    routes.get("/simulator/receiver", pages::show);
    routes.post("/simulator/receiver/clear", pages::clear);
    routes.api(
        Method::POST,
        RECEIVER,
        Api::says("Receives a webhook, for trying: whatever body comes is taken. In a lab alone.")
            .query(&[Param::whole(
                "status",
                200,
                599,
                "With what it answers; 204 without it, and 401 when the signature does not fit.",
            )])
            .gives_nothing(),
        api::receive,
    );
    routes.api(
        Method::GET,
        RECEIVER,
        Api::says("The newest requests that the receiver got. In a lab alone.")
            .gives::<api::ReceivedList>(200),
        api::list,
    );
    routes.api(
        Method::DELETE,
        RECEIVER,
        Api::says("Forgets what the receiver got. In a lab alone.").gives_nothing(),
        api::clear,
    );
    routes.api(
        Method::POST,
        "/api/v1/simulator/listeners",
        Api::says("Adds a webhook to an account for a command that listens; one of the same name is replaced. In a lab alone.")
            .takes::<api::ListenBody>()
            .gives::<api::Listening>(201),
        api::listen,
    );
    routes.api(
        Method::DELETE,
        "/api/v1/simulator/listeners/{webhook}",
        Api::says("Removes the webhook of a command that listened. In a lab alone.").gives_nothing(),
        api::stop_listening,
    );
}
