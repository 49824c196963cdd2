//! Ports that stay free while the program that is to listen on them does not run.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what kernels give to outgoing connections (`ip_local_port_range` of ip(7)). One of those would keep
/// the program from its port, once in a while on a busy machine.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// An address of the loopback interface on which nobody listens. Processes begin at places of their own, and
/// none gives an address twice.
///
/// # Panics
/// When there is none.
pub(super) fn free_address() -> SocketAddr {
    let begin = std::process::id().wrapping_mul(97) % u32::from(COUNT);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let offset = u16::try_from((begin + step) % u32::from(COUNT)).unwrap_or_default();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + offset));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {FIRST} on is free");
}
