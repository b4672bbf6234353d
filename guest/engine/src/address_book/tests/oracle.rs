//! Names resolved against a naive reading of the rules (`address-book` 5.1, 5.2).

use super::*;
use crate::address_book::{Verdict, bytes_of};
use crate::restriction::{Relop, Restriction};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Person {
    name: String,
    address: String,
    account: Option<String>,
}

fn person() -> impl Strategy<Value = Person> {
    let word = prop::sample::select(vec!["bill", "Bill", "billy", "lee", "L", "Özil", "ÖZ", "strasse", "Straße", "Jr."]);
    let name = prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
    let address = prop::sample::select(vec!["bill@x.y", "Lee@x.y", "b@x.y", "özil@x.y"]);
    let account = prop::option::of(prop::sample::select(vec!["bill", "LL", "strasse1"]));
    (name, address, account).prop_map(|(name, address, account)| Person {
        name,
        address: address.to_owned(),
        account: account.map(str::to_owned),
    })
}

fn query() -> impl Strategy<Value = String> {
    let word =
        prop::sample::select(vec!["b", "bill", "Bi", "l", "le", "LEE", "öz", "ÖZIL", "strass", "straße", "bill@", "=", ","]);
    (prop::bool::ANY, prop::collection::vec(word, 0..4)).prop_map(|(exact, words)| {
        let words = words.join(" ");
        if exact { format!("={words}") } else { words }
    })
}

fn folded(text: &str) -> String {
    text.to_uppercase().replace('ß', "SS").to_lowercase()
}

fn words(text: &str) -> Vec<String> {
    folded(text).split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Every way to give each word of the query a word of the name of its own.
fn each_its_own(query: &[String], free: &[String]) -> bool {
    let Some((first, rest)) = query.split_first() else { return true };
    free.iter().enumerate().filter(|(_, word)| word.starts_with(first.as_str())).any(|(at, _)| {
        let mut left = free.to_vec();
        left.remove(at);
        each_its_own(rest, &left)
    })
}

fn matches(query: &str, person: &Person) -> bool {
    let whole = query.strip_prefix('=').unwrap_or(query);
    if words(whole).is_empty() {
        return false;
    }
    let others = [Some(&person.address), person.account.as_ref()];
    let mut others = others.into_iter().flatten().map(|text| folded(text));
    if query.starts_with('=') {
        return folded(&person.name) == folded(whole) || others.any(|text| text == folded(whole));
    }
    each_its_own(&words(whole), &words(&person.name)) || others.any(|text| text.starts_with(&folded(whole)))
}

fn expected(query: &str, people: &[Person]) -> (Verdict, Option<usize>) {
    let all: Vec<usize> = (0..people.len()).filter(|at| matches(query, &people[*at])).collect();
    let named: Vec<usize> = all.iter().copied().filter(|at| folded(&people[*at].name) == folded(query)).collect();
    match (all.as_slice(), named.as_slice()) {
        ([], _) => (Verdict::Unresolved, None),
        ([only], _) | (_, [only]) => (Verdict::Resolved, Some(*only)),
        _ => (Verdict::Ambiguous, None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn names_resolve_as_the_rules_say(
        people in prop::collection::vec(person(), 0..8), queries in prop::collection::vec(query(), 1..6),
    ) {
        let world = World::new(1);
        let (personal, container) = world.personal(0);
        let ids: Vec<Vec<u8>> = people.iter().map(|person| {
            let mut properties = vec![
                Property::new(tags::DISPLAY_NAME, text(&person.name)),
                Property::new(tags::ADDRTYPE, text("SMTP")),
                Property::new(tags::EMAIL_ADDRESS, text(&person.address)),
            ];
            properties.extend(person.account.as_ref().map(|account| Property::new(tags::ACCOUNT, text(account))));
            world.id(0, &create(&world.providers[0], &personal, ObjectKind::Message, &properties))
        }).collect();
        let list: AdrList = queries.iter().map(|query| vec![Property::new(tags::DISPLAY_NAME, text(query))]).collect();
        let resolved = world.book().resolve_name(0, UNICODE, list).unwrap();
        let table = container.get_contents_table(UNICODE).unwrap();
        for (at, query) in queries.iter().enumerate() {
            let (verdict, place) = expected(query, &people);
            prop_assert_eq!(resolved.verdicts[at], verdict, "{}", query);
            let id = bytes_of(&resolved.list[at], tags::ENTRYID);
            prop_assert_eq!(id, place.map(|place| ids[place].as_slice()), "{}", query);
            // The contents table finds the same entries by PR_ANR.
            let by_name = Restriction::Property { relop: Relop::Eq, tag: tags::ANR, value: Property::new(tags::ANR, text(query)) };
            let rows = table.query_all_rows(Some(&[tags::ENTRYID]), Some(by_name), None, 0).unwrap();
            let count = people.iter().filter(|person| matches(query, person)).count();
            prop_assert_eq!(rows.len(), count, "{}", query);
        }
    }
}
