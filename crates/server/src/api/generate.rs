//! The routes that generate something: one call of the engine each.

use std::sync::Arc;

use axum::extract::{Request, State};
use transom_engine::call::{Call, Endpoint, Transport};

use crate::app::App;
use crate::body::read_json;
use crate::caller::bearer;
use crate::error::Rejection;
use crate::hints;
use crate::layers::InEffect;
use crate::reply::Out;

type Answer = Result<Out, Rejection>;

/// `POST /v1/chat/completions`
pub(crate) async fn chat_completions(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::ChatCompletions, request).await
}

/// `POST /v1/completions`
pub(crate) async fn completions(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Completions, request).await
}

/// `POST /v1/embeddings`
pub(crate) async fn embeddings(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Embeddings, request).await
}

/// `POST /v1/rerank`, `/rerank` and `/v2/rerank`: vLLM knows all three.
pub(crate) async fn rerank(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Rerank, request).await
}

/// `POST /v1/score` and `/score`
pub(crate) async fn score(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Score, request).await
}

/// `POST /v1/responses`
pub(crate) async fn responses(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Responses, request).await
}

/// `POST /v1/responses/compact`
pub(crate) async fn compact(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::Compact, request).await
}

/// `POST /v1/responses/input_tokens`
pub(crate) async fn input_tokens(State(app): State<Arc<App>>, request: Request) -> Answer {
    generate(&app, Endpoint::InputTokens, request).await
}

async fn generate(app: &App, endpoint: Endpoint, request: Request) -> Answer {
    let (head, body) = request.into_parts();
    let credentials = bearer(&head.headers)?;
    let live = head.extensions.get::<InEffect>().map(|InEffect(live)| Arc::clone(live));
    let live = live.unwrap_or_else(|| app.gateway.snapshot());
    let hints = hints::read(&head.headers, &live.settings.access);
    let said = hints.and_then(|hints| Ok((hints, hints::once(&head.headers)?)));
    let (hints, once) = match said {
        Ok(said) => said,
        Err(failure) => {
            // Only who may call is told what is wrong with the call.
            app.gateway.authenticate(credentials.as_ref())?;
            return Err(failure.into());
        }
    };
    let transport = Transport::Request;
    let body = Box::pin(read_json(head.headers, body, app.edge.limits().body));
    let call = Call { endpoint, transport, credentials, hints, once, body };
    Ok(Out(app.gateway.serve_in(live, call).await?))
}
