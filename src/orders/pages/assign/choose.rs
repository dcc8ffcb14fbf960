//! The step "Select accounts": where each order, or each line, is put.

use super::{MOST_NAMED, STEPS, TITLE};
use crate::authz::Permit;
use crate::authz::action::AssignOrder;
use crate::error::{Error, Problems, Result};
use crate::http::form::{PathPart, fresh};
use crate::http::form_state::Choice;
use crate::http::widgets::{counted, number};
use crate::http::{
    Answer, Flash, FlashKind, FormState, May, Posted, Shell, Visit, page, page_with, see_other,
};
use crate::kernel::ids::{OrderDraftId, OrderId};
use crate::orders::model::{
    Content, Draft, Line, LineKind, LineState, Review, SearchBy, Target, TargetAccount, TargetPlaces, Work,
};
use crate::orders::pages::{base, between, inventory_path, is_unchecked};
use crate::orders::service;
use crate::platform::db::Reads;
use askama::Template;
use serde::Deserialize;

/// One of the two places that are chosen: for everything, or for Cisco branded services alone.
pub struct Chosen {
    account: Option<TargetAccount>,
    choices: Vec<Choice>,
    by_name: bool,
    none_yet: bool,
}

impl Chosen {
    fn of(
        read: &mut dyn Reads,
        permit: &Permit<AssignOrder>,
        draft: &Draft,
        target: Option<Target>,
    ) -> Result<Self> {
        let Some(target) = target else {
            return Ok(Self {
                account: None,
                choices: Vec::new(),
                by_name: false,
                none_yet: false,
            });
        };
        let account = service::target(read, permit, draft, target.account)?;
        let places = service::places(read, permit, target.account)?;
        let mut choices: Vec<Choice> = places
            .list
            .iter()
            .map(|place| Choice::new(place.id.to_string(), &place.name))
            .collect();
        // Chosen by typing its whole name: it stays chosen, and stays unnamed.
        if let Some(id) = target.virtual_account
            && !places.list.iter().any(|place| place.id == id)
        {
            choices.push(Choice::new(id.to_string(), "The one whose name you typed"));
        }
        Ok(Self {
            account: Some(account),
            choices,
            by_name: places.by_name,
            none_yet: places.none_yet,
        })
    }
}

/// An order that stands in the way of all others.
pub struct Refused {
    identifier: String,
    href: String,
    says: String,
}

/// The search for a Smart Account, over the page.
pub struct SelectDialog {
    pub(super) services: bool,
    pub(super) by: SearchBy,
    pub(super) q: String,
    pub(super) found: Vec<TargetAccount>,
    pub(super) form: FormState,
    /// Why the search finds nobody, or "".
    pub(super) none: String,
}

#[derive(Template)]
#[template(path = "orders/assign.html")]
pub struct AssignPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    sub: String,
    path: String,
    back: String,
    unchecked: bool,
    form: FormState,
    work: Work,
    refused: Vec<Refused>,
    refused_count: u64,
    /// How many orders are left without those.
    left: String,
    main: Chosen,
    services: Chosen,
    /// Whether there are Cisco branded services beside products, so that the two can be told apart.
    separable: bool,
    /// What becomes of partner branded services, or "".
    partner: String,
    dialog: Option<SelectDialog>,
    /// What the search can go by.
    ways: Vec<(&'static str, &'static str)>,
}

/// What a draft is about, in words.
struct Facts {
    sub: String,
    separable: bool,
    partner: String,
    refused: Vec<Refused>,
    refused_count: u64,
}

/// Whether a line is one of those that are to go somewhere, wherever that is.
fn is_meant(content: &Content, line: &Line) -> bool {
    !line.customer_active
        && match content.work {
            Work::Assign => matches!(line.state, LineState::Unassigned | LineState::Failed),
            Work::PartnerServices => line.kind == LineKind::PartnerService,
            Work::Reassign => content.lines.contains(&line.id),
        }
}

fn facts(visit: &Visit, content: &Content, review: &Review) -> Facts {
    let orders = review.orders.len() as u64;
    let mut lines = 0_u64;
    let (mut products, mut services, mut partner) = (false, false, 0_u64);
    let mut with_services: Vec<&str> = Vec::new();
    for one in &review.orders {
        let mut has_services = false;
        for line in one.lines.iter().filter(|line| is_meant(content, &line.line)) {
            lines += 1;
            match line.line.kind {
                LineKind::Product => products = true,
                LineKind::CiscoService => {
                    services = true;
                    has_services = true;
                }
                LineKind::PartnerService if one.order.partner_account.is_some() => partner += 1,
                LineKind::PartnerService => {}
            }
        }
        if has_services {
            with_services.push(&one.order.identifier);
        }
    }
    let mut sub = format!(
        "{}, {}.",
        counted(orders, "order", "orders"),
        counted(lines, "line", "lines")
    );
    match with_services.as_slice() {
        [] => {}
        [one] => sub.push_str(&format!(" Order {one} includes Cisco branded services.")),
        many => sub.push_str(&format!(
            " {} orders include Cisco branded services.",
            number(&(many.len() as u64))
        )),
    }
    let refused: Vec<_> = review
        .orders
        .iter()
        .filter_map(|one| one.refused.as_ref().map(|refusal| (one, refusal)))
        .collect();
    Facts {
        sub,
        separable: products && services,
        partner: if partner > 0 {
            format!(
                "{} of partner branded services.",
                counted(partner, "line", "lines")
            )
        } else {
            String::new()
        },
        refused_count: refused.len() as u64,
        refused: refused
            .into_iter()
            .take(MOST_NAMED)
            .map(|(one, refusal)| Refused {
                identifier: one.order.identifier.clone(),
                href: format!("{}/{}", base(visit), one.order.id),
                says: refusal.says.to_string(),
            })
            .collect(),
    }
}

/// The values of the form, from a draft.
pub(super) fn form_of(content: &Content) -> FormState {
    let text = |target: Option<Target>| {
        target
            .and_then(|t| t.virtual_account)
            .map(|id| id.to_string())
            .unwrap_or_default()
    };
    let mut form = fresh()
        .with_value("va", text(content.target))
        .with_value("services_va", text(content.services));
    if content.separate {
        form = form.with_value("separate", "1");
    }
    form
}

/// The draft of the address; one that was carried out leads to what came of it.
pub async fn draft_of(may: &May<AssignOrder>, id: OrderDraftId) -> Result<Result<Draft, String>> {
    let draft = may.reads(move |r, permit| service::draft(r, permit, id)).await?;
    Ok(match draft.assignment {
        Some(done) => Err(format!("{}/assignments/{done}", base(may))),
        None => Ok(draft),
    })
}

pub(super) async fn assign_page(
    may: &May<AssignOrder>,
    draft: Draft,
    form: FormState,
    dialog: Option<SelectDialog>,
) -> Result<AssignPage> {
    let of = draft.clone();
    let (review, main, services) = may
        .reads(move |r, permit| {
            let review = service::review(r, permit, &of)?;
            let main = Chosen::of(r, permit, &of, of.content.target)?;
            let services = Chosen::of(r, permit, &of, of.content.services)?;
            Ok((review, main, services))
        })
        .await?;
    let facts = facts(may, &draft.content, &review);
    let mut shell = may.account_shell(TITLE, &between(may));
    shell.error_title = form.has_problems();
    if let Some(dialog) = &dialog {
        shell = shell.with_dialog("Select a Smart Account");
        shell.error_title = dialog.form.has_problems();
    }
    Ok(AssignPage {
        shell,
        title: TITLE,
        steps: STEPS,
        sub: facts.sub,
        path: format!("{}/assign/{}", base(may), draft.id),
        back: match (draft.content.work, draft.content.orders.first()) {
            (Work::Assign, _) | (_, None) => inventory_path(may),
            (_, Some(order)) => format!("{}/{order}", base(may)),
        },
        unchecked: is_unchecked(may),
        form,
        work: draft.content.work,
        left: number(&(draft.content.orders.len() as u64).saturating_sub(facts.refused_count)),
        refused: facts.refused,
        refused_count: facts.refused_count,
        main,
        services,
        separable: facts.separable,
        partner: facts.partner,
        dialog,
        ways: SearchBy::ALL.iter().map(|by| (by.word(), by.label())).collect(),
    })
}

/// The first step.
pub async fn show(may: May<AssignOrder>, id: PathPart<OrderDraftId>) -> Answer {
    match draft_of(&may, id.0).await? {
        Err(done) => see_other(&done),
        Ok(draft) => {
            let form = form_of(&draft.content);
            page(&assign_page(&may, draft, form, None).await?)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choosing {
    #[serde(default)]
    va: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    separate: String,
    #[serde(default)]
    services_va: String,
    #[serde(default)]
    services_place: String,
    /// Which button.
    #[serde(default)]
    go: String,
}

/// A Virtual Account as it was chosen: from the list, or by its whole name.
fn place_of(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    target: Target,
    (chosen, typed): (&str, &str),
    (list_field, name_field): (&str, &str),
    problems: &mut Problems,
) -> Result<Target> {
    let account = target.account;
    if !typed.trim().is_empty() {
        match service::place_named(read, permit, account, typed.trim()) {
            Ok(id) => {
                return Ok(Target {
                    account,
                    virtual_account: Some(id),
                });
            }
            Err(Error::Invalid(said)) => {
                for problem in said.list() {
                    problems.add(name_field, &problem.says);
                }
                return Ok(target);
            }
            Err(other) => return Err(other),
        }
    }
    let places: TargetPlaces = service::places(read, permit, account)?;
    if places.none_yet {
        return Ok(Target {
            account,
            virtual_account: None,
        });
    }
    // Typed by its name before, and chosen still.
    if let (Ok(id), Some(was)) = (chosen.parse(), target.virtual_account)
        && was == id
    {
        return Ok(target);
    }
    match places.list.iter().find(|place| place.id.as_str() == chosen) {
        Some(place) => Ok(Target {
            account,
            virtual_account: Some(place.id),
        }),
        None => {
            problems.add(list_field, "Choose a Virtual Account.");
            Ok(target)
        }
    }
}

/// What the form holds: for either target the Virtual Account that was chosen and the one that was typed.
struct Typed {
    main: (String, String),
    services: (String, String),
    separate: bool,
    go: String,
}

/// The draft as it was chosen, what is wrong with it, and how many of its orders cannot be assigned.
fn chosen(
    read: &mut dyn Reads,
    permit: &Permit<AssignOrder>,
    of: &Draft,
    typed: &Typed,
) -> Result<(Content, Problems, u64)> {
    let mut content = of.content.clone();
    let mut problems = Problems::default();
    let review = service::review(read, permit, of)?;
    let refused: Vec<OrderId> = review
        .orders
        .iter()
        .filter(|one| one.refused.is_some())
        .map(|one| one.order.id)
        .collect();
    content.separate = typed.separate;
    match content.target {
        Some(target) => {
            content.target = Some(place_of(
                read,
                permit,
                target,
                (&typed.main.0, &typed.main.1),
                ("va", "place"),
                &mut problems,
            )?);
        }
        None => problems.add("account", "Select a Smart Account."),
    }
    match content.services {
        Some(target) if content.separate => {
            content.services = Some(place_of(
                read,
                permit,
                target,
                (&typed.services.0, &typed.services.1),
                ("services_va", "services_place"),
                &mut problems,
            )?);
        }
        None if content.separate => {
            problems.add(
                "services_account",
                "Select a Smart Account for Cisco branded services.",
            );
        }
        _ => {}
    }
    if typed.go == "leave-out" {
        content.orders.retain(|id| !refused.contains(id));
    }
    Ok((content, problems, refused.len() as u64))
}

/// Keeps what was chosen, and goes on to what was pressed.
pub async fn choose(may: May<AssignOrder>, id: PathPart<OrderDraftId>, posted: Posted<Choosing>) -> Answer {
    let draft = match draft_of(&may, id.0).await? {
        Err(done) => return see_other(&done),
        Ok(draft) => draft,
    };
    let path = format!("{}/assign/{}", base(&may), draft.id);
    let form = &posted.value;
    let of = draft.clone();
    let typed = Typed {
        main: (form.va.clone(), form.place.clone()),
        services: (form.services_va.clone(), form.services_place.clone()),
        separate: form.separate == "1",
        go: form.go.clone(),
    };
    let (content, problems, refused) = may.reads(move |r, permit| chosen(r, permit, &of, &typed)).await?;
    let goes_on = !matches!(form.go.as_str(), "select" | "select-services" | "leave-out");
    let mut problems = problems;
    if goes_on && refused > 0 {
        problems.add(
            "refused",
            format!(
                "{} cannot be assigned. Leave {} out, or cancel: orders are assigned together or not at all.",
                counted(refused, "order", "orders"),
                if refused == 1 { "it" } else { "them" }
            ),
        );
    }
    if content.orders.is_empty() {
        return Ok(may.see_other(
            &inventory_path(&may),
            Flash::new(FlashKind::Warn, "None of the selected orders can be assigned."),
        ));
    }
    let bad = goes_on && !problems.is_empty();
    let permit = may.permit.clone();
    let changed = {
        let (draft, content) = (draft.clone(), content.clone());
        may.portal
            .db
            .housekeeping(move |tx| service::change_draft(tx, &permit, &draft, &content))
            .await
    };
    changed?;
    if bad {
        let mut draft = draft;
        draft.content = content;
        let form = posted.again(&problems);
        return page_with(422, &assign_page(&may, draft, form, None).await?);
    }
    see_other(&match form.go.as_str() {
        "select" => format!("{path}/select"),
        "select-services" => format!("{path}/select?for=services"),
        "leave-out" => path,
        _ => format!("{path}/review"),
    })
}
