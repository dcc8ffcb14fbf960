//! "Record": whether the chain of the event log holds, and all of it as a file.

use super::record::{self, Lines};
use crate::authz::action::ViewRecord;
use crate::error::Result;
use crate::http::widgets::number;
use crate::http::{Answer, Crumb, May, NoFields, Posted, Shell, page};
use crate::platform::db::chain::{Broken, Chain};
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use askama::Template;

#[derive(Template)]
#[template(path = "events/record.html")]
struct RecordPage {
    shell: Shell,
    here: String,
    log: String,
    /// How the chain was found; none when nobody has asked.
    chain: Option<Chain>,
}

impl RecordPage {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn many(count: &u64) -> String {
        number(count)
    }
    fn sentence(broken: &Broken) -> String {
        record::sentence(broken)
    }
}

/// GET /sa/{said}/activity/record
pub async fn show(may: May<ViewRecord>) -> Answer {
    let asked =
        url::form_urlencoded::parse(may.query.as_bytes()).any(|(key, value)| key == "verify" && value == "1");
    let chain = if asked {
        Some(may.reads(move |r, permit| record::follow(r, permit)).await?)
    } else {
        None
    };
    let log = format!("/sa/{}/activity", may.number());
    page(&RecordPage {
        shell: may.account_shell(
            "Record",
            &[Crumb::text("Activity"), Crumb::link("Event Log", &log)],
        ),
        here: format!("{log}/record"),
        log,
        chain,
    })
}

/// POST /sa/{said}/activity/record/export
pub async fn export(may: May<ViewRecord>, _: Posted<NoFields>) -> Answer {
    lines(&may).await
}

/// The file, once it is recorded that it is taken.
pub async fn lines(may: &May<ViewRecord>) -> Answer {
    may.does(record::record_export).await?;
    let name = may.file_name("record").replace(".csv", ".jsonl");
    let file = Lines::of(&may.portal.db, &may.permit).await?;
    let pieces = futures_util::stream::try_unfold(file, |file| async move {
        let next: Result<_> = file.next().await;
        Ok::<_, crate::error::Error>(next?.map(|(piece, rest)| (Bytes::from(piece), rest)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/jsonl"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(pieces))
}
