use std::path::Path;
use std::time::Duration;

use super::*;

fn said(cause: &Trouble, url: &str, surroundings: Surroundings) -> String {
    trouble(cause, Place { base: &Base::parse(url).unwrap(), surroundings })
}

#[test]
fn localhost_inside_a_container_is_explained_with_names_that_work() {
    let url = "http://localhost:8000/v1";
    let docker = said(&Trouble::Refused, url, Surroundings::Docker);
    for part in [
        "localhost:8000 (connection refused)",
        "the container itself",
        "compose service",
        "http://host.docker.internal:8000/v1",
        "host.docker.internal:host-gateway",
        "http://172.17.0.1:8000/v1",
    ] {
        assert!(docker.contains(part), "{part} is not in: {docker}");
    }
    let podman = said(&Trouble::Refused, url, Surroundings::Podman);
    assert!(podman.contains("host.containers.internal:8000"), "{podman}");
    let pod = said(&Trouble::Refused, url, Surroundings::Kubernetes);
    assert!(pod.contains("vllm.my-namespace.svc:8000"), "{pod}");
    // Elsewhere, and for other addresses, it is just a port that is not open yet.
    let machine = said(&Trouble::Refused, url, Surroundings::Machine);
    let remote = said(&Trouble::Refused, "http://node-1:8000/v1", Surroundings::Docker);
    for text in [machine, remote] {
        assert!(text.contains("opens its port only after"), "{text}");
        assert!(!text.contains("container"), "{text}");
    }
}

#[test]
fn surroundings_are_told_by_their_signs() {
    let nowhere = |_: &Path| false;
    let docker = |path: &Path| path == Path::new("/.dockerenv");
    assert_eq!(Surroundings::tell(nowhere, None), Surroundings::Machine);
    assert_eq!(Surroundings::tell(nowhere, Some("")), Surroundings::Machine);
    assert_eq!(Surroundings::tell(docker, None), Surroundings::Docker);
    assert_eq!(Surroundings::tell(|_| true, None), Surroundings::Podman);
    assert_eq!(Surroundings::tell(docker, Some("10.96.0.1")), Surroundings::Kubernetes);
}

#[test]
fn every_trouble_names_the_place_and_a_way_out() {
    let limit = Duration::from_secs(2);
    let dns = Trouble::Dns { host: "node-1".to_owned(), detail: "no such host".to_owned() };
    for (cause, part) in [
        (dns, "check how it is spelled"),
        (Trouble::ConnectTimeout(limit), "a firewall drops the packets"),
        (Trouble::Silent(limit), "loading its weights or compiling its kernels"),
        (Trouble::Silent(limit), "Application startup complete"),
        (Trouble::Broken("reset".to_owned()), "starting or stopping"),
        (Trouble::Protocol("version".to_owned()), "not HTTP"),
        (Trouble::Tls(TlsTrouble::Expired), "has expired: renew it"),
        (Trouble::Tls(TlsTrouble::WrongName), "must name \"node-1\""),
        (Trouble::Tls(TlsTrouble::UnknownIssuer), "as `ca` of the backend"),
        (Trouble::Tls(TlsTrouble::NotTls), "use http:// in the url"),
        (Trouble::Tls(TlsTrouble::Timeout(limit)), "no TLS handshake within 2s"),
    ] {
        let text = said(&cause, "https://node-1:8000/v1", Surroundings::Machine);
        assert!(text.contains(part) && text.contains("node-1"), "{part} is not in: {text}");
    }
}

#[test]
fn statuses_that_are_no_list_are_explained() {
    for (code, part) in [
        (401, "set VR_OPENAI_API_KEY, or `api_key` of the backend"),
        (404, "ends in /v1"),
        (307, "redirects are not followed"),
        (503, "loading its model"),
        (500, "GET /v1/models answered 500 Internal Server Error"),
    ] {
        let text = status(StatusCode::from_u16(code).unwrap(), "/v1/models");
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}
