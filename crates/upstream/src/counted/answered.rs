//! The body of an answer, which tells its connection when it has been read to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Answers;

/// A body and the count of its connection.
pub(crate) struct Answered {
    body: Incoming,
    answers: Option<Answers>,
}

impl Answered {
    /// Counts an answer; its body tells the rest.
    pub(crate) fn count(answer: Response<Incoming>) -> Response<Self> {
        let answers = answer.extensions().get::<Answers>().cloned();
        if let Some(answers) = &answers {
            answers.one_more();
        }
        answer.map(|body| {
            let answered = Self { body, answers };
            answered.tell();
            answered
        })
    }

    fn tell(&self) {
        if self.body.is_end_stream()
            && let Some(answers) = &self.answers
        {
            answers.rest();
        }
    }
}

impl Body for Answered {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match (&frame, &this.answers) {
            (None, Some(answers)) => answers.rest(),
            _ => this.tell(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
