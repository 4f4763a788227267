use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use transom_core::content::{FileText, Part};
use transom_core::item::Item;

use crate::responses::item::InputItem;
use crate::responses::request::parse;

fn file(data: &str) -> (Option<String>, String, String) {
    let body = format!(
        r#"{{"model":"m","input":[{{"role":"user","content":[
        {{"type":"input_file","filename":"a.csv","detail":"low","file_data":"{data}"}}]}}]}}"#
    );
    let request = parse(body.as_bytes()).unwrap();
    let [InputItem::New(Item::Message(message))] = request.input.as_slice() else {
        panic!("one message")
    };
    let [Part::File(file)] = message.content.as_slice() else { panic!("one file") };
    let FileText::Known(text) = file.text.clone() else { panic!("a text") };
    (file.filename.clone(), text, file.told())
}

#[test]
fn text_files_are_read_in_every_wrapping_clients_use() {
    let text = "city;°C\nOslo;-3";
    let padded = STANDARD.encode(text);
    for data in [
        padded.clone(),
        STANDARD_NO_PAD.encode(text),
        STANDARD.encode(format!("\u{feff}{text}")),
        format!("data:text/csv;base64,{padded}"),
        format!("DATA:text/csv;charset=utf-8;BASE64,{padded}"),
        format!("data:application/octet-stream;base64,{padded}"),
    ] {
        let (filename, found, told) = file(&data);
        assert_eq!((filename.as_deref(), found.as_str()), (Some("a.csv"), text), "{data}");
        assert_eq!(told, format!("[file: a.csv]\n{text}\n[end of file: a.csv]"));
    }
    assert_eq!(file("").1, "");
}
