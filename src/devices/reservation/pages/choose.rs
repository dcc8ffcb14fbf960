//! Reserving, second step: its licenses.

use super::code::checked;
use super::{Asked, STEPS, TITLE, base, shell};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::devices::reservation::codes::{MOST_LICENSES, RequestCode};
use crate::devices::reservation::service;
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, fresh};
use crate::http::widgets::number;
use crate::http::{Answer, FormState, May, Posted, Shell, page, page_with, see_other};
use crate::licenses::Stock;
use askama::Template;

/// A license that can be set aside, with what was typed.
pub(super) struct Row {
    stock: Stock,
    typed: String,
    says: String,
}

impl Row {
    fn free(&self) -> String {
        if self.stock.is_metered() {
            "Unlimited".to_owned()
        } else {
            number(&self.stock.surplus().unsigned_abs())
        }
    }
}

#[derive(Template)]
#[template(path = "devices/reservation/licenses.html")]
pub(super) struct LicensesPage {
    pub(super) shell: Shell,
    pub(super) title: &'static str,
    pub(super) steps: [&'static str; 4],
    pub(super) base: String,
    pub(super) form: FormState,
    pub(super) place: String,
    pub(super) request: RequestCode,
    pub(super) asked: Asked,
    pub(super) rows: Vec<Row>,
    pub(super) back: String,
    pub(super) most: usize,
}

/// The page of licenses, with what is wrong with what was typed; and what was chosen.
pub(super) async fn licenses_page(
    may: &May<ReserveLicenses>,
    asked: Asked,
    check: bool,
) -> Result<(LicensesPage, Vec<(Stock, i64)>)> {
    let id = asked.place()?;
    let mut problems = Problems::default();
    let request = checked(may, &asked.code, &mut problems)
        .await?
        .ok_or_else(|| Error::Invalid(problems.clone()))?;
    let (view, manage) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let (place, stocks) = may
        .portal
        .db
        .read(move |r| {
            Ok((
                service::place(r, &view, &manage, id)?,
                service::free(r, &manage, id)?,
            ))
        })
        .await?;
    let (mut rows, mut chosen) = (Vec::new(), Vec::new());
    let mut form = fresh();
    for stock in stocks {
        let mut typed = asked.quantity_of(&stock.entitlement).to_owned();
        if !check && typed.is_empty() && asked.license == stock.entitlement {
            "1".clone_into(&mut typed);
        }
        let mut says = String::new();
        if check && !typed.is_empty() && typed != "0" {
            match typed.parse::<i64>() {
                Ok(quantity) if quantity >= 1 && quantity <= stock.surplus().min(1_000_000_000) => {
                    chosen.push((stock.clone(), quantity));
                }
                _ => {
                    says = if stock.is_metered() {
                        "Enter a whole number from 1 on.".to_owned()
                    } else {
                        format!(
                            "Enter a whole number from 1 to {}.",
                            number(&stock.surplus().unsigned_abs())
                        )
                    };
                    form = form.with_problem(
                        format!("quantity-{}", stock.id),
                        format!("{}: {says}", stock.name),
                    );
                }
            }
        }
        rows.push(Row { stock, typed, says });
    }
    if check && !form.has_problems() {
        if chosen.is_empty() {
            form = form.with_problem("", "Enter a quantity for one license or more.");
        } else if chosen.len() > MOST_LICENSES {
            form = form.with_problem(
                "",
                format!("Choose {MOST_LICENSES} licenses at most for one product instance."),
            );
        }
    }
    let page = LicensesPage {
        shell: shell(may, &form),
        title: TITLE,
        steps: STEPS,
        base: base(may),
        back: format!("{}?{}", base(may), asked.query(false)),
        form,
        place,
        request,
        asked,
        rows,
        most: MOST_LICENSES,
    };
    Ok((page, chosen))
}

pub(super) async fn show_licenses(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    if asked.code.is_empty() || asked.va.is_empty() {
        return see_other(&base(&may));
    }
    page(&licenses_page(&may, asked, false).await?.0)
}

pub(super) async fn choose(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let (view, _) = licenses_page(&may, posted.value, true).await?;
    if view.form.has_problems() {
        return page_with(422, &view);
    }
    see_other(&format!("{}/review?{}", base(&may), view.asked.query(true)))
}
