//! Where log lines go: standard error, and a file if a folder is configured.

use std::fs::{OpenOptions, create_dir_all};
use std::io;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use transom_config::{Log, LogFormat, LogLevel};

use crate::console::Console;

/// The log file's name within its folder.
const FILE: &str = "transom.log";

/// Sets up logging for the whole program. Fails when the log file cannot be written. What is
/// returned writes the last lines of the file when it is dropped.
pub(crate) fn start(log: &Log, console: &Console) -> io::Result<Option<WorkerGuard>> {
    let (writer, colour) = console.log();
    let console = layer(log.format, writer, colour);
    let (file, flush) = match &log.directory {
        None => (None, None),
        Some(folder) => {
            create_dir_all(folder)?;
            let file = OpenOptions::new().create(true).append(true).open(folder.join(FILE))?;
            let (writer, flush) = tracing_appender::non_blocking(file);
            (Some(layer(log.format, writer, false)), Some(flush))
        }
    };
    tracing_subscriber::registry()
        .with(level(log.level))
        .with(console)
        .with(file)
        .try_init()
        .map_err(io::Error::other)?;
    Ok(flush)
}

fn layer<S, W>(
    format: LogFormat,
    writer: W,
    colour: bool,
) -> Box<dyn tracing_subscriber::Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => {
            fmt::layer().with_target(false).with_ansi(colour).with_writer(writer).boxed()
        }
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    }
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
