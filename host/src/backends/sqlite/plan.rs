//! What is indexed, and which filters and orders are answered here (`tables` 5.5, 6.1, 7).

use crate::backends::sqlite::texts;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{Filter, FilterTest, OrderKey, Support};
use mapi_engine::properties::{PropTag, PropType, tags};
use rusqlite::Connection;

/// Tags whose order keys are kept with the object.
pub(super) const ORDERED: [PropTag; 14] = [
    tags::MESSAGE_DELIVERY_TIME,
    tags::CLIENT_SUBMIT_TIME,
    tags::SUBJECT,
    tags::NORMALIZED_SUBJECT,
    tags::SENDER_NAME,
    tags::SENT_REPRESENTING_NAME,
    tags::MESSAGE_SIZE,
    tags::IMPORTANCE,
    tags::MESSAGE_CLASS,
    tags::LAST_MODIFICATION_TIME,
    tags::DISPLAY_TO,
    tags::MESSAGE_FLAGS,
    tags::DISPLAY_NAME,
    tags::INTERNET_MESSAGE_ID,
];

/// Tags whose order is kept from a folder's first message on: the usual order of a mail folder, and the
/// search an import makes for each message. The others are made when they are first asked for and kept from
/// then on, so that no import pays for orders nobody looks at.
pub(super) const EAGER: [PropTag; 2] = [tags::MESSAGE_DELIVERY_TIME, tags::INTERNET_MESSAGE_ID];

/// Tags whose folded text is searched.
pub(super) const SEARCHED: [PropTag; 7] = [
    tags::SUBJECT,
    tags::NORMALIZED_SUBJECT,
    tags::SENDER_NAME,
    tags::SENT_REPRESENTING_NAME,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::BODY,
];

/// Computed by the backend from its own bookkeeping, so no stored property to test.
pub(super) const COMPUTED: [u16; 7] = [0x3602, 0x3603, 0x3617, 0x360A, 0x6640, 0x6641, 0x6643];

/// The tag of the list that has that identifier and a type of the same family.
pub(super) fn listed(list: &[PropTag], tag: PropTag) -> Option<PropTag> {
    list.iter().copied().find(|known| known.id() == tag.id() && known.kind().same_family(tag.kind()))
}

/// Whether rows can be put in that order here.
pub(super) fn is_orderable(order: &[OrderKey]) -> bool {
    order.iter().all(|key| !key.tag.kind().is_instance() && listed(&ORDERED, key.tag).is_some())
}

/// How well a filter is answered.
pub(super) fn support(connection: &Connection, filter: &Filter) -> Outcome<Support> {
    let mut rest = filter.as_slice();
    let answer = tree(connection, &mut rest, 0)?;
    Ok(if rest.is_empty() { answer } else { Support::Unsupported })
}

/// Deeper trees are left to the engine, which allows 64 levels (`tables` 5.2).
const DEPTH: u32 = 80;

fn tree(connection: &Connection, rest: &mut &[FilterTest], depth: u32) -> Outcome<Support> {
    let Some((test, tail)) = rest.split_first() else { return Ok(Support::Unsupported) };
    *rest = tail;
    if depth > DEPTH {
        return Ok(Support::Unsupported);
    }
    let stored = |tag: &PropTag| !COMPUTED.contains(&tag.id()) && !tag.kind().is_instance();
    Ok(match test {
        FilterTest::And(count) | FilterTest::Or(count) => {
            let mut answer = Support::Exact;
            for _ in 0..*count {
                match tree(connection, rest, depth + 1)? {
                    Support::Exact => {}
                    Support::Inexact if answer == Support::Exact => answer = Support::Inexact,
                    Support::Inexact => {}
                    Support::Unsupported => return Ok(Support::Unsupported),
                }
            }
            answer
        }
        // A superset under a negation would hold rows back.
        FilterTest::Not => match tree(connection, rest, depth + 1)? {
            Support::Exact => Support::Exact,
            _ => Support::Unsupported,
        },
        FilterTest::Compare { tag, relop, bounded, .. } => {
            use mapi_engine::restriction::Relop;
            let known = stored(tag) && listed(&ORDERED, *tag).is_some();
            match (known, relop) {
                (false, _) | (_, Relop::Re | Relop::MemberOfDl) => Support::Unsupported,
                _ if *bounded => Support::Inexact,
                _ => Support::Exact,
            }
        }
        FilterTest::Text { tag, .. } => match listed(&SEARCHED, *tag) {
            Some(tag) if texts::has_unsearched(connection, tag.id())? => Support::Inexact,
            Some(_) => Support::Exact,
            None => Support::Unsupported,
        },
        FilterTest::Bits { tag, .. } if stored(tag) && tag.kind() == PropType::LONG => Support::Exact,
        FilterTest::Size { tag, .. } | FilterTest::Exist(tag) if stored(tag) => Support::Exact,
        FilterTest::Bits { .. } | FilterTest::Size { .. } | FilterTest::Exist(_) => Support::Unsupported,
    })
}
