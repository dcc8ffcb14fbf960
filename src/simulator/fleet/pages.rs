//! The fleet while it runs, on a page.

use super::service::{self, Mode, OnPrem, Typed};
use crate::authz::action::Operate;
use crate::error::{Error, Result};
use crate::http::form::fresh;
use crate::http::form_state::Choice;
use crate::http::widgets::counted;
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page, page_with};
use crate::platform::fleet::{MOST, Member, Running, Trouble};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/simulator/fleet";
/// So many devices are shown; the others are in Device Inventory.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "simulator/fleet.html")]
struct FleetPage {
    shell: Shell,
    form: FormState,
    trouble: FormState,
    running: Option<Running>,
    on_prem: Option<OnPrem>,
    kinds: Vec<Choice>,
    modes: Vec<Choice>,
    most: u32,
}

impl FleetPage {
    fn shown(running: &Running) -> &[Member] {
        running.members.get(..SHOWN).unwrap_or(&running.members)
    }
    fn counts(running: &Running) -> [(&'static str, usize); 4] {
        let count =
            |wanted: &dyn Fn(&Member) -> bool| running.members.iter().filter(|one| wanted(one)).count();
        [
            ("Devices", running.members.len()),
            (
                if running.wanted.signs.is_some() {
                    "Trusted"
                } else {
                    "Registered"
                },
                count(&|one| one.registered > 0),
            ),
            ("Silent", count(&|one| one.is_silent)),
            (
                "Out of Compliance",
                count(&|one| !one.is_silent && one.told.starts_with("Out")),
            ),
        ]
    }
}

async fn view(may: &May<Operate>, form: FormState, trouble: FormState) -> Result<FleetPage> {
    let (running, on_prem) = service::seen(&may.portal).await?;
    let mut shell = may.shell("Fleet and On-Prem");
    shell.error_title = form.has_problems() || trouble.has_problems();
    Ok(FleetPage {
        shell,
        form,
        trouble,
        running,
        on_prem,
        kinds: Trouble::ALL
            .iter()
            .map(|one| Choice::new(one.word(), one.label()))
            .collect(),
        modes: Mode::ALL
            .iter()
            .map(|one| Choice::new(one.word(), one.label()))
            .collect(),
        most: MOST,
    })
}

fn begun() -> FormState {
    fresh()
        .with_value("count", "20")
        .with_value("licenses", "c9200-ne-48, c9200-dna-e-48")
        .with_value("unrest", "0")
        .with_value("mode", Mode::Registered.word())
}

fn one_of() -> FormState {
    fresh()
        .with_value("kind", Trouble::Silent.word())
        .with_value("many", "1")
}

/// GET /simulator/fleet
pub async fn show(may: May<Operate>) -> Answer {
    page(&view(&may, begun(), one_of()).await?)
}

/// A fleet that is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFleet {
    #[serde(default)]
    account: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    licenses: String,
    #[serde(default)]
    unrest: String,
    #[serde(default)]
    mode: String,
}

fn done(may: &May<Operate>, words: String) -> HttpResponse {
    may.see_other(PATH, Flash::new(FlashKind::Ok, words))
}

/// POST /simulator/fleet
pub async fn start(may: May<Operate>, posted: Posted<NewFleet>) -> Answer {
    service::has_one(&may.portal)?;
    let wanted = service::read(&Typed {
        account: &posted.value.account,
        place: &posted.value.place,
        count: &posted.value.count,
        licenses: &posted.value.licenses,
        unrest: &posted.value.unrest,
        mode: &posted.value.mode,
    });
    let started = match wanted {
        Ok(wanted) => service::start(&may.portal, &may.permit, wanted).await,
        Err(error) => Err(error),
    };
    match started {
        Ok(()) => Ok(done(
            &may,
            "The fleet was started. Its devices call now.".to_owned(),
        )),
        Err(Error::Invalid(problems)) => {
            page_with(422, &view(&may, posted.again(&problems), one_of()).await?)
        }
        Err(other) => Err(other),
    }
}

/// Something that is to befall it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTrouble {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    many: String,
}

/// POST /simulator/fleet/trouble
pub async fn trouble(may: May<Operate>, posted: Posted<NewTrouble>) -> Answer {
    let mut problems = crate::error::Problems::default();
    let kind = problems.take(
        "kind",
        posted
            .value
            .kind
            .parse::<Trouble>()
            .map_err(|_| "Choose one.".to_owned()),
    );
    let many = posted
        .value
        .many
        .trim()
        .parse::<u32>()
        .ok()
        .filter(|n| (1..=MOST).contains(n));
    let many = problems.take(
        "many",
        many.ok_or_else(|| format!("Use a number from 1 to {MOST}.")),
    );
    let (Some(kind), Some(many)) = (kind, many) else {
        return page_with(422, &view(&may, begun(), posted.again(&problems)).await?);
    };
    let befell = service::befall(&may.portal, &may.permit, kind, many)?;
    let words = format!(
        "{}: {}.",
        kind.label(),
        counted(befell.into(), "device", "devices")
    );
    Ok(done(&may, words))
}

/// POST /simulator/fleet/stop
pub async fn stop(may: May<Operate>, _: Posted<NoFields>) -> Answer {
    service::stop(&may.portal, &may.permit)?;
    Ok(done(
        &may,
        "The fleet was stopped. Its devices stay registered.".to_owned(),
    ))
}

/// Whether the On-Prem portal synchronizes by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daily {
    #[serde(default)]
    daily: String,
}

/// POST /simulator/fleet/on-prem
pub async fn on_prem(may: May<Operate>, posted: Posted<Daily>) -> Answer {
    let daily = posted.value.daily == "on";
    service::synchronize(&may.portal, &may.permit, daily).await?;
    let words = if daily {
        "The On-Prem portal synchronizes by itself each day."
    } else {
        "The On-Prem portal synchronizes by itself no longer."
    };
    Ok(done(&may, words.to_owned()))
}
