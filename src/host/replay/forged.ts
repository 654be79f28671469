/**
 * Replay of forged messages: a device of a user writes what its user chose, while a device of the host has vectors enabled. The record
 * says where a write ended as far as could be seen from outside; the model's outcome is told in the same words.
 */
import { isInterruptAddress } from '../../machine/apic';
import { fieldsOf, spelled } from '../../machine/replay/verdict';
import type { Outcome } from '../../machine/types';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { machineOf, USER_DEVICE, VICTIM_DEVICE, wordOf } from './facts';
import type { Subject } from './subject';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { AGREES, same } from './verdict';

type Part = { readonly of: 'own' | 'victim'; readonly offset: number } | { readonly value: number };

export interface ForgedRow extends EraRow {
  readonly table: 'forged';
  readonly name: string;
  readonly platform: PlatformFacts;
  /** The record's DMA engine sent the write without a requester id, as no device does. */
  readonly anonymous: boolean;
  readonly disabled: boolean;
  /** The device raises its own message, whatever that is by then. */
  readonly raised: boolean;
  readonly address: Part;
  readonly data: Part;
  readonly expected: string;
}

/** IOVA of the user's own memory in the recordings, bytes. */
const RAM = { iova: 0x10_0000, size: 0x4000 };

function partOf(relation: string, literal: unknown): Part {
  const offset = /\+ ?(0x[0-9a-f]+|\d+)/.exec(relation)?.[1];
  if (/^own\b/.test(relation)) return { of: 'own', offset: offset === undefined ? 0 : Number(offset) };
  if (/^victim\b/.test(relation)) return { of: 'victim', offset: 0 };
  return { value: wordOf(literal) ?? 0 };
}

/** What the words of a case say of address and data: `own addr, victim's data`. Data that is only recorded as a number stays that number. */
function fromWords(name: string, part: 'addr' | 'data'): string {
  if (/^(own|restored own) addr\/data/.test(name)) return 'own';
  if (/^victim's programmed/.test(name)) return 'victim';
  if (part === 'addr') return /^own addr/.test(name) ? 'own' : '';
  return /own data/.test(name) ? 'own' : /victim's data/.test(name) ? 'victim' : '';
}

export function readForgedRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): ForgedRow[] {
  const rows = fieldsOf(file)?.rows;
  return (Array.isArray(rows) ? rows.map(fieldsOf) : []).flatMap((fields) => {
    const platform = platforms.get(spelled(fields?.platform));
    if (fields === null || platform === undefined) return [];
    const name = spelled(fields.what);
    const words = (part: 'addr' | 'data'): string => {
      const told = fields[`${part}Is`];
      return typeof told === 'string' ? told : fromWords(name, part);
    };
    const raised = /^raise after/.test(name);
    // The pair that was to be forged was by chance the device's own.
    const itsOwn = raised || fields.sameAsOwn === true;
    return [
      {
        table: 'forged' as const,
        name: `${spelled(fields.emitter)}: ${name}`,
        platform,
        anonymous: fields.representative === false,
        raised,
        disabled: raised || /after the interrupt was disabled/.test(name),
        address: itsOwn ? partOf('own', null) : partOf(words('addr'), fields.addr),
        data: itsOwn ? partOf('own', null) : partOf(words('data'), fields.data),
        expected: spelled(fields.outcome),
      },
    ];
  });
}

function outcomeText(subject: Subject, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'interrupt': {
      const { interrupt } = outcome;
      const owner = subject.host.platform
        .vectors()
        .find(
          (vector) =>
            vector.interrupt.kind === interrupt.kind &&
            vector.interrupt.number === interrupt.number &&
            (interrupt.kind !== 'vector' || vector.interrupt.target === interrupt.target),
        );
      return owner === undefined ? 'unclaimed' : owner.requesterId === USER_DEVICE ? 'own' : 'victim';
    }
    case 'memory':
      return 'ram';
    case 'fault':
      return 'fault';
    case 'ignored':
    case 'dropped':
      return 'dropped';
  }
}

/**
 * The word of the record for an outcome. An interrupt that no driver has enabled: a GIC holds an SPI back that is not enabled (IHI 0048,
 * GICD_ISENABLER), so that nothing is seen; a local APIC delivers every vector, and the kernel logs the one it does not know.
 */
function wordOfRecord(outcome: string, platform: PlatformFacts): string {
  return outcome === 'unclaimed' ? (platform.architecture === 'arm64' ? 'dropped' : 'elsewhere') : outcome;
}

/**
 * What the recorded emulator does other than the hardware: it records no fault of an interrupt request and none of AMD-Vi at all
 * (`fault-not-recorded`), and lets compatibility-format messages through that VT-d blocks (`compat-not-blocked`).
 */
function quirkOf(row: ForgedRow, outcome: string, address: number): string | null {
  const { iommu, remapping } = row.platform;
  if (outcome !== 'fault') return null;
  if (row.expected === 'dropped' && (iommu === 'amdvi' || (iommu === 'vtd' && isInterruptAddress(address))))
    return 'fault-not-recorded';
  const blocked = iommu === 'vtd' && remapping && isInterruptAddress(address) && (address & 0x10) === 0;
  return blocked && row.expected === 'elsewhere' ? 'compat-not-blocked' : null;
}

/**
 * A write without a requester id, which the record marks as an artefact of its DMA engine: what is looked up by the sender is not found, so that an
 * ITS, and AMD-Vi with its table for each device, drop it; VT-d's check of the source is skipped, all else of the entry holds.
 */
function replayAnonymous(set: ProgramSet, row: ForgedRow): EraVerdict {
  const { iommu, controller } = row.platform;
  const lost = controller === 'its' || iommu === 'amdvi';
  const verdict = lost
    ? same(`${row.platform.id}: ${row.name}`, row.expected, 'dropped')
    : replayWrite(set, { ...row, platform: { ...row.platform, sourceCheck: false } });
  return verdict.kind === 'agrees' ? { kind: 'quirk', names: ['dma-without-requester-id'] } : verdict;
}

export function replayForged(set: ProgramSet, row: ForgedRow): EraVerdict {
  return row.anonymous ? replayAnonymous(set, row) : replayWrite(set, row);
}

function replayWrite(set: ProgramSet, row: ForgedRow): EraVerdict {
  const machine = machineOf(row.platform, 1);
  const subject = subjectOf(set, machine, true);
  const results = [
    subject.run('attach'),
    subject.run('map', RAM),
    subject.run('enable', { agent: 'host', requesterId: VICTIM_DEVICE, count: 2 }),
    subject.run('enable'),
    // On the recorded machines the vectors of the two devices were on different CPUs and had different numbers.
    subject.run('affinity', { cpu: 1 }),
  ];
  const message = (requesterId: number, vector: number) =>
    subject.host.programmed.find((one) => one.requesterId === requesterId && one.index === vector);
  const own = message(USER_DEVICE, 0);
  const victim = message(VICTIM_DEVICE, 1);
  if (own === undefined || victim === undefined)
    return { kind: 'disagrees', expected: `${row.platform.id}: vectors enabled`, got: results.join(', ') };
  const resolve = (part: Part, field: 'address' | 'data'): number =>
    'value' in part ? part.value : (part.of === 'own' ? own : victim)[field] + part.offset;
  const address = resolve(row.address, 'address');
  const data = resolve(row.data, 'data');
  if (row.disabled) subject.run('disable');
  const now = message(USER_DEVICE, 0);
  // A device raises its own message only while it is enabled; its DMA engine writes whenever it is told to.
  const outcome: Outcome =
    row.raised && now?.enabled !== true
      ? { kind: 'dropped', unit: 'the device', why: 'its messages are disabled' }
      : subject.host.platform.emit(USER_DEVICE, address, data, 4);
  const got = outcomeText(subject, outcome);
  if (wordOfRecord(got, row.platform) === row.expected) return AGREES;
  const quirk = quirkOf(row, got, address);
  if (quirk !== null) return { kind: 'quirk', names: [quirk] };
  const why = outcome.kind === 'interrupt' || outcome.kind === 'memory' ? '' : ` (${outcome.why})`;
  return { kind: 'disagrees', expected: `${row.platform.id}: ${row.name}: ${row.expected}`, got: `${got}${why}` };
}
