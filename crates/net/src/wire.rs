//! Frames as bytes: a fixed header, then the body.
//!
//! The header is little-endian: magic `SW` (2), version (1), kind (1), lane (8), seq (4), clock
//! (4), step (4), body length (8). Every field that a kind does not use is zero. Decoding is
//! strict, because the peer may be anyone with a key: whatever is not exactly a frame ends the
//! link, and a length is compared with [`FRAME_LIMIT`] before anything is allocated. The decoder
//! takes its bytes in pieces of any size and does no input or output.

use crate::{Abort, FRAME_LIMIT, Frame, HEADER_LEN, Lane, PartyId};

const MAGIC: [u8; 2] = *b"SW";
const VERSION: u8 = 1;

/// What one side of a link says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A frame of the program.
    Data(Frame),
    /// A sign of life of an idle party.
    Alive,
    /// No more will come: the run is over for the sender.
    Bye,
    /// The sender gives up.
    Abort(Abort),
}

const KIND_DATA: u8 = 1;
const KIND_ALIVE: u8 = 2;
const KIND_BYE: u8 = 3;
const KIND_ABORT: u8 = 4;

/// What no correct program sends, in words for an error.
pub(crate) type Flaw = &'static str;

/// The header that goes before the message's body.
pub(crate) fn header(message: &Message) -> [u8; HEADER_LEN] {
    match message {
        Message::Data(f) => {
            pack(KIND_DATA, f.lane.0, [f.seq, f.clock, f.step], f.body.len() as u64)
        }
        Message::Alive => pack(KIND_ALIVE, 0, [0; 3], 0),
        Message::Bye => pack(KIND_BYE, 0, [0; 3], 0),
        Message::Abort(reason) => {
            let (code, party) = abort_code(*reason);
            pack(KIND_ABORT, 0, [code, party, 0], 0)
        }
    }
}

/// The body that goes after the header.
pub(crate) fn body(message: &Message) -> &[u8] {
    match message {
        Message::Data(frame) => &frame.body,
        Message::Alive | Message::Bye | Message::Abort(_) => &[],
    }
}

fn pack(kind: u8, lane: u64, words: [u32; 3], len: u64) -> [u8; HEADER_LEN] {
    let mut out = [0; HEADER_LEN];
    out[0..2].copy_from_slice(&MAGIC);
    out[2] = VERSION;
    out[3] = kind;
    out[4..12].copy_from_slice(&lane.to_le_bytes());
    for (slot, word) in out[12..24].chunks_exact_mut(4).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    out[24..32].copy_from_slice(&len.to_le_bytes());
    out
}

/// Reads a header: the message, its body still empty, and the body's length.
fn unpack(header: &[u8; HEADER_LEN]) -> Result<(Message, usize), Flaw> {
    if header[0..2] != MAGIC {
        return Err("bytes that are not a frame");
    }
    if header[2] != VERSION {
        return Err("a frame of another version of the protocol");
    }
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| header[at + i]));
    let wide = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
    let (lane, seq, clock, step, len) = (wide(4), word(12), word(16), word(20), wide(24));
    let message = match header[3] {
        KIND_DATA => {
            let len = usize::try_from(len).ok().filter(|len| *len <= FRAME_LIMIT);
            let len = len.ok_or("a frame that claims more bytes than a frame may have")?;
            let frame = Frame { lane: Lane(lane), seq, clock, step, body: Vec::new() };
            return Ok((Message::Data(frame), len));
        }
        KIND_ALIVE if (seq, clock) == (0, 0) => Message::Alive,
        KIND_BYE if (seq, clock) == (0, 0) => Message::Bye,
        KIND_ABORT => Message::Abort(abort_reason(seq, clock)?),
        _ => return Err("a frame of an unknown kind"),
    };
    if (lane, step, len) == (0, 0, 0) {
        Ok((message, 0))
    } else {
        Err("a control frame with a body or a lane")
    }
}

fn abort_code(reason: Abort) -> (u32, u32) {
    match reason {
        Abort::Cheating => (1, 0),
        Abort::Desync => (2, 0),
        Abort::Lost(peer) => (3, u32::from(peer.0)),
        Abort::Study(peer) => (4, u32::from(peer.0)),
        Abort::Exhausted => (5, 0),
        Abort::Failed => (6, 0),
        Abort::Cancelled => (7, 0),
        Abort::Crashed => (8, 0),
        Abort::Unprepared => (9, 0),
    }
}

fn abort_reason(code: u32, party: u32) -> Result<Abort, Flaw> {
    const FLAW: Flaw = "an abort with an unknown reason";
    let peer = PartyId(u8::try_from(party).map_err(|_| FLAW)?);
    let reason = match code {
        1 => Abort::Cheating,
        2 => Abort::Desync,
        3 => Abort::Lost(peer),
        4 => Abort::Study(peer),
        5 => Abort::Exhausted,
        6 => Abort::Failed,
        7 => Abort::Cancelled,
        8 => Abort::Crashed,
        9 => Abort::Unprepared,
        _ => return Err(FLAW),
    };
    if abort_code(reason) == (code, party) { Ok(reason) } else { Err(FLAW) }
}

/// Turns a stream of bytes back into messages.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    header: [u8; HEADER_LEN],
    have: usize,
    open: Option<(Frame, usize)>,
}

impl Decoder {
    /// Takes the next bytes of the stream and hands every message that they complete to `emit`.
    ///
    /// # Errors
    /// At the first flaw; the stream is then over, for nothing after it can be trusted.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        emit: &mut dyn FnMut(Message),
    ) -> Result<(), Flaw> {
        while !bytes.is_empty() {
            bytes = match self.open.take() {
                Some(open) => self.fill(open, bytes, emit),
                None => self.start(bytes, emit)?,
            };
        }
        Ok(())
    }

    fn start<'b>(
        &mut self,
        bytes: &'b [u8],
        emit: &mut dyn FnMut(Message),
    ) -> Result<&'b [u8], Flaw> {
        let (head, rest) = bytes.split_at(bytes.len().min(HEADER_LEN - self.have));
        self.header[self.have..self.have + head.len()].copy_from_slice(head);
        self.have += head.len();
        if self.have < HEADER_LEN {
            return Ok(rest);
        }
        self.have = 0;
        match unpack(&self.header)? {
            (Message::Data(mut frame), len) if len > 0 => {
                frame.body.reserve_exact(len);
                self.open = Some((frame, len));
            }
            (message, _) => emit(message),
        }
        Ok(rest)
    }

    fn fill<'b>(
        &mut self,
        (mut frame, len): (Frame, usize),
        bytes: &'b [u8],
        emit: &mut dyn FnMut(Message),
    ) -> &'b [u8] {
        let (part, rest) = bytes.split_at(bytes.len().min(len - frame.body.len()));
        frame.body.extend_from_slice(part);
        if frame.body.len() == len {
            emit(Message::Data(frame));
        } else {
            self.open = Some((frame, len));
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn encode(message: &Message) -> Vec<u8> {
        [&header(message), body(message)].concat()
    }

    fn decode(pieces: &[&[u8]]) -> Result<Vec<Message>, Flaw> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut |m| out.push(m))?;
        }
        if decoder.have == 0 && decoder.open.is_none() { Ok(out) } else { Err("cut") }
    }

    fn message() -> impl Strategy<Value = Message> {
        let data = (any::<(u64, u32, u32, u32)>(), vec(any::<u8>(), 0..200)).prop_map(
            |((lane, seq, clock, step), body)| {
                Message::Data(Frame { lane: Lane(lane), seq, clock, step, body })
            },
        );
        let abort = (1..=9_u32, any::<u8>()).prop_filter_map("party without need", |(c, p)| {
            abort_reason(c, u32::from(p)).or_else(|_| abort_reason(c, 0)).ok().map(Message::Abort)
        });
        prop_oneof![4 => data, 1 => Just(Message::Alive), 1 => Just(Message::Bye), 1 => abort]
    }

    proptest! {
        #[test]
        fn messages_survive_the_wire_however_it_cuts_them(
            messages in vec(message(), 0..6), cuts in vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let bytes: Vec<u8> = messages.iter().flat_map(encode).collect();
            let mut at: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(decode(&pieces), Ok(messages));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_never_allocate_beyond_the_limit(
            start in message(), noise in vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encode(&start);
            let at = flip.index(bytes.len());
            bytes[at] ^= 0x41;
            bytes.extend(noise);
            let mut decoder = Decoder::default();
            let _ = decoder.push(&bytes, &mut |_| ());
            prop_assert!(decoder.open.is_none_or(|(f, len)| f.body.capacity() <= FRAME_LIMIT && len <= FRAME_LIMIT));
        }
    }

    #[test]
    fn every_bent_header_is_refused_by_name() {
        let frame = Frame { lane: Lane(1), seq: 2, clock: 3, step: 4, body: vec![5] };
        let good = header(&Message::Data(frame));
        let claim = |len: u64| [&good[..24], &len.to_le_bytes()].concat();
        let bend = |at: usize, to: u8| {
            let mut bent = good.to_vec();
            bent[at] = to;
            bent
        };
        for (bytes, flaw) in [
            (bend(0, b'G'), "bytes that are not a frame"),
            (b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".to_vec(), "bytes that are not a frame"),
            (bend(2, 9), "a frame of another version of the protocol"),
            (bend(3, 0x81), "a frame of an unknown kind"),
            (bend(3, KIND_ALIVE), "a frame of an unknown kind"),
            (bend(3, KIND_ABORT), "an abort with an unknown reason"),
            (pack(KIND_BYE, 1, [0; 3], 0).to_vec(), "a control frame with a body or a lane"),
            (pack(KIND_ABORT, 0, [1, 0, 0], 7).to_vec(), "a control frame with a body or a lane"),
            (pack(KIND_ABORT, 0, [1, 9, 0], 0).to_vec(), "an abort with an unknown reason"),
            (claim(1 << 60), "a frame that claims more bytes than a frame may have"),
            (claim(FRAME_LIMIT as u64 + 1), "a frame that claims more bytes than a frame may have"),
        ] {
            assert_eq!(decode(&[&bytes]), Err(flaw));
        }
    }
}
