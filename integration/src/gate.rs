//! What a test holds back until it says so.

use std::sync::Arc;

use tokio::sync::watch;

/// A signal that answers and request bodies wait for. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A gate that is shut.
    #[must_use]
    pub fn shut() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything through, from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn opened(&self) {
        // The sender lives in `self`, so this cannot end but by an opening.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
