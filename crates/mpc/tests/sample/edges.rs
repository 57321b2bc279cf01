//! The ends of every parameter, every interpreter and both rings.

use sharewell_mpc::Error;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::tally::Tallied;
use sharewell_mpc::sample::{self, Probability, Ratio};
use sharewell_ring::{Integer, Z32, Z64, Z128};

use crate::Sampler;

const fn ratio(num: u64, den: u64) -> Ratio {
    Ratio { num, den }
}

const ALL: [Sampler; 12] = [
    Sampler::Bernoulli(ratio(1, 3)),
    Sampler::Bernoulli(ratio(0, 1)),
    Sampler::Bernoulli(ratio(1, 1)),
    Sampler::Uniform(1),
    Sampler::Uniform(37),
    Sampler::Uniform(64),
    Sampler::Laplace(ratio(5, 2)),
    Sampler::Laplace(ratio(0, 1)),
    Sampler::Laplace(ratio(1, 1000)),
    Sampler::Gaussian(ratio(2, 1)),
    Sampler::Gaussian(ratio(1, 1_000_000)),
    Sampler::Normal(3),
];

fn of_every_length<R: Integer>() {
    for sampler in ALL {
        for len in [0, 1, 67] {
            sampler.jointly::<R>(len);
        }
    }
}

#[test]
fn every_sampler_costs_what_is_quoted_and_stays_where_it_is_proven_to() {
    of_every_length::<Z64>();
    of_every_length::<Z128>();
}

#[test]
fn vectors_longer_than_a_frame_are_drawn_at_the_quoted_price() {
    Sampler::Laplace(ratio(3, 1)).jointly::<Z64>(9001);
    Sampler::Uniform(11).jointly::<Z64>(9001);
}

#[test]
fn certain_coins_and_empty_noise_are_exact() {
    let drawn = |sampler: Sampler| sampler.jointly::<Z64>(200);
    assert_eq!(drawn(Sampler::Bernoulli(ratio(0, 9))), [0; 200]);
    assert_eq!(drawn(Sampler::Bernoulli(ratio(9, 9))), [1; 200]);
    assert_eq!(drawn(Sampler::Uniform(1)), [0; 200]);
    assert_eq!(drawn(Sampler::Laplace(ratio(0, 5))), [0; 200]);
    // epsilon a thousand: the chance of anything else is e^-1000.
    assert_eq!(drawn(Sampler::Laplace(ratio(1, 1000))), [0; 200]);
    assert_eq!(drawn(Sampler::Gaussian(ratio(0, 5))), [0; 200]);
    assert_eq!(drawn(Sampler::Gaussian(ratio(1, 1_000_000))), [0; 200]);
    let certain = [Sampler::Bernoulli(ratio(9, 9)), Sampler::Bernoulli(ratio(0, 9))];
    for coin in certain {
        assert_eq!(coin.quoted::<Z64>(1).rounds, 2, "only the way from bits to integers");
    }
    assert_eq!(Sampler::Uniform(1).quoted::<Z64>(5), Tallied::default());
}

#[test]
fn a_power_of_two_is_drawn_without_candidates() {
    assert_eq!(Sampler::Uniform(1 << 20).quoted::<Z64>(100).rounds, 2);
    assert!(Sampler::Uniform((1 << 20) + 1).quoted::<Z64>(100).rounds > 2);
    let drawn = Sampler::Uniform(1 << 63).plainly::<Z64>(1000, 1);
    assert!(drawn.iter().all(|x| *x >= 0) && drawn.iter().any(|x| *x >> 62 == 1));
}

/// Epsilon of 2^-30: noise of standard deviation near 2^30.5, as wide as it should be.
#[test]
fn tiny_epsilons_make_wide_noise() {
    let drawn = Sampler::Laplace(ratio(1 << 30, 1)).plainly::<Z64>(20_000, 1);
    let magnitude = |x: &i128| x.unsigned_abs() as f64 / f64::from(1 << 30);
    let mean = drawn.iter().map(magnitude).sum::<f64>() / 20_000.0;
    assert!((mean - 1.0).abs() < 4.0 / 20_000f64.sqrt(), "{mean}");
    let drawn = Sampler::Gaussian(ratio(1 << 50, 3)).plainly::<Z64>(20_000, 1);
    let square = |x: &i128| (x * x) as f64 * 3.0 / (1u64 << 50) as f64;
    let mean = drawn.iter().map(square).sum::<f64>() / 20_000.0;
    assert!((mean - 1.0).abs() < 4.0 * (2.0f64 / 20_000.0).sqrt(), "{mean}");
}

#[test]
fn noise_that_the_ring_does_not_hold_is_refused() {
    fn refused<R: Integer>(sampler: Sampler) -> bool {
        let drawn = sampler.draw(&mut Plain::<R>::new(1), 3);
        matches!(drawn, Err(Error::Overflow { .. }))
    }
    assert!(refused::<Z64>(Sampler::Laplace(ratio(1 << 57, 1))));
    assert!(!refused::<Z64>(Sampler::Laplace(ratio(1 << 56, 1))));
    assert!(!refused::<Z128>(Sampler::Laplace(ratio(u64::MAX, 1))));
    assert!(!refused::<Z64>(Sampler::Gaussian(ratio(1 << 55, 1))));
    assert!(refused::<Z64>(Sampler::Gaussian(ratio(1 << 57, 1))));
    assert!(!refused::<Z128>(Sampler::Gaussian(ratio(u64::MAX, 1))));
    assert!(!refused::<Z64>(Sampler::Normal(26)) && refused::<Z64>(Sampler::Normal(29)));
    assert!(!refused::<Z128>(Sampler::Normal(31)));
    assert!(refused::<Z64>(Sampler::Uniform((1 << 63) + 1)));
    assert!(!refused::<Z32>(Sampler::Uniform(1 << 31)));
}

#[test]
fn the_least_and_the_greatest_distance_are_served() {
    for bits in [1, sample::DISTANCE_BITS_MAX] {
        let mut p = Plain::<Z128>::new(1);
        let scale = ratio(u64::MAX, 3);
        assert!(sample::discrete_laplace(&mut p, scale, 2, bits).is_ok());
        assert!(sample::discrete_gaussian(&mut p, scale, 2, bits).is_ok());
        assert!(sample::uniform(&mut p, 1000, 2, bits).is_ok());
    }
    let coin = [Probability::ratio(ratio(1, 3))];
    for digits in [1, sample::DIGITS_MAX] {
        assert!(sample::bernoulli(&mut Plain::<Z64>::new(1), &coin, 2, digits).is_ok());
    }
}
