//! The server of a target: its address, its key, its certificate and how it is watched.

use super::reader::{Fate, Mapping, Reader, Setting, exact};
use crate::{Draft, Treatment, value::Raw};

/// What `base_url` is when it is not written (guide 002, "Provider Fields").
const USUAL_URL: &str = "http://localhost:8080/v1";

/// Everything but the name; `None` when the server could not be reached with it.
pub(super) fn read<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Option<Draft> {
    let mut draft = Draft::default();
    match reader.setting(mapping, "base_url", "backends[].url") {
        Some(url) => {
            said_url(reader, mapping, &url);
            url.put(&mut draft);
        }
        None if mapping.get("base_url").is_some() => {}
        None => {
            let at = reader.at(mapping.line, &format!("{}.base_url", mapping.path));
            let message =
                format!("is not written: {USUAL_URL} is used, while vLLM listens on 8000");
            reader.found.notice(at, message);
            draft.suggest("backends[].url", Raw::Scalar(USUAL_URL.to_owned()), "not written");
        }
    }
    let probe = mapping.get("health_probe").and_then(|field| {
        let word = if reader.value::<bool>(&field)? { "active" } else { "passive" };
        Some(Setting::new("backends[].probe", word, reader.place(&field)))
    });
    if let Some(probe) = probe {
        probe.put(&mut draft);
    } else {
        let reason = "a target without health_probe is not probed";
        draft.suggest("backends[].probe", Raw::Scalar("passive".to_owned()), reason);
    }
    if let Some(tls) = reader.setting(mapping, "allow_insecure_tls", "backends[].insecure_tls") {
        tls.put(&mut draft);
    }
    let key = key(reader, mapping);
    if let Key::Named(key) = &key {
        key.put(&mut draft);
    }
    let fits = bearer(reader, mapping).is_some() && !matches!(key, Key::OutOfReach);
    fits.then_some(draft)
}

fn said_url<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>, url: &Setting) {
    let Some(field) = mapping.get("base_url") else { return };
    if url.text().trim_end_matches('/').ends_with("/v1") {
        reader.say(&field, Treatment::Exact, "is `url` of the backend");
    } else {
        reader.say(&field, Treatment::Approximated, "lacks `/v1`, which is appended");
    }
}

/// Where the key of a server is.
enum Key {
    /// It needs none.
    None,
    /// There.
    Named(Setting),
    /// Where nothing is read.
    OutOfReach,
}

fn key<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Key {
    const KEYS: &[(&str, Fate)] = &[("env", exact("is `api_key: env:…`")), ("store", Fate::Read)];
    let Some(field) = mapping.get("secret_key_ref") else { return Key::None };
    let Some(reference) = reader.mapping(&field) else { return Key::OutOfReach };
    reader.survey(&reference, KEYS);
    let variable = reader.setting(&reference, "env", "backends[].api_key");
    let hint = "put the key into a variable and name it with `env`";
    match (variable, reference.get("store")) {
        (Some(variable), store) => {
            if let Some(store) = store {
                reader.say(&store, Treatment::Unsupported, "is not read: `env` is");
            }
            let reference = format!("env:{}", variable.text());
            Key::Named(Setting::new(variable.path, reference, variable.origin))
        }
        (None, Some(store)) => {
            let message = "is a store that cannot be read here: the target is left out";
            reader.advise(&store, Treatment::Unsupported, message, hint);
            Key::OutOfReach
        }
        (None, None) => {
            reader.problem(reader.place(&field), "names no variable", "write `env: NAME`");
            Key::OutOfReach
        }
    }
}

/// Keys are sent as `Authorization: Bearer …`; `None` when the server wants something else.
fn bearer<'a>(reader: &mut Reader<'a>, mapping: &Mapping<'a>) -> Option<()> {
    let mut fits = Some(());
    for (key, usual) in [("api_key_header", "authorization"), ("api_key_prefix", "bearer")] {
        let Some(field) = mapping.get(key) else { continue };
        if reader.value::<String>(&field).is_some_and(|word| word.eq_ignore_ascii_case(usual)) {
            reader.say(&field, Treatment::Exact, "is what is sent");
        } else {
            let message = "only `Authorization: Bearer` is sent: the target is left out";
            reader.say(&field, Treatment::Unsupported, message);
            fits = None;
        }
    }
    fits
}
