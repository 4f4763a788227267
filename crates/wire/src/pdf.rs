//! The text of PDF files.
//!
//! Reading a PDF is dear, and what a client sends may have been made to be so. All that can grow has a
//! bound ([`MOST_BYTES`], [`MOST_PAGES`], [`MOST_UNPACKED`], …), a defect of the library ends in an
//! error, and between two pages the caller is asked whether to go on: there is no clock here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{DecompressError, Document, Error, LoadOptions};

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 32 << 20;

/// Most pages.
pub const MOST_PAGES: usize = 1000;

/// Most bytes that the objects of a file unpack to, all of them together.
pub const MOST_UNPACKED: usize = 64 << 20;

/// Most bytes that the content of a page, or one of its fonts, unpacks to. Reading it takes a multiple
/// of this.
pub const MOST_PAGE: usize = 4 << 20;

/// The least that one object may unpack to, however many there are.
const LEAST_OBJECT: usize = 64 << 10;

/// What stands between two pages.
const PAGE_END: &str = "\n\n";

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It cannot be opened without a password.
    #[error("it is protected by a password")]
    Locked,
    /// It is not what the standard says.
    #[error("it is damaged")]
    Damaged,
    /// It has more pages than the limit.
    #[error("it has more than {MOST_PAGES} pages")]
    Pages,
    /// It, or what it unpacks to, or its text is larger than the limit.
    #[error("it is too large, or unpacks to too much")]
    Size,
    /// There are only pictures in it.
    #[error("there is no text in it; scanned pages are pictures")]
    NoText,
    /// The caller did not want to wait any longer.
    #[error("it takes too long")]
    Stopped,
}

/// The text of a file, page by page, at most `most` bytes. `go_on` is asked before each page.
///
/// The same file gives the same text every time.
pub fn text(file: &[u8], most: usize, go_on: &dyn Fn() -> bool) -> Result<String, Unreadable> {
    // Nothing that the closure touches is looked at after a panic.
    let read = catch_unwind(AssertUnwindSafe(|| read(file, most, go_on)));
    read.unwrap_or(Err(Unreadable::Damaged))
}

fn read(file: &[u8], most: usize, go_on: &dyn Fn() -> bool) -> Result<String, Unreadable> {
    if file.len() > MOST_BYTES {
        return Err(Unreadable::Size);
    }
    let share = (MOST_UNPACKED / packs_of_objects(file).max(1)).max(LEAST_OBJECT);
    if packs_of_objects(file) > MOST_UNPACKED / LEAST_OBJECT {
        return Err(Unreadable::Size);
    }
    let options = LoadOptions::with_max_decompressed_size(share);
    let document = Document::load_mem_with_options(file, options).map_err(|error| why(&error))?;
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        return Err(Unreadable::Locked);
    }
    let pages = document.page_iter().take(MOST_PAGES + 1).count();
    if pages > MOST_PAGES {
        return Err(Unreadable::Pages);
    }
    if pages == 0 {
        return Err(Unreadable::Damaged);
    }
    let mut text = String::new();
    for page in 1..=u32::try_from(pages).unwrap_or(u32::MAX) {
        if !go_on() {
            return Err(Unreadable::Stopped);
        }
        if !text.is_empty() {
            text.push_str(PAGE_END);
        }
        for chunk in document.extract_text_chunks_with_limit(&[page], MOST_PAGE) {
            match chunk {
                Ok(chunk) => text.push_str(&chunk),
                Err(error) if why(&error) == Unreadable::Size => return Err(Unreadable::Size),
                // One font or one page that is not understood takes nothing from the others.
                Err(_) => {}
            }
        }
        if text.len() > most {
            return Err(Unreadable::Size);
        }
    }
    let text = text.trim().replace('\0', "");
    if text.is_empty() { Err(Unreadable::NoText) } else { Ok(text) }
}

fn why(error: &Error) -> Unreadable {
    match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => Unreadable::Size,
        Error::InvalidPassword | Error::Decryption(_) | Error::AlreadyEncrypted => {
            Unreadable::Locked
        }
        _ => Unreadable::Damaged,
    }
}

/// How many streams may be packs of objects, which are unpacked when a file is opened. Each may be as
/// large as the limit, so the limit is shared among them. A name can be written with `#` in it to
/// hide what it is: what may be such a name counts, too.
fn packs_of_objects(file: &[u8]) -> usize {
    const NAME: &[u8] = b"ObjStm";
    memchr::memchr_iter(b'/', file)
        .filter(|at| {
            let name = &file[at + 1..];
            let same = NAME.iter().zip(name).take_while(|(wanted, found)| wanted == found).count();
            same == NAME.len() || name.get(same) == Some(&b'#')
        })
        .count()
}

#[cfg(test)]
mod tests;
