//! Addresses on the web.

use std::fmt;

use url::{Host, Url};

use crate::value::{Invalid, Scalar};

/// The base of an OpenAI-compatible API: `http` or `https`, ends with `/v1`, no trailing slash.
///
/// `/v1` is appended when it is missing (`vllm-responses.md` section 1.1). User information is
/// refused because it would end up in logs; the key has its own setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The parsed address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address without a trailing slash: append `/models` and the like.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Scalar for BaseUrl {
    fn form() -> String {
        "http or https URL".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let mut url = web_url(text)?;
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with("/v1") { path.to_owned() } else { format!("{path}/v1") };
        url.set_path(&path);
        Ok(Self(url))
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// Checks what every address of ours must fulfil. The text is repeated only when it cannot hold a
/// password.
fn web_url(text: &str) -> Result<Url, Invalid> {
    const HINT: &str = "write it as http://host:port";
    if text.contains('@') {
        return Err(Invalid::new("the URL holds user information")
            .hint("remove the part before `@`; a key has its own setting"));
    }
    let url = match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        _ if !text.contains("://") && Url::parse(&format!("http://{text}")).is_ok() => {
            return Err(Invalid::new(format!("`{text}` has no scheme"))
                .hint(format!("did you mean http://{text}?")));
        }
        Ok(_) => {
            return Err(Invalid::new(format!("`{text}` is neither http nor https")).hint(HINT));
        }
        Err(error) => {
            return Err(Invalid::new(format!("`{text}` is not a URL: {error}")).hint(HINT));
        }
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Invalid::new("the URL has a query or a fragment")
            .hint("remove everything from `?` or `#` on"));
    }
    Ok(url)
}

/// The address of the built-in MCP runtime: `http`, this machine, an explicit port, no path
/// (`vllm-responses.md` section 1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopbackUrl(Url);

impl Scalar for LoopbackUrl {
    fn form() -> String {
        "loopback URL with a port".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let url = web_url(text)?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        // `Url::port` forgets a port that is the scheme's own, hence the look at the text.
        let port = url.port().is_some() || text.trim_end_matches('/').ends_with(":80");
        if url.scheme() == "http" && local && port && matches!(url.path(), "" | "/") {
            return Ok(Self(url));
        }
        Err(Invalid::new(format!("`{text}` is not a loopback URL with a port"))
            .hint("write http://127.0.0.1:5981"))
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// An origin allowed to call from a browser: `scheme://host[:port]`, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebOrigin {
    /// `*`: every page. Credentials are never allowed together with it.
    Any,
    /// Exactly as browsers send it in `Origin` (RFC 6454 section 6.2).
    One(String),
}

impl WebOrigin {
    /// As it stands in `Origin`, or `*`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::One(origin) => origin,
        }
    }
}

impl Scalar for WebOrigin {
    fn form() -> String {
        "web origin".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let url = web_url(text)?;
        if !matches!(url.path(), "" | "/") || matches!(url.host(), None | Some(Host::Domain(""))) {
            return Err(Invalid::new(format!("`{text}` is not a web origin"))
                .hint("write scheme, host and port only, such as https://app.example"));
        }
        Ok(Self::One(url.origin().ascii_serialization()))
    }

    fn text(&self) -> Option<String> {
        Some(self.as_str().to_owned())
    }
}
