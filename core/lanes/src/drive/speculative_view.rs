//! What an attempt of a speculative strategy sees: the multi-version memory over the state before
//! the block; and how its reads are validated.

use std::collections::VecDeque;

use alloy_primitives::{Address, B256, U256};
use smallvec::SmallVec;

use super::{
    access_log::{AccessLog, PackedVersion},
    nonces::InclusionFlags,
    order::{Order, Parties},
    recorder::{Records, Spoiler},
};
use crate::{
    schedule::{AccountNo, Balance, Key, Kind, Memory, PackedLocation, Part, SlotNo},
    units::{Incarnation, TxIndex, Version},
    vm::{Blocked, Code, PreState, View, Vm},
};

/// The state before one transaction, as far as it is known.
pub(super) struct StateBefore<'a, M: Vm> {
    pub(super) vm: &'a M,
    pub(super) base: &'a M::PreState,
    pub(super) memory: &'a Memory<'a, M::Code>,
    pub(super) order: &'a Order,
    pub(super) latest: &'a InclusionFlags,
    pub(super) tx: TxIndex,
}

impl<M: Vm> Clone for StateBefore<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Vm> Copy for StateBefore<'_, M> {}

/// What an attempt read, to be compared later.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadSet<P = SmallVec<[PackedLocation; 8]>, L = Box<[Check]>> {
    /// What was seen as it was before the block, which is what most attempts see of most locations.
    unchanged: P,
    /// Whether the sender's nonce was seen as it is foretold.
    nonce_as_predicted: bool,
    /// Whether the sender was seen to have the most that the transaction takes.
    enough: bool,
    /// Everything else, with its value.
    list: L,
}

/// A value that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    place: PackedLocation,
    account: AccountNo,
    /// Whose value was seen; the latest of them.
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
    /// Whether balance and nonce are both zero; the key is the balance's.
    Blank(bool),
}

/// [`ReadSet`] of the running attempt.
type GrowingReadSet = ReadSet<Vec<PackedLocation>, Vec<Check>>;

/// What a lane's attempts read.
#[derive(Debug, Default)]
pub(super) struct Reads<'a> {
    /// Where notes are counted; `None`: `seen` is not kept.
    record: Option<&'a Records>,
    /// Notes that are not counted yet.
    uncounted: u32,
    /// Whether `checks` are kept.
    keep: bool,
    /// For the trace: what was seen, and from whom. All attempts' so far.
    pub(super) seen: AccessLog<PackedVersion>,
    /// For validation: the values. The running attempt's.
    pub(super) checks: GrowingReadSet,
}

impl Reads<'_> {
    /// Notes for the trace that a location was read.
    fn see(&mut self, place: PackedLocation, from: impl Into<PackedVersion>) {
        let Some(records) = self.record else { return };
        self.seen.push_place(place, from.into());
        self.uncounted += 1;
        if self.uncounted >= Records::PORTION {
            self.count(records);
        }
    }

    /// One attempt alone may read more than a trace may hold.
    #[cold]
    fn count(&mut self, records: &Records) {
        records.add(std::mem::take(&mut self.uncounted));
        if records.are_too_many() {
            self.record = None;
        }
    }

    /// Notes the value for validation.
    fn check(&mut self, account: AccountNo, place: PackedLocation, value: Value, from: Option<Version>) {
        if self.keep {
            self.checks.list.push(Check { place, account, from: from.into(), value });
        }
    }

    /// Notes for validation what was read: what nobody has written was as before the block.
    fn check_read(&mut self, account: AccountNo, place: PackedLocation, value: Value, from: Option<Version>) {
        match from {
            Some(_) => self.check(account, place, value, from),
            None if self.keep => self.checks.unchanged.push(place),
            None => {}
        }
    }
}

impl ReadSet {
    /// How many values are compared.
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

/// Stands for the slot of a number that was never given, which no place here has.
const NOWHERE: (AccountNo, U256) = (AccountNo(0), U256::ZERO);

/// As many slots as are remembered by their numbers: most transactions read fewer.
const MET: usize = 16;

/// A view of [`StateBefore`] that notes what it is asked.
pub(super) struct SpeculativeView<'a, M: Vm> {
    before: StateBefore<'a, M>,
    parties: Parties,
    /// This lane's own handles of the codes of before the block, by [`PreState::code_no`], made when they
    /// are needed.
    codes: Vec<Option<M::Code>>,
    /// The last slots that the running attempt read, with their numbers: a slot is read before it is written.
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

    /// The nonce of the transaction's sender; where the sender's transaction before foretells it, see
    /// [`InclusionFlags::nonce`].
    fn sender_nonce(&self, no: AccountNo) -> Result<(u64, Option<Version>), Version> {
        match self.order.predicted_nonce(self.tx) {
            Some(foretold) => self.latest.nonce(foretold, || self.nonce(no)),
            None => self.nonce(no),
        }
    }

    fn at_least(&self, no: AccountNo, need: U256) -> Result<bool, Version> {
        self.memory.at_least(no, self.tx, self.base.balance(no), need)
    }

    /// The most that the transaction takes from its sender.
    fn most(&self) -> Option<U256> {
        self.order.most(self.tx)
    }

    fn code_hash(&self, no: AccountNo) -> Result<B256, Version> {
        Ok(match self.memory.code(no, self.tx)? {
            Some((code, _)) => code.hash(),
            None => self.base.code(no).hash(),
        })
    }

    fn exists(&self, no: AccountNo) -> Result<(bool, Option<Version>), Version> {
        Ok(match self.memory.life(no, self.tx)? {
            Some((life, writer)) => (life.exists(), Some(writer)),
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

    /// Reads again what an attempt read. The error names the first location that would be seen
    /// differently now, and whose write, or withdrawn write, is to blame.
    pub(super) fn validate(&self, checks: &ReadSet) -> Result<(), Spoiler> {
        for place in &checks.unchanged {
            match self.is_unchanged(*place) {
                Ok(true) => {}
                Ok(false) => return Err(self.spoiler(self.key(*place), None)),
                Err(writer) => return Err(Spoiler { key: self.key(*place), writer }),
            }
        }
        if checks.nonce_as_predicted
            && let (Some(sender), Some((_, told))) =
                (self.order.parties(self.tx).sender(), self.order.predicted_nonce(self.tx))
        {
            let key = Key { account: sender, part: Part::Nonce };
            match self.sender_nonce(sender) {
                Ok((nonce, _)) if nonce == told => {}
                Ok(_) => return Err(self.spoiler(key, None)),
                Err(writer) => return Err(Spoiler { key, writer }),
            }
        }
        if checks.enough
            && let (Some(sender), Some(most)) = (self.order.parties(self.tx).sender(), self.most())
        {
            let key = Key { account: sender, part: Part::Balance };
            match self.at_least(sender, most) {
                Ok(true) => {}
                Ok(false) => return Err(self.spoiler(key, None)),
                Err(writer) => return Err(Spoiler { key, writer }),
            }
        }
        for check in &checks.list {
            match self.now(check) {
                Ok(now) if now == check.value => {}
                Ok(_) => return Err(self.spoiler(self.key(check.place), check.from.into())),
                Err(writer) => return Err(Spoiler { key: self.key(check.place), writer }),
            }
        }
        Ok(())
    }

    /// Whether a location is as it was before the block.
    fn is_unchanged(&self, place: PackedLocation) -> Result<bool, Version> {
        let (no, part) = match place.kind() {
            Kind::Part(no, part) => (no, part),
            Kind::Slot(at) if self.memory.is_slot_untouched(at) => return Ok(true),
            Kind::Slot(at) => {
                let Some((no, _)) = self.memory.slot_key(at) else { return Ok(false) };
                return self.slot(no, at).map(|(word, _)| word == self.base.value(Some(at)));
            }
            // Every slot has a number here; what has none does not hold.
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

    /// What would be read now instead.
    fn now(&self, check: &Check) -> Result<Value, Version> {
        let no = check.account;
        match (check.value, check.place.kind()) {
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

    fn key(&self, place: PackedLocation) -> Key {
        match place.kind() {
            Kind::Part(account, part) => Key { account, part },
            Kind::Slot(at) => {
                let (account, slot) = self.memory.slot_key(at).unwrap_or(NOWHERE);
                Key { account, part: Part::Slot(slot) }
            }
            Kind::Other(_) => Key { account: NOWHERE.0, part: Part::Slot(NOWHERE.1) },
        }
    }

    /// `from` is whose value was seen.
    fn spoiler(&self, key: Key, from: Option<Version>) -> Spoiler {
        let now = self.memory.last_writer(key, self.tx);
        // A value that nobody writes now was taken back by the one whose value was seen.
        let own = Version { tx: self.tx, incarnation: Incarnation(0) };
        let writer = now.filter(|now| Some(*now) != from).or(from).or(now).unwrap_or(own);
        Spoiler { key, writer }
    }
}

impl<'a, M: Vm> SpeculativeView<'a, M> {
    /// With `record` it notes for the trace what it is asked.
    pub(super) fn new(before: StateBefore<'a, M>, record: Option<&'a Records>) -> Self {
        Self {
            before,
            parties: Parties::default(),
            codes: vec![None; before.base.codes()],
            met: VecDeque::with_capacity(MET),
            reads: Reads { record, ..Reads::default() },
        }
    }

    /// Turns to the state before another transaction. `keep`: what is read will be validated.
    pub(super) fn turn_to(&mut self, tx: TxIndex, keep: bool) {
        self.before.tx = tx;
        self.reads.keep = keep;
        self.parties = self.before.order.parties(tx);
        self.reads.checks.clear();
        self.met.clear();
    }

    fn number(&mut self, no: AccountNo, slot: &U256) -> SlotNo {
        let at = self.before.memory.slot_no(no, slot);
        if self.met.len() == MET {
            self.met.pop_front();
        }
        self.met.push_back((no, *slot, at));
        at
    }

    fn base_code(&mut self, no: AccountNo) -> M::Code {
        let base = self.before.base;
        self.codes[base.code_no(no)].get_or_insert_with(|| base.code(no).own()).clone()
    }

    /// Notes a read of what is no slot. What nobody has written was seen as before the block.
    fn note(&mut self, account: AccountNo, part: Part, from: Option<Version>, value: Value) {
        let place = PackedLocation::of_part(account, part);
        self.reads.see(place, from);
        self.reads.check_read(account, place, value, from);
    }
}

fn blocked(account: AccountNo, part: Part, writer: Version) -> Blocked {
    Blocked { key: Key { account, part }, writer }
}

/// Notes a balance's last writer, or the state before the block, and gives it with the balance.
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
    reads.see(PackedLocation::of_part(no, Part::Balance), from);
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
        let number = self.parties.number(&address).or_else(|| base.number(&address));
        number.unwrap_or_else(|| memory.intern_account(&address))
    }

    fn balance(&mut self, no: AccountNo) -> Result<U256, Blocked> {
        let (value, from) = note_balance(&self.before, &mut self.reads, no)?;
        self.reads.check_read(no, PackedLocation::of_part(no, Part::Balance), Value::Word(value), from);
        Ok(value)
    }

    fn nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        let (nonce, from) = self.before.nonce(no).map_err(|writer| blocked(no, Part::Nonce, writer))?;
        self.note(no, Part::Nonce, from, Value::Nonce(nonce));
        Ok(nonce)
    }

    fn at_least(&mut self, no: AccountNo, need: U256) -> Result<bool, Blocked> {
        if self.parties.is_sender(no) && self.before.order.covered(self.before.tx) {
            return Ok(true);
        }
        // Validation asks for just that, so nothing else can be told here.
        if !self.parties.is_sender(no) || self.before.most() != Some(need) {
            return Ok(false);
        }
        let enough = self.before.at_least(no, need).map_err(|writer| blocked(no, Part::Balance, writer))?;
        self.reads.checks.enough |= enough;
        Ok(enough)
    }

    fn sender_nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        let Some((_, told)) = self.before.order.predicted_nonce(self.before.tx) else {
            return self.nonce(no);
        };
        let (nonce, from) =
            self.before.sender_nonce(no).map_err(|writer| blocked(no, Part::Nonce, writer))?;
        if nonce == told && from.is_none() && self.parties.is_sender(no) {
            self.reads.checks.nonce_as_predicted = true;
        } else {
            self.reads.check(no, PackedLocation::of_part(no, Part::Nonce), Value::SenderNonce(nonce), from);
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
        self.reads.see(PackedLocation::of_part(no, Part::Nonce), from);
        // A nonce that is not zero settles it without the balance.
        let (blank, from) = if nonce == 0 {
            let (balance, from) = note_balance(&self.before, &mut self.reads, no)?;
            (balance.is_zero(), from)
        } else {
            (false, from)
        };
        self.reads.check(no, PackedLocation::of_part(no, Part::Balance), Value::Blank(blank), from);
        Ok(blank)
    }

    fn slot(&mut self, no: AccountNo, slot: U256) -> Result<U256, Blocked> {
        let at = self.number(no, &slot);
        let (value, from) =
            self.before.slot(no, at).map_err(|writer| blocked(no, Part::Slot(slot), writer))?;
        let place = PackedLocation::slot(at);
        self.reads.see(place, from);
        self.reads.check_read(no, place, Value::Word(value), from);
        Ok(value)
    }

    fn slot_no(&mut self, no: AccountNo, slot: &U256) -> Option<SlotNo> {
        let met = self.met.iter().rev().find(|(account, other, _)| *account == no && other == slot);
        Some(met.map_or_else(|| self.before.memory.slot_no(no, slot), |(.., at)| *at))
    }
}
