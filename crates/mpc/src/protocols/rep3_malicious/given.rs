//! What givers beside the compute parties share, and how these make sure that it fits together.
//!
//! Component `i` has a key `k_i`. Components 0 and 1 are expanded from theirs, component 2 is what
//! is left and travels as it is. A giver sends each party the keys of the two components that it
//! holds, and a digest of the third with its key.
//!
//! Every party then tells both others three digests: of the components that it was given, and that
//! of the third. An honest giver gives all the same, and one party at most lies, so of each
//! component two digests of three agree. Hence:
//!
//! * If none agree, the giver has deviated for certain, whatever the parties say. It is left out.
//! * If two agree, that is the component. A holder that was given another one, or nothing of the
//!   right form, gets it from the other holder, who has told its digest. If what comes is not of
//!   that digest, the other holder has deviated for certain.
//!
//! So neither a giver nor a party can have an honest giver left out, and a giver that deviates
//! cannot stop the run by it. What everybody has said goes into what is compared before anything
//! is opened (`Ledger::saw`): all have left out the same.
//!
//! Privacy: a digest tells nothing without the key, 128 uniform bits that its receiver lacks; and
//! a component is handed only to who holds it.

use sharewell_net::{Error as NetError, PartyId, Step};
use sharewell_ring::{Key, Prg, Ring, Wide, Z128, hash, zeroed};

use super::demand::demand;
use super::domain::{Authentic, Domain};
use super::inputs::{recv_packed, send_packed};
use super::settle::Letters;
use super::{Pair, Rep3Malicious};
use crate::prss::previous;
use crate::wiped::Wiped;
use crate::{Entropy, Error, Party, Result};

pub(super) const KEYS: Step = Step("give keys");
pub(super) const REST: Step = Step("give rest");
pub(super) const COMPARE: Step = Step("compare given");
/// Handing over a component to a holder that was given another: outside every quote, as it happens
/// only where somebody deviates.
pub const MEND: Step = Step("mend given");

/// The component that travels as it is.
const EXPLICIT: u8 = 2;

type Digest = [u8; 32];

/// Stands for a component that was not given in the right form.
const NOTHING: Digest = [0; 32];

/// This party's components of one giver's vector, and the keys of both.
pub(super) struct Given<W: Wide> {
    keys: Wiped<Z128>,
    parts: Pair<W>,
}

/// A giver past the compute parties shares its vector.
///
/// Cost: 64 bytes to each compute party, and one element of `k + s` bits each to P1 and P2; one
/// round.
///
/// # Errors
/// If a link fails or the operating system gives no randomness.
pub fn give<R: Authentic>(party: &mut Party, x: &[R], entropy: Entropy) -> Result<()> {
    if x.is_empty() {
        return Ok(());
    }
    // A seeded simulation must not draw the same for two vectors.
    let label = format!("give {:x} {}", party.lane().0, party.sent_to(PartyId(1)));
    let secret = entropy.draw(party.me(), &label)?;
    let key = |i| hash::derive::<16>(&*secret, &[i], b"sharewell malicious giver 2");
    let keys = Wiped::from([0, 1, 2].map(|i| Z128(u128::from_le_bytes(key(i)))).to_vec());
    let mut rest = Wiped::from(x.iter().map(|&x| x.widen()).collect::<Vec<R::Wide>>());
    for key in &keys[..usize::from(EXPLICIT)] {
        R::Wide::sub_assign(&mut rest, &Wiped::from(expand(key, x.len())));
    }
    for i in 0..3 {
        let [first, second, third] = [0, 1, 2].map(|shift| (i + shift) % 3);
        let told = digest::<R>(third, keys[usize::from(third)], &rest);
        let told: [Z128; 2] = bytemuck::cast(told);
        let keys = [first, second].map(|i| keys[usize::from(i)]);
        party.send(PartyId(i), KEYS, &[keys, told].concat())?;
        if i > 0 {
            send_packed::<R>(party, PartyId(i), REST, &rest)?;
        }
    }
    Ok(())
}

/// A digest of one component: of its key, and of its elements if they do not follow from that.
fn digest<D: Domain>(component: u8, key: Z128, elements: &[D::Wide]) -> Digest {
    let mut bytes = Vec::new();
    if component == EXPLICIT {
        D::Wide::pack(elements, D::WIRE, &mut bytes);
    }
    hash::digest(&[&[component], &key.0.to_le_bytes(), &bytes])
}

fn expand<T: Ring>(key: &Z128, len: usize) -> Vec<T> {
    let mut out = zeroed(len);
    Prg::new(&Key(key.0.to_le_bytes())).fill(0, 0, &mut out);
    out
}

/// What a giver sent, if it is of the right form.
fn well_formed<T>(received: Result<T>) -> Result<Option<T>> {
    match received {
        Err(Error::Net(NetError::Desync { .. })) => Ok(None),
        received => received.map(Some),
    }
}

/// What this party was given, and the digests that it tells of it.
pub(super) fn accept<D: Domain>(
    party: &mut Party,
    from: PartyId,
    len: usize,
) -> Result<(Given<D::Wide>, [Digest; 3])> {
    let me = party.me().0;
    let head = well_formed(party.recv::<Z128>(from, KEYS, 4))?.map(Wiped::from);
    let rest = match me {
        0 => Some(vec![]),
        _ => well_formed(recv_packed::<D>(party, from, REST, len))?,
    };
    let mut digests = [NOTHING; 3];
    let (Some(head), Some(mut rest)) = (head, rest) else {
        let keys = Wiped::from(zeroed(2));
        return Ok((Given { keys, parts: [zeroed(len), zeroed(len)] }, digests));
    };
    let parts = [0, 1].map(|place: u8| match (me + place) % 3 {
        EXPLICIT => std::mem::take(&mut rest),
        _ => expand(&head[usize::from(place)], len),
    });
    for (place, part) in (0..).zip(&parts) {
        let component = (me + place) % 3;
        digests[usize::from(component)] = digest::<D>(component, head[usize::from(place)], part);
    }
    digests[usize::from((me + 2) % 3)].copy_from_slice(bytemuck::cast_slice(&head[2..]));
    Ok((Given { keys: Wiped::from(head[..2].to_vec()), parts }, digests))
}

/// What at least two of three say.
fn agreed(said: [&Digest; 3]) -> Option<Digest> {
    let [a, b, c] = said;
    let most = match (a == b || a == c, b == c) {
        (true, _) => a,
        (_, true) => b,
        _ => return None,
    };
    (*most != NOTHING).then_some(*most)
}

/// A component that one of its two holders was given otherwise.
struct Mend {
    giver: usize,
    component: u8,
    by: PartyId,
    to: PartyId,
    digest: Digest,
}

impl<R: Authentic> Rep3Malicious<R> {
    /// The components that all agree on, of each of the givers' vectors that this party was given;
    /// none of a giver that deviated.
    pub(super) fn fitting(
        &mut self,
        given: Vec<(Given<R::Wide>, [Digest; 3])>,
    ) -> Result<Vec<Option<Pair<R::Wide>>>> {
        let (given, mine): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let told = self.told(&mine)?;
        let mut mends = vec![];
        let fits = |giver: usize| {
            let of = |component: usize| agreed([0, 1, 2].map(|i| &told[i][giver][component]));
            Some([of(0)?, of(1)?, of(2)?])
        };
        let fitting: Vec<Option<[Digest; 3]>> = (0..given.len()).map(fits).collect();
        for (giver, digests) in fitting.iter().enumerate() {
            for (component, digest) in (0..).zip(digests.iter().flatten()) {
                let holders = [PartyId(component), previous(PartyId(component))];
                for [to, by] in [holders, [holders[1], holders[0]]] {
                    if told[usize::from(to.0)][giver][usize::from(component)] != *digest {
                        mends.push(Mend { giver, component, by, to, digest: *digest });
                    }
                }
            }
        }
        let given = self.mended(given, &mends)?;
        let of_giver = |(given, digests): (Given<R::Wide>, Option<_>)| digests.map(|_| given.parts);
        Ok(given.into_iter().zip(fitting).map(of_giver).collect())
    }

    /// What every party says of every giver's components.
    fn told(&mut self, mine: &[[Digest; 3]]) -> Result<[Vec<[Digest; 3]>; 3]> {
        let bytes: Vec<u8> = mine.iter().flatten().flatten().copied().collect();
        let letters = Letters { previous: bytes.clone(), next: bytes };
        let theirs = letters.exchange(&mut self.party, COMPARE)?;
        let me = usize::from(self.me().0);
        let mut told = [letters.next, theirs.next, theirs.previous];
        // From this party's place to the parties' order.
        told.rotate_right(me);
        told.iter().for_each(|said| self.ledger.saw(said));
        Ok(told.map(|said| bytemuck::pod_collect_to_vec(&said)))
    }

    /// Components from who holds them to who was given others.
    fn mended(
        &mut self,
        mut given: Vec<Given<R::Wide>>,
        mends: &[Mend],
    ) -> Result<Vec<Given<R::Wide>>> {
        let me = self.me();
        // A lane whose rounds do not count.
        let mut aside = self.party.fork();
        let place = |component: u8| usize::from((component + 3 - me.0) % 3);
        for mend in mends.iter().filter(|mend| mend.by == me) {
            let Given { keys, parts } = &given[mend.giver];
            let place = place(mend.component);
            aside.send(mend.to, MEND, &keys[place..=place])?;
            if mend.component == EXPLICIT {
                send_packed::<R>(&mut aside, mend.to, MEND, &parts[place])?;
            }
        }
        for mend in mends.iter().filter(|mend| mend.to == me) {
            let Given { keys, parts } = &mut given[mend.giver];
            let (place, len) = (place(mend.component), parts[0].len());
            let key = Wiped::from(aside.recv::<Z128>(mend.by, MEND, 1)?)[0];
            keys[place] = key;
            parts[place] = match mend.component {
                EXPLICIT => recv_packed::<R>(&mut aside, mend.by, MEND, len)?,
                _ => expand(&key, len),
            };
            let right = digest::<R>(mend.component, key, &parts[place]) == mend.digest;
            demand(right, MEND, || aside.suspects(&[mend.by]))?;
        }
        Ok(given)
    }
}
