//! The invariants, one line each; the three files beside this one say how they are checked.

mod papers;
mod shape;
mod walls;

use crate::tree::{Breach, Tree};

/// A property of the whole tree: where it does not hold.
pub(crate) type Check = fn(&Tree) -> Vec<Breach>;

/// Makes each line an entry of [`ALL`] and a test of its own.
macro_rules! invariants {
    ($($name:ident: $file:ident::$check:ident;)*) => {
        /// Every invariant.
        pub(crate) const ALL: &[Check] = &[$($file::$check),*];

        #[cfg(test)]
        mod tree {
            $(#[test]
            fn $name() {
                super::holds(super::$file::$check);
            })*
        }
    };
}

invariants! {
    crates_depend_on_lower_floors_only: walls::floors;
    heavy_crates_have_one_home: walls::homes;
    protocols_do_not_see_each_other: walls::protocols;
    circuits_know_neither_party_nor_protocol: walls::circuits;
    words_stay_where_they_belong: walls::words;
    unsafe_code_is_in_the_kernels_only: walls::unsafe_code;
    files_and_functions_are_short: shape::sizes;
    every_module_says_why_it_is: shape::module_docs;
    protocols_open_with_a_card: shape::cards;
    nothing_is_left_unfinished: shape::unfinished;
    the_changelog_is_open: papers::changelog;
    links_in_documents_lead_somewhere: papers::links;
    every_trap_has_its_tests: papers::traps;
    nothing_speaks_of_one_machine: papers::places;
}

#[cfg(test)]
fn holds(check: Check) {
    let breaches = check(&Tree::read().expect("the source tree can be read"));
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// The breaches of a made-up tree, as `path:line`.
#[cfg(test)]
fn places(check: Check, texts: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::of(texts)).iter().map(|b| format!("{}:{}", b.path, b.line)).collect()
}
