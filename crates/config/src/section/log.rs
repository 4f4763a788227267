//! What is logged, how and where.

use std::path::PathBuf;

use crate::{setting::section, value::choice};

section! {
    /// Logging.
    pub struct Log in "log" {
        /// One readable line or one JSON object per record.
        [variable("VR_LOG_FORMAT")]
        format: LogFormat = default LogFormat::Text,
        /// Least severe records written.
        [variable("VR_LOG_LEVEL")]
        level: LogLevel = default LogLevel::Info,
        /// Folder for a log file, besides standard error.
        [variable("VR_LOG_DIR")]
        directory: PathBuf = unset "standard error only",
        /// Whether the time spent in each stage of a request is logged.
        [variable("VR_LOG_TIMINGS")]
        timings: bool = default false,
        /// Whether the messages of a failed request are logged. They are users' words.
        [variable("VR_LOG_MODEL_MESSAGES")]
        model_messages: bool = default false,
    }
}

choice! {
    /// The shape of a record.
    pub enum LogFormat {
        /// A line for people.
        Text = "text",
        /// A JSON object for machines.
        Json = "json",
    }
}

choice! {
    /// Severity, in falling order.
    pub enum LogLevel {
        /// Failures of the gateway.
        Error = "error",
        /// Failures of others that the gateway noticed.
        Warn = "warn",
        /// What an operator wants to see.
        Info = "info",
        /// What explains a fault.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}
