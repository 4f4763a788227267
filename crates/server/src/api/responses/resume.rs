//! Reads the query of a stored response: its object, or its events once more.

use transom_core::failure::Failure;
use transom_wire::responses::request::check_include;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The object.
    Object,
    /// The events, and those that follow.
    Events {
        /// Begin behind the one with this number.
        after: Option<u64>,
    },
}

/// Reads a query string. Unknown parameters are ignored: programs may add their own. What `include`
/// could add is always there, and events are as they were written, with or without padding.
pub(super) fn parse(query: &str) -> Result<Wanted, Failure> {
    let (mut stream, mut after) = (false, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "stream" => stream = flag("stream", &value)?,
            "include_obfuscation" => drop(flag("include_obfuscation", &value)?),
            "starting_after" => after = Some(number(&value)?),
            "include" | "include[]" => check_include(&value)?,
            _ => {}
        }
    }
    match (stream, after) {
        (true, after) => Ok(Wanted::Events { after }),
        (false, None) => Ok(Wanted::Object),
        (false, Some(_)) => {
            let message = "`starting_after` is for streams: send `stream=true` with it.".to_owned();
            Err(Failure::invalid("starting_after", "invalid_value", message))
        }
    }
}

fn flag(name: &'static str, value: &str) -> Result<bool, Failure> {
    match value {
        "true" | "True" => Ok(true),
        "false" | "False" => Ok(false),
        _ => {
            let message = format!("`{name}` must be `true` or `false`.");
            Err(Failure::invalid(name, "invalid_value", message))
        }
    }
}

fn number(value: &str) -> Result<u64, Failure> {
    value.parse().map_err(|_| {
        let message = "`starting_after` must be the `sequence_number` of an event.".to_owned();
        Failure::invalid("starting_after", "invalid_value", message)
    })
}

#[cfg(test)]
mod tests {
    use super::{Wanted, parse};

    #[test]
    fn a_query_asks_for_the_object_or_for_events() {
        let cases = [
            ("", Wanted::Object),
            ("stream=false&include=reasoning.encrypted_content", Wanted::Object),
            ("stream=true", Wanted::Events { after: None }),
            ("stream=true&starting_after=7", Wanted::Events { after: Some(7) }),
            ("starting_after=0&stream=true&other=1", Wanted::Events { after: Some(0) }),
        ];
        for (query, expected) in cases {
            assert_eq!(parse(query).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn a_wrong_query_names_the_parameter() {
        let cases = [
            ("stream=yes", "stream"),
            ("stream=", "stream"),
            ("starting_after=1", "starting_after"),
            ("stream=false&starting_after=1", "starting_after"),
            ("stream=true&starting_after=-1", "starting_after"),
            ("stream=true&starting_after=x", "starting_after"),
            ("include=everything", "include"),
            ("include_obfuscation=2", "include_obfuscation"),
        ];
        for (query, param) in cases {
            let refused = parse(query).unwrap_err().public();
            assert_eq!((refused.status.as_u16(), refused.param.as_deref()), (400, Some(param)));
        }
    }
}
