//! Many requests that wait at once, and clients that do not.

use integration::client::Request;
use integration::upstream::Gate;
use serde_json::json;

use crate::kinds::Kind;
use crate::rig::{
    Holds, LONG, Rig, is_denied, is_held_too_much, is_unanswered, lets_pass, refuses,
};

#[tokio::test]
async fn two_hundred_wait_and_pass() {
    let gate = Gate::shut();
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG }),
        lets_pass().after(&gate),
    )
    .await;
    let sending: Vec<_> = (0..200_u32)
        .map(|n| {
            let client = if n % 2 == 0 { &rig.http1 } else { &rig.h2 };
            client.spawn(Request::post(&format!("/{n}")).body(n.to_string()))
        })
        .collect();
    rig.asked.wait_for(|asked| asked.len() == 200).await;
    rig.assert_untouched();
    gate.open();
    for sending in sending {
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
    }
    let mut seen = rig.upstream.seen();
    seen.sort_by_key(|seen| seen.path[1..].parse::<u32>().unwrap());
    assert_eq!(seen.len(), 200);
    for (n, seen) in seen.iter().enumerate() {
        assert_eq!(seen.path, format!("/{n}"));
        assert_eq!(seen.body, n.to_string().into_bytes());
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn a_hundred_uploads_against_a_quick_refusal_are_refused_by_the_filter() {
    let rig = Rig::start(Holds::HeadersAlone, json!({ "timeout": LONG }), refuses()).await;
    let mut sending = Vec::new();
    for n in 0..100 {
        let client = if n % 2 == 0 { &rig.http1 } else { &rig.h2 };
        sending.push(client.spawn(Request::post("/").generated(500_000)));
    }
    for sending in sending {
        let response = sending.await.unwrap().unwrap();
        // Whichever comes first: the answer, or more than may be held.
        match response.status.as_u16() {
            403 => is_denied(&response),
            _ => is_held_too_much(&response),
        }
    }
    rig.assert_untouched();
    rig.envoy.stop().await;
}

#[tokio::test]
async fn clients_that_leave_while_they_wait_hurt_nobody() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let gate = Gate::shut();
        let rig = Rig::start(holds, json!({ "timeout": LONG }), lets_pass().after(&gate)).await;
        let kinds = || Kind::SMALL.into_iter().cycle().take(20);
        let send = |kind: Kind| kind.client(&rig).spawn(kind.request());
        let leaving: Vec<_> = kinds().map(send).collect();
        let staying: Vec<_> = kinds().map(send).collect();
        rig.asked.wait_for(|asked| asked.len() == 40).await;
        for sending in leaving {
            sending.abort();
        }
        let active = "http.front.downstream_rq_active";
        rig.envoy.wait_for_stat(active, |active| active == 20).await;
        gate.open();
        for sending in staying {
            assert_eq!(sending.await.unwrap().unwrap().status, 200);
        }
        assert_eq!(rig.upstream.requests(), 20);
        assert_eq!(rig.http1.get("/later").await.unwrap().status, 200);
        assert_eq!(rig.h2.get("/later").await.unwrap().status, 200);
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let begun = lets_pass().header("x-begun", "1").chunked(["pa", "ss"]);
    let config = json!({ "timeout": LONG });
    let rig = Rig::start(Holds::HeadersAlone, config, begun.pausing(&Gate::shut())).await;
    let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    rig.asked
        .wait_for(|asked| asked.len() == waiting.len())
        .await;
    let begun = |begun| begun == waiting.len() as u64;
    rig.envoy
        .wait_for_stat("cluster.asked.upstream_rq_200", begun)
        .await;
    drop(rig.asked);
    for sending in waiting {
        is_unanswered(&sending.await.unwrap().unwrap());
    }
    assert_eq!(
        (rig.upstream.requests(), rig.upstream.connections()),
        (0, 0)
    );
    rig.envoy.stop().await;
}

#[tokio::test]
async fn an_answer_larger_than_was_asked_for_is_no_answer() {
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG }),
        lets_pass().generated(10 << 20),
    )
    .await;
    for kind in Kind::SMALL {
        is_unanswered(&kind.client(&rig).send(kind.request()).await.unwrap());
    }
    rig.assert_untouched();
    rig.envoy.stop().await;
}

#[tokio::test]
async fn envoy_stops_while_requests_wait() {
    for ask in ["exchange", "root"] {
        let config = json!({ "timeout": LONG, "ask": ask });
        let rig = Rig::start(
            Holds::HeadersAlone,
            config,
            lets_pass().after(&Gate::shut()),
        )
        .await;
        let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
        rig.has_read(Kind::SMALL.into_iter().map(Kind::length).sum())
            .await;
        rig.envoy.stop().await;
        for sending in waiting {
            assert!(sending.await.unwrap().is_err());
        }
        assert_eq!(
            (rig.upstream.requests(), rig.upstream.connections()),
            (0, 0)
        );
    }
}
