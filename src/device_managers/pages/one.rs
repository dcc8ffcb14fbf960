//! One device manager: General, Virtual Accounts, Event log.

use super::list::Line;
use super::{MOST_EVENTS, between};
use crate::authz::action::ViewInventory;
use crate::device_managers::model::LocalPlace;
use crate::device_managers::service;
use crate::http::form::PathPart;
use crate::http::widgets::{Happening, Tab};
use crate::http::{Answer, May, Shell, page};
use crate::kernel::ids::DeviceManagerId;
use crate::members;
use crate::platform::db::{Past, history};
use askama::Template;

/// What the chosen tab shows.
enum Shown {
    General,
    Places(Vec<LocalPlace>),
    Log(Vec<Happening>),
}

#[derive(Template)]
#[template(path = "device_managers/one.html")]
struct OnePage {
    shell: Shell,
    line: Line,
    tabs: Vec<Tab>,
    shown: Shown,
    number: i64,
}

async fn one_page(may: &May<ViewInventory>, id: DeviceManagerId, tab: usize) -> Answer {
    let (row, past, administrators) = may
        .reads(move |r, permit| {
            let row = service::find(r, permit, id)?;
            let account = row.manager.account;
            let past = if tab == 2 {
                history(r, account, id.as_str(), MOST_EVENTS)?
            } else {
                Vec::new()
            };
            Ok((row, past, members::administrators_of(r, account)?))
        })
        .await?;
    let line = Line::of(may, row, &administrators);
    let tabs = [
        ("General", "", None),
        (
            "Virtual Accounts",
            "/virtual-accounts",
            Some(line.one().local_places().len() as u64),
        ),
        ("Event log", "/event-log", None),
    ];
    let tabs = tabs
        .into_iter()
        .enumerate()
        .map(|(at, (label, path, count))| Tab {
            label: label.to_owned(),
            href: format!("{}{path}", line.base),
            current: at == tab,
            count,
        })
        .collect();
    page(&OnePage {
        shell: may.account_shell(line.one().name.clone(), &between(may, None)),
        shown: match tab {
            1 => Shown::Places(line.one().local_places()),
            2 => Shown::Log(past.into_iter().map(happening).collect()),
            _ => Shown::General,
        },
        tabs,
        number: may.number(),
        line,
    })
}

fn happening(past: Past) -> Happening {
    Happening {
        what: past.kind.label().to_owned(),
        who: past.actor,
        at: past.at.utc(),
        note: past.message,
    }
}

pub(super) async fn general(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 0).await
}

pub(super) async fn places(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 1).await
}

pub(super) async fn log(may: May<ViewInventory>, id: PathPart<DeviceManagerId>) -> Answer {
    one_page(&may, id.0, 2).await
}
