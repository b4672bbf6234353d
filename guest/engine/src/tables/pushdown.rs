//! Restrictions as filters a backend can evaluate (`tables` 5.5).

use crate::backend::{Filter, FilterTest, TextMatch};
use crate::collation::{self, BINARY_KEY_BOUND, STRING_KEY_BOUND};
use crate::properties::{PropTag, PropType, Property, Value, tags};
use crate::restriction::{
    FL_FULLSTRING, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE, FL_PREFIX, FL_SUBSTRING, Relop, Restriction, name_resolution,
};
use crate::tables::KeptBecause;

/// A filter, and whether it means exactly what the restriction means; else it lets more rows through.
pub(super) struct Pushed {
    pub(super) filter: Filter,
    pub(super) exact: bool,
}

/// The parts of a restriction that must all hold, and how many rows its `COUNT`s leave.
pub(super) fn conjuncts(restriction: &Restriction) -> (Vec<&Restriction>, Option<u32>) {
    let mut parts = Vec::new();
    let mut limit: Option<u32> = None;
    let mut stack = vec![restriction];
    while let Some(restriction) = stack.pop() {
        match restriction {
            Restriction::And(children) => stack.extend(children.iter().rev()),
            Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => stack.extend(child.as_deref()),
            Restriction::Count { count, child } => {
                limit = Some(limit.map_or(*count, |limit| limit.min(*count)));
                stack.push(child);
            }
            part => parts.push(part),
        }
    }
    (parts, limit)
}

/// The filter for a restriction, or why no part of it helps. `computed` tells columns no backend has.
pub(super) fn translate(restriction: &Restriction, computed: &dyn Fn(PropTag) -> bool) -> Result<Pushed, KeptBecause> {
    let exactly = |test| Ok(Pushed { filter: vec![test], exact: true });
    match restriction {
        Restriction::And(children) => {
            let parts: Vec<_> = children.iter().map(|child| translate(child, computed)).collect();
            let exact = parts.iter().all(|part| part.as_ref().is_ok_and(|part| part.exact));
            let why = parts.iter().find_map(|part| part.as_ref().err().copied()).unwrap_or(KeptBecause::NoFilter);
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            if exact || !parts.is_empty() { Ok(join(FilterTest::And, parts, exact)) } else { Err(why) }
        }
        Restriction::Or(children) => {
            let parts: Vec<_> = children.iter().map(|child| translate(child, computed)).collect::<Result<_, _>>()?;
            let exact = parts.iter().all(|part| part.exact);
            Ok(join(FilterTest::Or, parts, exact))
        }
        Restriction::Not(child) => {
            // The complement of a superset would lose rows.
            let Pushed { mut filter, exact: true } = translate(child, computed)? else { return Err(KeptBecause::Inexact) };
            filter.insert(0, FilterTest::Not);
            Ok(Pushed { filter, exact: true })
        }
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => match child {
            Some(child) => translate(child, computed),
            None => Ok(Pushed { filter: vec![FilterTest::And(0)], exact: true }),
        },
        Restriction::Property { tag, .. }
        | Restriction::Content { tag, .. }
        | Restriction::Bitmask { tag, .. }
        | Restriction::Size { tag, .. }
        | Restriction::Exist { tag }
            if computed(*tag) =>
        {
            Err(KeptBecause::Computed)
        }
        // A backend that resolves names itself may take its own best guess.
        Restriction::Property { relop, tag, value } if *tag == name_resolution::RESOLVES => {
            compare(*relop, tags::ANR, value).ok_or(KeptBecause::NoFilter)
        }
        Restriction::Property { relop, tag, value } => compare(*relop, *tag, value).ok_or(KeptBecause::NoFilter),
        Restriction::Content { fuzzy, tag, value } => content(*fuzzy, *tag, value).ok_or(KeptBecause::NoFilter),
        Restriction::Bitmask { relation, tag, mask } => exactly(FilterTest::Bits { tag: *tag, relation: *relation, mask: *mask }),
        Restriction::Size { relop, tag, size } => {
            let tag = stored(*tag).ok_or(KeptBecause::NoFilter)?;
            exactly(FilterTest::Size { tag, relop: *relop, size: *size })
        }
        Restriction::Exist { tag } => exactly(FilterTest::Exist(stored(*tag).ok_or(KeptBecause::NoFilter)?)),
        Restriction::CompareProps { .. } | Restriction::SubRestriction { .. } | Restriction::Count { .. } => {
            Err(KeptBecause::NoFilter)
        }
    }
}

fn join(operator: fn(u32) -> FilterTest, parts: Vec<Pushed>, exact: bool) -> Pushed {
    let mut filter = vec![operator(u32::try_from(parts.len()).unwrap_or(u32::MAX))];
    filter.extend(parts.into_iter().flat_map(|part| part.filter));
    Pushed { filter, exact }
}

/// The tag as a backend stores it; `None` for instances, which no backend knows.
fn stored(tag: PropTag) -> Option<PropTag> {
    let kind = tag.kind();
    (!kind.is_instance()).then(|| tag.with_kind(kind.with_width(true)))
}

fn compare(relop: Relop, tag: PropTag, value: &Property) -> Option<Pushed> {
    if tag.kind().is_multi() || matches!(relop, Relop::Re | Relop::MemberOfDl) {
        return None;
    }
    let constant = value.value.clone().into_unicode();
    let key = collation::order_key(&constant)?;
    let bounded = match &constant {
        Value::Unicode(text) => collation::fold(text).chars().nth(STRING_KEY_BOUND - 1).is_some(),
        Value::Binary(bytes) | Value::SvrEid(bytes) => bytes.len() >= BINARY_KEY_BOUND,
        _ => false,
    };
    let tag = stored(tag)?;
    Some(Pushed { filter: vec![FilterTest::Compare { tag, relop, key, bounded, constant }], exact: true })
}

fn content(fuzzy: u32, tag: PropTag, value: &Property) -> Option<Pushed> {
    if tag.kind().is_multi() || fuzzy & (FL_IGNORENONSPACE | FL_LOOSE) != 0 {
        return None;
    }
    let Value::Unicode(text) = value.value.clone().into_unicode() else { return None };
    let how = match fuzzy & 0xFFFF {
        FL_FULLSTRING => TextMatch::Full,
        FL_PREFIX => TextMatch::Prefix,
        FL_SUBSTRING => TextMatch::Substring,
        _ => return None,
    };
    // What matches with case also matches without.
    let exact = fuzzy & FL_IGNORECASE != 0;
    let tag = tag.with_kind(PropType::UNICODE);
    Some(Pushed { filter: vec![FilterTest::Text { tag, how, folded: collation::fold(&text).into_owned() }], exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(fuzzy: u32) -> Restriction {
        Restriction::Content { fuzzy, tag: tags::SUBJECT, value: Property::new(tags::SUBJECT, Value::Unicode("A".into())) }
    }

    #[test]
    fn a_superset_is_never_negated() {
        let exact = |restriction: &Restriction| translate(restriction, &|_| false).map(|pushed| pushed.exact);
        assert_eq!(exact(&content_of(1)), Ok(false));
        assert_eq!(exact(&content_of(1 | FL_IGNORECASE)), Ok(true));
        assert_eq!(exact(&Restriction::Not(Box::new(content_of(1)))), Err(KeptBecause::Inexact));
        assert_eq!(exact(&Restriction::Not(Box::new(content_of(1 | FL_IGNORECASE)))), Ok(true));
        assert_eq!(exact(&Restriction::And(vec![content_of(1), content_of(FL_LOOSE)])), Ok(false));
        assert_eq!(exact(&Restriction::Or(vec![content_of(1), content_of(FL_LOOSE)])), Err(KeptBecause::NoFilter));
    }

    #[test]
    fn computed_columns_are_not_pushed() {
        let exist = Restriction::Exist { tag: tags::ENTRYID };
        assert_eq!(translate(&exist, &|tag| tag == tags::ENTRYID).err(), Some(KeptBecause::Computed));
    }
}
