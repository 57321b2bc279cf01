//! The first words on a link, right after TLS: who calls whom, for which session.
//!
//! The caller says who it is and which session it wants; the called party answers with its own
//! session and with whether it knows the caller's key. Only then do frames flow. Both sides see
//! both sessions, so both can name a mismatch.

use crate::{PartyId, PublicKey};

const MAGIC: [u8; 4] = *b"SWH1";

/// Length of a hello and of its answer.
pub(super) const HELLO_LEN: usize = 40;

/// A hello or the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) from: PartyId,
    pub(super) to: PartyId,
    /// In an answer: the caller's key is the study's for it.
    pub(super) welcome: bool,
    pub(super) session: [u8; 32],
}

impl Hello {
    pub(super) fn encode(self) -> [u8; HELLO_LEN] {
        let mut out = [0; HELLO_LEN];
        out[..4].copy_from_slice(&MAGIC);
        out[4..7].copy_from_slice(&[self.from.0, self.to.0, u8::from(self.welcome)]);
        out[8..].copy_from_slice(&self.session);
        out
    }

    pub(super) fn decode(bytes: &[u8; HELLO_LEN]) -> Option<Self> {
        let mut session = [0; 32];
        session.copy_from_slice(&bytes[8..]);
        let hello = Self {
            from: PartyId(bytes[4]),
            to: PartyId(bytes[5]),
            welcome: bytes[6] == 1,
            session,
        };
        (hello.encode() == *bytes).then_some(hello)
    }
}

/// What a called party makes of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A party of this session.
    Known(PartyId),
    /// A party of the study, by its key, that holds another session.
    OtherSession(PartyId),
    /// It claims to be this party and holds another key.
    WrongKey(PartyId),
    /// None of the parties.
    Stranger,
}

/// Judges a caller by the key that it has proved and by what it says.
pub(super) fn judge(keys: &[PublicKey], ours: &Hello, key: PublicKey, hello: &Hello) -> Caller {
    let party = (0..=u8::MAX).map(PartyId).zip(keys).find(|(_, k)| **k == key).map(|(p, _)| p);
    match party {
        Some(me) if me == ours.from => Caller::Stranger,
        Some(party) if hello.session != ours.session => Caller::OtherSession(party),
        Some(party) if (hello.from, hello.to) == (party, ours.from) => Caller::Known(party),
        None if usize::from(hello.from.0) < keys.len() && hello.from != ours.from => {
            Caller::WrongKey(hello.from)
        }
        Some(_) | None => Caller::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hello(from: u8, to: u8, session: u8) -> Hello {
        Hello { from: PartyId(from), to: PartyId(to), welcome: false, session: [session; 32] }
    }

    #[test]
    fn a_caller_is_judged_by_its_key_first() {
        let keys = [1, 2, 3].map(|k| PublicKey([k; 32]));
        let ours = hello(0, 0, 7);
        for (key, said, verdict) in [
            (2, hello(1, 0, 7), Caller::Known(PartyId(1))),
            (2, hello(1, 0, 8), Caller::OtherSession(PartyId(1))),
            (2, hello(2, 0, 8), Caller::OtherSession(PartyId(1))),
            (2, hello(2, 0, 7), Caller::Stranger),
            (2, hello(1, 2, 7), Caller::Stranger),
            (1, hello(0, 0, 7), Caller::Stranger),
            (9, hello(2, 0, 7), Caller::WrongKey(PartyId(2))),
            (9, hello(0, 0, 7), Caller::Stranger),
            (9, hello(77, 0, 7), Caller::Stranger),
        ] {
            assert_eq!(judge(&keys, &ours, PublicKey([key; 32]), &said), verdict, "{key} {said:?}");
        }
    }

    proptest! {
        #[test]
        fn a_hello_survives_and_other_bytes_are_refused(
            from: u8, to: u8, welcome: bool, session: [u8; 32], at in 0..HELLO_LEN, bit in 0..8,
        ) {
            let hello = Hello { from: PartyId(from), to: PartyId(to), welcome, session };
            let mut bytes = hello.encode();
            prop_assert_eq!(Hello::decode(&bytes), Some(hello));
            bytes[at] ^= 1_u8 << bit;
            prop_assert_ne!(Hello::decode(&bytes), Some(hello));
        }
    }
}
