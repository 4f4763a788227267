//! Servers: entries of `model_list` that reach the same one in the same way share it.

use url::Url;

use crate::{
    Draft, Origin,
    draft::{Entry, Sourced},
    value::{BaseUrl, Raw, Scalar as _},
};

const NAME: &str = "backends[].name";

/// How an entry reaches its server: its settings there, of which two are alike when the same is
/// written, wherever it stands.
#[derive(Default)]
pub(super) struct Reach {
    settings: Vec<(&'static str, Sourced)>,
}

impl Reach {
    /// Adds a setting.
    pub(super) fn with(&mut self, path: &'static str, value: Sourced) {
        self.settings.push((path, value));
    }

    fn like(&self, other: &Self) -> bool {
        let plain = |reach: &Self| -> Vec<(&'static str, Raw)> {
            reach.settings.iter().map(|(path, value)| (*path, value.raw.clone())).collect()
        };
        plain(self) == plain(other)
    }
}

/// The servers so far.
#[derive(Default)]
pub(super) struct Backends {
    known: Vec<(String, Origin, Reach)>,
}

impl Backends {
    /// The name of the server that is reached so: host and port of its address, with a number
    /// behind it when one address is reached in several ways.
    pub(super) fn share(&mut self, base: &BaseUrl, at: &Origin, reach: Reach) -> String {
        if let Some((name, ..)) = self.known.iter().find(|(.., known)| known.like(&reach)) {
            return name.clone();
        }
        let authority = authority(base.url());
        let taken = |name: &String| self.known.iter().any(|(known, ..)| known == name);
        let numbered = (2_usize..).map(|number| format!("{authority}-{number}"));
        let name = std::iter::once(authority.clone()).chain(numbered).find(|name| !taken(name));
        let name = name.unwrap_or(authority);
        self.known.push((name.clone(), at.clone(), reach));
        name
    }

    /// As entries of the list of servers.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> {
        self.known.into_iter().map(|(name, origin, reach)| {
            let mut draft = Draft::default();
            draft.put(NAME, Raw::Scalar(name), origin.clone());
            for (path, value) in reach.settings {
                draft.put(path, value.raw, value.origin);
            }
            Entry { origin, draft }
        })
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The address in its usual form, so that two spellings of it are one server.
pub(super) fn usual(base: &BaseUrl, origin: Origin) -> Sourced {
    Sourced { raw: Raw::Scalar(base.text().unwrap_or_default()), origin }
}
