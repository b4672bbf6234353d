//! Names looked up in one container: ResolveNames, and what it leaves to `PR_ANR` (`address-book` 5).
//!
//! A provider that resolves names itself is asked first. Else the entries are looked through once for all
//! names; only the columns a name is matched with are read, and then those of the entries found.

use super::connection::BookConnection;
use super::hierarchy::scan_pages;
use super::resolve_name::Verdict;
use super::{AdrList, RESOLVED_COLUMNS, computed::private, text_of};
use crate::backend::{Batch, Filter, FilterTest, ObjectId, PlanRequest, Resolution, ScanKind, Scope, Support};
use crate::collation;
use crate::error::{Code, Failure, Result, check_flags};
use crate::properties::{PropTag, Property, Value, tags};
use crate::restriction::Relop;
use crate::restriction::name_resolution::{COLUMNS, NameQuery};
use crate::tables::MAPI_UNICODE;
use std::collections::BTreeMap;
use std::rc::Rc;

/// `EMS_AB_ADDRESS_LOOKUP`: only exact matches of an address.
pub(crate) const EMS_AB_ADDRESS_LOOKUP: u32 = 0x1;
/// `MAPI_CACHE_ONLY`: a hint.
pub(crate) const MAPI_CACHE_ONLY: u32 = 0x4000;

/// ResolveNames: resolves the entries of the list that are unresolved so far.
///
/// # Errors
/// As [`super::AbContainer::resolve_names`]; nothing is resolved then.
pub(super) fn resolve_names(
    book: &Rc<BookConnection>,
    container: &ObjectId,
    wanted: Option<&[PropTag]>,
    flags: u32,
    list: &mut AdrList,
    verdicts: &mut [Verdict],
) -> Result<()> {
    check_flags(flags, EMS_AB_ADDRESS_LOOKUP | MAPI_CACHE_ONLY | MAPI_UNICODE)?;
    if list.len() != verdicts.len() {
        return Err(Failure::invalid("flags", "There must be one flag for each entry of the list."));
    }
    let columns = wanted.unwrap_or(&RESOLVED_COLUMNS);
    let mut queries: Vec<(usize, String)> = Vec::new();
    for (place, (entry, verdict)) in list.iter().zip(verdicts.iter()).enumerate() {
        if *verdict == Verdict::Unresolved
            && let Some(name) = text_of(entry, tags::DISPLAY_NAME)
        {
            queries.push((place, name));
        }
    }
    if queries.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = queries.iter().map(|(_, name)| name.clone()).collect();
    let found = look_up(book, container, &names, columns, flags & EMS_AB_ADDRESS_LOOKUP != 0)?;
    let objects: Vec<ObjectId> = found.iter().filter_map(Found::object).cloned().collect();
    let mut stored = columns_of(book, &objects, columns)?;
    for ((place, _), found) in queries.into_iter().zip(found) {
        verdicts[place] = match found {
            Found::Nothing => Verdict::Unresolved,
            Found::Several => Verdict::Ambiguous,
            // One that vanished in the meantime was not found.
            Found::One(object) => match stored.remove(&object) {
                None => Verdict::Unresolved,
                Some(values) => {
                    merge(&mut list[place], columns, values.clone(), flags & MAPI_UNICODE != 0);
                    // Another name may stand for the same entry.
                    stored.insert(object, values);
                    Verdict::Resolved
                }
            },
        };
    }
    Ok(())
}

/// The wanted columns, and the identifier, of entries.
fn columns_of(
    book: &Rc<BookConnection>,
    objects: &[ObjectId],
    columns: &[PropTag],
) -> Result<BTreeMap<ObjectId, Vec<Option<Value>>>> {
    let mut wanted = columns.to_vec();
    wanted.push(tags::ENTRYID);
    let batch = book.read_columns(objects, &wanted)?;
    let row = |row: usize| (0..wanted.len()).map(|at| batch.columns.get(at).and_then(|column| column.value(row))).collect();
    Ok(batch.ids.iter().enumerate().map(|(at, id)| (id.clone(), row(at))).collect())
}

/// Puts what was found into a recipient: the identifier and the columns, then what it had besides.
fn merge(entry: &mut Vec<Property>, columns: &[PropTag], mut values: Vec<Option<Value>>, unicode: bool) {
    let id = values.pop().flatten();
    let mut resolved: Vec<Property> = Vec::with_capacity(entry.len() + columns.len() + 1);
    if let Some(id) = id
        && !columns.iter().any(|tag| tag.id() == tags::ENTRYID.id())
    {
        resolved.push(Property::new(tags::ENTRYID, id));
    }
    for (tag, value) in columns.iter().zip(values) {
        if !resolved.iter().any(|have| have.tag.id() == tag.id()) {
            resolved.push(shown(*tag, value, unicode));
        }
    }
    resolved.extend(
        std::mem::take(entry)
            .into_iter()
            .filter(|own| !columns.iter().any(|tag| tag.id() == own.tag.id()) && own.tag.id() != tags::ENTRYID.id()),
    );
    *entry = resolved;
}

/// A value in the width of the call; `PT_ERROR` says that there is none.
pub(super) fn shown(tag: PropTag, value: Option<Value>, unicode: bool) -> Property {
    let kind =
        if tag.id() == tags::_7BIT_DISPLAY_NAME.id() { tag.kind().with_width(false) } else { tag.kind().with_width(unicode) };
    match value.and_then(|value| value.represented(kind)) {
        Some(Value::Error(code)) => Property::error(tag, Code::from_raw(code)),
        Some(value) => Property::new(tag, value),
        None => Property::error(tag, Code::NotFound),
    }
}

/// What a name was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Several,
    One(ObjectId),
}

impl Found {
    const fn object(&self) -> Option<&ObjectId> {
        match self {
            Self::One(object) => Some(object),
            _ => None,
        }
    }
}

fn look_up(
    book: &Rc<BookConnection>,
    container: &ObjectId,
    names: &[String],
    columns: &[PropTag],
    addresses_only: bool,
) -> Result<Vec<Found>> {
    match book.backend().resolve(container, names, columns, addresses_only) {
        Ok(answers) if answers.len() == names.len() => {
            return Ok(answers
                .into_iter()
                .map(|answer| match answer {
                    Resolution::Unresolved => Found::Nothing,
                    Resolution::Ambiguous => Found::Several,
                    Resolution::Resolved(object, _) => Found::One(object),
                })
                .collect());
        }
        Ok(_) => {
            let text = "The address book gave fewer answers than there were names to resolve.";
            return Err(book.named(Failure::new(Code::CallFailed, text)));
        }
        Err(failure) if failure.code() == Code::NoSupport => {}
        Err(failure) => return Err(failure),
    }
    let mut searches: Vec<Search> = names.iter().map(|name| Search::new(name, addresses_only)).collect();
    // A backend that matches names itself takes one at a time, and its own best guess counts.
    if let ([search], [name]) = (searches.as_mut_slice(), names)
        && !addresses_only
        && let Some((filter, exact)) = anr_filter(book, container, name)?
    {
        search.trusted = exact;
        scan(book, container, std::slice::from_mut(search), &[filter])?;
    } else {
        scan(book, container, &mut searches, &[])?;
    }
    Ok(searches.into_iter().map(Search::verdict).collect())
}

/// The filter for `PR_ANR`, if the backend takes one, and whether what it lets through matches.
fn anr_filter(book: &BookConnection, container: &ObjectId, name: &str) -> Result<Option<(Filter, bool)>> {
    let constant = Value::Unicode(name.to_owned());
    let Some(key) = collation::order_key(&constant) else { return Ok(None) };
    let bounded = collation::fold(name).chars().nth(collation::STRING_KEY_BOUND - 1).is_some();
    let filters = [vec![FilterTest::Compare { tag: tags::ANR, relop: Relop::Eq, key, bounded, constant }]];
    let scope = Scope::One(container.clone());
    let request = PlanRequest { scope: &scope, kind: ScanKind::Contents, filters: &filters, order: &[] };
    let plan = book.backend().plan(&request)?;
    let [filter] = filters;
    Ok(match plan.filters.first() {
        Some(Support::Exact) => Some((filter, true)),
        Some(Support::Inexact) => Some((filter, false)),
        _ => None,
    })
}

fn scan(book: &BookConnection, container: &ObjectId, searches: &mut [Search], filters: &[Filter]) -> Result<()> {
    let mut columns = COLUMNS.to_vec();
    columns.push(tags::ADDRTYPE);
    columns.push(private::MEMBER_ENTRYID);
    scan_pages(book, container, ScanKind::Contents, &columns, filters, |batch| {
        for row in 0..batch.ids.len() {
            let entry = Row::of(batch, row);
            searches.iter_mut().for_each(|search| search.look_at(&entry));
        }
        Ok(true)
    })
}

/// An entry as names are matched with it.
struct Row<'a> {
    object: &'a ObjectId,
    name: Option<&'a str>,
    addresses: [Option<&'a str>; 3],
    /// The entry it stands for, of a member of a list.
    member: Option<&'a [u8]>,
}

impl<'a> Row<'a> {
    fn of(batch: &'a Batch, row: usize) -> Self {
        use crate::properties::ValueRef;
        let cell = |column: usize| batch.columns.get(column).and_then(|column| column.value_ref(row));
        let text = |column| match cell(column) {
            Some(ValueRef::Text(text)) => Some(text),
            _ => None,
        };
        let member = match cell(5) {
            Some(ValueRef::Bytes(bytes)) => Some(bytes),
            _ => None,
        };
        Self { object: &batch.ids[row], name: text(0), addresses: [text(1), text(2), text(3)], member }
    }

    fn addresses(&self) -> impl Iterator<Item = &'a str> {
        self.addresses.iter().copied().flatten()
    }
}

/// The search for one name, entry by entry (`address-book` 5.2).
struct Search {
    query: NameQuery,
    /// The whole name, folded.
    folded: String,
    addresses_only: bool,
    /// Every row that comes matches.
    trusted: bool,
    first: Option<Match>,
    several: bool,
    /// The entries whose display name is the whole name.
    named: Option<Match>,
    several_named: bool,
}

/// An entry that matched.
struct Match {
    object: ObjectId,
    member: Option<Vec<u8>>,
}

impl Match {
    fn of(row: &Row<'_>) -> Self {
        Self { object: row.object.clone(), member: row.member.map(<[u8]>::to_vec) }
    }

    /// Two rows of one person count as one.
    fn is_same(&self, row: &Row<'_>) -> bool {
        self.object == *row.object || (row.member.is_some() && self.member.as_deref() == row.member)
    }
}

impl Search {
    fn new(name: &str, addresses_only: bool) -> Self {
        Self {
            query: NameQuery::new(name),
            folded: collation::fold(name).into_owned(),
            addresses_only,
            trusted: false,
            first: None,
            several: false,
            named: None,
            several_named: false,
        }
    }

    fn look_at(&mut self, row: &Row<'_>) {
        let matches = if self.addresses_only {
            !self.folded.is_empty()
                && row
                    .addresses()
                    .skip(usize::from(row.addresses[0].is_some()))
                    .any(|address| *collation::fold(address) == self.folded)
        } else {
            self.trusted || self.query.matches(row.name, row.addresses())
        };
        if !matches {
            return;
        }
        note(&mut self.first, &mut self.several, row);
        if row.name.is_some_and(|name| *collation::fold(name) == self.folded) {
            note(&mut self.named, &mut self.several_named, row);
        }
    }

    fn verdict(self) -> Found {
        match (self.first, self.named) {
            (None, _) => Found::Nothing,
            (Some(only), _) if !self.several => Found::One(only.object),
            (_, Some(named)) if !self.several_named => Found::One(named.object),
            _ => Found::Several,
        }
    }
}

fn note(first: &mut Option<Match>, several: &mut bool, row: &Row<'_>) {
    match first {
        None => *first = Some(Match::of(row)),
        Some(first) => *several |= !first.is_same(row),
    }
}
