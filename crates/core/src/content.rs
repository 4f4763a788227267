//! What a message is made of.

use crate::Json;

/// One part of a message's content.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text, from either side.
    Text(Text),
    /// A picture given by the user.
    Image(Image),
    /// The model's refusal to answer, in its own words.
    Refusal(String),
    /// A file given by the user.
    File(File),
    /// Sound given by the user.
    Audio(Audio),
}

/// Text with what belongs to it.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The text itself.
    pub text: String,
    /// Annotations (citations), in OpenAI's form.
    pub annotations: Vec<Json>,
    /// Token log probabilities, one JSON object per token, in OpenAI's form.
    pub logprobs: Vec<Json>,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// A picture: an `https:` or `data:` URL, and how closely to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where the picture is.
    pub url: String,
    /// `low`, `high` or `auto`, as the client said it; `None` leaves it to the model server.
    pub detail: Option<String>,
}

/// A file with text in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, if the client gave one.
    pub filename: Option<String>,
    /// The file as the client sent it: a `data:` URL, or base64 alone.
    pub data: String,
    /// What the file says.
    pub text: FileText,
    /// How closely to look at its pages, as the client said it; text has no more than one way.
    pub detail: Option<String>,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileText {
    /// This.
    Known(String),
    /// It is a PDF that nobody has read yet: that takes time, and can fail.
    Unread,
}

impl File {
    /// What the model reads: the file's name around its text.
    pub fn told(&self) -> String {
        let text = match &self.text {
            FileText::Known(text) => text,
            FileText::Unread => "",
        };
        let name = self.filename.as_deref().unwrap_or("unnamed");
        format!("[file: {name}]\n{text}\n[end of file: {name}]")
    }
}

/// Sound, for models that hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// The sound in base64.
    pub data: String,
    /// `wav`, `mp3`, … as the client said it.
    pub format: String,
}
