//! "License transactions": the ledger, line by line.

use super::super::model::MoveKind;
use super::super::store::{self, Ledger, Posting};
use super::license::PostingView;
use super::{base, between};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, ListQuery, ListSpec, May, Shell, Visit, page};
use crate::kernel::ids::VirtualAccountId;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;
use std::collections::HashMap;

/// The most lines that one file holds.
const MOST_EXPORTED: i64 = 100_000;

fn query(visit: &Visit) -> (ListQuery, Ledger) {
    let kinds: Vec<(&str, &str)> = MoveKind::ALL
        .iter()
        .map(|kind| (kind.word(), kind.label()))
        .collect();
    let list = visit.list(&ListSpec {
        path: format!("{}/transactions", base(visit)),
        sorts: &["date"],
        default_sort: "-date",
        filters: &[FilterSpec {
            key: "source",
            label: "Transaction",
            values: &kinds,
        }],
        columns: &[],
    });
    let asked = Ledger {
        of: None,
        typed: list.q.clone(),
        kinds: list
            .values("source")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
    };
    (list, asked)
}

fn names(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    postings: &[Posting],
) -> Result<HashMap<VirtualAccountId, String>> {
    let mut ids: Vec<VirtualAccountId> = postings.iter().map(|one| one.place).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(virtual_accounts::these(read, permit.within().account()?, &ids)?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect())
}

#[derive(Template)]
#[template(path = "licenses/ledger.html")]
struct LedgerPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<PostingView>,
    count: String,
    base: String,
    number: i64,
}

/// GET /sa/{said}/licensing/transactions
pub async fn list(may: May<ViewInventory>) -> Answer {
    let permit = may.permit.clone();
    let (mut list, asked) = query(&may);
    let (list, total, postings, names) = may
        .portal
        .db
        .read(move |r| {
            let total = store::count_postings(r, permit.within(), &asked)?;
            list.clamp(total);
            let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let postings = store::postings(
                r,
                permit.within(),
                &asked,
                whole(list.limit()),
                whole(list.offset()),
            )?;
            let names = names(r, &permit, &postings)?;
            Ok((list.clone(), total, postings, names))
        })
        .await?;
    let number = may.number();
    page(&LedgerPage {
        shell: may.list_shell("License transactions", &between(&may), &list),
        pager: list.pager(total),
        rows: postings
            .into_iter()
            .map(|one| {
                let place = names.get(&one.place).cloned().unwrap_or_default();
                PostingView::of(one, place, number)
            })
            .collect(),
        count: counted(total, "transaction", "transactions"),
        base: base(&may),
        number,
        list,
    })
}

/// GET /sa/{said}/licensing/transactions.csv
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let permit = may.permit.clone();
    let (list, asked) = query(&may);
    list.understood()?;
    let (postings, names) = may
        .portal
        .db
        .read(move |r| {
            let postings = store::postings(r, permit.within(), &asked, MOST_EXPORTED, 0)?;
            let names = names(r, &permit, &postings)?;
            Ok((postings, names))
        })
        .await?;
    let mut table = Table::new(&[
        "Time",
        "Transaction",
        "License",
        may.say("Virtual Account"),
        "Quantity",
        "Reference",
        "By",
    ])?;
    for one in postings {
        let place = names.get(&one.place).cloned().unwrap_or_default();
        let at = one.at.rfc3339();
        let quantity = one.quantity.to_string();
        let line = PostingView::of(one, place, may.number());
        table.row([
            at.as_str(),
            line.what,
            &line.license,
            &line.place,
            &quantity,
            &line.reference,
            &line.actor,
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("license-transactions"),
        table.finish()?,
    ))
}
