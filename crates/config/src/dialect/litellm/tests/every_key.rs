//! Every key of LiteLLM's reference, and what becomes of it.

use super::*;

const FILE: &str = include_str!("every-key.yaml");
const SAID: &str = include_str!("every-key.txt");

#[test]
fn every_key_is_honoured_or_told_and_no_secret_is_shown() {
    let lowered = Machine::default().lower(FILE);
    let mut said = vec!["# what is used".to_owned()];
    said.extend(lowered.native());
    said.push("# what is told".to_owned());
    said.extend(lowered.findings());
    said.push("# what is refused".to_owned());
    said.extend(lowered.problems());
    let said: Vec<_> = said.iter().map(|line| line.trim_end()).collect();
    assert_eq!(said, SAID.lines().collect::<Vec<_>>());
    let told = said.iter().skip_while(|line| **line != "# what is told");
    assert_eq!(told.filter(|line| line.contains("hush")).count(), 0);
}

/// Every line of the file is in what is used, told or refused, except headings, keys that say what
/// holds anyway, and the name of a variable that the file sets further down.
#[test]
fn no_key_vanishes() {
    let exact = [
        "model_list",
        "model_name",
        "litellm_params",
        "model_info",
        "model_group_alias",
        "router_settings",
        "litellm_settings",
        "general_settings",
        "environment_variables",
        "retry_policy",
        "store_model_in_db",
        "default_max_parallel_requests",
        "api_key",
    ];
    for (index, line) in FILE.lines().enumerate() {
        let key = line.trim_start_matches([' ', '-']).split(':').next().unwrap_or_default();
        if line.is_empty() || exact.contains(&key) {
            continue;
        }
        let at = format!("({})", index + 1);
        let told = [format!("{} ", index + 1), format!("{}:", index + 1)];
        let seen = SAID.lines().any(|said| {
            said.contains(&at) || told.iter().any(|start| said.starts_with(start.as_str()))
        });
        assert!(seen, "line {}: {line}", index + 1);
    }
}

#[test]
fn what_is_used_is_accepted_and_served() {
    let machine = Machine::default()
        .file("c.yaml", FILE)
        .file("client.pem", "")
        .variable("LITELLM_MASTER_KEY", "sk-m");
    let (fleet, _) = machine.serve("--without-policies").unwrap();
    let names: Vec<_> = fleet.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["chat", "long"]);
    assert_eq!(fleet.aliases.len(), 2);
    let price = fleet.models[0].deployments[0].price;
    assert_eq!((price.input, price.output), (Some(0.1), Some(0.4)));
}
