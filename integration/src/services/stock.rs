//! The gRPC sample service: a warehouse, as `proto/stock.proto` describes it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

/// What `proto/stock.proto` compiles to: messages, `stock_client`, `stock_server`.
#[allow(
    missing_docs,
    clippy::all,
    reason = "generated; the proto file carries the documentation"
)]
pub mod v1 {
    tonic::include_proto!("stock.v1");
}

use v1::stock_server::{Stock, StockServer};
use v1::{ReserveReply, ReserveRequest, Restock, StockLevel, WatchRequest};

/// The service's routes, with shelves of its own: 3 anvils, 500 lamps, 100,000 ropes.
pub fn router() -> Router {
    Routes::new(StockServer::new(Warehouse::stocked())).into_axum_router()
}

struct Warehouse {
    shelves: Arc<Shelves>,
    reservations: AtomicU64,
}

impl Warehouse {
    fn stocked() -> Self {
        let shelves = [("anvil", 3), ("lamp", 500), ("rope", 100_000)]
            .map(|(item, left)| (item.to_owned(), watch::Sender::new(left)));
        Self {
            shelves: Arc::new(Shelves(shelves.into())),
            reservations: AtomicU64::new(0),
        }
    }
}

/// Item → how many are left, with everybody who watches.
struct Shelves(BTreeMap<String, watch::Sender<u32>>);

impl Shelves {
    fn find(&self, item: &str) -> Result<&watch::Sender<u32>, Status> {
        self.0
            .get(item)
            .ok_or_else(|| Status::not_found(format!("no such item: {item:?}")))
    }

    fn restock(&self, Restock { item, quantity }: Restock) -> Result<StockLevel, Status> {
        let shelf = self.find(&item)?;
        shelf.send_modify(|left| *left = left.saturating_add(quantity));
        let left = *shelf.borrow();
        Ok(StockLevel { item, left })
    }
}

type Levels = Pin<Box<dyn Stream<Item = Result<StockLevel, Status>> + Send>>;

#[tonic::async_trait]
impl Stock for Warehouse {
    async fn reserve(
        &self,
        request: Request<ReserveRequest>,
    ) -> Result<Response<ReserveReply>, Status> {
        let ReserveRequest { item, quantity } = request.into_inner();
        if quantity == 0 {
            return Err(Status::invalid_argument("quantity must be at least 1"));
        }
        let mut remaining = None;
        self.shelves.find(&item)?.send_if_modified(|left| {
            remaining = left.checked_sub(quantity);
            *left = remaining.unwrap_or(*left);
            remaining.is_some()
        });
        let left = remaining
            .ok_or_else(|| Status::failed_precondition(format!("fewer than {quantity} left")))?;
        let reservation = self.reservations.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Response::new(ReserveReply { reservation, left }))
    }

    type WatchStream = Levels;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Levels>, Status> {
        let WatchRequest { item, updates } = request.into_inner();
        let shelf = WatchStream::new(self.shelves.find(&item)?.subscribe());
        let levels = shelf.map(move |left| {
            Ok(StockLevel {
                item: item.clone(),
                left,
            })
        });
        let levels: Levels = match usize::try_from(updates) {
            Ok(updates @ 1..) => Box::pin(levels.take(updates)),
            _ => Box::pin(levels),
        };
        Ok(Response::new(levels))
    }

    type TalkStream = Levels;

    async fn talk(&self, request: Request<Streaming<Restock>>) -> Result<Response<Levels>, Status> {
        let shelves = Arc::clone(&self.shelves);
        let levels = request
            .into_inner()
            .map(move |message| message.and_then(|put| shelves.restock(put)));
        Ok(Response::new(Box::pin(levels)))
    }
}
