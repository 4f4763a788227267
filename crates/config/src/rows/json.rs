//! A row as JSON.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{Draft, draft::Entry, section, value::Raw};

/// Writes the one model of `lists` and its servers.
pub(super) fn write(lists: &Draft) -> String {
    let declared: Vec<&'static str> = section::all()
        .into_iter()
        .flat_map(|section| section.declarations)
        .map(|declaration| declaration.meta.path)
        .collect();
    let object = |entry, prefix: &str| Object { declared: &declared, entry, prefix: prefix.into() };
    let backends = lists.entries("backends[]").iter().map(|entry| object(entry, "backends[]."));
    let row = Row {
        model: lists.entries("models[]").first().map(|entry| object(entry, "models[].")),
        backends: backends.collect(),
    };
    // Maps with text keys, lists and texts: there is nothing that JSON cannot hold.
    serde_json::to_string(&row).unwrap_or_default()
}

#[derive(Serialize)]
struct Row<'a> {
    model: Option<Object<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    backends: Vec<Object<'a>>,
}

/// One entry, with the lists in it.
struct Object<'a> {
    declared: &'a [&'static str],
    entry: &'a Entry,
    prefix: String,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut last = "";
        for path in self.declared {
            let Some(below) = path.strip_prefix(&*self.prefix) else { continue };
            if let Some((key, _)) = below.split_once("[]") {
                let prefix = format!("{}{key}[].", self.prefix);
                let entries = self.entry.draft.entries(prefix.trim_end_matches('.'));
                if key != last && !entries.is_empty() {
                    let object = |entry| Object { entry, prefix: prefix.clone(), ..*self };
                    map.serialize_entry(key, &entries.iter().map(object).collect::<Vec<_>>())?;
                }
                last = key;
                continue;
            }
            match self.entry.draft.best(path).map(|value| &value.raw) {
                Some(Raw::Scalar(text)) => map.serialize_entry(below, text)?,
                Some(Raw::List(items)) => map.serialize_entry(below, items)?,
                None => {}
            }
        }
        map.end()
    }
}
