//! What the root and the streams of one plugin in one VM have in common.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::{CalloutId, Filter, Waiting};

use crate::chance::Chance;
use crate::stream::Core;

/// Shared by a root context and its streams.
pub(crate) struct Shared<F: Filter> {
    pub(crate) chance: Chance,
    /// Streams whose exchange waits or awaits a callout, by context id.
    waiting: RefCell<BTreeMap<u32, Rc<RefCell<Core<F>>>>>,
}

impl<F: Filter> Shared<F> {
    pub(crate) fn new() -> Self {
        Self {
            chance: Chance::new(),
            waiting: RefCell::new(BTreeMap::new()),
        }
    }

    /// Keeps or drops a stream, as it must be found or not.
    pub(crate) fn note(&self, context: u32, core: &Rc<RefCell<Core<F>>>, waits: bool) {
        let mut waiting = self.waiting.borrow_mut();
        if waits {
            waiting.entry(context).or_insert_with(|| Rc::clone(core));
        } else if !waiting.is_empty() {
            waiting.remove(&context);
        }
    }

    /// Forgets a stream that is over.
    pub(crate) fn forget(&self, context: u32) {
        self.waiting.borrow_mut().remove(&context);
    }

    /// The streams that wait for something of this kind.
    pub(crate) fn waiting_for(
        &self,
        kind: impl Fn(Waiting) -> bool,
    ) -> Vec<(u32, Rc<RefCell<Core<F>>>)> {
        let waiting = self.waiting.borrow();
        let of_kind = |core: &Rc<RefCell<Core<F>>>| core.borrow().waits(&kind);
        waiting
            .iter()
            .filter(|(_, core)| of_kind(core))
            .map(|(&context, core)| (context, Rc::clone(core)))
            .collect()
    }

    /// The stream that awaits a callout which it sent while the root was at work.
    pub(crate) fn awaiting(&self, id: CalloutId) -> Option<(u32, Rc<RefCell<Core<F>>>)> {
        let waiting = self.waiting.borrow();
        waiting
            .iter()
            .find(|(_, core)| core.borrow().awaits(id))
            .map(|(&context, core)| (context, Rc::clone(core)))
    }
}
