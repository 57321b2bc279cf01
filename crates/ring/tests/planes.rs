//! Bit-sliced vectors against one bit at a time.

use proptest::prelude::*;
use sharewell_ring::backend::{self, Backend};
use sharewell_ring::{Bits, Integer, Key, Planes, Prg, Z16, Z32, Z64, Z128};

fn drawn<R: Integer>(len: usize, seed: u64) -> Vec<R> {
    let mut out = vec![R::ZERO; len];
    Prg::new(&Key::from_bytes([3; 16])).fill(seed, 0, &mut out);
    out
}

/// Planes of drawn values, with drawn padding.
fn planes(len: usize, width: usize, seed: u64) -> Planes {
    Planes::from_words(len, drawn_bits(Planes::words_per_plane(len) * width, seed))
}

fn drawn_bits(len: usize, seed: u64) -> Vec<Bits> {
    drawn::<Z64>(len, seed).into_iter().map(|x| Bits(x.0)).collect()
}

fn bit(x: &Planes, value: usize, plane: usize) -> bool {
    x.planes(plane..plane + 1)[value / 64].0 >> (value % 64) & 1 == 1
}

/// All bits, value after value: what planes mean, whatever their padding.
fn bits(x: &Planes) -> Vec<Vec<bool>> {
    (0..x.len()).map(|i| (0..x.width()).map(|b| bit(x, i, b)).collect()).collect()
}

fn padding_is_zero(x: &Planes) -> bool {
    let per = Planes::words_per_plane(x.len()).max(1);
    x.len().is_multiple_of(64)
        || x.words().chunks(per).all(|plane| plane[per - 1].0 >> (x.len() % 64) == 0)
}

fn check_slicing<R: Integer>(len: usize, width: usize, seed: u64) {
    let width = width % (R::BITS as usize + 1);
    let values = drawn::<R>(len, seed);
    let sliced = Planes::slice_values(&values, width);
    let per = Planes::words_per_plane(len);
    assert_eq!(sliced.words().len(), per * width);
    assert!(padding_is_zero(&sliced));
    let low = |x: R| if width == 0 { 0 } else { x.to_u128() & (u128::MAX >> (128 - width)) };
    let low: Vec<R> = values.iter().map(|&x| R::from_u128(low(x))).collect();
    for (i, x) in low.iter().enumerate() {
        for b in 0..width {
            assert_eq!(bit(&sliced, i, b), x.to_u128() >> b & 1 == 1);
        }
    }
    assert_eq!(sliced.to_values::<R>(), low);
    for on in Backend::available() {
        let mut words = vec![!0; per * width];
        backend::slice_bits(on, &mut words, &values);
        let words: Vec<Bits> = words.into_iter().map(Bits).collect();
        assert_eq!(words, sliced.words(), "{on:?}");
        let mut words = bytemuck::cast_slice::<_, u64>(&words).to_vec();
        if !len.is_multiple_of(64) {
            words.iter_mut().skip(per - 1).step_by(per).for_each(|w| *w |= !0 << (len % 64));
        }
        let mut got = values.clone();
        backend::unslice_bits(on, &mut got, &words);
        assert_eq!(got, low, "{on:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn slicing_moves_every_bit_and_back(len in 0usize..1300, width in 0usize..129, seed: u32) {
        check_slicing::<Z16>(len, width, seed.into());
        check_slicing::<Z32>(len, width, seed.into());
        check_slicing::<Z64>(len, width, seed.into());
        check_slicing::<Z128>(len, width, seed.into());
    }

    #[test]
    fn bitwise_operations_equal_those_on_single_bits(
        len in 0usize..200, width in 0usize..5, seed: u32,
    ) {
        let (x, y) = (planes(len, width, seed.into()), planes(len, width, u64::from(seed) + 1));
        let (mut xor, mut and, mut not) = (x.clone(), x.clone(), x.clone());
        xor.xor_assign(&y);
        and.and_assign(&y);
        not.not_assign();
        prop_assert!(padding_is_zero(&not));
        for (i, b) in (0..len).flat_map(|i| (0..x.width()).map(move |b| (i, b))) {
            prop_assert_eq!(bit(&xor, i, b), bit(&x, i, b) ^ bit(&y, i, b));
            prop_assert_eq!(bit(&and, i, b), bit(&x, i, b) & bit(&y, i, b));
            prop_assert_eq!(bit(&not, i, b), !bit(&x, i, b));
        }
    }

    #[test]
    fn concat_joins_values_and_split_parts_them(
        lens in prop::collection::vec(0usize..200, 0..5), width in 1usize..4, seed: u32,
    ) {
        let parts: Vec<_> =
            lens.iter().zip(seed.into()..).map(|(&len, seed)| planes(len, width, seed)).collect();
        let whole = Planes::concat(&parts.iter().collect::<Vec<_>>());
        prop_assert!(padding_is_zero(&whole));
        prop_assert_eq!(bits(&whole), parts.iter().flat_map(bits).collect::<Vec<_>>());
        let mut rest = whole;
        for part in &parts {
            let (first, after) = rest.split(part.len());
            prop_assert!(padding_is_zero(&first));
            prop_assert_eq!(bits(&first), bits(part));
            rest = after;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn gather_takes_values_in_any_order(
        len in 1usize..200,
        width in 0usize..150,
        picks in prop::collection::vec(any::<usize>(), 0..300),
        seed: u32,
    ) {
        let x = planes(len, width, u64::from(seed));
        let index: Vec<usize> = picks.into_iter().map(|i| i % len).collect();
        let gathered = x.gather(&index);
        prop_assert!(padding_is_zero(&gathered));
        prop_assert_eq!(gathered.len(), index.len());
        let all = bits(&x);
        let wanted: Vec<_> = index.iter().map(|&i| all[i].clone()).collect();
        prop_assert_eq!(bits(&gathered), wanted);
    }

    #[test]
    fn take_values_copies_a_range(a in 0usize..300, b in 0usize..300, seed: u32) {
        let x = planes(300, 3, seed.into());
        let range = a.min(b)..a.max(b);
        prop_assert_eq!(&bits(&x.take_values(range.clone()))[..], &bits(&x)[range]);
    }

    #[test]
    fn lifting_makes_elements_of_any_stretch_of_bits(a in 0usize..300, b in 0usize..300, seed: u32) {
        let x = planes(100, 3, seed.into());
        let range = a.min(b)..a.max(b);
        let mut got = vec![Z64(7); range.len()];
        x.lift(range.start, &mut got);
        let want = range.map(|i| Z64(bit(&x, i % 100, i / 100).into()));
        prop_assert_eq!(got, want.collect::<Vec<_>>());
    }

    #[test]
    fn stack_and_take_planes_move_whole_planes(len in 0usize..200, seed: u32) {
        let parts = [0, 1, 3, 2].map(|width| planes(len, width, u64::from(seed) + width as u64));
        let stacked = Planes::stack(&parts.each_ref());
        prop_assert_eq!(stacked.len(), len);
        if len > 0 {
            prop_assert_eq!(stacked.width(), 6);
            prop_assert_eq!(&stacked.take_planes(1..4), &parts[2]);
            prop_assert_eq!(&stacked.take_planes(0..1), &parts[1]);
            prop_assert_eq!(&parts[1].repeat(3), &Planes::stack(&[&parts[1]; 3]));
        }
    }

    #[test]
    fn equality_sees_every_value_and_no_padding(len in 1usize..200, at: usize, seed: u32) {
        let x = planes(len, 2, seed.into());
        let per = Planes::words_per_plane(len);
        let mut y = x.clone();
        if !len.is_multiple_of(64) {
            y.words_mut()[per - 1].0 ^= !0 << (len % 64);
        }
        prop_assert_eq!(&x, &y);
        let (plane, value) = (at % 2, at / 2 % len);
        y.words_mut()[plane * per + value / 64].0 ^= 1 << (value % 64);
        prop_assert_ne!(&x, &y);
    }
}

#[test]
fn planes_of_other_lengths_or_widths_are_not_equal() {
    assert_ne!(Planes::zero(3, 2), Planes::zero(4, 2));
    assert_ne!(Planes::zero(3, 2), Planes::zero(3, 1));
}
