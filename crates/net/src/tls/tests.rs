use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{
    hello::{HELLO_LEN, Hello},
    secure::{Failure, Receiver, Secure, Sender},
    *,
};
use crate::{
    Obstacle, Refusal,
    wire::{self, Message},
};

const STEP: Step = Step("mul");
const LANE: Lane = Lane(1);

fn frame(lane: Lane, seq: u32, body: Vec<u8>) -> Frame {
    Frame { lane, seq, clock: 0, step: STEP.hash(), body }
}

fn seed(party: u8) -> Identity {
    Identity::from_seed(&[party + 1; 32])
}

/// One configuration per party, all on ports of the system's choice.
fn study(n: u8) -> Vec<Config> {
    let listeners: Vec<TcpListener> =
        (0..n).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback")).collect();
    let roster: Vec<Peer> = (0..n)
        .zip(&listeners)
        .map(|(i, listener)| Peer {
            name: format!("op_{}", char::from(b'a' + i)),
            key: seed(i).public(),
            address: listener.local_addr().expect("bound").to_string(),
        })
        .collect();
    (0..n)
        .zip(listeners)
        .map(|(i, listener)| {
            let mut config = Config::new(PartyId(i), seed(i), roster.clone(), [7; 32]);
            config.door = Some(listener.into());
            config.connect_deadline = Duration::from_secs(20);
            config.limits.deadline = Duration::from_secs(20);
            config
        })
        .collect()
}

/// Connects all of them at once.
fn connect_all(configs: Vec<Config>) -> Vec<Result<Tls>> {
    let threads: Vec<_> =
        configs.into_iter().map(|config| thread::spawn(|| connect(config))).collect();
    threads.into_iter().map(|t| t.join().expect("no panic")).collect()
}

fn mesh(n: u8, shape: impl Fn(&mut Config)) -> Vec<Tls> {
    let mut configs = study(n);
    configs.iter_mut().for_each(shape);
    connect_all(configs).into_iter().map(|tls| tls.expect("the mesh comes up")).collect()
}

fn failures(configs: Vec<Config>) -> Vec<String> {
    let failed = |tls: Result<Tls>| tls.map(|_| ()).expect_err("must not come up").to_string();
    connect_all(configs).into_iter().map(failed).collect()
}

#[test]
fn every_party_hears_every_other_in_order_and_lane_by_lane() {
    let links = mesh(3, |_| ());
    thread::scope(|s| {
        for tls in &links {
            s.spawn(move || {
                for peer in (0..3).map(PartyId).filter(|p| *p != tls.me()) {
                    for seq in 0..50 {
                        for lane in [Lane(1), Lane(2)] {
                            let body = vec![tls.me().0, lane.0 as u8, seq as u8];
                            tls.send(peer, STEP, frame(lane, seq, body)).expect("sent");
                        }
                    }
                }
                for peer in (0..3).map(PartyId).filter(|p| *p != tls.me()) {
                    for lane in [Lane(2), Lane(1)] {
                        for seq in 0..50 {
                            let body = vec![peer.0, lane.0 as u8, seq as u8];
                            let got = tls.recv(peer, STEP, lane).expect("received");
                            assert_eq!(got, frame(lane, seq, body));
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn a_hundred_megabytes_cross_in_both_directions_at_once() {
    let links = mesh(2, |_| ());
    let block: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    thread::scope(|s| {
        for tls in &links {
            let (peer, block) = (PartyId(1 - tls.me().0), &block);
            s.spawn(move || {
                for seq in 0..100 {
                    tls.send(peer, STEP, frame(LANE, seq, block.clone())).expect("sent");
                }
                for seq in 0..100 {
                    let got = tls.recv(peer, STEP, LANE).expect("received");
                    assert!(got.seq == seq && got.body == *block, "frame {seq} differs");
                }
            });
        }
    });
}

#[test]
fn what_is_sent_before_the_end_arrives_after_it() {
    let mut links = mesh(2, |_| ());
    let (b, a) = (links.pop().expect("two"), links.pop().expect("two"));
    a.send(PartyId(1), STEP, frame(LANE, 0, vec![9; 3_000_000])).expect("sent");
    a.finish().expect("flushed");
    assert_eq!(b.recv(PartyId(0), STEP, LANE).expect("received").body.len(), 3_000_000);
    let error = b.recv(PartyId(0), STEP, LANE).expect_err("nothing follows");
    let text = error.to_string();
    assert!(matches!(error, Error::Closed { peer: PartyId(0), how: Ending::Finished, .. }));
    assert!(text.contains("has already ended its run; `mul` was awaited"), "{text}");
    b.send(PartyId(0), STEP, frame(LANE, 0, vec![1])).expect("dropped, not refused");
}

#[test]
fn strangers_and_garbage_on_the_port_do_not_stop_the_mesh() {
    let configs = study(3);
    let address = configs[1].roster[1].address.clone();
    let call = || TcpStream::connect(&address).expect("listening");
    // They sit in the queue before anyone is called, and stay while the mesh comes up.
    let mut callers = [call(), call(), call()];
    callers[0].write_all(&[0xA5; 4096]).expect("sent");
    callers[1].write_all(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n").expect("sent");
    // The third says nothing at all; a fourth makes a perfect handshake with a key of its own.
    let stranger = thread::spawn({
        let (key, socket) = (configs[1].roster[1].key, call());
        move || {
            let secure = Secure::new(&seed(99)).expect("TLS");
            let mut sender = Sender::open(&secure, socket, key, b"run").expect("any key may greet");
            let hello = Hello { from: PartyId(9), to: PartyId(1), welcome: true, session: [7; 32] };
            sender.write(&[&hello.encode()]).expect("sent");
            let mut answer = [0; HELLO_LEN];
            sender.read_answer(&mut answer).expect("answered");
            Hello::decode(&answer).expect("an answer").welcome
        }
    });
    let links = connect_all(configs);
    assert!(links.iter().all(Result::is_ok), "{links:?}");
    assert!(!stranger.join().expect("no panic"), "a stranger is not welcome");
}

#[test]
fn a_wrong_key_is_named_by_every_party() {
    let mut configs = study(3);
    let own = failures(vec![Config::new(
        PartyId(1),
        seed(9),
        configs[1].roster.clone(),
        configs[1].session,
    )]);
    assert!(own[0].contains("its key file holds ed25519:"), "{own:?}");

    // Party 1 believes in another key than the others' study: its own roster names it.
    configs[1].identity = seed(9);
    configs[1].roster[1].key = seed(9).public();
    let said = failures(configs);
    let (got, want) = (seed(9).public(), seed(1).public());
    for text in [&said[0], &said[2]] {
        let blames = text.starts_with("party 1 (op_b, 127.0.0.1:")
            && text.contains(&format!(
                "presented another key than the study's: got {got}, the study says {want}"
            ));
        assert!(blames || text.contains("it and party 1 hold different studies"), "{text}");
    }
    assert!(
        said[1].contains("refused this party's key") || said[1].contains("stopped the run"),
        "{}",
        said[1]
    );
    assert!(said.iter().any(|text| text.contains("presented another key")), "{said:?}");
}

#[test]
fn a_server_that_proves_another_key_than_the_pinned_one_gets_no_link() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().expect("called");
        let secure = Secure::new(&seed(9)).expect("TLS");
        let mut receiver = Receiver::new(&secure, socket).expect("TLS");
        while receiver.read(&mut |_| panic!("data without a handshake")).unwrap_or(false) {}
        receiver.caller()
    });
    let secure = Secure::new(&seed(0)).expect("TLS");
    let socket = TcpStream::connect(address).expect("listening");
    let Err(Failure::Key(got)) = Sender::open(&secure, socket, seed(1).public(), b"run") else {
        panic!("the pin did not hold");
    };
    assert_eq!(got, seed(9).public());
    assert_eq!(server.join().expect("no panic"), None, "the caller gave its key to a stranger");
}

#[test]
fn a_caller_with_a_wrong_key_is_named_at_the_deadline() {
    let mut configs = study(2);
    configs[0].connect_deadline = Duration::from_millis(300);
    let (key, socket) = (
        configs[0].roster[0].key,
        TcpStream::connect(&configs[0].roster[0].address).expect("listening"),
    );
    let impostor = thread::spawn(move || {
        let secure = Secure::new(&seed(9)).expect("TLS");
        let mut sender = Sender::open(&secure, socket, key, b"run").expect("any key may greet");
        let hello = Hello { from: PartyId(1), to: PartyId(0), welcome: true, session: [7; 32] };
        sender.write(&[&hello.encode()]).expect("sent");
        sender.read_answer(&mut [0; HELLO_LEN])
    });
    let error = connect(configs.remove(0)).map(|_| ()).expect_err("party 1 never came");
    let (got, want) = (seed(9).public(), seed(1).public());
    assert!(
        matches!(error, Error::Handshake { peer: PartyId(1), why, .. }
            if why == Refusal::WrongKey { got, want }),
        "{error}"
    );
    impostor.join().expect("no panic").expect("answered");
}

#[test]
fn two_studies_are_named_on_both_sides_and_to_the_third() {
    let mut configs = study(3);
    configs[2].session = [8; 32];
    let said = failures(configs);
    for (i, text) in said.iter().enumerate() {
        let named = text.contains("holds another study: its hash is 0")
            || text.contains("hold different studies");
        assert!(named, "party {i}: {text}");
    }
    let ours = &said[2];
    assert!(ours.contains("its hash is 0707070707070707..., this party's is 0808"), "{ours}");
}

#[test]
fn an_absent_party_is_named_with_its_address_and_the_obstacle() {
    let mut configs = study(2);
    drop(configs[1].door.take());
    let (told, heard) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    configs[0].connect_deadline = Duration::from_millis(200);
    configs[0].waiting = Box::new(move |error| {
        let sent = told.lock().expect("one thread").send(error.to_string());
        sent.expect("heard");
    });
    let address = configs[0].roster[1].address.clone();
    let error = connect(configs.remove(0)).map(|_| ()).expect_err("nobody came");
    assert!(matches!(error, Error::Absent { obstacle: Obstacle::Refused, .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("party 1 (op_b, {address}) did not come within 0.2 s")));
    assert!(heard.recv().expect("told at once").contains("connection refused"));
}

/// A party of the study that speaks by hand: its raw connection to party 0 and from it.
fn by_hand(config: &Config, from: u8) -> (Sender, Receiver) {
    let secure = Secure::new(&seed(from)).expect("TLS");
    let to = &config.roster[0];
    let socket = TcpStream::connect(&to.address).expect("listening");
    let mut sender = Sender::open(&secure, socket, to.key, b"run").expect("greeted");
    let hello =
        Hello { from: PartyId(from), to: PartyId(0), welcome: true, session: config.session };
    sender.write(&[&hello.encode()]).expect("sent");
    sender.read_answer(&mut [0; HELLO_LEN]).expect("answered");
    sender.write(&[&wire::header(&Message::Alive)]).expect("sent");
    let socket = config.door.as_ref().expect("bound").accept().expect("called");
    let mut receiver = Receiver::new(&secure, socket).expect("TLS");
    let mut said = Vec::new();
    while said.len() < HELLO_LEN {
        assert!(receiver.read(&mut |b| said.extend_from_slice(b)).expect("read"));
    }
    receiver
        .answer(&Hello { to: PartyId(0), from: PartyId(from), ..hello }.encode())
        .expect("sent");
    (sender, receiver)
}

/// Party 0 in earnest, and party 1 by hand.
fn half_by_hand(shape: impl Fn(&mut Config)) -> (Tls, Sender, Receiver) {
    let mut configs = study(2);
    let mut zero = configs.remove(0);
    shape(&mut zero);
    let one = thread::spawn(move || by_hand(&configs[0], 1));
    let tls = connect(zero).expect("up");
    let (sender, receiver) = one.join().expect("no panic");
    (tls, sender, receiver)
}

#[test]
fn a_frame_that_claims_2_to_the_60_bytes_ends_the_link_by_name() {
    let (tls, mut sender, _receiver) = half_by_hand(|_| ());
    let mut claim = wire::header(&Message::Data(frame(LANE, 0, Vec::new())));
    claim[24..].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    sender.write(&[&claim, &[0; 100]]).expect("sent");
    let error = tls.recv(PartyId(1), STEP, LANE).expect_err("refused");
    assert!(matches!(error, Error::Malformed { peer: PartyId(1), .. }), "{error}");
    assert!(error.to_string().contains("claims more bytes than a frame may have"), "{error}");
}

#[test]
fn garbage_from_a_party_ends_the_link_by_name() {
    let (tls, mut sender, _receiver) = half_by_hand(|_| ());
    sender.write(&[&[0x5A; 1000]]).expect("sent");
    let error = tls.recv(PartyId(1), STEP, LANE).expect_err("refused");
    assert!(error.to_string().contains("bytes that are not a frame"), "{error}");
}

#[test]
fn what_the_kernel_has_no_room_for_goes_as_soon_as_it_has() {
    // No sign of life takes along what was left behind.
    let hour = Duration::from_secs(3600);
    let (tls, _sender, mut receiver) = half_by_hand(|c| c.keepalive = hour);
    let socket = receiver.socket().try_clone().expect("open");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("open");
    // More than the kernel holds, in frames that each go at once if they can.
    for seq in 0..256 {
        tls.send(PartyId(1), STEP, frame(LANE, seq, vec![0; 64 << 10])).expect("queued");
    }
    let (mut decoder, mut frames) = (wire::Decoder::default(), 0);
    while frames < 256 {
        let mut file = |message| frames += i32::from(matches!(message, Message::Data(_)));
        let mut decode = |bytes: &[u8]| decoder.push(bytes, &mut file).expect("frames");
        assert!(receiver.read(&mut decode).expect("all arrives"));
    }
}

#[test]
fn a_party_killed_in_the_middle_is_named_at_once_to_those_who_wait_for_others() {
    let mut links = mesh(3, |_| ());
    let (c, b, a) = (links.pop(), links.pop(), links.pop());
    let (a, b) = (a.expect("three"), b.expect("three"));
    let start = Instant::now();
    thread::scope(|s| {
        let waits: [_; 2] = [(&a, PartyId(1)), (&b, PartyId(2))]
            .map(|(tls, from)| s.spawn(move || tls.recv(from, STEP, LANE)));
        // As the kernel does for a killed process: its connections close, and nothing is said.
        let c = c.expect("three");
        for reader in c.readers.iter().flatten() {
            reader.cut();
        }
        for writer in c.writers.iter().flatten() {
            writer.cut();
        }
        for wait in waits {
            let error = wait.join().expect("no panic").expect_err("party 2 is gone");
            assert!(
                matches!(error, Error::Closed { peer: PartyId(2), how: Ending::Died, .. }),
                "{error}"
            );
        }
    });
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_silent_party_is_named_with_the_step_and_the_time() {
    let links = mesh(2, |c| c.limits.deadline = Duration::from_millis(120));
    let error = links[0].recv(PartyId(1), STEP, LANE).expect_err("nothing was sent");
    let Error::Timeout { peer: PartyId(1), step: STEP, waited, .. } = error else {
        panic!("{error}");
    };
    assert!(waited >= Duration::from_millis(120) && waited < Duration::from_secs(5));
    let text = error.to_string();
    assert!(text.starts_with("party 1 (op_b, 127.0.0.1:"), "{text}");
    assert!(text.contains(") did not send `mul` within 0.1 s: it is stopped"), "{text}");
}

#[test]
fn a_party_without_a_sign_of_life_is_given_up_before_the_deadline() {
    let (tls, _sender, _receiver) = half_by_hand(|c| c.keepalive = Duration::from_millis(25));
    let error = tls.recv(PartyId(1), STEP, LANE).expect_err("nothing comes");
    let silent = Ending::Silent(Duration::from_millis(100));
    assert!(
        matches!(error, Error::Closed { peer: PartyId(1), how, .. } if how == silent),
        "{error}"
    );
}

#[test]
fn an_idle_link_lives_by_its_signs_of_life() {
    // The wait is longer than the silence that means death.
    let links = mesh(2, |c| {
        c.keepalive = Duration::from_millis(200);
        c.limits.deadline = Duration::from_millis(1200);
    });
    let error = links[0].recv(PartyId(1), STEP, LANE).expect_err("nothing was sent");
    assert!(matches!(error, Error::Timeout { peer: PartyId(1), .. }), "{error}");
    links[1].send(PartyId(0), STEP, frame(LANE, 0, vec![1])).expect("sent");
    links[0].recv(PartyId(1), STEP, LANE).expect("received");
}

#[test]
fn an_abort_reaches_every_other_party_with_its_reason() {
    let links = mesh(3, |_| ());
    let ready = Arc::new(Barrier::new(3));
    thread::scope(|s| {
        let waits: Vec<_> = [(&links[0], PartyId(1)), (&links[1], PartyId(0))]
            .into_iter()
            .map(|(tls, from)| {
                let ready = Arc::clone(&ready);
                s.spawn(move || {
                    ready.wait();
                    tls.recv(from, STEP, LANE)
                })
            })
            .collect();
        ready.wait();
        links[2].send(PartyId(0), STEP, frame(LANE, 0, vec![0; 1_000_000])).expect("sent");
        links[2].abort(Abort::Cheating);
        links[2].abort(Abort::Cancelled);
        for wait in waits {
            let error = wait.join().expect("no panic").expect_err("aborted");
            let text = error.to_string();
            assert!(
                matches!(error, Error::Aborted { peer: PartyId(2), reason: Abort::Cheating, .. }),
                "{text}"
            );
        }
    });
    let own = links[2].send(PartyId(0), STEP, frame(LANE, 1, vec![])).expect_err("it gave up");
    assert!(matches!(own, Error::Aborted { peer: PartyId(2), .. }), "{own}");
}

#[test]
fn a_party_that_gave_up_waiting_says_for_whom_if_there_is_such_a_party() {
    for (whom, told) in [(1, "for party 1 in vain (op_b, "), (200, "for party 200 in vain")] {
        let links = mesh(3, |_| ());
        links[2].abort(Abort::Lost(PartyId(whom)));
        let error = links[0].recv(PartyId(2), STEP, LANE).expect_err("aborted").to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_party_whose_program_crashes_says_so() {
    let mut links = mesh(2, |_| ());
    let crashing = links.pop().expect("two");
    let crashed = thread::spawn(move || {
        let _link = crashing;
        // Silent: a test's output should not look like a failure.
        std::panic::resume_unwind(Box::new("party 1 panics"));
    });
    assert!(crashed.join().is_err());
    let error = links[0].recv(PartyId(1), STEP, LANE).expect_err("it has crashed");
    assert!(matches!(error, Error::Aborted { reason: Abort::Crashed, .. }), "{error}");
}

#[test]
fn queues_are_bounded_on_both_sides() {
    let links = mesh(2, |c| c.limits.queued_bytes = 1 << 20);
    let error = (0..100)
        .find_map(|seq| links[0].send(PartyId(1), STEP, frame(LANE, seq, vec![0; 1 << 19])).err())
        .map(|e| (e.to_string(), e));
    // Either the sender's queue fills, or the receiver's does and it ends the run.
    let received = || {
        let e = (0..100).find_map(|_| links[1].recv(PartyId(0), STEP, Lane(2)).err());
        e.expect("full")
    };
    match error {
        Some((text, Error::Exhausted { peer: PartyId(1), .. })) => {
            assert!(text.starts_with("unsent frames to party 1"), "{text}");
        }
        _ => assert!(matches!(received(), Error::Exhausted { peer: PartyId(0), .. })),
    }
}

#[test]
fn a_party_that_hangs_up_after_hello_is_retried_not_believed() {
    let mut configs = study(2);
    configs[0].connect_deadline = Duration::from_millis(200);
    let door = configs[1].door.take().expect("bound");
    let hang_up = thread::spawn(move || {
        let mut socket = door.accept().expect("called");
        let mut some = [0; 16];
        socket.read_exact(&mut some).expect("a client hello");
    });
    let error = connect(configs.remove(0)).map(|_| ()).expect_err("nobody there");
    assert!(matches!(error, Error::Absent { peer: PartyId(1), .. }), "{error}");
    hang_up.join().expect("no panic");
}

#[cfg(unix)]
#[test]
fn calls_that_another_process_takes_are_handed_over() {
    let mut configs = study(3);
    let doors: Vec<_> = configs
        .iter_mut()
        .map(|config| {
            config.route = route("study", &[config.roster[0].key]);
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
            let Some(Door::Listener(listener)) = config.door.replace(Door::Passed(theirs)) else {
                panic!("bound")
            };
            (listener, ours)
        })
        .collect();
    for (listener, worker) in doors {
        thread::spawn(move || {
            for call in listener.incoming() {
                let call = call.expect("called");
                let mut hello = [0; 512];
                call.peek(&mut hello).expect("a client hello");
                let says = |what: &[u8]| hello.windows(what.len()).any(|part| part == what);
                assert!(says(ROUTE), "the route can be read by who takes the call");
                pass(&worker, &call).expect("handed over");
            }
        });
    }
    let runs: Vec<_> = configs
        .into_iter()
        .map(|config| {
            thread::spawn(move || {
                let me = config.me;
                let link = connect(config).expect("connected");
                let next = PartyId((me.0 + 1) % 3);
                link.send(next, STEP, frame(LANE, 0, vec![me.0])).expect("sent");
                let last = PartyId((me.0 + 2) % 3);
                let got = link.recv(last, STEP, LANE).expect("received");
                assert_eq!(got.body, [last.0]);
                link.finish().expect("finished");
            })
        })
        .collect();
    runs.into_iter().for_each(|run| run.join().expect("no panic"));
}
