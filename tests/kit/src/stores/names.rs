//! Named properties (`properties` 5).

use super::subject::{Subject, named};
use super::{Check, Outcome, ensure, same};
use mapi_engine::backend::{NamedProperty, PropertyName, Store};
use mapi_engine::properties::Guid;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a name gets one identifier and keeps it", run: mapping },
    Check { name: "identifiers lie between 0x8001 and 0xFFFE", run: range },
];

fn mapping(subject: &Subject) -> Outcome {
    let store = &subject.store;
    let text = NamedProperty { set: Guid([0xC0; 16]), name: PropertyName::Text("Wort".into()) };
    let other_case = NamedProperty { set: Guid([0xC0; 16]), name: PropertyName::Text("wort".into()) };
    let other_set = NamedProperty { set: Guid([0xC1; 16]), name: PropertyName::Number(1) };
    let names = vec![named(1), text, other_case, other_set];
    same("unknown names", &store.ids_of_names(&names, false)?, &vec![None; names.len()])?;
    let ids = store.ids_of_names(&names, true)?;
    let known: Vec<u16> = ids.iter().copied().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = known.iter().collect();
    same("distinct identifiers", &distinct.len(), &names.len())?;
    same("asked again", &store.ids_of_names(&names, false)?, &ids)?;
    same("created again", &store.ids_of_names(&names, true)?, &ids)?;
    same("names of identifiers", &store.names_of_ids(&known)?, &names.iter().cloned().map(Some).collect())?;
    same("names of identifiers never given", &store.names_of_ids(&[0, 0x8000, 0xFFFE, 0xFFFF])?, &vec![None; 4])?;
    let mut wanted: Vec<_> = known.into_iter().zip(names).collect();
    wanted.sort_by_key(|(id, _)| *id);
    same("the whole mapping", &store.all_names()?, &wanted)
}

fn range(subject: &Subject) -> Outcome {
    let names: Vec<_> = (0..100).map(named).collect();
    let twice = [names.clone(), names].concat();
    let ids = subject.store.ids_of_names(&twice, true)?;
    same("identifiers of a name given twice in one call", &ids[..100], &ids[100..])?;
    for id in ids {
        ensure(id.is_some_and(|id| (0x8001..=0xFFFE).contains(&id)), || format!("a name got identifier {id:?}"))?;
    }
    Ok(())
}
