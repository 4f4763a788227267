use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use transom_wire::responses::request::parse;

use super::*;

/// A PDF with one page that shows this.
fn pdf(text: &str) -> String {
    let content = format!("BT /F 12 Tf ({text}) Tj ET");
    let length = content.len();
    // Without a table of its objects, which readers make for themselves.
    format!(
        "%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
         2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n\
         3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>\nendobj\n\
         4 0 obj\n<</Length {length}>>\nstream\n{content}\nendstream\nendobj\n\
         5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Courier>>\nendobj\n\
         trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    )
}

/// The items of a request, a message for each file.
fn items(files: &[&str]) -> Vec<Item> {
    let message = |file: &&str| {
        format!(
            r#"{{"role":"user","content":[{{"type":"input_text","text":"Read."}},
               {{"type":"input_file","filename":"a.pdf","file_data":"{}"}}]}}"#,
            STANDARD.encode(file)
        )
    };
    let list: Vec<_> = files.iter().map(message).collect();
    let body = format!(r#"{{"model":"m","input":[{}]}}"#, list.join(","));
    let input = parse(body.as_bytes()).unwrap().input;
    input.iter().map(|item| item.as_new().unwrap().clone()).collect()
}

fn reader() -> Reader {
    Reader::new(TaskTracker::new())
}

/// What the files of `items` say.
fn texts(items: &[Item]) -> Vec<&FileText> {
    let messages = items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(&message.content),
        _ => None,
    });
    let files = messages.flatten().filter_map(|part| match part {
        Part::File(file) => Some(&file.text),
        _ => None,
    });
    files.collect()
}

fn param(failure: &Failure) -> Option<String> {
    let public = failure.public();
    assert_eq!((public.status.as_u16(), public.code.as_str()), (400, "invalid_file"));
    public.param
}

#[tokio::test]
async fn files_are_read_and_remembered() {
    let reader = reader();
    let mut said = items(&[&pdf("One."), "Plain text", &pdf("Two.")]);
    assert_eq!(texts(&said).iter().filter(|text| ***text == FileText::Unread).count(), 2);
    reader.read(&mut said, "input", 0).await.unwrap();
    let known = |text: &str| FileText::Known(text.to_owned());
    assert_eq!(texts(&said), [&known("One."), &known("Plain text"), &known("Two.")]);
    // The next turn needs nobody to read.
    reader.places.close();
    let mut again = items(&[&pdf("Two."), &pdf("One.")]);
    reader.read(&mut again, "input", 0).await.unwrap();
    assert_eq!(texts(&again), [&known("Two."), &known("One.")]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let reader = reader();
    let bad = || items(&[&pdf("Good."), "%PDF-1.7 and nothing more"]);
    let failure = reader.read(&mut bad(), "input", 0).await.unwrap_err();
    assert_eq!(param(&failure).as_deref(), Some("input[1].content[1].file_data"));
    let failure = reader.read(&mut bad(), "items", 1).await.unwrap_err();
    assert_eq!(param(&failure).as_deref(), Some("items[0].content[1].file_data"));
    // Somebody else has let it in: there is no place in this request.
    let failure = reader.read(&mut bad(), "input", 2).await.unwrap_err();
    assert_eq!(param(&failure).as_deref(), Some("input"));
}

#[tokio::test]
async fn all_files_of_a_request_share_one_bound() {
    let reader = reader();
    let long = pdf(&"word ".repeat(MOST_TEXT / 5 / 2 - 100));
    reader.read(&mut items(&[&long, &long]), "input", 0).await.unwrap();
    let failure = reader.read(&mut items(&[&long, &long, &long]), "input", 0).await.unwrap_err();
    assert_eq!(param(&failure).as_deref(), Some("input[2].content[1].file_data"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_a_place() {
    let reader = reader();
    let _all = Arc::clone(&reader.places).acquire_many_owned(2).await.unwrap();
    let failure = reader.read(&mut items(&[&pdf("One.")]), "input", 0).await.unwrap_err();
    assert!(matches!(failure, Failure::Overloaded { retry_after: RETRY_AFTER }), "{failure}");
}

#[test]
fn old_texts_are_forgotten_for_new_ones() {
    let mut known = Known::default();
    let large: Arc<str> = Arc::from("x".repeat(MOST_REMEMBERED / 2));
    for name in 0..3 {
        known.keep([name, 0], Arc::clone(&large));
    }
    known.keep([2, 0], Arc::from("shorter"));
    let mut names: Vec<_> = known.texts.keys().map(|name| name[0]).collect();
    names.sort_unstable();
    assert_eq!((names, known.bytes), (vec![1, 2], MOST_REMEMBERED / 2 + 7));
}
