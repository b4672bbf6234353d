//! `mapi check`: the integrity of every store of the profile.

use crate::args::CheckArguments;
use crate::context::Context;
use anyhow::Context as _;
use mapi_session::backend::Store;
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::expression::hexadecimal;
use serde_json::json;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let stores = context.store_files()?;
    let mut sound = true;
    for path in stores {
        let access = if arguments.repair { Access::Write } else { Access::Read };
        let store = SqliteStore::open(&path, access).with_context(|| format!("cannot open the store {}", path.display()))?;
        let report = store.check(arguments.repair)?;
        let left = report.findings.iter().filter(|finding| !finding.repaired).count();
        sound &= left == 0;
        if context.output.json {
            let findings: Vec<_> = report
                .findings
                .iter()
                .map(|finding| {
                    json!({
                        "object": finding.object.as_ref().map(|id| hexadecimal(id.as_bytes())),
                        "message": finding.message,
                        "repaired": finding.repaired,
                    })
                })
                .collect();
            context
                .output
                .object(&json!({ "store": path.display().to_string(), "objects": report.objects, "findings": findings }))?;
        } else {
            for finding in &report.findings {
                let mended = if finding.repaired { " (mended)" } else { "" };
                context.output.line(&format!("{}: {}{mended}", path.display(), finding.message))?;
            }
            let verdict = match (left, arguments.repair) {
                (0, _) => "sound".to_owned(),
                (left, false) => format!("{left} faults; run mapi check --repair, or restore it from a backup"),
                (left, true) => format!("{left} faults that cannot be mended; restore it from a backup"),
            };
            context.output.line(&format!("{}: {} objects, {verdict}", path.display(), report.objects))?;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
