use super::*;
use proptest::prelude::*;

fn now() -> Moment {
    Moment::parse("2026-11-21T18:30:00Z").unwrap()
}
fn one(is_default: bool) -> VirtualAccount {
    VirtualAccount {
        id: VirtualAccountId::new(),
        account: SmartAccountId::new(),
        name: "One".to_owned(),
        description: String::new(),
        access_level: AccessLevel::Unrestricted,
        is_default,
        parent: None,
        preferred_end_date: None,
        tags: String::new(),
        created_at: now(),
        version: 1,
        number: 1,
    }
}
fn code(problem: Option<Error>) -> &'static str {
    match problem {
        Some(Error::Refused(refusal)) => refusal.code,
        Some(_) => "invalid",
        None => "",
    }
}
/// A chain: each below the one before it.
fn chain(length: usize) -> (Vec<VirtualAccountId>, Tree) {
    let ids: Vec<VirtualAccountId> = (0..length).map(|_| VirtualAccountId::new()).collect();
    let nodes: Vec<Node> = (0..length)
        .map(|n| Node {
            id: ids[n],
            parent: n.checked_sub(1).map(|above| ids[above]),
        })
        .collect();
    (ids, Tree::of(&nodes))
}

#[test]
fn what_is_typed_is_checked_all_at_once() {
    let typed = Typed {
        name: "",
        description: &"x".repeat(501),
        access: "secret",
        end_date: "2026-13-01",
        tags: &"y".repeat(41),
    };
    let Err(Error::Invalid(problems)) = Details::parse(&typed, now(), None) else {
        panic!("it was taken");
    };
    let fields: Vec<&str> = problems.list().iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["name", "description", "access", "end_date", "tags"]);
    assert_eq!(problems.list()[0].says, "Enter the Name.");
    let good = Typed {
        name: " Lab ",
        access: "restricted",
        end_date: "2027-06-30",
        tags: "north, labs",
        ..Typed::default()
    };
    let details = Details::parse(&good, now(), None).unwrap();
    assert_eq!(details.name.as_str(), "Lab");
    assert_eq!(details.tags, ["north", "labs"]);
    assert_eq!(details.preferred_end_date, Moment::parse("2027-06-30T00:00:00Z"));
}

#[test]
fn an_end_date_lies_ahead_unless_it_has_passed_since_it_was_set() {
    let past = Moment::parse("2026-01-31T00:00:00Z");
    assert!(end_date("2026-01-31", now(), None).is_err());
    assert!(end_date("2026-11-21", now(), None).is_err());
    assert!(end_date("2026-11-22", now(), None).is_ok());
    assert_eq!(end_date("2026-01-31", now(), past), Ok(past));
    assert_eq!(end_date(" ", now(), past), Ok(None));
    assert!(end_date("+12026-01-31", now(), None).is_err());
    assert!(end_date("2200-01-01", now(), None).is_err());
}

#[test]
fn tags_are_few_short_and_different() {
    assert_eq!(tags("").unwrap(), [""; 0]);
    assert_eq!(tags("North, north ;NORTH\r\nlabs,,").unwrap(), ["North", "labs"]);
    assert!(tags(&"x".repeat(41)).unwrap_err().contains("at most 40"));
    let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    assert!(tags(&many.join(",")).unwrap_err().contains("at most 20"));
    assert!(tags("a\u{202e}b").is_err());
}

#[test]
fn nobody_becomes_their_own_ancestor() {
    let (ids, tree) = chain(4);
    for n in 0..4 {
        assert_eq!(
            code(tree.place_problem(Some(ids[0]), Some(ids[n]))),
            "virtual-accounts.cycle"
        );
    }
    assert_eq!(code(tree.place_problem(Some(ids[3]), Some(ids[0]))), "");
    assert_eq!(code(tree.place_problem(Some(ids[3]), None)), "");
    let stranger = VirtualAccountId::new();
    assert_eq!(code(tree.place_problem(Some(ids[3]), Some(stranger))), "invalid");
}

#[test]
fn ten_levels_are_the_most_with_all_that_moves_along() {
    let (ids, tree) = chain(10);
    assert_eq!(tree.level(ids[9]), 10);
    assert_eq!(
        code(tree.place_problem(None, Some(ids[9]))),
        "virtual-accounts.too-deep"
    );
    assert_eq!(code(tree.place_problem(None, Some(ids[8]))), "");
    let (three, other) = chain(3);
    let nodes: Vec<Node> = [&tree, &other]
        .iter()
        .flat_map(|t| {
            t.parents.iter().map(|(id, parent)| Node {
                id: *id,
                parent: *parent,
            })
        })
        .collect();
    let both = Tree::of(&nodes);
    assert_eq!(
        code(both.place_problem(Some(three[0]), Some(ids[7]))),
        "virtual-accounts.too-deep"
    );
    assert_eq!(code(both.place_problem(Some(three[0]), Some(ids[6]))), "");
}

#[test]
fn a_part_of_the_tree_is_a_tree() {
    let (ids, tree) = chain(3);
    let seen = Tree::of(&[Node {
        id: ids[2],
        parent: Some(ids[1]),
    }]);
    assert_eq!(seen.walk(), [(ids[2], 1)]);
    assert_eq!(tree.walk(), [(ids[0], 1), (ids[1], 2), (ids[2], 3)]);
    assert_eq!(tree.above(ids[2]), [ids[1], ids[0]]);
}

#[test]
fn a_circle_that_should_not_be_hangs_nobody() {
    let (a, b) = (VirtualAccountId::new(), VirtualAccountId::new());
    let tree = Tree::of(&[
        Node {
            id: a,
            parent: Some(b),
        },
        Node {
            id: b,
            parent: Some(a),
        },
    ]);
    assert_eq!(tree.level(a), 2);
    assert_eq!(tree.height(a), 3);
    assert!(tree.walk().is_empty());
}

#[test]
fn only_what_is_empty_unbound_and_not_the_default_can_go() {
    let codes = |list: Vec<Refusal>| list.iter().map(|r| r.code).collect::<Vec<_>>();
    assert!(against_deletion(&one(false), 0, &[]).is_empty());
    let holdings = [
        Holding::Things("12 licenses".to_owned()),
        Holding::DeviceManager("Smart-On-Prem-Account".to_owned()),
    ];
    assert_eq!(
        codes(against_deletion(&one(true), 2, &holdings)),
        [
            "virtual-accounts.default",
            "virtual-accounts.has-nested",
            "virtual-accounts.not-empty",
            "virtual-accounts.bound"
        ]
    );
    assert_eq!(
        codes(against_default(&one(false), &holdings)),
        ["virtual-accounts.bound"]
    );
    assert_eq!(
        codes(against_default(&one(true), &[])),
        ["virtual-accounts.already-default"]
    );
}

proptest! {
    /// Whatever is moved where, one allowed step after the other: no circle, never too deep, nobody lost.
    #[test]
    fn moves_that_are_allowed_keep_a_tree(moves in proptest::collection::vec((0_usize..24, proptest::option::of(0_usize..24)), 0..120)) {
        let ids: Vec<VirtualAccountId> = (0..24).map(|_| VirtualAccountId::new()).collect();
        let mut nodes: Vec<Node> = ids.iter().map(|id| Node { id: *id, parent: None }).collect();
        for (moved, parent) in moves {
            let parent = parent.map(|n| ids[n]);
            let tree = Tree::of(&nodes);
            if tree.place_problem(Some(ids[moved]), parent).is_none() {
                nodes[moved].parent = parent;
            }
            let tree = Tree::of(&nodes);
            let walked = tree.walk();
            prop_assert_eq!(walked.len(), ids.len(), "somebody is in a circle");
            prop_assert!(walked.iter().all(|(id, level)| *level <= MOST_LEVELS && tree.level(*id) == *level));
            let height = tree.tops.iter().map(|id| tree.height(*id)).max().unwrap();
            prop_assert_eq!(height, walked.iter().map(|(_, level)| *level).max().unwrap());
        }
    }

    /// A step is refused only for a reason: carried out all the same, it would break the tree.
    #[test]
    fn moves_that_are_refused_would_break_it(parents in proptest::collection::vec(proptest::option::of(0_usize..30), 30), moved in 0_usize..30, below in 0_usize..30) {
        let ids: Vec<VirtualAccountId> = (0..30).map(|_| VirtualAccountId::new()).collect();
        // Only upwards in the list: no circle to begin with, but any depth.
        let mut nodes: Vec<Node> = parents.iter().enumerate()
            .map(|(n, parent)| Node { id: ids[n], parent: parent.filter(|p| *p < n).map(|p| ids[p]) })
            .collect();
        let tree = Tree::of(&nodes);
        let problem = code(tree.place_problem(Some(ids[moved]), Some(ids[below])));
        nodes[moved].parent = Some(ids[below]);
        let after = Tree::of(&nodes);
        match problem {
            "virtual-accounts.cycle" => prop_assert!(after.walk().len() < ids.len()),
            "virtual-accounts.too-deep" => prop_assert!(after.walk().iter().any(|(_, level)| *level > MOST_LEVELS)),
            _ => prop_assert_eq!(after.walk().len(), ids.len()),
        }
    }

    #[test]
    fn tags_read_again_are_the_same(typed in "[a-cA-C ,;\n]{0,60}") {
        if let Ok(list) = tags(&typed) {
            prop_assert_eq!(tags(&list.join("\n")).unwrap(), list);
        }
    }
}
