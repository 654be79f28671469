/**
 * Replay of VFIO_DEVICE_SET_IRQS: the calls a user made on one device, in order, with what each returned and what the device's registers
 * and the host's handlers were afterwards. Every call runs the design's programs from the copy of the header onwards.
 */
import type { Fields } from '../../machine/replay/verdict';
import { fieldsOf, namesOf, numberOf, spelled } from '../../machine/replay/verdict';
import type { IrqSet } from '../host';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { functionFrom, machineOf, USER_DEVICE, VICTIM_DEVICE } from './facts';
import type { MessageRequest } from './its-events';
import { possibleOnIts } from './its-events';
import type { Subject } from './subject';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { AGREES } from './verdict';

const HEADER = 20;
/** More eventfds than any device has vectors. */
const MOST_FDS = 4096;
/** The user's eventfds, as the stages number them; a number the user never opened; a file that is no eventfd. */
const FIRST_FD = 10;
const CLOSED_FD = 9999;
const OTHER_FILE = 0;

/** VFIO_PCI_MSI_IRQ_INDEX. */
const MSI = 1;

const MSI_CONTROL = 0x52;
const MSIX_CONTROL = 0xb2;
const COMMAND = 4;

export interface IrqStep {
  readonly name: string;
  readonly call: IrqSet;
  /** `0`, a count, or an errno name. */
  readonly result: string;
  /** Null where the device has no such register. */
  readonly after: Readonly<Record<string, number | null>>;
  readonly signals: number | null;
}

export interface IrqRow extends EraRow {
  readonly table: 'set-irqs';
  readonly profile: string;
  readonly counts: Fields;
  readonly platform: PlatformFacts;
  readonly steps: readonly IrqStep[];
}

function dataOf(value: unknown): IrqSet['data'] {
  const data = fieldsOf(value);
  if (data === null) return null;
  const count = numberOf(data.eventfds);
  if (count !== null && Number.isInteger(count) && count >= 0 && count <= MOST_FDS) {
    const first = FIRST_FD + (numberOf(data.first) ?? 0);
    return { kind: 'fds', values: Array.from({ length: count }, (_, i) => first + i) };
  }
  if (Array.isArray(data.fds))
    return {
      kind: 'fds',
      values: data.fds.map((fd) => (typeof fd === 'number' ? fd : fd === 'closed' ? CLOSED_FD : OTHER_FILE)),
    };
  return Array.isArray(data.bools)
    ? { kind: 'bools', values: data.bools.filter((bool): bool is number => typeof bool === 'number') }
    : null;
}

function callOf(value: unknown): IrqSet | null {
  const call = fieldsOf(value);
  if (call === null) return null;
  const [flags, index, start, count] = [call.flags, call.index, call.start, call.count].map(numberOf);
  if (flags == null || index == null || start == null || count == null) return null;
  const data = dataOf(call.data);
  const bytes = data === null ? 0 : data.values.length * (data.kind === 'fds' ? 4 : 1);
  return { argsz: numberOf(call.argsz) ?? HEADER + bytes, flags, index, start, count, data };
}

const resultOf = (value: unknown): string => spelled(value);

/** A recorded step as it went on one platform. */
function stepOn(value: unknown, platform: string): IrqStep | null {
  const fields = fieldsOf(value);
  const call = callOf(fields?.call);
  if (fields === null || call === null) return null;
  const variants = Array.isArray(fields.variants) ? fields.variants.map(fieldsOf) : [];
  const own = variants.find((variant) => namesOf(variant?.platforms).includes(platform)) ?? fields;
  const after: Record<string, number | null> = {};
  for (const [name, now] of Object.entries(fieldsOf(own.after) ?? {})) after[name] = numberOf(now);
  return {
    name: typeof fields.case === 'string' ? fields.case : '',
    call,
    result: resultOf(own.result),
    after,
    signals: numberOf(own.eventfdCount ?? fields.eventfdCount),
  };
}

/** One row for each profile on each platform it was seen on. */
export function readIrqRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): IrqRow[] {
  const profiles = fieldsOf(file)?.profiles;
  return (Array.isArray(profiles) ? profiles.map(fieldsOf) : []).flatMap((profile) =>
    namesOf(profile?.observedIn).flatMap((id) => {
      const platform = platforms.get(id);
      if (profile === null || platform === undefined || !Array.isArray(profile.steps)) return [];
      const steps = profile.steps.flatMap((step) => stepOn(step, id) ?? []);
      const name = typeof profile.profile === 'string' ? profile.profile : '';
      return [
        { table: 'set-irqs' as const, profile: name, counts: fieldsOf(profile.irqCounts) ?? {}, platform, steps },
      ];
    }),
  );
}

function stateOf(subject: Subject): Readonly<Record<string, number>> {
  const { observed } = subject.host;
  const msi = observed.config(USER_DEVICE, MSI_CONTROL);
  return {
    msiEnable: msi & 1,
    msiVectors: 1 << ((msi >> 4) & 7),
    msixEnable: observed.config(USER_DEVICE, MSIX_CONTROL) >> 15,
    intxDisable: (observed.config(USER_DEVICE, COMMAND) >> 10) & 1,
    vfioIrqs: observed.handlers(USER_DEVICE),
  };
}

/** Requests for messages of plain MSI in a recorded sequence: those that enabled it, and those that were told of one message only. */
function messageRequests(row: IrqRow): MessageRequest[] {
  let enabled = false;
  return row.steps.flatMap((step): MessageRequest[] => {
    const { index, data, start, count } = step.call;
    const was = enabled;
    const now = step.after.msiEnable;
    if (now !== null && now !== undefined) enabled = now === 1;
    if (index !== MSI || data?.kind !== 'fds' || was) return [];
    const messages = start + count;
    if (step.result === '0' && enabled) return [{ messages, granted: true }];
    return step.result === '1' && messages > 1 ? [{ messages, granted: false }] : [];
  });
}

/**
 * SPIs that host drivers held: nobody can know from the machine alone. The first request that was told of fewer vectors than the frame has
 * says it; that call is not counted as agreement.
 */
function heldByHost(row: IrqRow): { readonly held: number; readonly step: IrqStep | null } {
  const frame = machineOf(row.platform, 1).controllers.find((one) => one.kind === 'gicv2m');
  const functions = functionFrom(row.counts);
  if (frame?.kind !== 'gicv2m') return { held: 0, step: null };
  const step = row.steps.find(({ call, result }) => {
    const most = call.index === MSI ? functions.msi : functions.msix;
    const [wanted, got] = [call.start + call.count, Number(result)];
    return call.data?.kind === 'fds' && wanted <= Math.min(most, frame.spiCount) && got > 0 && got < wanted;
  });
  return step === undefined ? { held: 0, step: null } : { held: frame.spiCount - Number(step.result), step };
}

/**
 * Replays a sequence; one verdict a call. Where the kernel's ITS driver lost events the model grants the request: a difference that the
 * recordings name `its-multi-msi-after-three`.
 */
export function replayIrqs(set: ProgramSet, row: IrqRow): EraVerdict[] {
  const functions = functionFrom(row.counts);
  const machine = machineOf(row.platform, Math.max(functions.msi, functions.msix));
  const subject = subjectOf(set, machine, true, new Map([[USER_DEVICE, functions]]));
  const { held, step: says } = heldByHost(row);
  if (held > 0) subject.run('enable', { agent: 'host', requesterId: VICTIM_DEVICE, count: held });
  const loses =
    row.platform.controller === 'its' && possibleOnIts(messageRequests(row), Math.max(functions.msi, functions.msix));
  const attached = subject.run('attach');
  if (attached !== '0') return row.steps.map(() => ({ kind: 'disagrees', expected: 'attach 0', got: attached }));
  return row.steps.map((step) => {
    const told = subject.events.length;
    const result = subject.run('enable', { irqSet: step.call });
    const signals = subject.events.slice(told).filter((text) => text === `signal eventfd ${FIRST_FD}`).length;
    const now = stateOf(subject);
    const expected: string[] = [`result ${step.result}`];
    const got: string[] = [`result ${result}`];
    for (const [name, value] of Object.entries(step.after)) {
      if (value === null) continue;
      expected.push(`${name} ${value}`);
      got.push(`${name} ${now[name] ?? 0}`);
    }
    if (step.signals !== null) {
      expected.push(`signals ${step.signals}`);
      got.push(`signals ${signals}`);
    }
    if (expected.join() === got.join())
      return step === says
        ? { kind: 'left-out', why: "how many SPIs the host's drivers hold is read from this call" }
        : AGREES;
    if (loses && step.result === '1' && step.call.index === MSI) {
      // The kernel goes on to try one message, and gives that back too.
      const { index } = step.call;
      const off: IrqSet = { argsz: HEADER, flags: 33, index, start: 0, count: 0, data: null };
      const one: IrqSet = {
        argsz: HEADER + 4,
        flags: 36,
        index,
        start: 0,
        count: 1,
        data: { kind: 'fds', values: [-1] },
      };
      for (const irqSet of [off, one, off]) subject.run('enable', { irqSet });
      return { kind: 'quirk', names: ['its-multi-msi-after-three'] };
    }
    return {
      kind: 'disagrees',
      expected: `${row.platform.id} ${row.profile} ${step.name}: ${expected.join(', ')}`,
      got: got.join(', '),
    };
  });
}
