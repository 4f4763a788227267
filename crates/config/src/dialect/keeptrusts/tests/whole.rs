//! The files of the guide on the command lines of the guide.

use std::io;

use transom_core::{
    backend::{BackendKey, ProbeStyle},
    model::ModelName,
};

use super::*;
use crate::{Command, Files, GatewayConfig, Invocation, Rejection};

/// A folder with one file.
struct Folder(&'static str);

impl Files for Folder {
    fn read(&self, path: &Path) -> io::Result<String> {
        let here = path == Path::new("/site/policy-config.yaml");
        if here { Ok(self.0.to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn is_file(&self, _path: &Path) -> bool {
        false
    }

    fn is_program(&self, _path: &Path) -> bool {
        false
    }
}

fn run(
    file: &'static str,
    environment: &[(&str, &str)],
    flags: &str,
) -> Result<GatewayConfig, Vec<String>> {
    let line = format!("transom gateway run --policy-config policy-config.yaml {flags}");
    let loaded = crate::load(&Invocation {
        arguments: line.split_whitespace().map(str::to_owned).collect(),
        environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        cwd: "/site".into(),
        cores: 2,
        files: &Folder(file),
        models: Vec::new(),
    });
    match loaded {
        Ok(loaded) => match loaded.command {
            Command::Serve(config) => Ok(*config),
            other => panic!("{other:?}"),
        },
        Err(Rejection::Problems(problems)) => {
            Err(problems.iter().map(ToString::to_string).collect())
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_secret_makes_one_target_misconfigured_and_leaves_the_others() {
    let flags = "--listen 127.0.0.1:41002 --without-policies";
    let keys = |environment: &[(&str, &str)]| {
        let config = run(COMPLIANCE, environment, flags).unwrap();
        let key = |key: &BackendKey| match key {
            BackendKey::None => "none".to_owned(),
            BackendKey::Key(secret) => secret.expose().to_owned(),
            BackendKey::Missing(place) => format!("missing: {place}"),
        };
        config.fleet.backends.iter().map(|backend| key(&backend.key)).collect::<Vec<_>>()
    };
    assert_eq!(keys(&[("VLLM_API_KEY", "sk-1")]), ["none", "none", "none", "sk-1"]);
    let without = keys(&[]);
    assert_eq!(without[..3], ["none", "none", "none"]);
    assert!(without[3].starts_with("missing: ") && without[3].contains("VLLM_API_KEY"));
}

#[test]
fn the_failover_file_starts_on_its_own_port_with_what_it_left_out_by_name() {
    let config = run(FAILOVER, &[], "--without-policies").unwrap();
    assert_eq!(config.listen.port, 41002);
    assert_eq!(config.listen.host.to_string(), "127.0.0.1");
    assert_eq!(
        config.policies_left_out,
        ["policy-config.yaml:13 policies", "policy-config.yaml:16 policy"]
    );
    let [model] = &config.fleet.models[..] else { panic!("{:?}", config.fleet.models) };
    assert_eq!(model.name.as_str(), "vllm:chat:mistralai/Mixtral-8x7B-v0.1");
    let deployments = model.deployments.iter().map(|one| (one.id.0.as_ref(), one.order));
    let deployments = deployments.collect::<Vec<_>>();
    assert_eq!(deployments, [("vllm-primary", 0), ("vllm-secondary", 1)]);
    let [alias] = &config.fleet.aliases[..] else { panic!("{:?}", config.fleet.aliases) };
    assert_eq!((&*alias.name, alias.hidden), ("mistralai/Mixtral-8x7B-v0.1", true));
    assert!(config.fleet.backends.iter().all(|backend| backend.probe == ProbeStyle::Passive));
    assert_eq!(run(FAILOVER, &[], "--without-policies --strict").map(drop), Ok(()));
    assert_eq!(run(FAILOVER, &[], "").unwrap_err().len(), 2, "policies and policy");
}

#[test]
fn every_key_of_the_dialect_resolves_to_native_settings() {
    let config = run(EVERY_KEY, &[("NODE_KEY", "sk-1")], "").unwrap();
    let everything = ModelName::parse("everything").unwrap();
    let group = config.fleet.models.iter().find(|model| model.name == everything).unwrap();
    assert_eq!(group.fallbacks, ["spare".into()]);
    let one = &group.deployments[0];
    let seconds = |time: std::time::Duration| time.as_secs();
    let times = [one.timeouts.request, one.timeouts.first_chunk, one.timeouts.stream];
    assert_eq!(times.map(seconds), [120, 600, 600]);
    assert_eq!(one.max_context_tokens, Some(32_768));
    assert_eq!(one.upstream.fixed().map(AsRef::as_ref), Some("served-name"));
    let backend = &config.fleet.backends[0];
    assert_eq!((&*backend.url, backend.probe), ("https://node-1.example/v1", ProbeStyle::Active));
    assert!(backend.tls.insecure);
    let routing = &config.fleet.routing;
    assert_eq!((routing.retries, routing.breaker_failures), (0, 4));
    assert_eq!(routing.breaker_cooldown.as_secs(), 30);
    let refused = run(EVERY_KEY, &[("NODE_KEY", "sk-1")], "--strict").unwrap_err();
    let fates = include_str!("every_key.txt").lines().filter(|line| !line.ends_with(": exact"));
    assert_eq!(refused.len(), fates.count(), "{refused:#?}");
}
