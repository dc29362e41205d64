//! How much memory a value of the contract holds: what a plugin gives the host to keep for a while is counted.

/// Derived for all types of the contract.
pub(crate) trait Weigh {
    /// Bytes beside the value itself.
    fn held(&self) -> usize;
}

impl Weigh for String {
    fn held(&self) -> usize {
        self.len()
    }
}

impl<T: Weigh> Weigh for Vec<T> {
    fn held(&self) -> usize {
        size_of::<T>() * self.len() + self.iter().map(Weigh::held).sum::<usize>()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn held(&self) -> usize {
        self.as_ref().map_or(0, Weigh::held)
    }
}

macro_rules! flat {
    ($($name:ty),*) => {$(
        impl Weigh for $name {
            fn held(&self) -> usize {
                0
            }
        }
    )*};
}

flat!(bool, u8, u16, u32, u64, i32, i64, f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Segment, text};

    #[test]
    fn all_that_a_message_holds_is_counted() {
        let message = text("x".repeat(1000));
        assert_eq!(message.held(), size_of::<Segment>() + 1000);
        let json = r#"[{"type":"image","data":{"media":{"source":{"type":"bytes","data":"aGk="},"name":"a.png"}}},
            {"type":"forward","data":{"nodes":[{"sender":"1","nickname":"ab","content":"[]"}]}}]"#;
        let message: Vec<Segment> = serde_json::from_str(json).unwrap();
        let node = size_of::<crate::model::contract::iglu::plugin::types::ForwardNode>();
        assert_eq!(message.held(), 2 * size_of::<Segment>() + 7 + node + 5);
        assert_eq!(Some(vec![0_u8; 9]).held(), 9);
    }
}
