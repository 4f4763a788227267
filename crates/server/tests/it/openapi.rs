//! The description has every route of the router, and no other.

use std::collections::BTreeSet;

use crate::support::World;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

#[tokio::test]
async fn the_description_has_every_route_of_the_router_and_no_other() {
    let world = World::open();
    let document = world.document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for (path, routes) in paths {
        let target = path.replace("{name}", "org%2Fchat").replace("{id}", "node-1");
        for method in METHODS {
            let described = routes.get(method.to_ascii_lowercase());
            let answer = world.admin(&format!("{method} {target}"), "{}").await;
            match described {
                Some(route) => {
                    let missing = ["route_not_found", "method_not_allowed"];
                    assert!(
                        !missing.iter().any(|code| answer.text.contains(code)),
                        "{method} {path}"
                    );
                    assert!(ids.insert(route["operationId"].as_str().unwrap().to_owned()));
                    let names = route["parameters"].as_array().into_iter().flatten();
                    let in_path = names.filter(|name| name["in"] == "path").count();
                    assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
                }
                None => assert_eq!(answer.status, 405, "{method} {path} is not described"),
            }
        }
    }
    let known: Vec<&str> = paths.keys().map(String::as_str).collect();
    assert_eq!(
        known,
        [
            "/admin/v1/backends",
            "/admin/v1/backends/{id}",
            "/admin/v1/backends/{id}/state",
            "/admin/v1/models",
            "/admin/v1/models/{name}",
            "/admin/v1/openapi.json",
            "/admin/v1/reload",
            "/admin/v1/revision",
            "/admin/v1/sealing-keys",
            "/admin/v1/sealing-keys/{id}",
            "/health",
            "/health/liveliness",
            "/health/liveness",
            "/health/readiness",
            "/metrics",
            "/model/delete",
            "/model/info",
            "/model/new",
            "/model/update",
            "/model/{id}/update",
            "/readyz",
            "/v1/model/info",
        ]
    );
}
