//! `mapi backup` and `mapi restore`: the data folder as a whole.

use crate::context::Context;
use mapi_session::backends::data_folder;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn backup(context: &Context, target: &Path) -> anyhow::Result<ExitCode> {
    let files = data_folder::backup(&context.data, target)?;
    if context.output.json {
        context.output.object(&json!({ "backup": target.display().to_string(), "files": files }))?;
    } else {
        context.output.line(&format!("{} backed up to {}: {files} files", context.data.display(), target.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(context: &Context, source: &Path) -> anyhow::Result<ExitCode> {
    let former = data_folder::restore(&context.data, source)?;
    let kept = former.as_deref().map(|former| former.display().to_string());
    if context.output.json {
        context.output.object(&json!({ "restored": context.data.display().to_string(), "former": kept }))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.line(&format!("{} restored from {}", context.data.display(), source.display()))?;
    if let Some(kept) = kept {
        context.output.line(&format!("the former folder is kept as {kept}; delete it when nothing in it is needed"))?;
    }
    Ok(ExitCode::SUCCESS)
}
