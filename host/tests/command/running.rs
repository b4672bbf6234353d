//! Running the command in a data folder of its own, and what must hold of every answer.

use serde_json::Value as Json;
use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

/// A data folder that goes with the test.
pub(crate) struct Data {
    folder: tempfile::TempDir,
}

impl Data {
    /// Without a profile.
    pub(crate) fn bare() -> Self {
        let data = Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() };
        give_component(&data.path());
        data
    }

    /// With a default profile.
    pub(crate) fn new() -> Self {
        let data = Self::bare();
        data.run(["profile", "create", "Me", "--default"]).succeeds();
        data
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Answer {
        run_in(&self.path(), arguments)
    }

    /// Imports an archive into a folder; the report.
    pub(crate) fn import(&self, archive: &Path, folder: &str) -> Json {
        self.run([OsStr::new("--json"), "import".as_ref(), "--folder".as_ref(), folder.as_ref(), archive.as_ref()])
            .succeeds()
            .json()
            .remove(0)
    }

    /// Starts the import of an archive into the inbox.
    pub(crate) fn start_import(&self, archive: &Path) -> Child {
        command(&self.path()).arg("import").arg(archive).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// One column of a folder, a text for each row.
    pub(crate) fn column(&self, folder: &str, column: &str) -> Vec<String> {
        let text = |row: Json| {
            let (_, value) = row.as_object().unwrap().iter().next().expect("every row has the column");
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        self.run(["--json", "table", folder, "--columns", column, "-n", "1000000"])
            .succeeds()
            .json()
            .into_iter()
            .map(text)
            .collect()
    }

    pub(crate) fn count(&self, folder: &str) -> u64 {
        self.run(["--json", "table", folder, "--count"]).succeeds().json()[0]["count"].as_u64().unwrap()
    }

    /// The only store file.
    pub(crate) fn store_file(&self) -> PathBuf {
        let stores = std::fs::read_dir(self.path().join("stores")).unwrap().map(|entry| entry.unwrap().path());
        let mut stores: Vec<_> = stores.filter(|path| path.extension() == Some(OsStr::new("mapi"))).collect();
        assert_eq!(stores.len(), 1);
        stores.remove(0)
    }
}

/// Runs the command with that data folder.
pub(crate) fn run_in<I: IntoIterator<Item: AsRef<OsStr>>>(data: &Path, arguments: I) -> Answer {
    let mut command = command(data);
    command.args(arguments);
    Answer::of(&command.output().unwrap())
}

pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mapi"));
    command.env_remove("MAPI_DATA").env_remove("MAPI_LOG").env("RUST_BACKTRACE", "1").arg("--data").arg(data);
    command
}

/// Puts the compiled component into a data folder: compiling it anew for each would take longer than the tests.
pub(crate) fn give_component(data: &Path) {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-component");
        run_in(&folder, ["profile", "list"]).succeeds();
        folder.join("cache")
    });
    let cache = data.join("cache");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&cache).unwrap();
    for file in std::fs::read_dir(compiled).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), cache.join(file.file_name())).unwrap();
    }
}

/// What the command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8"),
        }
    }

    /// It did what was asked.
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.status, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// It refused with exit status 1 and a sentence that has all these parts: neither a trap nor a panic.
    pub(crate) fn refuses(self, parts: &[&str]) -> Self {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.starts_with("mapi: "), "no sentence: {}", self.stderr);
        assert!(self.stderr.chars().count() < 1_200, "too long to be read: {}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in: {}", self.stderr);
        }
        self.without_crash()
    }

    pub(crate) fn without_crash(self) -> Self {
        let said = self.stderr.to_lowercase();
        for word in ["panic", "backtrace", "wasm", "trap", "unreachable", "overflow", "stack"] {
            assert!(!said.contains(word), "{word:?} in: {}", self.stderr);
        }
        self
    }

    /// The objects printed, one a line.
    pub(crate) fn json(&self) -> Vec<Json> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
