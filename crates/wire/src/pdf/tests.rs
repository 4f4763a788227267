use std::cell::Cell;
use std::fmt::Write as _;

use lopdf::encryption::{EncryptionState, EncryptionVersion, Permissions};
use lopdf::{Dictionary, Object, Stream, StringFormat};

use super::*;

/// A file of these objects, the first of which is the catalogue.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.7\n".to_owned();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1).unwrap();
    }
    let table = file.len();
    write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for place in places {
        writeln!(file, "{place:010} 00000 n ").unwrap();
    }
    let size = objects.len() + 1;
    write!(file, "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n").unwrap();
    file.into_bytes()
}

const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";

fn stream(content: &str) -> String {
    format!("<</Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A file with a page for each of these contents.
fn with_pages(contents: &[&str]) -> Vec<u8> {
    let place = |at: usize| 4 + 2 * at;
    let kids: Vec<_> = (0..contents.len()).map(|at| format!("{} 0 R", place(at))).collect();
    let kids = kids.join(" ");
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {}/Kids[{kids}]>>", contents.len()),
        FONT.to_owned(),
    ];
    for (at, content) in contents.iter().enumerate() {
        let content_at = place(at) + 1;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R>>>>/Contents {content_at} 0 R>>"
        ));
        objects.push(stream(content));
    }
    pdf(&objects)
}

fn shows(text: &str) -> String {
    format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET")
}

fn read(file: &[u8]) -> Result<String, Unreadable> {
    text(file, 1 << 20, &|| true)
}

/// The file of a document of the library's, which can pack and lock.
fn saved(mut document: Document) -> Vec<u8> {
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    file
}

/// A document with one page of this content.
fn document(content: Vec<u8>) -> Document {
    let file = with_pages(&["%"]);
    let mut document = Document::load_mem(&file).unwrap();
    let page = document.page_iter().next().unwrap();
    let mut stream = Stream::new(Dictionary::new(), content);
    stream.compress().unwrap();
    let stream = document.add_object(stream);
    let page = document.get_object_mut(page).unwrap().as_dict_mut().unwrap();
    page.set("Contents", Object::Reference(stream));
    document
}

#[test]
fn the_pages_of_a_file_are_read_in_order() {
    let pages = [shows("Hello, world."), shows("Page two."), "% nothing".to_owned(), shows("End.")];
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let text = read(&with_pages(&pages)).unwrap();
    assert_eq!(text, "Hello, world.\n\n\nPage two.\n\n\n\n\nEnd.");
    // A packed one, and the same every time.
    let packed = saved(document(shows("Packed.").into_bytes()));
    assert_eq!(
        (read(&packed), read(&packed)),
        (Ok("Packed.".to_owned()), Ok("Packed.".to_owned()))
    );
}

#[test]
fn a_file_without_text_is_told_from_an_empty_text() {
    assert_eq!(read(&with_pages(&["% a picture"])), Err(Unreadable::NoText));
}

#[test]
fn what_is_cut_or_no_pdf_at_all_ends_in_an_error() {
    let whole = with_pages(&[&shows("Hello")]);
    for end in (0..whole.len()).step_by(7) {
        // Some of it may be read all the same; nothing breaks.
        let _ = read(&whole[..end]);
    }
    for bad in
        [b"".as_slice(), b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n99999\n%%EOF"]
    {
        assert_eq!(read(bad), Err(Unreadable::Damaged), "{}", String::from_utf8_lossy(bad));
    }
    // Every byte changed, one after the other.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x15;
        let _ = read(&changed);
    }
}

#[test]
fn pages_that_lead_back_to_themselves_end() {
    let circle = |kids: &str, content: &str| {
        let page = format!("<</Type/Page/Parent 2 0 R/Resources 4 0 R/Contents {content}>>");
        pdf(&[
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            format!("<</Type/Pages/Parent 2 0 R/Count 1/Kids[{kids}]>>"),
            page,
            "4 0 R".to_owned(),
            "5 0 R".to_owned(),
        ])
    };
    for (kids, content) in
        [("2 0 R", "5 0 R"), ("3 0 R", "5 0 R"), ("3 0 R 2 0 R", "[5 0 R 5 0 R]")]
    {
        assert!(read(&circle(kids, content)).is_err(), "{kids} {content}");
    }
}

#[test]
fn pages_are_limited_however_they_are_made() {
    let many = vec!["%"; MOST_PAGES + 1];
    assert_eq!(read(&with_pages(&many)), Err(Unreadable::Pages));
    let kids = "3 0 R ".repeat(100_000);
    let file = pdf(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count 100000/Kids[{kids}]>>"),
        "<</Type/Page/Parent 2 0 R>>".to_owned(),
    ]);
    // The library takes one page for a page.
    assert_eq!(read(&file), Err(Unreadable::NoText));
}

#[test]
fn deep_nesting_does_not_run_out_of_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let file = pdf(&["<</Type/Catalog/Pages 2 0 R>>".to_owned(), deep]);
    assert!(read(&file).is_err());
}

#[test]
fn a_file_that_unpacks_to_too_much_is_refused() {
    let bomb = saved(document(vec![b' '; MOST_PAGE + 1]));
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    assert_eq!(read(&bomb), Err(Unreadable::Size));

    // Objects in packs, each of which is as large as may be, and together they are not.
    let mut pack = Stream::new(Dictionary::new(), vec![b' '; 1 << 20]);
    pack.compress().unwrap();
    let head =
        format!("<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length {}>>", pack.content.len());
    let mut packs = with_pages(&[&shows("Hi")]);
    for number in 0..70 {
        packs.extend(format!("\n{} 0 obj\n{head}\nstream\n", 100 + number).into_bytes());
        packs.extend(&pack.content);
        packs.extend(b"\nendstream\nendobj");
    }
    packs.extend(b"\nstartxref\n0\n%%EOF");
    assert_eq!(packs_of_objects(&packs), 70);
    assert!(packs.len() < 256 << 10, "{}", packs.len());
    assert!(
        matches!(read(&packs), Err(Unreadable::Size | Unreadable::Damaged))
            || read(&packs) == Ok("Hi".to_owned())
    );
}

#[test]
fn hidden_packs_are_counted() {
    let file = b"/ObjStm /Obj#53tm /#4fbjStm /Object /O /ObjS /Ob#6a";
    assert_eq!(packs_of_objects(file), 4);
    let many = with_pages(&[&shows("Hi"), &"/ObjStm".repeat(2000)]);
    assert_eq!(read(&many), Err(Unreadable::Size));
}

#[test]
fn a_locked_file_is_told_from_a_damaged_one() {
    let locked = |user_password| {
        let mut document = document(shows("Secret.").into_bytes());
        let id = Object::String(vec![7; 16], StringFormat::Literal);
        document.trailer.set("ID", vec![id.clone(), id]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        saved(document)
    };
    assert_eq!(read(&locked("user")), Err(Unreadable::Locked));
    // Whoever may open it without a password may read it.
    assert_eq!(read(&locked("")), Ok("Secret.".to_owned()));
}

#[test]
fn the_text_is_bounded_and_reading_can_be_stopped() {
    let file = with_pages(&[&shows("One"), &shows("Two"), &shows("Three")]);
    assert_eq!(text(&file, 8, &|| true), Err(Unreadable::Size));
    let asked = Cell::new(0);
    let stopped = text(&file, 100, &|| {
        asked.set(asked.get() + 1);
        asked.get() < 3
    });
    assert_eq!((stopped, asked.get()), (Err(Unreadable::Stopped), 3));
    assert_eq!(read(&vec![b'%'; MOST_BYTES + 1]), Err(Unreadable::Size));
}
