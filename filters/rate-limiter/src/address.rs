//! Addresses of clients, and the networks they are in.

use std::net::IpAddr;

use filter_api::ConfigError;

use crate::config::AddressConfig;

/// How many bits of an address count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask {
    ipv4: u8,
    ipv6: u8,
}

/// A network, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    first: IpAddr,
    bits: u8,
}

impl Mask {
    pub(crate) fn compile(config: AddressConfig) -> Result<Self, ConfigError> {
        let AddressConfig { ipv4, ipv6 } = config;
        for (place, bits, most) in [("ipv4", ipv4, 32), ("ipv6", ipv6, 128)] {
            if !(1..=most).contains(&bits) {
                let problem = format!(
                    "must be a number of bits from 1 to {most}, found {bits}; for one bucket for all, leave \
                     \"address\" out"
                );
                return Err(ConfigError::new(place, problem));
            }
        }
        Ok(Self { ipv4, ipv6 })
    }

    /// The first address of the network in which one is.
    pub(crate) fn of(self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(_) => masked(address, self.ipv4),
            IpAddr::V6(_) => masked(address, self.ipv6),
        }
    }

    /// How many bits of this address count.
    pub(crate) fn bits(self, address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => self.ipv4,
            IpAddr::V6(_) => self.ipv6,
        }
    }
}

impl Network {
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let form = || {
            let problem = format!(
                "must be a network such as \"192.0.2.0/24\" or \"2001:db8::/32\", or an address, found \
                 \"{text}\""
            );
            ConfigError::new("", problem)
        };
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| form())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| form())?
            }
            Some(_) => return Err(form()),
            None => most,
        };
        if bits > most {
            return Err(form());
        }
        if first.to_canonical() != first {
            let problem = format!("must be written as an IPv4 address, found \"{text}\"");
            return Err(ConfigError::new("", problem));
        }
        let network = masked(first, bits);
        if network != first {
            let problem =
                format!("must be the first address of a network, write \"{network}/{bits}\"");
            return Err(ConfigError::new("", problem));
        }
        Ok(Self { first, bits })
    }

    pub(crate) fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.bits) == self.first
    }
}

/// An address of whose bits only the first count.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32)));
            IpAddr::V4((address.to_bits() & mask.unwrap_or(0)).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128)));
            IpAddr::V6((address.to_bits() & mask.unwrap_or(0)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let mask = Mask::compile(AddressConfig::default()).unwrap();
        for (found, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
        ] {
            assert_eq!(mask.of(address(found)), address(network));
        }
        let all = AddressConfig { ipv4: 8, ipv6: 128 };
        let mask = Mask::compile(all).unwrap();
        assert_eq!(mask.of(address("10.1.2.3")), address("10.0.0.0"));
        assert_eq!(mask.of(address("::1")), address("::1"));
    }

    #[test]
    fn bits_are_of_an_address() {
        for (ipv4, ipv6, place) in [
            (0, 64, "ipv4"),
            (33, 64, "ipv4"),
            (32, 0, "ipv6"),
            (32, 129, "ipv6"),
        ] {
            let error = Mask::compile(AddressConfig { ipv4, ipv6 }).unwrap_err();
            assert_eq!(error.path, place);
        }
    }

    #[test]
    fn a_network_holds_its_addresses() {
        for (network, found, holds) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("0.0.0.0/0", "192.0.3.0", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::1", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.holds(address(found)), holds, "{network:?} {found}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for (text, problem) in [
            ("", "must be a network such as"),
            ("192.0.2.0/33", "must be a network such as"),
            ("192.0.2.0/+8", "must be a network such as"),
            ("192.0.2.0/", "must be a network such as"),
            ("::ffff:192.0.2.0/120", "must be written as an IPv4 address"),
            (
                "192.0.2.1/24",
                "must be the first address of a network, write \"192.0.2.0/24\"",
            ),
        ] {
            let error = Network::parse(text).unwrap_err().problem;
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
