//! `docs/coverage.md` is what the table says: the part between its markers is written from here, and every test the
//! page names is one. `cargo xtask coverage` renews it.

use crate::methods::METHODS;
use crate::sources::{functions, workspace};
use mapi_engine::error::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const PAGE: &str = "docs/coverage.md";
const BEGIN: &str = "<!-- Written by `cargo xtask coverage`. -->\n";
const END: &str = "<!-- End of what is written by `cargo xtask coverage`. -->\n";

/// Set, the page is written and not compared.
const RENEW: &str = "MAPI_RENEW_COVERAGE";

/// The rows of one method on one page.
#[derive(Default)]
struct Group {
    rows: usize,
    sections: BTreeSet<(u32, u32)>,
    codes: BTreeSet<Code>,
}

/// Page and section of a rule.
fn split(rule: &'static str) -> (&'static str, (u32, u32)) {
    let (page, section) = rule.split_once(' ').unwrap();
    let (chapter, section) = section.split_once('.').unwrap_or((section, "0"));
    (page, (chapter.parse().unwrap(), section.parse().unwrap()))
}

fn generated() -> String {
    let rows = crate::all();
    let mut pages: Vec<(&str, Vec<(&str, Group)>)> = Vec::new();
    for row in &rows {
        let (page, section) = split(row.rule);
        if pages.iter().all(|(known, _)| *known != page) {
            pages.push((page, Vec::new()));
        }
        let (_, groups) = pages.iter_mut().find(|(known, _)| *known == page).unwrap();
        if groups.iter().all(|(known, _)| *known != row.method) {
            groups.push((row.method, Group::default()));
        }
        let (_, group) = groups.iter_mut().find(|(known, _)| *known == row.method).unwrap();
        group.rows += 1;
        group.sections.insert(section);
        group.codes.extend(row.codes());
    }
    let mut text = String::new();
    let raw = rows.iter().filter(|row| row.is_raw()).count();
    writeln!(
        text,
        "The conformance table, `tests/tests/conformance`, has {} rows: one for each method, flag and code of the pages \
         `session`, `profiles`, `status` and `errors`. {raw} of them give the engine an argument that the typed world \
         cannot express; the others go through the component.",
        rows.len()
    )
    .unwrap();
    for (page, groups) in pages {
        write!(
            text,
            "\n### `{page}`\n\n| MAPI | WIT | rows | sections | answers | tests beside the table |\n|---|---|---|---|---|---|\n"
        )
        .unwrap();
        for (method, group) in groups {
            let (_, wit, tests) = METHODS.iter().find(|(name, ..)| *name == method).unwrap();
            let sections = group.sections.iter().map(|(chapter, section)| match section {
                0 => chapter.to_string(),
                _ => format!("{chapter}.{section}"),
            });
            let cells = [
                if method.contains("::") || method.starts_with("MAPI") { format!("`{method}`") } else { method.to_owned() },
                quoted(wit.split_whitespace().map(str::to_owned)),
                group.rows.to_string(),
                sections.collect::<Vec<_>>().join(", "),
                quoted(group.codes.iter().map(ToString::to_string)),
                quoted(tests.iter().map(|test| (*test).to_owned())),
            ];
            writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        }
    }
    text
}

fn quoted(words: impl Iterator<Item = String>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_coverage_page_is_what_the_table_says() {
    let path = workspace().join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let renewed = format!("{before}{BEGIN}{}{END}{after}", generated());
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, renewed).unwrap();
    } else {
        assert!(page == renewed, "{PAGE} is stale; `cargo xtask coverage` renews it");
    }
}

#[test]
fn every_method_of_the_table_is_listed_with_its_function_of_the_world() {
    let world = std::fs::read_to_string(workspace().join("wit/committed/session.wit")).unwrap();
    let methods: BTreeSet<&str> = crate::all().iter().map(|row| row.method).collect();
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    for (method, wit, _) in METHODS {
        *listed.entry(method).or_default() += 1;
        for function in wit.split_whitespace() {
            let name = function.rsplit('.').next().unwrap();
            assert!(world.contains(&format!(" {name}: func(")), "{method}: the world has no {function}");
        }
    }
    assert!(listed.values().all(|count| *count == 1), "{listed:?}");
    assert_eq!(listed.into_keys().collect::<BTreeSet<_>>(), methods);
}

/// Tests are named like sentences; what else is written in that way is no sentence.
#[test]
fn every_test_the_coverage_page_names_exists() {
    let page = std::fs::read_to_string(workspace().join(PAGE)).unwrap();
    let known = functions();
    let is_name = |word: &str| {
        word.matches('_').count() >= 3
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(|word| is_name(word)).collect();
    assert!(named.len() > 200, "{} names were found: the page is written in another way", named.len());
    let missing: Vec<_> = named.into_iter().filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
