//! "Why can't I?" for scripts.

use super::model::{HeldRole, Helper, Told};
use super::pages::{asked, of_anything, question, whose};
use super::service;
use crate::authn::Actor;
use crate::authz::action::{Operate, ViewAccount, ViewUsers};
use crate::authz::explain::Reason;
use crate::error::Error;
use crate::http::{Answer, Api, May, Param, Routes, SignedIn, Visit, json};
use crate::kernel::Moment;
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

const PERSON: Param = Param::longer("person", 254, "The address of a person; oneself without it.");
const PLACE: Param = Param::text(
    "virtual_account",
    "Name or id of the Virtual Account that it is about; the whole account without it.",
);
const ACTION: Param = Param::text(
    "action",
    "What is done, by its name such as ManageTokens or in words such as \u{201c}manage users\u{201d}.",
);

pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/explain",
        Api::says("Why somebody may do something in the account, or not: roles, scope, state, and who could. About others: for those who see all users of the account.")
            .query(&[PERSON, ACTION.required(), PLACE])
            .gives::<Explanation>(200),
        of_account,
    );
    routes.api(
        Method::GET,
        "/api/v1/explain",
        Api::says("Why a request was refused, by its id: for whoever sent it, for administrators of its account, and for operators. The newest 2,000 refusals of this process are known.")
            .query(&[Param::text("request", "The request_id of the refusal.").required()])
            .gives::<RequestExplanation>(200),
        of_request,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/explain/request",
        Api::says("As GET /api/v1/explain, for the command of a lab. In a lab alone.")
            .query(&[Param::text("request", "The request_id of the refusal.").required()])
            .gives::<RequestExplanation>(200),
        of_request_in_lab,
    );
    routes.api(
        Method::GET,
        "/api/v1/simulator/explain",
        Api::says("Why anybody may do something in any account, or not. In a lab alone.")
            .query(&[
                PERSON,
                ACTION.required(),
                Param::text(
                    "account",
                    "Domain, name or number of the account; the portal without it.",
                ),
                PLACE,
            ])
            .gives::<Explanation>(200),
        of_lab,
    );
}

/// Why somebody may do something, or not.
#[derive(Debug, Serialize, ToSchema)]
struct Explanation {
    /// Name and address, or the address alone of somebody who holds no role here.
    person: String,
    /// The name of the action.
    action: &'static str,
    /// Its words.
    action_words: String,
    allowed: bool,
    /// may, no-standing, role, scope or state.
    #[schema(value_type = String)]
    reason: Reason,
    /// One sentence.
    says: String,
    virtual_account: Option<String>,
    /// The roles that were looked at.
    roles: Vec<HeldRole>,
    /// The roles that are named for the action.
    named: Vec<String>,
    /// People with such a role; 20 at most.
    who_could: Vec<Helper>,
    /// How many more could.
    more: u64,
}

impl Explanation {
    fn of(told: Told, visit: &Visit) -> Self {
        Self {
            allowed: told.is_yes(),
            person: told.person,
            action: told.action.name(),
            action_words: visit.say(told.action.words()).to_owned(),
            reason: told.reason,
            says: told.says,
            virtual_account: told.place.map(|(_, name)| name),
            roles: told.held,
            named: told.named,
            who_could: told.could,
            more: told.more,
        }
    }
}

/// A field and what was wrong with it.
#[derive(Debug, Serialize, ToSchema)]
struct FieldProblem {
    field: String,
    says: String,
}

/// Why a request was refused.
#[derive(Debug, Serialize, ToSchema)]
struct RequestExplanation {
    request: String,
    /// By the system's time.
    at: Moment,
    method: String,
    /// Its route, with the parameters unfilled.
    route: String,
    person: String,
    status: u16,
    code: &'static str,
    says: String,
    /// When a rule refuses with this code; none for codes that are no rule's.
    rule: Option<&'static str>,
    /// What to do about it; none for codes that are no rule's.
    way_out: Option<&'static str>,
    fields: Vec<FieldProblem>,
    /// What roles and state say now, where a right was missing.
    now: Option<Explanation>,
}

async fn of_account(may: May<ViewAccount>) -> Answer {
    let question = question(&asked(&may.query))?;
    let whose = whose(may.perhaps::<ViewUsers>()?.as_ref());
    let (edition, tenant) = (may.portal.config.edition, may.tenant.clone());
    let asker = may.permit.actor()?.person.clone();
    let told = may
        .reads(move |r, permit| {
            let told = service::answer(r, edition, tenant.as_ref(), &asker, whose, &question)?;
            match &told.place {
                // One may not know of it.
                Some((id, _)) if !permit.within().covers(*id) => Err(Error::invalid(
                    "virtual_account",
                    "There is no Virtual Account of this name in the account.",
                )),
                _ => Ok(told),
            }
        })
        .await?;
    json(200, &Explanation::of(told, &may))
}

async fn of_lab(may: May<Operate>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let told = of_anything(&may, &asked(&may.query)).await?;
    json(200, &Explanation::of(told, &may))
}

async fn of_request(who: SignedIn) -> Answer {
    told(&who, who.actor()).await
}

async fn of_request_in_lab(may: May<Operate>) -> Answer {
    if !may.portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    told(&may, may.permit.actor()?).await
}

async fn told(who: &Visit, actor: &Actor) -> Answer {
    let asked = asked(&who.query);
    let wanted = asked.get("request").map_or("", String::as_str);
    let found = service::of_request(&who.portal, actor, wanted).await?;
    let refused = found.refused;
    json(
        200,
        &RequestExplanation {
            request: refused.request_id,
            at: refused.at,
            method: refused.method,
            route: refused.route,
            person: found.person,
            status: refused.status,
            code: refused.code,
            says: refused.says,
            rule: found.rule.map(|(when, _)| when),
            way_out: found.rule.map(|(_, way_out)| way_out),
            fields: refused
                .fields
                .into_iter()
                .map(|(field, says)| FieldProblem { field, says })
                .collect(),
            now: found.now.map(|told| Explanation::of(told, who)),
        },
    )
}
