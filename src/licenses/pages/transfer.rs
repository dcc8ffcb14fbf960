//! "Transfer", and "Edit Virtual Account assignment": which licenses, how many, where to; a review; then it is done.
//! What was chosen travels in the forms, so nothing is kept until it is done.

use super::super::model::Precedence;
use super::super::stock::{self, Stock};
use super::super::transfer::{self, Line, Review};
use super::{base, between, whole};
use crate::authz::action::Transfer;
use crate::error::{Error, Refusal, Result};
use crate::http::form::fresh;
use crate::http::widgets::{balance_class, counted, signed};
use crate::http::{Answer, Flash, FlashKind, May, Posted, Shell, page, page_with};
use crate::kernel::ids::VirtualAccountId;
use crate::kernel::search_key;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

/// So many targets one license is given at a time.
const MOST_TARGETS: usize = 20;

/// What a form of these pages says. Lists run side by side; where one has a single entry, it holds for all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default, rename = "license[]")]
    license: Vec<String>,
    #[serde(default, rename = "to[]")]
    to: Vec<String>,
    #[serde(default, rename = "quantity[]")]
    quantity: Vec<String>,
    /// Which terms go first.
    #[serde(default)]
    precedence: String,
    /// "assignment" for one license with several targets; otherwise "transfer".
    #[serde(default)]
    mode: String,
    /// Where one came from, to go back to: a Virtual Account, or nothing.
    #[serde(default)]
    from: String,
    /// Pressed on the form for one more target.
    #[serde(default)]
    more: String,
    /// Pressed on the review to change something.
    #[serde(default)]
    change: String,
    /// Of the review that was read.
    #[serde(default)]
    seen: String,
}

/// A line of the form.
struct Row {
    n: usize,
    stock: Stock,
    place: String,
    to: String,
    quantity: String,
    problem: String,
}

impl Row {
    fn available(&self) -> String {
        whole(self.stock.transferable())
    }
    fn term(&self) -> String {
        if self.stock.terms > 1 {
            format!("{} terms", self.stock.terms)
        } else {
            self.stock.term.label().to_owned()
        }
    }
}

#[derive(Template)]
#[template(path = "licenses/transfer.html")]
struct TransferPage {
    shell: Shell,
    title: &'static str,
    /// One license, several targets.
    split: bool,
    rows: Vec<Row>,
    places: Vec<(VirtualAccountId, String)>,
    /// In which order terms can go, where one of the licenses has several; and which is chosen.
    precedences: Vec<(&'static str, &'static str, bool)>,
    precedence_problem: String,
    to: String,
    to_problem: String,
    problems: Vec<(String, String)>,
    from: String,
    path: String,
    back: String,
}

impl TransferPage {
    fn license(&self) -> Option<&Row> {
        self.rows.first()
    }
    fn is_chosen(id: &VirtualAccountId, to: &str) -> bool {
        id.as_str() == to
    }
}

/// Back to where one came from.
fn back(may: &May<Transfer>, from: &str) -> String {
    match from.parse::<VirtualAccountId>() {
        Ok(va) => format!("{}/inventory/{va}/licenses", base(may)),
        Err(_) => format!("{}/license-inventory", base(may)),
    }
}

/// Which terms go first, to choose from: nothing where it makes no difference.
fn precedences(stocks: &[Stock], chosen: &Chosen) -> Vec<(&'static str, &'static str, bool)> {
    if stocks.iter().any(|stock| stock.terms > 1) || precedence(chosen).is_none() {
        Precedence::ALL
            .iter()
            .map(|one| (one.word(), one.label(), Some(*one) == precedence(chosen)))
            .collect()
    } else {
        Vec::new()
    }
}

async fn form(may: &May<Transfer>, chosen: &Chosen, problems: &[(String, String)]) -> Result<TransferPage> {
    let ids = super::chosen(&chosen.license, "Transfer")?;
    let split = chosen.mode == "assignment" && ids.len() == 1;
    let (stocks, places) = may
        .reads(move |r, permit| {
            let within = permit.within();
            let stocks = ids
                .iter()
                .map(|id| stock::find(r, within, *id))
                .collect::<Result<Vec<_>>>()?;
            let mut places = virtual_accounts::reached(r, within)?;
            places.sort_by_key(|(id, name)| (search_key(name), *id));
            Ok((stocks, places))
        })
        .await?;
    let names: HashMap<VirtualAccountId, String> = places.iter().cloned().collect();
    let problem = |field: String| {
        problems
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, says)| says.clone())
            .unwrap_or_default()
    };
    let row = |n: usize, stock: &Stock| Row {
        n,
        place: names.get(&stock.virtual_account).cloned().unwrap_or_default(),
        to: chosen.to.get(n).cloned().unwrap_or_default(),
        quantity: chosen.quantity.get(n).cloned().unwrap_or_default(),
        problem: problem(format!("quantity-{n}")),
        stock: stock.clone(),
    };
    let rows: Vec<Row> = if split {
        let wanted = chosen.to.len().max(1) + usize::from(!chosen.more.is_empty());
        stocks
            .first()
            .map(|stock| (0..wanted.min(MOST_TARGETS)).map(|n| row(n, stock)).collect())
            .unwrap_or_default()
    } else {
        stocks
            .iter()
            .enumerate()
            .map(|(n, stock)| row(n, stock))
            .collect()
    };
    let title = if split {
        may.portal.config.edition.assignment_title()
    } else {
        "Transfer"
    };
    // Licenses of one Virtual Account are not offered to go where they are.
    let mut here: Vec<VirtualAccountId> = stocks.iter().map(|stock| stock.virtual_account).collect();
    here.dedup();
    let places = places
        .into_iter()
        .filter(|(id, _)| here.len() > 1 || !here.contains(id))
        .collect();
    let mut shell = may.account_shell(title, &between(may));
    shell.error_title = !problems.is_empty();
    Ok(TransferPage {
        shell,
        title,
        split,
        precedences: precedences(&stocks, chosen),
        rows,
        places,
        to: chosen.to.first().cloned().unwrap_or_default(),
        to_problem: problem("to".to_owned()),
        precedence_problem: problem("precedence".to_owned()),
        problems: problems.to_vec(),
        path: format!("{}/transfer", base(may)),
        back: back(may, &chosen.from),
        from: chosen.from.clone(),
    })
}

/// GET /sa/{said}/licensing/transfer?license=…&license=…&from=…
pub async fn show(may: May<Transfer>) -> Answer {
    let mut chosen = Chosen::default();
    for (key, value) in url::form_urlencoded::parse(may.query.as_bytes()) {
        match key.as_ref() {
            "license" => chosen.license.push(value.into_owned()),
            "mode" => chosen.mode = value.into_owned(),
            "from" => chosen.from = value.into_owned(),
            _ => {}
        }
    }
    page(&form(&may, &chosen, &[]).await?)
}

/// In which order terms go; what ends first goes first unless something else was chosen. None for a made-up one.
fn precedence(chosen: &Chosen) -> Option<Precedence> {
    if chosen.precedence.is_empty() {
        return Some(Precedence::LongestTermLast);
    }
    chosen.precedence.parse().ok()
}

/// The lines that a form asks for and the order of their terms, or what is wrong with it: field and words.
fn asked(chosen: &Chosen) -> std::result::Result<(Vec<Line>, Precedence), Vec<(String, String)>> {
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    let split = chosen.mode == "assignment";
    let most = chosen.quantity.len().max(chosen.license.len());
    for n in 0..most {
        let one = |list: &[String], alone: bool| -> Option<String> {
            if alone { list.first() } else { list.get(n) }.cloned()
        };
        let typed = chosen
            .quantity
            .get(n)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default();
        let to = one(&chosen.to, !split).unwrap_or_default();
        if typed.is_empty() || typed == "0" {
            continue;
        }
        let quantity = match typed.replace([',', ' '], "").parse::<i64>() {
            Ok(quantity) if quantity > 0 => quantity,
            _ => {
                problems.push((
                    format!("quantity-{n}"),
                    "Enter a whole number above 0, or leave it empty.".to_owned(),
                ));
                continue;
            }
        };
        let stock = one(&chosen.license, split).and_then(|text| text.parse().ok());
        match (stock, to.parse()) {
            (Some(stock), Ok(to)) => lines.push(Line {
                stock,
                to,
                quantity,
                term: None,
                only: None,
            }),
            (_, Err(_)) => {
                let field = if split {
                    format!("quantity-{n}")
                } else {
                    "to".to_owned()
                };
                if !problems.iter().any(|(known, _)| *known == field) {
                    problems.push((field, "Choose a Virtual Account.".to_owned()));
                }
            }
            (None, _) => {}
        }
    }
    if lines.is_empty() && problems.is_empty() {
        problems.push((
            "quantity-0".to_owned(),
            "Enter how many are to be transferred.".to_owned(),
        ));
    }
    match precedence(chosen) {
        Some(order) if problems.is_empty() => Ok((lines, order)),
        Some(_) => Err(problems),
        None => {
            problems.push(("precedence".to_owned(), "Choose which terms go first.".to_owned()));
            Err(problems)
        }
    }
}

/// A line of the review.
struct ReviewRow {
    license: String,
    from: String,
    to: String,
    quantity: String,
    terms: String,
    before: i64,
    leaves: i64,
    short: String,
    reason: String,
}

impl ReviewRow {
    fn colour(&self) -> &'static str {
        balance_class(&self.leaves)
    }
    fn before_words(&self) -> String {
        signed(&self.before)
    }
    fn leaves_words(&self) -> String {
        signed(&self.leaves)
    }
}

#[derive(Template)]
#[template(path = "licenses/transfer_review.html")]
struct ReviewPage {
    shell: Shell,
    title: &'static str,
    button: &'static str,
    rows: Vec<ReviewRow>,
    chosen: Chosen,
    fingerprint: String,
    can_go: bool,
    short: usize,
    changed: Option<String>,
    path: String,
    back: String,
    once: String,
}

fn review_page(may: &May<Transfer>, chosen: Chosen, review: Review, refused: Option<Refusal>) -> ReviewPage {
    let split = chosen.mode == "assignment";
    let mut shell = may.account_shell("Review", &between(may));
    shell.error_title = refused.is_some();
    let rows: Vec<ReviewRow> = review
        .lines
        .iter()
        .map(|line| ReviewRow {
            license: line.stock.name.clone(),
            from: line.from.clone(),
            to: line.to.clone(),
            quantity: whole(line.line.quantity),
            terms: line
                .terms
                .iter()
                .map(|(pool, n)| match pool.ends_at {
                    None => format!("{} {}", whole(*n), pool.term.label()),
                    Some(at) => format!(
                        "{} {}, ends {}",
                        whole(*n),
                        pool.term.label(),
                        at.utc().format("%-d %b %Y")
                    ),
                })
                .collect::<Vec<_>>()
                .join("; "),
            before: line.stock.balance,
            leaves: line.leaves,
            short: if line.leaves_short() {
                whole(line.leaves)
            } else {
                String::new()
            },
            reason: line
                .refused
                .as_ref()
                .map(|refusal| refusal.says.to_string())
                .unwrap_or_default(),
        })
        .collect();
    ReviewPage {
        shell,
        title: if split {
            may.portal.config.edition.assignment_title()
        } else {
            "Transfer"
        },
        button: if split { "Submit" } else { "Transfer" },
        short: rows.iter().filter(|row| !row.short.is_empty()).count(),
        rows,
        fingerprint: review.fingerprint.clone(),
        can_go: review.can_go(),
        changed: refused.map(|refusal| refusal.says.into_owned()),
        path: format!("{}/transfer", base(may)),
        back: back(may, &chosen.from),
        once: fresh().once,
        chosen,
    }
}

/// POST /sa/{said}/licensing/transfer: the review, the form with one more target, or the form again.
pub async fn review(may: May<Transfer>, posted: Posted<Chosen>) -> Answer {
    let chosen = posted.value;
    if !chosen.more.is_empty() || !chosen.change.is_empty() {
        return page(&form(&may, &chosen, &[]).await?);
    }
    let (lines, order) = match asked(&chosen) {
        Ok(asked) => asked,
        Err(problems) => return page_with(422, &form(&may, &chosen, &problems).await?),
    };
    let review = may
        .reads(move |r, permit| transfer::review(r, permit, &lines, order))
        .await?;
    let status = if review.can_go() { 200 } else { 409 };
    page_with(status, &review_page(&may, chosen, review, None))
}

/// POST /sa/{said}/licensing/transfer/submit
pub async fn submit(may: May<Transfer>, posted: Posted<Chosen>) -> Answer {
    let key = posted.once_key(&may);
    let chosen = posted.value;
    let (lines, order) = match asked(&chosen) {
        Ok(asked) => asked,
        Err(problems) => return page_with(422, &form(&may, &chosen, &problems).await?),
    };
    let (seen, these) = (chosen.seen.clone(), lines.clone());
    let done = may
        .does(move |tx, permit, at| {
            transfer::transfer(tx, permit, at, &these, order, Some(&seen), key.as_ref())
        })
        .await;
    match done {
        Ok(review) => Ok(may.see_other(
            &back(&may, &chosen.from),
            Flash::new(
                FlashKind::Ok,
                format!(
                    "{} transferred.",
                    review.map_or_else(
                        || "The licenses were".to_owned(),
                        |review| counted(review.quantity(), "license was", "licenses were"),
                    )
                ),
            ),
        )),
        Err(Error::Refused(refusal)) if refusal.code.starts_with("licenses.") => {
            let review = may
                .reads(move |r, permit| transfer::review(r, permit, &lines, order))
                .await?;
            page_with(409, &review_page(&may, chosen, review, Some(refusal)))
        }
        Err(other) => Err(other),
    }
}
