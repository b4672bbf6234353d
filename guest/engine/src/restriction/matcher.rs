//! Evaluation of restrictions (`tables` 5.1): two-valued, absent properties make every leaf false.

use crate::collation;
use crate::error::{Code, Result};
use crate::properties::{PropTag, PropType, Value, ValueRef};
use crate::restriction::content::ContentTest;
use crate::restriction::name_resolution::{self, NameQuery};
use crate::restriction::reader::{self, Parts};
use crate::restriction::{BitRelation, Part, Relop, Restriction};
use std::borrow::Cow;
use std::cmp::Ordering;

/// What a row has in one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    /// Nothing.
    Absent,
    /// The whole value.
    Here(ValueRef<'a>),
    /// A value too long to be at hand, of that type.
    Long(PropType),
}

impl<'a> Found<'a> {
    /// From a cell of a row: errors and placeholders are absent, but for values that are only too long.
    #[must_use]
    pub fn cell(value: Option<ValueRef<'a>>, asked: PropTag) -> Self {
        match value {
            None => Self::Absent,
            Some(value) => match value.plain() {
                Some(Value::Error(code)) if *code == Code::NotEnoughMemory.raw() => Self::Long(asked.kind()),
                Some(Value::Error(_) | Value::Null | Value::Object) => Self::Absent,
                Some(plain) if plain.is_empty_multi() => Self::Absent,
                _ => Self::Here(value),
            },
        }
    }
}

/// One row under test. Columns are numbered as in [`Matcher::columns`]; text is always `PT_UNICODE`.
pub trait Subject {
    /// What the row has in that column.
    fn find(&self, column: usize) -> Found<'_>;

    /// A part of a long value, fewer bytes at its end.
    ///
    /// # Errors
    /// The backend's own.
    fn read_range(&self, column: usize, offset: u64, length: u32) -> Result<Vec<u8>>;

    /// The size of a long value as `RES_SIZE` counts it.
    ///
    /// # Errors
    /// The backend's own.
    fn size(&self, column: usize) -> Result<Option<u64>>;

    /// A long multi-value as a whole.
    ///
    /// # Errors
    /// The backend's own.
    fn whole(&self, column: usize) -> Result<Option<Value>>;

    /// How many of the row's recipients or attachments match; counting may stop at `enough`.
    ///
    /// # Errors
    /// The backend's own.
    fn count_parts(&self, part: Part, matcher: &Matcher, enough: u64) -> Result<u64>;
}

/// A validated restriction, ready to be applied to rows.
#[derive(Debug)]
pub struct Matcher {
    root: Test,
    columns: Vec<PropTag>,
}

#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Content {
        column: usize,
        kind: PropType,
        test: Box<ContentTest>,
    },
    Compare {
        column: usize,
        kind: PropType,
        relop: Relop,
        constant: Constant,
    },
    Columns {
        left: (usize, PropType),
        right: (usize, PropType),
        relop: Relop,
    },
    Bits {
        column: usize,
        relation: BitRelation,
        mask: u32,
    },
    Size {
        column: usize,
        kind: PropType,
        relop: Relop,
        size: u64,
    },
    Exist {
        column: usize,
        kind: PropType,
    },
    /// A sub-restriction: some part matches, or with `count` exactly so many do.
    Parts {
        part: Part,
        matcher: Box<Matcher>,
        count: Option<u64>,
    },
    /// `PR_ANR` on the rows of an address book; the display name comes first.
    Name {
        columns: [usize; 4],
        query: NameQuery,
    },
}

/// The right side of a comparison, text folded once.
#[derive(Debug)]
pub(super) enum Constant {
    Folded(String),
    Value(Value),
}

/// `None`: not decided without reading a long value or a part.
type Verdict = Option<bool>;

impl Matcher {
    /// From restrictions that all must hold. They are valid and hold no `COUNT` but below sub-restrictions: its
    /// view carries it out; one that does is taken as its child.
    #[must_use]
    pub fn new<'a>(restrictions: impl IntoIterator<Item = &'a Restriction>) -> Self {
        let mut columns = Vec::new();
        let tests = restrictions.into_iter().map(|restriction| prepare(restriction, &mut columns)).collect();
        Self { root: Test::All(tests), columns }
    }

    /// The columns a row must offer, each once, text as `PT_UNICODE`. The instance bit of a tag is kept: in
    /// an expanded view such a column is one element.
    #[must_use]
    pub fn columns(&self) -> &[PropTag] {
        &self.columns
    }

    /// The test of the whole.
    pub(super) fn root(&self) -> &Test {
        &self.root
    }

    /// Whether every row matches.
    #[must_use]
    pub fn is_trivial(&self) -> bool {
        matches!(&self.root, Test::All(tests) if tests.is_empty())
    }

    /// Whether the row matches. Long values and parts are read only when nothing else decides.
    ///
    /// # Errors
    /// The backend's own, when a long value or a part could not be read.
    pub fn matches(&self, row: &dyn Subject) -> Result<bool> {
        if let Some(answer) = self.root.evaluate(row, false)? {
            return Ok(answer);
        }
        Ok(self.root.evaluate(row, true)?.unwrap_or(false))
    }
}

fn prepare(restriction: &Restriction, columns: &mut Vec<PropTag>) -> Test {
    let mut column = |tag: PropTag| {
        let wanted = tag.with_kind(tag.kind().with_width(true));
        columns
            .iter()
            .position(|have| have.id() == wanted.id() && have.kind().is_instance() == wanted.kind().is_instance())
            .unwrap_or_else(|| {
                columns.push(wanted);
                columns.len() - 1
            })
    };
    match restriction {
        Restriction::And(children) => Test::All(children.iter().map(|child| prepare(child, columns)).collect()),
        Restriction::Or(children) => Test::Any(children.iter().map(|child| prepare(child, columns)).collect()),
        Restriction::Not(child) => Test::Not(Box::new(prepare(child, columns))),
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => match child {
            Some(child) => prepare(child, columns),
            None => Test::All(Vec::new()),
        },
        Restriction::Count { child, .. } => prepare(child, columns),
        Restriction::SubRestriction { subobject, child } => {
            let (count, child) = match &**child {
                Restriction::Count { count, child } => (Some(u64::from(*count)), child),
                _ => (None, child),
            };
            match Part::of(*subobject) {
                Some(part) => Test::Parts { part, matcher: Box::new(Matcher::new([&**child])), count },
                // Refused by validation.
                None => Test::Any(Vec::new()),
            }
        }
        Restriction::Content { fuzzy, tag, value } => Test::Content {
            column: column(*tag),
            kind: tag.kind(),
            test: Box::new(ContentTest::new(*fuzzy, &value.value.clone().into_unicode())),
        },
        Restriction::Property { tag, value, .. } if *tag == name_resolution::RESOLVES => Test::Name {
            columns: name_resolution::COLUMNS.map(&mut column),
            query: match value.value.clone().into_unicode() {
                Value::Unicode(typed) => NameQuery::new(&typed),
                _ => NameQuery::new(""),
            },
        },
        Restriction::Property { relop, tag, value } => Test::Compare {
            column: column(*tag),
            kind: tag.kind(),
            relop: *relop,
            constant: match value.value.clone().into_unicode() {
                Value::Unicode(text) => Constant::Folded(collation::fold(&text).into_owned()),
                value => Constant::Value(value),
            },
        },
        Restriction::CompareProps { relop, left, right } => {
            Test::Columns { left: (column(*left), left.kind()), right: (column(*right), right.kind()), relop: *relop }
        }
        Restriction::Bitmask { relation, tag, mask } => Test::Bits { column: column(*tag), relation: *relation, mask: *mask },
        Restriction::Size { relop, tag, size } => {
            Test::Size { column: column(*tag), kind: tag.kind(), relop: *relop, size: u64::from(*size) }
        }
        Restriction::Exist { tag } => Test::Exist { column: column(*tag), kind: tag.kind() },
    }
}

/// Whether a value of that type answers to a tag of this type; an instance tag also takes single values.
pub(super) fn answers(kind: PropType, value: PropType) -> bool {
    kind.same_family(value) || (kind.is_instance() && kind.base().same_family(value))
}

/// What the row has in a column, if its type answers to the tag's.
fn typed<'a>(row: &'a dyn Subject, column: usize, kind: PropType) -> Found<'a> {
    match row.find(column) {
        Found::Here(value) if !answers(kind, value.kind()) => Found::Absent,
        Found::Long(found) if !answers(kind, found) => Found::Absent,
        found => found,
    }
}

pub(super) fn holds(relop: Relop, order: Ordering) -> bool {
    match relop {
        Relop::Lt => order.is_lt(),
        Relop::Le => order.is_le(),
        Relop::Gt => order.is_gt(),
        Relop::Ge => order.is_ge(),
        Relop::Eq => order.is_eq(),
        Relop::Ne => order.is_ne(),
        // Refused by validation.
        Relop::Re | Relop::MemberOfDl => false,
    }
}

impl Constant {
    fn is_multi(&self) -> bool {
        matches!(self, Self::Value(value) if value.kind().is_multi())
    }

    fn order(&self, value: &ValueRef<'_>) -> Ordering {
        match (self, value) {
            (Self::Folded(folded), ValueRef::Text(text)) => collation::compare_to_folded(text, folded),
            (Self::Folded(_), value) => value.kind().cmp(&PropType::UNICODE),
            (Self::Value(constant), value) => collation::compare(value, &ValueRef::from(constant)),
        }
    }

    fn parts(&self) -> Option<Parts<'_>> {
        match self {
            Self::Folded(text) => Some(Parts::Whole(Some(Cow::Borrowed(text.as_bytes())))),
            Self::Value(value) => Parts::whole(&ValueRef::from(value)),
        }
    }
}

/// Whether any element of the value passes; a single value is its only element.
fn any_element(value: &ValueRef<'_>, passes: impl Fn(&ValueRef<'_>) -> bool) -> bool {
    (0..value.elements()).filter_map(|at| value.element(at)).any(|element| passes(&element))
}

impl Test {
    fn evaluate(&self, row: &dyn Subject, read: bool) -> Result<Verdict> {
        match self {
            Self::All(tests) => combine(tests, row, read, false),
            Self::Any(tests) => combine(tests, row, read, true),
            Self::Not(test) => Ok(test.evaluate(row, read)?.map(|answer| !answer)),
            Self::Exist { column, kind } => Ok(Some(match row.find(*column) {
                Found::Absent => false,
                Found::Here(value) => *kind == PropType::UNSPECIFIED || answers(*kind, value.kind()),
                Found::Long(found) => *kind == PropType::UNSPECIFIED || answers(*kind, found),
            })),
            Self::Bits { column, relation, mask } => Ok(Some(match row.find(*column) {
                Found::Here(value) => match value.plain() {
                    Some(Value::Long(bits)) => (bits.cast_unsigned() & mask != 0) == matches!(relation, BitRelation::Nez),
                    _ => false,
                },
                _ => false,
            })),
            Self::Size { column, kind, relop, size } => {
                let have = match typed(row, *column, *kind) {
                    Found::Absent => return Ok(Some(false)),
                    Found::Here(value) => Some(value.size()),
                    Found::Long(_) if !read => return Ok(None),
                    Found::Long(_) => row.size(*column)?,
                };
                Ok(Some(have.is_some_and(|have| holds(*relop, have.cmp(size)))))
            }
            Self::Content { column, kind, test } => content(row, *column, *kind, test, read),
            Self::Compare { column, kind, relop, constant } => compare(row, *column, *kind, *relop, constant, read),
            Self::Columns { left, right, relop } => columns(row, *left, *right, *relop, read),
            Self::Parts { .. } if !read => Ok(None),
            Self::Parts { part, matcher, count } => match count {
                None => row.count_parts(*part, matcher, 1).map(|found| Some(found > 0)),
                Some(count) => row.count_parts(*part, matcher, count.saturating_add(1)).map(|found| Some(found == *count)),
            },
            Self::Name { columns, query } => name(row, columns, query, read),
        }
    }
}

/// `AND` (`decisive` false) or `OR` (`decisive` true) of the tests.
fn combine(tests: &[Test], row: &dyn Subject, read: bool, decisive: bool) -> Result<Verdict> {
    let mut verdict = Some(!decisive);
    for test in tests {
        match test.evaluate(row, read)? {
            Some(answer) if answer == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => verdict = None,
        }
    }
    Ok(verdict)
}

fn content(row: &dyn Subject, column: usize, kind: PropType, test: &ContentTest, read: bool) -> Result<Verdict> {
    let passes = |value: &ValueRef<'_>| match value {
        ValueRef::Text(text) => test.matches_text(text),
        ValueRef::Bytes(bytes) => test.matches_bytes(bytes),
        _ => false,
    };
    match typed(row, column, kind) {
        Found::Absent => Ok(Some(false)),
        Found::Here(value) => Ok(Some(any_element(&value, passes))),
        Found::Long(_) if !read => Ok(None),
        Found::Long(found) if found.is_multi() => {
            Ok(Some(row.whole(column)?.is_some_and(|value| any_element(&ValueRef::from(&value), passes))))
        }
        Found::Long(found) => test.matches_parts(Parts::windows(row, column, found), found.is_string()).map(Some),
    }
}

fn compare(row: &dyn Subject, column: usize, kind: PropType, relop: Relop, constant: &Constant, read: bool) -> Result<Verdict> {
    let passes = |value: &ValueRef<'_>| match constant.is_multi() || !value.kind().is_multi() {
        true => holds(relop, constant.order(value)),
        false => any_element(value, |element| holds(relop, constant.order(element))),
    };
    match typed(row, column, kind) {
        Found::Absent => Ok(Some(false)),
        Found::Here(value) => Ok(Some(passes(&value))),
        Found::Long(_) if !read => Ok(None),
        Found::Long(found) => match constant.parts() {
            Some(parts) if !found.is_multi() => {
                let windows = Parts::windows(row, column, found);
                Ok(Some(holds(relop, reader::compare(windows, parts, found.is_string())?)))
            }
            _ => Ok(Some(row.whole(column)?.is_some_and(|value| passes(&ValueRef::from(&value))))),
        },
    }
}

fn name(row: &dyn Subject, columns: &[usize; 4], query: &NameQuery, read: bool) -> Result<Verdict> {
    let mut texts: [Option<Cow<'_, str>>; 4] = Default::default();
    let mut long = false;
    for (text, column) in texts.iter_mut().zip(columns) {
        *text = match row.find(*column) {
            Found::Here(ValueRef::Text(found)) => Some(Cow::Borrowed(found)),
            Found::Long(kind) if kind == PropType::UNICODE && read => match row.whole(*column)? {
                Some(Value::Unicode(found)) => Some(Cow::Owned(found)),
                _ => None,
            },
            Found::Long(_) => {
                long = true;
                None
            }
            _ => None,
        };
    }
    let [name, addresses @ ..] = &texts;
    let found = query.matches(name.as_deref(), addresses.iter().filter_map(|text| text.as_deref()));
    Ok(if long && !read && !found { None } else { Some(found) })
}

fn columns(row: &dyn Subject, left: (usize, PropType), right: (usize, PropType), relop: Relop, read: bool) -> Result<Verdict> {
    let (a, b) = (typed(row, left.0, left.1), typed(row, right.0, right.1));
    let parts = |found: &Found<'_>| matches!(found, Found::Long(kind) if !kind.is_multi());
    match (&a, &b) {
        (Found::Absent, _) | (_, Found::Absent) => Ok(Some(false)),
        (Found::Here(a), Found::Here(b)) => Ok(Some(holds(relop, collation::compare(a, b)))),
        _ if !read => Ok(None),
        _ if parts(&a) || parts(&b) => {
            let text = left.1.is_string();
            let side = |found, column, kind| match found {
                Found::Here(value) => Parts::whole(&value),
                _ => Some(Parts::windows(row, column, kind)),
            };
            let (Some(a), Some(b)) = (side(a, left.0, left.1), side(b, right.0, right.1)) else { return Ok(Some(false)) };
            Ok(Some(holds(relop, reader::compare(a, b, text)?)))
        }
        _ => {
            let whole = |found: &Found<'_>, column| match found {
                Found::Here(value) => Ok(Some(value.to_value())),
                _ => row.whole(column),
            };
            let (Some(a), Some(b)) = (whole(&a, left.0)?, whole(&b, right.0)?) else { return Ok(Some(false)) };
            Ok(Some(holds(relop, collation::compare(&ValueRef::from(&a), &ValueRef::from(&b)))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::{Property, tags};
    use crate::restriction::generate::{
        Parts as Held, any_message_restriction, any_parts, any_properties, long_below, oracle_of_message,
    };
    use crate::restriction::{Place, Rows};
    use proptest::prelude::*;

    /// A row whose values longer than a limit must be read in parts.
    struct TestRow<'a> {
        matcher: &'a Matcher,
        values: &'a [Property],
        parts: &'a Held,
        inline: usize,
    }

    impl TestRow<'_> {
        fn value(&self, column: usize) -> Option<&Value> {
            let tag = self.matcher.columns()[column];
            self.values.iter().find(|value| value.tag.id() == tag.id()).map(|value| &value.value)
        }
    }

    impl Subject for TestRow<'_> {
        fn find(&self, column: usize) -> Found<'_> {
            match self.value(column) {
                Some(value) if long_below(value, self.inline) => Found::Long(value.kind()),
                value => Found::cell(value.map(ValueRef::from), self.matcher.columns()[column]),
            }
        }
        fn read_range(&self, column: usize, offset: u64, length: u32) -> Result<Vec<u8>> {
            let bytes = match self.value(column) {
                Some(Value::Unicode(text)) => text.as_bytes(),
                Some(Value::Binary(bytes)) => bytes,
                _ => &[],
            };
            let start = bytes.len().min(offset as usize);
            Ok(bytes[start..bytes.len().min(start + length as usize)].to_vec())
        }
        fn size(&self, column: usize) -> Result<Option<u64>> {
            Ok(self.value(column).map(Value::size))
        }
        fn whole(&self, column: usize) -> Result<Option<Value>> {
            Ok(self.value(column).cloned())
        }
        fn count_parts(&self, part: Part, matcher: &Matcher, enough: u64) -> Result<u64> {
            let mut found = 0;
            for values in self.parts.of(part) {
                if found == enough {
                    break;
                }
                let row = TestRow { matcher, values, parts: &Held::default(), inline: self.inline };
                found += u64::from(matcher.matches(&row)?);
            }
            Ok(found)
        }
    }

    fn matches(restriction: &Restriction, values: &[Property]) -> bool {
        let matcher = Matcher::new([restriction]);
        matcher.matches(&TestRow { matcher: &matcher, values, parts: &Held::default(), inline: usize::MAX }).unwrap()
    }

    #[test]
    fn every_leaf_on_an_absent_property_is_false_and_its_negation_true() {
        let ne = Restriction::Property {
            relop: Relop::Ne,
            tag: tags::SUBJECT,
            value: Property::new(tags::SUBJECT, Value::Unicode("a".into())),
        };
        assert!(!matches(&ne, &[]));
        assert!(matches(&Restriction::Not(Box::new(ne)), &[]));
        assert!(!matches(&Restriction::Bitmask { relation: BitRelation::Eqz, tag: tags::MESSAGE_FLAGS, mask: 1 }, &[]));
        assert!(matches(&Restriction::And(vec![]), &[]) && !matches(&Restriction::Or(vec![]), &[]));
    }

    #[test]
    fn text_equality_ignores_case() {
        let eq = Restriction::Property {
            relop: Relop::Eq,
            tag: tags::SUBJECT,
            value: Property::new(tags::SUBJECT, Value::String8(b"STRASSE".to_vec())),
        };
        assert!(matches(&eq, &[Property::new(tags::SUBJECT, Value::Unicode("straße".into()))]));
    }

    proptest! {
        #[test]
        fn rows_match_as_the_oracle_says(
            restriction in any_message_restriction(), values in any_properties(), parts in any_parts(),
            inline in prop::sample::select(vec![0, 2, 1000]),
        ) {
            prop_assume!(crate::restriction::validate(&restriction, Place::View, Rows::Messages).is_ok());
            let matcher = Matcher::new([&restriction]);
            let row = TestRow { matcher: &matcher, values: &values, parts: &parts, inline };
            prop_assert_eq!(matcher.matches(&row).unwrap(), oracle_of_message(&restriction, &values, &parts));
        }
    }
}
