use super::*;
use proptest::prelude::*;

#[test]
fn rows_with_one_identifier_are_one_order() {
    let text = "\u{feff}Order Identifier,Customer,Domain,SKU,Qty,Order type\r\n\
                W1,XYZ COMPANY,xyz.example,C9200-48P-E,2,standard\r\n\
                W1,,,CON-SNT-C92048PE,2,\r\n\
                W2,Fairwater,fairwater.example,C8200-1N-4T,1,\r\n\
                W2,Somebody else,,C8200-1N-4T,1,\r\n";
    let entries = read_file(text).unwrap().entries;
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].line, entries[0].told.lines.len()), (2, 2));
    assert!(entries[0].broken.is_empty());
    assert!(entries[1].broken.contains("Line 5"), "{}", entries[1].broken);
    assert!(
        read_file("Colour,Size\nA,1\n")
            .unwrap_err()
            .contains("identifier")
    );
    // Where some columns are there, the others are asked for.
    let some = read_file("SKU,Qty\nA,1\n").unwrap();
    assert_eq!((some.entries.len(), missing(&some)), (0, vec![0, 1, 2]));
    assert!(read_file("").is_err());
}

#[test]
fn json_may_be_a_list_or_an_object_and_says_which_order_is_broken() {
    let one = r#"{"identifier":"W1","customer":"X","customer_domain":"x.example","lines":[{"sku":"A","quantity":1}]}"#;
    for text in [
        format!("[{one}]"),
        one.to_owned(),
        format!("{{\"orders\":[{one}]}}"),
    ] {
        let entries = read_file(&text).unwrap().entries;
        assert_eq!((entries.len(), entries[0].told.lines.len()), (1, 1), "{text}");
    }
    let entries = read_file(r#"[{"identifier":"W9","lines":"none"}]"#)
        .unwrap()
        .entries;
    assert_eq!(entries[0].told.identifier, "W9");
    assert!(!entries[0].broken.is_empty());
    assert!(read_file("[1").is_err());
}

fn case(bytes: &[u8]) -> OrderFile {
    read_file(&crate::kernel::table::decode(bytes)).unwrap()
}

fn missing(file: &OrderFile) -> Vec<usize> {
    file.table.as_ref().unwrap().found.missing(&MEANINGS)
}

fn unused(file: &OrderFile) -> Vec<String> {
    let found = &file.table.as_ref().unwrap().found;
    found
        .unused()
        .into_iter()
        .map(|(at, _)| found.called(at))
        .collect()
}

#[test]
fn the_files_that_people_have_are_read() {
    for bytes in [
        include_bytes!("../../../../tests/fixtures/tables/orders-tab.txt").as_slice(),
        include_bytes!("../../../../tests/fixtures/tables/orders-tab-utf16.csv"),
    ] {
        let file = case(bytes);
        let one = &file.entries[0];
        assert_eq!((one.line, one.told.identifier.as_str()), (2, "WR-1"));
        assert_eq!(
            (one.told.customer.as_str(), one.told.lines[0].quantity.as_str()),
            ("XYZ COMPANY", "2")
        );
        assert_eq!(file.table.unwrap().found.layout.separator, '\t');
    }
    let file = case(include_bytes!(
        "../../../../tests/fixtures/tables/orders-comma-in-semicolon-header.csv"
    ));
    assert_eq!(file.entries[0].told.identifier, "WR-3");
    assert_eq!(unused(&file), ["Name (legal, short)"]);
    // Domains are compared as domains.
    let file = case(include_bytes!(
        "../../../../tests/fixtures/tables/orders-case-of-domain.csv"
    ));
    assert_eq!((file.entries.len(), file.entries[0].told.lines.len()), (1, 2));
    assert_eq!(file.entries[0].broken, "");
}

#[test]
fn a_heading_with_marks_or_in_short_is_known_and_others_are_named() {
    let file = case(include_bytes!(
        "../../../../tests/fixtures/tables/orders-unknown-column.csv"
    ));
    let told = &file.entries[0].told;
    assert_eq!(
        (told.lines[0].term_months.as_str(), told.ordered_at.as_str()),
        ("60", "2026-01-05")
    );
    let file =
        read_file("identifier,customer,customer_domain,sku,quantity,Frist\nA,B,c.example,C9200-48P-E,2,60\n")
            .unwrap();
    assert_eq!(unused(&file), ["Frist"]);
}

#[test]
fn a_column_that_stands_twice_is_asked_about() {
    let text = include_str!("../../../../tests/fixtures/tables/orders-duplicate-column.csv");
    let file = read_file(text).unwrap();
    assert_eq!((file.entries.len(), missing(&file)), (0, vec![11]));
    let found = file.table.unwrap().found;
    assert_eq!(found.unsure, [(11, vec![4, 5])]);
    let mut layout = found.layout;
    layout.columns[11] = Some(5);
    let chosen = read_again(text, &layout).unwrap();
    assert_eq!(chosen.entries[0].told.lines[0].quantity, "7");
}

#[test]
fn one_value_written_in_two_ways_is_no_contradiction() {
    let text = "identifier,customer,customer_domain,sku,quantity,type,status,date,email\n\
                A,XYZ  Company,xyz.example,C9200-48P-E,1,Enterprise Agreement,Partially fulfilled,2026-01-05,Lee@xyz.example\n\
                A,xyz company,XYZ.example.,C9200-48P-E,1,enterprise-agreement,partially-fulfilled,2026-01-05T00:00:00Z,lee@XYZ.example\n";
    let entries = read_file(text).unwrap().entries;
    assert_eq!(entries[0].broken, "");
    let now = Moment::parse("2026-11-22T08:00:00Z").unwrap();
    assert!(intake::check(&entries[0].told, crate::orders::model::Source::Import, now).is_ok());
    let text = text.replace("xyz company", "Fairwater");
    let entries = read_file(&text).unwrap().entries;
    assert!(
        entries[0].broken.contains("the customer differs"),
        "{}",
        entries[0].broken
    );
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        let text = [
            "",
            "identifier,customer,customer_domain,sku,quantity",
            "",
            "\"A",
            "B\",B,c.example,S,1",
            "C,D,e.example,S,1",
        ]
        .join(end);
        let lines: Vec<usize> = read_file(&text)
            .unwrap()
            .entries
            .iter()
            .map(|one| one.line)
            .collect();
        assert_eq!(lines, [4, 6], "{end:?}");
    }
}

proptest! {
    #[test]
    fn no_file_panics(text in "\\PC*|[\\[{\",;:0-9a-z\\]}\\n]*") { let _ = read_file(&text); }
}
