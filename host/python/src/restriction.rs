//! Restrictions as values: made from text, from parts, and joined with `&`, `|` and `~` (`tables` 5.1).

use crate::values;
use mapi_session::expression;
use mapi_session::properties::PropTag;
use mapi_session::restriction::{BitRelation, Relop, Restriction as Tree};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A condition on rows. Join two with `&` and `|`, negate one with `~`.
#[pyclass(frozen, eq, module = "mapi_session._native")]
#[derive(Clone, PartialEq)]
pub(crate) struct Restriction(pub(crate) Tree);

#[pymethods]
impl Restriction {
    /// The condition a text says, such as `subject contains "clk" and received > 2024-01-01`.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        expression::parse(text).map(Self).map_err(|error| PyValueError::new_err(error.pointing_at(text)))
    }

    /// `RES_PROPERTY`: `lt`, `le`, `gt`, `ge`, `eq`, `ne` or `memberofdl`.
    #[staticmethod]
    fn compare(tag: u32, relation: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let tag = PropTag(tag);
        Ok(Self(Tree::Property { relop: relop(relation)?, tag, value: values::property(tag, value)? }))
    }

    /// `RES_COMPAREPROPS`: two properties of the row compared.
    #[staticmethod]
    fn compare_properties(left: u32, relation: &str, right: u32) -> PyResult<Self> {
        Ok(Self(Tree::CompareProps { relop: relop(relation)?, left: PropTag(left), right: PropTag(right) }))
    }

    /// `RES_CONTENT` with the `FL_*` bits.
    #[staticmethod]
    fn content(tag: u32, fuzzy: u32, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let tag = PropTag(tag);
        Ok(Self(Tree::Content { fuzzy, tag, value: values::property(tag, value)? }))
    }

    /// `RES_BITMASK`: whether any of the bits is set, or none.
    #[staticmethod]
    fn bits(tag: u32, mask: u32, any_set: bool) -> Self {
        let relation = if any_set { BitRelation::Nez } else { BitRelation::Eqz };
        Self(Tree::Bitmask { relation, tag: PropTag(tag), mask })
    }

    /// `RES_SIZE`: the size of the value in bytes.
    #[staticmethod]
    fn size(tag: u32, relation: &str, size: u32) -> PyResult<Self> {
        Ok(Self(Tree::Size { relop: relop(relation)?, tag: PropTag(tag), size }))
    }

    /// `RES_EXIST`.
    #[staticmethod]
    fn exists(tag: u32) -> Self {
        Self(Tree::Exist { tag: PropTag(tag) })
    }

    /// `RES_SUBRESTRICTION`: a recipient or an attachment of the message meets the condition.
    #[staticmethod]
    fn any(subobject: u32, condition: &Self) -> Self {
        Self(Tree::SubRestriction { subobject: PropTag(subobject), child: Box::new(condition.0.clone()) })
    }

    /// `RES_COUNT`: the first rows that meet the condition.
    #[staticmethod]
    fn first(count: u32, condition: &Self) -> Self {
        Self(Tree::Count { count, child: Box::new(condition.0.clone()) })
    }

    fn __and__(&self, other: &Self) -> Self {
        Self(Tree::And(vec![self.0.clone(), other.0.clone()]))
    }

    fn __or__(&self, other: &Self) -> Self {
        Self(Tree::Or(vec![self.0.clone(), other.0.clone()]))
    }

    fn __invert__(&self) -> Self {
        Self(Tree::Not(Box::new(self.0.clone())))
    }

    /// Refused: `and`, `or` and `not` would drop conditions without a word.
    fn __bool__(&self) -> PyResult<bool> {
        Err(pyo3::exceptions::PyTypeError::new_err("a condition is joined with &, | and ~, not with and, or and not"))
    }

    fn __repr__(&self) -> String {
        format!("Restriction({})", expression::restriction_to_json(&self.0))
    }
}

fn relop(relation: &str) -> PyResult<Relop> {
    Ok(match relation {
        "lt" => Relop::Lt,
        "le" => Relop::Le,
        "gt" => Relop::Gt,
        "ge" => Relop::Ge,
        "eq" => Relop::Eq,
        "ne" => Relop::Ne,
        "memberofdl" => Relop::MemberOfDl,
        _ => return Err(PyValueError::new_err(format!("there is no relation {relation:?}"))),
    })
}
