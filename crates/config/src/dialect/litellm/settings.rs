//! `litellm_settings` and `general_settings`.

use crate::{
    Origin,
    dialect::litellm::{
        decimal::Decimal,
        known::{CALLBACKS, general::GENERAL, library::LIBRARY},
        lowering::{Lowering, Strangers},
        place::Place,
        router::{Router, joined},
        usual::Usual,
    },
    draft::Sourced,
    value::Raw,
};

const KEY: &str = "auth.api_key";

/// The variable that LiteLLM reads when the file names no master key.
const MASTER_KEY: &str = "LITELLM_MASTER_KEY";

const LISTS_OF_CALLBACKS: [&str; 4] =
    ["callbacks", "success_callback", "failure_callback", "service_callbacks"];

impl Lowering<'_> {
    /// Reads `litellm_settings`.
    pub(super) fn library<'p>(
        &mut self,
        place: &Place<'p>,
        router: &mut Router<'p>,
        usual: &mut Usual<'p>,
    ) {
        let table = joined(&[&router.shared(), LIBRARY]);
        let fields = self.fields(place, &table, Strangers::Mistakes);
        self.shared(&fields, router);
        match fields.get("request_timeout") {
            Some(timeout) if router.has("timeout") => {
                self.no_effect(timeout.origin(), "router_settings.timeout says otherwise");
            }
            Some(timeout) => self.whole_timeout(timeout),
            None => {}
        }
        if let Some(json) = fields.get("json_logs")
            && let Some(json_logs) = self.truth(json)
        {
            let format = if json_logs { "json" } else { "text" };
            self.put("log.format", format, &json.origin());
        }
        if let Some(silent) = fields.get("turn_off_message_logging") {
            match self.truth(silent) {
                Some(true) => self.put("log.model_messages", "false", &silent.origin()),
                Some(false) => {
                    let why = "messages are not logged unless log.model_messages says so";
                    self.no_effect(silent.origin(), why);
                }
                None => {}
            }
        }
        usual.trust = fields.get("ssl_verify").and_then(|verify| self.trust(verify));
        if let Some(certificate) = fields.get("ssl_certificate") {
            let sourced = |text| Sourced { raw: Raw::Scalar(text), origin: certificate.origin() };
            usual.certificate = self.text(certificate).map(sourced);
        }
        for list in LISTS_OF_CALLBACKS {
            if let Some(callbacks) = fields.get(list) {
                self.callbacks(callbacks);
            }
        }
    }

    fn callbacks(&mut self, place: &Place<'_>) {
        if place.is_off() {
            let why = format!("asks for nothing: {}", CALLBACKS.what);
            return self.no_effect(place.origin(), why);
        }
        for (name, at) in self.texts(place) {
            match name.as_str() {
                "prometheus" | "prometheus_system" => {
                    let why = "metrics are served always, under names of their own: /metrics";
                    self.no_effect(at, why);
                }
                _ => {
                    let what = format!("`{name}`: {}", CALLBACKS.what);
                    self.unsupported(at, what, "use the metrics page");
                }
            }
        }
    }

    /// Reads `general_settings`.
    pub(super) fn general(&mut self, place: &Place<'_>, usual: &mut Usual<'_>) {
        let fields = self.fields(place, GENERAL, Strangers::Mistakes);
        if let Some(key) = fields.get("master_key").and_then(|key| self.secret(key)) {
            self.draft.put(KEY, key.raw, key.origin);
        }
        if let Some(store) = fields.get("store_model_in_db") {
            match self.truth(store) {
                Some(true) => {
                    self.exact(store.origin(), "models that the admin API writes are kept");
                }
                Some(false) => {
                    let how = "models that the admin API writes are kept; nothing else is";
                    self.approximated(store.origin(), how);
                }
                None => {}
            }
        }
        if let Some(size) = fields.get("max_request_size_mb")
            && let Some(text) = self.text(size)
        {
            match Decimal::parse(&text).filter(|size| size.places() == 0) {
                Some(size_) => {
                    let bytes = format!("{}MiB", size_.shifted(0));
                    self.put("limits.body_bytes", bytes, &size.origin());
                }
                None => self.problem(size.origin(), format!("`{text}` is not a whole number")),
            }
        }
        if let Some(parallel) = fields.get("max_parallel_requests")
            && let Some(text) = self.text(parallel)
        {
            let sourced = Sourced { raw: Raw::Scalar(text), origin: parallel.origin() };
            match &usual.parallel {
                Some(_) => {
                    let why = "router_settings.default_max_parallel_requests says otherwise";
                    self.no_effect(sourced.origin, why);
                }
                None => usual.parallel = Some(sourced),
            }
        }
    }

    /// The master key of the environment, where the file names none.
    pub(super) fn usual_master_key(&mut self) {
        if self.draft.best(KEY).is_none() && self.variable(MASTER_KEY).is_some() {
            let key = self.named_secret(MASTER_KEY, Origin::Variable(MASTER_KEY.to_owned()));
            self.draft.put(KEY, key.raw, key.origin);
        }
    }
}
