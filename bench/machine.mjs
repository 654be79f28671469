/**
 * Speed of the machine model beside a C reference: `node bench/machine.mjs [TURNS]`.
 * The same tables and requests on both sides, from one pseudo-random sequence; the checksums of all results must be equal. The reference is
 * compiled with `cc -O2` when there is a compiler. Goals: 0.5 (remapping), 0.45 (walk with ITS lookup), 0.35 (ITS lookup), 0.5 (a range of IOVA
 * given back and one taken, with 10,000 live ranges: ours is a B+ tree, the reference a treap that answers the same).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const turns = Number(process.argv[2] ?? 10);
const GOALS = { 'vtd-remap': 0.5, 'walk-its': 0.45, its: 0.35, iova: 0.5 };

const folder = mkdtempSync(join(tmpdir(), 'doorbell-bench-'));
const bundle = join(folder, 'machine.mjs');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await build({
  stdin: {
    contents: `export { createMemory, read32, write64 } from './memory';
      export { createVtd } from './vtd';
      export { remapInterrupt } from './vtd-remap';
      export { walkTable } from './vmsa';
      export { createIts, translateEvent } from './its';
      export { createIovaRanges, giveBack, takeHighest } from '../host/iova-ranges';`,
    resolveDir: join(here, '../src/machine'),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  // As the package is built: with it constants of a module stand in the code.
  minify: true,
  outfile: bundle,
});
const {
  createMemory,
  read32,
  write64,
  createVtd,
  remapInterrupt,
  walkTable,
  createIts,
  translateEvent,
  createIovaRanges,
  giveBack,
  takeHighest,
} = await import(pathToFileURL(bundle).href);

const RAM_BASE = 0x4000_0000;
const REQUESTS = 8192;
const IR_LOG2 = 12;
const PT_ROOT = RAM_BASE + 0x1_0000;
const DEVICE_ENTRIES = 1024;
const ITTS = RAM_BASE + 0x6_0000;
const VALID = 0x8000_0000;
const WARM_MS = 1000;
const REPEATS = 60;
const LIVE = 10_000;
/** Ranges given back and taken in a pass. */
const EXCHANGES = 1024;
const IOVA_LIMIT = 0xfffff;

let seed = 0x2545f491;
function random() {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed >>> 0;
}

const memory = createMemory([{ name: 'ram', base: RAM_BASE, size: 0x0200_0000 }]);
const vtd = Object.assign(createVtd('dmar', 39), { remapping: true, remapTable: RAM_BASE, remapLog2: IR_LOG2 });
const its = Object.assign(createIts('its', 0x0808_0000, 16), {
  enabled: true,
  deviceTable: RAM_BASE + 0x5_6000,
  deviceEntries: DEVICE_ENTRIES,
  collectionTable: RAM_BASE + 0x5_8000,
  collectionEntries: 64,
});
const format = {
  granuleBits: 12,
  inputBits: 39,
  startLevel: 1,
  outputBits: 44,
  stage: 1,
  accessFlag: true,
  flatPermissions: false,
};

function buildTables() {
  for (let i = 0; i < 1 << IR_LOG2; i++) {
    const r = random();
    const low = ((r % 256 !== 0 ? 1 : 0) | ((random() & 0xff) << 16)) >>> 0;
    const destination = random() & 0xff00;
    const source = (1 << 18) | (((r >>> 4) & 3) << 16) | (random() & 0x7ff);
    write64(memory, RAM_BASE + i * 16, low, destination);
    write64(memory, RAM_BASE + i * 16 + 8, source, 0);
  }
  let next = PT_ROOT + 0x1000;
  for (let i = 0; i < 4; i++) {
    const middle = next;
    next += 0x1000;
    write64(memory, PT_ROOT + i * 8, middle | 3, 0);
    for (let j = 0; j < 16; j++) {
      write64(memory, middle + j * 8, next | 3, 0);
      for (let k = 0; k < 512; k++)
        write64(memory, next + k * 8, ((random() & 0xfffff) * 4096 + (0x743 | (k % 256 === 0 ? 0x80 : 0))) >>> 0, 0);
      next += 0x1000;
    }
  }
  for (let c = 0; c < 16; c++) write64(memory, its.collectionTable + c * 8, c % 4, VALID);
  for (let d = 0; d < DEVICE_ENTRIES; d++) {
    const itt = ITTS + d * 256;
    write64(memory, its.deviceTable + d * 8, itt + 4, d % 256 === 5 ? 0 : VALID);
    for (let e = 0; e < 32; e++) {
      const high = (VALID + (random() % 16)) >>> 0;
      write64(memory, itt + e * 8, 8192 + (random() & 0x3fff), high);
    }
  }
}

const rids = new Uint32Array(REQUESTS);
const datas = new Uint32Array(REQUESTS);
const devices = new Uint32Array(REQUESTS);
const events = new Uint32Array(REQUESTS);
const slots = new Uint32Array(REQUESTS);
const sizes = new Uint32Array(REQUESTS);
const messages = new Float64Array(REQUESTS);
const iovas = new Float64Array(REQUESTS);

function buildRequests() {
  for (let i = 0; i < REQUESTS; i++) {
    const index = random() % ((1 << IR_LOG2) + 8);
    messages[i] = 0xfee0_0010 + (index & 0x7fff) * 32 + (index & 1 ? 8 : 0);
    datas[i] = index & 1 ? random() & 3 : 0;
    const source = read32(memory, RAM_BASE + ((index + datas[i]) & ((1 << IR_LOG2) - 1)) * 16 + 8) & 0xffff;
    rids[i] = random() % 256 ? source : source ^ (random() & 7);
    const region = random() & 3;
    const block = random() % 256 ? random() & 15 : 16;
    iovas[i] = region * 2 ** 30 + block * 2 ** 21 + (random() & 0x1ff000) + (random() & 0xffc);
    devices[i] = random() % (DEVICE_ENTRIES + 4);
    events[i] = random() % 256 ? random() & 31 : 33;
    slots[i] = random() % LIVE;
    // Half of the requests are for an aligned block: size in 7:0, bit 8 for aligned.
    sizes[i] = random() & 1 ? 0x100 | (1 << (random() & 3)) : 1 + (random() & 15);
  }
}

const live = new Float64Array(LIVE);
let ranges = createIovaRanges(1);

/** 10,000 live ranges, the same at the start of each measurement. */
function buildRanges() {
  ranges = createIovaRanges(1);
  for (let i = 0; i < LIVE; i++) live[i] = takeHighest(ranges, 1 + ((i * 7) % 13), IOVA_LIMIT, false);
}

/** Each bench is a pass over all requests, a loop of its own as in the reference, so that the compiler can inline what it calls. */
const benches = {
  'vtd-remap': (start) => {
    let sum = start;
    for (let i = 0; i < REQUESTS; i++) sum = fold(sum, remapInterrupt(vtd, memory, rids[i], messages[i], datas[i]));
    return sum;
  },
  'walk-its': (start) => {
    let sum = start;
    for (let i = 0; i < REQUESTS; i++) {
      const physical = walkTable(memory, PT_ROOT, format, iovas[i], true, null);
      sum = fold(sum, physical < 0 ? physical : physical + translateEvent(its, memory, devices[i], events[i]));
    }
    return sum;
  },
  its: (start) => {
    let sum = start;
    for (let i = 0; i < REQUESTS; i++) sum = fold(sum, translateEvent(its, memory, devices[i], events[i]));
    return sum;
  },
  iova: (start) => {
    let sum = start;
    for (let i = 0; i < EXCHANGES; i++) {
      giveBack(ranges, live[slots[i]]);
      const low = takeHighest(ranges, sizes[i] & 0xff, IOVA_LIMIT, sizes[i] >>> 8 === 1);
      live[slots[i]] = low;
      sum = fold(sum, low);
    }
    return sum;
  },
};

/** Sums modulo 2^32, as the reference does. */
function fold(sum, result) {
  return (Math.imul(sum, 31) + (result | 0)) | 0;
}

/** Best of many short runs, each well within a turn of the scheduler, so that a busy machine disturbs little; with the folded sum of all results. */
function measure(pass) {
  const warm = performance.now() + WARM_MS;
  for (let turn = 0; performance.now() < warm; turn++) pass(turn);
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    buildRanges();
    sum = 0;
    for (let turn = 0; turn < turns; turn++) {
      const start = performance.now();
      sum = pass(sum);
      best = Math.min(best, performance.now() - start);
    }
  }
  return { best, sum: sum >>> 0 };
}

function reference() {
  try {
    const program = join(folder, 'machine-reference');
    execFileSync('cc', ['-O2', '-o', program, join(here, 'machine-reference.c')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = execFileSync(program, [String(turns)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    return Object.fromEntries(
      lines.map((line) => line.split(' ')).map(([name, rate, sum]) => [name, { rate: Number(rate), sum: Number(sum) }]),
    );
  } catch (error) {
    if (error?.code === 'ENOENT') return null;
    throw error;
  }
}

buildTables();
buildRequests();
buildRanges();
const c = reference();
if (c === null) console.log('no C compiler (cc): rates without ratios');
let wrong = false;
for (const [name, body] of Object.entries(benches)) {
  const { best, sum } = measure(body);
  const rate = ((name === 'iova' ? EXCHANGES : REQUESTS) * 1000) / best;
  const mine = `${name.padEnd(10)} ${(rate / 1e6).toFixed(1).padStart(7)} M/s`;
  const other = c?.[name];
  if (other === undefined) {
    console.log(mine);
    continue;
  }
  const same = other.sum === sum;
  if (!same) wrong = true;
  console.log(
    `${mine}   C ${(other.rate / 1e6).toFixed(1).padStart(7)} M/s   ratio ${(rate / other.rate).toFixed(2)} (goal ${GOALS[name]})   ${same ? 'same results' : `DIFFERENT RESULTS ${sum} / ${other.sum}`}`,
  );
}
if (wrong) process.exitCode = 1;
