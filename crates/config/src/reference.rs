//! `docs/reference/`: Markdown made from the declarations, so that it cannot be stale.

use std::fmt::Write as _;

use crate::{
    env,
    fleet::MERGE_ORDER,
    section,
    setting::{Absent, Arity, Declaration, Status},
    value::Raw,
};

const GENERATED: &str = "<!-- Generated from crates/config; do not edit. -->\n\n";

/// Every environment variable: name, type, default, key in `transom.yaml`, meaning.
pub fn environment() -> String {
    let mut page = format!(
        "{GENERATED}# Environment variables\n\n\
         A flag wins over a variable, a variable over `.env` in the working directory, `.env` over \
         `transom.yaml`. A blank variable counts as unset. A variable marked *later* is checked; \
         turning its function on is an error until that function exists.\n"
    );
    for section in section::all() {
        let rows = section.declarations.iter().filter_map(|declaration| {
            let name = declaration.meta.variable?;
            let key = declaration.meta.path;
            let common = common(declaration);
            Some(format!("| `{name}` | {common} | `{key}` | {} |", doc(declaration)))
        });
        table(&mut page, section.title, "Variable | Type | Default | Key | Meaning", rows);
    }
    let rows = env::INERT.iter().map(|inert| format!("| `{}` | {} |", inert.name, inert.reason));
    table(&mut page, "Known and without effect", "Variable | Reason", rows);
    page
}

/// Every key of `transom.yaml`: type, default, the flag and variable for the same, meaning.
pub fn config() -> String {
    let mut page = format!(
        "{GENERATED}# transom.yaml\n\n\
         Read from `--config FILE`, else from the working directory if it is there. Unknown keys \
         are errors. Keys are nested at their dots: `listen.port` is `port` below `listen`; `[]` \
         stands for a list: `backends[].name` is `name` of an entry of `backends`. Durations are written `300s`, `2m`, `250ms` or plain seconds; sizes `20MiB`, `64KiB` or \
         bytes; secrets `env:NAME`, `file:PATH` or the text itself.\n\n## Order of sources\n\n\
         {MERGE_ORDER}\n"
    );
    for section in section::all() {
        let rows = section.declarations.iter().map(|declaration| {
            let meta = &declaration.meta;
            let flag = meta.flag.map(|flag| format!("`--{}`", flag.name));
            let variable = meta.variable.map(|name| format!("`{name}`"));
            let also: Vec<_> = flag.into_iter().chain(variable).collect();
            let (common, also) = (common(declaration), also.join(", "));
            format!("| `{}` | {common} | {also} | {} |", meta.path, doc(declaration))
        });
        table(&mut page, section.title, "Key | Type | Default | Also | Meaning", rows);
    }
    page
}

/// Every flag of `transom serve`.
pub fn flags() -> String {
    let mut page = format!(
        "{GENERATED}# Flags of `transom serve`\n\n\
         `transom check`, `transom config show`, `transom config convert` and `transom gateway run` \
         take the same flags. Without a subcommand, flags are those of `serve`. `--config FILE` or \
         `--policy-config FILE`, which may be repeated, names a configuration file in any dialect. \
         `--listen HOST:PORT` sets address and port together. `--strict` refuses keys of other \
         dialects that are not honoured exactly; `--without-policies` loads a file whose policies \
         cannot be applied without them. What follows `--` is the model and the arguments of a vLLM \
         child.\n"
    );
    for section in section::all() {
        let rows = section.declarations.iter().filter_map(|declaration| {
            let flag = declaration.meta.flag?;
            let written = match flag.arity {
                Arity::One => format!("--{} {}", flag.name, flag.value),
                Arity::Many => format!("--{} {} …", flag.name, flag.value),
                Arity::Switch => format!("--{}", flag.name),
            };
            let variable = declaration.meta.variable.map(|name| format!("`{name}`"));
            let (common, variable) = (common(declaration), variable.unwrap_or_default());
            let alias = flag.alias.map(|alias| format!(", `--{alias}`")).unwrap_or_default();
            Some(format!("| `{written}`{alias} | {common} | {variable} | {} |", doc(declaration)))
        });
        table(&mut page, section.title, "Flag | Type | Default | Variable | Meaning", rows);
    }
    page
}

fn table(page: &mut String, title: &str, head: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let rule = "|---".repeat(head.split('|').count());
    let rows = rows.join("\n");
    // Writing to a `String` cannot fail.
    let _infallible = write!(page, "\n## {title}\n\n| {head} |\n{rule}|\n{rows}\n");
}

/// Type and default, two cells.
fn common(declaration: &Declaration) -> String {
    let default = match &declaration.default {
        Absent::Value(Raw::Scalar(text)) => format!("`{text}`"),
        Absent::Value(Raw::List(items)) if items.is_empty() => "none".to_owned(),
        Absent::Value(Raw::List(items)) => items.join(", "),
        Absent::Unset(text) => (*text).to_owned(),
    };
    format!("{} | {default}", declaration.form)
}

fn doc(declaration: &Declaration) -> String {
    match declaration.meta.status {
        Status::Honoured => declaration.meta.doc.to_owned(),
        Status::Later => format!("*Later.* {}", declaration.meta.doc),
    }
}

#[cfg(test)]
mod tests;
