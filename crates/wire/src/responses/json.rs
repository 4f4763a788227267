//! Writes plain structs as JSON into memory, which cannot fail.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use transom_core::Json;

/// Appends `value` as JSON.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, out: &mut BytesMut) {
    let written = serde_json::to_writer(out.writer(), value);
    // Memory has no I/O errors, and none of our types has a map with keys other than strings.
    debug_assert!(written.is_ok(), "plain data is always JSON: {written:?}");
}

/// `value` as JSON of its own.
pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Json {
    match serde_json::value::to_raw_value(value) {
        Ok(json) => json,
        Err(error) => unreachable!("plain data is always JSON: {error}"),
    }
}
