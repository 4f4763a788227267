use transom_core::item::Conformity::{self, Breaks, Follows, Unasked, Unknown};
use transom_core::item::Untold;
use transom_core::tool::{CustomTool, InputFormat, Namespace, OwnTool, Tool, ToolName};

use super::{Grammars, MAX_CHECKED, MAX_INPUT};

fn custom(name: &str, format: InputFormat) -> OwnTool {
    let (name, description, defer_loading) = (name.to_owned(), None, None);
    OwnTool::Custom(CustomTool { name, description, format, defer_loading })
}

fn check(format: InputFormat, input: &str) -> Conformity {
    let tools = [Tool::Own(custom("t", format))];
    Grammars::of(&tools).check(&ToolName::plain("t"), input)
}

fn regex(pattern: &str, input: &str) -> Conformity {
    check(InputFormat::Regex(pattern.to_owned()), input)
}

fn lark(grammar: &str, input: &str) -> Conformity {
    check(InputFormat::Lark(grammar.to_owned()), input)
}

#[test]
fn an_expression_is_the_whole_input() {
    for (pattern, input, expected) in [
        ("a+", "aaa", Follows),
        ("a+", "aab", Breaks { at: 2 }),
        ("a+", "baa", Breaks { at: 0 }),
        ("a+b", "aaa", Breaks { at: 3 }),
        ("a+", "", Breaks { at: 0 }),
        // The shorter alternative comes first and must not win.
        ("a|ab", "ab", Follows),
        ("a?", "", Follows),
        ("^a$", "a", Follows),
        (r"\p{Lu}\d", "Ü7", Follows),
        (r"[^\n]*", "a\nb", Breaks { at: 1 }),
        ("(ab)*", "ababa", Breaks { at: 5 }),
        ("(ab)*", "abc", Breaks { at: 2 }),
        ("aé", "aè", Breaks { at: 1 }),
        (r"(?=a)a", "a", Unknown(Untold::Grammar)),
        ("a{1000}{1000}", "a", Unknown(Untold::Grammar)),
    ] {
        assert_eq!(regex(pattern, input), expected, "{pattern} on {input:?}");
    }
}

#[test]
fn a_hostile_expression_costs_one_look_at_each_byte() {
    let input = "a".repeat(MAX_INPUT);
    assert_eq!(regex("(a|aa)*b", &input), Breaks { at: MAX_INPUT });
    assert_eq!(regex("a*", &format!("{input}a")), Unknown(Untold::Length));
}

const PATCH: &str = r#"
start: begin hunk+ end
begin: "*** Begin Patch" LF
end: "*** End Patch" LF?
hunk: "*** Add File: " NAME LF line+
NAME: /[^\n]+/
line: "+" /[^\n]*/ LF
LF: "\n"
"#;

#[test]
fn a_grammar_reads_the_whole_input() {
    let patch = "*** Begin Patch\n*** Add File: ü.txt\n+one\n+\n*** End Patch";
    assert_eq!(lark(PATCH, patch), Follows);
    assert_eq!(lark(PATCH, &format!("{patch}\n")), Follows);
    assert_eq!(lark(PATCH, &format!("{patch}\n\n")), Breaks { at: patch.len() + 1 });
    assert_eq!(lark(PATCH, "*** Begin Patch\n*** End Patch"), Breaks { at: 20 });
    assert_eq!(lark(PATCH, "*** Begin"), Breaks { at: 9 });
    for (grammar, input, expected) in [
        ("start: /a+/", "aaa", Follows),
        ("start: /a+/", "aab", Breaks { at: 2 }),
        ("start: \"(\" start \")\" | \"x\"", "((x))", Follows),
        ("start: \"(\" start \")\" | \"x\"", "((x)", Breaks { at: 4 }),
        ("start: NUMBER (\",\" NUMBER)*\n%import common.NUMBER\n%ignore / +/", "1, 2.5", Follows),
        ("start: absent", "x", Unknown(Untold::Grammar)),
        ("start: (((", "x", Unknown(Untold::Grammar)),
    ] {
        assert_eq!(lark(grammar, input), expected, "{grammar} on {input:?}");
    }
}

#[test]
fn a_grammar_with_too_many_readings_is_given_up_in_time() {
    let ambiguous = "start: a\na: a a a | a a | \"x\" | ";
    assert_eq!(lark(ambiguous, &"x".repeat(2048)), Unknown(Untold::Work));
    assert_eq!(lark("start: /x*/", &"x".repeat(1 << 12)), Follows);
    let long = "x".repeat((1 << 16) + 1);
    assert_eq!(lark("start: /x*/", &long), Unknown(Untold::Length));
}

#[test]
fn tools_without_a_grammar_are_not_asked() {
    let inner = vec![custom("t", InputFormat::Regex("a".to_owned()))];
    let (name, description) = ("n".to_owned(), "d".to_owned());
    let tools = [
        Tool::Own(custom("t", InputFormat::Text)),
        Tool::Namespace(Namespace { name, description, tools: inner }),
    ];
    let mut grammars = Grammars::of(&tools);
    assert_eq!(grammars.check(&ToolName::plain("t"), "b"), Unasked);
    let inner = ToolName { namespace: Some("n".to_owned()), name: "t".to_owned() };
    assert_eq!(grammars.check(&inner, "b"), Breaks { at: 0 });
    assert_eq!(grammars.check(&ToolName::plain("other"), "b"), Unasked);
}

/// Checking takes time, and an answer can have many calls.
#[test]
fn the_checks_of_one_answer_are_counted() {
    let tools = [Tool::Own(custom("t", InputFormat::Regex("a".to_owned())))];
    let mut grammars = Grammars::of(&tools);
    let mut check = || grammars.check(&ToolName::plain("t"), "a");
    assert!((0..MAX_CHECKED).all(|_| check() == Follows));
    assert_eq!(check(), Unknown(Untold::Work));
}
