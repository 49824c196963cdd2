//! What limits look at.

use std::net::IpAddr;

use claims::Said;
use filter_api::{Client, HostError};
use function_router::{Request, Route};

/// What is known of a request.
pub struct Facts<'r> {
    /// What the client sent.
    pub request: &'r Request<'r>,
    /// The route that takes it.
    pub route: Option<&'r Route>,
    /// What its tokens say, those that were accepted.
    pub said: &'r [Said<'r>],
    /// The client's address, once somebody has asked for it.
    address: Option<Option<IpAddr>>,
}

impl<'r> Facts<'r> {
    /// What is known of a request.
    pub fn new(request: &'r Request<'r>, route: Option<&'r Route>, said: &'r [Said<'r>]) -> Self {
        Self {
            request,
            route,
            said,
            address: None,
        }
    }

    pub(crate) fn address<H: Client + ?Sized>(
        &mut self,
        host: &mut H,
    ) -> Result<Option<IpAddr>, HostError> {
        if let Some(known) = self.address {
            return Ok(known);
        }
        let address = host.client_address()?;
        self.address = Some(address);
        Ok(address)
    }
}
