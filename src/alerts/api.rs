//! Alerts, for scripts.

use super::list::{LIST, Row};
use super::model::{Settings, Severity, Type};
use super::service;
use crate::authz::action::{EditNotificationAddresses, ViewInventory};
use crate::error::Error;
use crate::http::list::Reading;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many alerts are hidden or shown at a time.
const MOST_HIDDEN: usize = 500;

pub fn routes(routes: &mut Routes) {
    const NOTIFICATIONS: &str = "/api/v1/accounts/{said}/notifications";
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/alerts",
        Api::says("Alerts, the worst first. Those that one hides are left out.")
            .query(&LIST.without_pages())
            .gives::<AlertList>(200),
        all,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/alerts/hide",
        Api::says("Hides alerts from oneself, or shows them again. Keys of alerts that are not there are passed over.")
            .takes::<HideBody>()
            .gives::<AlertList>(200),
        hide,
    );
    routes.api(
        Method::GET,
        NOTIFICATIONS,
        Api::says("What one is told by mail, and the Additional Email Addresses.")
            .gives::<NotificationsShape>(200),
        notifications,
    );
    routes.api(
        Method::PUT,
        NOTIFICATIONS,
        Api::says("Change what one is told by mail. With additional_addresses those of the account are changed as well, by a Smart Account Administrator; without, they stay.")
            .takes::<NotificationsBody>()
            .gives::<NotificationsShape>(200),
        save,
    );
}

/// Something that needs somebody.
#[derive(Debug, Serialize, ToSchema)]
struct AlertShape {
    /// What it is about and since when.
    key: String,
    #[schema(value_type = String)]
    severity: Severity,
    #[schema(value_type = String)]
    r#type: Type,
    message: String,
    #[schema(value_type = String)]
    virtual_account: VirtualAccountId,
    /// Name of the Virtual Account.
    source: String,
    /// Until when somebody has to act; none for at once.
    action_due: Option<Moment>,
    hidden: bool,
}

impl From<Row> for AlertShape {
    fn from(row: Row) -> Self {
        Self {
            key: row.alert.key,
            severity: row.alert.severity,
            r#type: row.alert.kind,
            message: row.alert.message,
            virtual_account: row.alert.place,
            source: row.place,
            action_due: row.alert.due,
            hidden: row.hidden,
        }
    }
}

/// Alerts.
#[derive(Debug, Serialize, ToSchema)]
struct AlertList {
    items: Vec<AlertShape>,
    total: u64,
}

impl AlertList {
    fn of(rows: Vec<Row>) -> Self {
        Self {
            total: rows.len() as u64,
            items: rows.into_iter().map(AlertShape::from).collect(),
        }
    }
}

async fn all(may: May<ViewInventory>) -> Answer {
    let of = Reading::of(&may, LIST.path);
    json(200, &AlertList::of(LIST.all(of, &may, &may.permit).await?))
}

/// Which alerts one hides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HideBody {
    /// Keys of alerts, 500 at most.
    #[schema(min_items = 1, max_items = 500)]
    keys: Vec<String>,
    /// false: they are shown again.
    #[serde(default = "yes")]
    hidden: bool,
}

const fn yes() -> bool {
    true
}

/// Answers with those of them that are there.
async fn hide(may: May<ViewInventory>, body: JsonBody<HideBody>) -> Answer {
    let HideBody { keys, hidden } = body.value;
    if keys.is_empty() || keys.len() > MOST_HIDDEN {
        return Err(Error::invalid("keys", format!("Name 1 to {MOST_HIDDEN} alerts.")));
    }
    let (permit, at, these) = (may.permit.clone(), may.portal.clock.now(), keys.clone());
    may.portal
        .db
        .housekeeping(move |tx| service::hide(tx, &permit, &these, hidden, at))
        .await?;
    let of = Reading::of(&may, LIST.path).asking("hidden=yes");
    let mut rows = LIST.all(of, &may, &may.permit).await?;
    rows.retain(|row| keys.contains(&row.alert.key));
    json(200, &AlertList::of(rows))
}

/// What one is told by mail.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationsShape {
    daily_summary: bool,
    status: bool,
    /// Licenses whose term ends within 90 days.
    expiring_90: bool,
    expiring_60: bool,
    expiring_30: bool,
    /// Told the same as the people of the account.
    additional_addresses: Vec<String>,
}

/// What one wants to be told by mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NotificationsBody {
    daily_summary: bool,
    status: bool,
    expiring_90: bool,
    expiring_60: bool,
    expiring_30: bool,
    /// All within the company's domain of the account. Left out: they stay.
    #[schema(max_items = 50)]
    additional_addresses: Option<Vec<String>>,
}

async fn told(may: &May<ViewInventory>) -> Answer {
    let (settings, additional_addresses) = may.reads(move |r, permit| service::settings(r, permit)).await?;
    json(
        200,
        &NotificationsShape {
            daily_summary: settings.daily_summary,
            status: settings.status,
            expiring_90: settings.expiring_90,
            expiring_60: settings.expiring_60,
            expiring_30: settings.expiring_30,
            additional_addresses,
        },
    )
}

async fn notifications(may: May<ViewInventory>) -> Answer {
    told(&may).await
}

async fn save(may: May<ViewInventory>, body: JsonBody<NotificationsBody>) -> Answer {
    let asked = body.value;
    let wanted = Settings {
        daily_summary: asked.daily_summary,
        status: asked.status,
        expiring_90: asked.expiring_90,
        expiring_60: asked.expiring_60,
        expiring_30: asked.expiring_30,
    };
    let more = match asked.additional_addresses {
        None => None,
        Some(list) => Some((may.also::<EditNotificationAddresses>().await?, list.join("\n"))),
    };
    may.does(move |tx, permit, at| {
        let more = more.as_ref().map(|(right, typed)| (right, typed.as_str()));
        service::save(tx, permit, at, &wanted, more).map_err(|error| match error {
            // The field has another name here.
            Error::Invalid(problems) => Error::invalid(
                "additional_addresses",
                problems
                    .list()
                    .first()
                    .map_or("", |problem| problem.says.as_str()),
            ),
            other => other,
        })
    })
    .await?;
    told(&may).await
}
