//! Kinds of requests.

use integration::client::{Client, Feed, Request, Response};
use integration::generated_sha256;
use integration::upstream::{Arrival, Gate, SeenRequest};

use crate::rig::Rig;

/// What fits into what a filter may hold.
const SMALL: u64 = 40_000;
/// What is handed to the connection at once; divides both lengths.
const PIECE: usize = 20_000;
/// What fits nowhere.
const LARGE: u64 = 100_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing behind its head.
    Get,
    /// `content-length` says what comes.
    Announced,
    /// Chunks over HTTP/1.1.
    Chunked,
    /// HTTP/2, with trailers behind the body.
    Trailers,
    /// HTTP/2, trailers and no body.
    TrailersAlone,
    /// 50 MB.
    Upload,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Get,
        Self::Announced,
        Self::Chunked,
        Self::Trailers,
        Self::TrailersAlone,
        Self::Upload,
    ];

    /// Those that fit into what a filter may hold.
    pub const SMALL: [Self; 5] = [
        Self::Get,
        Self::Announced,
        Self::Chunked,
        Self::Trailers,
        Self::TrailersAlone,
    ];

    pub fn client(self, rig: &Rig) -> &Client {
        match self {
            Self::Trailers | Self::TrailersAlone => &rig.h2,
            Self::Get | Self::Announced | Self::Chunked | Self::Upload => &rig.http1,
        }
    }

    pub fn length(self) -> u64 {
        match self {
            Self::Get | Self::TrailersAlone => 0,
            Self::Announced | Self::Chunked | Self::Trailers => SMALL,
            Self::Upload => LARGE,
        }
    }

    fn has_trailers(self) -> bool {
        matches!(self, Self::Trailers | Self::TrailersAlone)
    }

    /// The kind's name, in the path that tells it from the others.
    pub fn path(self) -> String {
        format!("/{self:?}")
    }

    pub fn request(self) -> Request {
        let request = match self {
            Self::Get => Request::get(&self.path()),
            _ => Request::post(&self.path()),
        };
        let request = match self {
            Self::Get | Self::TrailersAlone => request,
            Self::Announced | Self::Upload => request.generated(self.length()),
            Self::Chunked | Self::Trailers => request.generated(self.length()).unannounced(),
        };
        match self.has_trailers() {
            true => request.trailer("x-checksum", "7"),
            false => request,
        }
    }

    /// Its head, and what the rest of it is sent with.
    fn in_parts(self) -> (Request, Option<Feed>) {
        let post = Request::post(&self.path());
        let (request, rest) = match self {
            Self::Get => return (Request::get(&self.path()), None),
            Self::Announced | Self::Upload => post
                .header("content-length", self.length().to_string())
                .fed(),
            Self::Chunked | Self::Trailers | Self::TrailersAlone => post.fed(),
        };
        (request, Some(rest))
    }

    /// Sends as much as the connection takes.
    async fn send_rest(self, rest: Feed) {
        let piece = vec![b'x'; PIECE];
        for _ in 0..self.length().div_ceil(PIECE as u64) {
            if !rest.data(piece.clone()).await {
                return;
            }
        }
        if self.has_trailers() {
            rest.end_with_trailer("x-checksum", "7").await;
        }
    }

    /// The request of this kind among those that an upstream has seen must be what was sent.
    pub fn assert_whole(self, seen: &[SeenRequest]) {
        let own: Vec<_> = seen
            .iter()
            .filter(|seen| seen.path == self.path())
            .collect();
        let [seen] = own.as_slice() else {
            panic!("{self:?} arrived {} times", own.len());
        };
        assert_eq!(seen.arrival, Arrival::Complete, "{self:?}");
        assert_eq!(seen.body_length, self.length(), "{self:?}");
        assert_eq!(
            seen.body_sha256,
            generated_sha256(self.length()),
            "{self:?}"
        );
        let trailer = seen.trailers.get("x-checksum");
        assert_eq!(
            trailer.is_some_and(|value| value == "7"),
            self.has_trailers(),
            "{self:?}"
        );
    }
}

/// Sends a request of each kind, one after the other, the bodies only once the upstream has the head:
/// what comes earlier may be more than a filter holds.
pub async fn pass_all(rig: &Rig, kinds: &[Kind]) {
    for (before, kind) in kinds.iter().enumerate() {
        let arrived = Gate::shut();
        let sending = kind.client(rig).spawn(kind.request().after(&arrived));
        rig.upstream.wait_for(|seen| seen.len() > before).await;
        arrived.open();
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.status, 200, "{kind:?}: {response:?}");
    }
    let seen = rig.upstream.seen();
    kinds.iter().for_each(|kind| kind.assert_whole(&seen));
}

/// Sends the head of a request of each kind, which is refused; the client sends the rest all the same.
pub async fn refuse_all(rig: &Rig, kinds: &[Kind], refusal: impl Fn(&Response)) {
    for kind in kinds {
        let (request, rest) = kind.in_parts();
        let response = kind.client(rig).send(request).await.unwrap();
        refusal(&response);
        rig.assert_untouched();
        if let Some(rest) = rest {
            kind.send_rest(rest).await;
        }
        rig.assert_untouched();
    }
}
