//! Joins what a row says with what a write says. Fields are exchanged whole; what is in them is the
//! configuration's business.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

type Fields = IndexMap<String, Box<RawValue>>;

/// A row: one model and the servers that it brings along.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    model: Fields,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    backends: Vec<Fields>,
}

const DEPLOYMENTS: &str = "deployments";
const KEY: &str = "api_key";
const ID: &str = "id";
const NAME: &str = "name";
const BACKEND: &str = "backend";

/// The name of the row's model; empty when it has none.
pub(super) fn name(row: &str) -> serde_json::Result<String> {
    let row: Row = serde_json::from_str(row)?;
    Ok(text(&row.model, NAME).unwrap_or_default())
}

/// The row whose deployments without an id have this one.
pub(super) fn with_id(row: &str, id: &str) -> serde_json::Result<String> {
    let mut row: Row = serde_json::from_str(row)?;
    let mut all = deployments(&row)?;
    for deployment in all.iter_mut().filter(|deployment| text(deployment, ID).is_none()) {
        deployment.insert(ID.to_owned(), as_json(id)?);
    }
    set_deployments(&mut row, &all)?;
    serde_json::to_string(&row)
}

/// The row with servers of its own: what a file says of the same address does not meet them.
pub(super) fn with_own_servers(row: &str) -> serde_json::Result<String> {
    let mut row: Row = serde_json::from_str(row)?;
    let model = text(&row.model, NAME).unwrap_or_default();
    let own = |name: &str| as_json(&format!("{model}@{name}"));
    let mut all = deployments(&row)?;
    for server in &mut row.backends {
        let Some(name) = text(server, NAME) else { continue };
        server.insert(NAME.to_owned(), own(&name)?);
        for deployment in &mut all {
            if text(deployment, BACKEND).as_ref() == Some(&name) {
                deployment.insert(BACKEND.to_owned(), own(&name)?);
            }
        }
    }
    set_deployments(&mut row, &all)?;
    serde_json::to_string(&row)
}

/// The row with the fields of `change` in the place of its own: `null` takes a field out. Servers
/// of the same name are exchanged, others join.
pub(super) fn update(row: &str, change: &str) -> serde_json::Result<String> {
    let (mut row, change): (Row, Row) = (serde_json::from_str(row)?, serde_json::from_str(change)?);
    for (field, value) in change.model {
        if value.get() == "null" {
            row.model.shift_remove(&field);
        } else {
            row.model.insert(field, value);
        }
    }
    take_servers(&mut row, change.backends);
    serde_json::to_string(&row)
}

/// What becomes of a deployment that has the id of a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The new one takes its place.
    Exchanged,
    /// What the new one does not say stays, at its server too.
    Amended,
}

/// The row with the deployments of `other` behind its own; what becomes of one of the same id is
/// told by `known`. Servers that nobody uses any more leave.
pub(super) fn join(row: &str, other: &str, known: Known) -> serde_json::Result<String> {
    let (mut row, other): (Row, Row) = (serde_json::from_str(row)?, serde_json::from_str(other)?);
    let mut all = deployments(&row)?;
    for new in deployments(&other)? {
        let id = text(&new, ID);
        let same = |old: &Fields| id.is_some() && text(old, ID) == id;
        let at = all.iter().position(same);
        let old = at.map(|at| all.remove(at));
        let amended = old.filter(|_| known == Known::Amended);
        let server = server_of(&other, &new).cloned();
        let before = amended.as_ref().and_then(|old| server_of(&row, old)).cloned();
        let mut deployment = amended.unwrap_or_default();
        deployment.extend(new);
        if let Some(server) = server {
            let mut whole = before.unwrap_or_default();
            whole.extend(server);
            let name = lodge(&mut row, &all, whole)?;
            deployment.insert(BACKEND.to_owned(), as_json(&name)?);
        }
        all.insert(at.unwrap_or(all.len()), deployment);
    }
    // What an entry says of its model as a whole.
    row.model.extend(other.model.into_iter().filter(|(field, _)| field != DEPLOYMENTS));
    keep_used(&mut row, &all);
    set_deployments(&mut row, &all)?;
    serde_json::to_string(&row)
}

/// Puts a server into the row and gives its name there. One of its name that others use and that is
/// reached in another way stays as it is: the new one gets a number.
fn lodge(row: &mut Row, others: &[Fields], mut server: Fields) -> serde_json::Result<String> {
    let plain = text(&server, NAME).unwrap_or_default();
    let numbered = (2_u32..).map(|number| format!("{plain}-{number}"));
    for name in std::iter::once(plain.clone()).chain(numbered) {
        server.insert(NAME.to_owned(), as_json(&name)?);
        let used = others.iter().any(|other| text(other, BACKEND).as_ref() == Some(&name));
        let there = row.backends.iter_mut().find(|old| text(old, NAME).as_ref() == Some(&name));
        match there {
            Some(old) if used && !is_like(old, &server) => continue,
            Some(old) => *old = server,
            None => row.backends.push(server),
        }
        return Ok(name);
    }
    Ok(plain)
}

fn is_like(one: &Fields, other: &Fields) -> bool {
    let same =
        |field: &str| one.get(field).map(|it| it.get()) == other.get(field).map(|it| it.get());
    one.len() == other.len() && one.keys().all(|field| same(field))
}

/// The server of a deployment, where the row brings it along.
fn server_of<'a>(row: &'a Row, deployment: &Fields) -> Option<&'a Fields> {
    let name = text(deployment, BACKEND)?;
    row.backends.iter().find(|server| text(server, NAME).as_ref() == Some(&name))
}

fn keep_used(row: &mut Row, all: &[Fields]) {
    let used: Vec<_> = all.iter().filter_map(|deployment| text(deployment, BACKEND)).collect();
    row.backends.retain(|server| text(server, NAME).is_some_and(|name| used.contains(&name)));
}

/// The row without the deployment `id`; `None` when no other is left.
pub(super) fn without(row: &str, id: &str) -> serde_json::Result<Option<String>> {
    let mut row: Row = serde_json::from_str(row)?;
    let mut all = deployments(&row)?;
    all.retain(|deployment| text(deployment, ID).as_deref() != Some(id));
    if all.is_empty() {
        return Ok(None);
    }
    keep_used(&mut row, &all);
    set_deployments(&mut row, &all)?;
    serde_json::to_string(&row).map(Some)
}

/// A key is never shown, so a server that was read and is written back comes without: it keeps the
/// one it has. `null` takes the key out.
fn take_servers(row: &mut Row, servers: Vec<Fields>) {
    for mut server in servers {
        let name = text(&server, NAME);
        match row.backends.iter_mut().find(|old| text(old, NAME) == name) {
            Some(old) => {
                let kept = old.shift_remove(KEY).filter(|_| !server.contains_key(KEY));
                server.extend(kept.map(|key| (KEY.to_owned(), key)));
                server.retain(|_, value| value.get() != "null");
                *old = server;
            }
            None => row.backends.push(server),
        }
    }
}

fn deployments(row: &Row) -> serde_json::Result<Vec<Fields>> {
    row.model.get(DEPLOYMENTS).map_or(Ok(Vec::new()), |list| serde_json::from_str(list.get()))
}

fn set_deployments(row: &mut Row, all: &[Fields]) -> serde_json::Result<()> {
    let list = RawValue::from_string(serde_json::to_string(all)?)?;
    row.model.insert(DEPLOYMENTS.to_owned(), list);
    Ok(())
}

fn as_json(text: &str) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(serde_json::to_string(text)?)
}

/// A field that is a text.
fn text(fields: &Fields, name: &str) -> Option<String> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

#[cfg(test)]
mod tests;
