//! The pages of requests.

mod ask;
mod decide;
mod link;
mod list;
mod request;

use crate::account_requests::list::LIST;
use crate::authz::Does;
use crate::authz::action::ApproveDomain;
use crate::error::Result;
use crate::http::form::Named;
use crate::http::menu::Item;
use crate::http::{Flash, FlashKind, Routes};
use ask::{send_for_customer, send_for_own, show_customer_form, show_own_form};
use decide::{approve, approve_domain, deny, forward, withdraw};
use link::{open_link, set_up_account};
use list::show_list;
use request::{show, show_deny, show_forward, show_withdraw};

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get("/access/request-for-customer", show_customer_form);
    routes.post("/access/request-for-customer", send_for_customer);
    routes.get("/access/create", show_own_form);
    routes.post("/access/create", send_for_own);
    LIST.pages(routes, show_list);
    routes.get("/requests/{reference}", show);
    routes.post("/requests/{reference}/approve", approve);
    routes.post("/requests/{reference}/approve-domain", approve_domain);
    routes.get("/requests/{reference}/deny", show_deny);
    routes.post("/requests/{reference}/deny", deny);
    routes.get("/requests/{reference}/forward", show_forward);
    routes.post("/requests/{reference}/forward", forward);
    routes.get("/requests/{reference}/withdraw", show_withdraw);
    routes.post("/requests/{reference}/withdraw", withdraw);
    routes.get("/r/{token}", open_link);
    routes.post("/r/{token}", set_up_account);
    routes.menu(Item {
        section: "Account Management",
        group: None,
        label: Some("Smart Account requests"),
        path: "/requests",
        action: <ApproveDomain as Does>::ACTION,
    });
}

/// What stands in an emailed link. Anything may; what is no token is a dead link.
struct Token(String);

impl std::str::FromStr for Token {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for Token {
    const NAME: &'static str = "token";
}

fn flash(kind: FlashKind, text: impl Into<String>, link: Option<(&str, String)>) -> Flash {
    Flash {
        kind,
        text: text.into(),
        link: link.map(|(label, href)| (label.to_owned(), href)),
    }
}
