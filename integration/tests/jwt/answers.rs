//! A server that does not answer as it should.

use integration::client::Request;
use integration::upstream::{Answer, Gate};
use serde_json::json;

use crate::key_server::{KeyServer, Pair, set};
use crate::remote::{PASSED, Remote, get, with_token};

/// Each of these leaves the keys that are there, and the log says why.
#[tokio::test]
async fn what_is_no_set_of_keys_changes_nothing() {
    let pair = Pair::new("a");
    let keys = KeyServer::start(&[&pair]).await;
    // Within a cooldown the next unknown key would be no reason for a fetch.
    let fetch = json!({ "timeout": "1s", "cooldown": "1ms", "wait": "20s" });
    let remote = Remote::start(keys, fetch).await;
    remote.wait_for_ended("fresh", 1).await;
    let never = Gate::shut();
    let pieces = ["{\"keys\":", "[]}"];
    for (failures, (answer, why)) in (1..).zip([
        (
            Answer::new(200).body("<html>Sign in</html>"),
            "the answer is no JSON",
        ),
        (
            Answer::new(302).header("location", "http://id.example.com/elsewhere"),
            "the answer is status 302, a redirect",
        ),
        (
            Answer::new(200).generated(10 << 20),
            "the answer is larger than 1 MiB",
        ),
        // It drips, and Envoy ends that.
        (
            Answer::new(200).chunked(pieces).pausing(&never),
            "the answer took too long to be whole",
        ),
        (set(&[]), "the answer is no JWK Set"),
    ]) {
        let other = Pair::new(why);
        remote.keys.answer(answer);
        // An unknown key has them fetched at once, and waits.
        let token = other.token();
        let waiting = remote.http1.spawn(with_token(Request::get("/"), &token));
        remote.wait_for_ended("failed", failures).await;
        remote.envoy.wait_for_log(why).await;
        assert_eq!(get(&remote.http1, &pair.token()).await, PASSED, "{why}");
        remote.keys.publish(&[&pair, &other]);
        assert_eq!(waiting.await.unwrap().unwrap().status, 200, "{why}");
    }
    remote.envoy.stop().await;
}
