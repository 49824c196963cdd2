//! The bodies that the client sends and the upstream answers with.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Weak};
use std::task::{Context, Poll};

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::gate::Gate;

/// What a generated body repeats. Its length is prime so that no buffer's size divides it: a
/// chunk that is lost, doubled or swapped changes the digest.
static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    (0..65_521_u32)
        .map(|position| (position % 251) as u8)
        .collect()
});

/// The SHA-256, in lower-case hex, of a generated body of `length` bytes: what
/// [`SeenRequest::body_sha256`](crate::upstream::SeenRequest::body_sha256) says when such an upload
/// arrived whole.
#[must_use]
pub fn generated_sha256(length: u64) -> String {
    let mut digest = Sha256::new();
    let mut left = length;
    while left > 0 {
        let piece = pattern_piece(left);
        digest.update(&piece);
        left -= piece.len() as u64;
    }
    hex(digest)
}

pub(crate) fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn pattern_piece(at_most: u64) -> Bytes {
    let length = usize::try_from(at_most).map_or(PATTERN.len(), |most| most.min(PATTERN.len()));
    PATTERN.slice(..length)
}

/// Where the bytes of a body come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// As they are, one data frame or chunk each.
    Pieces(VecDeque<Bytes>),
    /// So many bytes of [`PATTERN`] still to come, made as they are sent.
    Generated(u64),
    /// What a test hands in while the message is on its way.
    Fed(mpsc::Receiver<Frame<Bytes>>),
}

/// A gate that is opened some time.
type Opened = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A message's body, with its trailers.
pub(crate) struct Outgoing {
    /// After so many more frames it waits for this.
    pause: Option<(usize, Opened)>,
    source: Source,
    trailers: Option<HeaderMap>,
    announced: bool,
    /// Lives as long as this body.
    unsent: Arc<()>,
}

impl Outgoing {
    /// `announced`: say the length beforehand in `content-length`. Without it HTTP/1.1 is chunked;
    /// so is every message with trailers, which a `content-length` would rule out (RFC 9112 §6.3).
    pub(crate) fn new(source: Source, trailers: HeaderMap, announced: bool) -> Self {
        let trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
        Self {
            pause: None,
            source,
            announced: announced && trailers.is_none(),
            trailers,
            unsent: Arc::default(),
        }
    }

    /// What comes after so many frames waits until `gate` is open.
    pub(crate) fn pausing(mut self, frames: usize, gate: Gate) -> Self {
        let opened = async move { gate.opened().await };
        self.pause = Some((frames, Box::pin(opened)));
        self
    }

    /// Upgrades until hyper has done with this body: sent it whole, or given it up.
    pub(crate) fn unsent(&self) -> Weak<()> {
        Arc::downgrade(&self.unsent)
    }

    fn next_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        match &mut self.source {
            Source::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(Frame::data)),
            Source::Generated(0) => Poll::Ready(None),
            Source::Generated(left) => {
                let piece = pattern_piece(*left);
                *left -= piece.len() as u64;
                Poll::Ready(Some(Frame::data(piece)))
            }
            Source::Fed(frames) => frames.poll_recv(context),
        }
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Outgoing")
            .field("source", &self.source)
            .field("trailers", &self.trailers)
            .finish_non_exhaustive()
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some((frames_before, opened)) = &mut self.pause {
            match frames_before.checked_sub(1) {
                Some(left) => *frames_before = left,
                None => {
                    std::task::ready!(opened.as_mut().poll(context));
                    self.pause = None;
                }
            }
        }
        self.next_data(context).map(|data| {
            data.or_else(|| self.trailers.take().map(Frame::trailers))
                .map(Ok)
        })
    }

    fn is_end_stream(&self) -> bool {
        let no_data = match &self.source {
            Source::Pieces(pieces) => pieces.is_empty(),
            Source::Generated(left) => *left == 0,
            Source::Fed(_) => false,
        };
        no_data && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Pieces(pieces) if self.announced => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
            Source::Generated(left) if self.announced => SizeHint::with_exact(*left),
            _ => SizeHint::default(),
        }
    }
}
