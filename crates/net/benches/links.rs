//! What a byte and a round cost on a link: `cargo bench -p sharewell-net`.
//!
//! Every party is a thread here, so the CPU time is that of both ends of every link, encryption,
//! copies and system calls together. The read-outs are payload per second over all links and CPU
//! seconds per GiB.

use std::{
    fs,
    net::TcpListener,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use sharewell_net::{
    Frame, Identity, Lane, PartyId, Step, Transport, memory,
    tls::{self, Config, Peer},
};

const STEP: Step = Step("bench");
const LANE: Lane = Lane(1);

fn frame(seq: u32, body: Vec<u8>) -> Frame {
    Frame { lane: LANE, seq, clock: 0, step: STEP.hash(), body }
}

fn tls_mesh(n: u8) -> Vec<Arc<dyn Transport>> {
    let keys: Vec<Identity> = (0..n).map(|i| Identity::from_seed(&[i + 1; 32])).collect();
    let ports: Vec<TcpListener> =
        keys.iter().map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback")).collect();
    let peer = |(key, port): (&Identity, &TcpListener)| Peer {
        name: "op".into(),
        key: key.public(),
        address: port.local_addr().expect("bound").to_string(),
    };
    let roster: Vec<Peer> = keys.iter().zip(&ports).map(peer).collect();
    let threads: Vec<_> = (0..n)
        .zip(keys)
        .zip(ports)
        .map(|((me, key), port)| {
            let mut config = Config::new(PartyId(me), key, roster.clone(), [0; 32]);
            config.door = Some(port.into());
            thread::spawn(|| tls::connect(config).expect("up"))
        })
        .collect();
    let join = |t: thread::JoinHandle<_>| -> Arc<dyn Transport> { Arc::new(t.join().expect("up")) };
    threads.into_iter().map(join).collect()
}

fn memory_mesh(n: u8) -> Vec<Arc<dyn Transport>> {
    memory::mesh(n).into_iter().map(|m| -> Arc<dyn Transport> { Arc::new(m) }).collect()
}

/// CPU seconds of this process so far, if the system tells.
fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 and 15 of proc(5), in ticks of 1/100 s.
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Every party sends `frames` of `len` bytes to its next and receives as many from its previous,
/// at most `window` ahead: a resharing cut into tiles.
fn ring(links: &[Arc<dyn Transport>], len: usize, frames: u32, window: u32) {
    let n = links.len() as u8;
    let (start, cpu) = (Instant::now(), cpu_s());
    thread::scope(|s| {
        for link in links {
            s.spawn(move || {
                let me = link.me().0;
                let (next, previous) = (PartyId((me + 1) % n), PartyId((me + n - 1) % n));
                let send = |seq| link.send(next, STEP, frame(seq, vec![7; len])).expect("sent");
                (0..window.min(frames)).for_each(send);
                for seq in 0..frames {
                    let got = link.recv(previous, STEP, LANE).expect("received");
                    assert!(got.seq == seq && got.body.len() == len);
                    if seq + window < frames {
                        send(seq + window);
                    }
                }
            });
        }
    });
    let (wall, cpu) = (start.elapsed(), cpu_s() - cpu);
    let gib = (len as f64) * f64::from(frames) * f64::from(n) / f64::from(1 << 30);
    println!(
        "  {len:>8} B frames: {:>6.2} GB/s over all links, {:>5.2} CPU-s/GiB",
        gib * 1.073_741_824 / wall.as_secs_f64(),
        cpu / gib
    );
}

/// Rounds of one small frame to the next party.
fn rounds(links: &[Arc<dyn Transport>], count: u32) {
    let n = links.len() as u8;
    let start = Instant::now();
    thread::scope(|s| {
        for link in links {
            s.spawn(move || {
                let me = link.me().0;
                let (next, previous) = (PartyId((me + 1) % n), PartyId((me + n - 1) % n));
                for seq in 0..count {
                    link.send(next, STEP, frame(seq, vec![0; 64])).expect("sent");
                    link.recv(previous, STEP, LANE).expect("received");
                }
            });
        }
    });
    let each: Duration = start.elapsed() / count;
    println!("  round of 64 B frames: {:.1} us", each.as_secs_f64() * 1e6);
}

fn main() {
    for (name, links) in [("memory", memory_mesh(3)), ("tls on loopback", tls_mesh(3))] {
        println!("{name}, 3 parties in a ring");
        for (len, frames) in
            [(1 << 20, 1024), (256 << 10, 4096), (64 << 10, 16384), (1 << 10, 100_000)]
        {
            ring(&links, len, frames, 8);
        }
        rounds(&links, 5_000);
    }
}
