use futures_util::FutureExt as _;

use super::*;

fn lines(length: u32) -> Arc<Lines> {
    Arc::new(Lines::new(length))
}

fn to(deployments: &[&str]) -> Eligible {
    deployments.iter().map(|id| DeploymentId(Arc::from(*id))).collect()
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn join(lines: &Arc<Lines>, owner: u64, priority: Priority) -> Result<Waiting, Full> {
    let deadline = now() + Duration::from_secs(30);
    lines.join(to(&["a"]), Waiter { owner, priority, deadline }, now())
}

fn is_head(waiting: &mut Waiting) -> bool {
    waiting.head().now_or_never().is_some_and(|head| head.is_ok())
}

/// The places of those who wait, in the order in which they become the head.
fn order(mut waiting: Vec<Waiting>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..waiting.len()).collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let heads: Vec<bool> = waiting.iter_mut().map(is_head).collect();
        assert_eq!(heads.iter().filter(|head| **head).count(), 1, "one head: {heads:?}");
        let at = heads.iter().position(|head| *head).unwrap();
        drop(waiting.remove(at));
        order.push(places.remove(at));
    }
    order
}

#[tokio::test(start_paused = true)]
async fn owners_take_turns_and_each_of_them_is_served_in_the_order_of_coming() {
    let lines = lines(10);
    let owners = [1, 1, 1, 1, 2, 3, 2];
    let waiting = owners.map(|owner| join(&lines, owner, Priority::Normal).unwrap());
    assert_eq!(lines.len(), owners.len());
    // The first came when nobody waited.
    assert_eq!(order(waiting.into()), [0, 1, 4, 5, 2, 6, 3]);
    assert_eq!(lines.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_important_wait_shorter_and_nobody_waits_for_ever() {
    let lines = lines(20);
    let mut waiting = vec![join(&lines, 0, Priority::Normal).unwrap()];
    let classes = [Priority::Low, Priority::High];
    for class in classes {
        waiting.extend((0..9).map(|_| join(&lines, 0, class).unwrap()));
    }
    let order = order(waiting);
    let low: Vec<usize> = (0..19).filter(|at| (1..10).contains(&order[*at])).collect();
    assert!((2..10).contains(&low[0]), "the first low one comes among the high ones: {order:?}");
    assert!(low[1] > 9, "the second one after them: {order:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_gives_the_place_up_and_the_head_on() {
    let lines = lines(10);
    let [head, behind, mut last] = [(); 3].map(|()| join(&lines, 1, Priority::Normal).unwrap());
    drop(behind);
    assert_eq!(lines.len(), 2);
    assert!(!is_head(&mut last));
    drop(head);
    assert!(is_head(&mut last));
    drop(last);
    // Called to the head, and gone before noticing it.
    let [head, called, mut next] = [(); 3].map(|()| join(&lines, 1, Priority::Normal).unwrap());
    drop(head);
    drop(called);
    assert!(is_head(&mut next));
    drop(next);
    assert!(!lines.is_busy(|| to(&["a"])));
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_even_when_the_head_was_not_listening() {
    let lines = lines(10);
    let head = join(&lines, 1, Priority::Normal).unwrap();
    assert!(head.called().now_or_never().is_none());
    lines.look_again();
    assert!(head.called().now_or_never().is_some());
    // The next head has to look by itself first.
    let mut next = join(&lines, 1, Priority::Normal).unwrap();
    drop(head);
    assert!(is_head(&mut next));
}

#[tokio::test(start_paused = true)]
async fn a_full_line_says_when_there_is_likely_to_be_room() {
    let line = lines(2);
    let waiting = [(); 2].map(|()| join(&line, 1, Priority::Normal).unwrap());
    let refused = |lines: &Arc<Lines>| join(lines, 1, Priority::Normal).err().unwrap().retry_after;
    assert_eq!(refused(&line), Duration::from_secs(1), "nobody has left yet");
    drop(waiting);
    // Departures in a row, three seconds apart; the hours between two crowds do not count.
    for _ in 0..2 {
        tokio::time::advance(Duration::from_hours(1)).await;
        let [one, two] = [(); 2].map(|()| join(&line, 1, Priority::Normal).unwrap());
        drop(one);
        tokio::time::advance(Duration::from_secs(3)).await;
        drop(two);
    }
    let _waiting = [(); 2].map(|()| join(&line, 1, Priority::Normal).unwrap());
    let estimate = refused(&line).as_secs_f64();
    assert!((2.0..9.1).contains(&estimate), "{estimate}");
    assert!(join(&lines(0), 1, Priority::Normal).is_err(), "where nobody may wait, nobody does");
}

#[tokio::test(start_paused = true)]
async fn the_many_of_one_owner_make_room_for_the_first_of_another() {
    let lines = lines(4);
    let mut crowd = [(); 4].map(|()| join(&lines, 1, Priority::Normal).unwrap());
    let mut other = join(&lines, 2, Priority::Normal).unwrap();
    let told =
        crowd.each_mut().map(|waiting| waiting.head().now_or_never().map(|head| head.is_ok()));
    assert_eq!(told, [Some(true), None, None, Some(false)], "the youngest has lost its place");
    assert_eq!(lines.len(), 4);
    drop(crowd);
    assert!(is_head(&mut other));
}

#[tokio::test(start_paused = true)]
async fn requests_for_other_deployments_wait_in_another_line_within_one_limit() {
    let lines = lines(2);
    let waiter = Waiter { owner: 1, priority: Priority::Normal, deadline: now() };
    let both = lines.join(to(&["a", "b"]), waiter, now()).unwrap();
    assert!(lines.is_busy(|| to(&["a", "b"])) && !lines.is_busy(|| to(&["a"])));
    let mut one = lines.join(to(&["a"]), waiter, now()).unwrap();
    assert!(is_head(&mut one), "nobody is before it");
    assert!(lines.join(to(&["b"]), waiter, now()).is_err());
    lines.look_again();
    assert!(one.called().now_or_never().is_some() && both.called().now_or_never().is_some());
}
