//! Clients read the name that they asked for, whatever the server says.

use transom_core::model::Model;

use crate::fakes::{Play, Said, World, deployment, model, refused, role, status, text};

const UNKNOWN: &str = r#"{"error":{"message":"The model `real` is wrong.","code":400}}"#;

#[tokio::test(start_paused = true)]
async fn a_name_of_the_operators_that_is_not_known_has_the_list_read_again() {
    let world = World::with([model("m", [deployment("a")])]).start();
    let server = world.server("a");
    server.next([status(400), status(404)]);
    assert_eq!(refused(world.chat("m").await).0, 400);
    assert_eq!(server.doubts(), 0, "a bad request says nothing of names");
    assert_eq!(refused(world.chat("m").await).0, 404);
    assert_eq!(server.doubts(), 1);
    server.serves(&[("another", None)]);
    assert_eq!(refused(world.chat("m").await).1, "model_misconfigured");
    assert_eq!(server.doubts(), 2);
    world.settled().await;
}

async fn everything_said(world: &World) -> String {
    let told = [
        world.chat("m").await.unwrap(),
        world.chat_stream("m").await.unwrap(),
        world.turn("m").await.unwrap(),
    ];
    let server = world.server("a");
    server.next([Play::Status(400, UNKNOWN, None)]);
    let refused = world.chat("m").await.unwrap_err().public().message;
    let in_stream = format!("data: {UNKNOWN}\n\n");
    let breaks = [role(), text("Half"), in_stream].map(Said::Bytes).to_vec();
    server.next([Play::Streams(breaks.clone()), Play::Streams(breaks)]);
    let broken = [world.chat_stream("m").await.unwrap(), world.turn("m").await.unwrap()];
    told.concat() + &refused + &broken.concat()
}

#[tokio::test(start_paused = true)]
async fn the_servers_name_stays_inside_unless_the_operator_shows_it() {
    let world = World::with([model("m", [deployment("a")])]).start();
    let said = everything_said(&world).await;
    assert!(world.server("a").calls().iter().all(|body| body.contains("\"model\":\"real\"")));
    assert!(!said.contains("real"), "{said}");
    assert_eq!(said.matches("The model `m` is wrong.").count(), 4, "{said}");
    world.settled().await;

    let shown = Model { expose_upstream_model: true, ..model("m", [deployment("a")]) };
    let world = World::with([shown]).start();
    let said = everything_said(&world).await;
    assert!(said.contains("\"model\":\"real\"") && said.contains("The model `real` is wrong."));
}
