//! The record as a whole, for scripts.

use super::{record, record_pages};
use crate::authz::action::ViewRecord;
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::ids::EventId;
use crate::platform::db::chain::{Broken, Chain, Wrong};
use actix_web::http::Method;

/// The operations.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/record",
        Api::says("Follows the chain of the event log from end to end: whether it holds, and where not.")
            .gives::<ChainShape>(200),
        show,
    );
    routes.api(
        Method::POST,
        "/api/v1/accounts/{said}/record/export",
        Api::says("The whole event log as JSON lines, each with its hash. The export itself is recorded.")
            .gives_file(),
        export,
    );
}

/// A place where a chain does not hold.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct BrokenShape {
    /// In which strand.
    strand: i32,
    /// At which number.
    number: i64,
    /// The event that stands there, if one does.
    #[schema(value_type = Option<String>)]
    event: Option<EventId>,
    /// changed, missing, cut-off or added.
    #[schema(value_type = String)]
    what: Wrong,
    /// In words.
    says: String,
}

/// How a chain was found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChainShape {
    /// Whether it holds.
    holds: bool,
    /// How many events hang in it.
    linked: u64,
    /// How many stand outside of it: from before it began.
    before: u64,
    /// How many of its first lie in an archive.
    archived: u64,
    /// The first place of each strand where it does not hold.
    broken: Vec<BrokenShape>,
}

impl From<Chain> for ChainShape {
    fn from(chain: Chain) -> Self {
        let shape = |one: &Broken| BrokenShape {
            strand: one.strand,
            number: one.number,
            event: one.event,
            what: one.what,
            says: record::sentence(one),
        };
        Self {
            holds: chain.broken.is_empty(),
            linked: chain.linked,
            before: chain.before,
            archived: chain.archived,
            broken: chain.broken.iter().map(shape).collect(),
        }
    }
}

async fn show(may: May<ViewRecord>) -> Answer {
    let chain = may.reads(move |r, permit| record::follow(r, permit)).await?;
    json(200, &ChainShape::from(chain))
}

async fn export(may: May<ViewRecord>) -> Answer {
    record_pages::lines(&may).await
}
