use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Instant,
};

use super::*;
use crate::Error;

const STEP: Step = Step("mul");
const LANE: Lane = Lane(1);

fn frame(lane: Lane, seq: u32, len: usize) -> Frame {
    Frame { lane, seq, clock: 0, step: STEP.hash(), body: vec![seq as u8; len] }
}

#[test]
fn lanes_do_not_mix_and_keep_their_order() -> Result<()> {
    let links = mesh(2);
    for seq in 0..10 {
        for lane in [Lane(1), Lane(2), Lane(u64::MAX)] {
            links[0].send(PartyId(1), STEP, frame(lane, seq, 3))?;
        }
    }
    for lane in [Lane(2), Lane(u64::MAX), Lane(1)] {
        for seq in 0..10 {
            assert_eq!(links[1].recv(PartyId(0), STEP, lane)?, frame(lane, seq, 3));
        }
    }
    Ok(())
}

#[test]
fn a_wait_ends_at_its_deadline_and_says_for_whom_and_how_long() {
    let limits = Limits { deadline: Duration::from_millis(50), ..Limits::default() };
    let links = mesh_with(2, limits);
    // A frame on another lane does not answer the wait.
    links[1].send(PartyId(0), STEP, frame(Lane(9), 0, 1)).expect("queued");
    let error = links[0].recv(PartyId(1), STEP, LANE).expect_err("nothing on this lane");
    let text = error.to_string();
    let Error::Timeout { peer: PartyId(1), step: STEP, waited, .. } = error else {
        panic!("{text}");
    };
    assert!(waited >= limits.deadline);
    assert!(text.starts_with("party 1 did not send `mul` within 0.1 s: it is"), "{text}");
}

#[test]
fn a_party_that_panics_ends_all_at_once() {
    let mut links = mesh(3);
    let panicking = links.pop().expect("three");
    let start = Instant::now();
    thread::scope(|s| {
        // Party 0 waits for party 1, which waits for the one that panics.
        let waits: [_; 2] = [(&links[0], PartyId(1)), (&links[1], PartyId(2))]
            .map(|(link, from)| s.spawn(move || link.recv(from, STEP, LANE)));
        let panicked = s.spawn(|| {
            catch_unwind(AssertUnwindSafe(|| {
                let _link = panicking;
                // Silent: a test's output should not look like a failure.
                std::panic::resume_unwind(Box::new("party 2 panics"));
            }))
        });
        assert!(panicked.join().expect("caught").is_err());
        for wait in waits {
            let error = wait.join().expect("no panic").expect_err("party 2 is gone");
            assert!(
                matches!(error, Error::Closed { peer: PartyId(2), how: Ending::Died, .. }),
                "{error}"
            );
        }
    });
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_abort_ends_every_wait_even_where_frames_lie_ready() {
    let links = mesh(3);
    links[2].send(PartyId(0), STEP, frame(LANE, 0, 1)).expect("queued");
    links[2].abort(Abort::Cheating);
    links[1].abort(Abort::Failed);
    for (link, from) in [(&links[0], PartyId(2)), (&links[1], PartyId(0)), (&links[2], PartyId(0))]
    {
        let error = link.recv(from, STEP, LANE).expect_err("aborted");
        let text = "party 2 stopped the run: a check of the computation failed";
        assert_eq!(error.to_string(), text);
        assert_eq!(Abort::from(&error), Abort::Cheating);
    }
}

#[test]
fn a_finished_party_is_heard_out_first() {
    let mut links = mesh(2);
    let (b, a) = (links.pop().expect("two"), links.pop().expect("two"));
    a.send(PartyId(1), STEP, frame(LANE, 0, 1)).expect("queued");
    drop(a);
    assert!(b.recv(PartyId(0), STEP, LANE).is_ok());
    let error = b.recv(PartyId(0), STEP, LANE).expect_err("nothing follows");
    assert!(matches!(error, Error::Closed { how: Ending::Finished, .. }), "{error}");
    assert!(b.send(PartyId(0), STEP, frame(LANE, 0, 1)).is_ok());
}

#[test]
fn what_lies_unread_is_bounded() {
    let limits = Limits { queued_bytes: 1000, ..Limits::default() };
    let links = mesh_with(2, limits);
    // Empty frames count too.
    for seq in 0..10 {
        links[0].send(PartyId(1), STEP, frame(LANE, seq, 0)).expect("queued");
    }
    let error = links[1].recv(PartyId(0), STEP, Lane(2)).expect_err("too much");
    let text = "unread frames from party 0 reached the limit of 1000 bytes";
    assert!(error.to_string().starts_with(text), "{error}");
    assert!(matches!(error, Error::Exhausted { .. }));
}

#[test]
fn virtual_time_is_exact_and_costs_none() -> Result<()> {
    let wan = Wan { rtt: Duration::from_secs(20), bits_per_s: 8_000_000 };
    let start = Instant::now();
    for _ in 0..2 {
        let links = virtual_mesh(3, wan);
        // 968 + 32 bytes at 1 MB/s are 1 ms on the line; two frames share it, another link does not.
        links[0].send(PartyId(1), STEP, frame(LANE, 0, 968))?;
        links[0].send(PartyId(1), STEP, frame(LANE, 1, 968))?;
        links[0].send(PartyId(2), STEP, frame(LANE, 0, 968))?;
        links[1].recv(PartyId(0), STEP, LANE)?;
        assert_eq!(links[1].virtual_time(), Duration::from_millis(10_001));
        links[1].recv(PartyId(0), STEP, LANE)?;
        assert_eq!(links[1].virtual_time(), Duration::from_millis(10_002));
        // The second round starts where the first has ended; what came earlier does not turn back.
        links[1].send(PartyId(2), STEP, frame(LANE, 0, 0))?;
        links[2].recv(PartyId(1), STEP, LANE)?;
        assert_eq!(links[2].virtual_time(), Duration::from_micros(10_002_000 + 32 + 10_000_000));
        links[2].recv(PartyId(0), STEP, LANE)?;
        assert_eq!(links[2].virtual_time(), Duration::from_micros(20_002_032));
        assert_eq!(links[0].virtual_time(), Duration::ZERO);
    }
    assert!(start.elapsed() < Duration::from_secs(10), "somebody slept");
    Ok(())
}
