//! What a body says it is.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};
use transom_core::failure::Failure;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

/// Lets `application/json` pass, and types that end in `+json`, in UTF-8 or without a charset.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let refused = Failure::UnsupportedMediaType("The body must be `application/json` in UTF-8.");
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut pieces = text.split(';').map(|piece| piece.trim().to_ascii_lowercase());
    let essence = pieces.next().unwrap_or_default();
    let json = essence == "application/json" || essence.ends_with("+json");
    let mut charsets = pieces.filter_map(|piece| piece.strip_prefix("charset=").map(str::to_owned));
    let utf8 = charsets.all(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
    if json && utf8 { Ok(()) } else { Err(refused) }
}

/// How the body is packed; `None` when it is not. Names do not care about case (RFC 9110 section
/// 8.4.1).
pub(super) fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Failure> {
    if only(headers, &TRANSFER_ENCODING).is_some_and(|word| word != "chunked") {
        return Err(Failure::UnsupportedMediaType("The only transfer coding is chunked."));
    }
    match only(headers, &CONTENT_ENCODING).as_deref() {
        None | Some("identity") => Ok(None),
        Some("gzip" | "x-gzip") => Ok(Some(Coding::Gzip)),
        Some("br") => Ok(Some(Coding::Brotli)),
        Some("zstd") => Ok(Some(Coding::Zstd)),
        Some(_) => Err(Failure::UnsupportedMediaType(
            "The content coding must be one of gzip, br and zstd, used once.",
        )),
    }
}

/// All values of a header as one list, in small letters.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}
