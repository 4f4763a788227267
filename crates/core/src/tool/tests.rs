use super::ToolName;

fn flat(namespace: &str, name: &str) -> String {
    ToolName { namespace: Some(namespace.to_owned()), name: name.to_owned() }.flat().into_owned()
}

#[test]
fn flat_names_are_words_that_model_servers_know() {
    assert_eq!(ToolName::plain("get").flat(), "get");
    assert_eq!(flat("agents", "spawn"), "agents__spawn");
    let (long, other) = (flat(&"n".repeat(40), &"t".repeat(40)), flat(&"n".repeat(40), "t2"));
    assert_eq!((long.len(), other), (64, format!("{}__t2", "n".repeat(40))));
    let (near, far) = (flat(&"n".repeat(64), "a"), flat(&"n".repeat(64), "b"));
    assert_ne!(near, far, "the digest tells apart what the cut makes equal");
    assert!(flat("my server", "läuft").starts_with("my_server__l_uft_"));
}
