//! PDF files within requests: their text is read, and what cannot be read is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Talk, body, json, refusal};

/// A PDF with one page that shows this.
fn pdf(text: &str) -> String {
    let content = format!("BT /F 12 Tf ({text}) Tj ET");
    let length = content.len();
    // Without a table of its objects, which readers make for themselves.
    let file = format!(
        "%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
         2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n\
         3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>\nendobj\n\
         4 0 obj\n<</Length {length}>>\nstream\n{content}\nendstream\nendobj\n\
         5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Courier>>\nendobj\n\
         trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    );
    STANDARD.encode(file)
}

fn part(data: &str) -> String {
    format!(r#"{{"type":"input_file","filename":"a.pdf","file_data":"{data}"}}"#)
}

fn asks(data: &str) -> String {
    format!(
        r#""input":[{{"role":"user","content":[{{"type":"input_text","text":"Sum up:"}},{}]}}]"#,
        part(data)
    )
}

#[tokio::test]
async fn the_text_of_a_pdf_goes_to_the_model_and_stays_in_the_conversation() {
    let talk = Talk::start().await;
    for data in [pdf("Sales rose."), format!("data:application/pdf;base64,{}", pdf("Sales rose."))]
    {
        let first = talk.respond(&asks(&data)).await;
        let told = json(
            r#"[{"type":"text","text":"Sum up:"},
                {"type":"text","text":"[file: a.pdf]\nSales rose.\n[end of file: a.pdf]"}]"#,
        );
        assert_eq!(talk.sent()["messages"][0]["content"], told);
        talk.proceed(&first, r#""input":"Why?""#).await;
        assert_eq!(talk.sent()["messages"][0]["content"], told);
        // Kept as it came.
        let items = format!("/v1/responses/{}/input_items", first["id"].as_str().expect("an id"));
        let item = talk.client.get(&items).await.json()["data"][0]["content"][1].clone();
        assert_eq!(item["file_data"], data.as_str());
    }
    // As the output of a tool, and counted like everything else.
    let output = format!(
        r#""input":[{{"role":"user","content":"Go"}},
            {{"type":"function_call","call_id":"c","name":"f","arguments":"{{}}"}},
            {{"type":"function_call_output","call_id":"c","output":[{}]}}]"#,
        part(&pdf("Page."))
    );
    talk.respond(&output).await;
    let told = "[file: a.pdf]\nPage.\n[end of file: a.pdf]";
    assert_eq!(talk.sent()["messages"][2]["content"], told);
}

#[tokio::test]
async fn a_pdf_that_cannot_be_read_is_refused_by_its_place() {
    let talk = Talk::start().await;
    let bad = STANDARD.encode("%PDF-1.7 and nothing more");
    let refused = talk.refused(&asks(&bad)).await;
    let at = "input[0].content[1].file_data";
    assert_eq!(refused.brief(), (400, "invalid_file", Some(at)));
    assert!(refused.message.ends_with("it is damaged."), "{}", refused.message);
    let empty = talk.refused(&asks(&pdf(""))).await;
    assert!(empty.message.contains("no text"), "{}", empty.message);
    // Not in a conversation either, and not when only counted.
    let items = asks(&bad).replacen("\"input\"", "\"items\"", 1);
    let made = talk.client.post("/v1/conversations", format!("{{{items}}}")).await;
    let at = "items[0].content[1].file_data";
    assert_eq!(refusal(&made).brief(), (400, "invalid_file", Some(at)));
    let counted = talk.client.post("/v1/responses/input_tokens", body(&asks(&bad))).await;
    assert_eq!(refusal(&counted).status, 400);
    // It may be written in a way that a quick look does not find.
    let hidden = asks(&bad).replacen("JVBERi", "\\u004aVBERi", 1);
    assert_eq!(talk.refused(&hidden).await.code, "invalid_file");
    assert!(talk.backend.requests_to("/v1/chat/completions").is_empty());
}
