//! Bookmarks, sort orders and states of tables.

use super::Wire;
use crate::runtime::world::exports::mapi::session::tables as wit;
use crate::runtime::world::mapi::session::types;
use mapi_engine::error::{Failure, MapiError, Result};
use mapi_engine::properties::PropTag;
use mapi_engine::tables::{
    Bookmark, Evaluation, Explanation, KeptBecause, SortOrder, SortOrderSet, TABLE_SORT_ASCEND, TABLE_SORT_CATEG_MAX,
    TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE, TABLE_SORT_DESCEND, TableStatus, TableType,
};

pub(crate) const fn bookmark(bookmark: Bookmark) -> wit::Bookmark {
    match bookmark {
        Bookmark::BEGINNING => wit::Bookmark::Beginning,
        Bookmark::CURRENT => wit::Bookmark::Current,
        Bookmark::END => wit::Bookmark::End,
        Bookmark(made) => wit::Bookmark::Made(made),
    }
}

pub(crate) const fn to_bookmark(bookmark: wit::Bookmark) -> Bookmark {
    match bookmark {
        wit::Bookmark::Beginning => Bookmark::BEGINNING,
        wit::Bookmark::Current => Bookmark::CURRENT,
        wit::Bookmark::End => Bookmark::END,
        wit::Bookmark::Made(made) => Bookmark(made),
    }
}

/// # Errors
/// `MAPI_E_INVALID_PARAMETER` for a direction that does not exist, which the world cannot express.
pub(crate) fn to_sort_order(order: SortOrderSet) -> Result<types::SortOrderSet> {
    let key = |key: SortOrder| {
        let direction = match key.order {
            TABLE_SORT_ASCEND => types::SortDirection::Ascend,
            TABLE_SORT_DESCEND => types::SortDirection::Descend,
            TABLE_SORT_COMBINE => types::SortDirection::Combine,
            TABLE_SORT_CATEG_MAX => types::SortDirection::CategMax,
            TABLE_SORT_CATEG_MIN => types::SortDirection::CategMin,
            other => return Err(Failure::invalid("order", format!("there is no sort direction {other}")).with_tag(key.tag)),
        };
        Ok(types::SortOrder { tag: key.tag.0, direction })
    };
    let SortOrderSet { keys, categories, expanded } = order;
    Ok(types::SortOrderSet { orders: keys.into_iter().map(key).collect::<Result<_>>()?, categories, expanded })
}

pub(crate) fn sort_order(order: types::SortOrderSet) -> SortOrderSet {
    let key = |key: types::SortOrder| SortOrder {
        tag: PropTag(key.tag),
        order: match key.direction {
            types::SortDirection::Ascend => TABLE_SORT_ASCEND,
            types::SortDirection::Descend => TABLE_SORT_DESCEND,
            types::SortDirection::Combine => TABLE_SORT_COMBINE,
            types::SortDirection::CategMax => TABLE_SORT_CATEG_MAX,
            types::SortDirection::CategMin => TABLE_SORT_CATEG_MIN,
        },
    };
    SortOrderSet { keys: order.orders.into_iter().map(key).collect(), categories: order.categories, expanded: order.expanded }
}

macro_rules! alike {
    ($type:ident { $($case:ident = $wit:ident,)* }) => {
        impl Wire for $type {
            type Wit = wit::$type;

            fn into_wit(self) -> wit::$type {
                match self {
                    $(Self::$case => wit::$type::$wit,)*
                }
            }

            fn from_wit(value: wit::$type) -> Result<Self> {
                Ok(match value {
                    $(wit::$type::$wit => Self::$case,)*
                })
            }
        }
    };
}

alike! { TableStatus {
    Complete = Complete,
    QChanged = Qchanged,
    Sorting = Sorting,
    SortError = SortError,
    SettingCols = SettingCols,
    SetColError = SetcolError,
    Restricting = Restricting,
    RestrictError = RestrictError,
} }

alike! { TableType {
    Snapshot = Snapshot,
    Keyset = Keyset,
    Dynamic = Dynamic,
} }

alike! { KeptBecause {
    NoStore = NoStore,
    Computed = Computed,
    NoFilter = NoFilter,
    NotEvaluated = NotEvaluated,
    Inexact = Inexact,
    MultiValue = MultiValue,
    Instances = Instances,
    Categories = Categories,
    Told = Told,
    Fixed = Fixed,
    Limited = Limited,
    Condition = Condition,
    Order = Order,
    Positions = Positions,
} }

fn evaluation(evaluation: wit::Evaluation) -> Result<Evaluation> {
    Ok(match evaluation {
        wit::Evaluation::Store => Evaluation::Store,
        wit::Evaluation::Narrowed(why) => Evaluation::Narrowed(KeptBecause::from_wit(why)?),
        wit::Evaluation::Engine(why) => Evaluation::Engine(KeptBecause::from_wit(why)?),
    })
}

pub(crate) fn explanation(explanation: wit::Explanation) -> Result<Explanation> {
    Ok(Explanation {
        conditions: explanation.conditions.into_iter().map(evaluation).collect::<Result<_>>()?,
        order: evaluation(explanation.order)?,
        categories: explanation.categories.map(evaluation).transpose()?,
        rows: evaluation(explanation.rows)?,
    })
}

impl Wire for MapiError {
    type Wit = types::MapiError;

    fn into_wit(self) -> types::MapiError {
        types::MapiError {
            version: 0,
            error: Some(self.error),
            component: Some(self.component),
            low_level_error: self.low_level,
            context: self.context,
        }
    }

    fn from_wit(error: types::MapiError) -> Result<Self> {
        Ok(Self {
            error: error.error.unwrap_or_default(),
            component: error.component.unwrap_or_default(),
            low_level: error.low_level_error,
            context: error.context,
        })
    }
}
