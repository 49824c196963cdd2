//! gRPC of every kind, with a real server and a real client.

use integration::gateway::Gateway;
use integration::services::stock::v1::stock_client::StockClient;
use integration::services::stock::v1::{ReserveRequest, Restock, StockLevel, WatchRequest};
use integration::services::{Running, Service};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::transport::Channel;

struct Rig {
    gateway: Gateway,
    stock: Running,
    client: StockClient<Channel>,
}

impl Rig {
    /// Routes calls of `pattern` to the service.
    async fn start(pattern: &str) -> Self {
        let stock = Service::Stock.start().await.unwrap();
        let upstream = format!("stock: {{ grpc: \"{}\" }}", stock.address());
        let route = format!("{{ match: {{ grpc: {pattern} }}, to: [{{ upstream: stock }}] }}");
        let gateway = Gateway::start(&[upstream], &[&route]).await;
        let url = format!("http://{}", gateway.address);
        let client = StockClient::connect(url).await.unwrap();
        Self {
            gateway,
            stock,
            client,
        }
    }

    async fn stop(self) {
        drop(self.client);
        self.gateway.stop().await;
        self.stock.stop().await.unwrap();
    }
}

fn level(item: &str, left: u32) -> StockLevel {
    StockLevel {
        item: item.into(),
        left,
    }
}

fn reserve(item: &str, quantity: u32) -> ReserveRequest {
    ReserveRequest {
        item: item.into(),
        quantity,
    }
}

#[tokio::test]
async fn a_call_is_answered_and_so_is_one_that_fails() {
    let mut rig = Rig::start("stock.v1.Stock").await;
    let reply = rig.client.reserve(reserve("anvil", 2)).await.unwrap();
    assert_eq!((reply.get_ref().reservation, reply.get_ref().left), (1, 1));
    for (request, code, message) in [
        (
            reserve("unicorn", 1),
            Code::NotFound,
            "no such item: \"unicorn\"",
        ),
        (
            reserve("anvil", 0),
            Code::InvalidArgument,
            "quantity must be at least 1",
        ),
        (
            reserve("anvil", 9),
            Code::FailedPrecondition,
            "fewer than 9 left",
        ),
    ] {
        let failure = rig.client.reserve(request).await.unwrap_err();
        assert_eq!((failure.code(), failure.message()), (code, message));
    }
    rig.stop().await;
}

#[tokio::test]
async fn what_the_server_streams_comes_when_it_is_said() {
    let mut rig = Rig::start("stock.v1.Stock").await;
    let watch = WatchRequest {
        item: "lamp".into(),
        updates: 3,
    };
    let mut levels = rig.client.watch(watch).await.unwrap().into_inner();
    // Each level is read before the next is caused.
    for left in [500, 400, 300] {
        assert_eq!(levels.message().await.unwrap(), Some(level("lamp", left)));
        rig.client.reserve(reserve("lamp", 100)).await.unwrap();
    }
    assert_eq!(levels.message().await.unwrap(), None);
    rig.stop().await;
}

#[tokio::test]
async fn both_sides_stream_at_once() {
    let mut rig = Rig::start("stock.v1.Stock").await;
    let (say, messages) = tokio::sync::mpsc::channel(1);
    let messages = ReceiverStream::new(messages);
    let mut answers = rig.client.talk(messages).await.unwrap().into_inner();
    for left in [8, 13, 18] {
        let restock = Restock {
            item: "anvil".into(),
            quantity: 5,
        };
        say.send(restock).await.unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(level("anvil", left)));
    }
    let unknown = Restock {
        item: "unicorn".into(),
        quantity: 1,
    };
    say.send(unknown).await.unwrap();
    assert_eq!(answers.message().await.unwrap_err().code(), Code::NotFound);
    rig.stop().await;
}

#[tokio::test]
async fn a_method_without_a_route_is_unimplemented() {
    let mut rig = Rig::start("stock.v1.Stock/Reserve").await;
    rig.client.reserve(reserve("rope", 1)).await.unwrap();
    let watch = WatchRequest {
        item: "rope".into(),
        updates: 1,
    };
    let refused = rig.client.watch(watch).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert_eq!(refused.message(), "No route matches this host and path.");
    rig.stop().await;
}
