//! The workshop as a page.

use super::LARGEST;
use super::api::way;
use super::service::{self, Seen};
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::form::{Named, PathPart, fresh};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::widgets::signed;
use crate::http::{Answer, FormState, May, Shell, page, page_with};
use crate::sync::workshop::{WAYS, Way};
use askama::Template;

/// A way to spoil a file, in an address.
pub struct WayPart(&'static Way);

impl std::str::FromStr for WayPart {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        way(s).map(Self).ok_or(())
    }
}
impl Named for WayPart {
    const NAME: &'static str = "way";
}

#[derive(Template)]
#[template(path = "simulator/workshop.html")]
struct WorkshopPage {
    shell: Shell,
    form: FormState,
    seen: Option<Seen>,
}

impl WorkshopPage {
    fn ways() -> &'static [Way] {
        WAYS
    }
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates lend what they hand over"
    )]
    fn balance(amount: &i64) -> String {
        signed(amount)
    }
}

fn view(may: &May<Operate>, form: FormState, seen: Option<Seen>) -> WorkshopPage {
    let mut shell = may.shell("Sync-file workshop");
    shell.error_title = form.has_problems();
    WorkshopPage { shell, form, seen }
}

/// GET /simulator/sync-files
pub async fn show(may: May<Operate>) -> Answer {
    service::takes_them(&may.portal)?;
    page(&view(&may, fresh(), None))
}

fn chosen(posted: &Upload<LARGEST>) -> Result<Vec<u8>> {
    if posted.file.is_empty() {
        return Err(Error::invalid("file", "Choose a file of a synchronization."));
    }
    Ok(posted.file.to_vec())
}

/// The page again with what is wrong beside the file; what a rule refuses is said there too.
fn again(may: &May<Operate>, posted: &Upload<LARGEST>, error: Error) -> Answer {
    let (status, problems) = match error {
        Error::Invalid(problems) => (422, problems),
        Error::Refused(refusal) => {
            let mut problems = Problems::default();
            problems.add("file", refusal.says);
            (409, problems)
        }
        other => return Err(other),
    };
    page_with(status, &view(may, posted.again(&problems), None))
}

/// POST /simulator/sync-files
pub async fn inspect(may: May<Operate>, posted: Upload<LARGEST>) -> Answer {
    let seen = match chosen(&posted) {
        Ok(bytes) => service::inspect(&may.portal, &may.permit, bytes).await,
        Err(error) => Err(error),
    };
    match seen {
        Ok(seen) => page(&view(&may, fresh(), Some(seen))),
        Err(error) => again(&may, &posted, error),
    }
}

/// POST /simulator/sync-files/spoil/{way}
pub async fn spoil(may: May<Operate>, way: PathPart<WayPart>, posted: Upload<LARGEST>) -> Answer {
    let way = way.0.0;
    let spoiled = match chosen(&posted) {
        Ok(bytes) => service::spoil(&may.portal, &may.permit, bytes, way).await,
        Err(error) => Err(error),
    };
    match spoiled {
        Ok(bytes) => Ok(attachment(
            "application/octet-stream",
            &format!("{}.sync", way.word),
            bytes,
        )),
        Err(error) => again(&may, &posted, error),
    }
}
