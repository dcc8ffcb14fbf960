//! Licenses from one Virtual Account to another: each line of a request is done or refused on its own.

use super::body::{Call, MISSING, Object};
use super::face::{reason, status_of, with_status};
use super::licenses::subscription_id;
use super::names;
use super::paths::{A, B, E};
use crate::authz::Permit;
use crate::authz::action::{Transfer, ViewInventory};
use crate::catalog::Term;
use crate::error::{Error, Result};
use crate::http::{Answer, May, Routes};
use crate::kernel::ids::{LicensePoolId, VirtualAccountId};
use crate::kernel::{Edition, Moment, search_key};
use crate::licenses::{self, Precedence, Stock, TermRow, TransferLine};
use crate::platform::db::Reads;
use actix_web::http::Method;
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// So many kinds of licenses go with one request.
const MOST_KINDS: usize = 10;

pub fn routes(routes: &mut Routes, edition: Edition) {
    const SAYS: &str = "Transfer licenses to other Virtual Accounts, at most 10 kinds at once.";
    let paths = if edition.is_on_prem() {
        vec![[E, "/accounts/{said}/virtual-accounts/{vname}/licenses/transfer"].concat()]
    } else {
        vec![
            [
                A,
                "/v1/accounts/{said}/virtual-accounts/{vname}/licenses/transfer",
            ]
            .concat(),
            [
                B,
                "/licensing/v1/account/{said}/virtual-account/{vname}/licenses/transfer",
            ]
            .concat(),
            [B, "/licensing/v2/accounts/{said}/licenses/transfer"].concat(),
        ]
    };
    for path in paths {
        routes.vendor(Method::POST, &path, SAYS, transfer);
    }
}

/// A line as it was sent.
struct Asked {
    license: String,
    target: String,
    quantity: i64,
    term: Option<Term>,
    precedence: Precedence,
    which: Which,
}

/// Which term of a license is meant, where a line says so: by its first or its last day, or by its subscription.
struct Which {
    starts: Option<NaiveDate>,
    ends: Option<NaiveDate>,
    subscription: String,
}

impl Which {
    fn of(line: Object<'_>) -> Result<Self> {
        let day = |name: &str| -> Result<Option<NaiveDate>> {
            let text = line.text(name);
            if text.is_empty() {
                return Ok(None);
            }
            // The day alone counts: `2024-09-20T21:23:05.889Z`, or the day as it is.
            NaiveDate::parse_from_str(text.get(..10).unwrap_or(&text), "%Y-%m-%d")
                .map(Some)
                .map_err(|_| Error::invalid(name, format!("{name} is a day such as 2024-09-20.")))
        };
        Ok(Self {
            starts: day("startDate")?,
            ends: day("endDate")?,
            // The older family misspells it.
            subscription: match line.text("subsriptionId") {
                text if text.is_empty() => line.text("subscriptionId"),
                text => text,
            },
        })
    }
    fn is_any(&self) -> bool {
        self.starts.is_none() && self.ends.is_none() && self.subscription.is_empty()
    }
    fn is(&self, row: &TermRow) -> bool {
        let day = |at: Option<Moment>| at.map(|at| at.utc().date_naive());
        let order = row.orders.first().map(|(_, identifier)| identifier.as_str());
        let subscription = (row.pool.term == Term::Subscription).then(|| subscription_id(&row.pool, order));
        (self.starts.is_none() || self.starts == day(row.pool.starts_at))
            && (self.ends.is_none() || self.ends == day(row.pool.ends_at))
            && (self.subscription.is_empty() || subscription.as_deref() == Some(self.subscription.as_str()))
    }
    /// The terms of a license that are meant; none where any may go.
    fn among(&self, read: &mut dyn Reads, stock: &Stock) -> Result<Option<Vec<LicensePoolId>>> {
        if self.is_any() {
            return Ok(None);
        }
        let terms = licenses::terms(read, stock)?;
        let meant: Vec<_> = terms
            .iter()
            .filter(|row| self.is(row))
            .map(|row| row.pool.id)
            .collect();
        if meant.is_empty() {
            return Err(Error::invalid(
                "license",
                format!(
                    "No term of {} in this Virtual Account has this start, end or subscription.",
                    stock.name
                ),
            ));
        }
        Ok(Some(meant))
    }
}

/// Which terms go first.
pub fn precedence(text: &str) -> Result<Precedence> {
    match text.to_uppercase().as_str() {
        "" | "LONGEST_TERM_LAST" => Ok(Precedence::LongestTermLast),
        "LONGEST_TERM_FIRST" => Ok(Precedence::LongestTermFirst),
        _ => Err(Error::invalid(
            "precedence",
            "precedence is LONGEST_TERM_FIRST or LONGEST_TERM_LAST.",
        )),
    }
}

fn asked(line: Object<'_>) -> Result<Asked> {
    let (license, target) = (line.text("license"), line.text("targetVirtualAccount"));
    if license.is_empty() || target.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let quantity = line
        .number("quantity")?
        .filter(|quantity| *quantity > 0)
        .ok_or_else(|| Error::invalid("quantity", "quantity is a whole number from 1."))?;
    let term = match line.text("licenseType").to_uppercase().as_str() {
        "" => None,
        "PERPETUAL" | "STANDARD" => Some(Term::Perpetual),
        "TERM" => Some(Term::Term),
        "SUBSCRIPTION" => Some(Term::Subscription),
        "DEMO" => return Err(Error::invalid("licenseType", "There are no DEMO licenses of it.")),
        _ => {
            return Err(Error::invalid(
                "licenseType",
                "licenseType is TERM, SUBSCRIPTION, DEMO or PERPETUAL.",
            ));
        }
    };
    Ok(Asked {
        license,
        target,
        quantity,
        term,
        precedence: precedence(&line.text("precedence"))?,
        which: Which::of(line)?,
    })
}

/// The license of a Virtual Account that is meant: by its name, its tag, or by what programs know it by.
fn stock(
    read: &mut dyn Reads,
    permit: &Permit<Transfer>,
    place: VirtualAccountId,
    given: &str,
) -> Result<Stock> {
    let account = permit.within().account()?;
    let key = names::entitlement_of(given);
    if let Some(found) = licenses::stocks_of(read, account, place, &[key])?.pop() {
        return Ok(found);
    }
    let wanted = search_key(given);
    licenses::stocks_in(read, account, place)?
        .into_iter()
        .find(|stock| search_key(&stock.name) == wanted)
        .ok_or_else(|| {
            Error::invalid(
                "license",
                format!("There are no licenses {given} in this Virtual Account."),
            )
        })
}

async fn one(may: &May<Transfer>, from: (VirtualAccountId, String), line: Object<'_>) -> Result<String> {
    let asked = asked(line)?;
    let (from, from_name) = from;
    let done = may
        .does(move |tx, permit, at| {
            let to = names::place(tx, permit, &asked.target).map_err(|_| {
                Error::invalid(
                    "targetVirtualAccount",
                    format!("There is no Virtual Account {} that you may use.", asked.target),
                )
            })?;
            let stock = stock(tx, permit, from, &asked.license)?;
            let line = TransferLine {
                stock: stock.id,
                to: to.id,
                quantity: asked.quantity,
                term: asked.term,
                only: asked.which.among(tx, &stock)?,
            };
            let moved = licenses::transfer(tx, permit, at, &[line], asked.precedence, None, None)?;
            let says = format!(
                "{} \u{2018}{}\u{2019} licenses successfully transferred from Virtual Account \u{2018}{from_name}\u{2019} to Virtual Account \u{2018}{}\u{2019}",
                asked.quantity, asked.license, to.name
            );
            Ok(moved.map(|_| says))
        })
        .await?;
    may.portal.jobs.nudge();
    Ok(done)
}

async fn transfer(may: May<Transfer>, call: Call) -> Answer {
    let view = may.also::<ViewInventory>().await?;
    let name = call.place()?.to_owned();
    let place = may.reads(move |r, permit| names::place(r, permit, &name)).await?;
    if !view.within().covers(place.id) {
        return Err(Error::NotFound);
    }
    let lines = call.objects("licenses")?;
    if lines.is_empty() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    let kinds: BTreeSet<String> = lines.iter().map(|line| line.text("license")).collect();
    if kinds.len() > MOST_KINDS || lines.len() > 10 * MOST_KINDS {
        return Err(Error::invalid(
            "licenses",
            format!("At most {MOST_KINDS} license types are transferred by one request."),
        ));
    }
    let mut items: Vec<Value> = Vec::with_capacity(lines.len());
    let mut moved = 0;
    for line in lines {
        items.push(match one(&may, (place.id, place.name.clone()), line).await {
            Ok(says) => {
                moved += 1;
                json!({ "status": "SUCCESS", "statusMessage": says })
            }
            Err(error) => json!({ "status": "ERROR", "statusMessage": reason(error)? }),
        });
    }
    let says = match items.first() {
        Some(first) if moved == 0 => first["statusMessage"].as_str().unwrap_or_default().to_owned(),
        _ => format!("{moved} licenses transferred successfully"),
    };
    with_status(
        status_of(moved, items.len()),
        &says,
        json!({ "licensesTransferStatus": items }),
    )
}
