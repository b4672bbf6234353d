//! Calls that have to be refused, with their codes (`tables` 4, 5.2, 7.1).

use crate::tags::{DEPTH, NUMBER, NUMBERS, RECIPIENTS, TAGS, TEXT, instance};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, PropType, Property, Value};
use mapi_engine::restriction::{BitRelation, FL_FULLSTRING, Relop, Restriction};
use mapi_engine::tables::{SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_COMBINE};

/// What is refused.
pub(crate) enum Refused {
    Columns(Vec<PropTag>),
    Restriction(Restriction),
    Sort(SortOrderSet),
}

fn sort(keys: &[(PropTag, u32)], categories: u32, expanded: u32) -> Refused {
    let keys = keys.iter().map(|(tag, order)| SortOrder { tag: *tag, order: *order }).collect();
    Refused::Sort(SortOrderSet { keys, categories, expanded })
}

fn text(fuzzy: u32) -> Restriction {
    Restriction::Content { fuzzy, tag: TEXT, value: Property::new(TEXT, Value::Unicode("a".to_owned())) }
}

fn sub(child: Restriction) -> Restriction {
    Restriction::SubRestriction { subobject: RECIPIENTS, child: Box::new(child) }
}

fn count() -> Restriction {
    Restriction::Count { count: 1, child: Box::new(Restriction::And(Vec::new())) }
}

/// The calls, and what each is answered with.
pub(crate) fn refused() -> Vec<(Refused, Code)> {
    let one = || Property::new(NUMBER, Value::Long(1));
    let object = TEXT.with_kind(PropType::OBJECT);
    let columns = [(vec![], Code::InvalidParameter), (vec![TEXT.with_kind(PropType::UNSPECIFIED)], Code::InvalidParameter)];
    let sorts = [
        (sort(&[(TEXT, 0)], 2, 0), Code::InvalidParameter),
        (sort(&[(TEXT, 0)], 1, 2), Code::InvalidParameter),
        (sort(&[], 1, 0), Code::InvalidParameter),
        (sort(&[(TEXT, TABLE_SORT_COMBINE)], 1, 0), Code::InvalidParameter),
        (sort(&[(TEXT, 0), (NUMBER, TABLE_SORT_COMBINE)], 1, 0), Code::InvalidParameter),
        (sort(&[(TEXT, 0), (NUMBER, TABLE_SORT_CATEG_MAX)], 0, 0), Code::InvalidParameter),
        (sort(&[(TEXT, 0), (NUMBER, TABLE_SORT_CATEG_MAX)], 2, 0), Code::InvalidParameter),
        (sort(&[(DEPTH, 0)], 0, 0), Code::InvalidParameter),
        (sort(&[(TEXT, 5)], 0, 0), Code::TooComplex),
        (sort(&[(object, 0)], 0, 0), Code::TooComplex),
        (sort(&[(instance(TAGS), 0), (instance(NUMBERS), 0)], 0, 0), Code::TooComplex),
        (sort(&[(TEXT, 0); 17], 0, 0), Code::TooComplex),
    ];
    let restrictions = [
        text(3),
        Restriction::Content { fuzzy: FL_FULLSTRING, tag: NUMBER, value: one() },
        Restriction::Property { relop: Relop::Re, tag: NUMBER, value: one() },
        Restriction::Property { relop: Relop::Eq, tag: TEXT, value: one() },
        Restriction::CompareProps { relop: Relop::Eq, left: TEXT, right: NUMBER },
        Restriction::Bitmask { relation: BitRelation::Eqz, tag: TEXT, mask: 1 },
        Restriction::Exist { tag: object },
        Restriction::Size { relop: Relop::Eq, tag: TEXT.with_kind(PropType::UNSPECIFIED), size: 1 },
        Restriction::SubRestriction { subobject: TEXT, child: Box::new(text(FL_FULLSTRING)) },
        sub(sub(text(FL_FULLSTRING))),
        Restriction::Or(vec![count()]),
        Restriction::Not(Box::new(count())),
        (0..65).fold(text(FL_FULLSTRING), |inner, _| Restriction::Not(Box::new(inner))),
    ];
    let columns = columns.into_iter().map(|(columns, code)| (Refused::Columns(columns), code));
    columns.chain(sorts).chain(restrictions.into_iter().map(|what| (Refused::Restriction(what), Code::TooComplex))).collect()
}
