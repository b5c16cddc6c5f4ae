//! The view of an attempt in a speculative run: the multi-version memory over the pre-state. And the
//! validation of its read set.
//!
//! ```text
//! View::slot, View::balance, … ─▶ StateBefore ─▶ Memory, PreState
//!       │                            ▲
//!       ├─▶ AccessLog (trace)        │ reads again
//!       └─▶ ReadSet ──── StateBefore::validate
//! ```

use std::collections::VecDeque;

use alloy_primitives::{Address, B256, U256};
use smallvec::SmallVec;

use super::{
    access_log::{AccessLog, PackedVersion},
    nonces::InclusionFlags,
    order::{Order, Parties},
    recorder::{Conflict, Records},
};
use crate::{
    schedule::{AccountNo, Balance, Key, Kind, Memory, PackedLocation, Part, SlotNo},
    units::{Incarnation, TxIndex, Version},
    vm::{Blocked, Code, PreState, View, Vm},
};

/// The state before one transaction, as the memory has it at this moment.
pub(super) struct StateBefore<'a, M: Vm> {
    pub(super) vm: &'a M,
    pub(super) base: &'a M::PreState,
    pub(super) memory: &'a Memory<'a, M::Code>,
    pub(super) order: &'a Order,
    pub(super) inclusion: &'a InclusionFlags,
    pub(super) tx: TxIndex,
}

impl<M: Vm> Clone for StateBefore<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Vm> Copy for StateBefore<'_, M> {}

/// An attempt's read set, with what is needed to compare it later. Three kinds of read need no value of their
/// own.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadSet<P = SmallVec<[PackedLocation; 8]>, L = Box<[ValueRead]>> {
    /// Locations that were read as they were before the block: four bytes each. Most reads of most attempts
    /// are these.
    unchanged: P,
    /// Whether the sender's nonce was read as predicted.
    nonce_as_predicted: bool,
    /// Whether the sender's balance was found to be enough for the most that the transaction takes.
    enough: bool,
    /// All other reads, with their values.
    list: L,
}

/// One read, with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueRead {
    location: PackedLocation,
    account: AccountNo,
    /// The version whose value was read.
    from: PackedVersion,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Word(U256),
    Nonce(u64),
    /// As [`View::sender_nonce`] reads it.
    SenderNonce(u64),
    CodeHash(B256),
    Exists(bool),
    /// Whether balance and nonce are both zero. The location is the balance's.
    Blank(bool),
}

/// The [`ReadSet`] of the running attempt.
type GrowingReadSet = ReadSet<Vec<PackedLocation>, Vec<ValueRead>>;

/// A lane's notes of reads.
#[derive(Debug, Default)]
pub(super) struct Reads<'a> {
    /// Where the notes are counted; `None` if `seen` is not kept.
    record: Option<&'a Records>,
    /// Number of notes that are not counted yet.
    uncounted: u32,
    /// Whether the read set is kept.
    keep: bool,
    /// For the trace: locations and versions, of all attempts so far.
    pub(super) seen: AccessLog<PackedVersion>,
    /// For validation: the running attempt's read set.
    pub(super) read_set: GrowingReadSet,
}

impl Reads<'_> {
    /// Notes a read for the trace.
    fn trace_read(&mut self, location: PackedLocation, from: impl Into<PackedVersion>) {
        let Some(records) = self.record else { return };
        self.seen.push_location(location, from.into());
        self.uncounted += 1;
        if self.uncounted >= Records::BATCH {
            self.count(records);
        }
    }

    /// Counts the notes. Also during an attempt, because one attempt alone may read more than a trace may hold.
    #[cold]
    fn count(&mut self, records: &Records) {
        records.add(std::mem::take(&mut self.uncounted));
        if records.are_too_many() {
            self.record = None;
        }
    }

    /// Notes a read for validation, with its value.
    fn keep_value(
        &mut self,
        account: AccountNo,
        location: PackedLocation,
        value: Value,
        from: Option<Version>,
    ) {
        if self.keep {
            self.read_set.list.push(ValueRead { location, account, from: from.into(), value });
        }
    }

    /// Notes a read for validation. Without a writer the location was read as before the block.
    fn keep_read(
        &mut self,
        account: AccountNo,
        location: PackedLocation,
        value: Value,
        from: Option<Version>,
    ) {
        match from {
            Some(_) => self.keep_value(account, location, value, from),
            None if self.keep => self.read_set.unchanged.push(location),
            None => {}
        }
    }
}

impl ReadSet {
    /// Number of reads.
    pub(super) fn len(&self) -> usize {
        self.unchanged.len()
            + usize::from(self.nonce_as_predicted)
            + usize::from(self.enough)
            + self.list.len()
    }
}

impl GrowingReadSet {
    fn clear(&mut self) {
        self.unchanged.clear();
        self.nonce_as_predicted = false;
        self.enough = false;
        self.list.clear();
    }

    /// A copy that takes no more memory than it needs.
    pub(super) fn to_keep(&self) -> ReadSet {
        ReadSet {
            unchanged: SmallVec::from_slice(&self.unchanged),
            nonce_as_predicted: self.nonce_as_predicted,
            enough: self.enough,
            list: self.list.as_slice().into(),
        }
    }
}

/// The slot of a number that was never given. No location here has such a number.
const NOWHERE: (AccountNo, U256) = (AccountNo(0), U256::ZERO);

/// How many slots are kept with their numbers. Most transactions read fewer.
const MET: usize = 16;

/// A view of [`StateBefore`] that notes its reads.
pub(super) struct SpeculativeView<'a, M: Vm> {
    before: StateBefore<'a, M>,
    parties: Parties,
    /// The lane's own handles of codes of the pre-state, by [`PreState::code_no`], made when they are needed:
    /// a handle counts references, and lanes would contend for a shared count.
    codes: Vec<Option<M::Code>>,
    /// The last slots that the running attempt read, with their numbers. A slot is read before it is written,
    /// and the write then needs no look-up.
    met: VecDeque<(AccountNo, U256, SlotNo)>,
    pub(super) reads: Reads<'a>,
}

impl<M: Vm> StateBefore<'_, M> {
    fn balance(&self, no: AccountNo) -> Result<Balance, Version> {
        self.memory.balance(no, self.tx, self.base.balance(no))
    }

    fn nonce(&self, no: AccountNo) -> Result<(u64, Option<Version>), Version> {
        Ok(match self.memory.nonce(no, self.tx)? {
            Some((nonce, writer)) => (nonce, Some(writer)),
            None => (self.base.nonce(no), None),
        })
    }

    /// The nonce of the transaction's sender. It may be predicted: see [`InclusionFlags::nonce`].
    fn sender_nonce(&self, no: AccountNo) -> Result<(u64, Option<Version>), Version> {
        match self.order.predicted_nonce(self.tx) {
            Some(prediction) => self.inclusion.nonce(prediction, || self.nonce(no)),
            None => self.nonce(no),
        }
    }

    fn at_least(&self, no: AccountNo, need: U256) -> Result<bool, Version> {
        self.memory.at_least(no, self.tx, self.base.balance(no), need)
    }

    /// The most that the transaction takes from its sender.
    fn max_spending(&self) -> Option<U256> {
        self.order.max_spending(self.tx)
    }

    fn code_hash(&self, no: AccountNo) -> Result<B256, Version> {
        Ok(match self.memory.code(no, self.tx)? {
            Some((code, _)) => code.hash(),
            None => self.base.code(no).hash(),
        })
    }

    fn exists(&self, no: AccountNo) -> Result<(bool, Option<Version>), Version> {
        Ok(match self.memory.existence(no, self.tx)? {
            Some((existence, writer)) => (existence.exists(), Some(writer)),
            None => (self.base.exists(no), None),
        })
    }

    fn is_blank(&self, no: AccountNo) -> Result<bool, Version> {
        Ok(self.nonce(no)?.0 == 0 && self.balance(no)?.value.is_zero())
    }

    fn slot(&self, no: AccountNo, at: SlotNo) -> Result<(U256, Option<Version>), Version> {
        Ok(match self.memory.slot(no, at, self.tx)? {
            Some((value, writer)) => (value, Some(writer)),
            None => (self.base.value(Some(at)), None),
        })
    }

    /// Reads a read set again.
    ///
    /// # Errors
    /// The first location that would now be read differently, and the writer whose write (or withdrawn write)
    /// is the reason.
    pub(super) fn validate(&self, read_set: &ReadSet) -> Result<(), Conflict> {
        // Nearly all reads. A location that was never written is decided by a flag, without its lock.
        for location in &read_set.unchanged {
            match self.is_unchanged(*location) {
                Ok(true) => {}
                Ok(false) => return Err(self.conflict(self.key(*location), None)),
                Err(writer) => return Err(Conflict { key: self.key(*location), writer }),
            }
        }
        // The same question as at the read: the prediction, unless the payment was not included.
        if read_set.nonce_as_predicted
            && let (Some(sender), Some((_, predicted))) =
                (self.order.parties(self.tx).sender(), self.order.predicted_nonce(self.tx))
        {
            let key = Key { account: sender, part: Part::Nonce };
            match self.sender_nonce(sender) {
                Ok((nonce, _)) if nonce == predicted => {}
                Ok(_) => return Err(self.conflict(key, None)),
                Err(writer) => return Err(Conflict { key, writer }),
            }
        }
        // The question, not the balance: other transactions may change the balance as long as it is enough.
        if read_set.enough
            && let (Some(sender), Some(max_spending)) =
                (self.order.parties(self.tx).sender(), self.max_spending())
        {
            let key = Key { account: sender, part: Part::Balance };
            match self.at_least(sender, max_spending) {
                Ok(true) => {}
                Ok(false) => return Err(self.conflict(key, None)),
                Err(writer) => return Err(Conflict { key, writer }),
            }
        }
        // All other reads, by value.
        for read in &read_set.list {
            match self.now(read) {
                Ok(now) if now == read.value => {}
                Ok(_) => return Err(self.conflict(self.key(read.location), read.from.into())),
                Err(writer) => return Err(Conflict { key: self.key(read.location), writer }),
            }
        }
        Ok(())
    }

    /// Whether a location is as it was before the block.
    fn is_unchanged(&self, location: PackedLocation) -> Result<bool, Version> {
        let (no, part) = match location.kind() {
            Kind::Part(no, part) => (no, part),
            Kind::Slot(at) if self.memory.is_slot_untouched(at) => return Ok(true),
            Kind::Slot(at) => {
                let Some((no, _)) = self.memory.slot_key(at) else { return Ok(false) };
                return self.slot(no, at).map(|(word, _)| word == self.base.value(Some(at)));
            }
            // Every slot has a number here. A location without one does not hold.
            Kind::Other(_) => return Ok(false),
        };
        Ok(match part {
            Part::Balance => {
                self.memory.is_balance_untouched(no) || self.balance(no)?.value == self.base.balance(no)
            }
            Part::Nonce => {
                let nonce = self.memory.nonce(no, self.tx)?;
                nonce.is_none_or(|(nonce, _)| nonce == self.base.nonce(no))
            }
            Part::Code => {
                let code = self.memory.code(no, self.tx)?;
                code.is_none_or(|(code, _)| code.hash() == self.base.code(no).hash())
            }
            Part::Existence | Part::Slot(_) => self.exists(no)?.0 == self.base.exists(no),
        })
    }

    /// The value that the read would give now. Not for locations that were read as in the pre-state: see
    /// [`StateBefore::is_unchanged`].
    fn now(&self, read: &ValueRead) -> Result<Value, Version> {
        let no = read.account;
        match (read.value, read.location.kind()) {
            (Value::Word(_), Kind::Slot(at)) => self.slot(no, at).map(|(word, _)| Value::Word(word)),
            (Value::Word(_), Kind::Part(..) | Kind::Other(_)) => {
                self.balance(no).map(|balance| Value::Word(balance.value))
            }
            (Value::Blank(_), _) => self.is_blank(no).map(Value::Blank),
            (Value::SenderNonce(_), _) => self.sender_nonce(no).map(|(nonce, _)| Value::SenderNonce(nonce)),
            (Value::Nonce(_), _) => self.nonce(no).map(|(nonce, _)| Value::Nonce(nonce)),
            (Value::CodeHash(_), _) => self.code_hash(no).map(Value::CodeHash),
            (Value::Exists(_), _) => self.exists(no).map(|(exists, _)| Value::Exists(exists)),
        }
    }

    /// The key of a location.
    fn key(&self, location: PackedLocation) -> Key {
        match location.kind() {
            Kind::Part(account, part) => Key { account, part },
            Kind::Slot(at) => {
                let (account, slot) = self.memory.slot_key(at).unwrap_or(NOWHERE);
                Key { account, part: Part::Slot(slot) }
            }
            Kind::Other(_) => Key { account: NOWHERE.0, part: Part::Slot(NOWHERE.1) },
        }
    }

    /// The conflict at a location whose value was read from version `from`.
    fn conflict(&self, key: Key, from: Option<Version>) -> Conflict {
        let now = self.memory.last_writer(key, self.tx);
        // If no transaction writes the location now, the writer whose value was read has withdrawn its write.
        let own = Version { tx: self.tx, incarnation: Incarnation(0) };
        let writer = now.filter(|now| Some(*now) != from).or(from).or(now).unwrap_or(own);
        Conflict { key, writer }
    }
}

impl<'a, M: Vm> SpeculativeView<'a, M> {
    /// With `record` it notes its reads for the trace.
    pub(super) fn new(before: StateBefore<'a, M>, record: Option<&'a Records>) -> Self {
        Self {
            before,
            parties: Parties::default(),
            codes: vec![None; before.base.codes()],
            met: VecDeque::with_capacity(MET),
            reads: Reads { record, ..Reads::default() },
        }
    }

    /// Turns to the state before another transaction. With `keep` it keeps the read set, to be validated.
    pub(super) fn turn_to(&mut self, tx: TxIndex, keep: bool) {
        self.before.tx = tx;
        self.reads.keep = keep;
        self.parties = self.before.order.parties(tx);
        self.reads.read_set.clear();
        self.met.clear();
    }

    /// The number of a slot that is read, remembered for a write that follows.
    fn number(&mut self, no: AccountNo, slot: &U256) -> SlotNo {
        let at = self.before.memory.slot_no(no, slot);
        if self.met.len() == MET {
            self.met.pop_front();
        }
        self.met.push_back((no, *slot, at));
        at
    }

    /// The lane's own handle of an account's code before the block.
    fn base_code(&mut self, no: AccountNo) -> M::Code {
        let base = self.before.base;
        self.codes[base.code_no(no)].get_or_insert_with(|| base.code(no).own()).clone()
    }

    /// Notes the read of a part other than a slot.
    fn note(&mut self, account: AccountNo, part: Part, from: Option<Version>, value: Value) {
        let location = PackedLocation::of_part(account, part);
        self.reads.trace_read(location, from);
        self.reads.keep_read(account, location, value, from);
    }
}

fn blocked(account: AccountNo, part: Part, writer: Version) -> Blocked {
    Blocked { key: Key { account, part }, writer }
}

/// Reads a balance and notes that for the trace. Returns it with its last writer, if there is one.
fn note_balance<M: Vm>(
    before: &StateBefore<'_, M>,
    reads: &mut Reads<'_>,
    no: AccountNo,
) -> Result<(U256, Option<Version>), Blocked> {
    let Balance { value, latest, is_sum } =
        before.balance(no).map_err(|writer| blocked(no, Part::Balance, writer))?;
    let from = match latest {
        Some(latest) if is_sum => PackedVersion::last_of_sum(latest),
        latest => latest.into(),
    };
    reads.trace_read(PackedLocation::of_part(no, Part::Balance), from);
    Ok((value, latest))
}

impl<M: Vm> View for SpeculativeView<'_, M> {
    type Vm = M;

    fn vm(&self) -> &M {
        self.before.vm
    }

    fn base(&self) -> &M::PreState {
        self.before.base
    }

    fn account(&mut self, address: Address) -> AccountNo {
        let StateBefore { base, memory, .. } = self.before;
        // Sender and recipient first: these numbers need no look-up in a table.
        let number = self.parties.number(&address).or_else(|| base.number(&address));
        number.unwrap_or_else(|| memory.intern_account(&address))
    }

    fn balance(&mut self, no: AccountNo) -> Result<U256, Blocked> {
        let (value, from) = note_balance(&self.before, &mut self.reads, no)?;
        self.reads.keep_read(no, PackedLocation::of_part(no, Part::Balance), Value::Word(value), from);
        Ok(value)
    }

    fn nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        let (nonce, from) = self.before.nonce(no).map_err(|writer| blocked(no, Part::Nonce, writer))?;
        self.note(no, Part::Nonce, from, Value::Nonce(nonce));
        Ok(nonce)
    }

    fn at_least(&mut self, no: AccountNo, need: U256) -> Result<bool, Blocked> {
        // A covered sender has enough in any order of the block's transactions, so this is no read.
        if self.parties.is_sender(no) && self.before.order.covered(self.before.tx) {
            return Ok(true);
        }
        // Validation asks exactly this question, so no other can be answered here.
        if !self.parties.is_sender(no) || self.before.max_spending() != Some(need) {
            return Ok(false);
        }
        let enough = self.before.at_least(no, need).map_err(|writer| blocked(no, Part::Balance, writer))?;
        self.reads.read_set.enough |= enough;
        Ok(enough)
    }

    fn sender_nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        let Some((_, predicted)) = self.before.order.predicted_nonce(self.before.tx) else {
            return self.nonce(no);
        };
        let (nonce, from) =
            self.before.sender_nonce(no).map_err(|writer| blocked(no, Part::Nonce, writer))?;
        if nonce == predicted && from.is_none() && self.parties.is_sender(no) {
            self.reads.read_set.nonce_as_predicted = true;
        } else {
            self.reads.keep_value(
                no,
                PackedLocation::of_part(no, Part::Nonce),
                Value::SenderNonce(nonce),
                from,
            );
        }
        Ok(nonce)
    }

    fn code(&mut self, no: AccountNo) -> Result<M::Code, Blocked> {
        let written =
            self.before.memory.code(no, self.before.tx).map_err(|writer| blocked(no, Part::Code, writer))?;
        let (code, from) = match written {
            Some((code, writer)) => (code, Some(writer)),
            None => (self.base_code(no), None),
        };
        self.note(no, Part::Code, from, Value::CodeHash(code.hash()));
        Ok(code)
    }

    fn exists(&mut self, no: AccountNo) -> Result<bool, Blocked> {
        let (exists, from) = self.before.exists(no).map_err(|writer| blocked(no, Part::Existence, writer))?;
        self.note(no, Part::Existence, from, Value::Exists(exists));
        Ok(exists)
    }

    fn is_blank(&mut self, no: AccountNo) -> Result<bool, Blocked> {
        let (nonce, from) = self.before.nonce(no).map_err(|writer| blocked(no, Part::Nonce, writer))?;
        self.reads.trace_read(PackedLocation::of_part(no, Part::Nonce), from);
        // A nonce that is not zero decides without the balance.
        let (blank, from) = if nonce == 0 {
            let (balance, from) = note_balance(&self.before, &mut self.reads, no)?;
            (balance.is_zero(), from)
        } else {
            (false, from)
        };
        self.reads.keep_value(no, PackedLocation::of_part(no, Part::Balance), Value::Blank(blank), from);
        Ok(blank)
    }

    fn slot(&mut self, no: AccountNo, slot: U256) -> Result<U256, Blocked> {
        let at = self.number(no, &slot);
        let (value, from) =
            self.before.slot(no, at).map_err(|writer| blocked(no, Part::Slot(slot), writer))?;
        let location = PackedLocation::slot(at);
        self.reads.trace_read(location, from);
        self.reads.keep_read(no, location, Value::Word(value), from);
        Ok(value)
    }

    fn slot_no(&mut self, no: AccountNo, slot: &U256) -> Option<SlotNo> {
        let met = self.met.iter().rev().find(|(account, other, _)| *account == no && other == slot);
        Some(met.map_or_else(|| self.before.memory.slot_no(no, slot), |(.., at)| *at))
    }
}
