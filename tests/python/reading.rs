//! What Python's `email` package reads from an mbox, and where the session rightly reads otherwise
//! (`messages` 10). Shared by the tests that compare the two.

use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Differences that are right: Message-ID, what differs, why.
pub(crate) const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "<20200128091106.28552-3-patrick.delaunay@st.com>",
        "attachments",
        "the charset of its text is \"yes\": a text in an unknown character set is attached by rule",
    ),
    (
        "<20221124103605.298002-3-gabriel.fernandez@foss.st.com>",
        "attachments",
        "the charset of its text is \"n\": a text in an unknown character set is attached by rule",
    ),
    (
        "<20210301131752.1.I8cbd6f92056fa2d10bf3880746d89ee0779f8e27>",
        "id",
        "the field is malformed, with text behind the closing bracket: kept as written, Python cuts it",
    ),
    (
        "<20210922210845.25e65944@thinkpad>",
        "cc",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<20220625091013.04cea814@crub>",
        "cc",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<87mscidip3.fsf@kernel.org>",
        "to",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<20260203114702.1867224-2-peng.fan@oss.nxp.com>",
        "to",
        "the comment behind a bare address names it, as Python's getaddresses has it too; its modern parser drops it",
    ),
];

/// The archive named by `MAPI_CORPUS_MBOX`, else `../shared/corpus/uboot-stm32.mbox.xz` beside the workspace;
/// says SKIPPED where there is none. In CI a named one must be there.
pub(crate) fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("MAPI_CORPUS_MBOX")
        .map_or_else(|| workspace().join("../shared/corpus/uboot-stm32.mbox.xz"), PathBuf::from);
    if !path.exists() {
        assert!(std::env::var_os("MAPI_CORPUS_MBOX").is_none(), "{} is not there", path.display());
        println!("SKIPPED: {} is not there; name an mbox by MAPI_CORPUS_MBOX", path.display());
        return None;
    }
    Some(path)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The fields of a message by name.
pub(crate) type Fields = BTreeMap<String, Json>;

/// Python, reading an archive message by message.
pub(crate) struct Python {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Python {
    pub(crate) fn read(archive: &Path) -> Self {
        let script = workspace().join("tests/python/compare_mbox.py");
        let spawned = Command::new("python3").arg(script).arg(archive).stdout(Stdio::piped()).spawn();
        let mut process = spawned.expect("python3 is needed to compare with");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }
}

impl Iterator for Python {
    type Item = Fields;

    fn next(&mut self) -> Option<Fields> {
        let Some(line) = self.lines.next() else {
            assert!(self.process.wait().unwrap().success(), "the Python script failed");
            return None;
        };
        Some(fields(&line.unwrap()))
    }
}

/// Python's answer in our form: the first From and Sender, the one for the other if it is missing.
fn fields(line: &str) -> Fields {
    let mut fields: Fields = serde_json::from_str(line).unwrap();
    let first = |list: &Json| list.as_array().and_then(|list| list.first()).cloned();
    let (from, sender) = (first(&fields["from"]), first(&fields["sender"]));
    let nobody = json!(["", ""]);
    fields.insert("from".into(), from.clone().or_else(|| sender.clone()).unwrap_or_else(|| nobody.clone()));
    fields.insert("sender".into(), sender.or(from).unwrap_or(nobody));
    fields
}

/// The differences found so far.
#[derive(Default)]
pub(crate) struct Comparison {
    pub(crate) count: u64,
    pub(crate) allowed: usize,
    differences: Vec<String>,
}

impl Comparison {
    /// Compares the fields that are ours.
    pub(crate) fn message(&mut self, ours: &BTreeMap<&'static str, Json>, theirs: &Fields) {
        let id = theirs["id"].as_str().unwrap_or_default();
        for (field, ours) in ours {
            let theirs = &theirs[*field];
            if theirs == ours {
                continue;
            }
            if ALLOWED.iter().any(|(message, what, _)| *message == id && what == field) {
                self.allowed += 1;
            } else {
                let count = self.count;
                self.differences.push(format!("message {count} {id} {field}\n  python {theirs}\n  ours   {ours}"));
            }
        }
        self.count += 1;
    }

    /// Fails unless all differences were listed.
    pub(crate) fn end(&self) {
        let differences = &self.differences;
        assert!(
            differences.is_empty(),
            "{} differences in {} messages:\n{}",
            differences.len(),
            self.count,
            differences.join("\n")
        );
        println!("{} messages read alike, {} differences as listed", self.count, self.allowed);
    }
}
