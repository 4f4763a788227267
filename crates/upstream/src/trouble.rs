//! Why a call brought no answer, told apart as far as a remedy differs.

use std::io;
use std::time::Duration;

use hyper_util::client::legacy::Error as ClientError;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use transom_core::upstream_error::UpstreamError;

type AnyError = dyn std::error::Error + 'static;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The name has no address.
    #[error("{host:?} cannot be resolved: {detail}")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said.
        detail: String,
    },
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No connection within the limit.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// Another reason for having no connection: no route, too many open files.
    #[error("{0}")]
    Connect(String),
    /// Connected, but TLS failed.
    #[error("{0}")]
    Tls(TlsTrouble),
    /// Connected, but no answer within the limit.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// The connection ended without a whole answer.
    #[error("{0}")]
    Broken(String),
    /// What came is not HTTP.
    #[error("{0}")]
    Protocol(String),
}

/// Why TLS failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsTrouble {
    /// The certificate's time is over.
    #[error("its certificate has expired")]
    Expired,
    /// The certificate's time has not begun; often a wrong clock.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// The certificate is for other names.
    #[error("its certificate is for another name")]
    WrongName,
    /// Nobody that the gateway trusts has signed the certificate.
    #[error("its certificate is signed by an unknown authority")]
    UnknownIssuer,
    /// Another fault of the certificate.
    #[error("its certificate is not accepted: {0}")]
    Certificate(String),
    /// The server wants a certificate from the gateway, or another one.
    #[error("it refuses the gateway's client certificate, or the lack of one ({0})")]
    ClientCertificate(String),
    /// No version in common: TLS 1.2 and 1.3 are spoken.
    #[error("it speaks neither TLS 1.2 nor 1.3")]
    Version,
    /// What answers is not TLS.
    #[error("it does not speak TLS")]
    NotTls,
    /// No end of the handshake within the limit.
    #[error("no TLS handshake within {0:?}")]
    Timeout(Duration),
    /// Anything else.
    #[error("TLS failed: {0}")]
    Other(String),
}

impl Trouble {
    /// Reads what the HTTP client reports.
    pub(crate) fn of(error: &ClientError) -> Self {
        if let Some(known) = causes(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return known.clone();
        }
        // A server tells after the handshake that it misses the gateway's certificate (TLS 1.3).
        let tls = |cause: &AnyError| {
            let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
            inner.downcast_ref::<rustls::Error>().map(TlsTrouble::of)
        };
        if let Some(fault) = causes(error).find_map(tls) {
            return Self::Tls(fault);
        }
        let detail = with_causes(error);
        if error.is_connect() {
            return Self::Connect(detail);
        }
        let garbled = |cause: &AnyError| {
            cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
        };
        if causes(error).any(garbled) { Self::Protocol(detail) } else { Self::Broken(detail) }
    }

    /// Reads what opening a TCP connection within `limit` reports.
    pub(crate) fn of_tcp(error: &AnyError, limit: Duration) -> Self {
        if let Some(known) = causes(error).find_map(|cause| cause.downcast_ref::<Self>()) {
            return known.clone();
        }
        let kind = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
        match kind.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::ConnectTimeout(limit),
            _ => Self::Connect(with_causes(error)),
        }
    }

    /// Reads what a TLS handshake reports.
    pub(crate) fn of_tls(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        Self::Tls(inner.map_or_else(|| TlsTrouble::Other(error.to_string()), TlsTrouble::of))
    }
}

impl TlsTrouble {
    fn of(error: &rustls::Error) -> Self {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(fault) => Self::of_certificate(fault),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            )
            | Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::Version,
            Error::AlertReceived(
                alert @ (AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateExpired
                | AlertDescription::AccessDenied),
            ) => Self::ClientCertificate(format!("{alert:?}")),
            other => Self::Other(other.to_string()),
        }
    }

    fn of_certificate(fault: &CertificateError) -> Self {
        use CertificateError as Fault;
        match fault {
            Fault::Expired | Fault::ExpiredContext { .. } => Self::Expired,
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => Self::NotYetValid,
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => Self::WrongName,
            // Signed by an authority that has only its name in common with the one that is known.
            Fault::UnknownIssuer | Fault::BadSignature => Self::UnknownIssuer,
            other => Self::Certificate(other.to_string()),
        }
    }

    /// Whether only the operator can mend it, so that waiting does not help.
    pub(crate) fn is_lasting(&self) -> bool {
        !matches!(self, Self::Timeout(_) | Self::Other(_))
    }
}

impl From<Trouble> for UpstreamError {
    fn from(trouble: Trouble) -> Self {
        let detail = trouble.to_string();
        match trouble {
            Trouble::Dns { .. } | Trouble::Refused | Trouble::Connect(_) => {
                Self::Connect { detail }
            }
            Trouble::ConnectTimeout(limit) => Self::ConnectTimeout { limit },
            Trouble::Tls(_) => Self::Tls { detail },
            Trouble::Silent(limit) => Self::FirstByteTimeout { limit },
            Trouble::Broken(detail) => Self::Truncated { detail },
            Trouble::Protocol(detail) => Self::Protocol { detail },
        }
    }
}

fn causes(error: &AnyError) -> impl Iterator<Item = &AnyError> {
    std::iter::successors(Some(error), |error| error.source())
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Wrappers often repeat what they wrap.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
