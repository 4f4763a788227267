//! Long and circular chains, planted beside the store.

use std::time::{Duration, Instant};

use transom_core::port::store::{Lookup, ResponseStore};
use transom_core::scope::Scope;

use crate::support::{Place, execute, id};

/// 100,000 turns, each the parent of the next; a ring of 500; one turn that is its own parent.
const PLANT: &str = "
BEGIN;
WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99999)
INSERT INTO responses
    (id, org_id, team_id, key_id, parent_id, status, model, created_at, response)
SELECT 'resp_chain' || n, 'local', 'local', 'local', iif(n > 0, 'resp_chain' || (n - 1), NULL),
       'completed', 'model', 0, '{}' FROM n
UNION ALL
SELECT 'resp_ring' || n, 'local', 'local', 'local', 'resp_ring' || ((n + 1) % 500),
       'completed', 'model', 0, '{}' FROM n WHERE n < 500
UNION ALL
SELECT 'resp_self', 'local', 'local', 'local', 'resp_self', 'completed', 'model', 0, '{}';
INSERT INTO items (response_id, position, org_id, team_id, key_id, direction, item_id, json)
SELECT id, 0, org_id, team_id, key_id, 'input', 'item', '{}' FROM responses;
COMMIT;";

#[tokio::test]
async fn an_endless_chain_costs_no_more_than_the_limit() {
    let place = Place::new();
    let (store, scope) = (place.open().await, Scope::local());
    execute(&mut place.beside().await, PLANT).await;
    for (name, depth) in
        [("chain99999", 1000), ("chain99999", u32::MAX), ("ring7", 1000), ("self", 1000)]
    {
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let begin = Instant::now();
            let lookup = store.history(&scope, &id(name), depth).await.unwrap();
            best = best.min(begin.elapsed());
            assert!(matches!(lookup, Lookup::TooDeep), "{name}");
        }
        assert!(best < Duration::from_millis(100), "{name} at {depth}: {best:?}");
    }
    let Lookup::Found(history) = store.history(&scope, &id("chain999"), 1000).await.unwrap() else {
        panic!("a chain as long as the limit is whole");
    };
    assert_eq!(history.items.len(), 1000);
}
