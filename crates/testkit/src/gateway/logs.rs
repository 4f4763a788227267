//! The output of a gateway, line by line and as JSON.

use serde_json::Value;

use super::TestGateway;
use crate::child::LogMark;

impl TestGateway {
    /// All lines of stdout and stderr so far, in order of arrival.
    pub fn logs(&self) -> String {
        self.child.logs()
    }

    /// The end of the output so far, to look only at what comes behind it.
    pub fn log_mark(&self) -> LogMark {
        self.child.mark()
    }

    /// The lines behind the mark.
    pub fn logs_since(&self, mark: LogMark) -> Vec<String> {
        self.child.lines_since(mark)
    }

    /// The lines behind the mark that are JSON objects.
    pub fn json_logs_since(&self, mark: LogMark) -> Vec<Value> {
        self.logs_since(mark).iter().filter_map(|line| object(line)).collect()
    }

    /// Waits for a line of output that contains this text, and returns the line.
    pub async fn await_log(&self, text: &str) -> String {
        self.child.await_line(text).await
    }

    /// As [`TestGateway::await_log`], with only the lines behind the mark.
    pub async fn await_log_since(&self, mark: LogMark, text: &str) -> String {
        let matching = |line: &str| line.contains(text).then(|| line.to_owned());
        self.child.await_since(mark, &format!("the log line {text:?}"), matching).await
    }

    /// Waits for a log line behind the mark that is a JSON object and fits; `what` names it in a failure.
    pub async fn await_json_log(
        &self,
        mark: LogMark,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        self.child.await_since(mark, what, |line| object(line).filter(|entry| fits(entry))).await
    }
}

fn object(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok().filter(Value::is_object)
}
