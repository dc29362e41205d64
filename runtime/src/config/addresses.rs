//! Blocks of addresses, as `198.18.0.0/15`.

use std::net::IpAddr;

use toml::de::DeValue;

use super::values;

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressBlock {
    first: IpAddr,
    /// So many bits are the same.
    length: u32,
}

impl AddressBlock {
    /// Reads an address, or its block: `192.168.1.20`, `198.18.0.0/15`, `fd00::/8`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what may be meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no block of addresses; write such as \"198.18.0.0/15\"");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = width(address);
        let length = length.unwrap_or(bits);
        if length > bits {
            return Err(format!("{text:?}: such an address has {bits} bits"));
        }
        let first = cut(address, length);
        if first != address {
            return Err(format!("{text:?} does not begin a block; did you mean \"{first}/{length}\"?"));
        }
        Ok(Self { first, length })
    }

    /// Whether this address is one of them, also if it is written as IPv6 around IPv4.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.first) && cut(address, self.length) == self.first
    }
}

/// For a list of the file.
pub(super) fn block(value: &DeValue<'_>) -> Result<AddressBlock, String> {
    AddressBlock::parse(&values::text(value)?)
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first address that begins with the same `length` bits.
fn cut(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into()),
        IpAddr::V6(v6) => {
            IpAddr::V6((u128::from(v6) & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_what_begins_alike() {
        for (block, address, has) in [
            ("198.18.0.0/15", "198.18.0.1", true),
            ("198.18.0.0/15", "198.19.255.255", true),
            ("198.18.0.0/15", "198.20.0.0", false),
            ("198.18.0.0/15", "::ffff:198.18.0.7", true),
            ("198.18.0.0/15", "::1", false),
            ("192.168.1.20", "192.168.1.20", true),
            ("192.168.1.20", "192.168.1.21", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true),
        ] {
            let parsed = AddressBlock::parse(block).unwrap();
            assert_eq!(parsed.has(address.parse().unwrap()), has, "{block} {address}");
        }
    }

    #[test]
    fn what_is_no_block_is_told_with_what_may_be_meant() {
        for (text, hint) in [
            ("", "such as"),
            ("example.com", "such as"),
            ("10.0.0.0/", "such as"),
            ("10.0.0.0/-1", "such as"),
            ("10.0.0.0/33", "32 bits"),
            ("::/129", "128 bits"),
            ("198.18.0.1/15", "did you mean \"198.18.0.0/15\"?"),
        ] {
            let reason = AddressBlock::parse(text).unwrap_err();
            assert!(reason.contains(hint), "{text}: {reason}");
        }
    }
}
