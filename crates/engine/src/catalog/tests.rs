use std::time::Duration;

use transom_core::model::{Deployment, UpstreamName};

use super::*;
use crate::fakes::{Play, World, deployment, model, refused, status};

#[tokio::test(start_paused = true)]
async fn a_name_is_the_models_own_or_an_alias_or_fits_the_most_specific_pattern() {
    let models =
        ["*", "qwen-*", "exact", "qwen-coder-*"].map(|name| model(name, [deployment("a")]));
    let declared = World::with(models);
    let aliases = [("gpt-4o", "exact"), ("mini", "qwen-7b"), ("exact", "qwen-7b")];
    let declared = aliases.iter().fold(declared, |all, (name, model)| all.alias(name, model));
    let snapshot = declared.start().gateway.snapshot();
    let found = |name: &str| {
        let found = snapshot.catalog.find(name).unwrap();
        (found.group.model.name.as_str().to_owned(), found.name.to_string())
    };
    for (asked, model, name) in [
        ("exact", "exact", "exact"),
        ("gpt-4o", "exact", "exact"),
        ("mini", "qwen-*", "qwen-7b"),
        ("qwen-coder-30b", "qwen-coder-*", "qwen-coder-30b"),
        ("qwen-7b", "qwen-*", "qwen-7b"),
        ("Exact", "*", "Exact"),
    ] {
        assert_eq!(found(asked), (model.to_owned(), name.to_owned()), "{asked}");
    }
    let none = World::with([model("exact", [deployment("a")])]).start();
    assert_eq!(refused(none.chat("other").await), (404, "model_not_found".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn a_server_is_asked_for_its_own_name_and_the_client_reads_the_one_it_asked_for() {
    let named = |name: &str| UpstreamName::Named(Arc::from(name));
    let to = |upstream: UpstreamName| [Deployment { upstream, ..deployment("a") }];
    for (pattern, upstream, asked, sent) in [
        ("m", named("org/real"), "m", "org/real"),
        ("m", UpstreamName::AsAsked, "alias", "m"),
        ("*", UpstreamName::AsAsked, "qwen-7b", "qwen-7b"),
        ("qwen-*", named("hosted/*"), "qwen-7b", "hosted/7b"),
        ("qwen-*", UpstreamName::AsAsked, "alias", "qwen-9b"),
        ("qwen-*", named("hosted/*"), "alias", "hosted/9b"),
    ] {
        let target = if pattern == "m" { "m" } else { "qwen-9b" };
        let world = World::with([model(pattern, to(upstream))]).alias("alias", target).start();
        let answer = world.chat(asked).await.unwrap();
        assert!(answer.contains(&format!("\"model\":{asked:?}")), "{answer}");
        assert!(world.server("a").calls()[0].contains(&format!("\"model\":{sent:?}")), "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_learnt_stays_with_a_deployment_that_stays_and_not_with_one_that_moves() {
    let here = World::with([model("m", [deployment("a"), deployment("b")])])
        .routing(|routing| routing.breaker_failures = 1);
    let breaker = |world: &World| {
        let readiness = world.gateway.model_readiness("m").unwrap();
        readiness.deployments[0].breaker
    };
    let world = here.clone().start();
    world.server("a").next([status(500)]);
    world.chat("m").await.unwrap();
    assert_eq!(breaker(&world), "open");
    world.swap(&here);
    assert_eq!(breaker(&world), "open", "nothing has changed");
    let moved = |backend: &str| {
        let id = deployment("a").id;
        let moved = Deployment { id, ..deployment(backend) };
        World::with([model("m", [moved, deployment("b")])])
            .routing(|routing| routing.breaker_failures = 1)
    };
    world.swap(&moved("c"));
    assert_eq!(breaker(&world), "closed", "another server");
    // What still runs at the old place says nothing about the new one.
    world.server("c").next([Play::Hangs]);
    let asked = [world.ask("m"), world.ask("m")];
    world.server("c").called(1).await;
    world.swap(&moved("d"));
    tokio::time::sleep(Duration::from_mins(6)).await;
    for asked in asked {
        asked.abort();
    }
    assert_eq!(breaker(&world), "closed");
    world.settled().await;
}

#[test]
fn a_deployment_without_its_server_is_refused_by_name() {
    let fleet = Fleet {
        backends: Vec::new(),
        models: vec![model("m", [deployment("a")])],
        aliases: Vec::new(),
        routing: Routing::default(),
    };
    let missing = Catalog::build(&fleet, &|_| None, None).err().unwrap();
    assert_eq!(missing.to_string(), "deployment a names backend a, which does not exist");
}
