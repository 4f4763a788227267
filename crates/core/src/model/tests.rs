use super::*;

#[test]
fn a_pattern_passes_on_what_its_star_matched() {
    let pattern = ModelName::parse("team/*-chat").unwrap();
    let asked: Arc<str> = Arc::from("team/qwen-chat");
    let matched = pattern.matched(&asked).unwrap();
    assert_eq!(matched, "qwen");
    let upstream = UpstreamName::Named(Arc::from("org/*"));
    assert_eq!(&*upstream.resolve(&asked, matched), "org/qwen");
    let back = upstream.asked_for(&Arc::from("org/qwen"), &pattern);
    assert_eq!(back.as_deref(), Some("team/qwen-chat"));
    assert_eq!(upstream.asked_for(&Arc::from("other/qwen"), &pattern), None);
    assert_eq!(pattern.matched("team/qwen"), None);
    // The two ends of a pattern must not share letters of the name.
    assert_eq!(ModelName::parse("ab*ba").unwrap().matched("aba"), None);
    assert_eq!(ModelName::parse("a*b*"), None);
}

#[test]
fn a_mode_serves_the_routes_that_vllm_serves_with_such_a_model() {
    let served = |mode: Mode| -> Vec<Route> {
        Route::ALL.into_iter().filter(|route| mode.serves(*route)).collect()
    };
    assert_eq!(served(Mode::Chat), [Route::ChatCompletions, Route::Responses, Route::Completions]);
    assert_eq!(served(Mode::Rerank), [Route::Rerank, Route::Score]);
    assert_eq!(served(Mode::Any), Route::ALL);
}
