//! Scenarios and snapshots: what the lab can be made of, and what it was.

use super::{LARGEST, service};
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::{Answer, Flash, FlashKind, FormState, May, NoFields, Posted, Shell, page, page_with};
use crate::platform::db::SnapshotName;
use crate::simulator::scenario::{self, Chosen};
use askama::Template;
use std::time::Instant;

const PATH: &str = "/simulator/scenarios";

/// What is asked before it is done.
enum Question {
    /// Load this scenario?
    Load(String),
    /// Restore this snapshot?
    Restore(SnapshotName),
    /// Delete it?
    Delete(SnapshotName),
}

#[derive(Template)]
#[template(path = "simulator/scenarios.html")]
struct ScenariosPage {
    shell: Shell,
    form: FormState,
    loaded: String,
    scenarios: Vec<(String, String)>,
    has_files: bool,
    snapshots: Vec<SnapshotName>,
    question: Option<Question>,
}

impl ScenariosPage {
    async fn of(may: &May<Operate>, form: FormState, question: Option<Question>) -> Result<Self> {
        if !may.portal.config.is_lab() {
            return Err(Error::NotFound);
        }
        let snapshots = service::list(&may.portal).await?;
        if let Some(Question::Restore(name) | Question::Delete(name)) = &question
            && !snapshots.contains(name)
        {
            return Err(Error::NotFound);
        }
        let mut shell = may.shell("Scenarios and snapshots");
        shell = match &question {
            Some(Question::Load(_)) => shell.with_dialog("Load a scenario?"),
            Some(Question::Restore(_)) => shell.with_dialog("Restore a snapshot?"),
            Some(Question::Delete(_)) => shell.with_dialog("Delete a snapshot?"),
            None => shell,
        };
        shell.error_title = form.has_problems();
        Ok(Self {
            shell,
            form,
            loaded: service::loaded(&may.portal).await?.unwrap_or_default(),
            scenarios: scenario::ALL
                .iter()
                .map(|(name, says)| ((*name).to_owned(), (*says).to_owned()))
                .chain(scenario::kept(&may.portal))
                .collect(),
            has_files: !may.portal.config.edition.is_on_prem(),
            snapshots,
            question,
        })
    }
    fn longest() -> u32 {
        u32::try_from(SnapshotName::LONGEST).unwrap_or(u32::MAX)
    }
}

fn done(may: &May<Operate>, words: &str, begun: Instant) -> actix_web::HttpResponse {
    let took = begun.elapsed().as_secs_f64();
    may.see_other(
        PATH,
        Flash::new(FlashKind::Ok, format!("{words} It took {took:.1} seconds.")),
    )
}

/// GET /simulator/scenarios
pub async fn show(may: May<Operate>) -> Answer {
    page(&ScenariosPage::of(&may, fresh(), None).await?)
}

/// A scenario in an address.
fn named(may: &May<Operate>, name: &str) -> Result<Chosen> {
    scenario::chosen_by(&may.portal, name).ok_or(Error::NotFound)
}

/// GET /simulator/scenarios/{scenario}/load
pub async fn ask_load(may: May<Operate>, name: PathPart<ScenarioName>) -> Answer {
    let question = Question::Load(named(&may, &name.0.0)?.name().to_owned());
    page(&ScenariosPage::of(&may, fresh(), Some(question)).await?)
}

/// POST /simulator/scenarios/{scenario}/load
pub async fn load(may: May<Operate>, name: PathPart<ScenarioName>, _form: Posted<NoFields>) -> Answer {
    let (chosen, begun) = (named(&may, &name.0.0)?, Instant::now());
    let words = format!("The scenario {} was loaded.", chosen.name());
    service::load(&may.portal, &may.permit, chosen).await?;
    Ok(done(&may, &words, begun))
}

/// GET /simulator/scenarios/export
pub async fn export(may: May<Operate>) -> Answer {
    let (name, text) = service::export(&may.portal, &may.permit).await?;
    Ok(attachment("application/yaml", &format!("{name}.yaml"), text))
}

/// GET /simulator/scenarios/schema
pub async fn schema(may: May<Operate>) -> Answer {
    super::api::schema(may).await
}

/// POST /simulator/scenarios/file
pub async fn load_file(may: May<Operate>, posted: Upload<LARGEST>) -> Answer {
    let begun = Instant::now();
    let loaded = if posted.file.is_empty() {
        Err(Error::invalid("file", "Choose a scenario file."))
    } else {
        match service::read_file(&may.portal, &posted.file) {
            Ok(chosen) => {
                let words = format!("The scenario file {} was loaded.", chosen.name());
                service::load(&may.portal, &may.permit, chosen)
                    .await
                    .map(|()| words)
            }
            Err(error) => Err(error),
        }
    };
    match loaded {
        Ok(words) => Ok(done(&may, &words, begun)),
        Err(Error::Invalid(problems)) => page_with(
            422,
            &ScenariosPage::of(&may, posted.again(&problems), None).await?,
        ),
        Err(other) => Err(other),
    }
}

/// What a snapshot is to be called.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSnapshot {
    #[serde(default)]
    name: String,
}

/// POST /simulator/snapshots
pub async fn take(may: May<Operate>, form: Posted<NewSnapshot>) -> Answer {
    let (begun, mut problems) = (Instant::now(), Problems::default());
    let Some(name) = problems.take("name", SnapshotName::parse(&form.value.name)) else {
        return page_with(422, &ScenariosPage::of(&may, form.again(&problems), None).await?);
    };
    service::take(&may.portal, &may.permit, name.clone()).await?;
    Ok(done(&may, &format!("The snapshot {name} was taken."), begun))
}

/// GET /simulator/snapshots/{snapshot}/restore
pub async fn ask_restore(may: May<Operate>, PathPart(name): PathPart<SnapshotName>) -> Answer {
    page(&ScenariosPage::of(&may, fresh(), Some(Question::Restore(name))).await?)
}

/// POST /simulator/snapshots/{snapshot}/restore
pub async fn restore(
    may: May<Operate>,
    PathPart(name): PathPart<SnapshotName>,
    _form: Posted<NoFields>,
) -> Answer {
    let begun = Instant::now();
    service::restore(&may.portal, &may.permit, name.clone()).await?;
    Ok(done(&may, &format!("The snapshot {name} was restored."), begun))
}

/// GET /simulator/snapshots/{snapshot}/delete
pub async fn ask_delete(may: May<Operate>, PathPart(name): PathPart<SnapshotName>) -> Answer {
    page(&ScenariosPage::of(&may, fresh(), Some(Question::Delete(name))).await?)
}

/// POST /simulator/snapshots/{snapshot}/delete
pub async fn delete(
    may: May<Operate>,
    PathPart(name): PathPart<SnapshotName>,
    _form: Posted<NoFields>,
) -> Answer {
    let begun = Instant::now();
    service::delete(&may.portal, &may.permit, name.clone()).await?;
    Ok(done(&may, &format!("The snapshot {name} was deleted."), begun))
}

/// The name of a scenario in an address.
pub struct ScenarioName(String);

impl std::str::FromStr for ScenarioName {
    type Err = std::convert::Infallible;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.to_owned()))
    }
}
impl crate::http::form::Named for ScenarioName {
    const NAME: &'static str = "scenario";
}
