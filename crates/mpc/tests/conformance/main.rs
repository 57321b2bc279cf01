//! What every protocol must fulfil, held against its interpreters: the value itself
//! (`Plain`), the declared cost (`Tally`) and the proved range (`Bounds`).
//!
//! A protocol over a ring is one line of [`conformance!`] below.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod bounds;
mod cases;
mod checks;
mod choice;
mod circuits;
mod clients;
mod costs;
mod independence;
mod laws;
mod order;
mod pace;
mod party;
mod program;
mod random;
mod rounding;
mod shuffles;
mod subject;
mod tampering;
mod threats;
mod views;

use sharewell_ring::{Z32, Z64, Z128};
use subject::{MaliciousOver, Rep3Far, Rep3Over};

/// Laws for one protocol over one ring, in groups; those behind `later` only when all tests are
/// asked for (`scripts/test`), so that the everyday suite takes seconds. Where the ring plays no
/// part, one ring is enough; protocols with checks have tests of their own that spoil frames.
macro_rules! conformance {
    ($name:ident: $subject:ty, $now:tt, later $later:tt) => {
        mod $name {
            use super::*;
            conformance!(@each $now $subject, ());
            conformance!(@each $later $subject, (#[ignore = "long: scripts/test runs it"]));
        }
    };
    (@each [$($group:ident),*] $subject:ty, $when:tt) => {
        conformance!(@one $($group)*; $subject, $when);
    };
    (@one $group:ident $($rest:ident)*; $subject:ty, $when:tt) => {
        conformance!(@$group $subject, $when);
        conformance!(@one $($rest)*; $subject, $when);
    };
    (@one; $subject:ty, $when:tt) => {};
    (@tests $(($($when:tt)*) fn $name:ident(): $law:expr;)*) => {
        $(
            #[test]
            $($when)*
            fn $name() {
                $law;
            }
        )*
    };
    (@right $s:ty, $when:tt) => {
        conformance! { @tests
            $when fn every_operation_is_right_quoted_exactly_and_oblivious():
                laws::every_operation::<$s>();
            $when fn random_programs_are_right_within_bounds_quoted_exactly_and_oblivious():
                random::programs::<$s>();
        }
    };
    (@chance $s:ty, $when:tt) => {
        conformance! { @tests
            $when fn truncation_rounds_up_as_often_as_the_fraction_says(): {
                rounding::unbiased::<$s>();
                rounding::biased_by_a_scale_before::<$s>();
            };
            $when fn what_a_party_receives_tells_it_nothing():
                independence::every_view_is_uniform::<$s>();
        }
    };
    (@fresh $s:ty, $when:tt) => {
        conformance! { @tests
            $when fn random_values_are_shared_fresh_and_uniform():
                laws::random_values::<$s>();
            $when fn givers_and_recipients_beside_the_compute_parties_are_served():
                clients::give_and_take::<$s>();
            $when fn no_mask_serves_twice_not_even_across_forks():
                independence::no_block_is_seen_twice::<$s>();
        }
    };
    (@views $s:ty, $when:tt) => {
        conformance! { @tests
            $when fn views_of_two_inputs_of_others_are_of_one_distribution():
                views::of_two_inputs_are_alike::<$s>();
        }
    };
    (@frames $s:ty, $when:tt) => {
        conformance! { @tests
            $when fn vectors_longer_than_a_frame_are_right_and_quoted_exactly():
                laws::long_vectors::<$s>();
            $when fn spoilt_frames_end_in_errors_never_in_a_panic_or_a_hang():
                tampering::every_frame_in_turn::<$s>();
        }
    };
}

conformance!(rep3_z32: Rep3Over<Z32>, [], later [right, chance]);
conformance!(rep3_z64: Rep3Over<Z64>, [right, chance, fresh], later [views, frames]);
conformance!(rep3_z128: Rep3Over<Z128>, [right], later [chance]);
conformance!(rep3_z64_far: Rep3Far<Z64>, [], later [right, chance, fresh, views, frames]);
conformance!(rep3_z128_far: Rep3Far<Z128>, [], later [right, chance]);
conformance!(malicious_z32: MaliciousOver<Z32>, [], later [right]);
conformance!(malicious_z64: MaliciousOver<Z64>, [right], later [chance, fresh, views]);
conformance!(malicious_z128: MaliciousOver<Z128>, [], later [right]);
