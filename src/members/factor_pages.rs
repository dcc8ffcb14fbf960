//! Whether an account opens only to those who sign in with a second factor: the page, and the same for scripts.

use super::service::{self, Factors};
use crate::authz::Permit;
use crate::authz::action::RequireSecondFactor;
use crate::error::{Error, Problems, Result};
use crate::http::form::fresh;
use crate::http::{
    Answer, Api, Crumb, FormState, JsonBody, May, Posted, Routes, Shell, json, page, page_with,
};
use actix_web::http::Method;
use askama::Template;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/users/second-factor", show);
    routes.post("/sa/{said}/account/users/second-factor", save);
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/second-factor",
        Api::says("Whether the account opens only to those who have a second factor, and how many of its people have none.")
            .gives::<FactorsShape>(200),
        read,
    );
    routes.api(
        Method::PUT,
        "/api/v1/accounts/{said}/second-factor",
        Api::says(
            "Require a second factor of everybody who opens the account, API clients too, or no longer.",
        )
        .takes::<RequireBody>()
        .gives::<FactorsShape>(200),
        write,
    );
}

#[derive(Template)]
#[template(path = "members/second_factor.html")]
struct FactorPage {
    shell: Shell,
    form: FormState,
    number: i64,
    factors: Factors,
}

async fn look(permit: &Permit<RequireSecondFactor>, may: &May<RequireSecondFactor>) -> Result<Factors> {
    let within = permit.within().clone();
    may.portal.db.read(move |r| service::factors(r, &within)).await
}

async fn view(may: &May<RequireSecondFactor>, form: Option<FormState>) -> Result<FactorPage> {
    let factors = look(&may.permit, may).await?;
    let users = Crumb::link("Users", format!("/sa/{}/account/users", may.number()));
    let mut shell = may.account_shell("Second factor", &[users]);
    let form = form.unwrap_or_else(|| {
        let is = if factors.is_required { "1" } else { "" };
        fresh().with_value("required", is)
    });
    shell.error_title = form.has_problems();
    Ok(FactorPage {
        shell,
        form,
        number: may.number(),
        factors,
    })
}

async fn show(may: May<RequireSecondFactor>) -> Answer {
    page(&view(&may, None).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(default)]
    required: String,
}

async fn require(may: &May<RequireSecondFactor>, is_required: bool) -> Result<()> {
    may.does(move |tx, permit, at| service::require_factor(tx, permit, at, is_required))
        .await
}

async fn save(may: May<RequireSecondFactor>, form: Posted<Sent>) -> Answer {
    let is_required = form.value.required == "1";
    match require(&may, is_required).await {
        Ok(()) => {
            let says = if is_required {
                "The account opens only to those who sign in with a second factor."
            } else {
                "A second factor is no longer required."
            };
            may.done(
                &format!("/sa/{}/account/users/second-factor", may.number()),
                may.say(says),
            )
        }
        Err(Error::Refused(refusal)) => {
            let mut problems = Problems::default();
            problems.add("required", refusal.says);
            page_with(409, &view(&may, Some(form.again(&problems))).await?)
        }
        Err(error) => Err(error),
    }
}

/// How the people of an account stand.
#[derive(Serialize, ToSchema)]
struct FactorsShape {
    /// Whether the account opens only to those who have a second factor.
    required: bool,
    /// How many people hold a role.
    people: usize,
    /// How many of them have no second factor.
    without: usize,
}

/// Whether a second factor is required.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequireBody {
    /// It is.
    required: bool,
}

async fn answer(may: &May<RequireSecondFactor>) -> Answer {
    let Factors {
        is_required,
        people,
        without,
    } = look(&may.permit, may).await?;
    json(
        200,
        &FactorsShape {
            required: is_required,
            people,
            without,
        },
    )
}

async fn read(may: May<RequireSecondFactor>) -> Answer {
    answer(&may).await
}

async fn write(may: May<RequireSecondFactor>, body: JsonBody<RequireBody>) -> Answer {
    require(&may, body.value.required).await?;
    answer(&may).await
}
