//! The address a listener binds.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use crate::value::{Invalid, Scalar};

/// An IP address or a host name that is resolved when the listener binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindHost {
    /// An address.
    Ip(IpAddr),
    /// A name such as `localhost`.
    Name(String),
}

impl BindHost {
    /// 127.0.0.1.
    pub const LOOPBACK: Self = Self::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    /// 0.0.0.0.
    pub const EVERYWHERE: Self = Self::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// Whether only this machine can connect. Of the names only `localhost` counts: what any other
    /// name resolves to is not known here.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// The host to connect to from this machine: a wildcard becomes 127.0.0.1, an IPv6 address
    /// gets its brackets (`vllm-responses.md` section 1.1).
    pub fn for_url(&self) -> String {
        match self {
            Self::Ip(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            Self::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for BindHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Scalar for BindHost {
    fn form() -> String {
        "address or host name".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse() {
            return Ok(Self::Ip(ip));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if numeric || !text.bytes().all(plain) {
            return Err(Invalid::new(format!("`{text}` is not an address or a host name"))
                .hint("write the host alone, the port has its own setting"));
        }
        Ok(Self::Name(text.to_owned()))
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }
}
