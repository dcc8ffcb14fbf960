//! "SL Using Policy": the product instances of a local account that report by policy. A synchronization carries their
//! reports; where that is not wanted, they are exported for the cloud, and its acknowledgement is imported.

use super::store;
use crate::authz::Action;
use crate::authz::action::{ReportUsage, ReserveLicenses, ViewInventory};
use crate::devices::policy::files;
use crate::devices::policy::on_prem::{self, Standing};
use crate::devices::reservation::on_prem::{self as asked_for, RequestState};
use crate::devices::{self, Filter, Row};
use crate::error::{Error, Problems};
use crate::http::form::fresh;
use crate::http::list::{FilterSpec, Pager};
use crate::http::reply::attachment;
use crate::http::upload::Upload;
use crate::http::widgets::counted;
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, ListQuery, ListSpec, May, Routes, Shell, Visit, page,
    page_with, reason,
};
use crate::kernel::ids::DeviceId;
use crate::kernel::{Event, Kind};
use crate::members;
use askama::Template;
use std::collections::HashMap;

const HERE: &str = "/sa/{said}/devices/sl-using-policy";
/// So many reports are exported at once; the rest is exported when these are acknowledged.
const MOST_EXPORTED: i64 = 5_000;
/// So many bytes an acknowledgement has at most.
const MOST: usize = files::MOST_BYTES;

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(HERE, list);
    routes.get(&format!("{HERE}/usage.tar"), export);
    routes.get(&format!("{HERE}/import"), show_import);
    routes.post(&format!("{HERE}/import"), import);
}

fn at(visit: &Visit) -> String {
    HERE.replace("{said}", &visit.number().to_string())
}

#[derive(Template)]
#[template(path = "local_accounts/using_policy.html")]
struct ListPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<(Row, Standing, Authorization)>,
    count: String,
    here: String,
    devices: String,
    /// "CSLU Transport URL": where product instances report.
    transport: String,
    /// Why one may not export and import, or "".
    off: String,
}

/// How the authorization code of a product instance stands, and whether one may ask for it.
struct Authorization {
    state: Option<RequestState>,
    may: bool,
}

async fn list(may: May<ViewInventory>) -> Answer {
    let here = at(&may);
    let mut list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: here.clone(),
            sorts: &["name"],
            default_sort: "name",
            filters: &[FilterSpec {
                key: "report",
                label: "Reporting status",
                values: devices::REPORTS,
            }],
            columns: &[],
        },
    );
    let filter = Filter {
        typed: list.q.clone(),
        by_policy: Some(true),
        policy_states: list
            .values("report")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        ..Filter::default()
    };
    let reserves = may.perhaps::<ReserveLicenses>()?;
    let (rows, list, total, administrators, account) = may
        .reads(move |r, permit| {
            let total = devices::count(r, permit, &filter)?;
            list.clamp(total);
            let sort = (devices::BY_NAME.0, list.descending);
            let rows = devices::page(r, permit, &filter, sort, Some(total), list.limit(), list.offset())?;
            let ids: Vec<DeviceId> = rows.iter().map(|row| row.device.id).collect();
            let mut standings: HashMap<DeviceId, Standing> = on_prem::standings(r, &ids)?;
            let mut requests = asked_for::of_some(r, &ids)?;
            let rows: Vec<(Row, Standing, Authorization)> = rows
                .into_iter()
                .map(|row| {
                    let standing = standings.remove(&row.device.id).unwrap_or_default();
                    let authorization = Authorization {
                        state: requests.remove(&row.device.id).map(|one| one.state),
                        may: reserves
                            .as_ref()
                            .is_some_and(|permit| permit.within().covers(row.device.virtual_account)),
                    };
                    (row, standing, authorization)
                })
                .collect();
            let administrators = members::administrators_of(r, permit.within().account()?)?;
            let account = store::find(r, permit.within().account()?)?;
            Ok((rows, list, total, administrators, account))
        })
        .await?;
    page(&ListPage {
        shell: may.list_shell("SL Using Policy", &[Crumb::text("Devices")], &list),
        off: reason::against_all(&may, Action::ReportUsage, &administrators).unwrap_or_default(),
        count: counted(total, "product instance", "product instances"),
        pager: list.pager(total),
        devices: format!("/sa/{}/devices/device-inventory", may.number()),
        transport: account.transport_url(&may.portal.config.base_url),
        list,
        rows,
        here,
    })
}

/// GET …/usage.tar: what the cloud has said nothing of, for its Usage Data Files.
async fn export(may: May<ReportUsage>) -> Answer {
    let found = may
        .reads(move |r, permit| on_prem::waiting(r, permit.within(), MOST_EXPORTED))
        .await?;
    if found.is_empty() {
        return Ok(may.see_other(
            &at(&may),
            Flash::new(
                FlashKind::Info,
                "Nothing is left to export: Cisco has acknowledged every report.",
            ),
        ));
    }
    let mut texts: Vec<(String, Vec<_>)> = Vec::new();
    for (udi, sent) in found {
        let key = udi.key();
        match texts.last_mut().filter(|(last, _)| *last == key) {
            Some((_, some)) => some.push(sent),
            None => texts.push((key, vec![sent])),
        }
    }
    let texts: Vec<String> = texts.iter().map(|(_, some)| files::usage_file(some)).collect();
    Ok(attachment(
        "application/x-tar",
        &format!("{}.tar", may.file_name("usage")),
        files::archive(&texts),
    ))
}

#[derive(Template)]
#[template(path = "local_accounts/using_policy_import.html")]
struct ImportPage {
    shell: Shell,
    form: FormState,
    here: String,
}

fn import_page(visit: &Visit, form: FormState) -> ImportPage {
    let here = at(visit);
    let mut shell = visit.account_shell(
        "Import From Cisco",
        &[Crumb::text("Devices"), Crumb::link("SL Using Policy", &here)],
    );
    shell.error_title = form.has_problems();
    ImportPage { shell, form, here }
}

async fn show_import(may: May<ReportUsage>) -> Answer {
    page(&import_page(&may, fresh()))
}

async fn import(may: May<ReportUsage>, posted: Upload<MOST>) -> Answer {
    let mut problems = Problems::default();
    let text = std::str::from_utf8(&posted.file).unwrap_or_default().to_owned();
    if posted.file.is_empty() {
        problems.add(
            "file",
            "Choose the acknowledgement that was downloaded in the cloud.",
        );
        return page_with(422, &import_page(&may, posted.again(&problems)));
    }
    let done = may
        .does(move |tx, permit, now| {
            let account = permit.within().account()?;
            let cloud = store::find(tx, account)?.cloud()?.public_key.clone();
            let done = on_prem::acknowledged(tx, now, account, &cloud, &text)?;
            let done = done.ok_or_else(nothing_in_it)?;
            if done == 0 {
                return Ok(tx.unchanged(0));
            }
            let says = format!("An acknowledgement of {} was imported.", reports(done));
            let event = Event::new(Kind::UsageAcknowledged, account, says).within(account);
            tx.record(now, permit.who(), &event, done)
        })
        .await;
    match done {
        Ok(done) => Ok(may.see_other(
            &at(&may),
            Flash::new(
                FlashKind::Ok,
                match done {
                    0 => "The acknowledgement was imported before.".to_owned(),
                    some => format!(
                        "{} acknowledged. The product instances fetch it with their next call.",
                        reports(some)
                    ),
                },
            ),
        )),
        Err(Error::Refused(refusal)) => {
            problems.add("file", refusal.says);
            page_with(409, &import_page(&may, posted.again(&problems)))
        }
        Err(other) => Err(other),
    }
}

fn reports(count: usize) -> String {
    counted(count as u64, "usage report", "usage reports")
}

fn nothing_in_it() -> Error {
    Error::refused(
        "usage.no-acknowledgement",
        "There is no acknowledgement in it that the cloud of this account has signed. Choose the file that Download Acknowledgement gave, unchanged.",
    )
}
