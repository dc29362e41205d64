//! The platform's signatures: Ed25519 with a key that both sides make from the bot's secret.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use subtle::ConstantTimeEq as _;

/// The longest `event_ts`, in digits; the longest time in seconds that is a number.
const LONGEST_TIME: usize = 20;
/// The longest `plain_token`; 20 and 32 were seen.
const LONGEST_TOKEN: usize = 128;

/// The key of one secret.
#[derive(Clone)]
pub(super) struct Key {
    signing: SigningKey,
    verifying: VerifyingKey,
}

impl Key {
    /// The key that follows from a secret: its bytes, repeated and cut to 32. None for an empty secret.
    pub(super) fn new(secret: &str) -> Option<Self> {
        let mut seed = [0; 32];
        let mut bytes = secret.bytes().cycle();
        for byte in &mut seed {
            *byte = bytes.next()?;
        }
        let signing = SigningKey::from_bytes(&seed);
        Some(Self { verifying: signing.verifying_key(), signing })
    }

    /// Whether the platform signed this delivery: `signature` in hexadecimal, over `timestamp` and the exact body.
    ///
    /// Both sides have the secret, and Ed25519 signs the same text in the same way each time (RFC 8032, 5.1.6). So we sign
    /// too and compare, which takes half the time of a verification. A signature that differs may have been made with
    /// another nonce, and is verified.
    ///
    /// A `timestamp` that is not all digits is refused, so that no answer of [`Key::prove`] passes for a signature.
    pub(super) fn signed(&self, timestamp: &[u8], body: &[u8], signature: &[u8]) -> bool {
        let Some(signature) = from_hex(signature).filter(|_| is_time(timestamp)) else { return false };
        let mut message = Vec::with_capacity(timestamp.len() + body.len());
        message.extend_from_slice(timestamp);
        message.extend_from_slice(body);
        // A comparison that takes longer the more is right would tell forgers our signature byte by byte.
        let is_ours: bool = self.signing.sign(&message).to_bytes().ct_eq(&signature).into();
        is_ours || self.verifying.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok()
    }

    /// Proves to the platform that we have the secret (op 13): the signature in hexadecimal over `event_ts` and
    /// `plain_token`.
    ///
    /// Whoever asks chooses the text, and the key is the one that deliveries are checked with. So only what can never be
    /// the beginning of a delivery is signed: digits, and then letters and digits.
    pub(super) fn prove(&self, event_ts: &str, plain_token: &str) -> Option<String> {
        let is_token = (1..=LONGEST_TOKEN).contains(&plain_token.len())
            && plain_token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_time(event_ts.as_bytes()) || !is_token {
            return None;
        }
        let signature = self.signing.sign(format!("{event_ts}{plain_token}").as_bytes());
        Some(hex(&signature.to_bytes()))
    }
}

#[cfg(test)]
impl Key {
    /// The platform's signature of a delivery.
    pub(super) fn sign(&self, timestamp: &[u8], body: &[u8]) -> String {
        hex(&self.signing.sign(&[timestamp, body].concat()).to_bytes())
    }
}

/// Digits, and not too many.
fn is_time(text: &[u8]) -> bool {
    (1..=LONGEST_TIME).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

fn from_hex(text: &[u8]) -> Option<[u8; 64]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let mut bytes = [0; 64];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    }
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| b"0123456789abcdef"[usize::from(digit)] as char)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "DG5g3B4j9X2KOErG";
    const B: &str = "naOC0ocQE3shWLAfffVLB1rhYPG7";
    const C: &str = "123456abcdef";

    fn key(secret: &str) -> Key {
        Key::new(secret).unwrap()
    }

    #[test]
    fn public_keys_follow_from_secrets_of_any_length() {
        let same = "77bd8ef0bf4d9423f3681b01f8b5b4cfdf0ee69fb356a7762589f1b65cdcab63";
        for (secret, public) in [
            (A, "8b28ded5630f9051c205dd04c6ec56ad0b08b8812b2fe30ee9aece0ab41926f3"),
            (B, "d7c362fe78aef81ff23287b493628b5db02a3c4fe30b215e4d19609b5d76673a"),
            (C, "1c3039fbc8134a9df2a09f47cf4bf9303440988cec3b22056b62470b85fa80a7"),
            ("a", "af06a3e3291714e4f356c19c9b15cd1951ec6e6662aa77be07547f289383341d"),
            ("abcdefghijklmnopqrstuvwxyz012345", same),
            ("abcdefghijklmnopqrstuvwxyz0123456789", same),
        ] {
            assert_eq!(hex(key(secret).verifying.as_bytes()), public, "{secret}");
        }
        assert!(Key::new("").is_none());
    }

    /// The platform's own example first; the others are computed from it.
    #[test]
    fn the_secret_is_proved_as_the_documentation_has_it() {
        let long = "c39c44b44e85c47f8ced8920dcb7e316adcc9ffd5cf9d138e13747f655d95bdee0d499d34f346ed2da658879fb3c69a2ad5cbe4925c73dbaf389ff9e4d208a05";
        for (secret, event_ts, plain_token, signature) in [
            (
                A,
                "1725442341",
                "Arq0D5A61EgUu4OxUvOp",
                "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706",
            ),
            (
                A,
                "1739431127",
                "oeFQcoqScE5sMT078N1J",
                "e69699bc19584d0da089380261db203a63d9fafc2ed43fad6e1bdfe7d6f06765617be7dab5cfb76ff619d7f092629cdc906baad931c4a4d5406b2cf161c34f0e",
            ),
            (
                "a",
                "1725442341",
                "Arq0D5A61EgUu4OxUvOp",
                "766bba76bfd1ebf079298bd8713c3de6be82bf0e0d66f1c7f67aec80a0bbfb93e67bc4db53e82d865f2400c1fdd3073c23ec8958e459d92ce063fb101ce6a308",
            ),
            (
                C,
                "1725442341",
                "Arq0D5A61EgUu4OxUvOp",
                "d5069f6e4125b0f4092a21ef00fccebfb66ba84caf232c788fdfd799beaf3259a97b890ea2a2521e895004e4d873112736f1179e4314435755b9d16adf5f1806",
            ),
            (
                B,
                "1725442341",
                "Arq0D5A61EgUu4OxUvOp",
                "3be3ed93973d9d382e3c4f0a65b57cabc9e48e3f7fcbca6c238e349f51bb5263cb24e3723053f44af5540143a04450bdbdd4824453d483c58ad82e4fb039350a",
            ),
            ("abcdefghijklmnopqrstuvwxyz012345", "1725442341", "Arq0D5A61EgUu4OxUvOp", long),
            ("abcdefghijklmnopqrstuvwxyz0123456789", "1725442341", "Arq0D5A61EgUu4OxUvOp", long),
        ] {
            assert_eq!(
                key(secret).prove(event_ts, plain_token).as_deref(),
                Some(signature),
                "{secret} {event_ts}"
            );
        }
    }

    /// The documentation's (which holds for the example as it is indented), botgo's own, and a computed one.
    #[test]
    fn deliveries_are_verified_byte_for_byte() {
        let indented = "{\n  \"op\": 0,\n  \"d\": {},\n  \"t\": \"GATEWAY_EVENT_NAME\"\n}";
        let spaced = "{ \"op\": 0,\"d\": {}, \"t\": \"GATEWAY_EVENT_NAME\"}";
        let compact = "{\"op\":0,\"d\":{},\"t\":\"GATEWAY_EVENT_NAME\"}";
        let friend = r#"{"op":0,"id":"FRIEND_ADD:ec2769d0-f3d5-4315-a000-3d8e6fa4a0d4","d":{"timestamp":1741879599,"openid":"7D296480D464EC5C16714E74A43E5BC7","author":{"union_openid":"7D296480D464EC5C16714E74A43E5BC7"}},"t":"FRIEND_ADD"}"#;
        let botgo = r#"{"id":"ROBOT1.0_veoihSEXDc8Q.g-6eLpNIa11bH8MisOjn-m-LKxCPntMk6exUXgcWCGpVO7L2QKTNZzjZzFFDSbiOFcqAPWyVA!!","content":"哦一下","timestamp":"2024-10-15T16:33:15+08:00","author":{"id":"675860273","user_openid":"675860273"}}"#;
        let vectors = [
            (
                B,
                "1725442341",
                indented,
                "865ad13a61752ca65e26bde6676459cd36cf1be609375b37bd62af366e1dc25a8dc789ba7f14e017ada3d554c671a911bfdf075ba54835b23391d509579ed002",
            ),
            (
                B,
                "1725442341",
                spaced,
                "2eb9983ebb8bb209e78fd095942f58e442656656e7975d01e64f9023a84b7c964290fdd40e5500c33867ccfe9563b7e0b6bac0e1d42c13e787b304fd51f71102",
            ),
            (
                B,
                "1725442341",
                compact,
                "b9d91ef278516c0f359216398be939ee591186ecc250b3b5c724436655b7adf9f906b025413ccd61fe8218b39ce61733bf2707b1dd8ea2b649f5d3cf727c0a01",
            ),
            (
                C,
                "1728981195",
                botgo,
                "e949b5b94ef4103df903fb031d1d16e358db3db83e79e117edd404c8508be3ce8a76d7bad1bed353194c126a1a5915b4ad8b5288c1191cc53a12acffccd82004",
            ),
            (
                A,
                "1741879600",
                friend,
                "6853cd1c5eab054bb7b590c1ebe22f0043ae5eed0b852050de3ee274229875ea394f4bba6605131af25439ae299c6e9b5d75f00bfec27612fe740337f505ae08",
            ),
        ];
        for (number, (secret, timestamp, body, signature)) in vectors.iter().enumerate() {
            let key = key(secret);
            let signed = |timestamp: &str, body: &str, signature: &str| {
                key.signed(timestamp.as_bytes(), body.as_bytes(), signature.as_bytes())
            };
            assert!(signed(timestamp, body, signature), "{number}");
            assert!(signed(timestamp, body, &signature.to_uppercase()), "{number}");
            for (other, (_, _, another, _)) in vectors.iter().enumerate() {
                assert_eq!(signed(timestamp, another, signature), other == number, "{number} {other}");
            }
            assert!(
                !signed("1725442342", body, signature) && !signed(timestamp, &format!("{body}\n"), signature)
            );
            for bad in [
                "",
                "00",
                &signature[2..],
                &format!("{signature}00"),
                &signature.replace('0', "g"),
                &format!("{}f0", &signature[..126]),
            ] {
                assert!(!signed(timestamp, body, bad), "{number} {bad}");
            }
        }
    }

    /// Computed from RFC 8032 with the delivery of the table above; each satisfies the equation of its signature.
    #[test]
    fn a_signature_need_not_be_the_one_that_we_would_make() {
        let body = r#"{"op":0,"id":"FRIEND_ADD:ec2769d0-f3d5-4315-a000-3d8e6fa4a0d4","d":{"timestamp":1741879599,"openid":"7D296480D464EC5C16714E74A43E5BC7","author":{"union_openid":"7D296480D464EC5C16714E74A43E5BC7"}},"t":"FRIEND_ADD"}"#;
        for (what, signature, counts) in [
            (
                "another nonce",
                "975a178f98ea27a3c1ef7baa1bac741d6202224f8c7ff782cbef00d7b973d205bde0a9dce851e1d6fc0a8c6fd64def78d8a5d8e600f8b5c9a6ca7b688a51a00b",
                true,
            ),
            (
                "ours, its number written larger than it need be",
                "6853cd1c5eab054bb7b590c1ebe22f0043ae5eed0b852050de3ee274229875ea2623411781682572c8f1305108964db05d75f00bfec27612fe740337f505ae18",
                false,
            ),
            (
                "the nonce 0",
                "0100000000000000000000000000000000000000000000000000000000000000183080932872a661b0d2cfa50f8dbab68de9f269ce7beaef99ff4b850c522306",
                false,
            ),
        ] {
            assert_eq!(key(A).signed(b"1741879600", body.as_bytes(), signature.as_bytes()), counts, "{what}");
        }
    }

    #[test]
    fn the_proof_signs_nothing_that_could_be_a_delivery() {
        let key = key(A);
        let body = r#"{"op":0,"id":"FRIEND_ADD:1","d":{},"t":"FRIEND_ADD"}"#;
        let hundred_and_29 = "a".repeat(129);
        for (event_ts, plain_token) in [
            ("1741879600", body),
            ("1741879600", ""),
            ("", "abc"),
            ("1741879600{", "abc"),
            ("-1741879600", "abc"),
            ("174187 9600", "abc"),
            ("１７４１", "abc"),
            ("123456789012345678901", "abc"),
            ("1741879600", "a b"),
            ("1741879600", "a\nb"),
            ("1741879600", "中文"),
            ("1741879600", hundred_and_29.as_str()),
        ] {
            assert_eq!(key.prove(event_ts, plain_token), None, "{event_ts:?} {plain_token:?}");
        }
        // Split elsewhere, the signed text is no delivery either: its time must be digits, and its body is no object.
        let proof = key.prove("1741879600", "00abc").unwrap();
        assert!(!key.signed(b"1741879600x", b"0abc", proof.as_bytes()));
    }
}
