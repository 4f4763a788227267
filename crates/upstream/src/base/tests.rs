use super::*;

#[test]
fn routes_are_joined_to_any_prefix_and_a_probe_s_pages_lie_beside_it() {
    for (base, models, health) in [
        ("http://h:1/v1", "http://h:1/v1/models", "http://h:1/health"),
        ("https://h/team/v1/", "https://h/team/v1/models", "https://h/team/health"),
        ("http://h:1", "http://h:1/models", "http://h:1/health"),
    ] {
        let base = Base::parse(base).unwrap();
        assert_eq!(base.uri(Route::Models).to_string(), models);
        assert_eq!(base.page(Page::Models).to_string(), models);
        assert_eq!(base.page(Page::Health).to_string(), health);
        let routes = health.replace("health", "openapi.json");
        assert_eq!(base.page(Page::OpenApi).to_string(), routes);
        assert_eq!(base.page(Page::Route(Route::Responses)), base.uri(Route::Responses));
    }
    let base = Base::parse("http://h:1/v1").unwrap();
    let mut paths: Vec<_> = Route::ALL.map(|route| base.uri(route).path().to_owned()).into();
    let names =
        ["chat/completions", "responses", "completions", "embeddings", "rerank", "score", "models"];
    // Those that vLLM and llama.cpp have beside the API, at the root.
    let beside = paths.split_off(names.len());
    assert_eq!(paths, names.map(|name| format!("/v1/{name}")));
    assert_eq!(beside, ["/tokenize", "/apply-template"]);
    let base = Base::parse("https://h/team/v1").unwrap();
    assert_eq!(base.uri(Route::Tokenize).to_string(), "https://h/team/tokenize");
}

#[test]
fn what_is_not_a_base_is_refused_by_its_fault() {
    assert!(matches!(Base::parse("/v1"), Err(BaseError::NotAbsolute)));
    assert!(matches!(Base::parse("ftp://h/v1"), Err(BaseError::NotAbsolute)));
    assert!(matches!(Base::parse("http://a b/v1"), Err(BaseError::Invalid(_))));
    assert!(matches!(Base::parse("http://me:secret@h/v1"), Err(BaseError::Credentials)));
}

#[test]
fn the_own_machine_is_known_by_any_of_its_names() {
    let at = |host: &str| Base::parse(&format!("http://{host}:8000/v1")).unwrap().is_loopback();
    for host in ["localhost", "LOCALHOST", "vllm.localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
        assert!(at(host), "{host}");
    }
    for host in ["llm-backend-01", "10.0.0.1", "172.17.0.1", "localhost.example.org"] {
        assert!(!at(host), "{host}");
    }
    assert_eq!(Base::parse("https://h/v1").unwrap().port(), 443);
    assert_eq!(Base::parse("http://[::1]:9/v1").unwrap().host(), "::1");
}
