use super::*;
use mapi_engine::properties::{FileTime, Property, Value, tags};
use mapi_engine::restriction::{BitRelation, Relop, Restriction};
use proptest::prelude::*;

fn error_of(text: &str) -> ExpressionError {
    parse(text).expect_err("the text must be refused")
}

#[test]
fn and_binds_tighter_than_or() {
    let tree = parse("flags has 1 or flags has 2 and flags lacks 4").unwrap();
    let bits = |relation, mask| Restriction::Bitmask { relation, tag: tags::MESSAGE_FLAGS, mask };
    assert_eq!(
        tree,
        Restriction::Or(vec![
            bits(BitRelation::Nez, 1),
            Restriction::And(vec![bits(BitRelation::Nez, 2), bits(BitRelation::Eqz, 4)])
        ])
    );
}

#[test]
fn a_constant_takes_the_type_of_its_property() {
    let time = Value::SysTime(FileTime::from_unix(1_717_113_600, 0));
    assert_eq!(
        parse("received >= 2024-05-31").unwrap(),
        Restriction::Property {
            relop: Relop::Ge,
            tag: tags::MESSAGE_DELIVERY_TIME,
            value: Property::new(tags::MESSAGE_DELIVERY_TIME, time)
        }
    );
    assert!(matches!(parse("0x0037001F = 'x'").unwrap(), Restriction::Property { .. }));
    assert!(matches!(parse("size > 10").unwrap(), Restriction::Property { .. }));
    assert!(matches!(parse("size(body) > 10").unwrap(), Restriction::Size { .. }));
    assert!(matches!(parse("from = sender").unwrap(), Restriction::CompareProps { .. }));
}

#[test]
fn text_tests_ignore_case_unless_told_otherwise() {
    let fuzzy = |text| match parse(text).unwrap() {
        Restriction::Content { fuzzy, .. } => fuzzy,
        other => panic!("{other:?}"),
    };
    assert_eq!(fuzzy("subject contains 'x'"), 0x0001_0001);
    assert_eq!(fuzzy("subject contains[case] 'x'"), 0x1);
    assert_eq!(fuzzy("subject begins[word, nonspace] 'x'"), 0x0003_0012);
}

#[test]
fn an_error_names_the_column() {
    assert_eq!(error_of("subject contains 5").column, 17);
    assert_eq!(error_of("subject contains").column, 16);
    assert_eq!(error_of("(size > 1").column, 9);
    assert_eq!(error_of("size > 1 size").column, 9);
    assert!(error_of("subjct = 'x'").message.contains("subject"));
    assert!(error_of("subject = 'x").message.contains("closing quote"));
    assert_eq!(error_of("é = 1").pointing_at("é = 1"), "column 1: there is no property \"é\"\n  é = 1\n  ^");
}

#[test]
fn nesting_beyond_the_limit_is_refused_at_any_depth() {
    let text = format!("{}size > 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(error_of(&text).message.contains("levels of nesting"));
    assert!(error_of(&format!("{}size > 1", "not ".repeat(10_000))).message.contains("levels of nesting"));
}

#[test]
fn a_restriction_survives_the_trip_through_json() {
    for text in [
        "subject contains 'a' and (size > 10 or not exists(html))",
        "any(recipients, name = 'Bob')",
        "not any(attachments, count(2, filename begins '.pdf' or size(PR_ATTACH_DATA_BIN) > 100))",
        "count(3, received > 2024-05-31T10:00:00Z)",
        "size(body) >= 100 and flags has 1 and 0x0FF90102 = x'0a'",
        "from = sender or attachments = true",
    ] {
        let tree = parse(text).unwrap();
        assert_eq!(restriction_from_json(&restriction_to_json(&tree)).unwrap(), tree, "{text}");
    }
    assert!(restriction_from_json(&serde_json::json!({ "exist": "nonsense" })).unwrap_err().contains("nonsense"));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_without_a_panic(text in "\\PC*") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.column <= text.chars().count());
            let _shown = error.pointing_at(&text);
        }
    }

    #[test]
    fn any_words_are_parsed_or_refused_without_a_panic(
        words in proptest::collection::vec(
            proptest::sample::select(vec!["(", ")", "and", "or", "not", "subject", "size", "=", "contains", "[", "]", "case", ",", "'x'", "5", "count", "any", "recipients", "exists"]),
            0..20
        )
    ) {
        let _result = parse(&words.join(" "));
    }
}
