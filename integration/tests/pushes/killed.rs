//! `headgate run`, killed with `kill -9` at any moment.

use std::time::Duration;

use fastrand::Rng;

use crate::headgate::Headgate;
use crate::load::Load;
use crate::versions::Version;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_when_headgate_is_killed_at_random_moments() {
    const KILLS: u32 = 20;
    let mut random = Rng::with_seed(13);
    let mut version = Version::first();
    let mut headgate = Headgate::with(&version).await;
    headgate.start();
    let envoys = headgate.envoys();
    assert_eq!(envoys.len(), 1);
    let load = Load::start(headgate.address(), version.answers());
    for number in 0..KILLS {
        version = version.next(number, &mut random);
        load.begin(version.answers());
        headgate.save(&version);
        // A push takes some 50 ms: before it, in any of its steps, and when it is done.
        tokio::time::sleep(Duration::from_millis(random.u64(..100))).await;
        headgate.kill();
        // Nobody listens to Envoy now.
        load.more(50).await;
        headgate.start();
        load.taken();
    }
    load.more(200).await;
    let outcome = load.stop().await;
    println!(
        "{KILLS} kills: {} requests, {} of them wrong",
        outcome.answered,
        outcome.faults.len()
    );
    assert_eq!(outcome.faults, [""; 0]);
    assert_eq!(outcome.connections, [1; 7], "connections end");
    assert_eq!(headgate.envoys(), envoys, "one Envoy, the whole time");
    assert!(headgate.stop().success());
    assert_eq!(headgate.envoys(), [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envoy_that_was_left_is_restarted_where_the_document_asks_for_it() {
    let version = Version::first();
    let mut headgate = Headgate::with(&version).await;
    headgate.start();
    let before = headgate.envoys();
    headgate.kill();
    let text = headgate.text(&version);
    headgate.save_text(&text.replace("admin: {", "metadata: { name: shop }\nadmin: {"));
    let said = headgate.lines();
    headgate.start();
    headgate.wait_for("earlier headgate run left: metadata.name changed", said);
    let after = headgate.envoys();
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
    assert!(headgate.stop().success());
    assert_eq!(headgate.envoys(), [0; 0]);
}
