//! What becomes of a request, told without sending it.
//!
//! [`edge`] is what Envoy does with a request before the pipeline sees it, as `envoy-render`
//! configures it. [`Explainer`] then asks the router, which is the code that runs in Envoy, and says
//! what it decides and why: an [`Explanation`].

mod choice;
mod destinations;
pub mod edge;
mod explainer;
mod explanation;
mod grpc;
mod limits;
mod near_misses;
mod octets;
mod precedence;
mod question;
mod tokens;

pub use explainer::Explainer;
pub use explanation::{
    Answer, Choice, DestinationTold, Explanation, Mirrored, NearMiss, Outcome, Refused, RefusedBy,
    RouteTold, RunnerUp, Seen,
};
pub use limits::{Asked, LimitTold};
pub use octets::Octets;
pub use question::{Question, QuestionError};
pub use tokens::{KeySets, Required, TokenTold, TokensTold};
