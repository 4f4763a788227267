use std::{path::PathBuf, time::Duration};

use super::*;

fn read<T: Value>(text: &str) -> Result<T, String> {
    T::parse(&Raw::Scalar(text.to_owned())).map_err(|invalid| {
        invalid.hint.map_or(invalid.message.clone(), |hint| format!("{} ({hint})", invalid.message))
    })
}

/// Every text that is accepted, and the text that `config show` writes for it.
fn written<T: Value>(text: &str) -> String {
    match read::<T>(text).map(|value| value.render()) {
        Ok(Some(Raw::Scalar(text))) => text,
        Ok(other) => format!("{other:?}"),
        Err(message) => message,
    }
}

#[test]
fn switches_take_the_spellings_of_the_reference_in_any_case() {
    for text in ["1", "true", "T", "yes", "Y", "ON", " on "] {
        assert_eq!(read::<bool>(text), Ok(true), "{text}");
    }
    for text in ["0", "False", "f", "NO", "n", "off"] {
        assert_eq!(read::<bool>(text), Ok(false), "{text}");
    }
    assert_eq!(
        read::<bool>("maybe"),
        Err("`maybe` is not true or false (write 1 true t yes y on, or 0 false f no n off)".into())
    );
}

#[test]
fn durations_have_units_or_are_seconds() {
    for (text, span) in [
        ("300s", Duration::from_mins(5)),
        ("2m", Duration::from_mins(2)),
        ("250ms", Duration::from_millis(250)),
        ("1h", Duration::from_hours(1)),
        ("0.25", Duration::from_millis(250)),
        ("5", Duration::from_secs(5)),
        ("0", Duration::ZERO),
    ] {
        assert_eq!(read::<Duration>(text), Ok(span), "{text}");
    }
    for text in ["", "-1", "5 days", "1e3", "s", "9999999999h", "nan", "inf"] {
        assert!(read::<Duration>(text).is_err(), "{text}");
    }
    assert_eq!(read::<Timeout>("0"), Err("must be longer than zero".into()));
}

#[test]
fn sizes_have_units_or_are_bytes() {
    for (text, bytes) in [
        ("20MiB", 20 << 20),
        ("64 kib", 64 << 10),
        ("1GiB", 1 << 30),
        ("10MB", 10_000_000),
        ("7", 7),
    ] {
        assert_eq!(read::<ByteSize>(text).map(ByteSize::get), Ok(bytes), "{text}");
    }
    for text in ["0", "-1", "1.5MiB", "20M", "MiB", "99999999999GiB", "65GiB"] {
        assert!(read::<ByteSize>(text).is_err(), "{text}");
    }
}

#[test]
fn an_upstream_url_ends_with_v1_and_has_no_trailing_slash() {
    for (text, base) in [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://llm.example/v1/", "https://llm.example/v1"),
        ("https://llm.example/tenant//", "https://llm.example/tenant/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ] {
        assert_eq!(written::<BaseUrl>(text), base, "{text}");
    }
    for (text, message) in [
        ("127.0.0.1:8000", "`127.0.0.1:8000` has no scheme (did you mean http://127.0.0.1:8000?)"),
        ("localhost:8000", "`localhost:8000` has no scheme (did you mean http://localhost:8000?)"),
        ("ftp://host", "`ftp://host` is neither http nor https (write it as http://host:port)"),
        (
            "http://host?a=1",
            "the URL has a query or a fragment (remove everything from `?` or `#` on)",
        ),
        (
            "http://host#a",
            "the URL has a query or a fragment (remove everything from `?` or `#` on)",
        ),
        (
            "http://user:canary@host",
            "the URL holds user information (remove the part before `@`; a key has its own setting)",
        ),
        ("http://", "`http://` is not a URL: empty host (write it as http://host:port)"),
        ("", "is blank, expected http or https URL"),
    ] {
        assert_eq!(written::<BaseUrl>(text), message, "{text}");
    }
}

#[test]
fn the_mcp_runtime_is_a_loopback_url_with_a_port_and_no_path() {
    for text in ["http://127.0.0.1:5981", "http://localhost:5981/", "http://127.0.0.1:80"] {
        assert!(read::<LoopbackUrl>(text).is_ok(), "{text}");
    }
    for text in [
        "https://127.0.0.1:5981",
        "http://127.0.0.1",
        "http://192.0.2.1:5981",
        "http://127.0.0.1:5981/mcp",
        "http://127.0.0.1:5981?x",
    ] {
        assert!(read::<LoopbackUrl>(text).is_err(), "{text}");
    }
}

#[test]
fn a_database_is_a_sqlite_file_in_any_of_its_spellings() {
    for (text, path) in [
        ("sqlite:///vllm_responses.db", "vllm_responses.db"),
        ("sqlite+aiosqlite:///state/a.db", "state/a.db"),
        ("sqlite:////var/lib/a.db", "/var/lib/a.db"),
        ("/var/lib/a.db", "/var/lib/a.db"),
    ] {
        assert_eq!(read::<Database>(text), Ok(Database::Sqlite(PathBuf::from(path))), "{text}");
    }
    assert_eq!(
        written::<Database>("postgresql+asyncpg://user:canary@db/x"),
        "PostgreSQL is not available yet (use sqlite:///vllm_responses.db)"
    );
    assert_eq!(
        written::<Database>("sqlite://a.db"),
        "a SQLite URL has three slashes before the file (did you mean sqlite:///a.db?)"
    );
    for text in ["sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://h/x", "sqlite:///a?b"] {
        assert!(read::<Database>(text).is_err(), "{text}");
    }
}

#[test]
fn only_addresses_of_this_machine_are_loopback() {
    for (text, loopback, url) in [
        ("127.0.0.1", true, "127.0.0.1"),
        ("127.8.8.8", true, "127.8.8.8"),
        ("::1", true, "[::1]"),
        ("[::1]", true, "[::1]"),
        ("localhost", true, "localhost"),
        ("0.0.0.0", false, "127.0.0.1"),
        ("::", false, "127.0.0.1"),
        ("192.0.2.7", false, "192.0.2.7"),
        ("gateway.example", false, "gateway.example"),
    ] {
        let host: BindHost = read(text).unwrap();
        assert_eq!((host.is_loopback(), host.for_url().as_str()), (loopback, url), "{text}");
    }
    for text in ["1.2.3", "host:80", "http://host", "a b"] {
        assert!(read::<BindHost>(text).is_err(), "{text}");
    }
}

#[test]
fn web_origins_are_spelled_as_browsers_send_them() {
    for (text, origin) in [
        ("*", "*"),
        ("https://App.Example/", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
    ] {
        assert_eq!(written::<WebOrigin>(text), origin);
    }
    assert!(read::<WebOrigin>("https://app.example/path").is_err());
}

#[test]
fn the_metrics_page_covers_no_route_of_the_api() {
    assert_eq!(written::<MetricsRoute>("/internal/metrics"), "/internal/metrics");
    for text in ["metrics", "/", "/health", "/readyz", "/v1", "/v1/models", "/a b", "/{x}"] {
        assert!(read::<MetricsRoute>(text).is_err(), "{text}");
    }
}

#[test]
fn a_single_value_may_stand_for_a_list_but_not_the_reverse() {
    let origins: Vec<WebOrigin> = read("*").unwrap();
    assert_eq!(origins, [WebOrigin::Any]);
    let list = Raw::List(vec!["1".into()]);
    assert_eq!(
        <Whole<1, 9> as Value>::parse(&list).map_err(|invalid| invalid.message),
        Err("expected one whole number from 1 to 9, not a list".into())
    );
}

#[test]
fn names_have_no_pattern_except_where_a_model_is_declared() {
    use transom_core::model::ModelName;
    assert_eq!(written::<Name>("org/model:1"), "org/model:1");
    assert!(read::<Name>("team/*").is_err());
    assert_eq!(written::<ModelName>("team/*"), "team/*");
    assert!(read::<ModelName>("*/*").is_err());
    for text in ["", "a\u{7}b", "n".repeat(257).as_str()] {
        assert!(read::<Name>(text).is_err() && read::<ModelName>(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_address_with_a_port_is_on_this_machine_unless_it_says_otherwise() {
    for (text, address) in [
        ("5970", "127.0.0.1:5970"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        ("[::1]:0", "[::1]:0"),
        ("admin.example:80", "admin.example:80"),
    ] {
        assert_eq!(written::<HostPort>(text), address);
    }
    for text in ["::1", "::1:80", "host", "host:", "host:65536", "a b:1"] {
        assert!(read::<HostPort>(text).is_err(), "{text}");
    }
}

#[test]
fn a_price_is_a_number_that_is_not_negative() {
    assert_eq!(written::<Amount>("2.5e-1"), "0.25");
    for text in ["-1", "nan", "inf", "free"] {
        assert!(read::<Amount>(text).is_err(), "{text}");
    }
}
