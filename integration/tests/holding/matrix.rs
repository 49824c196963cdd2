//! Kinds of requests × ways in which the waiting ends.

use integration::upstream::{Answer, Gate};
use serde_json::json;

use crate::kinds::{Kind, pass_all, refuse_all};
use crate::rig::{
    Holds, LONG, Rig, SHORT, is_denied, is_held_too_much, is_unanswered, lets_pass, refuses,
};

async fn allowed_at_once(holds: Holds) {
    let rig = Rig::start(holds, json!({ "timeout": LONG }), lets_pass()).await;
    pass_all(&rig, &Kind::ALL).await;
    assert_eq!(rig.asked.requests(), Kind::ALL.len());
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

async fn denied_at_once(holds: Holds) {
    let rig = Rig::start(holds, json!({ "timeout": LONG }), refuses()).await;
    refuse_all(&rig, &Kind::ALL, is_denied).await;
    assert_eq!(rig.asked.requests(), Kind::ALL.len());
    rig.envoy.stop().await;
}

async fn without_cluster(holds: Holds) {
    let config = json!({ "timeout": LONG, "cluster": "nowhere" });
    let rig = Rig::start(holds, config, lets_pass()).await;
    refuse_all(&rig, &Kind::ALL, is_unanswered).await;
    assert_eq!(rig.asked.requests(), 0);
    rig.envoy.stop().await;
}

/// The callout times out.
async fn unanswered(holds: Holds) {
    let timeout = format!("{}ms", SHORT.as_millis());
    let rig = Rig::start(
        holds,
        json!({ "timeout": timeout }),
        lets_pass().after(&Gate::shut()),
    )
    .await;
    let sending = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    for response in sending {
        is_unanswered(&response.await.unwrap().unwrap());
        rig.assert_untouched();
    }
    let upload = Kind::Upload.request();
    let response = rig.http1.send(upload).await.unwrap();
    match holds {
        Holds::HeadersAlone => is_held_too_much(&response),
        Holds::Everything => is_unanswered(&response),
    }
    rig.assert_untouched();
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

/// Requests that wait, whole, in Envoy.
struct Waiting {
    rig: Rig,
    sending: Vec<(Kind, Sending)>,
    gate: Gate,
}

type Sending =
    tokio::task::JoinHandle<Result<integration::client::Response, integration::client::Failure>>;

impl Waiting {
    async fn start(holds: Holds, answer: Answer) -> Self {
        let gate = Gate::shut();
        let rig = Rig::start(holds, json!({ "timeout": LONG }), answer.after(&gate)).await;
        let kinds: &[Kind] = match holds {
            Holds::HeadersAlone => &Kind::SMALL,
            Holds::Everything => &Kind::ALL,
        };
        let send = |kind: &Kind| (*kind, kind.client(&rig).spawn(kind.request()));
        let sending = kinds.iter().map(send).collect();
        rig.asked.wait_for(|asked| asked.len() == kinds.len()).await;
        let small = Kind::SMALL.into_iter().map(Kind::length).sum();
        match holds {
            Holds::HeadersAlone => rig.has_read(small).await,
            Holds::Everything => rig.stops_reading().await,
        }
        rig.assert_untouched();
        Self { rig, sending, gate }
    }
}

impl Rig {
    /// Waits until Envoy takes no more of an upload.
    async fn stops_reading(&self) {
        let paused = "http.front.downstream_flow_control_paused_reading_total";
        self.envoy.wait_for_stat(paused, |paused| paused > 0).await;
        let read = self
            .envoy
            .stat("http.front.downstream_cx_rx_bytes_total")
            .await;
        assert!(read < 5 << 20, "Envoy has read {read} bytes");
    }
}

async fn slowly_allowed(holds: Holds) {
    let Waiting { rig, sending, gate } = Waiting::start(holds, lets_pass()).await;
    gate.open();
    for (kind, sending) in sending {
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.status, 200, "{kind:?}: {response:?}");
        kind.assert_whole(&rig.upstream.seen());
    }
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

async fn slowly_denied(holds: Holds) {
    let Waiting { rig, sending, gate } = Waiting::start(holds, refuses()).await;
    gate.open();
    for (_, sending) in sending {
        is_denied(&sending.await.unwrap().unwrap());
        rig.assert_untouched();
    }
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

/// While it waits, more comes than may be held: it is refused then, whatever the answer would be.
#[tokio::test]
async fn an_upload_is_refused_when_too_much_of_it_is_held() {
    let gate = Gate::shut();
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG }),
        lets_pass().after(&gate),
    )
    .await;
    let uploads = || {
        let length = Kind::Upload.length();
        let upload = || Kind::Upload.request();
        [
            (&rig.http1, upload()),
            (&rig.http1, upload().unannounced()),
            (&rig.h2, upload()),
            (
                &rig.h2,
                Kind::Upload
                    .request()
                    .generated(length)
                    .trailer("x-checksum", "7"),
            ),
        ]
    };
    // Again and again: how much arrives at once is chance.
    for _ in 0..10 {
        let sending = uploads().map(|(client, upload)| client.spawn(upload));
        for response in sending {
            is_held_too_much(&response.await.unwrap().unwrap());
        }
        rig.assert_untouched();
    }
    gate.open();
    let small = Kind::Announced;
    let response = small.client(&rig).send(small.request()).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(rig.upstream.requests(), 1);
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

/// An answer that takes seconds, by the clock.
#[tokio::test]
async fn three_seconds_are_waited() {
    let gate = Gate::shut();
    let rig = Rig::start(
        Holds::HeadersAlone,
        json!({ "timeout": LONG }),
        refuses().after(&gate),
    )
    .await;
    let sending = Kind::SMALL.map(|kind| kind.client(&rig).spawn(kind.request()));
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    rig.assert_untouched();
    gate.open();
    for response in sending {
        is_denied(&response.await.unwrap().unwrap());
    }
    rig.assert_untouched();
    rig.envoy.stop().await;
}

macro_rules! in_both_kinds_of_envoy {
    ($($ending:ident)*) => {
        mod headers_alone_are_held {
            $(#[tokio::test]
            async fn $ending() {
                super::$ending(super::Holds::HeadersAlone).await;
            })*
        }
        mod everything_is_held {
            $(#[tokio::test]
            async fn $ending() {
                super::$ending(super::Holds::Everything).await;
            })*
        }
    };
}

in_both_kinds_of_envoy! {
    allowed_at_once
    denied_at_once
    slowly_allowed
    slowly_denied
    unanswered
    without_cluster
}
