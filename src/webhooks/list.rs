//! The list of webhooks, and that of what one was told.

use super::model::{Delivery, State, Tally, Webhook};
use super::service;
use crate::authz::Permit;
use crate::authz::action::ManageWebhooks;
use crate::error::{Error, Result};
use crate::http::list::{Asked, Column, Filter, List, Rows, Sort, by_key};
use crate::kernel::ids::WebhookId;
use crate::kernel::search_key;

type Hooks = Vec<(Webhook, Tally)>;

const FILTERS: &[Filter<Hooks>] = &[Filter::words(
    "state",
    "State",
    "Whether it is on.",
    &[("on", "On"), ("off", "Off")],
    |mut hooks, chosen| {
        hooks.retain(|(hook, _)| chosen.has(if hook.is_on { "on" } else { "off" }));
        hooks
    },
)];

/// They come by name.
const SORTS: &[Sort<Hooks>] = &[
    ("name", |hooks, way| {
        by_key(hooks, way, |(hook, _)| search_key(&hook.name))
    }),
    ("delivered", |hooks, way| {
        by_key(hooks, way, |(_, tally)| tally.delivered)
    }),
    ("waiting", |hooks, way| {
        by_key(hooks, way, |(_, tally)| tally.waiting)
    }),
    ("given-up", |hooks, way| {
        by_key(hooks, way, |(_, tally)| tally.given_up)
    }),
];

pub static LIST: List<Permit<ManageWebhooks>, (Webhook, Tally), Hooks> = List {
    path: super::WEBHOOKS,
    file: "webhooks",
    nouns: ("webhook", "webhooks"),
    search: "Words in the name or the address.",
    filters: FILTERS,
    sorts: SORTS,
    default_sort: "name",
    columns: &[
        Column::lead("name", "Name", |(hook, _)| hook.name.clone()),
        Column::file("Address", |(hook, _)| hook.place()),
        Column::shown("kinds", "Kinds of events", |(hook, _)| kinds(hook)),
        Column::number("delivered", "Delivered", |(_, tally)| tally.delivered.to_string()),
        Column::number("waiting", "Waiting", |(_, tally)| tally.waiting.to_string()),
        Column::number("given-up", "Given up", |(_, tally)| tally.given_up.to_string()),
        Column::shown("state", "State", |(hook, _)| {
            if hook.is_on { "On" } else { "Off" }.to_owned()
        }),
        Column::hidden("created", "Added", |(hook, _)| hook.created_at.rfc3339()),
    ],
    rows: Rows::Whole {
        all: |read, permit, _| service::all(read, permit),
        asked: |hooks, asked| {
            let found = asked.found(hooks, |(hook, _)| format!("{} {}", hook.name, hook.place()));
            asked.sorted(SORTS, asked.filtered(FILTERS, found))
        },
    },
    ..List::PLAIN
};

/// Which events of its kinds a webhook is told.
pub fn kinds(hook: &Webhook) -> String {
    if hook.kinds.is_empty() {
        "All".to_owned()
    } else {
        hook.kinds().join(", ")
    }
}

/// What is asked of the deliveries.
#[derive(Default)]
pub struct Told {
    hook: Option<WebhookId>,
    states: Vec<State>,
}

impl Told {
    fn hook(&self) -> Result<WebhookId> {
        self.hook.ok_or(Error::NotFound)
    }
}

const OF_DELIVERIES: &[Filter<Told>] = &[
    Filter::words(
        "state",
        "State",
        "What became of it.",
        State::CHOICES,
        |mut told, chosen| {
            told.states = chosen.words();
            told
        },
    ),
    Filter::unseen(WEBHOOK, |mut told, chosen| {
        told.hook = chosen.words().pop();
        told
    }),
];

/// The webhook whose deliveries are asked for.
pub const WEBHOOK: &str = "webhook";

/// A webhook, and how many of its deliveries are asked for.
pub struct OneWebhook {
    pub hook: Webhook,
    pub tally: Tally,
    total: u64,
}

fn told(asked: &Asked) -> Told {
    asked.filtered(OF_DELIVERIES, Told::default())
}

pub static DELIVERIES: List<Permit<ManageWebhooks>, Delivery, Told, OneWebhook> = List {
    file: "webhook-deliveries",
    most_exported: 100_000,
    nouns: ("delivery", "deliveries"),
    filters: OF_DELIVERIES,
    columns: &[
        Column::lead("event", "Event", |one| one.kind.label().to_owned()),
        Column::file("Kind", |one| one.kind.word().to_owned()),
        Column::file("Replay", |one| {
            if one.is_replay { "yes" } else { "no" }.to_owned()
        }),
        Column::shown("happened", "Happened", |one| one.created_at.rfc3339()),
        Column::shown("answer", "Answer", |one| match one.last_status {
            Some(status) => status.to_string(),
            None => one.last_problem.clone(),
        }),
        Column::number("tries", "Tries", |one| one.attempts.to_string()),
        Column::shown("state", "State", |one| one.state().label().to_owned()),
    ],
    rows: Rows::Counted {
        counts: |read, permit, asked| {
            let told = told(asked);
            let (hook, tally) = service::one(read, permit, told.hook()?)?;
            let total = service::count(read, &hook, &told.states)?;
            Ok(OneWebhook { hook, tally, total })
        },
        total: |hook| hook.total,
        page: |read, permit, asked, known, some| {
            let told = told(asked);
            match known {
                Some(known) => service::deliveries(read, &known.hook, &told.states, some),
                None => {
                    let (hook, _) = service::one(read, permit, told.hook()?)?;
                    service::deliveries(read, &hook, &told.states, some)
                }
            }
        },
    },
    ..List::PLAIN
};
