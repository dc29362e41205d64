//! Which addresses belong to the internet, and which to the owner's network or to nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The internet.
    Outside,
    /// The owner's own network and machine too.
    Inside,
}

/// A name that stands for nothing that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("it leads to an address that is not allowed")]
pub(super) struct Forbidden {
    /// To one that a proxy on the owner's machine made up.
    pub made_up: bool,
}

/// Addresses where clouds answer their machines' questions, secrets included, and that look like others.
const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];

/// Blocks that are not the internet, as first address and length of the prefix, by IANA's registry.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The same inside of 2000::/3, which alone is the internet.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    // Benchmarks, ORCHID and its second version.
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether this is an address of the internet, also behind the notations that carry an IPv4 address inside of IPv6.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_within = |&(first, length): &(Ipv4Addr, u32)| {
        (u32::from(first) ^ u32::from(address)).leading_zeros() >= length
    };
    !SPECIAL_V4.iter().any(is_within) && !METADATA.contains(&address)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let v4 = |shift: u32| Ipv4Addr::from((bits >> shift) as u32);
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let is_within = |&(first, length): &(Ipv6Addr, u32)| (u128::from(first) ^ bits).leading_zeros() >= length;
    let segments = address.segments();
    match segments {
        // A network with IPv6 only reaches IPv4 so.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return is_public_v4(v4(0)),
        [0x2002, ..] => return is_public_v4(v4(80)),
        // Teredo: the server, and the client turned inside out.
        [0x2001, 0, ..] => return is_public_v4(v4(64)) && is_public_v4(Ipv4Addr::from(!(bits as u32))),
        // ISATAP, under any prefix.
        [.., 0 | 0x200, 0x5efe, _, _] if !is_public_v4(v4(0)) => return false,
        _ => {}
    }
    segments[0] & 0xe000 == 0x2000 && !SPECIAL_V6.iter().any(is_within)
}

/// Whether an address that somebody gave may be connected to.
pub(super) fn may_reach(address: IpAddr, reach: Reach) -> bool {
    match reach {
        Reach::Outside => is_public(address),
        Reach::Inside => is_public(address) || is_somebody(address),
    }
}

/// A machine in the owner's network, and not one of the places where clouds keep their machines' secrets.
fn is_somebody(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            (v4.is_loopback() || v4.is_private() || shared || is_made_up(address)) && !METADATA.contains(&v4)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// Proxies on the owner's machine answer names with made-up addresses of the benchmarks' block.
pub(super) fn is_made_up(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(v4) if v4.octets()[0] == 198 && v4.octets()[1] & 0xfe == 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for (address, outside, inside) in [
            ("1.1.1.1", true, true),
            ("172.32.0.1", true, true),
            ("100.128.0.1", true, true),
            ("2606:4700::1111", true, true),
            ("::ffff:8.8.8.8", true, true),
            ("64:ff9b::808:808", true, true),
            ("2002:808:808::1", true, true),
            ("2001:4860:4860::8888", true, true),
            ("127.0.0.1", false, true),
            ("127.255.255.254", false, true),
            ("10.1.2.3", false, true),
            ("192.168.1.1", false, true),
            ("172.16.0.1", false, true),
            ("172.31.255.255", false, true),
            ("100.64.0.1", false, true),
            ("100.127.255.255", false, true),
            ("::1", false, true),
            ("fc00::1", false, true),
            ("fd00::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("::ffff:10.0.0.1", false, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("100.100.100.200", false, false),
            ("168.63.129.16", false, false),
            ("0.0.0.0", false, false),
            ("0.1.2.3", false, false),
            ("192.0.0.8", false, false),
            ("192.0.2.1", false, false),
            ("192.88.99.1", false, false),
            ("198.18.0.1", false, true),
            ("198.19.255.255", false, true),
            ("198.51.100.7", false, false),
            ("203.0.113.9", false, false),
            ("224.0.0.1", false, false),
            ("240.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("::", false, false),
            ("::127.0.0.1", false, false),
            ("::8.8.8.8", false, false),
            ("::ffff:0:127.0.0.1", false, false),
            ("64:ff9b::7f00:1", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("64:ff9b:1::808:808", false, false),
            ("2002:7f00:1::1", false, false),
            ("2002:a00:1::1", false, false),
            // Teredo: the server 8.8.8.8, the client 127.0.0.1, 8.8.8.8; the server 10.0.0.1.
            ("2001:0:808:808:0:0:80ff:fffe", false, false),
            ("2001:0:808:808:0:0:f7f7:f7f7", true, true),
            ("2001:0:a00:1:0:0:f7f7:f7f7", false, false),
            ("2606:4700::5efe:7f00:1", false, false),
            ("2606:4700::200:5efe:c0a8:1", false, false),
            ("fe80::1", false, false),
            ("febf::1", false, false),
            ("fec0::1", false, false),
            ("ff02::1", false, false),
            ("100::1", false, false),
            ("2001:db8::1", false, false),
            ("2001:2::1", false, false),
            ("2001:10::1", false, false),
            ("3fff::1", false, false),
            ("5f00::1", false, false),
        ] {
            let parsed = address.parse().unwrap();
            assert_eq!(may_reach(parsed, Reach::Outside), outside, "{address} from outside");
            assert_eq!(may_reach(parsed, Reach::Inside), inside, "{address} from inside");
        }
    }
}
