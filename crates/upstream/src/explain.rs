//! What to tell an operator whose model server does not answer.
//!
//! Sentences say what was seen, what it usually means, and what to do, in this order. They go into
//! the log, into the reason of a state, and to `transom check --online`. No IO.

use http::StatusCode;

use crate::base::Base;
use crate::trouble::{TlsTrouble, Trouble};

mod surroundings;

pub use surroundings::Surroundings;

/// Where a server is said to be, and from where it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The server's base.
    pub base: &'a Base,
    /// What the gateway runs in.
    pub surroundings: Surroundings,
}

/// What vLLM's log says when it serves.
const VLLM_IS_UP: &str = "its log says `Application startup complete` when it serves";

/// Why there is no answer, and what to do.
pub fn trouble(trouble: &Trouble, place: Place<'_>) -> String {
    let at = place.base.authority();
    match trouble {
        Trouble::Refused => refused(place),
        Trouble::Dns { host, detail } => format!(
            "the name {host:?} cannot be resolved ({detail}): check how it is spelled, and whether \
             the gateway can know it (in a container: a shared network, DNS, or `extra_hosts`)"
        ),
        Trouble::ConnectTimeout(limit) => format!(
            "no connection to {at} within {limit:?}: the machine is off, its address is wrong, or \
             a firewall drops the packets"
        ),
        Trouble::Connect(detail) => format!("no connection to {at}: {detail}"),
        Trouble::Silent(limit) => format!(
            "{at} accepts connections but did not answer within {limit:?}: vLLM is loading its \
             weights or compiling its kernels, or is stuck; for compiling it needs `ninja` on its \
             PATH and a writable HOME; {VLLM_IS_UP}"
        ),
        Trouble::Broken(detail) => format!(
            "{at} closed the connection without an answer ({detail}): it is starting or stopping, \
             or something else listens there"
        ),
        Trouble::Protocol(detail) => format!(
            "what {at} answers is not HTTP ({detail}): something else listens there, or it wants \
             https"
        ),
        Trouble::Tls(fault) => tls(fault, place.base),
    }
}

fn refused(place: Place<'_>) -> String {
    let (at, port) = (place.base.authority(), place.base.port());
    let remedy = place.surroundings.remedy_for_loopback(port);
    if let Some(remedy) = remedy.filter(|_| place.base.is_loopback()) {
        return format!("nothing listens on {at} (connection refused): {remedy}");
    }
    format!(
        "nothing listens on {at} (connection refused): vLLM opens its port only after it has \
         loaded its weights and compiled its kernels, which takes minutes after its process has \
         started; {VLLM_IS_UP}; if it runs elsewhere, correct the url"
    )
}

fn tls(fault: &TlsTrouble, base: &Base) -> String {
    let (at, host) = (base.authority(), base.host());
    let remedy = match fault {
        TlsTrouble::Expired => "renew it on the server",
        TlsTrouble::NotYetValid => "compare the clocks of the two machines",
        TlsTrouble::WrongName => {
            return format!(
                "TLS with {at}: {fault}: it must name {host:?}; use the name that it holds in the \
                 url, or have one issued for this one"
            );
        }
        TlsTrouble::UnknownIssuer => {
            "give the PEM file of that authority as `ca` of the backend (for a self-signed \
             certificate, the certificate itself)"
        }
        TlsTrouble::ClientCertificate(_) => {
            "give a certificate that it trusts as `client_certificate` and `client_key`"
        }
        TlsTrouble::NotTls => "use http:// in the url, or the port on which it speaks TLS",
        TlsTrouble::Version => "update the server, or the proxy in front of it",
        TlsTrouble::Timeout(_) => "it is overloaded, or what listens there does not speak TLS",
        TlsTrouble::Certificate(_) | TlsTrouble::Other(_) => {
            "see its log, and look at what it shows with `openssl s_client`"
        }
    };
    format!("TLS with {at}: {fault}: {remedy}")
}

/// What a status means that is no list of models; `page` is the path that was asked for.
pub fn status(status: StatusCode, page: &str) -> String {
    let answered = format!("GET {page} answered {status}");
    match status.as_u16() {
        401 | 403 => refused_key(status),
        404 | 405 => format!(
            "{answered}: the url must be the base of an OpenAI-style API, which with vLLM ends in \
             /v1"
        ),
        300..=399 => format!(
            "{answered}: redirects are not followed, so that the key reaches nobody else; give the \
             final address as the url"
        ),
        503 => format!("{answered}: it is loading its model, or its engine has stopped"),
        _ => answered,
    }
}

/// What to say of an answer 200 that is no list of models.
pub(crate) fn no_list(page: &str) -> String {
    format!(
        "GET {page} answered 200, but not with a list of models: something else answers there, or \
         the url is not the base of its API"
    )
}

/// What to do about a server that has no `/v1/responses` of its own and is to be asked there.
pub(crate) fn no_responses(authority: &str) -> String {
    format!(
        "{authority} says that it has no /v1/responses, to which `api_kind: responses` sends turns: \
         leave out `api_kind` (and `--upstream-api-kind`), which has them sent to its chat \
         completions, or update the server"
    )
}

/// What to do about a refused key.
pub fn refused_key(status: StatusCode) -> String {
    format!(
        "the model server answered {status}: set VR_OPENAI_API_KEY, or `api_key` of the backend, \
         to the key it expects"
    )
}

#[cfg(test)]
mod tests;
