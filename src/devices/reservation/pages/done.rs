//! The authorization code, shown and as a file.

use super::{STEPS, TITLE, base, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::reservation::service::{self, Whole};
use crate::devices::reservation::store::{Ended, Line};
use crate::error::Result;
use crate::http::form::{PathPart, fresh};
use crate::http::reply::attachment;
use crate::http::widgets::number;
use crate::http::{Answer, FormState, May, Shell, page_with};
use crate::kernel::ids::ReservationId;
use askama::Template;

#[derive(Template)]
#[template(path = "devices/reservation/done.html")]
struct DonePage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    path: String,
    number: i64,
    whole: Whole,
    /// What it is to hold once the device confirms its update.
    pending: Vec<Line>,
    form: FormState,
}

impl DonePage {
    fn ended(&self) -> &'static str {
        match self.whole.one.ended_as {
            Ended::Returned => "was returned",
            Ended::Removed => "was removed under a case",
            Ended::Rehosted => "was rehosted to another device",
        }
    }
    fn quantity(line: &Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
}

pub(super) async fn whole(may: &May<ReserveLicenses>, id: ReservationId) -> Result<Whole> {
    let view = may.also::<ViewInventory>().await?;
    may.reads(move |r, permit| service::find(r, &view, permit, id))
        .await
}

pub(super) async fn done(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    done_page(&may, id.0, fresh(), 200).await
}

/// A reservation, with the field for the confirmation code of an update.
pub async fn done_page(
    may: &May<ReserveLicenses>,
    id: ReservationId,
    form: FormState,
    status: u16,
) -> Answer {
    let whole = whole(may, id).await?;
    page_with(
        status,
        &DonePage {
            shell: shell(may, &form),
            title: TITLE,
            steps: STEPS,
            path: format!("{}/{id}", base(may)),
            number: may.number(),
            pending: whole.one.pending(),
            whole,
            form,
        },
    )
}

pub(super) async fn file(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    let whole = whole(&may, id.0).await?;
    let name = may
        .file_name(&format!("authorization-code_{}", whole.one.serial))
        .replace(".csv", ".txt");
    Ok(attachment(
        "text/plain; charset=utf-8",
        &name,
        format!("{}\n", whole.one.newest_code()),
    ))
}
