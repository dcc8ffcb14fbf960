//! Help, the description of the API as a page, the codes of refusals, and on whose shoulders this stands.

use super::guide_pages::{self, Guide};
use super::reference::{self, Group, Shape};
use crate::http::{Answer, Crumb, Public, Shell, Visit, page};
use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

fn shell(visit: &Visit, title: &str, above: &[Crumb]) -> Shell {
    let mut shell = visit.shell(title);
    shell.crumbs = above.to_vec();
    shell.crumbs.push(Crumb::text(title));
    shell
}

fn help_crumb() -> [Crumb; 1] {
    [Crumb::link("Help", "/help")]
}

#[derive(Template)]
#[template(path = "home/help.html")]
struct Help {
    shell: Shell,
    guides: &'static [Guide],
    lab: bool,
}

#[derive(Template)]
#[template(path = "home/help_on_prem.html")]
struct OnPremHelp {
    shell: Shell,
    guides: &'static [Guide],
}

pub async fn help(visit: Public) -> Answer {
    if visit.portal.config.edition.is_on_prem() {
        return page(&OnPremHelp {
            shell: shell(&visit, "Help", &[]),
            guides: guide_pages::ALL,
        });
    }
    page(&Help {
        shell: shell(&visit, "Help", &[]),
        guides: guide_pages::ALL,
        lab: visit.portal.config.is_lab(),
    })
}

/// The codes with which the portal itself answers, whatever is asked: code, status, meaning.
const GENERAL: &[(&str, u16, &str)] = &[
    ("bad-request", 400, "The request cannot be read."),
    (
        "signed-out",
        401,
        "There is no access token, or it is no longer valid.",
    ),
    ("cross-site", 403, "The form was sent from another site."),
    (
        "forbidden",
        403,
        "You may see this, and may not do it. The field action says what.",
    ),
    (
        "fresh-sign-in",
        403,
        "The password must have been given a short while ago.",
    ),
    (
        "first-sign-in",
        403,
        "On an On-Prem server: the password is still the one that the server came with.",
    ),
    (
        "api-off",
        403,
        "On an On-Prem server: the API is switched off under Admin Workspace, API Toolkit.",
    ),
    ("not-found", 404, "There is nothing here that you may see."),
    ("method-not-allowed", 405, "The path is there, the method is not."),
    ("stale", 409, "Somebody has changed it since you read it."),
    (
        "dead-link",
        410,
        "An emailed link that was used, has expired, or was canceled.",
    ),
    ("too-large", 413, "More bytes than are taken."),
    ("wrong-kind", 415, "The body is of another kind than is taken."),
    (
        "invalid",
        422,
        "Some fields are not right. The field errors says which and why.",
    ),
    (
        "too-many",
        429,
        "Too often. The header Retry-After says when to try again.",
    ),
    (
        "internal",
        500,
        "Something went wrong here. Report it with the request ID.",
    ),
    ("unavailable", 503, "Not now. Try again in a moment."),
];

#[derive(Template)]
#[template(path = "home/problems.html")]
struct ProblemsPage {
    shell: Shell,
    general: &'static [(&'static str, u16, &'static str)],
    rules: Vec<crate::error::Coded>,
}

pub async fn problems(visit: Public) -> Answer {
    page(&ProblemsPage {
        shell: shell(&visit, "Codes of problems", &help_crumb()),
        general: GENERAL,
        rules: visit.portal.refusals.as_ref().clone(),
    })
}

#[derive(Template)]
#[template(path = "home/api.html")]
struct ApiPage {
    shell: Shell,
    base: String,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

pub async fn api(visit: Public) -> Answer {
    let base = visit.portal.config.base_url.trim_end_matches('/').to_owned();
    let (groups, shapes) = reference::read(visit.portal.openapi, &base);
    page(&ApiPage {
        shell: shell(&visit, "API", &help_crumb()),
        base,
        groups,
        shapes,
    })
}

pub async fn document(visit: Public) -> Answer {
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(visit.portal.openapi.as_str()))
}

#[derive(Template)]
#[template(path = "home/about.html")]
struct About {
    shell: Shell,
    version: &'static str,
}

pub async fn about(visit: Public) -> Answer {
    page(&About {
        shell: shell(&visit, "About", &help_crumb()),
        version: env!("CARGO_PKG_VERSION"),
    })
}

#[derive(Template)]
#[template(path = "home/licenses.html")]
struct Licenses {
    shell: Shell,
}

pub async fn licenses(visit: Public) -> Answer {
    page(&Licenses {
        shell: shell(&visit, "Licenses", &[Crumb::link("About", "/about")]),
    })
}
