//! An address with its port.

use std::fmt;

use crate::value::{BindHost, Invalid, Scalar};

/// Where a listener listens: `HOST:PORT`, or a port on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The address.
    pub host: BindHost,
    /// The port; 0 lets the system choose.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            BindHost::Ip(ip) if ip.is_ipv6() => write!(f, "[{ip}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

impl Scalar for HostPort {
    fn form() -> String {
        "HOST:PORT or port".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let bare = host.starts_with('[') || !host.contains(':');
        let Some(port) = port.parse().ok().filter(|_| bare) else {
            return Err(Invalid::new(format!("`{text}` is not an address with a port"))
                .hint("write 127.0.0.1:5970 or [::1]:5970"));
        };
        let host = if host.is_empty() { BindHost::LOOPBACK } else { BindHost::read(host)? };
        Ok(Self { host, port })
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }
}
