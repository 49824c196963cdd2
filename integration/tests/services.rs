//! The sample services, each called by a client of its protocol.

use futures_util::{SinkExt as _, StreamExt as _};
use integration::client::{self, Request};
use integration::services::petstore::Version;
use integration::services::stock::v1::stock_client::StockClient;
use integration::services::stock::v1::{ReserveRequest, Restock, StockLevel, WatchRequest};
use integration::services::{Running, Service};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tonic::Code;

#[tokio::test]
async fn petstore_lists_and_shows_pets() {
    let service = Service::Petstore(Version::V1).start().await.unwrap();
    let pets = client::http1(service.address()).get("/pets").await.unwrap();
    assert_eq!(pets.status, 200);
    assert_eq!(pets.headers["x-served-by"], "pets-v1");
    assert_eq!(pets.json()["version"], "v1");
    assert_eq!(
        pets.json()["pets"][1],
        json!({ "id": 2, "name": "Tom", "kind": "cat" })
    );

    let pet = client::h2(service.address()).get("/pets/2").await.unwrap();
    assert_eq!(
        pet.json(),
        json!({ "version": "v1", "id": 2, "name": "Tom", "kind": "cat" })
    );
}

#[tokio::test]
async fn petstore_v2_adds_the_age() {
    let service = Service::Petstore(Version::V2).start().await.unwrap();
    let client = client::http1(service.address());
    let pet = client.get("/pets/2").await.unwrap();
    assert_eq!(pet.headers["x-served-by"], "pets-v2");
    let expected = json!({ "version": "v2", "id": 2, "name": "Tom", "kind": "cat", "age": 7 });
    assert_eq!(pet.json(), expected);
}

#[tokio::test]
async fn petstore_keeps_a_posted_pet() {
    let service = Service::Petstore(Version::V1).start().await.unwrap();
    let client = client::http1(service.address());
    let post = Request::post("/pets")
        .header("content-type", "application/json")
        .body(r#"{"name":"Ada","id":99,"tags":["new"]}"#);
    let created = client.send(post).await.unwrap();
    let expected = json!({ "version": "v1", "id": 4, "name": "Ada", "tags": ["new"] });
    assert_eq!(created.status, 201);
    assert_eq!(created.headers["location"], "/pets/4");
    assert_eq!(created.json(), expected);
    assert_eq!(client.get("/pets/4").await.unwrap().json(), expected);
}

#[tokio::test]
async fn petstore_says_who_answered_even_when_it_refuses() {
    let service = Service::Petstore(Version::V2).start().await.unwrap();
    let client = client::http1(service.address());
    let post = || Request::post("/pets").header("content-type", "application/json");
    for (request, status) in [
        (Request::get("/pets/99"), 404),
        (Request::get("/pets/rex"), 404),
        (Request::get("/horses"), 404),
        (Request::post("/pets").body("not typed as JSON"), 415),
        (post(), 400),
        (post().body("{"), 400),
        (post().body("[1]"), 422),
    ] {
        let refusal = client.send(request).await.unwrap();
        assert_eq!(refusal.status, status);
        assert_eq!(refusal.headers["x-served-by"], "pets-v2");
        assert_eq!(refusal.headers["content-type"], "application/problem+json");
        assert_eq!(refusal.json()["version"], "v2");
        assert_eq!(refusal.json()["status"], status);
    }
    let deleted = client.send(Request::new("DELETE", "/pets")).await.unwrap();
    assert_eq!(deleted.status, 405);
    assert_eq!(deleted.headers["x-served-by"], "pets-v2");
    assert_eq!(client.get("/healthz").await.unwrap().json()["status"], "ok");
}

type Stock = StockClient<tonic::transport::Channel>;

async fn stock(service: &Running) -> Result<Stock, tonic::transport::Error> {
    StockClient::connect(format!("http://{}", service.address())).await
}

fn level(item: &str, left: u32) -> StockLevel {
    StockLevel {
        item: item.into(),
        left,
    }
}

#[tokio::test]
async fn stock_reserves_what_is_there() {
    let service = Service::Stock.start().await.unwrap();
    let mut client = stock(&service).await.unwrap();
    let mut reserve = async |item: &str, quantity| {
        let request = ReserveRequest {
            item: item.into(),
            quantity,
        };
        client
            .reserve(request)
            .await
            .map(tonic::Response::into_inner)
    };
    let reply = reserve("anvil", 2).await.unwrap();
    assert_eq!((reply.reservation, reply.left), (1, 1));
    assert_eq!(
        reserve("anvil", 2).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    assert_eq!(
        reserve("anvil", 0).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        reserve("unicorn", 1).await.unwrap_err().code(),
        Code::NotFound
    );
    let reply = reserve("anvil", 1).await.unwrap();
    assert_eq!(
        (reply.reservation, reply.left),
        (2, 0),
        "refusals have taken nothing"
    );
}

#[tokio::test]
async fn stock_streams_each_change_to_those_who_watch() {
    let service = Service::Stock.start().await.unwrap();
    let mut client = stock(&service).await.unwrap();
    let watch = WatchRequest {
        item: "lamp".into(),
        updates: 2,
    };
    let mut levels = client.watch(watch).await.unwrap().into_inner();
    assert_eq!(levels.message().await.unwrap(), Some(level("lamp", 500)));
    client
        .reserve(ReserveRequest {
            item: "lamp".into(),
            quantity: 100,
        })
        .await
        .unwrap();
    assert_eq!(levels.message().await.unwrap(), Some(level("lamp", 400)));
    assert_eq!(
        levels.message().await.unwrap(),
        None,
        "two levels were asked for"
    );
}

#[tokio::test]
async fn stock_answers_each_message_of_a_dialogue() {
    let service = Service::Stock.start().await.unwrap();
    let mut client = stock(&service).await.unwrap();
    let (say, messages) = tokio::sync::mpsc::channel(1);
    let messages = tokio_stream::wrappers::ReceiverStream::new(messages);
    let mut answers = client.talk(messages).await.unwrap().into_inner();
    // Each answer is read before the next message is sent: both directions are open at once.
    for left in [8, 13] {
        say.send(Restock {
            item: "anvil".into(),
            quantity: 5,
        })
        .await
        .unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(level("anvil", left)));
    }
    say.send(Restock {
        item: "unicorn".into(),
        quantity: 1,
    })
    .await
    .unwrap();
    assert_eq!(answers.message().await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn chat_echoes_messages_and_answers_pings() {
    let service = Service::Chat.start().await.unwrap();
    let url = format!("ws://{}/chat", service.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::binary(vec![0, 0xff, 0xfe]),
        Message::binary(vec![7; 100_000]),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.send(Message::Ping("beat".into())).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::Pong("beat".into())
    );
    socket.send(Message::Close(None)).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Close(None));
}
