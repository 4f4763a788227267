//! Finds the blocks of a guide.

/// What is done with a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is run to its end.
    Run,
    /// It is started and left running.
    Serve,
    /// It becomes a file of this name.
    File(String),
}

/// A block that something is done with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Lines of its output.
    pub(super) expected: Vec<String>,
}

/// All blocks of a guide, in order.
pub(super) fn parse(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for fenced in guide.split("\n```").skip(1).step_by(2) {
        let (info, text) = fenced.split_once('\n').unwrap_or((fenced, ""));
        let words: Vec<_> = info.split_whitespace().collect();
        let kind = match words.as_slice() {
            ["sh"] => Kind::Run,
            ["sh", "server"] => Kind::Serve,
            ["sh", "no-run"] | ["python" | "js"] => continue,
            ["yaml" | "dotenv" | "toml", name] => Kind::File((*name).to_owned()),
            ["text"] => {
                let last = blocks.last_mut().expect("a block above the expected output");
                last.expected = text.lines().map(str::to_owned).collect();
                continue;
            }
            other => panic!("a block of an unknown kind: {other:?}"),
        };
        blocks.push(Block { kind, text: text.to_owned(), expected: Vec::new() });
    }
    blocks
}

/// Whether all expected lines are there, in order; the first one that is not, otherwise.
pub(super) fn matches(expected: &[String], said: &str) -> Result<(), String> {
    let mut lines = said.lines();
    for wanted in expected.iter().filter(|line| !line.trim().is_empty()) {
        if !lines.any(|line| fits(wanted, line)) {
            return Err(wanted.clone());
        }
    }
    Ok(())
}

fn fits(wanted: &str, line: &str) -> bool {
    let (wanted, line) = (wanted.trim(), line.trim());
    let Some((first, gaps)) = wanted.split_once('…') else { return wanted == line };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut pieces: Vec<_> = gaps.split('…').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[test]
fn an_expected_line_fits_with_its_gaps() {
    for (wanted, line, result) in [
        ("ready: …/v1", "ready: http://x/v1", true),
        ("ready: …/v1", "not ready: http://x/v1", false),
        ("{\"id\":\"…\",…}", "{\"id\":\"r\",\"b\":{}}", true),
        ("exit code 2", "exit code 22", false),
    ] {
        assert_eq!(fits(wanted, line), result, "{wanted} / {line}");
    }
}
