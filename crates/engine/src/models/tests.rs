use transom_core::model::{Deployment, Model, UpstreamName};

use crate::fakes::{World, deployment, model, refused};

fn listed(world: &World) -> Vec<(String, Option<u32>)> {
    #[derive(serde::Deserialize)]
    struct Row {
        id: String,
        max_model_len: Option<u32>,
    }
    #[derive(serde::Deserialize)]
    struct Rows {
        data: Vec<Row>,
    }
    let rows: Rows = serde_json::from_slice(&world.gateway.models().unwrap()).unwrap();
    rows.data.into_iter().map(|row| (row.id, row.max_model_len)).collect()
}

fn row(id: &str, max_model_len: Option<u32>) -> (String, Option<u32>) {
    (id.to_owned(), max_model_len)
}

#[test]
fn the_list_shows_the_names_that_clients_use_and_what_every_deployment_takes() {
    let cut = Deployment { max_context_tokens: Some(4096), ..deployment("b") };
    let pair = model("pair", [deployment("a"), cut]);
    let mapped = UpstreamName::Named("org/*".into());
    let mapped = model("our-*", [Deployment { upstream: mapped, ..deployment("c") }]);
    let hidden = Model { hidden: true, ..model("hidden", [deployment("a")]) };
    let world = World::with([pair, mapped, hidden])
        .alias("gpt-4o", "pair")
        .alias("small", "our-7b")
        .start();
    world.server("a").serves(&[("real", Some(8192))]);
    world.server("c").serves(&[("org/7b", Some(1024)), ("elsewhere", None)]);
    let expected = [("pair", 4096), ("our-7b", 1024), ("gpt-4o", 4096), ("small", 1024)];
    assert_eq!(listed(&world), expected.map(|(id, length)| row(id, Some(length))));
    // Each can be asked for by name, and so can a hidden one.
    for (known, length) in [("gpt-4o", "4096"), ("small", "1024"), ("hidden", "8192")] {
        let entry = world.gateway.model(known).unwrap();
        let entry = String::from_utf8(entry.to_vec()).unwrap();
        assert!(entry.contains(known) && entry.contains(length), "{entry}");
    }
    for unknown in ["real", "our-9b", "org/7b"] {
        assert_eq!(refused(world.gateway.model(unknown)).0, 404, "{unknown}");
    }
}

#[test]
fn only_servers_can_say_what_a_pattern_stands_for() {
    let anything = Deployment { upstream: UpstreamName::AsAsked, ..deployment("a") };
    let world = World::with([model("*", [anything])]).start();
    // A server that lists nothing serves what it is asked for.
    assert!(listed(&world).is_empty() && world.gateway.model("any").is_ok());
    world.server("a").serves(&[("one", None), ("two", Some(7))]);
    assert_eq!(listed(&world), [row("one", None), row("two", Some(7))]);
    assert_eq!(refused(world.gateway.model("any")).0, 404);
    world.server("a").serves(&[]).is("loading");
    assert_eq!(refused(world.gateway.models()).1, "model_loading");
    world.server("a").is("unreachable");
    assert_eq!(refused(world.gateway.model("any")).1, "model_unavailable");
}
