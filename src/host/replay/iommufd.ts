/**
 * Replay of /dev/iommu and device files: the calls a user made on one device, in order, with their results, what the device's MSI capability
 * held afterwards and whether its message arrived. `iommufd-calls.ts` says which call a recorded step stands for.
 */
import type { Fields } from '../../machine/replay/verdict';
import { fieldsOf, namesOf, numberOf, spelled } from '../../machine/replay/verdict';
import type { PciFunction } from '../host';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { machineOf, SECOND_DEVICE, USER_DEVICE } from './facts';
import { Session } from './iommufd-calls';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { AGREES } from './verdict';

export interface IommufdStep {
  readonly phase: string;
  readonly call: string;
  readonly state: string;
  /** Allow unsafe interrupts: for steps that are made on a device of their own. */
  readonly unsafe: boolean | null;
  readonly result: string | null;
  readonly out: Fields;
  readonly arrived: boolean | null;
  readonly dmaOk: boolean | null;
  readonly msi: { readonly enabled: number; readonly address: number } | null;
}

export interface IommufdRow extends EraRow {
  readonly table: 'iommufd';
  readonly platform: PlatformFacts;
  readonly steps: readonly IommufdStep[];
  /** The steps were made on the second device of the record, a network card with a table of MSI-X. */
  readonly card?: true;
}

const flag = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);

function stepOn(value: unknown, platform: string): IommufdStep | null {
  const fields = fieldsOf(value);
  // The mark at the end of the record is no call.
  if (fields === null || fields.call === 'done') return null;
  const seen = namesOf(fields.observedIn);
  if (seen.length > 0 && !seen.includes(platform)) return null;
  const variants = Array.isArray(fields.variants) ? fields.variants.map(fieldsOf) : [];
  const own = variants.find((variant) => namesOf(variant?.platforms).includes(platform)) ?? fields;
  const records = Array.isArray(fields.msi) ? fields.msi.map(fieldsOf) : [];
  const msi = records.find((record) => namesOf(record?.platforms).includes(platform));
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    phase: text('phase'),
    call: text('call'),
    state: text('state'),
    unsafe: numberOf(fields.unsafe) === null ? null : fields.unsafe === 1,
    result: own.result === undefined ? null : spelled(own.result).replace(/^OK$/, '0'),
    out: fieldsOf(own.out) ?? {},
    arrived: flag(own.arrived),
    dmaOk: flag(own.dmaOk),
    msi: msi == null ? null : { enabled: numberOf(msi.enabled) ?? 0, address: numberOf(msi.addr) ?? 0 },
  };
}

/** One row for each platform the steps were made on. */
export function readIommufdRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): IommufdRow[] {
  const fields = fieldsOf(file);
  const steps = Array.isArray(fields?.steps) ? fields.steps : [];
  const differences = fieldsOf(fields?.secondDevice)?.differences;
  const onCard = (Array.isArray(differences) ? differences : []).map(fieldsOf);
  return namesOf(fields?.platforms).flatMap((id) => {
    const platform = platforms.get(id);
    if (platform === undefined) return [];
    const own = onCard.filter((step) => namesOf(step?.platforms).includes(id));
    const rows: IommufdRow[] = [
      { table: 'iommufd', platform, steps: steps.flatMap((step) => stepOn(step, id) ?? []) },
      { table: 'iommufd', platform, steps: own.flatMap((step) => stepOn(step, id) ?? []), card: true },
    ];
    return rows.filter((row) => row.steps.length > 0);
  });
}

/** A step that the record does not have: what its state says was done before. */
function before(call: string): IommufdStep {
  const nothing = { phase: '', state: '', unsafe: null, result: null, out: {}, arrived: null, dmaOk: null, msi: null };
  return { ...nothing, call };
}

const CARD_ENTRIES = 5;

/** What differed on the second device: bound, and attached for the step that takes an object away. */
function replayCard(set: ProgramSet, row: IommufdRow): EraVerdict[] {
  const some = row.platform.controller !== 'none';
  const card: PciFunction = { msi: some ? 1 : 0, msix: some ? CARD_ENTRIES : 0, pin: true, express: true };
  return row.steps.map((step) => {
    const machine = machineOf(row.platform, CARD_ENTRIES);
    const session = new Session(subjectOf(set, machine, true, new Map([[USER_DEVICE, card]]), 'iommufd'), row.platform);
    const prelude = step.call.startsWith('DESTROY') ? ['open cdev', 'BIND', 'ATTACH new IOAS'] : ['open cdev', 'BIND'];
    for (const call of prelude) session.play(before(call));
    return verdictOf(row, step, session);
  });
}

function verdictOf(row: IommufdRow, step: IommufdStep, session: Session): EraVerdict {
  const done = session.play(step);
  if ('leftOut' in done) return { kind: 'left-out', why: done.leftOut };
  const expected: string[] = [];
  const got: string[] = [];
  const compare = (name: string, want: string | null, have: string): void => {
    if (want === null) return;
    expected.push(`${name} ${want}`);
    got.push(`${name} ${have}`);
  };
  compare('result', step.result, done.result ?? '0');
  compare('arrived', step.arrived === null ? null : String(step.arrived), String(done.arrived));
  compare('dma', step.dmaOk === null ? null : String(step.dmaOk), String(done.dmaOk));
  for (const [name, value] of Object.entries(done.out)) {
    const want = numberOf(step.out[name]);
    compare(name, want === null ? null : String(want), String(value));
  }
  if (step.msi !== null) {
    const now = session.message();
    compare('enabled', String(step.msi.enabled), now === null ? '0' : '1');
    if (row.platform.architecture === 'arm64') compare('address', String(step.msi.address), String(now?.address ?? 0));
  }
  return expected.join() === got.join()
    ? AGREES
    : {
        kind: 'disagrees',
        expected: `${row.platform.id} ${step.call} (${step.state}): ${expected.join(', ')}`,
        got: got.join(', '),
      };
}

/** Replays a sequence; one verdict a step. */
export function replayIommufd(set: ProgramSet, row: IommufdRow): EraVerdict[] {
  if (row.card === true) return replayCard(set, row);
  const machine = machineOf(row.platform, 1, true);
  // The recorded device has one plain MSI and no PCI Express; without a controller for messages it was given no interrupt at all.
  const some = row.platform.controller !== 'none';
  const device: PciFunction = { msi: some ? 1 : 0, msix: 0, pin: some, express: false };
  const functions = new Map([
    [USER_DEVICE, device],
    [SECOND_DEVICE, device],
  ]);
  const make = (unsafe: boolean): Session =>
    new Session(subjectOf(set, machine, unsafe, functions, 'iommufd'), row.platform);
  let session = make(true);
  let started = false;
  // The steps that name the parameter ran with files of their own, one sequence for each of its values and each way to open a device.
  const apart = new Map<string, Session>();
  return row.steps.map((step) => {
    if (step.unsafe !== null && !started) {
      const key = `${step.phase} ${step.unsafe}`;
      const own = apart.get(key) ?? make(step.unsafe);
      apart.set(key, own);
      return verdictOf(row, step, own);
    }
    if (!started) {
      started = true;
      session = make(true);
    }
    return verdictOf(row, step, session);
  });
}
