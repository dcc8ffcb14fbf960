//! "Import orders": the file, the report on it, and the button that takes its orders in.

use super::model::{Content, Import, Judged, MEANINGS, read_again, read_file};
use super::service;
use crate::authz::Action;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::NoFields;
use crate::http::form::{Named, PathPart, fresh};
use crate::http::list::{FilterSpec, Pager};
use crate::http::menu::Item;
use crate::http::sheet::{SheetCard, chosen};
use crate::http::widgets::{Tab, counted};
use crate::http::{
    Answer, Crumb, Flash, FlashKind, FormState, ListQuery, ListSpec, May, Posted, Routes, Shell, page,
    page_with,
};
use crate::kernel::ids::OrderImportId;
use askama::Template;
use serde::Deserialize;

const PATH: &str = "/operator/orders/import";
const STEPS: [&str; 2] = ["File", "Review"];

/// The pages.
pub fn routes(routes: &mut Routes) {
    routes.get(PATH, show);
    routes.post(PATH, upload);
    routes.get("/operator/orders/import/{intake}", review);
    routes.post("/operator/orders/import/{intake}", choose);
    routes.post("/operator/orders/import/{intake}/confirm", confirm);
    routes.menu(Item {
        section: "Operator",
        group: None,
        label: Some("Import orders"),
        path: PATH,
        action: Action::Operate,
    });
}

impl Named for OrderImportId {
    const NAME: &'static str = "intake";
}

#[derive(Template)]
#[template(path = "orders/import.html")]
struct ImportPage {
    shell: Shell,
    steps: [&'static str; 2],
    form: FormState,
    lab: bool,
}

fn import_page(may: &May<Operate>, form: FormState) -> ImportPage {
    let mut shell = may.account_shell("Import orders", &[Crumb::text("Operator")]);
    shell.error_title = form.has_problems();
    ImportPage {
        shell,
        steps: STEPS,
        form,
        lab: may.portal.config.is_lab(),
    }
}

async fn show(may: May<Operate>) -> Answer {
    page(&import_page(&may, fresh()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upload {
    #[serde(default)]
    file: String,
    #[serde(default)]
    text: String,
}

async fn upload(may: May<Operate>, posted: Posted<Upload, { super::api::LONG }>) -> Answer {
    let mut problems = Problems::default();
    let (field, text) = if posted.value.file.trim().is_empty() {
        ("text", &posted.value.text)
    } else {
        ("file", &posted.value.file)
    };
    let file = if text.trim().is_empty() {
        problems.add("file", "Choose a file, or enter its text.");
        None
    } else {
        problems.take(field, read_file(text))
    };
    let Some(file) = file else {
        return page_with(422, &import_page(&may, posted.again(&problems)));
    };
    let import = Import {
        id: OrderImportId::new(),
        author: may.permit.person()?,
        content: Content {
            entries: file.entries,
            table: file.table,
        },
        done_at: None,
        version: 1,
    };
    let (id, at) = (import.id, may.portal.clock.now());
    may.portal
        .db
        .housekeeping(move |tx| service::keep(tx, at, &import))
        .await?;
    crate::http::see_other(&format!("{PATH}/{id}"))
}

#[derive(Template)]
#[template(path = "orders/import_review.html")]
struct ReviewPage {
    shell: Shell,
    steps: [&'static str; 2],
    path: String,
    /// How the file was read, when it is a table.
    sheet: Option<SheetCard>,
    tabs: Vec<Tab>,
    rows: Vec<Judged>,
    pager: Pager,
    wrong: usize,
    good: usize,
    done: bool,
}

impl ReviewPage {
    fn button(&self) -> String {
        format!("Import {}", counted(self.good as u64, "order", "orders"))
    }
    /// A column has to be chosen before there are orders.
    fn asks(&self) -> bool {
        self.sheet.as_ref().is_some_and(|sheet| sheet.asks)
    }
    fn wrong_words(&self) -> String {
        counted(self.wrong as u64, "order is wrong", "orders are wrong")
    }
}

const SHOW: &[FilterSpec<'_>] = &[FilterSpec {
    key: "show",
    label: "Show",
    values: &[("good", "Will be imported"), ("wrong", "Wrong")],
}];

async fn judged(may: &May<Operate>, id: OrderImportId) -> Result<(Import, Vec<Judged>)> {
    let now = may.portal.clock.now();
    may.reads(move |r, permit| {
        let import = service::find(r, permit, id)?;
        let judged = service::judge(r, &import.content.entries, now)?;
        Ok((import, judged))
    })
    .await
}

async fn review(may: May<Operate>, id: PathPart<OrderImportId>) -> Answer {
    let (import, judged) = judged(&may, id.0).await?;
    let path = format!("{PATH}/{}", id.0);
    let mut list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: path.clone(),
            sorts: &["line"],
            default_sort: "line",
            filters: SHOW,
            columns: &[],
        },
    );
    let wrong = judged.iter().filter(|one| one.is_wrong()).count();
    let good = judged.len() - wrong;
    let mut tabs = vec![Tab {
        label: "All orders".to_owned(),
        href: list.clear_href(),
        current: list.filters.is_empty(),
        count: Some(judged.len() as u64),
    }];
    for (word, label, count) in [("good", "Will be imported", good), ("wrong", "Wrong", wrong)] {
        if count > 0 {
            tabs.push(Tab {
                label: label.to_owned(),
                href: list.only_filter("show", word),
                current: list.has("show", word),
                count: Some(count as u64),
            });
        }
    }
    let shown: Vec<Judged> = judged
        .into_iter()
        .filter(|one| {
            list.filters.is_empty() || list.has("show", if one.is_wrong() { "wrong" } else { "good" })
        })
        .collect();
    let total = shown.len() as u64;
    list.clamp(total);
    let mut shell = may.account_shell(
        "Review",
        &[Crumb::text("Operator"), Crumb::link("Import orders", PATH)],
    );
    let open = import.content.table.as_ref().filter(|_| import.done_at.is_none());
    let sheet = open.map(|kept| SheetCard::of(&kept.found, &MEANINGS, &path, import.version));
    let asks = sheet.as_ref().is_some_and(|sheet| sheet.asks);
    shell.error_title = (wrong > 0 || asks) && import.done_at.is_none();
    page(&ReviewPage {
        sheet,
        shell,
        steps: STEPS,
        path,
        tabs,
        pager: list.pager(total),
        rows: list.cut(shown).collect(),
        wrong,
        good,
        done: import.done_at.is_some(),
    })
}

/// Columns that were chosen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnsForm {
    version: String,
    #[serde(default)]
    column: Vec<String>,
    #[serde(default)]
    head: String,
}

/// Reads the file once more, with the columns that were chosen.
async fn choose(may: May<Operate>, id: PathPart<OrderImportId>, posted: Posted<ColumnsForm>) -> Answer {
    let (permit, id, form) = (may.permit.clone(), id.0, posted.value);
    may.portal
        .db
        .housekeeping(move |tx| {
            let mut import = service::find(tx, &permit, id)?;
            import.version = form.version.parse().unwrap_or_default();
            let Some(kept) = &import.content.table else {
                return Err(Error::NotFound);
            };
            let layout = chosen(&kept.found, &MEANINGS, &form.column, &form.head);
            let file = read_again(&kept.text, &layout).map_err(|says| Error::invalid("file", says))?;
            import.content = Content {
                entries: file.entries,
                table: file.table,
            };
            service::replace(tx, &import)
        })
        .await?;
    crate::http::see_other(&format!("{PATH}/{id}"))
}

async fn confirm(may: May<Operate>, id: PathPart<OrderImportId>, _form: Posted<NoFields>) -> Answer {
    let (import, judged) = judged(&may, id.0).await?;
    if import.done_at.is_some() {
        // Pressed twice.
        return crate::http::see_other(&format!("{PATH}/{}", id.0));
    }
    let wrong = judged.iter().filter(|one| one.is_wrong()).count();
    // The button of a file with wrong orders says that they are left out.
    let good = service::all_good(judged, true)?;
    let done = may
        .does(move |tx, permit, at| service::take_in(tx, permit, at, Some(id.0), &good))
        .await?;
    let mut text = format!("{} imported.", counted(done as u64, "order was", "orders were"));
    if wrong > 0 {
        text.push_str(&format!(
            " {} left out.",
            counted(wrong as u64, "wrong order was", "wrong orders were")
        ));
    }
    Ok(may.see_other(
        PATH,
        Flash {
            kind: FlashKind::Ok,
            text,
            link: None,
        },
    ))
}
