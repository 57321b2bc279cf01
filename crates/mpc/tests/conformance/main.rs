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

/// Every law for one protocol over one ring; without `full`, those in which the ring plays
/// no part are left out, so that the suite compiles in seconds. `checked` is for protocols with
/// checks, whose own tests spoil their frames; `lean` for their other rings.
macro_rules! conformance {
    ($name:ident: $subject:ty, lean) => {
        mod $name {
            use super::*;

            #[test]
            fn every_operation_is_right_quoted_exactly_and_oblivious() {
                laws::every_operation::<$subject>();
            }
            #[test]
            fn random_programs_are_right_within_bounds_quoted_exactly_and_oblivious() {
                random::programs::<$subject>();
            }
        }
    };
    ($name:ident: $subject:ty $(, $full:ident)?) => {
        mod $name {
            use super::*;

            #[test]
            fn every_operation_is_right_quoted_exactly_and_oblivious() {
                laws::every_operation::<$subject>();
            }
            #[test]
            fn random_programs_are_right_within_bounds_quoted_exactly_and_oblivious() {
                random::programs::<$subject>();
            }
            #[test]
            fn truncation_rounds_up_as_often_as_the_fraction_says() {
                rounding::unbiased::<$subject>();
                rounding::biased_by_a_scale_before::<$subject>();
            }
            #[test]
            fn what_a_party_receives_tells_it_nothing() {
                independence::every_view_is_uniform::<$subject>();
            }
            $(conformance!(@$full $subject);)?
        }
    };
    (@full $subject:ty) => {
        conformance!(@checked $subject);

        #[test]
        fn vectors_longer_than_a_frame_are_right_and_quoted_exactly() {
            laws::long_vectors::<$subject>();
        }
        #[test]
        fn spoilt_frames_end_in_errors_never_in_a_panic_or_a_hang() {
            tampering::every_frame_in_turn::<$subject>();
        }
    };
    (@checked $subject:ty) => {
        #[test]
        fn random_values_are_shared_fresh_and_uniform() {
            laws::random_values::<$subject>();
        }
        #[test]
        fn givers_and_recipients_beside_the_compute_parties_are_served() {
            clients::give_and_take::<$subject>();
        }
        #[test]
        fn no_mask_serves_twice_not_even_across_forks() {
            independence::no_block_is_seen_twice::<$subject>();
        }
        #[test]
        fn views_of_two_inputs_of_others_are_of_one_distribution() {
            views::of_two_inputs_are_alike::<$subject>();
        }
    };
}

conformance!(rep3_z32: Rep3Over<Z32>);
conformance!(rep3_z64: Rep3Over<Z64>, full);
conformance!(rep3_z128: Rep3Over<Z128>);
conformance!(rep3_z64_far: Rep3Far<Z64>, full);
conformance!(rep3_z128_far: Rep3Far<Z128>);
conformance!(malicious_z32: MaliciousOver<Z32>, lean);
conformance!(malicious_z64: MaliciousOver<Z64>, checked);
conformance!(malicious_z128: MaliciousOver<Z128>, lean);
