use crate::fakes::{World, deployment, model};

#[tokio::test(start_paused = true)]
async fn the_gateway_is_ready_while_any_model_is_and_a_model_as_its_best_deployment() {
    let models = [model("m", [deployment("a"), deployment("b")]), model("n", [deployment("c")])];
    let world = World::with(models).alias("alias", "m").start();
    let states = async || {
        let seen = world.gateway.readiness().await;
        let words: Vec<_> = seen.models.iter().map(|model| model.state.word()).collect();
        (seen.is_ready(), words)
    };
    world.server("a").is("unreachable");
    world.server("b").is("degraded");
    world.server("c").is("loading");
    assert_eq!(states().await, (true, vec!["degraded", "loading"]));
    assert_eq!(world.gateway.model_readiness("alias").unwrap().state.word(), "degraded");
    assert!(world.gateway.model_readiness("unknown").is_none());
    // A server that is there and does not know the name is no help.
    world.server("b").serves(&[("other", None)]);
    assert_eq!(states().await, (false, vec!["unreachable", "loading"]));
}
