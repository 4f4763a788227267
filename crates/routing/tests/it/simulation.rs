//! The gateway and its fleet, event by event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_core::backend::Load;
use transom_core::model::{DeploymentId, Strategy};
use transom_routing::latency::Ewma;
use transom_routing::pick::{Ask, Candidate, Pick, key, picker};
use transom_routing::prompt::Prompt;

use crate::outcome::Outcome;
use crate::random::Random;
use crate::replica::{Replica, Request};
use crate::workload::Conversation;

/// How often the servers are asked for their load.
const PROBED_EVERY: Duration = Duration::from_secs(2);

/// What happens next.
#[derive(Clone, Copy)]
enum Event<'a> {
    Asked { conversation: &'a Conversation, turn: usize },
    Read { at: usize, request: Request<'a> },
    Done { at: usize, request: Request<'a> },
    Probed,
}

/// One of the processes that share the fleet without knowing of each other.
struct Gateway {
    picker: Box<dyn Pick>,
    known: Vec<Known>,
}

/// What a gateway knows about a deployment.
struct Known {
    id: DeploymentId,
    in_flight: u32,
    load: Option<Load>,
    first_token: Ewma,
}

struct Simulation<'a> {
    /// What is called time 0; which instant it is changes nothing.
    epoch: Instant,
    now: Duration,
    /// By time, then in the order they came up.
    events: BTreeMap<(Duration, u64), Event<'a>>,
    numbered: u64,
    replicas: Vec<Replica<'a>>,
    gateways: Vec<Gateway>,
    random: Random,
    outcome: Outcome,
}

/// A fleet and the gateways before it.
pub(crate) struct Fleet<'a> {
    pub(crate) gateways: usize,
    /// The speed of each replica; 1 is what `replica` says.
    pub(crate) speeds: &'a [f64],
}

/// Runs a workload on a fleet to its end.
pub(crate) fn run(strategy: Strategy, fleet: &Fleet<'_>, workload: &[Conversation]) -> Outcome {
    let known = |k| Known {
        id: DeploymentId(Arc::from(format!("default@node-{k}"))),
        in_flight: 0,
        load: None,
        first_token: Ewma::default(),
    };
    let replicas = fleet.speeds.len();
    let gateway =
        |_| Gateway { picker: picker(strategy), known: (0..replicas).map(known).collect() };
    let mut simulation = Simulation {
        epoch: Instant::now(),
        now: Duration::ZERO,
        events: BTreeMap::new(),
        numbered: 0,
        replicas: fleet.speeds.iter().map(|speed| Replica::new(*speed)).collect(),
        gateways: (0..fleet.gateways).map(gateway).collect(),
        random: Random::new(7),
        outcome: Outcome::new(replicas),
    };
    for conversation in workload {
        simulation.at(conversation.begins, Event::Asked { conversation, turn: 0 });
    }
    simulation.at(PROBED_EVERY, Event::Probed);
    while let Some(((now, _), event)) = simulation.events.pop_first() {
        simulation.now = now;
        simulation.happen(event);
    }
    simulation.outcome.times.sort_unstable();
    simulation.outcome
}

impl<'a> Simulation<'a> {
    fn at(&mut self, time: Duration, event: Event<'a>) {
        self.numbered += 1;
        self.events.insert((time, self.numbered), event);
    }

    fn happen(&mut self, event: Event<'a>) {
        match event {
            Event::Asked { conversation, turn } => self.asked(conversation, turn),
            Event::Read { at, request } => {
                self.first_token(at, request);
                let takes = self.replicas[at].read(request);
                self.at(self.now + takes, Event::Done { at, request });
                self.begin(at);
            }
            Event::Done { at, request } => {
                self.gateways[request.gateway].known[at].in_flight -= 1;
                self.replicas[at].done(request);
                self.begin(at);
                let Request { conversation, turn, .. } = request;
                if turn + 1 < conversation.turns.len() {
                    let then = self.now + request.turn().reading;
                    self.at(then, Event::Asked { conversation, turn: turn + 1 });
                }
            }
            Event::Probed => {
                for gateway in &mut self.gateways {
                    for (known, replica) in gateway.known.iter_mut().zip(&self.replicas) {
                        known.load = Some(replica.load());
                    }
                }
                if !self.events.is_empty() {
                    self.at(self.now + PROBED_EVERY, Event::Probed);
                }
            }
        }
    }

    /// One of the gateways sends a turn to one of the replicas.
    fn asked(&mut self, conversation: &'a Conversation, turn: usize) {
        let number = self.random.below(self.gateways.len());
        let request = Request { conversation, turn, gateway: number, sent: self.now };
        let prompt = Prompt::of(conversation.text(request.turn().prompt));
        let session = Some(conversation.session);
        let ask = Ask { prompt: &prompt, session, random: self.random.bits() };
        let gateway = &mut self.gateways[number];
        let now = self.epoch + self.now;
        let candidates = gateway.known.iter().map(|known| Candidate {
            id: &known.id,
            key: key(&known.id),
            weight: 1,
            in_flight: known.in_flight,
            waiting: known.load.map_or(0, |said| said.waiting),
            latency: known.first_token.value(now).into(),
            used_share: 0.0,
        });
        let at = gateway.picker.pick(&candidates.collect::<Vec<_>>(), &ask);
        gateway.picker.sent(&gateway.known[at].id, &ask);
        gateway.known[at].in_flight += 1;
        self.outcome.sent[at] += 1;
        self.replicas[at].take(request);
        self.begin(at);
    }

    fn begin(&mut self, at: usize) {
        if let Some(reading) = self.replicas[at].begin() {
            let request = reading.request;
            self.outcome.cached += reading.cached;
            self.outcome.prompts += request.turn().prompt;
            self.at(self.now + reading.takes, Event::Read { at, request });
        }
    }

    fn first_token(&mut self, at: usize, request: Request<'a>) {
        let time = self.now.saturating_sub(request.sent);
        self.outcome.times.push(time);
        let known = &mut self.gateways[request.gateway].known[at];
        known.first_token.observe(time, self.epoch + self.now);
    }
}
