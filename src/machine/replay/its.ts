/**
 * Replay of the GICv3 ITS: an episode a row, of commands and device writes, with the pending LPIs after each step.
 * Two row formats: the recorded objects (`devices`, `steps`), and the compact arrays of `packItsEpisode`.
 */

import type { Its, Redistributors } from '../its';
import { createIts, FIRST_LPI, ITS_DROP, lpiEnabled, pendingLpis, setPending, signalEvent } from '../its';
import type { CommandWords } from '../its-commands';
import { queueCommand, runCommands } from '../its-commands';
import type { Memory } from '../memory';
import { createMemory, writeBytes } from '../memory';
import { parseWord } from '../word';
import type { ReplaySet, RowVerdict } from './verdict';
import { fieldsOf, numberOf } from './verdict';

type Step =
  | { readonly kind: 'command'; readonly words: CommandWords }
  | {
      readonly kind: 'write';
      readonly device: number;
      readonly event: number;
      readonly expected: string;
      readonly disabled: boolean;
    }
  | { readonly kind: 'enable'; readonly on: boolean }
  | { readonly kind: 'config'; readonly lpi: number; readonly on: boolean }
  | { readonly kind: 'acknowledge' };

interface Episode {
  readonly devices: number;
  /** Each step with the pending LPIs after it, `redistributor:LPI` in order. */
  readonly steps: readonly { readonly step: Step; readonly pending: string }[];
}

const WHY: Readonly<Record<string, number>> = {
  'its-disabled': ITS_DROP.disabled,
  'device-out-of-range': ITS_DROP.deviceOutOfRange,
  'device-unmapped': ITS_DROP.deviceUnmapped,
  'event-out-of-range': ITS_DROP.eventOutOfRange,
  'event-unmapped': ITS_DROP.eventUnmapped,
  'collection-unmapped': ITS_DROP.collectionUnmapped,
};

/** DRAM of the recorded machine, with our tables high up, away from its interrupt translation tables. */
const RAM = [{ name: 'ram', base: 0x4000_0000, size: 0x2000_0000 }];
const TABLES = 0x5000_0000;
const REDISTRIBUTORS = 2;

interface Bench {
  readonly memory: Memory;
  readonly its: Its;
  readonly redistributors: Redistributors;
}

/** An ITS with empty tables, two redistributors with LPIs enabled, all LPIs enabled in the configuration table. */
function createBench(devices: number): Bench {
  const memory = createMemory(RAM);
  const its = createIts('its', 0x0808_0000, 16);
  its.deviceTable = TABLES;
  its.deviceEntries = devices;
  its.collectionTable = TABLES + 0x10_0000;
  its.collectionEntries = 512;
  its.commandBase = TABLES + 0x11_0000;
  its.commandSize = 4096;
  its.enabled = true;
  const pendingTables = Array.from({ length: REDISTRIBUTORS }, (_, i) => TABLES + 0x20_0000 + i * 0x1_0000);
  return {
    memory,
    its,
    redistributors: { configTable: TABLES + 0x30_0000, intidBits: 16, pendingTables, enabled: [true, true] },
  };
}

function pendingText({ redistributors, memory }: Bench): string {
  return redistributors.pendingTables
    .flatMap((_, target) => pendingLpis(redistributors, memory, target).map((lpi) => `${target}:${lpi}`))
    .join(' ');
}

function outText(result: number): string {
  return result < 0 ? `dropped ${result}` : `${Math.floor(result / 0x100_0000)}:${result % 0x100_0000}`;
}

/** Performs a step; gives what the write came to, or null for other steps. `disabled` holds the LPIs switched off in the configuration. */
function perform(bench: Bench, step: Step, disabled: Set<number>): string | null {
  const { its, redistributors, memory } = bench;
  switch (step.kind) {
    case 'command':
      queueCommand(its, memory, step.words);
      runCommands(its, redistributors, memory);
      return null;
    case 'write':
      return outText(signalEvent(its, redistributors, memory, step.device, step.event));
    case 'enable':
      its.enabled = step.on;
      runCommands(its, redistributors, memory);
      return null;
    case 'config':
      writeBytes(memory, redistributors.configTable + step.lpi - FIRST_LPI, step.on ? 0xa1 : 0xa0, 1);
      if (step.on) disabled.delete(step.lpi);
      else disabled.add(step.lpi);
      return null;
    case 'acknowledge':
      redistributors.pendingTables.forEach((_, target) => {
        for (const lpi of pendingLpis(redistributors, memory, target))
          setPending(redistributors, memory, target, lpi, false);
      });
      return null;
  }
}

function replayEpisode(episode: Episode): RowVerdict {
  const bench = createBench(episode.devices);
  const disabled = new Set<number>();
  for (const [i, { step, pending }] of episode.steps.entries()) {
    const out = perform(bench, step, disabled);
    if (step.kind === 'write') {
      if (out !== step.expected)
        return { kind: 'disagrees', expected: `step ${i}: ${step.expected}`, got: out ?? 'nothing' };
      const lpi = Number(step.expected.split(':')[1] ?? 0);
      const off = disabled.has(lpi) && !lpiEnabled(bench.redistributors, bench.memory, lpi);
      if (step.disabled !== off)
        return {
          kind: 'disagrees',
          expected: `step ${i}: LPI ${step.disabled ? 'disabled' : 'enabled'}`,
          got: off ? 'disabled' : 'enabled',
        };
    }
    const now = pendingText(bench);
    if (now !== pending) return { kind: 'disagrees', expected: `step ${i}: pending ${pending}`, got: now };
  }
  return { kind: 'agrees' };
}

function readEpisode(value: unknown): Episode | null {
  if (Array.isArray(value)) return readPacked(value);
  const row = fieldsOf(value);
  const devices = numberOf(row?.devices);
  if (row === null || devices === null || devices < 1 || devices > 65536 || !Array.isArray(row.steps)) return null;
  const steps: { step: Step; pending: string }[] = [];
  for (const item of row.steps) {
    const fields = fieldsOf(item);
    const step = fields === null ? null : readStep(fields);
    if (fields === null || step === null || !Array.isArray(fields.pend)) return null;
    steps.push({ step, pending: fields.pend.map((pair) => (Array.isArray(pair) ? pair.join(':') : '?')).join(' ') });
  }
  return { devices, steps };
}

function readStep(fields: Readonly<Record<string, unknown>>): Step | null {
  switch (fields.op) {
    case 'write':
      return readWrite(
        fields.rid,
        fields.ev,
        Array.isArray(fields.out) ? fields.out.join(':') : fields.why,
        fields.lpi_disabled === 1,
      );
    case 'its-enable':
      return { kind: 'enable', on: fields.v === 1 };
    case 'lpi-config': {
      const lpi = numberOf(fields.lpi);
      return lpi === null || lpi < FIRST_LPI || lpi > 65535 ? null : { kind: 'config', lpi, on: fields.enable === 1 };
    }
    case 'ack-all':
      return { kind: 'acknowledge' };
    default: {
      const words = readWords(fields.dw);
      return words === null ? null : { kind: 'command', words };
    }
  }
}

/** `outcome`: `redistributor:LPI`, or the reason of a drop. */
function readWrite(rid: unknown, ev: unknown, outcome: unknown, disabled: boolean): Step | null {
  const device = numberOf(rid);
  const event = numberOf(ev);
  if (device === null || event === null || typeof outcome !== 'string') return null;
  const code = WHY[outcome];
  return { kind: 'write', device, event, expected: code === undefined ? outcome : `dropped ${code}`, disabled };
}

/** Four doublewords as `0x…` text, to eight words. */
function readWords(value: unknown): CommandWords | null {
  if (!Array.isArray(value)) return null;
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => parseWord(value[i] ?? '0x0'));
  return a && b && c && d ? [a.lo, a.hi, b.lo, b.hi, c.lo, c.hi, d.lo, d.hi] : null;
}

/**
 * The compact form of a recorded episode: [devices, step, step …]. A step is ["w", rid, event, outcome, disabled], ["e", on], ["l", lpi, on], ["a"],
 * or a command as its doublewords; then, where the pending set changed, it is followed by its text.
 */
export function packItsEpisode(value: unknown): readonly unknown[] | null {
  const row = fieldsOf(value);
  const episode = readEpisode(value);
  if (episode === null || row === null || !Array.isArray(row.steps)) return null;
  const packed: unknown[] = [episode.devices];
  let before = '';
  for (const [i, { step, pending }] of episode.steps.entries()) {
    const fields = fieldsOf(row.steps[i]);
    if (step.kind === 'write')
      packed.push([
        'w',
        step.device,
        step.event,
        Array.isArray(fields?.out) ? fields.out.join(':') : fields?.why,
        step.disabled ? 1 : 0,
      ]);
    else if (step.kind === 'enable') packed.push(['e', step.on ? 1 : 0]);
    else if (step.kind === 'config') packed.push(['l', step.lpi, step.on ? 1 : 0]);
    else if (step.kind === 'acknowledge') packed.push(['a']);
    else packed.push(fields?.dw);
    if (pending !== before) packed.push(pending);
    before = pending;
  }
  return packed;
}

function readPacked(row: readonly unknown[]): Episode | null {
  const devices = numberOf(row[0]);
  if (devices === null || devices < 1 || devices > 65536) return null;
  const steps: { step: Step; pending: string }[] = [];
  let pending = '';
  for (let i = 1; i < row.length; i++) {
    const item = row[i];
    if (!Array.isArray(item)) return null;
    const next = row[i + 1];
    if (typeof next === 'string') {
      pending = next;
      i++;
    }
    const step = readPackedStep(item);
    if (step === null) return null;
    steps.push({ step, pending });
  }
  return { devices, steps };
}

function readPackedStep(item: readonly unknown[]): Step | null {
  switch (item[0]) {
    case 'w':
      return readWrite(item[1], item[2], item[3], item[4] === 1);
    case 'e':
      return { kind: 'enable', on: item[1] === 1 };
    case 'l':
      return readStep({ op: 'lpi-config', lpi: item[1], enable: item[2] });
    case 'a':
      return { kind: 'acknowledge' };
    default:
      return readStep({ op: 'command', dw: item });
  }
}

export const itsSet: ReplaySet = {
  name: 'its',
  unit: 'episodes',
  replay(value) {
    const episode = readEpisode(value);
    return episode === null ? { kind: 'unreadable', why: 'not an episode of this set' } : replayEpisode(episode);
  },
};
