//! Networks of addresses of both kinds, for what looks many of them up.

use super::{ipv4, ipv6};

/// An address and the length of its prefix. One of IPv4 is mapped: its prefix is 96 longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    /// The address.
    pub address: u128,
    /// 0 to 128
    pub prefix: u8,
}

impl IpNetwork {
    /// An address of either kind, with a prefix or without.
    pub fn parse(text: &str) -> Option<IpNetwork> {
        ipv6::parse(text)
    }

    /// An address of IPv4, with a prefix or without.
    pub fn parse_v4(text: &str) -> Option<IpNetwork> {
        ipv4::parse(text).map(ipv6::mapped)
    }

    /// The network's first address.
    pub fn first(self) -> u128 {
        self.address & mask(self.prefix)
    }

    /// The network that it is in, with a prefix that is no longer than its own.
    pub fn shortened(self, prefix: u8) -> IpNetwork {
        IpNetwork { prefix, ..self }
    }

    pub(super) fn holds(self, address: u128) -> bool {
        address & mask(self.prefix) == self.first()
    }
}

pub(super) fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}
