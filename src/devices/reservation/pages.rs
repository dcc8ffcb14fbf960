//! "License Reservation": the request code of the device, its licenses, a review, and the authorization code. And its
//! end: the Reservation Return Code.

use super::super::model::Device;
use super::codes::{MOST_LICENSES, RequestCode};
use super::service::{self, Whole, Wish};
use super::store::{Ended, Line};
use crate::authz::action::{RemoveDevice, ReserveLicenses, ViewInventory};
use crate::error::{Error, Problems, Result};
use crate::http::form::{LIST_LIMIT, Named, PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::reply::attachment;
use crate::http::widgets::number;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, May, Posted, Routes, Shell, Visit, page, page_with, see_other,
};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, ReservationId, VirtualAccountId};
use crate::kernel::text::case_number;
use crate::licenses::Stock;
use crate::virtual_accounts;
use askama::Template;
use serde::Deserialize;

const RESERVATION: &str = "/sa/{said}/licensing/reservation";
const RETURN: &str = "/sa/{said}/devices/device-inventory/{device}/return";
const STEPS: [&str; 4] = [
    "Enter Request Code",
    "Select Licenses",
    "Review and Confirm",
    "Authorization Code",
];
const TITLE: &str = "License Reservation";

pub fn routes(routes: &mut Routes) {
    routes.get(RESERVATION, show_code);
    routes.post(RESERVATION, enter_code);
    routes.get(&format!("{RESERVATION}/licenses"), show_licenses);
    routes.post(&format!("{RESERVATION}/licenses"), choose);
    routes.get(&format!("{RESERVATION}/review"), review);
    routes.post(&format!("{RESERVATION}/review"), reserve);
    routes.get(&format!("{RESERVATION}/{{reservation}}"), done);
    routes.get(&format!("{RESERVATION}/{{reservation}}/code.txt"), file);
    routes.get(RETURN, show_return);
    routes.post(RETURN, give_back);
    routes.post(&format!("{RETURN}/case"), remove_under_case);
}

impl Named for ReservationId {
    const NAME: &'static str = "reservation";
}

fn base(visit: &Visit) -> String {
    format!("/sa/{}/licensing/reservation", visit.number())
}

fn shell(visit: &Visit, form: &FormState) -> Shell {
    let inventory = format!("/sa/{}/licensing/license-inventory", visit.number());
    let mut shell = visit.account_shell(
        TITLE,
        &[
            Crumb::text("Licensing"),
            Crumb::link("License Inventory", inventory),
        ],
    );
    shell.error_title = form.has_problems();
    shell
}

/// What was entered so far, as it stands in addresses and forms.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    va: String,
    #[serde(default)]
    code: String,
    /// The text of a file with the code.
    #[serde(default)]
    file: String,
    /// The entitlement from whose menu one came.
    #[serde(default)]
    license: String,
    #[serde(default, rename = "entitlement[]")]
    entitlement: Vec<String>,
    #[serde(default, rename = "quantity[]")]
    quantity: Vec<String>,
}

impl Asked {
    fn of(visit: &Visit) -> Self {
        serde_html_form::from_str(&visit.query).unwrap_or_default()
    }
    fn place(&self) -> Result<VirtualAccountId> {
        self.va.parse().map_err(|_| Error::NotFound)
    }
    fn quantity_of(&self, entitlement: &str) -> &str {
        self.entitlement
            .iter()
            .zip(&self.quantity)
            .find(|(known, _)| *known == entitlement)
            .map_or("", |(_, quantity)| quantity.trim())
    }
    fn query(&self, with_lines: bool) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.append_pair("va", &self.va).append_pair("code", &self.code);
        if !self.license.is_empty() {
            out.append_pair("license", &self.license);
        }
        if with_lines {
            for (entitlement, quantity) in self.entitlement.iter().zip(&self.quantity) {
                if !quantity.trim().is_empty() {
                    out.append_pair("entitlement[]", entitlement)
                        .append_pair("quantity[]", quantity.trim());
                }
            }
        }
        out.finish()
    }
}

// Enter Request Code --------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/reservation/code.html")]
struct CodePage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    base: String,
    form: FormState,
    places: Vec<Choice>,
    license: String,
    number: i64,
}

async fn code_page(may: &May<ReserveLicenses>, form: FormState, license: String) -> Result<CodePage> {
    let (permit, occupants) = (may.permit.clone(), may.portal.occupants.clone());
    let places = may
        .portal
        .db
        .read(move |r| virtual_accounts::open_places(r, permit.within(), &occupants))
        .await?;
    Ok(CodePage {
        shell: shell(may, &form),
        title: TITLE,
        steps: STEPS,
        base: base(may),
        form,
        places: places
            .into_iter()
            .map(|(id, name)| Choice::new(id.to_string(), name))
            .collect(),
        license,
        number: may.number(),
    })
}

async fn show_code(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    let form = fresh().with_value("va", asked.va).with_value("code", asked.code);
    page(&code_page(&may, form, asked.license).await?)
}

/// The request code, when a device with it can hold a reservation here.
async fn checked(
    may: &May<ReserveLicenses>,
    typed: &str,
    problems: &mut Problems,
) -> Result<Option<RequestCode>> {
    let Some(code) = problems.take("code", RequestCode::parse(typed)) else {
        return Ok(None);
    };
    let (permit, request) = (may.permit.clone(), code.clone());
    let refusal = may
        .portal
        .db
        .read(move |r| service::against(r, &permit, &request, None))
        .await?;
    if let Some(Error::Refused(refusal)) = refusal {
        problems.add("code", refusal.says);
        return Ok(None);
    }
    Ok(Some(code))
}

async fn enter_code(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut problems = Problems::default();
    let typed = if form.file.trim().is_empty() {
        &form.code
    } else {
        &form.file
    };
    let code = checked(&may, typed, &mut problems).await?;
    let (view, manage) = (may.also::<ViewInventory>().await?, may.permit.clone());
    match form.va.parse::<VirtualAccountId>() {
        Ok(id) => {
            may.portal
                .db
                .read(move |r| service::place(r, &view, &manage, id))
                .await?;
        }
        Err(_) => problems.add(
            "va",
            "Choose the Virtual Account whose licenses are to be reserved.",
        ),
    }
    match code {
        Some(code) if problems.is_empty() => {
            let asked = Asked {
                va: form.va.clone(),
                code: code.text,
                license: form.license.clone(),
                ..Asked::default()
            };
            see_other(&format!("{}/licenses?{}", base(&may), asked.query(false)))
        }
        _ => {
            let view = code_page(&may, posted.again(&problems), form.license.clone()).await?;
            page_with(422, &view)
        }
    }
}

// Select Licenses -----------------------------------------------------------------------------------------------

/// A license that can be set aside, with what was typed.
struct Row {
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
struct LicensesPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    base: String,
    form: FormState,
    place: String,
    request: RequestCode,
    asked: Asked,
    rows: Vec<Row>,
    back: String,
    most: usize,
}

/// The page of licenses, with what is wrong with what was typed; and what was chosen.
async fn licenses_page(
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

async fn show_licenses(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    if asked.code.is_empty() || asked.va.is_empty() {
        return see_other(&base(&may));
    }
    page(&licenses_page(&may, asked, false).await?.0)
}

async fn choose(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let (view, _) = licenses_page(&may, posted.value, true).await?;
    if view.form.has_problems() {
        return page_with(422, &view);
    }
    see_other(&format!("{}/review?{}", base(&may), view.asked.query(true)))
}

// Review --------------------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/reservation/review.html")]
struct ReviewPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    base: String,
    form: FormState,
    place: String,
    request: RequestCode,
    asked: Asked,
    lines: Vec<(Stock, String)>,
    back: String,
}

async fn review(may: May<ReserveLicenses>) -> Answer {
    let asked = Asked::of(&may);
    if asked.code.is_empty() || asked.va.is_empty() {
        return see_other(&base(&may));
    }
    let (found, chosen) = licenses_page(&may, asked, true).await?;
    if found.form.has_problems() {
        return page_with(422, &found);
    }
    let form = fresh();
    page(&ReviewPage {
        shell: shell(&may, &form),
        title: TITLE,
        steps: STEPS,
        back: format!("{}/licenses?{}", base(&may), found.asked.query(true)),
        base: base(&may),
        form,
        place: found.place,
        request: found.request,
        asked: found.asked,
        lines: chosen
            .into_iter()
            .map(|(stock, quantity)| (stock, number(&quantity.unsigned_abs())))
            .collect(),
    })
}

async fn reserve(may: May<ReserveLicenses>, posted: Posted<Asked, LIST_LIMIT>) -> Answer {
    let form = &posted.value;
    let mut wanted = Vec::new();
    for (entitlement, quantity) in form.entitlement.iter().zip(&form.quantity) {
        let quantity: i64 = quantity.trim().parse().unwrap_or_default();
        wanted.push((entitlement.clone(), quantity));
    }
    let request = RequestCode::parse(&form.code).map_err(|says| Error::invalid("code", says))?;
    let wish = Wish {
        id: ReservationId::new(),
        device: DeviceId::new(),
        place: form.place()?,
        request,
        wanted,
    };
    let (view, permit, at) = (
        may.also::<ViewInventory>().await?,
        may.permit.clone(),
        may.portal.clock.now(),
    );
    let once = posted.once_key(&may);
    let occupants = may.portal.occupants.clone();
    let id = may
        .portal
        .db
        .write(move |tx| service::reserve(tx, &view, &permit, &occupants, at, &wish, once.as_ref()))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &format!("{}/{id}", base(&may)),
        Flash {
            kind: FlashKind::Ok,
            text: "The licenses are reserved. Install the authorization code on the device.".to_owned(),
            link: None,
        },
    ))
}

// Authorization Code --------------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/reservation/done.html")]
struct DonePage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 4],
    path: String,
    number: i64,
    whole: Whole,
    /// What it is to hold once the device confirms its update.
    pending: Vec<Line>,
    form: FormState,
}

impl DonePage {
    fn ended(&self) -> &'static str {
        match self.whole.one.ended_as {
            Ended::Returned => "was returned",
            Ended::Removed => "was removed under a case",
            Ended::Rehosted => "was rehosted to another device",
        }
    }
    fn quantity(line: &Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
}

async fn whole(may: &May<ReserveLicenses>, id: ReservationId) -> Result<Whole> {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    may.portal
        .db
        .read(move |r| service::find(r, &view, &permit, id))
        .await
}

async fn done(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    done_page(&may, id.0, fresh(), 200).await
}

/// A reservation, with the field for the confirmation code of an update.
pub async fn done_page(
    may: &May<ReserveLicenses>,
    id: ReservationId,
    form: FormState,
    status: u16,
) -> Answer {
    let whole = whole(may, id).await?;
    page_with(
        status,
        &DonePage {
            shell: shell(may, &form),
            title: TITLE,
            steps: STEPS,
            path: format!("{}/{id}", base(may)),
            number: may.number(),
            pending: whole.one.pending(),
            whole,
            form,
        },
    )
}

async fn file(may: May<ReserveLicenses>, id: PathPart<ReservationId>) -> Answer {
    let whole = whole(&may, id.0).await?;
    let name = may
        .file_name(&format!("authorization-code_{}", whole.one.serial))
        .replace(".csv", ".txt");
    Ok(attachment(
        "text/plain; charset=utf-8",
        &name,
        format!("{}\n", whole.one.newest_code()),
    ))
}

// Reservation Return Code ---------------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "devices/reservation/return.html")]
struct ReturnPage {
    shell: Shell,
    form: FormState,
    device: Device,
    whole: Whole,
    path: String,
    back: String,
}

impl ReturnPage {
    fn quantity(line: &Line) -> String {
        number(&line.quantity.unsigned_abs())
    }
    fn ends(at: &Moment) -> String {
        at.utc().format("%-d %b %Y").to_string()
    }
}

async fn return_page(may: &May<RemoveDevice>, id: DeviceId, form: FormState) -> Result<ReturnPage> {
    let (view, permit) = (may.also::<ViewInventory>().await?, may.permit.clone());
    let (device, whole) = may
        .portal
        .db
        .read(move |r| service::of_device(r, &view, &permit, id))
        .await?;
    let back = format!("/sa/{}/devices/device-inventory/{id}", may.number());
    let mut shell = may.account_shell(
        "Remove Product Instance",
        &[
            Crumb::text("Devices"),
            Crumb::link(
                "Device Inventory",
                format!("/sa/{}/devices/device-inventory", may.number()),
            ),
            Crumb::link(device.name(), &back),
        ],
    );
    shell.error_title = form.has_problems();
    Ok(ReturnPage {
        shell,
        form,
        device,
        whole,
        path: format!("{back}/return"),
        back,
    })
}

async fn show_return(may: May<RemoveDevice>, id: PathPart<DeviceId>) -> Answer {
    page(&return_page(&may, id.0, fresh()).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    code: String,
}

async fn give_back(may: May<RemoveDevice>, id: PathPart<DeviceId>, posted: Posted<Typed>) -> Answer {
    let (view, permit, at) = (
        may.also::<ViewInventory>().await?,
        may.permit.clone(),
        may.portal.clock.now(),
    );
    let (id, typed) = (id.0, posted.value.code.clone());
    let done = may
        .portal
        .db
        .write(move |tx| service::give_back(tx, &view, &permit, at, id, &typed))
        .await;
    match done {
        Err(Error::Invalid(problems)) => {
            page_with(422, &return_page(&may, id, posted.again(&problems)).await?)
        }
        Err(other) => Err(other),
        Ok(()) => {
            may.portal.jobs.nudge();
            Ok(may.see_other(
                &format!("/sa/{}/devices/device-inventory", may.number()),
                Flash {
                    kind: FlashKind::Ok,
                    text: "The reserved licenses came back, and the product instance was removed.".to_owned(),
                    link: None,
                },
            ))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFields {
    #[serde(default)]
    case: String,
    #[serde(default)]
    dead: String,
}

async fn remove_under_case(
    may: May<RemoveDevice>,
    id: PathPart<DeviceId>,
    posted: Posted<CaseFields>,
) -> Answer {
    let mut problems = Problems::default();
    let case = problems.take("case", case_number(&posted.value.case));
    if posted.value.dead != "1" {
        problems.add(
            "dead",
            "Tick this only when the device is dead or lost. Any other gives a return code.",
        );
    }
    let (Some(case), true) = (case, problems.is_empty()) else {
        return page_with(422, &return_page(&may, id.0, posted.again(&problems)).await?);
    };
    let (view, permit, at) = (
        may.also::<ViewInventory>().await?,
        may.permit.clone(),
        may.portal.clock.now(),
    );
    let id = id.0;
    may.portal
        .db
        .write(move |tx| service::remove_under_case(tx, &view, &permit, at, id, &case))
        .await?;
    may.portal.jobs.nudge();
    Ok(may.see_other(
        &format!("/sa/{}/devices/device-inventory", may.number()),
        Flash {
            kind: FlashKind::Ok,
            text: "The product instance was removed under a case, and its reserved licenses came back."
                .to_owned(),
            link: None,
        },
    ))
}
