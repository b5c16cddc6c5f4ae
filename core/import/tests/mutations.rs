//! Mutated samples of every format: read, or refused in words; no panic, no hang, no memory beyond its bound.
//!
//! `EVM_LANES_SAMPLES=100000` tries so many of each sample; `EVM_LANES_SAMPLE=name` only samples whose name contains that.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use document::Random;
use import::{Choices, File, SignedFields, TableChoices};

/// Memory in use, and the most that was.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came; the counters are beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most memory for a sample: a share for its bytes, and a fixed one for what a few bytes may ask for (fixed arrays of made-up
/// arguments, the widest number).
fn most_memory(bytes: usize) -> usize {
    (16 << 20) + 400 * bytes
}

/// Longest time for one sample, on a machine that does other things, too.
const MOST_TIME: Duration = Duration::from_secs(10);

/// Values that are put in place of others.
const NASTY: [&str; 26] = [
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "\"\"",
    "\"0x\"",
    "\"0x1\"",
    "\"\\u0000\\ud800\"",
    "[]",
    "{}",
    "[[[[[[[[[[]]]]]]]]]]",
    "\"uint256[][][][][][][][][][][][][][]\"",
    "\"uint256[4294967295]\"",
    "\"tuple\"",
    "\"bytes33\"",
    "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"",
    "\"__$00000000000000000000000000000000$__\"",
    "9007199254740993",
    "\"9007199254740993\"",
    "\"1.5\"",
    "\"created{0}\"",
    "{\"\":{\"\":[]}}",
    "\"function f(uint256[99999999] a)\"",
    "\"(((((((((\"",
];

fn mutated(sample: &[u8], others: &[File], random: &mut Random) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    let index = |random: &mut Random, length: usize| random.index(length.max(1) as u32) as usize;
    for _ in 0..=index(random, 4) {
        let at = index(random, bytes.len());
        let end = (at + 1 + index(random, 60)).min(bytes.len());
        match random.index(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.index(8),
            1 if at < bytes.len() => bytes[at] = b"{}[]\",:0123456789-eE.\\xfu_$;\t\n"[index(random, 30)],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                for _ in 0..=index(random, 40) {
                    bytes.splice(at..at, part.iter().copied());
                }
            }
            4 => bytes.truncate(at),
            // Another value in place of one.
            5..=7 => {
                let starts = |byte: &u8| matches!(byte, b':' | b'[' | b',');
                if let Some(begin) = bytes[at..].iter().position(starts).map(|after| at + after + 1) {
                    let stops = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'\n');
                    let stop =
                        bytes[begin..].iter().position(stops).map_or(bytes.len(), |after| begin + after);
                    let value = NASTY[index(random, NASTY.len())];
                    bytes.splice(begin..stop, value.bytes());
                }
            }
            // A part of another sample.
            8 => {
                let other = &others[index(random, others.len())].bytes;
                let from = index(random, other.len());
                let to = (from + index(random, 400)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => bytes.extend_from_slice(b"\"]}"),
        }
    }
    bytes
}

/// Reads and writes one sample. What it gives must hold together.
fn try_one(name: &str, files: &[File], tables: &TableChoices, choices: &Choices) -> (Duration, usize, bool) {
    let length = files.iter().map(|file| file.bytes.len()).sum();
    let before = IN_USE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let began = Instant::now();
    let mut import = import::read(files, tables);
    import::resolve_signed(&mut import, &|bytes| match bytes.len() % 3 {
        0 => Err("nothing".to_owned()),
        rest => Ok(SignedFields {
            chain_id: Some(rest as u64),
            has_blobs: bytes.len() % 2 == 0,
            ..SignedFields::default()
        }),
    });
    assert!(import.problems.len() <= 100, "{} problems", import.problems.len());
    for problem in &import.problems {
        assert!(!problem.problem.expected.is_empty() && problem.to_string().len() < 2_000, "{problem}");
    }
    let is_read = import.files.iter().any(|file| file.format.is_some());
    let written = import::scenario(&import, choices);
    if let Ok(written) = &written {
        assert!(document::parse(&written.text).is_ok());
    }
    serde_json::to_string(&import).expect("it can be shown as JSON");
    let took = began.elapsed();
    let used = MOST.load(Ordering::Relaxed).saturating_sub(before);
    let refused = written.is_err();
    assert!(took < MOST_TIME, "{name}: {took:?} for {length} bytes");
    assert!(used < most_memory(length), "{name}: {used} bytes of memory for {length}");
    (took, used, is_read && !refused)
}

#[test]
fn mutated_samples_are_read_or_refused() {
    let samples =
        std::env::var("EVM_LANES_SAMPLES").ok().and_then(|n| n.parse::<u32>().ok()).unwrap_or(1_000);
    let wanted = std::env::var("EVM_LANES_SAMPLE").unwrap_or_default();
    let own = support::own();
    let mut all: Vec<File> = own.clone();
    // Real files that are small enough for many rounds.
    all.extend(support::real().into_iter().flatten().filter(|file| file.bytes.len() < 60_000));
    let all: Vec<File> = all.into_iter().filter(|file| file.name.contains(&wanted)).collect();
    assert!(!all.is_empty(), "no sample {wanted}");
    let mut total = 0_u64;
    for (number, file) in all.iter().enumerate() {
        // A real file is tried less often: our own small one is of the same format.
        let rounds = if file.bytes.len() > 4_000 { samples.div_ceil(10) } else { samples };
        let (mut slowest, mut largest, mut whole) = (Duration::ZERO, 0, 0);
        for round in 0..rounds {
            let mut random = Random::new(20, number as u32, round);
            let bytes = mutated(&file.bytes, &own, &mut random);
            let mut files = vec![File { name: file.name.clone(), bytes }];
            // Beside others, which it may complete.
            if round % 3 == 0 {
                files.extend((0..2).map(|_| own[random.index(own.len() as u32) as usize].clone()));
            }
            let choices = Choices { in_block: round % 4 == 0, ..Choices::default() };
            let decimals = (round % 5 == 0).then_some(round % 40);
            let tables =
                TableChoices { decimals, decimal_mark: decimals.map(|_| ','), ..TableChoices::default() };
            let (took, used, is_whole) = try_one(&file.name, &files, &tables, &choices);
            slowest = slowest.max(took);
            largest = largest.max(used);
            whole += u32::from(is_whole);
        }
        total += u64::from(rounds);
        eprintln!(
            "{}: {rounds} samples, {whole} still a scenario, slowest {slowest:?}, most memory {} KiB",
            file.name,
            largest >> 10
        );
    }
    eprintln!("{total} samples of {} files", all.len());
}
