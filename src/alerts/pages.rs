//! "Alerts" of a Smart Account, and what one wants to be told of them.

use super::list::{LIST, Row};
use super::model::Settings;
use super::service;
use crate::authz::Action;
use crate::authz::action::{EditNotificationAddresses, ViewInventory};
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::list::{Listing, Reading};
use crate::http::menu::{ALERTS, Item};
use crate::http::widgets::counted;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, Freshness, May, NoFields, Posted, Routes, Shell, Visit, page,
    page_with, reason,
};
use crate::members;
use askama::Template;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    LIST.pages(routes, list);
    routes.post(&format!("{ALERTS}/hide"), hide);
    routes.post(&format!("{ALERTS}/show"), show);
    routes.get(&format!("{ALERTS}/notifications"), notifications);
    routes.post(&format!("{ALERTS}/notifications"), save);
    routes.post(&format!("{ALERTS}/notifications/reset"), reset);
    routes.menu_counted(
        Item {
            section: "Activity",
            group: None,
            label: Some("Alerts"),
            path: ALERTS,
            action: Action::ViewInventory,
        },
        service::waiting,
    );
}

fn address(visit: &Visit) -> String {
    ALERTS.replace("{said}", &visit.number().to_string())
}

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct ListPage {
    shell: Shell,
    found: Listing<Row>,
    base: String,
    number: i64,
    /// What stands behind the `?`: hiding leads back to it.
    asked: String,
    freshness: Freshness,
}

async fn list(may: May<ViewInventory>) -> Answer {
    let visit = Visit::clone(&may);
    let (found, freshness) = LIST
        .page(&may, &may.permit, move |r, permit, _| {
            Freshness::read(r, &visit, permit, None)
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell("Alerts", &[], &found.list),
        base: address(&may),
        number: may.number(),
        freshness,
        asked: found
            .list
            .href()
            .split_once('?')
            .map(|(_, asked)| asked.to_owned())
            .unwrap_or_default(),
        found,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    #[serde(default)]
    key: Vec<String>,
    /// The list's query.
    #[serde(default)]
    asked: String,
}

async fn change(may: May<ViewInventory>, posted: Posted<Chosen>, hidden: bool) -> Answer {
    let (permit, at, keys) = (
        may.permit.clone(),
        may.portal.clock.now(),
        posted.value.key.clone(),
    );
    may.portal
        .db
        .housekeeping(move |tx| service::hide(tx, &permit, &keys, hidden, at))
        .await?;
    let count = counted(posted.value.key.len() as u64, "alert is", "alerts are");
    let says = if hidden {
        format!("{count} hidden from you. What comes back shows again.")
    } else {
        format!("{count} shown again.")
    };
    // Read and written anew, so that it leads to no other page.
    let asked = Reading::of(&may, LIST.path).asking(&posted.value.asked);
    let back = LIST.asked_at(asked).list.href();
    Ok(may.see_other(&back, Flash::new(FlashKind::Ok, says)))
}

async fn hide(may: May<ViewInventory>, posted: Posted<Chosen>) -> Answer {
    change(may, posted, true).await
}

async fn show(may: May<ViewInventory>, posted: Posted<Chosen>) -> Answer {
    change(may, posted, false).await
}

#[derive(Template)]
#[template(path = "alerts/notifications.html")]
struct NotificationsPage {
    shell: Shell,
    form: FormState,
    base: String,
    email: String,
    /// Why the additional addresses cannot be changed, or "".
    against: String,
    addresses: Vec<String>,
}

async fn notifications_page(may: &May<ViewInventory>, form: Option<FormState>) -> Result<NotificationsPage> {
    let (settings, addresses, admins) = may
        .reads(move |r, permit| {
            let (settings, addresses) = service::settings(r, permit)?;
            let admins = members::administrators_of(r, permit.within().account()?)?;
            Ok((settings, addresses, admins))
        })
        .await?;
    let form = form.unwrap_or_else(|| {
        let mut form = fresh().with_value("addresses", addresses.join("\n"));
        for (name, on) in [
            ("daily_summary", settings.daily_summary),
            ("status", settings.status),
            ("expiring_90", settings.expiring_90),
            ("expiring_60", settings.expiring_60),
            ("expiring_30", settings.expiring_30),
        ] {
            if on {
                form = form.with_value(name, "1");
            }
        }
        form
    });
    let base = address(may);
    let mut shell = may.account_shell("Notifications", &[Crumb::link("Alerts", &base)]);
    shell.error_title = form.has_problems();
    Ok(NotificationsPage {
        shell,
        form,
        base,
        email: may.permit.actor()?.person.email.to_string(),
        against: reason::against(may, Action::EditNotificationAddresses, None, &admins).unwrap_or_default(),
        addresses,
    })
}

async fn notifications(may: May<ViewInventory>) -> Answer {
    page(&notifications_page(&may, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    daily_summary: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    expiring_90: String,
    #[serde(default)]
    expiring_60: String,
    #[serde(default)]
    expiring_30: String,
    addresses: Option<String>,
}

async fn save(may: May<ViewInventory>, posted: Posted<Fields>) -> Answer {
    let form = &posted.value;
    let wanted = Settings {
        daily_summary: form.daily_summary == "1",
        status: form.status == "1",
        expiring_90: form.expiring_90 == "1",
        expiring_60: form.expiring_60 == "1",
        expiring_30: form.expiring_30 == "1",
    };
    let more = match &form.addresses {
        None => None,
        Some(typed) => Some((may.also::<EditNotificationAddresses>().await?, typed.clone())),
    };
    let saved = may
        .does(move |tx, permit, at| {
            let more = more.as_ref().map(|(right, typed)| (right, typed.as_str()));
            service::save(tx, permit, at, &wanted, more)
        })
        .await;
    match saved {
        Err(Error::Invalid(problems)) => {
            let view = notifications_page(&may, Some(posted.again(&problems))).await?;
            page_with(422, &view)
        }
        Err(other) => Err(other),
        Ok(()) => Ok(may.see_other(
            &format!("{}/notifications", address(&may)),
            Flash::new(FlashKind::Ok, "Your notification settings are saved."),
        )),
    }
}

async fn reset(may: May<ViewInventory>, _: Posted<NoFields>) -> Answer {
    may.does(move |tx, permit, at| service::save(tx, permit, at, &Settings::default(), None))
        .await?;
    Ok(may.see_other(
        &format!("{}/notifications", address(&may)),
        Flash::new(
            FlashKind::Ok,
            "Your notification settings are reset: you are told nothing by email.",
        ),
    ))
}
