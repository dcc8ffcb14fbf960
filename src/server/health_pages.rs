//! "Health", in both portals, and the same for scripts.

use super::health::{Health, JobShape, look};
use crate::authz::Action;
use crate::authz::action::Operate;
use crate::http::menu::Item;
use crate::http::{Answer, Api, Crumb, May, Routes, Shell, json, page};
use crate::platform::findings::Standing;
use actix_web::http::Method;
use askama::Template;

const HERE: &str = "/operator/health";

pub fn routes(routes: &mut Routes) {
    routes.get(HERE, show);
    routes.menu(Item {
        section: "Operator",
        group: None,
        label: Some("Health"),
        path: HERE,
        action: Action::Operate,
    });
    routes.api(
        Method::GET,
        "/api/v1/health",
        Api::says(
            "How this installation stands: database, mail, jobs, keys, certificate, backup, record and disk.",
        )
        .gives::<Health>(200),
        read,
    );
}

#[derive(Template)]
#[template(path = "server/health.html")]
struct HealthPage {
    shell: Shell,
    health: Health,
}

impl HealthPage {
    fn name(word: &str) -> String {
        super::support_pages::capital(word)
    }
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn badge(standing: &Standing) -> &'static str {
        match standing {
            Standing::Ok => "ok",
            Standing::Note => "warn",
            Standing::Wrong => "bad",
        }
    }
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn word(standing: &Standing) -> &'static str {
        match standing {
            Standing::Ok => "OK",
            Standing::Note => "Note",
            Standing::Wrong => "Wrong",
        }
    }
    fn last(job: &JobShape) -> String {
        job.last()
    }
}

/// GET /operator/health
async fn show(may: May<Operate>) -> Answer {
    let health = look(&may.portal).await?;
    let mut shell = may.shell("Health");
    let workspace = if may.portal.config.edition.is_on_prem() {
        "Admin Workspace"
    } else {
        "Operator"
    };
    shell.crumbs = vec![Crumb::text(workspace), Crumb::text("Health")];
    page(&HealthPage { shell, health })
}

/// GET /api/v1/health
async fn read(may: May<Operate>) -> Answer {
    json(200, &look(&may.portal).await?)
}
