//! Bodies that are not what they say (C16).

use super::{ROUTES, assert_refused, assert_unheard, send};
use crate::support::{CHAT, Rig};

#[tokio::test]
async fn only_json_in_utf8_is_read() {
    let rig = Rig::start("").await;
    let kinds = [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/xml",
        "application/jsonp",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "json",
        "*/*",
        "",
    ];
    for (path, body) in ROUTES {
        let body = format!("{body}}}");
        for kind in kinds {
            let answer = send(&rig, path, &[("content-type", kind)], body.as_bytes()).await;
            let what = format!("{kind} on {path}");
            assert_refused(&what, &answer, (415, "unsupported_media_type", None));
        }
        let answer = send(&rig, path, &[], body.as_bytes()).await;
        assert_refused("no type at all", &answer, (415, "unsupported_media_type", None));
        for coding in ["deflate", "gzip, gzip", "gzip, br", "compress", "bomb", ""] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let answer = send(&rig, path, &headers, body.as_bytes()).await;
            let what = format!("{coding:?} on {path}");
            assert_refused(&what, &answer, (415, "unsupported_media_type", None));
        }
        let twice = ("content-encoding", "gzip");
        let headers = [("content-type", "application/json"), twice, twice];
        let answer = send(&rig, path, &headers, body.as_bytes()).await;
        assert_refused("packed twice", &answer, (415, "unsupported_media_type", None));
    }
    assert_unheard(&rig).await;
    let heard = rig.backend.requests_to(CHAT).len();
    for kind in [
        "APPLICATION/JSON",
        "application/json;charset=UTF-8",
        "application/json; charset=\"utf-8\"",
    ] {
        for (path, body) in ROUTES {
            let body = format!("{body}}}");
            let answer = send(&rig, path, &[("content-type", kind)], body.as_bytes()).await;
            assert_eq!(answer.status, 200, "{kind}");
        }
    }
    assert_eq!(rig.backend.requests_to(CHAT).len(), heard + 6);
}

#[tokio::test]
async fn a_body_that_is_not_packed_as_it_says_is_refused() {
    let rig = Rig::start("").await;
    for (path, body) in ROUTES {
        for coding in ["gzip", "br", "zstd"] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let answer = send(&rig, path, &headers, format!("{body}}}").as_bytes()).await;
            assert_refused(coding, &answer, (400, "invalid_content_encoding", None));
        }
    }
    assert_unheard(&rig).await;
}
