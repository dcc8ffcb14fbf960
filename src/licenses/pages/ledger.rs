//! "License transactions": the ledger, line by line.

use super::super::ledger::{LIST, Line};
use super::license::PostingView;
use super::{base, between};
use crate::authz::action::ViewInventory;
use crate::http::list::Listing;
use crate::http::{Answer, May, Shell, page};
use askama::Template;

#[derive(Template)]
#[template(path = "licenses/ledger.html")]
struct LedgerPage {
    shell: Shell,
    found: Listing<PostingView>,
    base: String,
    number: i64,
}

/// GET /sa/{said}/licensing/transactions
pub async fn list(may: May<ViewInventory>) -> Answer {
    let (found, ()) = LIST.page(&may, &may.permit, |_, _, _| Ok(())).await?;
    let number = may.number();
    page(&LedgerPage {
        shell: may.list_shell("License transactions", &between(&may), &found.list),
        found: found.map(|line: Line| PostingView::of(line, number)),
        base: base(&may),
        number,
    })
}
