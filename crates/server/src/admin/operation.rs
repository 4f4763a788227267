//! What there is to say of one route: how it is served, and how it is described.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::App;
use crate::shape::{Definitions, Schema, Shape};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Holders of the master key, where one is configured.
    Key,
    /// Everybody.
    Open,
}

/// Describes a body.
pub(super) type Describe = fn(&mut Definitions) -> Schema;

/// What a route answers when all is well.
pub(super) enum Answer {
    /// JSON.
    Json(Describe),
    /// Text for people and scrapers.
    Text,
}

/// One route.
pub(super) struct Operation {
    /// The method, in small letters.
    pub(super) method: &'static str,
    /// The path as the router reads it.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) door: Door,
    /// Names and meanings of what may be in the query.
    pub(super) query: Vec<(&'static str, &'static str)>,
    pub(super) body: Option<Describe>,
    pub(super) answer: Answer,
    /// Statuses with this answer.
    pub(super) statuses: Vec<u16>,
    /// Statuses with an error, besides those that every route has.
    pub(super) refusals: &'static [u16],
    pub(super) handler: MethodRouter<Arc<App>>,
}

impl Operation {
    fn new<H, T>(
        (filter, method): (MethodFilter, &'static str),
        path: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        Self {
            method,
            path,
            summary,
            door: Door::Key,
            query: Vec::new(),
            body: None,
            answer: Answer::Json(|_| Schema::plain("object")),
            statuses: vec![200],
            refusals: &[],
            handler: on(filter, handler),
        }
    }

    /// Adds a value of the query.
    pub(super) fn query(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.query.push((name, meaning));
        self
    }

    /// It needs no key.
    pub(super) fn open(self) -> Self {
        Self { door: Door::Open, ..self }
    }

    /// It reads a body of this shape.
    pub(super) fn reads<T: Shape>(self) -> Self {
        Self { body: Some(T::schema), ..self }
    }

    /// It answers this shape.
    pub(super) fn answers<T: Shape>(self, status: u16) -> Self {
        Self { answer: Answer::Json(T::schema), statuses: vec![status], ..self }
    }

    /// It answers the same shape with another status too.
    pub(super) fn or_answers(mut self, status: u16) -> Self {
        self.statuses.push(status);
        self
    }

    /// It answers an object that is described elsewhere.
    pub(super) fn object(self) -> Self {
        Self { answer: Answer::Json(|_| Schema::plain("object")), ..self }
    }

    /// It answers a JSON string.
    pub(super) fn string(self) -> Self {
        Self { answer: Answer::Json(|_| Schema::plain("string")), ..self }
    }

    /// It answers text.
    pub(super) fn text(self) -> Self {
        Self { answer: Answer::Text, ..self }
    }

    /// It can fail with these statuses.
    pub(super) fn fails(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

/// Constructors by method.
macro_rules! methods {
    ($($name:ident: $filter:ident,)*) => {
        impl Operation {
            $(pub(super) fn $name<H, T>(
                path: &'static str,
                summary: &'static str,
                handler: H,
            ) -> Self
            where
                H: Handler<T, Arc<App>>,
                T: 'static,
            {
                Self::new((MethodFilter::$filter, stringify!($name)), path, summary, handler)
            })*
        }
    };
}

methods! {
    get: GET,
    post: POST,
    put: PUT,
    patch: PATCH,
    delete: DELETE,
}
