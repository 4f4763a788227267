//! What `transom check --online` tells.

use std::net::Ipv4Addr;
use std::sync::Arc;

use transom_core::backend::{ApiKind, BackendKey, BackendSpec, Has, Offer};
use transom_testkit::FakeBackend;
use transom_testkit::answer::json;
use transom_upstream::Settings;
use transom_upstream::backend::Backend;
use transom_upstream::examine::{Examination, Stage, Step, examine};
use transom_upstream::explain::Surroundings;

use crate::support::{settings, spec};

async fn of(spec: &BackendSpec, surroundings: Surroundings) -> Examination {
    let settings = Settings { surroundings, ..settings() };
    examine(&Backend::new(spec, &settings, None).unwrap()).await
}

#[tokio::test]
async fn every_step_is_reported_up_to_the_one_that_fails() {
    let server = FakeBackend::start().await;
    let spec = spec(&server.url());
    let found = Step::Found(vec![Ipv4Addr::LOCALHOST.into()]);
    let ready = of(&spec, Surroundings::Docker).await;
    let answered = Step::Answered { models: 1 };
    let offers = Step::Offers(Offer { chat_completions: Has::Yes, responses: Has::Yes });
    assert_eq!(ready.steps, [found.clone(), Step::Connected, answered.clone(), offers]);
    assert_eq!(ready.advice, None);
    assert_eq!(ready.served.len(), 1);

    server.without_route("/v1/responses");
    let native = BackendSpec { api_kind: ApiKind::Responses, ..spec.clone() };
    let unsuited = of(&native, Surroundings::Machine).await;
    let offers = Step::Offers(Offer { chat_completions: Has::Yes, responses: Has::No });
    let failed = Step::Failed(Stage::Routes);
    assert_eq!(unsuited.steps, [found.clone(), Step::Connected, answered, offers, failed]);
    assert!(unsuited.advice.unwrap().contains("has no /v1/responses"));

    server.route("/v1/models", json(307, "{}").header("location", "http://other/"));
    let moved = of(&spec, Surroundings::Machine).await;
    let failed = Step::Failed(Stage::Answer);
    assert_eq!(moved.steps, [found.clone(), Step::Connected, failed]);
    assert!(moved.advice.unwrap().contains("redirects are not followed"));

    server.refuse().await;
    let refused = of(&spec, Surroundings::Docker).await;
    assert_eq!(refused.steps, [found, Step::Failed(Stage::Connect)]);
    assert!(refused.advice.unwrap().contains("host.docker.internal"));

    let why: Arc<str> = "the variable BACKEND_01_KEY is not set (c.yaml:4)".into();
    let keyless = BackendSpec { key: BackendKey::Missing(why), ..spec };
    let keyless = of(&keyless, Surroundings::Machine).await;
    assert_eq!(keyless.steps, [Step::Failed(Stage::Key)]);
    assert!(
        keyless.advice.unwrap().starts_with("the variable BACKEND_01_KEY is not set (c.yaml:4): ")
    );
}
