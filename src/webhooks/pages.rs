//! "Webhooks" of an account: the list, one with what it was told, one delivery with request and answer.

use super::list::{DELIVERIES, LIST, OneWebhook, WEBHOOK, kinds};
use super::model::{self, DELIVERY, Delivery, EVENT, SIGNATURE, State, Tally, Wanted, Webhook};
use super::operations::{ReplayBody, again, period};
use super::service::{self, Again, NewSecret};
use crate::authz::Action;
use crate::authz::action::ManageWebhooks;
use crate::error::{Error, Result};
use crate::events::KINDS;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{Listing, Reading};
use crate::http::widgets::{counted, number};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, NoFields, Posted, Routes, Shell, page, page_with,
};
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::platform::config::Days;
use askama::Template;
use serde::Deserialize;

impl Named for WebhookId {
    const NAME: &'static str = "webhook";
}
impl Named for DeliveryId {
    const NAME: &'static str = "delivery";
}

pub fn routes(routes: &mut Routes) {
    const ALL: &str = super::WEBHOOKS;
    const ONE: &str = "/sa/{said}/webhooks/{webhook}";
    LIST.pages(routes, list);
    routes.get(&format!("{ALL}/new"), show_new);
    routes.post(&format!("{ALL}/new"), create);
    routes.get(&format!("{ONE}/deliveries.csv"), deliveries_csv);
    routes.get(ONE, one);
    routes.get(&format!("{ONE}/edit"), show_edit);
    routes.post(&format!("{ONE}/edit"), edit);
    routes.get(&format!("{ONE}/rotate"), show_rotate);
    routes.post(&format!("{ONE}/rotate"), rotate);
    routes.get(&format!("{ONE}/remove"), show_remove);
    routes.post(&format!("{ONE}/remove"), remove);
    routes.post(&format!("{ONE}/test"), test);
    routes.post(&format!("{ONE}/replay"), replay);
    routes.get(&format!("{ONE}/deliveries/{{delivery}}"), delivery);
    routes.post(&format!("{ONE}/deliveries/{{delivery}}/replay"), replay_one);
}

fn base(may: &May<ManageWebhooks>) -> String {
    super::WEBHOOKS.replace("{said}", &may.number().to_string())
}

/// What stands over the list.
enum Dialog {
    None,
    New,
}

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct ListPage {
    shell: Shell,
    form: FormState,
    base: String,
    found: Listing<(Webhook, Tally)>,
    dialog: Dialog,
    /// The webhook that was just made, and its secret: shown this once.
    made: Option<(String, String)>,
    kinds: &'static [(&'static str, &'static str)],
    /// Whether the lab's receiver is offered: in a lab, to those who may look at it.
    sees_receiver: bool,
}

async fn list_page(
    may: &May<ManageWebhooks>,
    form: FormState,
    dialog: Dialog,
    made: Option<(String, String)>,
) -> Result<ListPage> {
    let (found, ()) = LIST.page(may, &may.permit, |_, _, _| Ok(())).await?;
    let mut shell = may.list_shell("Webhooks", &[Crumb::text("Activity")], &found.list);
    if matches!(dialog, Dialog::New) {
        shell = shell.with_dialog("Add Webhook");
    }
    shell.error_title = form.has_problems();
    Ok(ListPage {
        shell,
        form,
        base: base(may),
        found,
        dialog,
        made,
        kinds: &KINDS,
        sees_receiver: may.portal.config.is_lab() && may.holds(Action::ControlClock),
    })
}

async fn list(may: May<ManageWebhooks>) -> Answer {
    page(&list_page(&may, fresh(), Dialog::None, None).await?)
}

async fn show_new(may: May<ManageWebhooks>) -> Answer {
    let form = fresh().with_value("is_on", "1");
    page(&list_page(&may, form, Dialog::New, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    url: String,
    #[serde(default)]
    kinds: String,
    #[serde(default)]
    is_on: String,
    #[serde(default)]
    version: Option<i64>,
}

impl Typed {
    fn wanted(&self, may: &May<ManageWebhooks>) -> Result<Wanted> {
        Wanted::read(
            &may.portal.config.reach,
            &self.name,
            &self.url,
            &self.kinds,
            self.is_on == "1",
        )
    }
}

async fn create(may: May<ManageWebhooks>, posted: Posted<Typed>) -> Answer {
    let added = async {
        let wanted = posted.value.wanted(&may)?;
        let id = WebhookId::new();
        let secret = NewSecret::make(&may.portal.signing, id)?;
        let kept = secret.clone();
        let hook = may
            .does(move |tx, permit, at| service::add(tx, permit, at, id, &kept, &wanted))
            .await?;
        Ok((hook.name, secret.shown))
    };
    match added.await {
        Ok(made) => {
            // No redirect: the secret is known to this answer alone.
            page(&list_page(&may, fresh(), Dialog::None, Some(made)).await?)
        }
        Err(error) => {
            let (status, form) = posted.after(error, &[])?;
            page_with(status, &list_page(&may, form, Dialog::New, None).await?)
        }
    }
}

/// What stands over the page of one.
#[derive(PartialEq, Eq)]
enum Over {
    Nothing,
    Edit,
    Rotate,
    Remove,
}

#[derive(Template)]
#[template(path = "webhooks/one.html")]
struct OnePage {
    shell: Shell,
    form: FormState,
    here: String,
    hook: Webhook,
    tally: Tally,
    found: Listing<Delivery, OneWebhook>,
    over: Over,
    secret: Option<String>,
    kinds: &'static [(&'static str, &'static str)],
    kept: Days,
}

impl OnePage {
    /// The deliveries that are shown as a file.
    fn file(&self) -> String {
        self.found.list.csv_href().replacen(".csv", "/deliveries.csv", 1)
    }
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn many(count: &u64) -> String {
        number(count)
    }
}

/// The deliveries of one, on its page.
fn told(may: &May<ManageWebhooks>, id: WebhookId) -> Reading {
    Reading::of(may, &format!("{}/{id}", base(may))).with(WEBHOOK, id.as_str())
}

async fn deliveries_csv(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    DELIVERIES.file_at(told(&may, id.0), &may, &may.permit).await
}

async fn one_page(
    may: &May<ManageWebhooks>,
    id: WebhookId,
    form: Option<FormState>,
    over: Over,
    secret: Option<String>,
) -> Result<OnePage> {
    let here = format!("{}/{id}", base(may));
    let (mut found, ()) = DELIVERIES
        .page_at(told(may, id), may, &may.permit, |_, _, _| Ok(()))
        .await?;
    let OneWebhook { hook, tally, .. } = found.counts.take().ok_or(Error::NotFound)?;
    let form = form.unwrap_or_else(|| {
        let form = fresh()
            .with_value("name", &hook.name)
            .with_value("url", &hook.url)
            .with_value("kinds", hook.kinds().join("\n"));
        if hook.is_on {
            form.with_value("is_on", "1")
        } else {
            form
        }
    });
    let mut shell = may.list_shell(
        hook.name.clone(),
        &[Crumb::text("Activity"), Crumb::link("Webhooks", base(may))],
        &found.list,
    );
    shell = match over {
        Over::Nothing => shell,
        Over::Edit => shell.with_dialog("Edit Webhook"),
        Over::Rotate => shell.with_dialog("Rotate secret?"),
        Over::Remove => shell.with_dialog("Remove webhook?"),
    };
    shell.error_title = form.has_problems();
    Ok(OnePage {
        shell,
        form,
        here,
        hook,
        tally,
        found,
        over,
        secret,
        kinds: &KINDS,
        kept: may.portal.config.retention.deliveries,
    })
}

async fn one(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    page(&one_page(&may, id.0, None, Over::Nothing, None).await?)
}

async fn show_edit(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    page(&one_page(&may, id.0, None, Over::Edit, None).await?)
}

async fn show_rotate(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    page(&one_page(&may, id.0, None, Over::Rotate, None).await?)
}

async fn show_remove(may: May<ManageWebhooks>, id: PathPart<WebhookId>) -> Answer {
    page(&one_page(&may, id.0, None, Over::Remove, None).await?)
}

async fn edit(may: May<ManageWebhooks>, id: PathPart<WebhookId>, posted: Posted<Typed>) -> Answer {
    let changed = async {
        let wanted = posted.value.wanted(&may)?;
        let version = posted.value.version;
        may.does(move |tx, permit, at| service::change(tx, permit, at, id.0, version, &wanted))
            .await
    };
    match changed.await {
        Ok(()) => said(&may, id.0, "The webhook was saved."),
        Err(error) => {
            let (status, form) = posted.after(error, &[])?;
            page_with(status, &one_page(&may, id.0, Some(form), Over::Edit, None).await?)
        }
    }
}

fn said(may: &May<ManageWebhooks>, id: WebhookId, words: impl Into<String>) -> Answer {
    may.done(&format!("{}/{id}", base(may)), words)
}

async fn rotate(may: May<ManageWebhooks>, id: PathPart<WebhookId>, _: Posted<NoFields>) -> Answer {
    let secret = NewSecret::make(&may.portal.signing, id.0)?;
    let (clock, kept) = (may.portal.clock.clone(), secret.clone());
    let (at, wall) = (clock.now(), clock.wall());
    may.does(move |tx, permit, _| service::rotate(tx, permit, at, wall, id.0, &kept))
        .await?;
    page(&one_page(&may, id.0, None, Over::Nothing, Some(secret.shown)).await?)
}

async fn remove(may: May<ManageWebhooks>, id: PathPart<WebhookId>, _: Posted<NoFields>) -> Answer {
    let name = may
        .does(move |tx, permit, at| service::remove(tx, permit, at, id.0))
        .await?;
    may.done(&base(&may), format!("The webhook {name} was removed."))
}

async fn test(may: May<ManageWebhooks>, id: PathPart<WebhookId>, _: Posted<NoFields>) -> Answer {
    may.does(move |tx, permit, at| service::test(tx, permit, at, id.0))
        .await?;
    said(&may, id.0, "A test is on its way. Reload to see what came of it.")
}

async fn replay(may: May<ManageWebhooks>, id: PathPart<WebhookId>, posted: Posted<ReplayBody>) -> Answer {
    let replayed = async {
        let (from, until) = period(&posted.value.from, &posted.value.to)?;
        again(&may, id.0, Again::Between(from, until)).await
    };
    match replayed.await {
        Ok(0) => Ok(may.see_other(
            &format!("{}/{}", base(&may), id.0),
            Flash::new(
                FlashKind::Info,
                "No event of the kinds of this webhook fell into the period.",
            ),
        )),
        Ok(many) => said(
            &may,
            id.0,
            format!("{} told once more.", counted(many, "event is", "events are")),
        ),
        Err(error) => {
            let (status, form) = posted.after(error, &[])?;
            page_with(
                status,
                &one_page(&may, id.0, Some(form), Over::Nothing, None).await?,
            )
        }
    }
}

async fn replay_one(
    may: May<ManageWebhooks>,
    id: PathPart<WebhookId>,
    delivery: PathPart<DeliveryId>,
    _: Posted<NoFields>,
) -> Answer {
    again(&may, id.0, Again::One(delivery.0)).await?;
    said(
        &may,
        id.0,
        "The event is told once more. Reload to see what came of it.",
    )
}

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct DeliveryPage {
    shell: Shell,
    number: i64,
    here: String,
    hook: Webhook,
    delivery: Delivery,
    headers: Vec<(&'static str, String)>,
    body: String,
}

async fn delivery(
    may: May<ManageWebhooks>,
    id: PathPart<WebhookId>,
    delivery: PathPart<DeliveryId>,
) -> Answer {
    let (hook, delivery, body) = may
        .reads(move |r, permit| service::delivery(r, permit, id.0, delivery.0))
        .await?;
    let here = format!("{}/{}", base(&may), hook.id);
    let pretty = serde_json::from_str::<serde_json::Value>(&body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or(body);
    let headers = vec![
        ("Content-Type", "application/json".to_owned()),
        (DELIVERY, delivery.id.to_string()),
        (model::WEBHOOK, hook.id.to_string()),
        (EVENT, delivery.kind.word().to_owned()),
        (SIGNATURE, "t=\u{2026},v1=\u{2026}".to_owned()),
    ];
    page(&DeliveryPage {
        shell: may.account_shell(
            delivery.kind.label(),
            &[
                Crumb::text("Activity"),
                Crumb::link("Webhooks", base(&may)),
                Crumb::link(&hook.name, &here),
            ],
        ),
        number: may.number(),
        here,
        hook,
        delivery,
        headers,
        body: pretty,
    })
}
