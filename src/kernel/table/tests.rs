use super::*;
use crate::kernel::addresses::one_address;
use proptest::prelude::*;

const PEOPLE: [Meaning; 1] = [Meaning {
    key: "email",
    label: "e-mail address",
    names: &["email", "email address"],
    loose: &["address", "user name"],
    other: &["manager"],
    looks: Some(|cell| one_address(cell).is_some()),
    guess: Guess::Cells,
    needed: true,
}];

fn is_number(cell: &str) -> bool {
    cell.parse::<u32>().is_ok()
}

const GOODS: [Meaning; 3] = [
    Meaning {
        key: "name",
        label: "name",
        names: &["name", "order date"],
        loose: &[],
        other: &[],
        looks: None,
        guess: Guess::Never,
        needed: true,
    },
    Meaning {
        key: "quantity",
        label: "quantity",
        names: &["quantity"],
        loose: &[],
        other: &[],
        looks: Some(is_number),
        guess: Guess::Unnamed,
        needed: true,
    },
    Meaning {
        key: "months",
        label: "term",
        names: &["term months", "term"],
        loose: &[],
        other: &[],
        looks: Some(is_number),
        guess: Guess::Never,
        needed: false,
    },
];

fn people(text: &str) -> (Layout, Vec<(usize, String)>) {
    let table = Table::read(text, &PEOPLE, 100).unwrap();
    let cells = table
        .rows
        .iter()
        .map(|row| (row.line, table.cell(row, 0).to_owned()))
        .collect();
    (table.found.layout, cells)
}

fn columns(text: &str) -> Vec<Option<usize>> {
    Table::read(text, &GOODS, 100).unwrap().found.layout.columns
}

#[test]
fn the_separator_is_the_one_with_which_the_table_says_most() {
    for (text, separator, column) in [
        ("Name,Email\nA,a@b.example\n", ',', 1),
        (
            "\"Name (last, first, middle)\";Email\n\"Example, Grace\";grace@xyz.example\n",
            ';',
            1,
        ),
        (
            "Name, first;Email\nExample, Grace;grace@xyz.example\nExample, Hal;hal@xyz.example\n",
            ';',
            1,
        ),
        ("Name\tEmail\nA, B\ta@b.example\n", '\t', 1),
        ("Name|Email\nA|a@b.example\n", '|', 1),
        ("sep=;\nName, of;Email\nA;a@b.example\n", ';', 1),
        ("Email\na@b.example\n", ',', 0),
    ] {
        let (layout, cells) = people(text);
        assert_eq!(
            (layout.separator, layout.columns),
            (separator, vec![Some(column)]),
            "{text}"
        );
        assert!(layout.head.is_some() && cells[0].1.contains('@'), "{text}");
    }
}

#[test]
fn a_heading_is_found_below_a_title_and_in_any_language() {
    for (text, head, first) in [
        (
            "Staff list 2026;;\nName;Department;E-Mail-Adresse\nA;IT;a@b.example\n",
            2,
            3,
        ),
        ("Email list\n\nName;Email\nA;a@b.example\n", 3, 4),
        ("Nombre;Correo\nA;a@b.example\n", 1, 2),
        ("\u{540d}\u{524d},\u{30e1}\u{30fc}\u{30eb}\nA,a@b.example\n", 1, 2),
    ] {
        let (layout, cells) = people(text);
        assert_eq!(
            (layout.head, cells[0].0, cells.len()),
            (Some(head), first, 1),
            "{text}"
        );
    }
    // A first line that is only wrong is not a heading.
    for text in [
        "a.b.example\nc@d.example\n",
        "A;a.b.example\nB;b@c.example\n",
        "a@b.example\nnobody\n",
    ] {
        let (layout, cells) = people(text);
        assert_eq!((layout.head, cells.len()), (None, 2), "{text}");
    }
}

#[test]
fn a_column_is_chosen_by_its_cells_and_by_its_heading() {
    for (text, column) in [
        (
            "User Name,First Name,Address\na@b.example,A,1 Street\nb@b.example,B,2 Street\n",
            0,
        ),
        (
            "Manager Email,Email\nm@b.example,a@b.example\nm@b.example,b@b.example\n",
            1,
        ),
        ("Manager Email,Anschrift\nm@b.example,a@b.example\n", 0),
        ("Email,Login\nnone,a@b.example\nnone,b@b.example\n", 1),
        ("Email,Login\nnone,a@b.example\nb@b.example,c@b.example\n", 0),
    ] {
        assert_eq!(people(text).0.columns, [Some(column)], "{text}");
    }
    assert_eq!(
        columns("Name,Qty,Term (months)\nA,2,60\n"),
        [Some(0), Some(1), Some(2)]
    );
    assert_eq!(
        columns("Order Dt,QUANTITY [Required]\nA,2\n"),
        [Some(0), Some(1), None]
    );
    // By its cells where no heading tells, unless two columns may be meant.
    assert_eq!(columns("Name,Menge\nA,2\n"), [Some(0), Some(1), None]);
    let table = Table::read("Name,Menge,Zeile\nA,2,3\n", &GOODS, 10).unwrap();
    assert_eq!(table.found.missing(&GOODS), [1]);
}

#[test]
fn a_column_that_stands_twice_is_asked_about() {
    let table = Table::read("name,quantity,quantity\nA,2,7\n", &GOODS, 10).unwrap();
    assert_eq!(table.found.unsure, [(1, vec![1, 2])]);
    assert_eq!(table.found.layout.columns, [Some(0), None, None]);
    assert!(table.found.says(1, &GOODS[1]).contains("2 and 3"));
    // Unless it says the same twice.
    let table = Table::read("name,quantity,quantity\nA,2,2\n", &GOODS, 10).unwrap();
    assert!(table.found.missing(&GOODS).is_empty());
    assert_eq!(
        table
            .found
            .unused()
            .into_iter()
            .map(|(at, _)| at)
            .collect::<Vec<_>>(),
        [2]
    );
}

#[test]
fn what_was_chosen_is_what_is_read() {
    let text = "Title\nname,quantity,quantity\nA,2,7\n";
    let layout = Layout {
        separator: ',',
        head: Some(2),
        columns: vec![Some(0), Some(2), Some(9)],
    };
    let table = Table::read_as(text, &layout, 10).unwrap();
    assert_eq!(table.found.layout.columns, [Some(0), Some(2), None]);
    assert_eq!((table.rows[0].line, table.cell(&table.rows[0], 1)), (3, "7"));
    let none = Table::read_as(text, &Layout { head: None, ..layout }, 10).unwrap();
    assert_eq!((none.rows.len(), none.found.layout.head), (3, None));
}

#[test]
fn rows_have_the_numbers_of_their_lines() {
    let said = [(2, "a@b.example".to_owned()), (5, "c@d.example".to_owned())];
    for end in ["\n", "\r\n", "\r"] {
        let text = ["Email", "a@b.example", "", "  ", "c@d.example", ""].join(end);
        assert_eq!(people(&text).1, said, "{end:?}");
        let text = [
            "\u{feff}",
            "",
            "Name,Email",
            "\"A",
            "B\",a@b.example",
            ",c@d.example",
        ]
        .join(end);
        assert_eq!(
            people(&text).1,
            [(4, "a@b.example".to_owned()), (6, "c@d.example".to_owned())],
            "{end:?}"
        );
    }
}

#[test]
fn a_quote_that_swallows_other_lines_is_refused() {
    for text in [
        "Name,Email\n\"Bob,bob@x.example\nAda,ada@x.example\n",
        "Name,Email\n\"Bob,bob@x.example\nAda,ada@x.example\n\"Cy\",cy@x.example\n",
    ] {
        assert!(
            Table::read(text, &PEOPLE, 10).unwrap_err().contains("line 2"),
            "{text}"
        );
    }
    let (_, cells) = people("Name,Email\n\"Bob \"\"B\"\"\nBee\" ,bob@x.example\n5\" disk,ada@x.example\n");
    assert_eq!(cells.len(), 2);
}

#[test]
fn what_is_too_large_is_refused() {
    let wide = ["a"; 251].join(",");
    assert!(Table::read(&wide, &GOODS, 10).unwrap_err().contains("columns"));
    let long = "a\n".repeat(100);
    assert!(Table::read(&long, &GOODS, 10).unwrap_err().contains("rows"));
}

/// A table as programs write it.
fn written(rows: &[Vec<String>], separator: char, end: csv::Terminator) -> String {
    let mut writer = ::csv::WriterBuilder::new()
        .delimiter(u8::try_from(separator).unwrap())
        .terminator(end)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell))).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn cell() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9\u{e4}\u{f6}\u{fc}=+.,;|\" ()-]{0,12}(\n[a-z]{1,3})?".prop_map(|cell| cell.trim().to_owned())
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::vec(prop::collection::vec(cell(), 3), 1..12),
        separator in prop::sample::select(rows::SEPARATORS.to_vec()),
        end in 0..3_usize,
        encoding in 0..5_usize,
    ) {
        let mut all = vec![["name", "quantity", "term"].map(str::to_owned).to_vec()];
        all.extend(rows.iter().map(|row| { let mut row = row.clone(); row[0] = format!("x{}", row[0]); row }));
        let end = [csv::Terminator::Any(b'\n'), csv::Terminator::CRLF, csv::Terminator::Any(b'\r')][end];
        let text = written(&all, separator, end);
        let wide = |split: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(split).collect::<Vec<u8>>();
        let bytes = match encoding {
            0 => text.clone().into_bytes(),
            1 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            2 => [b"\xff\xfe".to_vec(), wide(u16::to_le_bytes)].concat(),
            3 => [b"\xfe\xff".to_vec(), wide(u16::to_be_bytes)].concat(),
            _ => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        };
        let table = Table::read(&decode(&bytes), &GOODS, 100).unwrap();
        prop_assert_eq!(table.found.layout.separator, separator);
        prop_assert_eq!(table.found.layout.head, Some(1));
        let read: Vec<Vec<String>> = table.rows.iter().map(|row| row.cells().map(str::to_owned).collect()).collect();
        prop_assert_eq!(read, all[1..].to_vec());
        // As somebody says that it is laid out it says the same.
        let again = Table::read_as(&decode(&bytes), &table.found.layout, 100).unwrap();
        prop_assert_eq!(again.rows, table.rows);
    }

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>(), text in "[a-c,;\\t|\"\\r\\n@.']*") {
        for text in [decode(&bytes), text] {
            for meanings in [PEOPLE.as_slice(), GOODS.as_slice()] {
                if let Ok(table) = Table::read(&text, meanings, 100) {
                    prop_assert!(table.rows.windows(2).all(|two| two[0].line < two[1].line));
                    prop_assert!(Table::read_as(&text, &table.found.layout, 100).is_ok());
                    let _ = (table.found.missing(meanings), table.found.unused().len());
                }
            }
        }
    }
}
