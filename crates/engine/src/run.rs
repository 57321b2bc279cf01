//! One party's part of a run: connect, agree, compute, part.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use sharewell_consortium::SOFTWARE;
use sharewell_mpc::protocols::rep3_malicious::MEND;
use sharewell_mpc::protocols::tally::Tallied;
use sharewell_mpc::{Entropy, Error as MpcError, KEYS, Party, pace};
use sharewell_net::{
    Abort, Identity, Limits, Metered, PartyId, PublicKey, Shaped, Step, Transport, Wan, tls,
};
use sharewell_ring::{Bits, Z64, hash};
use sharewell_study::BadGiver;

use crate::commitment::{self, COMMITMENTS};
use crate::joint::{Given, Opened};
use crate::receipt::{self, RECEIPT};
use crate::release::{self, Log, RELEASE};
use crate::{
    Actual, Commitment, Error, LocalValues, Opening, Outcome, Plan, StepCost, Withstands, dispatch,
    outcome,
};

/// Steps before the first share moves, or where a party deviates: outside every quote.
const UNQUOTED: [Step; 6] = [KEYS, pace::PACE, MEND, COMMITMENTS, RELEASE, RECEIPT];
/// The closing exchange of accounts: outside every quote, as the set-up is.
const FAREWELL: Step = Step("farewell");
/// Who gave nothing that could be used.
const LEFT_OUT: Step = Step("left out");

/// Where a party sits in a run, and by which key it is known.
#[derive(Debug)]
pub struct Seat {
    /// The party's place in the study.
    pub party: usize,
    /// Its node's key pair.
    pub identity: Identity,
    /// Where calls come in, if not at the study's address.
    pub door: Option<tls::Door>,
    /// Keys and addresses in place of the study's, in its order: for rehearsals on one machine.
    pub peers: Option<Vec<Peer>>,
    /// Makes every link as slow as this.
    pub wide: Option<Wide>,
    /// Where this party keeps what it does.
    pub log: Log,
}

/// Another key and address for a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Public half of its key.
    pub key: [u8; 32],
    /// `host:port`.
    pub address: String,
}

/// A slow network, to be tried on a fast one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Round-trip time.
    pub rtt: Duration,
    /// Bits per second of each link.
    pub bits_per_s: u64,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for other parties; why the last one is not there yet, if known.
    Connecting(Option<String>),
    /// Computing: payload bytes sent so far by this party, and in all by the quote.
    Computing {
        /// So far.
        sent: u64,
        /// By the quote.
        of: u64,
    },
    /// This party is about to commit to what it gives: here is what opens that, to be kept.
    Committed(Opening),
    /// The result is there.
    Finished,
}

/// Runs one party's part of a plan; `local` holds a data party's local values.
///
/// # Errors
/// [`Error::Link`] names a party that is absent, holds another study or presents another key;
/// [`Error::Protocol`] a party that fell silent, died or is out of step, and the step. On any
/// error every other party is told to stop; a party that may not take part as it is connects
/// first in order to tell them.
pub fn run(
    plan: &Plan,
    seat: Seat,
    local: Option<&LocalValues>,
    progress: &(dyn Fn(Stage) + Sync),
) -> Result<Outcome, Error> {
    let party = plan.study.parties[seat.party].clone();
    let place = plan.place(seat.party);
    let mine = match local {
        _ if party.roles.data != local.is_some() => {
            Err(Error::Role { party: party.name.clone(), is_data: party.roles.data })
        }
        Some(local) => plan.given(seat.party, local).map(|given| vec![given]),
        None => Ok(vec![]),
    };
    let session = session(plan);
    let (log, keys) = (seat.log.clone(), keys(plan, &seat));
    let identity = Identity::from_seed(&seat.identity.seed());
    let link = Arc::new(Metered::new(meet(plan, seat, session, progress)?));
    let result = mine.and_then(|mut mine| {
        let commit = |opening| progress(Stage::Committed(opening));
        let mut agreed = agree(plan, Party::new(link.clone()), &Given::committed(&mine), &commit)?;
        let commitments = std::mem::take(&mut agreed.commitments);
        if let (Some(mine), Some(salt), true) =
            (mine.first_mut(), &agreed.salt, plan.masks_len() > 0)
        {
            mine.masks = commitment::masks(plan, salt);
        }
        let of = agreed.quoted.bytes_sent_by(place);
        let computing = || Stage::Computing { sent: link.meter().total().sent.bytes.min(of), of };
        let mut ended =
            watched(progress, computing, || play(plan, &link, agreed, &session, &mine, &log))?;
        let commitments = commitment::bound(plan, commitments, ended.opened.integers.as_deref());
        let closing = Closing { identity: &identity, log: log.last, keys: &keys, commitments };
        closing.outcome(plan, &party.name, &mut ended)
    });
    match result {
        Ok(outcome) => {
            progress(Stage::Finished);
            Ok(outcome)
        }
        Err(error) => {
            link.abort(reason(&error));
            Err(error)
        }
    }
}

/// By which keys the parties are known, in the order of the study.
fn keys(plan: &Plan, seat: &Seat) -> Vec<[u8; 32]> {
    match &seat.peers {
        Some(peers) => peers.iter().map(|peer| peer.key).collect(),
        None => plan.study.parties.iter().map(|party| party.key.0).collect(),
    }
}

/// What a party needs to close a run.
struct Closing<'a> {
    identity: &'a Identity,
    log: [u8; 32],
    keys: &'a [[u8; 32]],
    commitments: Vec<Commitment>,
}

impl Closing<'_> {
    fn outcome(self, plan: &Plan, name: &str, ended: &mut Ended) -> Result<Outcome, Error> {
        let Ended { opened, actual, left_out, closing } = ended;
        let place = closing.me().0;
        let (mut results, mut salt) = (vec![], None);
        if plan.recipients().contains(&place) {
            results = outcome::tables(plan, opened).unwrap_or_default();
            salt = Some(commitment::hex(&*Entropy::System.draw(closing.me(), "salt of results")?));
        }
        let left_out = plan.names_of(left_out);
        let receipt = receipt::countersign(
            plan,
            closing,
            &receipt::Mine {
                identity: self.identity,
                log: self.log,
                results: salt.as_deref().map(|salt| (salt, &results[..])),
            },
            &receipt::Account {
                keys: self.keys,
                commitments: &self.commitments,
                left_out: &left_out,
                rounds: actual.rounds,
                bytes_per_party: actual.bytes_per_party,
            },
        )?;
        Ok(Outcome {
            party: name.to_owned(),
            results,
            actual: actual.clone(),
            learned: learned(plan, place),
            left_out,
            commitments: self.commitments,
            receipt,
            salt,
        })
    }
}

/// Connects only to tell all others that this party could not prepare its data, and nothing more
/// than that: then nobody waits for it.
///
/// # Errors
/// [`Error::Link`] names a party that could not be reached within the study's `connect_s`.
pub fn decline(plan: &Plan, seat: Seat, progress: &(dyn Fn(Stage) + Sync)) -> Result<(), Error> {
    meet(plan, seat, session(plan), progress)?.abort(Abort::Unprepared);
    Ok(())
}

/// What all parties must agree on, down to the version of the program that they run: the study,
/// and by which protocol, of which security, in which ring it is run.
fn session(plan: &Plan) -> [u8; 32] {
    let Withstands { threat, corruptions, parties, statistical_bits, .. } = plan.withstands();
    let [bits, ring] = [statistical_bits.unwrap_or(0), plan.ring_bits()].map(u32::to_le_bytes);
    hash::digest(&[
        SOFTWARE.as_bytes(),
        &plan.hash().0,
        plan.protocol().as_bytes(),
        threat.as_bytes(),
        &[corruptions, parties],
        &bits,
        &ring,
    ])
}

/// A connected party that knows what each gives, as far as a commitment tells, what a round is
/// worth, and what the run will cost at that.
struct Agreed {
    main: Party,
    quoted: Tallied,
    commitments: Vec<Commitment>,
    /// Of this party's own.
    salt: Option<String>,
}

fn agree(
    plan: &Plan,
    mut main: Party,
    mine: &[i128],
    commit: &dyn Fn(Opening),
) -> Result<Agreed, Error> {
    let (commitments, salt) = commitment::exchange(plan, &mut main.fork(), mine, commit)?;
    let round_bytes = pace::agree(&mut main.fork(), plan.card.parties)?;
    let quoted = dispatch::quote(plan, round_bytes).tallied;
    Ok(Agreed { main: main.at_pace(round_bytes), quoted, commitments, salt })
}

/// What callers of this study's runs say in the clear.
#[must_use]
pub fn route(plan: &Plan) -> Vec<u8> {
    let keys: Vec<PublicKey> = plan.study.parties.iter().map(|of| PublicKey(of.key.0)).collect();
    tls::route(&plan.study.name, &keys)
}

fn meet(
    plan: &Plan,
    seat: Seat,
    session: [u8; 32],
    progress: &(dyn Fn(Stage) + Sync),
) -> Result<Arc<dyn Transport>, Error> {
    progress(Stage::Connecting(None));
    let missing: Arc<Mutex<Option<String>>> = Arc::default();
    let waiting = || Stage::Connecting(missing.lock().map_or(None, |why| why.clone()));
    watched(progress, waiting, || connect(plan, seat, session, missing.clone()))
}

fn connect(
    plan: &Plan,
    seat: Seat,
    session: [u8; 32],
    missing: Arc<Mutex<Option<String>>>,
) -> Result<Arc<dyn Transport>, Error> {
    let peers = seat.peers.unwrap_or_else(|| {
        let of_study = plan.study.parties.iter();
        of_study.map(|p| Peer { key: p.key.0, address: p.address.clone() }).collect()
    });
    let roster = plan.order.iter().map(|&i| tls::Peer {
        name: plan.study.parties[i].name.clone(),
        key: PublicKey(peers[i].key),
        address: peers[i].address.clone(),
    });
    let me = PartyId(plan.place(seat.party));
    let limits = &plan.study.limits;
    // A party that computes waits for one message at a time; one that does not waits for the
    // whole secure phase. Who dies or falls silent is noticed by the links long before.
    let messages = if me.0 < plan.card.parties { 1 } else { plan.dry.tallied.rounds + 2 };
    let wait = Duration::from_secs(limits.wait_s.into());
    let deadline = wait * messages;
    let usual = tls::Config::new(me, seat.identity, roster.collect(), session);
    let config = tls::Config {
        // A stopped party is known by its silence, half way to the deadline, before anybody
        // gives up a party that itself waits for the stopped one. The same at all parties.
        keepalive: usual.keepalive.min(wait / 8),
        door: seat.door,
        route: route(plan),
        connect_deadline: Duration::from_secs(limits.connect_s.into()),
        limits: Limits { deadline, ..Limits::default() },
        waiting: Box::new(move |why| {
            if let Ok(mut missing) = missing.lock() {
                *missing = Some(why.to_string());
            }
        }),
        ..usual
    };
    let link = tls::connect(config)?;
    Ok(match seat.wide {
        Some(Wide { rtt, bits_per_s }) => Arc::new(Shaped::new(link, Wan { rtt, bits_per_s })?),
        None => Arc::new(link),
    })
}

type Link = Metered<Arc<dyn Transport>>;

/// Runs `work` while telling how far it is.
fn watched<T>(
    progress: &(dyn Fn(Stage) + Sync),
    stage: impl Fn() -> Stage + Send,
    work: impl FnOnce() -> T,
) -> T {
    const INTERVAL: Duration = Duration::from_millis(100);
    let (done, end) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while end.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
                progress(stage());
            }
        });
        let out = work();
        drop(done);
        out
    })
}

fn play(
    plan: &Plan,
    link: &Arc<Link>,
    Agreed { mut main, quoted, .. }: Agreed,
    session: &[u8; 32],
    given: &[Given],
    log: &Log,
) -> Result<Ended, Error> {
    let round_bytes = main.round_bytes();
    let (releasing, mut closing) = (RefCell::new(main.fork()), main.fork());
    let release = &|| release::agree(&mut releasing.borrow_mut(), plan.card.parties, log);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (opened, rounds) = if main.me().0 < plan.card.parties {
        let ready = &|| link.restart_rounds();
        let compute = dispatch::Compute { plan, party: main, session, given, ready, release };
        dispatch::over(plan.card, plan.ring, compute)?
    } else {
        let attend = dispatch::Attend { plan, party: &mut main, given, release };
        dispatch::over(plan.card, plan.ring, attend)?
    };
    let (wall_s, cpu_s) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let meter = link.meter();
    let total = meter.total().sent;
    let unquoted = UNQUOTED.map(|step| meter.step(step).sent);
    let bytes_sent = total.bytes - unquoted.map(|sent| sent.bytes).iter().sum::<u64>();
    let steps: Vec<StepCost> = meter
        .steps()
        .into_iter()
        .filter(|(step, _)| !UNQUOTED.contains(step))
        .map(|(step, traffic)| StepCost {
            step: step.0.to_owned(),
            bytes_sent: traffic.sent.bytes,
            frames_sent: traffic.sent.frames,
            rounds: traffic.rounds,
            blocked_s: traffic.blocked.as_secs_f64(),
        })
        .collect();
    let accounts = exchange(&mut closing, rounds, bytes_sent)?;
    let left_out = left_out(plan, &mut closing, &opened.left_out)?;
    let as_quoted = accounts.iter().map(|(rounds, _)| *rounds).max() == Some(quoted.rounds)
        && (0u8..).zip(&accounts).all(|(i, (_, bytes))| *bytes == quoted.bytes_sent_by(i));
    let actual = Actual {
        rounds: accounts.iter().map(|(rounds, _)| *rounds).max().unwrap_or(0),
        bytes_per_party: accounts.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0),
        bytes_sent,
        wire_bytes_sent: total.wire_bytes()
            - unquoted.map(|sent| sent.wire_bytes()).iter().sum::<u64>(),
        wall_s,
        cpu_s,
        blocked_s: steps.iter().map(|step| step.blocked_s).sum(),
        round_bytes,
        as_quoted,
        steps,
    };
    Ok(Ended { opened, actual, left_out, closing })
}

/// A run that has come to its end, but for the receipt.
struct Ended {
    opened: Opened,
    actual: Actual,
    left_out: Vec<u8>,
    closing: Party,
}

/// Every party's rounds and bytes, so that all close with the same account; also the proof that
/// all have come to the end.
fn exchange(party: &mut Party, rounds: u32, bytes: u64) -> Result<Vec<(u32, u64)>, Error> {
    let me = party.me();
    let others = |party: &Party| (0..party.parties()).map(PartyId).filter(move |p| *p != me);
    for peer in others(party) {
        party.send(peer, FAREWELL, &[Z64(rounds.into()), Z64(bytes)])?;
    }
    let mut accounts = vec![(rounds, bytes); usize::from(party.parties())];
    for peer in others(party) {
        let theirs: Vec<Z64> = party.recv(peer, FAREWELL, 2)?;
        accounts[usize::from(peer.0)] = (theirs[0].0 as u32, theirs[1].0);
    }
    Ok(accounts)
}

/// Who was left out: compute parties tell all others, and these believe two of three.
fn left_out(plan: &Plan, party: &mut Party, mine: &[u8]) -> Result<Vec<u8>, Error> {
    if plan.study.security.bad_giver == BadGiver::Stop {
        return Ok(vec![]);
    }
    let (me, parties) = (party.me().0, party.parties());
    let flags: Vec<Bits> = (0..parties).map(|i| Bits(mine.contains(&i).into())).collect();
    let computes = |party: &u8| *party < plan.card.parties;
    if computes(&me) {
        for peer in (0..parties).filter(|peer| !computes(peer)) {
            party.send(PartyId(peer), LEFT_OUT, &flags)?;
        }
        return Ok(mine.to_vec());
    }
    let mut told = vec![0; usize::from(parties)];
    for peer in (0..parties).filter(computes) {
        let flags: Vec<Bits> = party.recv(PartyId(peer), LEFT_OUT, told.len())?;
        told.iter_mut().zip(&flags).for_each(|(told, flag)| *told += flag.0.min(1));
    }
    let most = u64::from(plan.card.parties / 2);
    Ok((0..parties).filter(|i| told[usize::from(*i)] > most).collect())
}

/// What to tell the others when a run fails here.
fn reason(error: &Error) -> Abort {
    match error {
        Error::Link(error) | Error::Protocol(MpcError::Net(error)) => error.into(),
        Error::Protocol(MpcError::Cheating { .. }) => Abort::Cheating,
        _ => Abort::Failed,
    }
}

fn learned(plan: &Plan, place: u8) -> Vec<String> {
    let mut learned = vec![];
    if place < plan.card.parties {
        learned.push("shares that by themselves are random, and the sizes of messages".to_owned());
    }
    if plan.learners().contains(&place) {
        learned.extend(
            plan.outputs
                .iter()
                .filter(|output| !output.is_told_elsewhere())
                .map(|output| format!("`{}` of every cell that passed the gate", output.name)),
        );
        learned.push("which cells did not pass the release rule".to_owned());
        learned.extend(plan.path.as_ref().map(|path| path.learned()));
        learned.extend(plan.hidden.as_ref().map(|hidden| hidden.learned()));
        learned.extend(plan.learning.iter().flat_map(|learning| learning.learned()));
        if plan.benchmark.is_some() && plan.givers().contains(&place) {
            learned.push("how many other data parties have a lower rate".to_owned());
        }
    }
    learned
}

/// Processor time of this process so far.
pub(crate) fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests;
