//! `PR_ANR`: names as people type them, matched with the entries of an address book (`tables` 5.1,
//! `address-book` 5.1).
//!
//! Only tables of address book entries know the rule. They mark the test with [`RESOLVES`], a tag no client
//! can send; everywhere else `PR_ANR` is a property nothing has.

use crate::collation;
use crate::properties::{PropTag, PropType, Value, tags};
use crate::restriction::{Relop, Restriction};

/// `PR_ANR` in a restriction that is to be evaluated as name resolution. `MV_INSTANCE` without `MV_FLAG` is
/// refused by validation, so that it comes from [`recognise`] only.
pub(crate) const RESOLVES: PropTag = PropTag(tags::ANR.0 | PropType::MV_INSTANCE as u32);

/// What a name is matched with: the display name by words, the others as a whole.
pub(crate) const COLUMNS: [PropTag; 4] = [tags::DISPLAY_NAME, tags::ACCOUNT, tags::EMAIL_ADDRESS, tags::SMTP_ADDRESS];

/// A typed name, folded once.
#[derive(Clone, Debug)]
pub(crate) struct NameQuery {
    whole: String,
    /// A leading `=`: equality with the whole instead.
    exact: bool,
    /// The longest first, so that each may take any free word it fits: a longer one fits no word that a
    /// shorter one with the same beginning does not fit.
    words: Vec<String>,
}

impl NameQuery {
    /// The query for what was typed.
    pub(crate) fn new(typed: &str) -> Self {
        let (typed, exact) = match typed.strip_prefix('=') {
            Some(rest) => (rest, true),
            None => (typed, false),
        };
        let whole = collation::fold(typed).into_owned();
        let mut words: Vec<String> = split(&whole).map(str::to_owned).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Self { whole, exact, words }
    }

    /// Whether an entry of that display name and those addresses (account, address, SMTP address) matches.
    pub(crate) fn matches<'a>(&self, name: Option<&str>, addresses: impl IntoIterator<Item = &'a str>) -> bool {
        if self.words.is_empty() {
            return false;
        }
        if name.is_some_and(|name| self.matches_name(&collation::fold(name))) {
            return true;
        }
        addresses.into_iter().any(|address| {
            let address = collation::fold(address);
            if self.exact { *address == self.whole } else { address.starts_with(&self.whole) }
        })
    }

    fn matches_name(&self, name: &str) -> bool {
        if self.exact {
            return name == self.whole;
        }
        let mut free: Vec<&str> = split(name).collect();
        self.words.iter().all(|word| match free.iter().position(|have| have.starts_with(word.as_str())) {
            Some(place) => {
                free.swap_remove(place);
                true
            }
            None => false,
        })
    }
}

/// The words of a name: what stands between white space and commas.
fn split(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

/// Marks every `PR_ANR` test of a restriction; whether there is one.
pub(crate) fn recognise(restriction: &mut Restriction) -> bool {
    let mut found = false;
    let mut nodes = vec![restriction];
    while let Some(node) = nodes.pop() {
        match node {
            Restriction::Property { relop: Relop::Eq, tag, value } => {
                let text = matches!(value.value, Value::Unicode(_) | Value::String8(_));
                if tag.id() == tags::ANR.id() && text && !tag.kind().is_multi() {
                    *tag = RESOLVES;
                    found = true;
                }
            }
            Restriction::And(children) | Restriction::Or(children) => nodes.extend(children),
            Restriction::Not(child) | Restriction::Count { child, .. } | Restriction::SubRestriction { child, .. } => {
                nodes.push(child);
            }
            Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
                nodes.extend(child.as_deref_mut());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names<'a>(query: &str, names: &[&'a str]) -> Vec<&'a str> {
        let query = NameQuery::new(query);
        names.iter().copied().filter(|name| query.matches(Some(name), [])).collect()
    }

    #[test]
    fn every_word_begins_a_word_of_the_name_in_any_order() {
        let all = ["Billy Larson", "Bill Lee", "Bill Logan Jr.", "Sam Bill Lee", "Bill Smith", "Abill Lee", "Lee, Bill"];
        let matching = ["Billy Larson", "Bill Lee", "Bill Logan Jr.", "Sam Bill Lee", "Lee, Bill"];
        assert_eq!(names("Bill L", &all), matching);
        assert_eq!(names("l bill", &all), matching);
        assert_eq!(names("=bill lee", &all), ["Bill Lee"]);
    }

    #[test]
    fn each_word_needs_a_word_of_its_own() {
        assert_eq!(names("b bill", &["Bill", "Bill Lee", "Bill Bob"]), ["Bill Bob"]);
        assert_eq!(names("bo bob", &["Bob", "Bob Bo"]), ["Bob Bo"]);
    }

    #[test]
    fn nothing_typed_matches_nothing() {
        for typed in ["", " , ", "=", "= "] {
            assert!(!NameQuery::new(typed).matches(Some(""), ["", " ", ","]), "{typed:?}");
        }
    }

    #[test]
    fn addresses_match_by_their_beginning_or_exactly() {
        let matches = |typed: &str| NameQuery::new(typed).matches(Some("Ann"), ["ann.k", "Bill@x.y"]);
        assert!(matches("bill@") && matches("ANN.") && matches("=bill@x.y"));
        assert!(!matches("=bill@") && !matches("x.y"));
    }

    #[test]
    fn case_is_folded_fully() {
        assert_eq!(names("STRASSE ÉMILE", &["émile Straße"]), ["émile Straße"]);
    }

    #[test]
    fn tests_are_found_at_any_depth_and_only_for_equality() {
        let test = |relop| Restriction::Property {
            relop,
            tag: tags::ANR,
            value: crate::properties::Property::new(tags::ANR, Value::Unicode("a".into())),
        };
        let mut deep = Restriction::Not(Box::new(Restriction::Or(vec![test(Relop::Ne), test(Relop::Eq)])));
        assert!(recognise(&mut deep));
        assert!(!recognise(&mut test(Relop::Ne)));
        let marked = Restriction::Property {
            relop: Relop::Eq,
            tag: RESOLVES,
            value: crate::properties::Property::new(RESOLVES, Value::Unicode("a".into())),
        };
        assert!(
            crate::restriction::validate(&marked, crate::restriction::Place::View, crate::restriction::Rows::Others).is_err(),
            "no client can send it"
        );
    }

    /// Every way to give each word a word of its own.
    fn naive(words: &[&str], free: &[&str]) -> bool {
        let Some((first, rest)) = words.split_first() else { return true };
        (0..free.len()).filter(|place| free[*place].starts_with(first)).any(|place| {
            let mut left = free.to_vec();
            left.remove(place);
            naive(rest, &left)
        })
    }

    proptest! {
        #[test]
        fn words_are_matched_as_trying_every_way_does(typed in "[ab ,]{1,12}", name in "[ABc ,]{0,16}") {
            let lower = name.to_lowercase();
            let words: Vec<&str> = split(&typed).collect();
            let free: Vec<&str> = split(&lower).collect();
            let expected = !words.is_empty() && naive(&words, &free);
            prop_assert_eq!(NameQuery::new(&typed).matches(Some(&name), []), expected);
        }
    }
}
