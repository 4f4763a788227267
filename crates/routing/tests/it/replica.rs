//! A model server: one prompt at a time is read, many answers at a time are written.

use std::collections::VecDeque;
use std::time::Duration;

use transom_core::backend::Load;

use crate::cache::Cache;
use crate::workload::{Conversation, Turn};

/// Requests that are worked on at once; further ones wait in the server's own queue.
const SLOTS: usize = 16;

/// Tokens of prompts that are read in a second, when they are not in the cache and no answer is
/// written beside; half of it when all slots are taken.
const READS: f64 = 8000.0;

/// Time that each prompt takes besides, cached or not.
const READS_AT_LEAST: f64 = 0.02;

/// Tokens of each answer that are written in a second.
const WRITES: f64 = 40.0;

/// Tokens that the prefix cache holds.
const CACHED_TOKENS: usize = 120_000;

/// A turn on its way.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) conversation: &'a Conversation,
    /// Which turn of it.
    pub(crate) turn: usize,
    /// Which gateway it came through.
    pub(crate) gateway: usize,
    pub(crate) sent: Duration,
}

impl<'a> Request<'a> {
    pub(crate) fn turn(&self) -> &'a Turn {
        &self.conversation.turns[self.turn]
    }
}

/// A prompt that begins to be read.
pub(crate) struct Reading<'a> {
    pub(crate) request: Request<'a>,
    /// Tokens of it that were in the cache.
    pub(crate) cached: usize,
    /// How long it takes.
    pub(crate) takes: Duration,
}

pub(crate) struct Replica<'a> {
    /// 1 is as above, a half is half as fast.
    speed: f64,
    cache: Cache,
    waiting: VecDeque<Request<'a>>,
    running: usize,
    reading: bool,
}

impl<'a> Replica<'a> {
    pub(crate) fn new(speed: f64) -> Self {
        let cache = Cache::new(CACHED_TOKENS);
        Self { speed, cache, waiting: VecDeque::new(), running: 0, reading: false }
    }

    /// Queues a request.
    pub(crate) fn take(&mut self, request: Request<'a>) {
        self.waiting.push_back(request);
    }

    /// Begins to read the next prompt, if there is one and room for it.
    pub(crate) fn begin(&mut self) -> Option<Reading<'a>> {
        if self.reading || self.running == SLOTS {
            return None;
        }
        let request = self.waiting.pop_front()?;
        let prompt = request.turn().prompt;
        let cached = self.cache.known(request.conversation.blocks(prompt));
        // Every step of the server writes a token of each answer before it reads on.
        let busier = 1.0 + count(self.running) / count(SLOTS);
        let seconds = (READS_AT_LEAST + count(prompt - cached) / READS) * busier / self.speed;
        (self.reading, self.running) = (true, self.running + 1);
        Some(Reading { request, cached, takes: Duration::from_secs_f64(seconds) })
    }

    /// The prompt is read and the first token sent. Gives the time that the answer takes.
    pub(crate) fn read(&mut self, request: Request<'a>) -> Duration {
        self.reading = false;
        let turn = request.turn();
        self.cache.keep(request.conversation.blocks(turn.prompt));
        Duration::from_secs_f64(count(turn.answer) / WRITES / self.speed)
    }

    /// The answer is complete.
    pub(crate) fn done(&mut self, request: Request<'a>) {
        self.running -= 1;
        let turn = request.turn();
        self.cache.keep(request.conversation.blocks(turn.prompt + turn.answer));
    }

    /// What the server says about itself.
    pub(crate) fn load(&self) -> Load {
        let number = |count: usize| u32::try_from(count).expect("a few");
        let (running, waiting) = (number(self.running), number(self.waiting.len()));
        Load { running, waiting, kv_cache: 0.0 }
    }
}

fn count(tokens: usize) -> f64 {
    f64::from(u32::try_from(tokens).expect("some thousands"))
}
