//! Exchanges that wait for the filter's root.

use std::sync::atomic::{AtomicBool, Ordering};

use integration::bootstrap::FRONT;
use integration::envoy::free_port;
use integration::upstream::{Gate, Upstream};
use integration::workers::clients_of_both_workers;
use serde_json::json;
use tokio::time::Instant;

use crate::kinds::Kind;
use crate::rig::{Holds, LONG, Rig, SHORT, is_denied, is_unanswered, lets_pass, refuses};

/// The threads of Envoy that have a VM: two workers, and the main one.
const VMS: usize = 3;

#[tokio::test]
async fn what_one_thread_learns_the_others_learn() {
    // Only who asks first is answered.
    let first = Gate::shut();
    let asked = Upstream::start().await;
    let once = first.clone();
    let asked_before = AtomicBool::new(false);
    asked.answer_with(move |_| match asked_before.swap(true, Ordering::Relaxed) {
        false => lets_pass().after(&once),
        true => lets_pass().after(&Gate::shut()),
    });
    let config = json!({ "timeout": LONG, "ask": "root" });
    let rig = Rig::start_asking(Holds::HeadersAlone, config, asked).await;
    let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    rig.asked.wait_for(|asked| !asked.is_empty()).await;
    rig.has_read(Kind::SMALL.into_iter().map(Kind::length).sum())
        .await;
    rig.assert_untouched();
    first.open();
    for sending in waiting {
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
    }
    let seen = rig.upstream.seen();
    Kind::SMALL
        .into_iter()
        .for_each(|kind| kind.assert_whole(&seen));

    for client in clients_of_both_workers(&rig.envoy, FRONT).await {
        assert_eq!(client.get("/").await.unwrap().status, 200);
    }
    let asked = rig.asked.requests();
    assert!(asked <= VMS, "asked {asked} times");
    rig.envoy.stop().await;
}

#[tokio::test]
async fn what_the_root_refuses_is_refused() {
    let gate = Gate::shut();
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG, "ask": "root" }),
        refuses().after(&gate),
    )
    .await;
    let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    rig.has_read(Kind::SMALL.into_iter().map(Kind::length).sum())
        .await;
    gate.open();
    for sending in waiting {
        is_denied(&sending.await.unwrap().unwrap());
    }
    rig.assert_untouched();
    rig.envoy.stop().await;
}

#[tokio::test]
async fn waiting_for_the_root_ends() {
    let timeout = format!("{}ms", SHORT.as_millis());
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let rig = Rig::start(
            holds,
            json!({ "timeout": timeout, "ask": "root" }),
            lets_pass().after(&Gate::shut()),
        )
        .await;
        let start = Instant::now();
        let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
        for sending in waiting {
            is_unanswered(&sending.await.unwrap().unwrap());
            assert!(start.elapsed() >= SHORT);
        }
        rig.assert_untouched();
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_asked_then() {
    let port = free_port();
    let nobody = Upstream::start().await;
    let config = json!({ "timeout": LONG, "ask": "root" });
    let rig = Rig::start_asking_on(port, Holds::HeadersAlone, config, nobody).await;
    let waiting = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    rig.has_read(Kind::SMALL.into_iter().map(Kind::length).sum())
        .await;
    let failures = "cluster.asked.upstream_cx_connect_fail";
    rig.envoy
        .wait_for_stat(failures, |count| count > VMS as u64)
        .await;
    rig.assert_untouched();
    let late = Upstream::start_on(port).await;
    late.answer(lets_pass());
    for sending in waiting {
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
    }
    let seen = rig.upstream.seen();
    Kind::SMALL
        .into_iter()
        .for_each(|kind| kind.assert_whole(&seen));
    rig.envoy.stop().await;
}

#[tokio::test]
async fn clients_that_leave_while_they_wait_for_the_root_hurt_nobody() {
    let gate = Gate::shut();
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG, "ask": "root" }),
        lets_pass().after(&gate),
    )
    .await;
    let send = |_| rig.http1.spawn(Kind::Announced.request());
    let leaving: Vec<_> = (0..20).map(send).collect();
    let staying = rig.h2.spawn(Kind::Trailers.request());
    let active = "http.front.downstream_rq_active";
    rig.envoy.wait_for_stat(active, |active| active == 21).await;
    for sending in leaving {
        sending.abort();
    }
    rig.envoy.wait_for_stat(active, |active| active == 1).await;
    gate.open();
    assert_eq!(staying.await.unwrap().unwrap().status, 200);
    assert_eq!(rig.upstream.requests(), 1);
    rig.envoy.stop().await;
}

/// An exchange that the root woke sends a callout of its own and waits on.
#[tokio::test]
async fn an_exchange_asks_while_the_root_wakes_it() {
    let root = Gate::shut();
    let exchange = Gate::shut();
    let asked = Upstream::start().await;
    let (of_root, of_exchange) = (root.clone(), exchange.clone());
    asked.answer_with(move |seen| match seen.path.as_str() {
        "/root" => lets_pass().after(&of_root),
        "/Announced" => refuses().after(&of_exchange),
        _ => lets_pass().after(&of_exchange),
    });
    let config = json!({ "timeout": LONG, "ask": "both" });
    let rig = Rig::start_asking(Holds::HeadersAlone, config, asked).await;
    let waiting = Kind::SMALL.map(|kind| (kind, kind.client(&rig).spawn(kind.request())));
    rig.has_read(Kind::SMALL.into_iter().map(Kind::length).sum())
        .await;
    root.open();
    let own = |asked: &[integration::upstream::SeenRequest]| {
        asked.iter().filter(|asked| asked.path != "/root").count() == Kind::SMALL.len()
    };
    rig.asked.wait_for(own).await;
    rig.assert_untouched();
    exchange.open();
    for (kind, sending) in waiting {
        let response = sending.await.unwrap().unwrap();
        match kind {
            Kind::Announced => is_denied(&response),
            _ => {
                assert_eq!(response.status, 200, "{kind:?}: {response:?}");
                kind.assert_whole(&rig.upstream.seen());
            }
        }
    }
    assert_eq!(rig.upstream.requests(), Kind::SMALL.len() - 1);
    rig.envoy.stop().await;
}
