//! The command where a service runs it: without terminal, home directory, environment or a person, as the scheduler
//! of a server starts it; and without a trace outside the data folder.

use crate::mailbox::{message, write_mbox};
use crate::running::{Answer, Data};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folders that a command may know of, beside its data folder.
struct Surroundings {
    home: PathBuf,
    temporary: PathBuf,
    current: PathBuf,
}

impl Surroundings {
    fn beside(data: &Data) -> Self {
        let [home, temporary, current] = ["home", "temporary", "current"].map(|name| {
            let folder = data.beside(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("there before"), name).unwrap();
            folder
        });
        Self { home, temporary, current }
    }

    /// Every file in them, with its contents.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for folder in [&self.home, &self.temporary, &self.current] {
            collect(folder, &mut found);
        }
        found
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            collect(&path, found);
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// A command that has nothing: its own session without a terminal, no input, an empty environment.
fn detached(data: &Data, current: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_mapi")).arg("--data").arg(data.path());
    command.env_clear().current_dir(current).stdin(Stdio::null());
    command
}

fn run<I: IntoIterator<Item: AsRef<OsStr>>>(command: &mut Command, arguments: I) -> Answer {
    Answer::of(&command.args(arguments).output().unwrap())
}

/// What a service does: a profile, mail taken in, looked at and written out, the state of everything.
fn a_days_work(data: &Data, command: impl Fn() -> Command) {
    let archive = data.beside("mail.mbox");
    write_mbox(&archive, [message(1), message(2)]);
    run(&mut command(), ["profile", "create", "Service", "--default"]).succeeds();
    run(&mut command(), [OsStr::new("import"), archive.as_os_str(), "--folder".as_ref(), "Archive".as_ref()]).succeeds();
    let shown = run(&mut command(), ["--json", "table", "Archive", "--columns", "subject", "--sort", "subject"]).succeeds();
    assert_eq!(shown.json().len(), 2, "{shown:?}");
    run(&mut command(), ["status"]).succeeds();
    run(&mut command(), ["check"]).succeeds();
    let target = data.beside("out.mbox");
    run(&mut command(), [OsStr::new("export"), "Archive".as_ref(), target.as_os_str()]).succeeds();
    assert!(target.metadata().unwrap().len() > 0);
}

#[test]
fn a_service_account_without_terminal_home_or_environment_logs_on_and_works() {
    let data = Data::bare();
    let nowhere = data.beside("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    a_days_work(&data, || detached(&data, &nowhere));
    assert_eq!(std::fs::read_dir(&nowhere).unwrap().count(), 0);
    // Where a person would be asked there is nobody: it says so and what to do, and does not wait.
    let smtp = ["service", "add", "smtp", "--server", "mail.example.org", "--user", "ada", "--from", "ada@example.org"];
    let answer = run(&mut detached(&data, &nowhere), smtp);
    assert_ne!(answer.status, Some(0), "{answer:?}");
    assert!(answer.stderr.contains("assword"), "{answer:?}");
}

#[test]
fn a_home_directory_that_does_not_exist_does_not_matter() {
    let data = Data::bare();
    let nowhere = data.beside("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    let homeless = || {
        let mut command = detached(&data, &nowhere);
        command.env("HOME", "/nonexistent").env("TMPDIR", "/nonexistent").env("XDG_DATA_HOME", "/nonexistent");
        command
    };
    a_days_work(&data, homeless);
}

#[test]
fn nothing_is_written_outside_the_data_folder() {
    let data = Data::bare();
    let around = Surroundings::beside(&data);
    let before = around.contents();
    let told = || {
        let mut command = detached(&data, &around.current);
        command.env("HOME", &around.home).env("TMPDIR", &around.temporary);
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env(name, around.home.join(name));
        }
        command
    };
    a_days_work(&data, told);
    assert_eq!(around.contents(), before);
}
