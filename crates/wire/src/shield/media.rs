//! Content parts that are not just text.

use transom_core::failure::Invalid;

use super::rules::look;
use super::{Mode, denied, invalid};
use crate::scan::View;

/// The part types that [`Mode::Strict`] knows.
const KNOWN: &[&str] =
    &["text", "refusal", "image_url", "input_audio", "audio_url", "video_url", "file"];

/// Members that hold a URL, or an object with one. vLLM takes them with or without a `type`.
const URLS: &[&str] = &["image_url", "audio_url", "video_url"];

/// Refuses tensors in place of media, and addresses that an engine must not open: with
/// [`Mode::On`] everything but `data:`, `http:` and `https:`, with [`Mode::Strict`] everything but
/// `data:`.
pub(super) fn check(param: &str, raw: &str, mode: Mode) -> Result<(), Invalid> {
    let View::Object(members) = look(param, raw)? else {
        return Ok(());
    };
    for member in &members {
        let name = &*member.name;
        let at = format!("{param}.{name}");
        if name.ends_with("_embeds") {
            return Err(denied(&at));
        }
        if name == "type" {
            check_type(&at, member.value, mode)?;
        } else if URLS.contains(&name) {
            check_source(&at, member.value, mode)?;
        }
    }
    Ok(())
}

fn check_type(param: &str, raw: &str, mode: Mode) -> Result<(), Invalid> {
    match look(param, raw)? {
        View::String(kind) if kind.ends_with("_embeds") => Err(denied(param)),
        View::String(kind) if mode == Mode::Strict && !KNOWN.contains(&&*kind) => {
            Err(invalid(param, &format!("must be one of {}", KNOWN.join(", "))))
        }
        _ => Ok(()),
    }
}

fn check_source(param: &str, raw: &str, mode: Mode) -> Result<(), Invalid> {
    match look(param, raw)? {
        View::String(url) => check_url(param, &url, mode),
        object @ View::Object(_) => {
            let param = format!("{param}.url");
            match object.get("url").map(|url| look(&param, url)).transpose()? {
                Some(View::String(url)) => check_url(&param, &url, mode),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

pub(super) fn check_url(param: &str, url: &str, mode: Mode) -> Result<(), Invalid> {
    let has_scheme =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    if has_scheme("data:") {
        return Ok(());
    }
    let remote = has_scheme("http://") || has_scheme("https://");
    // Parsers disagree about backslashes and blanks, and so about the host.
    let plain = !url.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control());
    match mode {
        Mode::Strict => Err(media_denied(param, "must be a data: URL")),
        _ if remote && plain => Ok(()),
        _ => Err(media_denied(param, "must be a data:, http: or https: URL")),
    }
}

fn media_denied(param: &str, problem: &str) -> Invalid {
    Invalid { code: "media_url_denied", ..invalid(param, problem) }
}
