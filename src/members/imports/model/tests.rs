use super::*;
use proptest::prelude::*;

fn person(email: &str, state: PersonState) -> Person {
    Person {
        id: PersonId::new(),
        email: EmailAddress::parse(email).unwrap(),
        name: email.split('@').next().unwrap().to_owned(),
        access_level: 1,
        state,
        version: 1,
    }
}

fn known(people: &[(&str, PersonState, Option<Role>)]) -> HashMap<String, Known> {
    people
        .iter()
        .map(|(email, state, role)| {
            let person = person(email, *state);
            let held = role.iter().map(|role| (None, *role)).collect();
            (person.email.key().to_owned(), Known { person, held })
        })
        .collect()
}

fn verdicts(
    lines: &[&str],
    known: &HashMap<String, Known>,
    role: Role,
    administrators: usize,
) -> Vec<String> {
    let lines = numbered(0, lines.iter().map(|l| (*l).to_owned()).collect());
    let target = Target::Role {
        scope: &Scope::Account,
        role,
        domain: "xyz.example",
        administrators,
    };
    judge(&lines, known, &target)
        .lines
        .iter()
        .map(|line| line.verdict.word().to_owned())
        .collect()
}

fn of(text: &str) -> Vec<(usize, String)> {
    let file = read_file(text).unwrap();
    file.lines.into_iter().map(|e| (e.number, e.typed)).collect()
}

fn case(bytes: &[u8]) -> (Vec<String>, Kept) {
    let file = read_file(&crate::kernel::table::decode(bytes)).unwrap();
    (
        file.lines.into_iter().map(|e| e.typed).collect(),
        file.table.unwrap(),
    )
}

#[test]
fn a_file_is_read_by_its_column_of_addresses() {
    let of = |text: &str| -> Vec<String> { of(text).into_iter().map(|(_, typed)| typed).collect() };
    assert_eq!(
        of("Name,Email\r\nAda,ada@xyz.example\r\n,\r\nBob,'=x@xyz.example\r\n"),
        ["ada@xyz.example", "=x@xyz.example"]
    );
    assert_eq!(
        of("Ada;ada@xyz.example\nBob;bob@xyz.example"),
        ["ada@xyz.example", "bob@xyz.example"]
    );
    assert_eq!(of("ada@xyz.example\nnobody\n"), ["ada@xyz.example", "nobody"]);
    assert_eq!(
        of("Name\tE-Mail\n\"Ada, L\"\tada@xyz.example"),
        ["ada@xyz.example"]
    );
    assert!(of("").is_empty());
    // A cell is one line: two addresses in it are a wrong line, not one of them.
    assert_eq!(
        of("Name,Email\nAda,Ada <ada@xyz.example>\nTwo,\"a@xyz.example, b@xyz.example\"\n"),
        ["ada@xyz.example", "a@xyz.example, b@xyz.example"]
    );
    assert!(
        address("a@xyz.example, b@xyz.example")
            .unwrap_err()
            .contains("2 addresses")
    );
}

#[test]
fn the_files_that_people_have_are_read() {
    let (emails, table) = case(include_bytes!(
        "../../../../tests/fixtures/tables/users-google-workspace.csv"
    ));
    assert_eq!(emails, ["grace@xyz.example", "hal@xyz.example"]);
    assert_eq!(table.found.layout.columns, [Some(2)]);
    assert_eq!(
        table
            .found
            .unused()
            .into_iter()
            .map(|(at, _)| table.found.called(at))
            .collect::<Vec<_>>(),
        [
            "First Name [Required]",
            "Last Name [Required]",
            "Org Unit Path [Required]"
        ]
    );

    let (emails, table) = case(include_bytes!(
        "../../../../tests/fixtures/tables/users-m365-template.csv"
    ));
    assert_eq!(emails, ["grace@xyz.example", "hal@xyz.example"]);
    assert_eq!(
        table.found.called(table.found.layout.columns[0].unwrap()),
        "User Name"
    );

    let (emails, table) = case(include_bytes!(
        "../../../../tests/fixtures/tables/users-title-row.csv"
    ));
    assert_eq!(emails, ["grace@xyz.example", "hal@xyz.example"]);
    assert_eq!((table.found.layout.head, table.found.aside), (Some(2), 1));

    let (emails, table) = case(include_bytes!(
        "../../../../tests/fixtures/tables/users-german-cp1252.csv"
    ));
    assert_eq!(emails, ["joerg@xyz.example", "zoe@xyz.example"]);
    assert_eq!(table.found.columns[0].sample, "J\u{f6}rg");

    let (emails, _) = case(include_bytes!(
        "../../../../tests/fixtures/tables/users-comma-in-quoted-header.csv"
    ));
    assert_eq!(emails, ["grace@xyz.example"]);
}

#[test]
fn a_file_may_be_a_list_from_a_mail_client() {
    let pasted = include_str!("../../../../tests/fixtures/tables/users-pasted-lists.txt");
    let file = read_file(pasted).unwrap();
    assert!(file.table.is_none());
    let who = ["grace", "hal", "ida", "jo", "kim", "lou", "mia", "noe"];
    assert_eq!(
        file.lines,
        numbered(0, who.map(|name| format!("{name}@xyz.example")).into())
    );
    assert_eq!(of("a@b.example, c@d.example, nobody").len(), 3);
    assert_eq!(of("a@b.example c@d.example\n").len(), 2);
    // Two columns, of which one holds addresses, are a table.
    assert_eq!(of("Ada;ada@xyz.example").len(), 1);
}

#[test]
fn the_column_can_be_chosen_and_what_was_typed_stays() {
    let text = "Email,Boss\na@b.example,z@b.example\n";
    let file = read_file(text).unwrap();
    let mut lines = file.lines;
    lines.extend(numbered(2, vec!["typed@b.example".to_owned()]));
    let content = Content {
        places: None,
        role: None,
        lines,
        table: file.table,
    };
    let layout = Layout {
        separator: ',',
        head: Some(1),
        columns: vec![Some(1)],
    };
    let again = read_again(&content, &layout).unwrap();
    let typed: Vec<&str> = again.lines.iter().map(|line| line.typed.as_str()).collect();
    assert_eq!(typed, ["z@b.example", "typed@b.example"]);
    // Without a column there are no lines, and one is asked for.
    let none = read_again(
        &content,
        &Layout {
            columns: vec![None],
            ..layout
        },
    )
    .unwrap();
    assert_eq!(
        (
            none.lines.len(),
            none.table.unwrap().found.missing(&MEANINGS).len()
        ),
        (1, 1)
    );
}

#[test]
fn a_row_keeps_the_number_that_it_has_in_the_file() {
    let said = [(2, "a@b.example".to_owned()), (5, "c@d.example".to_owned())];
    for end in ["\n", "\r\n", "\r"] {
        let text = ["Email", "a@b.example", "", "  ", "c@d.example", ""].join(end);
        assert_eq!(of(&text), said, "{end:?}");
    }
    // Before the heading too, after a byte order mark, and behind a cell of two lines.
    assert_eq!(
        of("\u{feff}\n\nName,Email\n\"A\nB\",a@b.example\n,c@d.example"),
        [(4, "a@b.example".to_owned()), (6, "c@d.example".to_owned())]
    );
}

#[test]
fn each_line_is_told_what_becomes_of_it() {
    use PersonState::{Active, Disabled, Invited};
    let known = known(&[
        ("ada@xyz.example", Active, Some(Role::AccountAdmin)),
        ("cy@xyz.example", Active, Some(Role::AccountUser)),
        ("noa@newcomer.example", Active, None),
        ("ivo@xyz.example", Invited, None),
        ("gone@xyz.example", Disabled, None),
    ]);
    let lines = [
        "CY@XYZ.example",
        "cy@xyz.example",
        "noa@newcomer.example",
        "ivo@xyz.example",
        "new@xyz.example",
        "gone@xyz.example",
        "ad\u{430}@xyz.example",
        "ada@xyz.ex\u{430}mple",
        "not an address",
    ];
    assert_eq!(
        verdicts(&lines, &known, Role::AccountViewer, 1),
        [
            "changed", "repeated", "added", "added", "invited", "wrong", "wrong", "wrong", "wrong"
        ]
    );
    assert_eq!(
        verdicts(&["cy@xyz.example"], &known, Role::AccountUser, 1),
        ["unchanged"]
    );
    // The Approver rule, for those with a user account and those without.
    assert_eq!(
        verdicts(
            &["noa@newcomer.example", "new@newcomer.example", "new@xyz.example"],
            &known,
            Role::AccountApprover,
            1
        ),
        ["wrong", "wrong", "invited"]
    );
    // The last administrator stays one.
    assert_eq!(
        verdicts(&["ada@xyz.example"], &known, Role::AccountUser, 1),
        ["wrong"]
    );
    assert_eq!(
        verdicts(&["ada@xyz.example"], &known, Role::AccountUser, 2),
        ["changed"]
    );
}

#[test]
fn of_all_administrators_in_one_list_one_is_left() {
    let known = known(&[
        ("a@xyz.example", PersonState::Active, Some(Role::AccountAdmin)),
        ("b@xyz.example", PersonState::Active, Some(Role::AccountAdmin)),
    ]);
    assert_eq!(
        verdicts(
            &["a@xyz.example", "b@xyz.example"],
            &known,
            Role::AccountViewer,
            2
        ),
        ["changed", "wrong"]
    );
}

proptest! {
    #[test]
    fn whatever_is_typed_is_cut_and_judged(text in "\\PC*|[a-c@., ;\\n\"<>]*") {
        if let Ok(PeopleFile { lines, .. }) = read_file(&text) {
            prop_assert!(lines.iter().all(|line| line.typed.chars().count() <= LONGEST));
            // Each has a number of its own, by which it is mended or left out.
            prop_assert!(lines.windows(2).all(|two| two[0].number < two[1].number));
            let report = judge(&lines, &HashMap::new(), &Target::Group(&[]));
            prop_assert_eq!(report.lines.len(), lines.len());
            // Nobody is counted twice, whatever the case of the letters.
            let mut keys: Vec<String> = report
                .lines
                .iter()
                .filter(|line| line.verdict.acts())
                .filter_map(|line| line.email.as_ref().map(|email| email.key().to_owned()))
                .collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), all);
        }
    }

    #[test]
    fn an_administrator_is_always_left(roles in prop::collection::vec(any::<bool>(), 1..8), listed in prop::collection::vec(any::<bool>(), 8)) {
        let emails: Vec<String> = (0..roles.len()).map(|n| format!("p{n}@xyz.example")).collect();
        let people: Vec<(&str, PersonState, Option<Role>)> = emails
            .iter()
            .zip(&roles)
            .map(|(email, admin)| (email.as_str(), PersonState::Active, Some(if *admin { Role::AccountAdmin } else { Role::AccountUser })))
            .collect();
        let known = known(&people);
        let administrators = roles.iter().filter(|admin| **admin).count();
        let lines: Vec<&str> = emails.iter().zip(&listed).filter(|(_, on)| **on).map(|(email, _)| email.as_str()).collect();
        let gone = verdicts(&lines, &known, Role::AccountViewer, administrators)
            .iter()
            .zip(&lines)
            .filter(|(verdict, line)| *verdict == "changed" && known[**line].held[0].1 == Role::AccountAdmin)
            .count();
        prop_assert!(administrators == 0 || gone < administrators);
    }
}
