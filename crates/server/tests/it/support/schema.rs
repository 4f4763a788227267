//! Whether an answer is as the description says. Fields that it does not name are wrong here.

use serde_json::Value;

use super::Answer;

/// Holds an answer against the description of its route.
pub(super) fn check_answer(document: &Value, method: &str, path: &str, answer: &Answer) {
    let Some(route) = route(document, method, path) else {
        assert!(matches!(answer.status.as_u16(), 403..=405), "{method} {path}: {answer:?}");
        return;
    };
    let described = &route["responses"][answer.status.as_str()]["content"];
    let (_, media) = described.as_object().into_iter().flatten().next().unwrap_or_else(|| {
        panic!("{method} {path} does not describe {}: {}", answer.status, answer.text)
    });
    let kind = answer.headers["content-type"].to_str().unwrap();
    if kind.starts_with("application/json") {
        check(document, &media["schema"], &answer.json(), path);
    }
}

/// The description of a route, by a path with names in it.
fn route<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let fits = |template: &str| match template.split_once('{') {
        None => template == path,
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            let whole = template.contains("models") || name.is_some_and(|n| !n.contains('/'));
            name.is_some_and(|name| !name.is_empty()) && whole
        }
    };
    let paths = document["paths"].as_object().unwrap();
    let (_, methods) = paths.iter().find(|(template, _)| fits(template))?;
    methods.get(method.to_ascii_lowercase())
}

/// Holds a value against a schema.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = document.pointer(reference.trim_start_matches('#'));
        return check(document, named.unwrap_or_else(|| panic!("{reference}")), value, at);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let whole = kind == "integer" && kinds.contains(&"number");
    assert!(kinds.contains(&kind) || whole, "{at} is {value}, not {kinds:?}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], element, &format!("{at}[{index}]"));
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(required.as_str().unwrap()).is_some(), "{at} lacks {required}");
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let schema = properties.get(name).unwrap_or_else(|| panic!("{at}.{name} is not described"));
        check(document, schema, field, &format!("{at}.{name}"));
    }
}
