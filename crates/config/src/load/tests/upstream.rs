//! Which upstream is chosen (`vllm-responses.md` section 1.1).

use super::*;
use crate::{Child, value::BindHost};

const URL: &str = "http://a:1/v1";

/// The chosen upstream as `URL` or `model arguments @base`, and the notices.
fn chosen(machine: &Machine, line: &str) -> (String, Vec<String>) {
    let line = format!("--code-interpreter disabled {line}");
    let (config, notices) = machine.serve(line.trim());
    let [backend] = &config.fleet.backends[..] else { panic!("{:?}", config.fleet) };
    let base = backend.url.to_string();
    let chosen = match &config.child {
        None => base,
        Some(child) => {
            format!("{} {} @{base}", child.model, child.arguments.as_slice().join(" "))
        }
    };
    (chosen, notices)
}

#[test]
fn the_flag_wins_and_says_so_only_when_the_variable_differs() {
    let machine = Machine::new();
    assert_eq!(chosen(&machine, "--upstream http://a:1"), (URL.into(), vec![]));
    let same = machine.clone().variable("VR_LLM_API_BASE", "http://a:1/v1/");
    assert_eq!(chosen(&same, "--upstream http://a:1"), (URL.into(), vec![]));
    let other = machine.variable("VR_LLM_API_BASE", "http://b:2");
    assert_eq!(
        chosen(&other, "--upstream http://a:1"),
        (URL.into(), vec!["VR_LLM_API_BASE: is ignored: --upstream is used".into()])
    );
}

#[test]
fn a_model_after_the_separator_wins_over_the_variable_whatever_it_holds() {
    let machine = Machine::new().variable("VR_LLM_API_BASE", "not a url");
    assert_eq!(
        chosen(&machine, "-- m --max-model-len 9"),
        (
            "m --max-model-len 9 --host 127.0.0.1 --port 8457 @http://127.0.0.1:8457/v1".into(),
            vec!["VR_LLM_API_BASE: is ignored: a model is spawned".into()]
        )
    );
}

#[test]
fn the_variable_wins_over_the_file_and_the_file_over_nothing() {
    let machine = Machine::new().file("transom.yaml", "vllm:\n  model: m\n  arguments: [-x]\n");
    assert_eq!(
        chosen(&machine, "").0,
        "m -x --host 127.0.0.1 --port 8457 @http://127.0.0.1:8457/v1"
    );
    assert_eq!(
        chosen(&machine, "-- n").0,
        "n --host 127.0.0.1 --port 8457 @http://127.0.0.1:8457/v1",
        "the file's arguments belong to the file's model"
    );
    let dotenv = machine.file(".env", "VR_LLM_API_BASE=http://a:1\n");
    assert_eq!(
        chosen(&dotenv, ""),
        (
            URL.into(),
            vec!["transom.yaml:2 vllm.model: is ignored: a running upstream is used".into()]
        )
    );
    let process = dotenv.variable("VR_LLM_API_BASE", "http://c:3");
    assert_eq!(chosen(&process, "").0, "http://c:3/v1");
}

#[test]
fn conflicts_and_incomplete_command_lines_are_refused_with_advice() {
    let machine = Machine::new();
    let both =
        machine.clone().file("transom.yaml", "upstream:\n  url: http://a:1\nvllm:\n  model: m\n");
    let model_first = "(the model comes first: transom serve -- MODEL [vLLM arguments])";
    for (machine, line, problem) in [
        (
            &machine,
            "serve",
            "command line: no upstream is configured (give --upstream URL, or `-- MODEL [vLLM \
             arguments]`, or set VR_LLM_API_BASE, or write upstream.url, vllm.model or \
             models in transom.yaml)"
                .to_owned(),
        ),
        (
            &machine,
            "serve --upstream http://a:1 -- m",
            "--upstream: cannot be used together with arguments after `--` (choose a running \
             upstream or a model to spawn, not both)"
                .to_owned(),
        ),
        (
            &both,
            "serve",
            "transom.yaml:2 upstream.url: cannot be used together with transom.yaml:4 vllm.model \
             (choose a running upstream or a model to spawn, not both)"
                .to_owned(),
        ),
        (&machine, "serve --", format!("arguments after `--`: nothing follows `--` {model_first}")),
        (
            &machine,
            "serve -- --port 1",
            format!("arguments after `--`: `--port` stands where the model should {model_first}"),
        ),
        (
            &machine,
            "serve my/model",
            "command line: `my/model` is not an argument of this command (to spawn vLLM, write \
             `--` before the model: transom serve -- my/model)"
                .to_owned(),
        ),
        (
            &machine,
            "serve --upstream ''",
            "--upstream: is blank, expected http or https URL".to_owned(),
        ),
        (
            &machine,
            "serve -- m --port",
            "arguments after `--`: --port of vLLM has no usable value (Transom must know where \
             vLLM listens)"
                .to_owned(),
        ),
    ] {
        assert_eq!(machine.problems(line), [problem], "{line}");
    }
}

#[test]
fn the_child_listens_where_its_arguments_say() {
    for (arguments, all, base) in [
        ("", "--host 127.0.0.1 --port 8457", "http://127.0.0.1:8457/v1"),
        ("--port 9", "--port 9 --host 127.0.0.1", "http://127.0.0.1:9/v1"),
        ("--host=0.0.0.0 --port=9", "--host=0.0.0.0 --port=9", "http://127.0.0.1:9/v1"),
        ("--host :: --port 9 --port 8", "--host :: --port 9 --port 8", "http://127.0.0.1:8/v1"),
        ("--host ::1 --port 9", "--host ::1 --port 9", "http://[::1]:9/v1"),
        ("--portal 3", "--portal 3 --host 127.0.0.1 --port 8457", "http://127.0.0.1:8457/v1"),
    ] {
        let line = format!("-- m {arguments}");
        assert_eq!(chosen(&Machine::new(), &line).0, format!("m {all} @{base}"), "{line}");
    }
}

#[test]
fn the_program_is_found_on_path_or_where_the_flag_says() {
    let machine = Machine::new().file("/bin/other/vllm", "").file("/opt/vllm", "");
    let child = |line: &str| machine.config(line).child.unwrap();
    let spawned = child("-- m");
    let expected = Child {
        vllm_bin: PathBuf::from("/bin/vllm"),
        model: "m".into(),
        arguments: spawned.arguments.clone(),
        host: BindHost::LOOPBACK,
        port: 8457,
    };
    assert_eq!(spawned, expected);
    assert_eq!(child("--vllm-bin /bin/other/vllm -- m").vllm_bin, Path::new("/bin/other/vllm"));
    let hint = "(install vLLM, name its program with --vllm-bin, or use --upstream URL)";
    assert_eq!(
        machine.problems("serve --vllm-bin /opt/vllm -- m"),
        [format!("--vllm-bin: `/opt/vllm` is not a program {hint}")]
    );
    let bare = Machine::default().variable("PATH", "/usr/bin");
    assert_eq!(bare.problems("serve -- m"), [format!("default: `vllm` is not on PATH {hint}")]);
}

#[test]
fn arguments_are_passed_on_as_they_are() {
    let child = Machine::new().config("-- m --served-model-name ''").child.unwrap();
    assert_eq!(child.arguments.as_slice()[..2], ["--served-model-name", ""]);
}

#[test]
fn the_kind_of_api_is_said_in_any_spelling_and_everywhere() {
    use transom_core::backend::ApiKind::{ChatCompletions, Responses};
    let kind = |machine: &Machine, line: &str| {
        let line = format!("--code-interpreter disabled --upstream {URL} {line}");
        machine.config(line.trim()).fleet.backends[0].api_kind
    };
    let machine = Machine::new();
    assert_eq!(kind(&machine, ""), ChatCompletions);
    for (word, expected) in [
        ("responses", Responses),
        ("RESPONSES", Responses),
        ("chat_completions", ChatCompletions),
        ("Chat-Completions", ChatCompletions),
    ] {
        assert_eq!(kind(&machine, &format!("--upstream-api-kind {word}")), expected, "{word}");
    }
    let variable = machine.clone().variable("VR_UPSTREAM_API_KIND", "responses");
    assert_eq!(kind(&variable, ""), Responses);
    assert_eq!(kind(&variable, "--upstream-api-kind chat-completions"), ChatCompletions);
    let file = machine.clone().file("transom.yaml", "upstream:\n  api_kind: responses\n");
    assert_eq!(kind(&file, ""), Responses);
    assert_eq!(
        machine.problems("serve --upstream http://a:1 --upstream-api-kind response"),
        [
            "--upstream-api-kind: `response` is not one of chat_completions, responses (did you mean \
          `responses`?)"
        ]
    );
    let each = "backends:\n  - {name: a, url: http://a:1, api_kind: responses}\n  \
                - {name: b, url: http://b:1}\nmodels:\n  - {name: m, deployments: [{backend: a}, \
                {backend: b}]}\n";
    let config = machine.file("transom.yaml", each).config("--code-interpreter disabled");
    let kinds: Vec<_> = config.fleet.backends.iter().map(|backend| backend.api_kind).collect();
    assert_eq!(kinds, [Responses, ChatCompletions]);
}
