//! The budget of a running plugin: counted at each call, and enforced by ending the plugin.

use crate::audit::{Audit, Event};
use crate::grants::Quota;
use mapi_session::clients::wasmtime::component::Val;
use mapi_session::clients::wasmtime::{self, ResourceLimiter, bail};
use mapi_session::clients::{Call, Client, Link};
use mapi_session::error::Failure;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The data of the store of a plugin.
#[derive(Debug)]
pub struct Guard {
    link: Link,
    quota: Quota,
    plugin: String,
    audit: Arc<Audit>,
    /// Why the plugin is ended.
    pub(crate) ended: Option<String>,
    pub(crate) calls: u64,
    pub(crate) rows: u64,
    pub(crate) submissions: u64,
    /// By function and outcome.
    counts: BTreeMap<(String, String), u64>,
}

impl Guard {
    pub(crate) fn new(link: Link, quota: Quota, plugin: String, audit: Arc<Audit>) -> Self {
        Self { link, quota, plugin, audit, ended: None, calls: 0, rows: 0, submissions: 0, counts: BTreeMap::new() }
    }

    fn exceed(&mut self, what: &'static str) -> wasmtime::Result<()> {
        self.refuse(exceeded(what))
    }

    fn refuse(&mut self, why: String) -> wasmtime::Result<()> {
        self.ended.get_or_insert(why);
        bail!("the plugin is ended")
    }

    fn count(&mut self, call: Call<'_>, outcome: &str) -> wasmtime::Result<()> {
        let count = self.counts.entry((call.function.to_owned(), outcome.to_owned())).or_default();
        *count += 1;
        if *count == 1 && outcome != OK {
            self.audit.write(&Event::Failed { plugin: &self.plugin, call: call.function, outcome })?;
        }
        Ok(())
    }

    /// Writes down how often what happened, and how it ended.
    pub(crate) fn end(&self, outcome: &str, logged_off: bool) -> std::io::Result<()> {
        for ((call, outcome), count) in &self.counts {
            self.audit.write(&Event::Calls { plugin: &self.plugin, call, outcome, count: *count })?;
        }
        self.audit.write(&Event::Ended {
            plugin: &self.plugin,
            outcome,
            logged_off,
            calls: self.calls,
            rows: self.rows,
            submissions: self.submissions,
            handles: self.link.handles(),
        })
    }
}

const OK: &str = "ok";

/// What gives sections of the profile, of which those of transports hold credentials, to whoever asks for them by tag.
const SECTIONS: [&str; 2] = [".admin-services", ".open-profile-section"];

/// Why a plugin is ended that wants too much.
pub(crate) fn exceeded(what: &str) -> String {
    format!("quota of {what} exceeded")
}

impl Client for Guard {
    fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    fn before(&mut self, call: Call<'_>) -> wasmtime::Result<()> {
        self.calls += 1;
        if self.calls > self.quota.calls {
            return self.exceed("calls");
        }
        if SECTIONS.iter().any(|name| call.function.ends_with(name)) {
            return self.refuse("not granted: the sections of the profile".to_owned());
        }
        // The session refuses further calls at that number, but tells no one that it was the plugin's own.
        if self.link.handles() >= self.quota.handles as usize {
            return self.exceed("handles");
        }
        if call.function == "[method]message.submit-message" {
            if self.submissions == self.quota.submissions {
                return self.exceed("submissions");
            }
            self.submissions += 1;
        }
        Ok(())
    }

    fn after(&mut self, call: Call<'_>, answer: Result<&[Val], &Failure>) -> wasmtime::Result<()> {
        match answer {
            Err(failure) => {
                let code = failure.code().name().unwrap_or("an unnamed code").to_owned();
                self.count(call, &code)
            }
            Ok(values) => {
                self.count(call, &outcome(values.first()))?;
                self.rows = self.rows.saturating_add(rows(call.function, values.first()));
                if self.rows > self.quota.rows { self.exceed("rows") } else { Ok(()) }
            }
        }
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired <= self.quota.memory_mib << 20 {
            return Ok(true);
        }
        self.ended.get_or_insert_with(|| exceeded("memory"));
        Ok(false)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        /// Functions a plugin may hold in a table.
        const MOST: usize = 20_000;
        Ok(desired <= MOST)
    }

    // What one component needs. All plugins and sessions take theirs from one pool.

    fn instances(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        8
    }
}

fn field<'a>(value: &'a Val, name: &str) -> Option<&'a Val> {
    let Val::Record(fields) = value else { return None };
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

/// `ok`, or the name of the code.
fn outcome(value: Option<&Val>) -> String {
    let Some(Val::Result(Err(Some(error)))) = value else { return OK.to_owned() };
    // A failed logon says more than its failure.
    let failure = field(error, "failure").unwrap_or(error);
    match field(failure, "code").and_then(|code| field(code, "code")) {
        Some(Val::Enum(name)) => name.to_ascii_uppercase().replace('-', "_"),
        _ => "an unnamed code".to_owned(),
    }
}

/// How many rows an answer holds.
fn rows(function: &str, value: Option<&Val>) -> u64 {
    let Some(Val::Result(Ok(Some(answer)))) = value else { return 0 };
    let listed = |value: Option<&Val>| match value {
        Some(Val::List(rows)) => rows.len() as u64,
        _ => 0,
    };
    match function {
        "[method]table.query-rows" => listed(Some(answer)),
        "[method]table.expand-row" => listed(field(answer, "rows")),
        "[method]table.query-rows-columnar" => match field(answer, "rows") {
            Some(Val::U32(rows)) => u64::from(*rows),
            _ => 0,
        },
        _ => 0,
    }
}
