//! What holds requests together.

use transom_core::model::{Model, Strategy};

use crate::call::Endpoint;
use crate::fakes::{World, deployment, model};

#[tokio::test(start_paused = true)]
async fn requests_with_one_prompt_cache_key_go_to_one_deployment() {
    let held = Model {
        strategy: Some(Strategy::Session),
        ..model("m", [deployment("a"), deployment("b"), deployment("c")])
    };
    let world = World::with([held]).start();
    let mut places = Vec::new();
    for key in 0..12 {
        let mut seen = Vec::new();
        for (endpoint, prompt) in [
            (Endpoint::Responses, r#""input":"One""#),
            (Endpoint::Responses, r#""input":"Two","user":"u""#),
            (Endpoint::ChatCompletions, r#""messages":[{"role":"user","content":"Hi"}]"#),
        ] {
            let before = world.counts();
            let body = format!(r#"{{"model":"m",{prompt},"prompt_cache_key":"k{key}"}}"#);
            world.ask_at(endpoint, body, None).await.unwrap().unwrap();
            let after = world.counts();
            seen.push((0..3).find(|at| after[*at] > before[*at]).unwrap());
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "k{key}");
        places.extend(seen);
    }
    places.sort_unstable();
    places.dedup();
    assert_eq!(places, [0, 1, 2], "different keys are spread");
    world.settled().await;
}
