//! Ed25519 as the platform does it: the key pair comes from the bot's secret.

use ed25519_dalek::{Signature, Signer, SigningKey};

/// The key pair of a secret: the secret repeated until it has 32 bytes, cut there, is the seed. Panics for an empty
/// secret, from which no seed can be made.
pub fn key(secret: &str) -> SigningKey {
    assert!(!secret.is_empty(), "a bot's secret is not empty");
    let mut seed = [0; 32];
    for (place, byte) in seed.iter_mut().zip(secret.bytes().cycle()) {
        *place = byte;
    }
    SigningKey::from_bytes(&seed)
}

/// The signature of a message's parts, joined, in lower-case hexadecimal digits.
pub fn sign(secret: &str, parts: &[&[u8]]) -> String {
    hex(&key(secret).sign(&parts.concat()).to_bytes())
}

/// Whether hexadecimal digits are the signature of a message's parts, joined.
pub fn verifies(secret: &str, parts: &[&[u8]], signature: &str) -> bool {
    let bytes = unhex(signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let signature = bytes.map(|bytes| Signature::from_bytes(&bytes));
    signature.is_some_and(|signature| key(secret).verify(&parts.concat(), &signature).is_ok())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::{hex, key, sign, verifies};

    #[test]
    fn keys_and_signatures_agree_with_the_published_vectors() {
        let message: &[&[u8]] = &[b"1725442341", b"Arq0D5A61EgUu4OxUvOp"];
        for (secret, public, signature) in [
            (
                "DG5g3B4j9X2KOErG",
                "8b28ded5630f9051c205dd04c6ec56ad0b08b8812b2fe30ee9aece0ab41926f3",
                "87befc99c42c651b3aac0278e71ada338433ae26fcb24307bdc5ad38c1adc2d01bcfcadc0842edac85e85205028a1132afe09280305f13aa6909ffc2d652c706",
            ),
            (
                "a",
                "af06a3e3291714e4f356c19c9b15cd1951ec6e6662aa77be07547f289383341d",
                "766bba76bfd1ebf079298bd8713c3de6be82bf0e0d66f1c7f67aec80a0bbfb93e67bc4db53e82d865f2400c1fdd3073c23ec8958e459d92ce063fb101ce6a308",
            ),
            (
                "abcdefghijklmnopqrstuvwxyz0123456789",
                "77bd8ef0bf4d9423f3681b01f8b5b4cfdf0ee69fb356a7762589f1b65cdcab63",
                "c39c44b44e85c47f8ced8920dcb7e316adcc9ffd5cf9d138e13747f655d95bdee0d499d34f346ed2da658879fb3c69a2ad5cbe4925c73dbaf389ff9e4d208a05",
            ),
        ] {
            assert_eq!(hex(key(secret).verifying_key().as_bytes()), public, "{secret}");
            assert_eq!(sign(secret, message), signature, "{secret}");
            assert!(verifies(secret, message, signature));
            assert!(!verifies(secret, &[b"1725442342"], signature));
            assert!(!verifies(secret, message, &signature[2..]));
        }
    }
}
