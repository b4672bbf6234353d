//! ResolveName: a recipient list looked up along the search path (`address-book` 3.7).

use super::mail_user::one_off_properties;
use super::one_off_address::spelled_out;
use super::reference::BookReference;
use super::resolve_names::{MAPI_CACHE_ONLY, resolve_names, shown};
use super::{AdrList, RESOLVED_COLUMNS, text_of, value_of};
use crate::backend::LogLevel;
use crate::entry_id::OneOff;
use crate::error::{Code, Failure, Result, check_flags};
use crate::properties::{Property, tags};
use crate::tables::MAPI_UNICODE;

/// `MAPI_DIALOG`: a person may be asked.
const MAPI_DIALOG: u32 = 0x8;
/// `AB_UNICODEUI`: the title is Unicode.
const AB_UNICODEUI: u32 = 0x40;

/// What became of an entry of the list (`MAPI_UNRESOLVED`, `MAPI_AMBIGUOUS`, `MAPI_RESOLVED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nothing was found.
    #[default]
    Unresolved,
    /// Several entries fit; the recipient is unchanged.
    Ambiguous,
    /// It has an identifier. An entry without any property, which is no recipient, counts as resolved.
    Resolved,
}

/// A recipient list after ResolveName.
#[derive(Clone, Debug)]
pub struct ResolvedNames {
    /// The list: as many entries in the same order.
    pub list: AdrList,
    /// What became of each.
    pub verdicts: Vec<Verdict>,
    /// Why not all are resolved: `MAPI_E_AMBIGUOUS_RECIP`, else `MAPI_E_NOT_FOUND`. The others are resolved
    /// all the same.
    pub failure: Option<Failure>,
}

impl BookReference {
    /// Resolves a list.
    ///
    /// # Errors
    /// As [`super::AddrBook::resolve_name`].
    pub(crate) fn resolve_name(&self, flags: u32, mut list: AdrList) -> Result<ResolvedNames> {
        check_flags(flags, MAPI_DIALOG | AB_UNICODEUI | MAPI_CACHE_ONLY | MAPI_UNICODE)?;
        let unicode = flags & MAPI_UNICODE != 0;
        let mut verdicts: Vec<Verdict> = list.iter_mut().map(|entry| without_directory(entry, unicode)).collect();
        // Names are looked up only where there is one: what has none stays unresolved.
        let open = |list: &AdrList, verdicts: &[Verdict]| {
            list.iter()
                .zip(verdicts)
                .any(|(entry, verdict)| *verdict == Verdict::Unresolved && text_of(entry, tags::DISPLAY_NAME).is_some())
        };
        if open(&list, &verdicts) {
            for container in self.search_path()? {
                if !open(&list, &verdicts) {
                    break;
                }
                let how = flags & (MAPI_UNICODE | MAPI_CACHE_ONLY);
                let (book, object) = (&container.book, &container.object);
                // A container that fails is skipped: the others may know the names.
                if let Err(failure) = resolve_names(book, object, None, how, &mut list, &mut verdicts) {
                    let text = format!("names could not be looked up in {}: {}", container.name, failure.brief());
                    self.environment.log.log(LogLevel::Warn, &text);
                }
            }
        }
        let failure = failure_of(&list, &verdicts);
        Ok(ResolvedNames { list, verdicts, failure })
    }
}

/// What an entry is without asking a directory; a spelled-out recipient gets its identifier.
fn without_directory(entry: &mut Vec<Property>, unicode: bool) -> Verdict {
    if entry.is_empty() || value_of(entry, tags::ENTRYID).is_some() {
        return Verdict::Resolved;
    }
    match text_of(entry, tags::DISPLAY_NAME).and_then(|name| spelled_out(&name)) {
        Some(one_off) => {
            become_one_off(entry, &one_off, unicode);
            Verdict::Resolved
        }
        None => Verdict::Unresolved,
    }
}

/// Gives a recipient the properties of a one-off address; what it had besides stays.
fn become_one_off(entry: &mut Vec<Property>, one_off: &OneOff, unicode: bool) {
    let have = one_off_properties(one_off);
    let find = |tag: crate::properties::PropTag| have.iter().find(|property| property.tag.id() == tag.id());
    let columns = RESOLVED_COLUMNS.iter().copied().chain([tags::SEND_RICH_INFO]);
    let mut resolved: Vec<Property> =
        columns.map(|tag| shown(tag, find(tag).map(|property| property.value.clone()), unicode)).collect();
    let own = |property: &Property| !resolved.iter().any(|have| have.tag.id() == property.tag.id());
    let kept: Vec<Property> = entry.drain(..).filter(own).collect();
    resolved.extend(kept);
    *entry = resolved;
}

fn failure_of(list: &[Vec<Property>], verdicts: &[Verdict]) -> Option<Failure> {
    let names = |wanted: Verdict| {
        let named = list.iter().zip(verdicts).filter(|(_, verdict)| **verdict == wanted);
        let names: Vec<String> = named
            .map(|(entry, _)| format!("\u{201c}{}\u{201d}", text_of(entry, tags::DISPLAY_NAME).unwrap_or_default()))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = names(Verdict::Ambiguous) {
        let text = format!("More than one address book entry fits {names}; write more of the name, or the address.");
        return Some(Failure::new(Code::AmbiguousRecip, text));
    }
    let names = names(Verdict::Unresolved)?;
    Some(Failure::not_found(format!("No address book entry fits {names}; write the address instead.")))
}
