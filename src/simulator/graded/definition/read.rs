//! From the tree of a file to a lab, with everything that is wrong named.

use super::fields::{Mistakes, Part, Text, part, text};
use super::{
    BOUNDS, Condition, Definition, LARGEST, Licenses, MOST_STEPS, Names, OnPrem, Ordered, Place, Placed,
    Start, Step, Wrong,
};
use crate::authz::Role;
use crate::catalog;
use crate::error::Error;
use crate::kernel::Name;
use crate::kernel::marked::{self, Mistake, Node};
use crate::orders::OrderType;
use crate::simulator::expressions::{Expression, Thing};
use crate::virtual_accounts::DEFAULT;

/// Characters of a title, of a name and of a sentence at most.
const TITLE: usize = 100;
const NAME: usize = 60;
const SENTENCES: usize = 2_000;
/// Things of a kind at the start, hints and wrong turns of a step at most.
const MOST_THINGS: usize = 50;
const MOST_HINTS: usize = 5;
const MOST_WRONG: usize = 10;
/// Points, and what something costs, at most.
const MOST_POINTS: i64 = 100;

/// Reads a file.
pub(super) fn definition(text: &str) -> Result<Definition, Vec<Mistake>> {
    if text.len() > LARGEST {
        let says = format!("Use at most {} KiB.", LARGEST / 1024);
        return Err(vec![Mistake::at(1, says)]);
    }
    let root = marked::read(text, BOUNDS).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Mistakes::default();
    let read = lab(&root, &mut mistakes);
    mistakes.0.sort();
    mistakes.0.dedup();
    match read {
        Some(read) if mistakes.0.is_empty() => Ok(read),
        _ => Err(mistakes.0),
    }
}

fn lab(root: &Node, m: &mut Mistakes) -> Option<Definition> {
    let known = ["lab", "title", "says", "minutes", "hint_costs", "start", "steps"];
    let all = part(root, &known, m)?;
    let name = all.text("lab", 40, m).and_then(|name| lab_name(name, m));
    let title = all.text("title", TITLE, m).and_then(|text| plain(text, m));
    let says = all.text("says", SENTENCES, m).and_then(|text| plain(text, m));
    let minutes = all.number("minutes", (1, 480), m);
    let hint_costs = all.number_or_none("hint_costs", (0, MOST_POINTS), m).unwrap_or(1);
    let start = match all.find("start") {
        Some(node) => start(node, m),
        None => {
            m.add(all.line, "start is missing.");
            None
        }
    };
    let has_on_prem = start.as_ref().is_none_or(|start| start.on_prem.is_some());
    let nodes = all.list("steps", MOST_STEPS, m);
    if nodes.is_empty() {
        m.add(all.line, "steps: write at least one.");
    }
    let steps: Vec<Option<Step>> = nodes.iter().map(|node| step(node, has_on_prem, m)).collect();
    Some(Definition {
        name: name?,
        title: title?,
        says: paragraphs(&says?),
        minutes: small(minutes?),
        hint_costs: small(hint_costs),
        start: start?,
        steps: steps.into_iter().collect::<Option<_>>()?,
    })
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// What an empty line stands between.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

fn lab_name(name: Text, m: &mut Mistakes) -> Option<String> {
    super::super::LabName::parse(&name.text)
        .map_err(|says| m.add(name.line, format!("lab: {says}")))
        .map(|name| name.as_str().to_owned())
        .ok()
}

/// A text that is shown before there is an attempt whose names could be put in.
fn plain(text: Text, m: &mut Mistakes) -> Option<String> {
    if text.text.contains('{') {
        m.add(
            text.line,
            "Names in braces stand in the start and in steps alone.",
        );
        return None;
    }
    Some(text.text)
}

/// A text in which the names of the attempt may stand.
fn filled(text: Option<Text>, m: &mut Mistakes) -> Option<String> {
    let text = text?;
    for name in Names::unknown(&text.text) {
        let known: Vec<String> = super::PLACEHOLDERS
            .iter()
            .map(|(name, _)| format!("{{{name}}}"))
            .collect();
        m.add(
            text.line,
            format!("{{{name}}} is not known. Use: {}.", known.join(", ")),
        );
    }
    Some(text.text)
}

/// What belongs to one learner alone: its name holds the tag, since names are unique in a lab.
fn own(text: Option<Text>, what: &str, m: &mut Mistakes) -> Option<String> {
    let line = text.as_ref().map(|text| text.line);
    let text = filled(text, m)?;
    if !text.contains("{tag}") {
        let says = format!("{what}: write {{tag}} into it, so that each learner has one of their own.");
        m.add(line.unwrap_or(1), says);
    }
    Some(text)
}

fn start(node: &Node, m: &mut Mistakes) -> Option<Start> {
    let known = [
        "role",
        "virtual_accounts",
        "licenses",
        "orders",
        "product_instances",
        "on_prem",
    ];
    let all = part(node, &known, m)?;
    let roles: Vec<&str> = Role::ALL
        .iter()
        .filter(|role| role.is_over_account())
        .map(|role| role.word())
        .collect();
    let role = all.word("role", &roles, m);
    let mut places = vec![DEFAULT.to_owned()];
    for node in all.list("virtual_accounts", MOST_THINGS, m) {
        let Some(name) = text(node, "virtual_accounts", NAME, m) else {
            continue;
        };
        match Name::parse(&name.text, "The name") {
            Err(says) => m.add(name.line, says),
            Ok(_) if places.iter().any(|one| one.eq_ignore_ascii_case(&name.text)) => {
                m.add(name.line, format!("{} is there already.", name.text));
            }
            Ok(_) => places.push(name.text),
        }
    }
    let licenses = gather(all.list("licenses", MOST_THINGS, m), m, |node, m| {
        licenses(node, &places, m)
    });
    let orders = gather(all.list("orders", MOST_THINGS, m), m, order);
    let devices = gather(all.list("product_instances", MOST_THINGS, m), m, |node, m| {
        device(node, Some(&places), m)
    });
    let on_prem = match all.find("on_prem") {
        Some(node) => Some(on_prem(node, &places, m)?),
        None => None,
    };
    places.remove(0);
    Some(Start {
        role: role?,
        virtual_accounts: places,
        licenses: licenses?,
        orders: orders?,
        devices: devices?,
        on_prem,
    })
}

/// Reads all parts of a list, so that all that is wrong is named.
fn gather<T>(
    nodes: &[Node],
    m: &mut Mistakes,
    read: impl Fn(&Node, &mut Mistakes) -> Option<T>,
) -> Option<Vec<T>> {
    let all: Vec<Option<T>> = nodes.iter().map(|node| read(node, m)).collect();
    all.into_iter().collect()
}

/// One of the Virtual Accounts that are there.
fn place(all: &Part<'_>, key: &str, places: &[String], m: &mut Mistakes) -> Option<String> {
    let Some(typed) = all.text_or_none(key, NAME, m) else {
        return places.first().cloned();
    };
    if places.contains(&typed.text) {
        return Some(typed.text);
    }
    m.add(
        typed.line,
        format!(
            "{key}: there is no such Virtual Account. Use one of: {}.",
            places.join(", ")
        ),
    );
    None
}

fn entitlement(all: &Part<'_>, m: &mut Mistakes) -> Option<catalog::Known> {
    let key = all.text("license", NAME, m)?;
    let known = catalog::entitlement(&key.text);
    if known.is_none() {
        let says = format!(
            "license: {} is not in the catalog, whose licenses read like c9200-ne-48.",
            key.text
        );
        m.add(key.line, says);
    }
    known
}

fn licenses(node: &Node, places: &[String], m: &mut Mistakes) -> Option<Licenses> {
    let all = part(node, &["license", "count", "in", "ends_in_days"], m)?;
    let known = entitlement(&all, m);
    let count = all.number("count", (1, 100_000), m);
    let place = place(&all, "in", places, m);
    let ends_in_days = all.number_or_none("ends_in_days", (1, 3_650), m);
    let known = known?;
    Some(Licenses {
        entitlement: known.key.to_owned(),
        name: known.name.to_owned(),
        billing: known.billing,
        count: count?,
        place: place?,
        ends_in_days,
    })
}

fn order(node: &Node, m: &mut Mistakes) -> Option<Ordered> {
    let all = part(node, &["order", "type", "lines"], m)?;
    let identifier = all.text("order", 30, m);
    let identifier = own(identifier, "order", m);
    let types: Vec<&str> = OrderType::ALL.iter().map(|one| one.word()).collect();
    let order_type = all.word("type", &types, m);
    let lines = all.list("lines", 20, m);
    if lines.is_empty() {
        m.add(all.line, "lines: write at least one.");
    }
    let lines = gather(lines, m, |node, m| {
        let line = part(node, &["sku", "count"], m)?;
        let sku = line.text("sku", NAME, m);
        let count = line.number("count", (1, 10_000), m);
        if let Some(sku) = &sku
            && catalog::find(&sku.text).is_none()
        {
            let says = format!(
                "sku: {} is not in the catalog. Look at Product Catalog.",
                sku.text
            );
            m.add(sku.line, says);
        }
        Some((sku?.text, count?))
    });
    Some(Ordered {
        identifier: identifier?,
        order_type: order_type?,
        lines: lines?,
    })
}

fn device(node: &Node, places: Option<&[String]>, m: &mut Mistakes) -> Option<Placed> {
    let mut known = vec!["name", "serial", "pid", "product", "uses"];
    if places.is_some() {
        known.push("in");
    }
    let all = part(node, &known, m)?;
    let name = own(all.text("name", NAME, m), "name", m);
    let serial = own(all.text("serial", 40, m), "serial", m);
    let pid = all.text("pid", NAME, m);
    let product = all.text_or_none("product", NAME, m);
    let place = places.map_or_else(|| Some(DEFAULT.to_owned()), |places| place(&all, "in", places, m));
    let uses = gather(all.list("uses", 20, m), m, |node, m| {
        let one = part(node, &["license", "count"], m)?;
        let known = entitlement(&one, m);
        let count = one.number("count", (1, 100_000), m);
        Some((known?.key.to_owned(), count?))
    });
    let pid = pid?.text;
    Some(Placed {
        name: name?,
        serial: serial?,
        product: product.map_or_else(|| pid.clone(), |text| text.text),
        pid,
        place: place?,
        uses: uses?,
    })
}

fn on_prem(node: &Node, places: &[String], m: &mut Mistakes) -> Option<OnPrem> {
    let known = [
        "virtual_account",
        "product_instances",
        "knows_licenses",
        "has_lost_file",
    ];
    let all = part(node, &known, m)?;
    let line = all.find("virtual_account").map_or(all.line, |node| node.line);
    let virtual_account = place(&all, "virtual_account", places, m);
    if virtual_account.as_deref() == Some(DEFAULT) {
        m.add(
            line,
            "virtual_account: name one of virtual_accounts, and not DEFAULT.",
        );
    }
    let devices = gather(all.list("product_instances", MOST_THINGS, m), m, |node, m| {
        device(node, None, m)
    });
    let knows_licenses = all.find("knows_licenses").is_none() || all.yes("knows_licenses", m);
    Some(OnPrem {
        virtual_account: virtual_account?,
        devices: devices?,
        knows_licenses,
        has_lost_file: all.yes("has_lost_file", m),
    })
}

fn step(node: &Node, has_on_prem: bool, m: &mut Mistakes) -> Option<Step> {
    let all = part(
        node,
        &["step", "says", "points", "done", "on", "hints", "wrong"],
        m,
    )?;
    let title = filled(all.text("step", TITLE, m), m);
    let says = filled(all.text("says", SENTENCES, m), m);
    let points = all.number("points", (0, MOST_POINTS), m);
    let done = condition(&all, "done", has_on_prem, m);
    let hints = gather(all.list("hints", MOST_HINTS, m), m, |node, m| {
        let hint = text(node, "hints", SENTENCES, m);
        filled(hint, m)
    });
    let wrong = gather(all.list("wrong", MOST_WRONG, m), m, |node, m| {
        let one = part(node, &["when", "says", "costs", "on"], m)?;
        let when = condition(&one, "when", has_on_prem, m);
        let says = filled(one.text("says", SENTENCES, m), m);
        let costs = one.number_or_none("costs", (0, MOST_POINTS), m).unwrap_or(0);
        Some(Wrong {
            when: when?,
            says: says?,
            costs: small(costs),
        })
    });
    Some(Step {
        title: title?,
        says: paragraphs(&says?),
        points: small(points?),
        done: done?,
        hints: hints?,
        wrong: wrong?,
    })
}

/// An expression, tried with made-up names.
fn condition(all: &Part<'_>, key: &str, has_on_prem: bool, m: &mut Mistakes) -> Option<Condition> {
    let places: Vec<&str> = Place::ALL.iter().map(|one| one.word()).collect();
    let place: Option<Place> = all.word("on", &places, m);
    let typed = all.text(key, 1_000, m)?;
    let line = typed.line;
    let text = filled(Some(typed), m)?;
    let place = place?;
    if place == Place::OnPrem && !has_on_prem {
        m.add(line, "on: there is no on_prem at the start.");
    }
    match Expression::parse(&Names::of("abc123").fill(&text)) {
        Err(Error::Invalid(problems)) => {
            for problem in problems.list() {
                m.add(line, format!("{key}: {}", problem.says));
            }
            None
        }
        Err(_) => None,
        Ok(expression) => {
            // Events and mails of an On-Prem server are everybody's; of these the tag says whose they are.
            let told_apart = [Thing::Accounts, Thing::Devices, Thing::Licenses];
            if place == Place::OnPrem
                && let Some(fact) = expression
                    .facts()
                    .iter()
                    .find(|fact| !told_apart.contains(&fact.thing))
            {
                let says = format!(
                    "{key}: on an On-Prem server ask about accounts, devices and licenses, not about {}.",
                    fact.thing.word()
                );
                m.add(line, says);
            }
            Some(Condition { text, place })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let found = definition(text).unwrap_err();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let file = "lab: Not Good
title: A lab {tag}
minutes: long
colour: red
start:
  role: king
  virtual_accounts: [Campus, campus]
  licenses:
    - license: c9200-ne-49
      count: 0
      in: Nowhere
  orders:
    - order: same-for-all
      lines: [{sku: NO-SUCH, count: 1}]
steps:
  - step: One
    says: Do it, {who}.
    points: 101
    done: orders[{tag}].colour == red
    on: on-prem
    wrong:
      - when: cats[1].state == x
        says: No.
";
        let said = mistakes(file);
        let expected = [
            "Line 1: lab: ",
            "Line 1: says is missing.",
            "Line 2: Names in braces",
            "Line 3: minutes: use a whole number from 1 to 480.",
            "Line 4: “colour” is not known here.",
            "Line 6: role: use one of: account-admin,",
            "Line 7: campus is there already.",
            "Line 9: license: c9200-ne-49 is not in the catalog",
            "Line 10: count: use a whole number from 1 to 100000.",
            "Line 11: in: there is no such Virtual Account. Use one of: DEFAULT, Campus.",
            "Line 13: order: write {tag} into it",
            "Line 14: sku: NO-SUCH is not in the catalog.",
            "Line 17: {who} is not known. Use: {tag}, {account}",
            "Line 18: points: use a whole number from 0 to 100.",
            "Line 19: done: At character 16",
            "Line 22: when: At character 1, “cats[1].stat”: Ask about one of",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said} is not {expected}");
        }
    }

    #[test]
    fn an_on_prem_condition_asks_about_what_is_told_apart_and_needs_a_server() {
        let file = |start: &str, done: &str| {
            format!(
                "lab: x\ntitle: X\nsays: X\nminutes: 1\nstart:\n  virtual_accounts: [Plant]\n{start}steps:\n  - step: X\n    says: X\n    points: 1\n    done: {done}\n    on: on-prem\n"
            )
        };
        let with = "  on_prem:\n    virtual_account: Plant\n";
        let state = "accounts[{on_prem}].state == inactive";
        assert!(definition(&file(with, state)).is_ok());
        assert_eq!(
            mistakes(&file("", state)),
            ["Line 11: on: there is no on_prem at the start."]
        );
        let said = mistakes(&file(with, "events[sync.applied].count > 0"));
        assert!(
            said[0].starts_with("Line 13: done: on an On-Prem server ask about"),
            "{said:?}"
        );
    }

    #[test]
    fn a_file_in_json_is_read_as_well_and_a_file_of_lists_is_not() {
        let json = r#"{"lab": "x", "title": "X", "says": "One.\n\nTwo.", "minutes": 5, "start": {"role": "account-user"},
            "steps": [{"step": "S", "says": "S", "points": 3, "done": "mails[a@{customer}].count >= 1", "hints": ["H"]}]}"#;
        let read = definition(json).unwrap();
        assert_eq!((read.says.len(), read.points(), read.hint_costs), (2, 3, 1));
        assert_eq!(read.steps[0].hints, ["H"]);
        assert_eq!(
            mistakes("- a\n"),
            ["Line 1: Use names and values here: lab, title, says, minutes, hint_costs, start, steps."]
        );
        assert!(mistakes(&"x".repeat(70_000))[0].contains("at most 64 KiB"));
    }
}
