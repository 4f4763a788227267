//! Files within a request: text of any kind, or a PDF, in base64.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use transom_core::content::{File, FileText};
use transom_core::failure::Failure;

use crate::responses::path::Path;
use crate::responses::read::Object;
use crate::responses::refuse;

/// The standard alphabet; clients differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a PDF begins (ISO 32000, 7.5.2).
const PDF: &[u8] = b"%PDF-";

/// Text files of this gateway are UTF-8.
const NOT_TEXT: &str = "this is not text in UTF-8. Text files are read here (plain text, Markdown, \
                        CSV, JSON, source code, …) and PDF files, others are not.";

/// Reads an `input_file`. Its media type is not asked for: what counts is whether it is text, or a PDF,
/// which is read [later](crate::pdf).
pub(super) fn read(mut part: Object<'_, '_>) -> Result<File, Failure> {
    let path = part.path();
    for (name, why) in [
        ("file_id", "There are no uploaded files here: send the file as 'file_data'."),
        ("file_url", "Files are not fetched here: send the file as 'file_data'."),
    ] {
        if part.has(name) {
            return Err(refuse::unsupported_parameter(&path.field(name), why));
        }
    }
    let filename = part.string("filename")?;
    let data = part.require_string("file_data")?;
    let text = text_of(&data, &path.field("file_data"))?;
    let detail = part.word("detail", &["low", "high"])?.map(str::to_owned);
    Ok(File { filename, data, text, detail })
}

/// The bytes of a file whose data has been read once.
pub(in crate::responses) fn bytes_of(data: &str) -> Option<Vec<u8>> {
    BASE64.decode(payload(data, &Path::Root).ok()?).ok()
}

fn text_of(data: &str, path: &Path<'_>) -> Result<FileText, Failure> {
    let bytes = BASE64.decode(payload(data, path)?).map_err(|_| {
        refuse::wrong_value(path, "a file is base64, or a data: URL with base64 in it.")
    })?;
    if bytes.starts_with(PDF) {
        return Ok(FileText::Unread);
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse::unsupported_value(path, NOT_TEXT))?;
    if text.contains('\0') {
        return Err(refuse::unsupported_value(path, NOT_TEXT));
    }
    let unmarked = text.strip_prefix('\u{feff}').map(str::to_owned);
    Ok(FileText::Known(unmarked.unwrap_or(text)))
}

/// The base64 of a `data:` URL (RFC 2397), or the whole text where it is none.
fn payload<'a>(data: &'a str, path: &Path<'_>) -> Result<&'a str, Failure> {
    let url = data.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    if !url {
        return Ok(data);
    }
    match data.split_once(',') {
        Some((head, payload)) if head.to_ascii_lowercase().ends_with(";base64") => Ok(payload),
        _ => Err(refuse::wrong_value(path, "a data: URL of a file has ';base64,' in it.")),
    }
}
