//! Sealed texts, and everybody who tries to open them.

use std::sync::Arc;

use transom_core::secret::Secret;

use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn key(name: &str) -> Key {
    Key::of(&Secret::new(format!("{name}: 32 characters and some more")))
}

fn ring(names: &[&str]) -> Keyring {
    Keyring::new(names.iter().map(|name| key(name)).collect(), Vec::new()).unwrap()
}

fn team(org: &str, team: &str) -> Scope {
    Scope { org: Arc::from(org), team: Arc::from(team), key: Arc::from("k") }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn seal(ring: &Keyring, said: &[&str]) -> String {
    let scope = team("org", "team");
    let owner = Owner { scope: &scope, model: "m" };
    ring.seal(Purpose::Thoughts, owner, &texts(said), (7, NOON))
}

fn open(ring: &Keyring, blob: &str) -> Result<Vec<String>, Unreadable> {
    ring.open(Purpose::Thoughts, &team("org", "team"), blob)?.of_model("m")
}

#[test]
fn what_is_sealed_opens_for_its_owner_as_it_was() {
    let ring = ring(&["a"]);
    for said in [
        &[][..],
        &[""],
        &["", ""],
        &["One", "zwei\n\0\"\u{1f980}"],
        &["x".repeat(100_000).as_str()],
    ] {
        let blob = seal(&ring, said);
        assert_eq!(open(&ring, &blob), Ok(texts(said)));
        assert!(blob.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }
    // Another key of the same team may go on.
    let colleague = Scope { key: Arc::from("another"), ..team("org", "team") };
    let opened = ring.open(Purpose::Thoughts, &colleague, &seal(&ring, &["Hm"])).unwrap();
    assert_eq!(opened.of_any_model(), ["Hm"]);
}

#[test]
fn nobody_reads_the_text_or_the_key_in_it() {
    let blob = seal(&ring(&["a"]), &["a canary"]);
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &blob);
    let shown = String::from_utf8_lossy(&bytes.unwrap()).into_owned();
    assert!(!shown.contains("canary") && !shown.contains("32 characters"));
    let debug = format!("{:?}", ring(&["a"]));
    assert_eq!(debug, format!("Keyring {{ configured: [Key({})], kept: [] }}", key("a").id()));
    assert!(!debug.contains("32 characters"));
}

#[test]
fn another_team_another_purpose_and_another_model_open_nothing() {
    let ring = ring(&["a"]);
    let blob = seal(&ring, &["Hm"]);
    // The last two say the same letters with another border between organisation and team.
    for other in [team("org", "b"), team("b", "team"), team("orgt", "eam"), team("or", "gteam")] {
        assert_eq!(ring.open(Purpose::Thoughts, &other, &blob), Err(Unreadable::Refused));
    }
    let summary = ring.open(Purpose::Summary, &team("org", "team"), &blob);
    assert_eq!(summary, Err(Unreadable::Refused));
    let opened = ring.open(Purpose::Thoughts, &team("org", "team"), &blob).unwrap();
    let other = opened.of_model("n");
    assert_eq!(other, Err(Unreadable::OtherModel("m".to_owned())));
}

#[test]
fn no_letter_can_be_changed_taken_out_or_added() {
    let ring = ring(&["a"]);
    let blob = seal(&ring, &["Hm"]);
    for at in 0..blob.len() {
        for letter in ["A", "B", "_", "=", " ", "é"] {
            let changed = format!("{}{letter}{}", &blob[..at], &blob[at + 1..]);
            assert!(changed == blob || open(&ring, &changed).is_err(), "{at} {letter}");
            let longer = format!("{}{letter}{}", &blob[..at], &blob[at..]);
            assert!(open(&ring, &longer).is_err(), "{at} {letter}");
        }
        assert!(open(&ring, &blob[..at]).is_err(), "cut at {at}");
        assert!(open(&ring, &blob[at + 1..]).is_err(), "without {at}");
    }
}

#[test]
fn no_bit_can_be_turned() {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let ring = ring(&["a"]);
    let bytes = engine.decode(seal(&ring, &["Hm"])).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut turned = bytes.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&ring, &engine.encode(turned)).is_err(), "bit {bit}");
    }
}

#[test]
fn what_is_not_ours_is_told_from_what_an_unknown_key_sealed() {
    let ring = ring(&["a"]);
    for foreign in ["", "gAAAAA", "AQ", "not base64!", &"A".repeat(MAX_BLOB + 1)] {
        assert_eq!(open(&ring, foreign), Err(Unreadable::Foreign));
    }
    let unknown = open(&ring, &seal(&self::ring(&["b"]), &["Hm"]));
    assert_eq!(unknown, Err(Unreadable::UnknownKey(key("b").id())));
}

#[test]
fn a_configured_key_that_moves_back_still_opens() {
    let (before, after) = (ring(&["a"]), ring(&["b", "a"]));
    let old = seal(&before, &["Old"]);
    assert_eq!(open(&after, &old), Ok(texts(&["Old"])));
    let new = seal(&after, &["New"]);
    assert_eq!(open(&before, &new), Err(Unreadable::UnknownKey(key("b").id())));
    assert_eq!(open(&ring(&["b"]), &old), Err(Unreadable::UnknownKey(key("a").id())));
}

#[test]
fn a_new_key_of_the_store_opens_at_once_and_seals_when_every_gateway_has_it() {
    let kept = |name, seconds: i64| Kept {
        key: key(name),
        made: Timestamp::from_millis(NOON.millis() + seconds * 1000),
    };
    let at = |seconds: i64| Timestamp::from_millis(NOON.millis() + seconds * 1000);
    let first = Keyring::new(Vec::new(), vec![kept("a", 0)]).unwrap();
    assert_eq!(first.seals(at(0)).id(), key("a").id(), "there is no older one");
    let ring = Keyring::new(Vec::new(), vec![kept("a", 0), kept("b", 60)]).unwrap();
    assert_eq!(ring.seals(at(60)).id(), key("a").id());
    assert_eq!(ring.seals(at(64)).id(), key("a").id());
    assert_eq!(ring.seals(at(65)).id(), key("b").id());
    assert_eq!(open(&ring, &seal(&self::ring(&["b"]), &["Hm"])), Ok(texts(&["Hm"])));
    // A configured key seals before all of them, and they still open.
    let ring = Keyring::new(vec![key("c")], vec![kept("a", 0)]).unwrap();
    assert_eq!(ring.seals(at(600)).id(), key("c").id());
    assert_eq!(open(&ring, &seal(&first, &["Hm"])), Ok(texts(&["Hm"])));
    assert!(Keyring::new(Vec::new(), Vec::new()).is_none());
}

#[test]
fn equal_texts_look_alike_only_with_equal_salts_and_the_size_is_known() {
    let ring = ring(&["a"]);
    let scope = team("org", "team");
    let owner = Owner { scope: &scope, model: "model" };
    let sealed = |salt| ring.seal(Purpose::Summary, owner, &texts(&["four"]), (salt, NOON));
    assert_ne!(sealed(1), sealed(2));
    // 27 bytes and the model's name, a length and the text, the tag; 4 letters for 3 bytes.
    assert_eq!(sealed(1).len(), (27_usize + 5 + 4 + 4 + 16) * 4 / 3 + 1);
}
