//! The one export that is not left to the generated code: `handle`, which is called for every event.
//!
//! The generated code for it never frees the memory in which the host passes the parameters (wit-bindgen 0.61, 336 bytes
//! for each event: a plugin with 64 MiB would end after some 200 000 of them), and it unfolds the event's whole tree in one
//! function, every type anew at each place where it occurs, which is a quarter of a small plugin's file. Here each type
//! is read by one function, and the memory is freed.
//!
//! Layouts follow the component model's canonical ABI ("Alignment", "Element Size" and "Loading" of its
//! `CanonicalABI.md`); pointers and lengths have the machine's size, so that the rules can be tested natively too.

#![allow(unsafe_code, reason = "the canonical ABI passes raw memory")]

use std::alloc::{self, dealloc};

/// Size and alignment in bytes of a type in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub size: usize,
    pub align: usize,
}

impl Layout {
    const fn of<T>() -> Self {
        Self { size: size_of::<T>(), align: size_of::<T>() }
    }

    /// Fields in their order, each at the next place that suits it.
    pub const fn of_record(fields: &[Self]) -> Self {
        let (mut size, mut align, mut field) = (0, 1, 0);
        while field < fields.len() {
            let Self { size: own, align: needed } = fields[field];
            size = up(size, needed) + own;
            align = larger(align, needed);
            field += 1;
        }
        Self { size: up(size, align), align }
    }

    /// One byte that tells the case, then the payload at one place for all cases.
    pub const fn of_variant(payloads: &[Self]) -> Self {
        let (align, mut size, mut case) = (Self::payload(payloads), 0, 0);
        while case < payloads.len() {
            size = larger(size, payloads[case].size);
            case += 1;
        }
        Self { size: up(align + size, align), align }
    }

    /// Where a variant's payload begins: behind the byte that tells the case, at the largest alignment.
    pub const fn payload(payloads: &[Self]) -> usize {
        let (mut align, mut case) = (1, 0);
        while case < payloads.len() {
            align = larger(align, payloads[case].align);
            case += 1;
        }
        align
    }
}

const fn up(offset: usize, align: usize) -> usize {
    offset.next_multiple_of(align)
}

const fn larger(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

/// A value that the host wrote into this component's memory.
///
/// # Safety
/// `LAYOUT` must be what the canonical ABI says, and `lift` must read no byte outside it.
pub unsafe trait Lift: Sized {
    const LAYOUT: Layout;

    /// Takes the value, and with it what it owns.
    ///
    /// # Safety
    /// There must be a value of the type at `at`, and it must not be taken again.
    unsafe fn lift(at: *const u8) -> Self;
}

/// The fields of a record, one after the other.
#[derive(Debug)]
pub struct Fields {
    start: *const u8,
    offset: usize,
}

impl Fields {
    pub fn new(start: *const u8) -> Self {
        Self { start, offset: 0 }
    }

    /// # Safety
    /// The next field must be a `T`; else as for [`Lift::lift`].
    #[inline(always)]
    pub unsafe fn next<T: Lift>(&mut self) -> T {
        let offset = up(self.offset, T::LAYOUT.align);
        self.offset = offset + T::LAYOUT.size;
        unsafe { T::lift(self.start.add(offset)) }
    }
}

/// The host and this component were built for different contracts; the host checks that before it calls.
#[cold]
pub fn no_case(number: u8) -> ! {
    panic!("the host passed case {number} of a type that has fewer")
}

macro_rules! plain {
    ($($ty:ty)*) => {$(
        unsafe impl Lift for $ty {
            const LAYOUT: Layout = Layout::of::<$ty>();

            unsafe fn lift(at: *const u8) -> Self {
                unsafe { at.cast::<$ty>().read() }
            }
        }
    )*};
}

plain!(u8 u32 u64 i32 i64 f64 usize);

unsafe impl Lift for bool {
    const LAYOUT: Layout = Layout::of::<u8>();

    unsafe fn lift(at: *const u8) -> Self {
        unsafe { *at != 0 }
    }
}

unsafe impl Lift for String {
    const LAYOUT: Layout = Layout::of_record(&[Layout::of::<usize>(); 2]);

    unsafe fn lift(at: *const u8) -> Self {
        // The host passes valid UTF-8, in an allocation of just its length.
        unsafe {
            let (start, length) = (at.cast::<*mut u8>().read(), at.cast::<usize>().add(1).read());
            Self::from_raw_parts(start, length, length)
        }
    }
}

unsafe impl<T: Lift> Lift for Option<T> {
    const LAYOUT: Layout = Layout::of_variant(&[T::LAYOUT]);

    unsafe fn lift(at: *const u8) -> Self {
        unsafe { (*at != 0).then(|| T::lift(at.add(Layout::payload(&[T::LAYOUT])))) }
    }
}

unsafe impl<T: Lift> Lift for Vec<T> {
    const LAYOUT: Layout = Layout::of_record(&[Layout::of::<usize>(); 2]);

    unsafe fn lift(at: *const u8) -> Self {
        unsafe {
            let (start, length) = (at.cast::<*mut u8>().read(), at.cast::<usize>().add(1).read());
            let values = (0..length).map(|n| T::lift(start.add(n * T::LAYOUT.size))).collect();
            free(start, length * T::LAYOUT.size, T::LAYOUT.align);
            values
        }
    }
}

/// # Safety
/// `start` must be an allocation of this layout, or of nothing.
unsafe fn free(start: *mut u8, size: usize, align: usize) {
    if size > 0 {
        unsafe { dealloc(start, alloc::Layout::from_size_align_unchecked(size, align)) }
    }
}

/// Takes the parameters of one call and frees their memory.
///
/// # Safety
/// `parameters` must be what the host passed to a function of three parameters of these types.
#[cfg(target_arch = "wasm32")]
unsafe fn taken<A: Lift, B: Lift, C: Lift>(parameters: *mut u8) -> (A, B, C) {
    let layout = const { Layout::of_record(&[A::LAYOUT, B::LAYOUT, C::LAYOUT]) };
    let mut fields = Fields::new(parameters);
    unsafe {
        let taken = (fields.next(), fields.next(), fields.next());
        free(parameters, layout.size, layout.align);
        taken
    }
}

/// Where the generated `export!` looks for the exports: the generated ones, but for `handle`.
#[cfg(target_arch = "wasm32")]
pub mod exports {
    pub mod iglu {
        pub mod plugin {
            pub mod guest {
                pub use crate::{
                    abi::handle as _export_handle_cabi, contract::exports::iglu::plugin::guest::*,
                };
            }
        }
    }
}

/// A call of `handle` begins.
///
/// # Safety
/// For the host only: `parameters` is the memory with the call's parameters.
#[cfg(target_arch = "wasm32")]
pub unsafe fn handle<G: crate::contract::exports::iglu::plugin::guest::Guest>(parameters: *mut u8) -> i32 {
    use wit_bindgen::rt::async_support::{TaskCancelOnDrop, start_task};

    #[link(wasm_import_module = "[export]iglu:plugin/guest@0.1.0")]
    unsafe extern "C" {
        #[link_name = "[task-return]handle"]
        fn task_return(is_error: i32, outcome_or_text: *const u8, length: usize);
    }

    let (handler, event, args) = unsafe { taken(parameters) };
    start_task(async move {
        let task = TaskCancelOnDrop::new();
        let result = G::handle(handler, event, args).await;
        task.forget();
        match &result {
            Ok(outcome) => unsafe { task_return(0, std::ptr::without_provenance(*outcome as usize), 0) },
            Err(text) => unsafe { task_return(1, text.as_ptr(), text.len()) },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: usize = size_of::<usize>();

    #[derive(Debug, PartialEq, iglu_contract_derive::Lift)]
    struct Record {
        flag: bool,
        number: f64,
        small: u8,
        text: Option<String>,
        list: Vec<Case>,
    }

    #[derive(Debug, PartialEq, iglu_contract_derive::Lift)]
    enum Case {
        Nothing,
        Word(u32),
        Long(u64),
    }

    #[test]
    fn layouts_follow_the_canonical_abi() {
        let layouts = [
            (bool::LAYOUT, 1, 1),
            (u32::LAYOUT, 4, 4),
            (String::LAYOUT, 2 * WORD, WORD),
            (Option::<u8>::LAYOUT, 2, 1),
            (Option::<u64>::LAYOUT, 16, 8),
            (Option::<String>::LAYOUT, 3 * WORD, WORD),
            (crate::types::Outcome::LAYOUT, 1, 1),
            (Case::LAYOUT, 16, 8),
            (Record::LAYOUT, up(24 + 5 * WORD, 8), 8),
        ];
        for (number, (layout, size, align)) in layouts.into_iter().enumerate() {
            assert_eq!(layout, Layout { size, align }, "row {number}");
        }
    }

    /// The generated code for `handle` finds its last parameter at this place.
    #[test]
    fn an_event_is_as_large_as_in_the_generated_code() {
        let handler_and_event = [String::LAYOUT, crate::types::RawEvent::LAYOUT];
        assert_eq!(Layout::of_record(&handler_and_event).size, 48 + 66 * WORD);
    }

    #[test]
    fn values_are_read_from_their_places() {
        let text = "东风".to_owned();
        let (start, length) = (text.as_ptr(), text.len());
        std::mem::forget(String::from(text.into_boxed_str()));
        let cases = [[0_u64, 0], [1, 7], [2, u64::MAX]];
        let list: *mut [u64; 2] = Box::into_raw(Box::new(cases)).cast();
        let mut memory = [0_u64; 4 + 5];
        let at: *mut u8 = memory.as_mut_ptr().cast();
        let read: Record = unsafe {
            at.write(1);
            at.add(8).cast::<f64>().write(1.5);
            at.add(16).write(9);
            let words = at.add(16).cast::<usize>();
            words.add(1).cast::<u8>().write(1);
            words.add(2).cast::<*const u8>().write(start);
            words.add(3).write(length);
            words.add(4).cast::<*mut [u64; 2]>().write(list);
            words.add(5).write(cases.len());
            Record::lift(at)
        };
        let list = vec![Case::Nothing, Case::Word(7), Case::Long(u64::MAX)];
        assert_eq!(read, Record { flag: true, number: 1.5, small: 9, text: Some("东风".into()), list });
    }
}
