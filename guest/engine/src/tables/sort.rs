//! Sort orders and their validation (`tables` 7, 7.1).

use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType, tags};
use crate::tables::Abilities;

/// `TABLE_SORT_ASCEND`.
pub const TABLE_SORT_ASCEND: u32 = 0;
/// `TABLE_SORT_DESCEND`.
pub const TABLE_SORT_DESCEND: u32 = 1;
/// `TABLE_SORT_COMBINE`.
pub const TABLE_SORT_COMBINE: u32 = 2;
/// `TABLE_SORT_CATEG_MAX`.
pub const TABLE_SORT_CATEG_MAX: u32 = 4;
/// `TABLE_SORT_CATEG_MIN`.
pub const TABLE_SORT_CATEG_MIN: u32 = 8;

/// Keys a sort may have.
const MAX_KEYS: usize = 16;

/// `SSortOrder`: one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortOrder {
    /// The property.
    pub tag: PropTag,
    /// The raw `TABLE_SORT_*` value.
    pub order: u32,
}

impl SortOrder {
    /// An ascending key.
    #[must_use]
    pub const fn ascending(tag: PropTag) -> Self {
        Self { tag, order: TABLE_SORT_ASCEND }
    }

    /// A descending key.
    #[must_use]
    pub const fn descending(tag: PropTag) -> Self {
        Self { tag, order: TABLE_SORT_DESCEND }
    }
}

/// `SSortOrderSet`. Its default sorts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SortOrderSet {
    /// `aSort`: the keys, left to right.
    pub keys: Vec<SortOrder>,
    /// `cCategories`.
    pub categories: u32,
    /// `cExpanded`.
    pub expanded: u32,
}

impl SortOrderSet {
    /// An order without categories.
    #[must_use]
    pub fn plain(keys: Vec<SortOrder>) -> Self {
        Self { keys, categories: 0, expanded: 0 }
    }

    /// Checks the set for a kind of table (`FBadSortOrderSet` and the rows of `tables` 7.1 that depend on it).
    ///
    /// # Errors
    /// As `tables` 7.1.
    pub fn validate(&self, abilities: &Abilities) -> Result<()> {
        self.validate_shape()?;
        if abilities.message_rows
            && let Some(key) = self.keys.iter().find(|key| is_header_column(key.tag))
        {
            return Err(invalid("the columns of category headers are no sort keys").with_tag(key.tag));
        }
        if !abilities.sort {
            return Err(Failure::new(Code::NoSupport, "this store does not sort its tables"));
        }
        if !abilities.instances
            && let Some(key) = self.keys.iter().find(|key| key.tag.kind().is_instance())
        {
            return Err(no_instances().with_tag(key.tag));
        }
        if self.categories > 0 && !abilities.message_rows {
            return Err(Failure::new(Code::NoSupport, "only tables of messages have categories"));
        }
        if abilities.fixed_order && !self.keys.is_empty() {
            return Err(Failure::new(Code::TooComplex, "a hierarchy table opened with CONVENIENT_DEPTH has a fixed order"));
        }
        Ok(())
    }

    fn validate_shape(&self) -> Result<()> {
        let categories = self.categories as usize;
        if categories > self.keys.len() {
            return Err(invalid("there are more categories than sort keys"));
        }
        if self.expanded > self.categories {
            return Err(invalid("there are more expanded levels than categories"));
        }
        if self.keys.len() > MAX_KEYS {
            return Err(Failure::new(Code::TooComplex, format!("a sort has at most {MAX_KEYS} keys")));
        }
        let mut extremes = 0;
        let mut instances = 0;
        for (index, key) in self.keys.iter().enumerate() {
            match key.order {
                TABLE_SORT_ASCEND | TABLE_SORT_DESCEND => {}
                TABLE_SORT_COMBINE | 3 => {
                    if index == 0 || index >= categories {
                        return Err(invalid("TABLE_SORT_COMBINE joins a category to the one before it").with_tag(key.tag));
                    }
                }
                TABLE_SORT_CATEG_MAX | TABLE_SORT_CATEG_MIN => {
                    extremes += 1;
                    if categories == 0 || index != categories || extremes > 1 {
                        return Err(
                            invalid("one TABLE_SORT_CATEG_MAX or _MIN may stand right behind the categories").with_tag(key.tag)
                        );
                    }
                }
                _ => return Err(Failure::new(Code::TooComplex, "unknown sort direction").with_tag(key.tag)),
            }
            let kind = key.tag.kind();
            if !PropType(kind.0 & !PropType::MV_INSTANCE).is_storable()
                || (kind.0 & PropType::MV_INSTANCE != 0 && !kind.is_multi())
                || matches!(kind, PropType::SRESTRICT | PropType::ACTIONS)
            {
                return Err(Failure::new(Code::TooComplex, "values of this type have no order").with_tag(key.tag));
            }
            if kind.is_instance() {
                instances += 1;
                if instances > 1 {
                    return Err(
                        Failure::new(Code::TooComplex, "a sort has at most one multi-value instance key").with_tag(key.tag)
                    );
                }
            }
        }
        Ok(())
    }
}

/// What a table answers that shows every row once (`tables` 9).
pub(super) fn no_instances() -> Failure {
    Failure::new(Code::TooComplex, "this table does not show multi-values one row an element")
}

fn invalid(message: &'static str) -> Failure {
    Failure::invalid("sort", message)
}

/// Columns that only headers and engine-made rows have (`tables` 7.1, 8.1), compared by identifier.
fn is_header_column(tag: PropTag) -> bool {
    [tags::DEPTH, tags::ROW_TYPE, tags::CONTENT_COUNT, tags::CONTENT_UNREAD, tags::INST_ID, tags::INSTANCE_NUM]
        .iter()
        .any(|column| column.id() == tag.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(keys: Vec<(PropTag, u32)>, categories: u32, expanded: u32, abilities: Abilities) -> Option<Code> {
        let keys = keys.into_iter().map(|(tag, order)| SortOrder { tag, order }).collect();
        SortOrderSet { keys, categories, expanded }.validate(&abilities).err().map(|failure| failure.code())
    }

    const SUBJECT: (PropTag, u32) = (tags::SUBJECT, TABLE_SORT_ASCEND);

    #[test]
    fn counts_and_directions_must_make_sense() {
        let contents = |keys, categories, expanded| code(keys, categories, expanded, Abilities::CONTENTS);
        assert_eq!(contents(vec![], 0, 0), None);
        assert_eq!(contents(vec![SUBJECT], 0, 0), None);
        assert_eq!(contents(vec![SUBJECT], 2, 0), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT], 1, 2), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![(tags::SUBJECT, TABLE_SORT_COMBINE)], 0, 0), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, (tags::IMPORTANCE, TABLE_SORT_CATEG_MAX)], 0, 0), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![(tags::SUBJECT, 5)], 0, 0), Some(Code::TooComplex));
        assert_eq!(contents(vec![SUBJECT; 16], 0, 0), None);
        assert_eq!(contents(vec![SUBJECT; 17], 0, 0), Some(Code::TooComplex));
        assert_eq!(contents(vec![SUBJECT, (tags::IMPORTANCE, TABLE_SORT_CATEG_MAX)], 1, 1), None);
    }

    #[test]
    fn combined_keys_and_extremes_have_their_places() {
        let contents = |keys, categories| code(keys, categories, 0, Abilities::CONTENTS);
        let (combined, extreme) = ((tags::IMPORTANCE, TABLE_SORT_COMBINE), (tags::IMPORTANCE, TABLE_SORT_CATEG_MIN));
        assert_eq!(contents(vec![], 1), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, combined], 2), None);
        assert_eq!(contents(vec![combined, SUBJECT], 2), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, combined], 1), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, (tags::IMPORTANCE, 3)], 2), None, "a combined key may be a descending one");
        assert_eq!(contents(vec![SUBJECT, extreme, extreme], 1), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, SUBJECT, extreme], 1), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, extreme], 2), Some(Code::InvalidParameter));
        assert_eq!(contents(vec![SUBJECT, extreme, SUBJECT], 1), None);
    }

    #[test]
    fn keys_need_a_type_with_an_order() {
        for kind in
            [PropType::OBJECT, PropType::NULL, PropType::ERROR, PropType::UNSPECIFIED, PropType::SRESTRICT, PropType::ACTIONS]
        {
            let key = (tags::SUBJECT.with_kind(kind), TABLE_SORT_ASCEND);
            assert_eq!(code(vec![key], 0, 0, Abilities::IN_MEMORY), Some(Code::TooComplex), "{kind:?}");
        }
        let instance = (PropTag(0x6806_301F), TABLE_SORT_ASCEND);
        assert_eq!(code(vec![instance], 0, 0, Abilities::CONTENTS), None);
        assert_eq!(code(vec![instance, instance], 0, 0, Abilities::CONTENTS), Some(Code::TooComplex));
        assert_eq!(code(vec![instance], 0, 0, Abilities::IN_MEMORY), Some(Code::TooComplex));
        assert_eq!(code(vec![instance], 0, 0, Abilities::DATA), None);
    }

    #[test]
    fn what_a_table_cannot_do_it_refuses() {
        let depth = vec![(tags::DEPTH, TABLE_SORT_ASCEND)];
        assert_eq!(code(depth.clone(), 0, 0, Abilities::CONTENTS), Some(Code::InvalidParameter));
        assert_eq!(code(depth, 0, 0, Abilities::HIERARCHY), None);
        assert_eq!(code(vec![SUBJECT], 0, 0, Abilities { sort: false, ..Abilities::CONTENTS }), Some(Code::NoSupport));
        assert_eq!(code(vec![SUBJECT], 1, 0, Abilities::IN_MEMORY), Some(Code::NoSupport));
        assert_eq!(code(vec![SUBJECT], 0, 0, Abilities::DEEP_HIERARCHY), Some(Code::TooComplex));
        assert_eq!(code(vec![], 0, 0, Abilities::DEEP_HIERARCHY), None);
    }
}
