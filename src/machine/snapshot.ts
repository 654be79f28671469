/**
 * Going back: an undo log of a machine, and states kept as what differs from where the log was opened.
 * In: a machine that is used in place. Out: marks to return to, and snapshots of a few hundred bytes. For exhaustive search over states:
 *
 *     const log = openLog(machine);          // the base
 *     const here = markState(log);
 *     emitWrite(machine, …); hashMachine(machine);
 *     undoTo(log, here);                     // or: const far = takeSnapshot(log); … restoreSnapshot(log, far)
 *     closeLog(log);
 *
 * A mark costs the registers once; a write to memory costs one entry of the log. Nothing here is copied page by page.
 */
import type { Machine } from './machine';
import type { RegisterFile } from './registers';
import { createRegisterFile, loadRegisters, storeRegisters } from './registers';

export interface StateLog {
  readonly machine: Machine;
  /** Pairs: index of a word in `memory.words`, its value before. */
  readonly journal: number[];
  /** Registers at each mark, used again; `marks[0]` is the base. */
  readonly files: RegisterFile[];
  /** Length of the journal at each mark. */
  readonly lengths: number[];
}

/** A state as it differs from the log's base. Valid for the machine of that log only. */
export interface Snapshot {
  /** Pairs: index of a word, its value. */
  readonly words: Uint32Array;
  /** Pairs: place in the register file, value. */
  readonly registers: Float64Array;
  /** Length of the register file. */
  readonly length: number;
}

/** Starts a log; the state now is its base, mark 0. A machine has one log at a time: opening another ends the first. */
export function openLog(machine: Machine): StateLog {
  const log: StateLog = { machine, journal: [], files: [], lengths: [] };
  machine.memory.journal = log.journal;
  markState(log);
  return log;
}

/** The machine stays as it is; it can no longer go back. */
export function closeLog(log: StateLog): void {
  if (log.machine.memory.journal === log.journal) log.machine.memory.journal = null;
}

/** Marks the state now. Gives the mark: 0 is the base, later ones count up; an undo forgets the marks after the one it goes to. */
export function markState(log: StateLog): number {
  const mark = log.lengths.length;
  const file = log.files[mark] ?? createRegisterFile();
  log.files[mark] = file;
  storeRegisters(file, log.machine);
  log.lengths.push(log.journal.length);
  return mark;
}

/** Returns to a mark, which stays. False when there is no such mark. */
export function undoTo(log: StateLog, mark: number): boolean {
  const length = log.lengths[mark];
  const file = log.files[mark];
  if (length === undefined || file === undefined) return false;
  const { journal } = log;
  const { words } = log.machine.memory;
  for (let i = journal.length - 2; i >= length; i -= 2) words[journal[i] as number] = journal[i + 1] as number;
  journal.length = length;
  log.lengths.length = mark + 1;
  loadRegisters(file, log.machine);
  return true;
}

const scratch = createRegisterFile();

/** The state now, against the base. */
export function takeSnapshot(log: StateLog): Snapshot {
  const { journal, machine } = log;
  const base = log.files[0] ?? createRegisterFile();
  const first = new Map<number, number>();
  for (let i = 0; i < journal.length; i += 2) {
    const index = journal[i] as number;
    if (!first.has(index)) first.set(index, journal[i + 1] as number);
  }
  const words: number[] = [];
  for (const [index, before] of first) {
    const now = machine.memory.words[index] as number;
    if (now !== before) words.push(index, now);
  }
  storeRegisters(scratch, machine);
  const registers: number[] = [];
  for (let i = 0; i < scratch.length; i++) {
    const now = scratch.values[i] as number;
    if (i >= base.length || now !== base.values[i]) registers.push(i, now);
  }
  return { words: Uint32Array.from(words), registers: Float64Array.from(registers), length: scratch.length };
}

/** Brings the machine into a state that was taken from the same log. All marks but the base are forgotten. */
export function restoreSnapshot(log: StateLog, snapshot: Snapshot): void {
  undoTo(log, 0);
  const { journal, machine } = log;
  const { words } = machine.memory;
  for (let i = 0; i < snapshot.words.length; i += 2) {
    const index = snapshot.words[i] as number;
    journal.push(index, words[index] as number);
    words[index] = snapshot.words[i + 1] as number;
  }
  const base = log.files[0] ?? createRegisterFile();
  while (scratch.values.length < snapshot.length) scratch.values = new Float64Array(scratch.values.length * 2);
  scratch.values.set(base.values.subarray(0, Math.min(base.length, snapshot.length)));
  for (let i = 0; i < snapshot.registers.length; i += 2)
    scratch.values[snapshot.registers[i] as number] = snapshot.registers[i + 1] as number;
  loadRegisters(scratch, machine);
}

/** Bytes a snapshot's numbers take. */
export function snapshotBytes(snapshot: Snapshot): number {
  return snapshot.words.byteLength + snapshot.registers.byteLength + 8;
}
