//! A page on which an expression is tried before it stands in a script.

use super::grammar::{Expression, LONGEST, Thing};
use super::service::{self, Seen};
use crate::authz::action::ControlClock;
use crate::error::Error;
use crate::http::form::fresh;
use crate::http::{Answer, FormState, May, Shell, page, page_with};
use askama::Template;

#[derive(Template)]
#[template(path = "simulator/expressions.html")]
struct ExpressionsPage {
    shell: Shell,
    form: FormState,
    text: String,
    seen: Option<Seen>,
}

impl ExpressionsPage {
    /// Of each thing its words, its fields, an example, and this page asked about that.
    fn things() -> Vec<(&'static str, String, &'static str, String)> {
        Thing::ALL
            .iter()
            .map(|thing| {
                let fields: Vec<&str> = thing.fields().iter().map(|(field, _)| *field).collect();
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("expression", &format!("{} != nothing", thing.example()))
                    .finish();
                (
                    thing.label(),
                    fields.join(", "),
                    thing.example(),
                    format!("/simulator/assert?{query}"),
                )
            })
            .collect()
    }
    fn longest() -> u32 {
        u32::try_from(LONGEST).unwrap_or(u32::MAX)
    }
}

/// GET /simulator/assert
pub async fn show(may: May<ControlClock>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let text = url::form_urlencoded::parse(may.query.as_bytes())
        .find(|(key, _)| key == "expression")
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default();
    let mut view = ExpressionsPage {
        shell: may.shell("Wait and assert"),
        form: fresh().with_value("expression", text.clone()),
        text,
        seen: None,
    };
    if view.text.is_empty() {
        return page(&view);
    }
    match Expression::parse(&view.text) {
        Ok(expression) => {
            view.seen = Some(service::look(&may.portal, &may.permit, &expression).await?);
            page(&view)
        }
        Err(Error::Invalid(problems)) => {
            for problem in problems.list() {
                view.form.refuse(problem.field.clone(), problem.says.clone());
            }
            view.shell.error_title = true;
            page_with(422, &view)
        }
        Err(other) => Err(other),
    }
}
