//! What becomes of a request, told without sending it.
//!
//! [`edge`] is what Envoy does with a request before the pipeline sees it, as `envoy-render`
//! configures it.

pub mod edge;
