use proptest::prelude::*;

use super::InputReader;

/// The input, fed in pieces of this many characters.
fn read(arguments: &str, step: usize) -> String {
    let chars: Vec<char> = arguments.chars().collect();
    let mut reader = InputReader::default();
    let mut input: String =
        chars.chunks(step).map(|piece| reader.feed(&piece.iter().collect::<String>())).collect();
    input.push_str(&reader.finish());
    input
}

proptest! {
    /// Whatever the input and wherever its JSON is cut, it comes out as it went in.
    #[test]
    fn an_input_survives_its_json(input in any::<String>(), step in 1_usize..9, wide in any::<bool>()) {
        let mut text = serde_json::to_string(&input).unwrap();
        if wide {
            let units = input.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            text = format!("\"{}\"", units.collect::<Vec<_>>().concat());
        }
        prop_assert_eq!(read(&format!(" {{ \"input\" :{text} }}"), step), input);
    }

    /// Nothing that a model writes breaks the reader.
    #[test]
    fn any_arguments_have_an_input(arguments in r#"\PC{0,8}|\{"input":"(\\|u|d8|["aéd8\\]){0,14}"#, step in 1_usize..4) {
        let whole = read(&arguments, 64);
        prop_assert_eq!(read(&arguments, step), whole);
    }
}

#[test]
fn other_forms_are_read_as_a_whole() {
    for (arguments, input) in [
        (r#"{"why":"x","input":"a\nb"}"#, "a\nb"),
        (r#""bare \"string\"""#, "bare \"string\""),
        ("*** Begin Patch", "*** Begin Patch"),
        (r#"{"input":5}"#, r#"{"input":5}"#),
        ("", ""),
        (r#"{"input":"cut \u12"#, "cut "),
        (r#"{"input":"\ud83dx"}"#, "\u{fffd}x"),
        (r#"{"input":"\ud83da"}"#, "\u{fffd}a"),
        (r#"{"input":"\ud83d\u0041"}"#, "\u{fffd}A"),
        (r#"{"input":"\ud83d\n\udc00."}"#, "\u{fffd}\n\u{fffd}."),
        (r#"{"input":"\u123é"}"#, "\u{fffd}é"),
        (r#"{"input":"\u12"}"#, "\u{fffd}"),
        (r#"{"input":"\x"}"#, "\u{fffd}x"),
        (r#"{"input":"a" , "more":1}"#, "a"),
    ] {
        assert_eq!(read(arguments, 1), input, "{arguments}");
    }
}
