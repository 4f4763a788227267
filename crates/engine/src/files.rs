//! Reads the PDF files of a conversation.
//!
//! It is work for a processor, and a client decides how much: it is done on threads of its own, few at
//! a time, each file within [`PATIENCE`]. A file is read once and remembered for the turns that follow,
//! since it comes again with each of them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use transom_core::content::{File, FileText, Part};
use transom_core::failure::{Failure, Invalid};
use transom_core::item::{FunctionOutput, HostedItem, Item, Told};
use transom_wire::pdf::{self, Unreadable};
use transom_wire::responses::item::file_bytes;

/// How long a request waits for one of its files to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files that are read at once. One takes a multiple of [`pdf::MOST_PAGE`] at most.
const AT_ONCE: usize = 2;

/// Most bytes of text that all PDF files of a request may have together.
pub(crate) const MOST_TEXT: usize = 4 << 20;

/// Most bytes of text that are remembered.
const MOST_REMEMBERED: usize = 64 << 20;

/// When a client should come back whose file could not be begun with in time.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Reads files, and remembers what was in them.
pub(crate) struct Reader {
    places: Arc<Semaphore>,
    known: Mutex<Known>,
    /// Two independent hashes name a file.
    hashers: [RandomState; 2],
    tracker: TaskTracker,
}

type Name = [u64; 2];

#[derive(Default)]
struct Known {
    texts: HashMap<Name, Arc<str>>,
    /// Oldest first.
    order: VecDeque<Name>,
    bytes: usize,
}

/// Says stop when it is dropped: nobody waits any longer.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    pub(crate) fn new(tracker: TaskTracker) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let hashers = [RandomState::new(), RandomState::new()];
        Self { places, known: Mutex::default(), hashers, tracker }
    }

    /// Reads every file of `items` that is not read yet. `list` names the request's list of items, of
    /// which the first `inherited` are not part: they were said in earlier turns.
    pub(crate) async fn read(
        &self,
        items: &mut [Item],
        list: &str,
        inherited: usize,
    ) -> Result<(), Failure> {
        let mut left = MOST_TEXT;
        for (at, item) in items.iter_mut().enumerate() {
            let (parts, field) = parts_of(item);
            for (place, part) in parts.iter_mut().enumerate() {
                let Part::File(file) = part else { continue };
                if file.text != FileText::Unread {
                    continue;
                }
                let param = match at.checked_sub(inherited) {
                    Some(at) => format!("{list}[{at}].{field}[{place}].file_data"),
                    None => list.to_owned(),
                };
                let text = self.text_of(file, left, param).await?;
                left = left.saturating_sub(text.len());
                file.text = FileText::Known(text.as_ref().to_owned());
            }
        }
        Ok(())
    }

    async fn text_of(&self, file: &File, left: usize, param: String) -> Result<Arc<str>, Failure> {
        let name = self.hashers.each_ref().map(|hasher| hasher.hash_one(&file.data));
        let known = self.known().texts.get(&name).cloned();
        let text = if let Some(text) = known {
            text
        } else {
            let read = self.read_one(file.data.clone(), left).await?;
            let text: Arc<str> = Arc::from(read.map_err(|why| unreadable(why, param.clone()))?);
            self.known().keep(name, Arc::clone(&text));
            text
        };
        if text.len() > left { Err(unreadable(Unreadable::Size, param)) } else { Ok(text) }
    }

    async fn read_one(
        &self,
        data: String,
        most: usize,
    ) -> Result<Result<String, Unreadable>, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let busy = |_| Failure::Overloaded { retry_after: RETRY_AFTER };
        let place = timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(busy)?.map_err(|closed| Failure::Internal(closed.into()))?;
        let stop = Stop(Arc::default());
        let stopped = Arc::clone(&stop.0);
        let reading = self.tracker.spawn_blocking(move || {
            // Kept by the thread, not by who waits for it: a thread cannot be stopped at once.
            let _place = place;
            let bytes = file_bytes(&data).ok_or(Unreadable::Damaged)?;
            pdf::text(&bytes, most, &|| !stopped.load(Ordering::Relaxed))
        });
        match timeout_at(deadline, reading).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(failed)) => Err(Failure::Internal(failed.into())),
            Err(_) => Ok(Err(Unreadable::Stopped)),
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, name: Name, text: Arc<str>) {
        self.bytes += text.len();
        if let Some(before) = self.texts.insert(name, text) {
            self.bytes -= before.len();
        } else {
            self.order.push_back(name);
        }
        while self.bytes > MOST_REMEMBERED {
            let Some(oldest) = self.order.pop_front() else { return };
            self.bytes -= self.texts.remove(&oldest).map_or(0, |text| text.len());
        }
    }
}

/// The parts of an item, and the field that holds them.
fn parts_of(item: &mut Item) -> (&mut [Part], &'static str) {
    match item {
        Item::Message(message) => (&mut message.content, "content"),
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            (output_parts(&mut output.output), "output")
        }
        Item::Hosted(HostedItem { told: Told::Output { output, .. }, .. }) => {
            (output_parts(output), "output")
        }
        _ => (&mut [], ""),
    }
}

fn output_parts(output: &mut FunctionOutput) -> &mut [Part] {
    match output {
        FunctionOutput::Text(_) => &mut [],
        FunctionOutput::Parts(parts) => parts,
    }
}

fn unreadable(why: Unreadable, param: String) -> Failure {
    Failure::Invalid(Invalid {
        message: format!("The PDF file at '{param}' cannot be read: {why}."),
        param: Some(param),
        code: "invalid_file",
    })
}

#[cfg(test)]
mod tests;
