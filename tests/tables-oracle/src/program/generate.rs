//! Random programs. Values come from so small an alphabet that they meet.

use crate::program::{Draft, How, Program, Spot, Step, Which};
use crate::tags::{
    ATTACHMENTS, BYTES, CONTENT_COUNT, CONTENT_UNREAD, DATE, DEPTH, FLAG, INSTANCE_KEY, INSTANCE_NUM, MESSAGE_FLAGS, NAME,
    NOTHING, NUMBER, NUMBERS, OTHER, RANK, REAL, RECIPIENTS, ROW_TYPE, STORED, TAGS, TEXT, instance,
};
use mapi_engine::properties::{FileTime, PropTag, PropType, Property, Value, tags};
use mapi_engine::restriction::{
    BitRelation, FL_FULLSTRING, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE, FL_PHRASE_MATCH, FL_PREFIX, FL_PREFIX_ON_ANY_WORD,
    FL_SUBSTRING, Relop, Restriction,
};
use mapi_engine::tables::{SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(vec!["", "a", "A", "b", "foo", "Foo", "foo bar", "Bar foo", "ß", "ss", "é", "e", "E\u{301}"]).prop_map(str::to_owned),
        // Keys end where these begin to differ.
        1 => select(vec!["x", "y"]).prop_map(|end| format!("{}{end}", "long ".repeat(60))),
    ]
}

fn number() -> impl Strategy<Value = i32> {
    select(vec![-1, 0, 1, 2, 5, i32::MIN])
}

fn value(tag: PropTag) -> BoxedStrategy<Value> {
    match tag {
        TEXT | OTHER => text().prop_map(Value::Unicode).boxed(),
        DATE => select(vec![0, 1, 1_000_000, 130_000_000_000_000_000]).prop_map(|ticks| Value::SysTime(FileTime(ticks))).boxed(),
        FLAG => any::<bool>().prop_map(Value::Boolean).boxed(),
        BYTES => prop_oneof![
            6 => select(vec![&b""[..], b"\x01", b"\x01\x02", b"\x02", b"\xFF"]).prop_map(<[u8]>::to_vec),
            1 => select(vec![1_u8, 2]).prop_map(|end| [vec![7; 510], vec![end]].concat()),
        ]
        .prop_map(Value::Binary)
        .boxed(),
        REAL => select(vec![f64::NAN, -2.5, -0.0, 0.0, 1.5, f64::INFINITY]).prop_map(Value::Double).boxed(),
        TAGS => prop::collection::vec(text(), 1..4).prop_map(Value::MvUnicode).boxed(),
        NUMBERS => prop::collection::vec(number(), 1..4).prop_map(Value::MvLong).boxed(),
        _ => number().prop_map(Value::Long).boxed(),
    }
}

/// One element, for a multi-valued tag.
fn element(tag: PropTag) -> BoxedStrategy<Value> {
    match tag {
        TAGS => value(TEXT),
        NUMBERS => value(NUMBER),
        tag => value(tag),
    }
}

fn property(tag: PropTag) -> BoxedStrategy<Property> {
    value(tag).prop_map(move |value| Property { tag, value }).boxed()
}

fn values(most: usize) -> impl Strategy<Value = Vec<Property>> {
    let property = |tag: &PropTag| {
        let odd = Just(Property { tag: NUMBER.with_kind(PropType::I2), value: Value::I2(1) });
        // A value of another type under the same identifier is none of the tag's.
        if *tag == NUMBER { prop_oneof![19 => property(NUMBER), 1 => odd].boxed() } else { property(*tag) }
    };
    subsequence(STORED.to_vec(), 0..=most).prop_flat_map(move |tags| tags.iter().map(property).collect::<Vec<_>>())
}

fn rows() -> impl Strategy<Value = Vec<Vec<Property>>> {
    let row = (text(), number()).prop_map(|(name, kind)| {
        vec![Property::new(tags::DISPLAY_NAME, Value::Unicode(name)), Property::new(RANK, Value::Long(kind))]
    });
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(row, 0..3)]
}

fn draft() -> impl Strategy<Value = Draft> {
    let attachments = prop_oneof![8 => Just(Vec::new()), 1 => rows()];
    (values(STORED.len()), rows(), attachments).prop_map(|(values, recipients, attachments)| Draft {
        values,
        recipients,
        attachments,
    })
}

fn columns() -> impl Strategy<Value = Vec<PropTag>> {
    let plain = vec![
        TEXT,
        TEXT.with_kind(PropType::STRING8),
        DATE,
        NUMBER,
        FLAG,
        BYTES,
        REAL,
        TAGS,
        NUMBERS,
        ROW_TYPE,
        DEPTH,
        INSTANCE_NUM,
        CONTENT_COUNT,
        CONTENT_UNREAD,
        NOTHING,
        PropTag::NULL,
        NAME,
    ];
    let instances = prop_oneof![
        // A view that is not expanded is left to the store as far as it goes, which is worth as much.
        12 => Just(vec![]),
        2 => Just(vec![instance(TAGS)]),
        1 => Just(vec![instance(NUMBERS)]),
        1 => Just(vec![instance(TAGS), instance(NUMBERS)]),
        1 => Just(vec![instance(NUMBERS), instance(TAGS)]),
    ];
    (subsequence(plain, 0..8), instances).prop_map(|(plain, instances)| [vec![INSTANCE_KEY, NAME], instances, plain].concat())
}

fn relop() -> impl Strategy<Value = Relop> {
    select(vec![Relop::Lt, Relop::Le, Relop::Gt, Relop::Ge, Relop::Eq, Relop::Ne])
}

fn comparison() -> impl Strategy<Value = Restriction> {
    let tag = select([STORED.to_vec(), vec![instance(TAGS), instance(NUMBERS), NOTHING]].concat());
    (relop(), tag, any::<bool>()).prop_flat_map(|(relop, tag, whole)| {
        let plain = PropTag(tag.0 & !0x2000);
        let value = if whole { value(plain) } else { element(plain) };
        value.prop_map(move |value| {
            // An instance is one element.
            let value = match value {
                Value::MvLong(_) | Value::MvUnicode(_) if tag.kind().is_instance() => {
                    crate::value::elements(&value).and_then(|elements| elements.into_iter().next()).unwrap_or(Value::Null)
                }
                value => value,
            };
            Restriction::Property { relop, tag, value: Property::new(tag, value) }
        })
    })
}

fn content() -> impl Strategy<Value = Restriction> {
    let text =
        (select(vec![TEXT, OTHER, TAGS, instance(TAGS)]), text(), select(vec![0, 0, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE]));
    let low = select(vec![
        FL_FULLSTRING,
        FL_SUBSTRING,
        FL_SUBSTRING,
        FL_PREFIX,
        FL_PREFIX,
        FL_PREFIX | FL_PREFIX_ON_ANY_WORD,
        FL_SUBSTRING | FL_PHRASE_MATCH,
    ]);
    let bytes = (select(vec![FL_FULLSTRING, FL_SUBSTRING, FL_PREFIX]), value(BYTES));
    prop_oneof![
        5 => (text, low).prop_map(|((tag, text, high), low)| {
            // What words an empty text has, and what word begins with two words, is nobody's business.
            let low = if text.is_empty() || (text.contains(' ') && low & FL_PREFIX_ON_ANY_WORD != 0) { low & 0xF } else { low };
            Restriction::Content { fuzzy: low | high, tag, value: Property::new(tag, Value::Unicode(text)) }
        }),
        1 => bytes.prop_map(|(fuzzy, value)| Restriction::Content { fuzzy, tag: BYTES, value: Property::new(BYTES, value) }),
    ]
}

fn leaf() -> BoxedStrategy<Restriction> {
    let bits = (any::<bool>(), select(vec![(NUMBER, 1), (NUMBER, 0x8000_0000), (RANK, 4), (MESSAGE_FLAGS, 1)]));
    let size = (relop(), select(vec![TEXT, BYTES, TAGS, NUMBERS, NUMBER, DATE]), select(vec![0_u32, 1, 2, 4, 6, 8, 300]));
    let exist =
        [STORED.to_vec(), vec![NOTHING, TEXT.with_kind(PropType::STRING8), NUMBER.with_kind(PropType::UNSPECIFIED)]].concat();
    prop_oneof![
        6 => comparison(),
        4 => content(),
        2 => (relop(), select(vec![(TEXT, OTHER), (NUMBER, RANK), (TEXT, TEXT)]))
            .prop_map(|(relop, (left, right))| Restriction::CompareProps { relop, left, right }),
        2 => bits.prop_map(|(zero, (tag, mask))| {
            let relation = if zero { BitRelation::Eqz } else { BitRelation::Nez };
            Restriction::Bitmask { relation, tag, mask }
        }),
        2 => size.prop_map(|(relop, tag, size)| Restriction::Size { relop, tag, size }),
        2 => select(exist).prop_map(|tag| Restriction::Exist { tag }),
    ]
    .boxed()
}

fn combined(leaf: impl Strategy<Value = Restriction> + 'static) -> impl Strategy<Value = Restriction> {
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Restriction::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Restriction::Or),
            inner.clone().prop_map(|child| Restriction::Not(Box::new(child))),
            inner.prop_map(|child| Restriction::Comment {
                properties: vec![Property::new(NAME, Value::Long(1))],
                child: Some(Box::new(child)),
            }),
        ]
    })
}

/// A restriction on recipients or attachments.
fn sub() -> impl Strategy<Value = Restriction> {
    let name = (select(vec![FL_SUBSTRING, FL_PREFIX | FL_IGNORECASE]), text()).prop_map(|(fuzzy, text)| Restriction::Content {
        fuzzy,
        tag: tags::DISPLAY_NAME,
        value: Property::new(tags::DISPLAY_NAME, Value::Unicode(text)),
    });
    let rank = (relop(), number()).prop_map(|(relop, number)| Restriction::Property {
        relop,
        tag: RANK,
        value: Property::new(RANK, Value::Long(number)),
    });
    let child = prop_oneof![name, rank, Just(Restriction::Exist { tag: RANK }), Just(Restriction::And(vec![]))];
    let child = combined(child);
    let counted = (0..3_u32, child.boxed(), any::<bool>())
        .prop_map(|(count, child, counted)| if counted { Restriction::Count { count, child: Box::new(child) } } else { child });
    (prop_oneof![4 => Just(RECIPIENTS), 1 => Just(ATTACHMENTS)], counted)
        .prop_map(|(subobject, child)| Restriction::SubRestriction { subobject, child: Box::new(child) })
}

fn any_restriction() -> BoxedStrategy<Restriction> {
    combined(prop_oneof![8 => leaf(), 1 => sub()]).boxed()
}

fn rooted() -> impl Strategy<Value = Restriction> {
    let count = (0..6_u32, any_restriction()).prop_map(|(count, child)| Restriction::Count { count, child: Box::new(child) });
    prop_oneof![
        8 => any_restriction(),
        1 => count.clone(),
        1 => (count, any_restriction()).prop_map(|(count, rest)| Restriction::And(vec![rest, count])),
    ]
}

/// What `FindRow` looks for; headers have columns of their own.
fn wanted() -> impl Strategy<Value = Restriction> {
    let shown =
        (relop(), select(vec![(ROW_TYPE, 3), (ROW_TYPE, 4), (DEPTH, 1), (CONTENT_COUNT, 1), (CONTENT_UNREAD, 0), (NAME, 3)]));
    prop_oneof![
        4 => any_restriction(),
        1 => shown.prop_map(|(relop, (tag, number))| {
            Restriction::Property { relop, tag, value: Property::new(tag, Value::Long(number)) }
        }),
    ]
}

fn plain_keys() -> impl Strategy<Value = Vec<SortOrder>> {
    let tag = prop_oneof![
        8 => select(vec![TEXT, OTHER, DATE, NUMBER, RANK, FLAG, BYTES, REAL, TAGS, NUMBERS, NOTHING]),
        6 => select(vec![TEXT, DATE]),
        1 => select(vec![instance(TAGS), instance(NUMBERS)]),
    ];
    let key = (tag, any::<bool>()).prop_map(|(tag, descending)| SortOrder { tag, order: u32::from(descending) });
    prop::collection::vec(key, 0..4).prop_map(one_instance_key)
}

/// At most one key may be an instance key.
fn one_instance_key(mut keys: Vec<SortOrder>) -> Vec<SortOrder> {
    let mut seen = false;
    keys.retain(|key| !key.tag.kind().is_instance() || !std::mem::replace(&mut seen, true));
    keys
}

fn categorized() -> impl Strategy<Value = SortOrderSet> {
    let tag = prop_oneof![
        9 => select(vec![TEXT, NUMBER, FLAG, RANK]),
        1 => Just(instance(TAGS)),
    ];
    let category = (tag, 0..2_u32, prop_oneof![4 => Just(0), 1 => Just(TABLE_SORT_COMBINE)]);
    let extremum = prop::option::weighted(0.25, (select(vec![DATE, RANK]), any::<bool>()));
    (prop::collection::vec(category, 1..4), extremum, plain_keys(), 0..4_u32).prop_map(
        |(categories, extremum, leaves, expanded)| {
            let mut keys: Vec<SortOrder> = Vec::new();
            for (tag, order, combine) in categories {
                let order = if keys.is_empty() { order } else { order | combine };
                if !keys.iter().any(|key| key.tag.id() == tag.id()) {
                    keys.push(SortOrder { tag, order });
                }
            }
            let categories = keys.len();
            if let Some((tag, maximum)) = extremum.filter(|(tag, _)| !keys.iter().any(|key| key.tag == *tag)) {
                keys.push(SortOrder { tag, order: if maximum { TABLE_SORT_CATEG_MAX } else { TABLE_SORT_CATEG_MIN } });
            }
            let instance_key = keys.iter().any(|key| key.tag.kind().is_instance());
            keys.extend(leaves.into_iter().filter(|key| !instance_key || !key.tag.kind().is_instance()));
            let categories = u32::try_from(categories).unwrap_or_default();
            SortOrderSet { keys, categories, expanded: expanded.min(categories) }
        },
    )
}

/// Categories whose order a store may keep, so that it can make them.
fn kept() -> impl Strategy<Value = SortOrderSet> {
    let combine = prop_oneof![4 => Just(0), 1 => Just(TABLE_SORT_COMBINE)];
    let key = (select(vec![TEXT, TEXT, OTHER, DATE]), 0..2_u32, combine);
    (prop::collection::vec(key, 1..4), 1..3_usize, 0..3_u32).prop_map(|(mut keys, categories, expanded)| {
        let mut seen = Vec::new();
        keys.retain(|(tag, ..)| {
            let known = seen.contains(tag);
            seen.push(*tag);
            !known
        });
        let categories = categories.min(keys.len());
        let order = |at: usize, order: u32, combine: u32| if at > 0 && at < categories { order | combine } else { order };
        let keys = keys
            .into_iter()
            .enumerate()
            .map(|(at, (tag, direction, combine))| SortOrder { tag, order: order(at, direction, combine) });
        let categories = u32::try_from(categories).unwrap_or_default();
        SortOrderSet { keys: keys.collect(), categories, expanded: expanded.min(categories) }
    })
}

fn sort(categories: bool) -> BoxedStrategy<SortOrderSet> {
    let plain = plain_keys().prop_map(SortOrderSet::plain);
    if categories { prop_oneof![2 => plain, 4 => categorized(), 2 => kept()].boxed() } else { plain.boxed() }
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![6 => Just(How::Now), 2 => Just(How::Batch), 3 => Just(How::Async), 1 => Just(How::Both)]
}

fn from() -> impl Strategy<Value = Spot> {
    prop_oneof![
        2 => Just(Spot::Beginning),
        3 => Just(Spot::Current),
        2 => Just(Spot::End),
        5 => (0..3_usize).prop_map(Spot::Mark),
        1 => Just(Spot::Unknown),
    ]
}

fn some() -> impl Strategy<Value = Which> {
    (0..12_usize, prop_oneof![4 => 1..2_usize, 1 => 2..8_usize]).prop_map(|(first, count)| Which { first, count })
}

fn change() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => draft().prop_map(Step::Create),
        6 => (0..12_usize, values(4), subsequence(STORED.to_vec(), 0..3))
            .prop_map(|(message, set, delete)| Step::Change { message, set, delete }),
        3 => (some(), any::<bool>()).prop_map(|(messages, hard)| Step::Delete { messages, hard }),
        1 => some().prop_map(Step::MoveAway),
        1 => Just(Step::MoveBack),
        3 => (some(), any::<bool>()).prop_map(|(messages, read)| Step::Mark { messages, read }),
    ]
}

fn setting(categories: bool) -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (columns(), how()).prop_map(|(columns, how)| Step::SetColumns(columns, how)),
        2 => (prop::option::weighted(0.8, rooted()), how()).prop_map(|(restriction, how)| Step::Restrict(restriction, how)),
        4 => (sort(categories), how()).prop_map(|(sort, how)| Step::Sort(sort, how)),
    ]
}

fn reading() -> impl Strategy<Value = Step> {
    let count = prop_oneof![8 => -6..8_i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
    prop_oneof![
        6 => (count, any::<bool>()).prop_map(|(count, stay)| Step::Rows { count, stay }),
        6 => (from(), prop_oneof![9 => -5..6_i32, 1 => Just(i32::MIN)]).prop_map(|(from, count)| Step::Seek(from, count)),
        2 => (0..6_u32, 0..6_u32).prop_map(|(numerator, denominator)| Step::Approx(numerator, denominator)),
        3 => (wanted(), from(), any::<bool>()).prop_map(|(what, from, backward)| Step::Find { what, from, backward }),
        2 => (0..16_usize, from(), any::<bool>()).prop_map(|(row, from, backward)| Step::FindKey { row, from, backward }),
        5 => Just(Step::CreateBookmark),
        1 => from().prop_map(Step::FreeBookmark),
        1 => Just(Step::QueryColumns),
        1 => Just(Step::QuerySortOrder),
    ]
}

fn folding() -> impl Strategy<Value = Step> {
    let row = || prop::option::weighted(0.95, 0..16_usize);
    prop_oneof![
        6 => (row(), 0..6_u32).prop_map(|(row, max)| Step::Expand { row, max }),
        6 => row().prop_map(|row| Step::Collapse { row }),
        2 => row().prop_map(|row| Step::GetState { row }),
        2 => (0..3_usize).prop_map(|state| Step::SetState { state }),
    ]
}

fn waiting() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::GetStatus),
        5 => Just(Step::Abort),
        1 => select(vec![0, u32::MAX]).prop_map(|milliseconds| Step::Wait { milliseconds }),
        1 => Just(Step::Advise),
        1 => Just(Step::Unadvise),
        2 => (0..32_usize, any::<bool>()).prop_map(|(call, batch)| Step::Refused { call, batch }),
    ]
}

/// Work that is begun and given up, with a change in between or without.
fn abandoned(setting: Step, change: Option<Step>) -> Vec<Step> {
    let begun = match setting {
        Step::SetColumns(columns, _) => Step::SetColumns(columns, How::Async),
        Step::Restrict(restriction, _) => Step::Restrict(restriction, How::Async),
        Step::Sort(sort, _) => Step::Sort(sort, How::Async),
        other => other,
    };
    [begun].into_iter().chain(change).chain([Step::Abort]).collect()
}

/// A bookmark, whatever happens to its row, and its use.
fn marked() -> impl Strategy<Value = Vec<Step>> {
    let place = (0..6_u32, 1..6_u32).prop_map(|(numerator, denominator)| Step::Approx(numerator, denominator));
    let changes = prop::collection::vec(change(), 1..3);
    let usage = prop_oneof![
        3 => (-2..3_i32).prop_map(|count| Step::Seek(Spot::Mark(0), count)),
        1 => (wanted(), any::<bool>()).prop_map(|(what, backward)| Step::Find { what, from: Spot::Mark(0), backward }),
    ];
    (place, changes, usage)
        .prop_map(|(place, changes, usage)| [vec![place, Step::CreateBookmark], changes, vec![usage.clone(), usage]].concat())
}

/// A category folded and unfolded, or a state kept and restored, with a change in between or without.
fn folded() -> impl Strategy<Value = Vec<Step>> {
    let inside = || prop::collection::vec(prop_oneof![2 => change(), 1 => folding(), 1 => Just(Step::CreateBookmark)], 0..3);
    let around = (0..16_usize, 0..6_u32, inside()).prop_map(|(row, max, inside)| {
        [vec![Step::Collapse { row: Some(row) }], inside, vec![Step::Expand { row: Some(row), max }]].concat()
    });
    let kept = (0..16_usize, inside()).prop_map(|(row, inside)| {
        [vec![Step::GetState { row: Some(row) }], inside, vec![Step::SetState { state: usize::MAX }]].concat()
    });
    prop_oneof![2 => around, 1 => kept]
}

/// Programs; about half of them with categories.
pub(crate) fn program() -> BoxedStrategy<Program> {
    (any::<bool>(), prop::bool::weighted(0.6))
        .prop_flat_map(|(categories, advised)| {
            let folds = if categories { 6 } else { 1 };
            let single = prop_oneof![
                10 => change(),
                if categories { 1 } else { 2 } => setting(categories),
                10 => reading(),
                folds => folding(),
                2 => waiting(),
            ];
            let steps = prop_oneof![
                12 => single.prop_map(|step| vec![step]),
                if categories { 4 } else { 0 } => folded(),
                1 => (setting(categories), prop::option::of(change())).prop_map(|(setting, change)| abandoned(setting, change)),
                2 => marked(),
            ];
            let first = sort(categories).prop_map(|sort| Step::Sort(sort, How::Now));
            let steps =
                (prop::option::weighted(0.8, first), prop::collection::vec(steps, 4..16)).prop_map(move |(first, steps)| {
                    let advise = advised.then_some(Step::Advise);
                    first.into_iter().chain(advise).chain(steps.into_iter().flatten()).collect()
                });
            (columns(), prop::collection::vec(draft(), 0..8), steps, any::<bool>(), select(vec![1_usize, 2, 4, 16_384]))
        })
        .prop_map(|(columns, messages, steps, turns, slice)| Program { columns, messages, steps, turns, slice })
        .boxed()
}
