//! Transferring licenses.

use crate::authz::action::Transfer;
use crate::error::{Error, Problems};
use crate::http::{Answer, IdempotencyKey, JsonBody, May, json};
use crate::kernel::ids::LicenseStockId;
use crate::licenses::model::Precedence;
use crate::licenses::transfer::{self};
use crate::licenses::transfer::{Line, Review};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A line of a transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineBody {
    /// Id of a license in the Virtual Account where it lies now.
    #[schema(format = "uuid")]
    license: String,
    /// Id of the Virtual Account to which it goes.
    #[schema(format = "uuid")]
    to: String,
    /// How many.
    #[schema(minimum = 1)]
    quantity: i64,
}

/// A transfer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferBody {
    #[schema(min_items = 1)]
    pub(super) lines: Vec<LineBody>,
    /// Which terms go first: longest-term-last, so what ends first; or longest-term-first. Left out: the former.
    #[schema(value_type = Option<Precedence>)]
    pub(super) precedence: Option<String>,
    /// Only says what would be.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// A line of a transfer, as it was or would be done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineShape {
    #[schema(value_type = String)]
    license: LicenseStockId,
    name: String,
    from: String,
    to: String,
    quantity: i64,
    /// What is left in the Virtual Account that gives.
    balance_after: i64,
    /// It leaves more in use there than there are.
    leaves_short: bool,
    /// Why it cannot be done; only with dry_run.
    refused: Option<String>,
}

/// What a transfer did or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransferShape {
    pub(super) done: bool,
    pub(super) lines: Vec<LineShape>,
}

fn shape(review: Review, done: bool) -> TransferShape {
    TransferShape {
        done,
        lines: review
            .lines
            .into_iter()
            .map(|line| LineShape {
                leaves_short: line.leaves_short(),
                license: line.stock.id,
                name: line.stock.name,
                from: line.from,
                to: line.to,
                quantity: line.line.quantity,
                balance_after: line.leaves,
                refused: line.refused.map(|refusal| refusal.says.into_owned()),
            })
            .collect(),
    }
}

pub(super) async fn transfer(
    may: May<Transfer>,
    key: IdempotencyKey,
    body: JsonBody<TransferBody>,
) -> Answer {
    let mut problems = Problems::default();
    let mut lines = Vec::new();
    for (at, line) in body.value.lines.iter().enumerate() {
        match (line.license.parse(), line.to.parse()) {
            (Ok(stock), Ok(to)) => lines.push(Line {
                stock,
                to,
                quantity: line.quantity,
                term: None,
                only: None,
            }),
            (Err(_), _) => problems.add(format!("lines/{at}/license"), "This is not an id."),
            (_, Err(_)) => problems.add(format!("lines/{at}/to"), "This is not an id."),
        }
    }
    let precedence = match &body.value.precedence {
        None => Some(Precedence::LongestTermLast),
        Some(word) => problems.take(
            "precedence",
            word.parse()
                .map_err(|_| "This is longest-term-last or longest-term-first.".to_owned()),
        ),
    };
    let Some(precedence) = precedence.filter(|_| problems.is_empty()) else {
        return Err(Error::Invalid(problems));
    };
    let (at, dry) = (may.portal.clock.now(), body.value.dry_run);
    if dry {
        let review = may
            .reads(move |r, permit| transfer::review(r, permit, &lines, precedence))
            .await?;
        return json(200, &shape(review, false));
    }
    let once = body.once_key(&may, &key);
    let done = may
        .does(move |tx, permit, _| {
            transfer::transfer(tx, permit, at, &lines, precedence, None, once.as_ref())
        })
        .await?;
    json(
        200,
        &done.map_or_else(
            || TransferShape {
                done: true,
                lines: Vec::new(),
            },
            |review| shape(review, true),
        ),
    )
}
