//! The receiver as a page.

use super::RECEIVER;
use super::api::in_a_lab;
use crate::authz::action::ControlClock;
use crate::http::lab::Received;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, May, NoFields, Posted, Shell, page};
use crate::webhooks::EVENT;
use askama::Template;

const PATH: &str = "/simulator/receiver";

#[derive(Template)]
#[template(path = "simulator/receiver.html")]
struct ReceiverPage {
    shell: Shell,
    address: String,
    requests: Vec<Received>,
}

impl ReceiverPage {
    fn kind(one: &Received) -> &str {
        let found = one.headers.iter().find(|(name, _)| *name == EVENT);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
            .unwrap_or("A request that is no webhook")
    }
    fn pretty(one: &Received) -> String {
        serde_json::from_str::<serde_json::Value>(&one.body)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| one.body.clone())
    }
}

/// GET /simulator/receiver
pub async fn show(may: May<ControlClock>) -> Answer {
    in_a_lab(&may.portal)?;
    page(&ReceiverPage {
        shell: may.shell("Receiver"),
        address: format!("{}{RECEIVER}", may.portal.config.base_url),
        requests: may.portal.lab.received(),
    })
}

/// POST /simulator/receiver/clear
pub async fn clear(may: May<ControlClock>, _: Posted<NoFields>) -> Answer {
    in_a_lab(&may.portal)?;
    let gone = counted(may.portal.lab.forget_received(), "request was", "requests were");
    Ok(may.see_other(PATH, Flash::new(FlashKind::Ok, format!("{gone} forgotten."))))
}
