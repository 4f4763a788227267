//! The server of an entry of `model_list`.

use crate::{
    Origin, Problem,
    dialect::litellm::{
        backends::{self, Backends, Reach},
        deployment::Target,
        lowering::{Fields, Lowering},
        place::Place,
        provider::Provider,
        usual::Usual,
    },
    draft::Sourced,
    value::{BaseUrl, Raw, Scalar as _},
};

/// The servers so far, and what holds for all of them.
pub(super) struct Server<'a> {
    /// What holds where an entry does not say.
    pub(super) usual: Usual<'a>,
    /// The servers so far.
    pub(super) backends: Backends,
}

/// Where LiteLLM looks for an address and a key that an entry does not name.
const HOSTED_VLLM: (&[&str], &str) = (&["HOSTED_VLLM_API_BASE"], "HOSTED_VLLM_API_KEY");
const OPENAI: (&[&str], &str) = (&["OPENAI_BASE_URL", "OPENAI_API_BASE"], "OPENAI_API_KEY");

impl Lowering<'_> {
    /// The name of the entry's server; `None` when it has no usable address, which is told.
    pub(super) fn server(
        &mut self,
        target: &Target,
        params: &Fields<'_>,
        info: &Fields<'_>,
        server: &mut Server<'_>,
    ) -> Option<String> {
        let credential = self.credential(params, &server.usual);
        let find = |key: &str| params.get(key).or_else(|| credential.get(key));
        let base = find("api_base").or_else(|| params.get("base_url"));
        let key = find("api_key");
        let (base, key) = match base {
            Some(base) => {
                let key = key.and_then(|key| self.secret(key));
                (self.text(base).map(|text| (text, base.origin())), key)
            }
            None => self.environment_address(target, key),
        };
        let Some((text, at)) = base else {
            let what = "has no `api_base`: the entry is left out";
            let hint = "write the address of its server; https://api.openai.com/v1 is not assumed";
            self.unsupported(target.origin.clone(), what, hint);
            return None;
        };
        let base = self.address(&text, &at)?;
        let mut reach = Reach::default();
        reach.with("backends[].url", backends::usual(&base, at.clone()));
        if let Some(key) = key {
            reach.with("backends[].api_key", key);
        }
        self.tls(params.get("ssl_verify"), &server.usual, &mut reach);
        let unprobed = info.get("disable_background_health_check");
        if let Some(unprobed) = unprobed.filter(|unprobed| !unprobed.is_off()) {
            let raw = Raw::Scalar("passive".into());
            reach.with("backends[].probe", Sourced { raw, origin: unprobed.origin() });
            let how = "its server is asked once, then requests decide; only its list of models is \
                       read now and then";
            self.approximated(unprobed.origin(), how);
        }
        Some(server.backends.share(&base, &at, reach))
    }

    fn address(&mut self, text: &str, at: &Origin) -> Option<BaseUrl> {
        let base = match BaseUrl::read(text.trim()) {
            Ok(base) => base,
            Err(invalid) => {
                self.found.problem(Problem::invalid(at.clone(), invalid));
                return None;
            }
        };
        if !text.trim().trim_end_matches('/').ends_with("/v1") {
            self.approximated(at.clone(), "`/v1` is appended: that is where vLLM has its API");
        }
        Some(base)
    }

    fn environment_address(
        &mut self,
        target: &Target,
        key: Option<&Place<'_>>,
    ) -> (Option<(String, Origin)>, Option<Sourced>) {
        let (addresses, usual_key) = match target.provider {
            Provider::HostedVllm | Provider::Embedded => HOSTED_VLLM,
            _ => OPENAI,
        };
        let set = |this: &mut Self, name: &&str| {
            Some((this.variable(name)?, Origin::Variable((*name).to_owned())))
        };
        let base = addresses.iter().find_map(|name| set(self, name));
        let key = match key {
            Some(key) => self.secret(key),
            None => self
                .variable(usual_key)
                .map(|_| self.named_secret(usual_key, Origin::Variable(usual_key.to_owned()))),
        };
        (base, key)
    }

    fn tls(&mut self, own: Option<&Place<'_>>, usual: &Usual<'_>, reach: &mut Reach) {
        let trust = match own {
            Some(own) => self.trust(own),
            None => usual.trust.clone(),
        };
        if let Some((path, value)) = trust {
            reach.with(path, value);
        }
        if let Some(certificate) = &usual.certificate {
            reach.with("backends[].client_certificate", certificate.clone());
            reach.with("backends[].client_key", certificate.clone());
        }
    }

    fn credential<'p>(&mut self, params: &Fields<'_>, usual: &Usual<'p>) -> Fields<'p> {
        let Some(place) = params.get("litellm_credential_name") else { return Fields::new() };
        let Some(name) = self.text(place) else { return Fields::new() };
        if let Some(known) = usual.credentials.get(&name) {
            self.exact(place.origin(), "its address and its key are used where the entry has none");
            return known.clone();
        }
        let what = format!("credential_list has no `{name}`");
        self.unsupported(place.origin(), what, "write api_base and api_key at the entry");
        Fields::new()
    }
}
