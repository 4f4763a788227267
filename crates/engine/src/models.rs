//! Listing models.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transom_core::failure::{Failure, Missing};
use transom_core::port::upstream::{Route, UpstreamRequest};
use transom_core::upstream_error::UpstreamError;

use crate::answer::{MAX_ANSWER, check_status, collect};
use crate::gateway::Gateway;

/// The list, with every model as its server describes it.
#[derive(Serialize, Deserialize)]
struct List<'a> {
    #[serde(default = "list_word")]
    object: &'a str,
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

fn list_word() -> &'static str {
    "list"
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
}

impl Gateway {
    /// The body of `GET /v1/models`.
    pub async fn models(&self) -> Result<Bytes, Failure> {
        let body = self.fetch_models().await?;
        let list = parse(&body)?;
        Ok(Bytes::from(serde_json::to_vec(&list).map_err(|error| Failure::Internal(error.into()))?))
    }

    /// The body of `GET /v1/models/{model}`.
    pub async fn model(&self, model: &str) -> Result<Bytes, Failure> {
        let body = self.fetch_models().await?;
        let found = parse(&body)?.data.into_iter().find(|entry| {
            serde_json::from_str::<Named<'_>>(entry.get()).is_ok_and(|named| named.id == model)
        });
        match found {
            Some(entry) => Ok(Bytes::copy_from_slice(entry.get().as_bytes())),
            None => Err(Failure::NotFound(Missing::Model(model.to_owned()))),
        }
    }

    async fn fetch_models(&self) -> Result<Bytes, Failure> {
        self.resolve()?;
        let request = UpstreamRequest { route: Route::Models, body: Bytes::new() };
        let reply = check_status(self.upstream.call(request).await?).await?;
        Ok(collect(reply.body, MAX_ANSWER).await?)
    }
}

fn parse(body: &[u8]) -> Result<List<'_>, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::Upstream(UpstreamError::Protocol {
            detail: format!("the list of models: {error}"),
        })
    })
}
