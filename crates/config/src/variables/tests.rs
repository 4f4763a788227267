use super::*;

fn variables(process: &[(&str, &str)], dotenv: &str) -> (Vec<(String, String, String)>, usize) {
    let process = process.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let mut found = Findings::default();
    let variables = Variables::new(&process, Some(dotenv), &mut found);
    let seen = variables.iter();
    let seen = seen.map(|(name, value, origin)| (name.into(), value.into(), origin.to_string()));
    (seen.collect(), found.notices.len())
}

#[test]
fn a_dotenv_file_has_the_syntax_of_the_reference_and_comments_behind_values() {
    let text = "\n# comment\n A = 1 \nB='two'\nC=\"three\"\nD='\"four\"'\nE=\"'five'\"\nF=$A\n\
                G=a=b # comment\nH=\n  # indented\nexport I=9\nnonsense\nJ='open\nA=last\n\
                K='a # b' \t# comment 'c'\nL=\"a # b\"\nM=#a#b\nN= # comment\nO=a\t#\n";
    let (seen, notices) = variables(&[], text);
    let seen: Vec<_> =
        seen.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("A", "last"),
            ("B", "two"),
            ("C", "three"),
            ("D", "four"),
            ("E", "'five'"),
            ("F", "$A"),
            ("G", "a=b"),
            ("J", "'open"),
            ("K", "a # b"),
            ("L", "a # b"),
            ("M", "#a#b"),
            ("O", "a"),
        ]
    );
    assert_eq!(notices, 2, "the `export` line and the nonsense are pointed out");
}

#[test]
fn the_process_wins_over_the_file_unless_it_is_blank() {
    let (seen, _) = variables(&[("A", "process"), ("B", "  "), ("C", "")], "A=file\nB=file\n");
    assert_eq!(
        seen,
        [
            ("A".into(), "process".into(), "A".into()),
            ("B".into(), "file".into(), ".env:2 B".into()),
        ]
    );
}
