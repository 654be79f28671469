import { causes, programmedBy } from '../causes';
import type { StateChange, TraceEvent, Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import { hex, lastStep } from '../view';

type Values = Map<string, string | number>;

interface Vector {
  readonly device: string;
  readonly index: number;
  readonly address: number;
}

const number = (value: string | number | undefined): number | null =>
  value === undefined ? null : typeof value === 'number' ? value : Number.isNaN(Number(value)) ? null : Number(value);
const yes = (value: string | number | undefined): boolean =>
  value === 1 || value === '1' || value === 'true' || value === 'yes';

function vectorAt(state: Values, device: string, index: string): Vector | null {
  const address = number(state.get(`devices/${device}/vectors/${index}/address`));
  return address === null ? null : { device, index: Number(index), address };
}

/**
 * Vectors that may send at this moment: enabled, not masked, and with a handler; an MSI-X entry stays masked until its handler is
 * requested. Plain MSI has no mask of its own: it may send as soon as it is enabled.
 */
function armed(view: RunView, state: Values): Vector[] {
  const found: Vector[] = [];
  for (const [path, value] of state) {
    if (!path.endsWith('/enabled')) continue;
    const match = /^devices\/([^/]+)\/vectors\/(\d+)\/enabled$/.exec(path);
    if (match === null || !yes(value)) continue;
    const [, device = '', index = ''] = match;
    if (yes(state.get(`devices/${device}/vectors/${index}/masked`))) continue;
    if (!yes(state.get(`devices/${device}/vectors/${index}/handler`)) && !plainMsi(view, device)) continue;
    const vector = vectorAt(state, device, index);
    if (vector !== null) found.push(vector);
  }
  return found;
}

const pageOf = (view: RunView, address: number): number => address - (address % view.granule);

function mapped(view: RunView, state: Values, vector: Vector): boolean {
  const domain = state.get(`devices/${vector.device}/domain`);
  return domain !== undefined && state.has(`domains/${domain}/maps/${hex(pageOf(view, vector.address))}`);
}

function apply(state: Values, changes: readonly StateChange[]): void {
  for (const change of changes)
    if (change.after === null) state.delete(change.path);
    else state.set(change.path, change.after);
}

/** Does an IOVA have to be mapped for this device's messages to arrive? */
function translated(step: StepRecord, device: string): boolean {
  const id = requester(device);
  return [...step.before.vectors, ...step.after.vectors].some(
    (vector) => vector.requesterId === id && vector.translated,
  );
}

function plainMsi(view: RunView, device: string): boolean {
  const id = requester(device);
  return view.machine.devices.some((one) => one.requesterId === id && one.vectors === 0);
}

function requester(device: string): number {
  const match = /^([0-9a-f]{2}):([0-9a-f]{2})\.(\d)$/.exec(device);
  if (match === null) return -1;
  return (Number.parseInt(match[1] ?? '0', 16) << 8) | (Number.parseInt(match[2] ?? '0', 16) << 3) | Number(match[3]);
}

/** A vector goes live with an address that is only mapped, or only replaced, later in the same stage. */
function programmedTooEarly(
  view: RunView,
  step: StepRecord,
  events: readonly TraceEvent[],
  state: Values,
): Violation[] {
  const open = new Map<string, { readonly event: number; readonly vector: Vector }>();
  const found: Violation[] = [];
  for (const event of events) {
    apply(state, event.changes);
    const live = new Map(armed(view, state).map((vector) => [`${vector.device}/${vector.index}`, vector]));
    for (const [key, begun] of open) {
      const now = live.get(key);
      if (now === undefined) open.delete(key);
      else if (mapped(view, state, now)) {
        open.delete(key);
        const moved = now.address !== begun.vector.address;
        found.push({
          invariant: 'I10',
          form: 'gap',
          message: `vector ${now.index} of ${now.device} is live with address ${hex(begun.vector.address)}, which is not mapped, until ${moved ? `it is overwritten with ${hex(now.address)}` : 'the page is mapped'}`,
          event: begun.event,
          causes: causes(event.index, begun.event),
          why: [
            {
              text: `Between the two events a message of the device goes to ${hex(begun.vector.address)} and is lost in a fault.`,
              reference: 'Arm SMMUv3 specification, F_TRANSLATION',
            },
            {
              text: 'The doorbell is mapped first, and the message written then, before the vector is enabled or unmasked.',
              reference: 'Documentation/PCI/msi-howto.rst',
            },
          ],
        });
      }
    }
    for (const [key, vector] of live)
      if (
        !open.has(key) &&
        translated(step, vector.device) &&
        view.agents.some((agent) => agent.kind === 'guest' && agent.requesterIds.includes(requester(vector.device))) &&
        !mapped(view, state, vector)
      )
        open.set(key, { event: event.index, vector });
  }
  return found;
}

/** The door goes while a vector that uses it is live, or the domain goes while one of its devices has live vectors. */
function closedTooEarly(view: RunView, events: readonly TraceEvent[], state: Values): Violation[] {
  const found: Violation[] = [];
  for (const event of events) {
    const live = armed(view, state);
    const homes = new Map(live.map((vector) => [vector, state.get(`devices/${vector.device}/domain`)]));
    for (const change of event.changes) {
      const map = /^domains\/([^/]+)\/maps\/(0x[0-9a-f]+)$/.exec(change.path);
      if (map === null || change.after !== null) continue;
      const user = live.find(
        (vector) => String(homes.get(vector)) === map[1] && pageOf(view, vector.address) === Number(map[2]),
      );
      if (user !== undefined)
        found.push({
          invariant: 'I10',
          message: `the doorbell at IOVA ${map[2]} is unmapped while vector ${user.index} of ${user.device} is still enabled and not masked`,
          event: event.index,
          causes: causes(event.index, programmedBy(view.events, requester(user.device), user.index, event.index)),
          why: [
            {
              text: 'The device may send at any moment until it is masked or disabled; its message then faults, or meets what is mapped there next.',
              reference: 'Documentation/PCI/msi-howto.rst, pci_free_irq_vectors()',
            },
          ],
        });
    }
    apply(state, event.changes);
  }
  return found;
}

/** An interrupt goes back to its controller while its handler is still registered. */
function freedUnderHandler(events: readonly TraceEvent[], state: Values): Violation[] {
  const found: Violation[] = [];
  for (const event of events) {
    for (const change of event.changes) {
      const match = /^devices\/([^/]+)\/vectors\/(\d+)\/address$/.exec(change.path);
      if (match === null || change.after !== null) continue;
      const handler = `devices/${match[1]}/vectors/${match[2]}/handler`;
      if (yes(state.get(handler)))
        found.push({
          invariant: 'I10',
          message: `vector ${match[2]} of ${match[1]} is freed while its handler is still registered`,
          event: event.index,
          causes: causes(event.index),
          why: [
            {
              text: 'The handler is freed first: free_irq() waits for handlers that still run, and freeing a vector in use is a bug that the core reports.',
              reference: 'Documentation/PCI/msi-howto.rst',
            },
          ],
        });
    }
    apply(state, event.changes);
  }
  return found;
}

/**
 * I10: mapped before programmed, masked or disabled before unmapped, handler freed before its vector. A vector that never gets a
 * mapping is I3's: here everything needed is done, and in the wrong order. One finding for each kind of disorder in a step.
 */
export const order: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.run !== 'done' || step.undecided.length > 0) return [];
  const events = view.events.slice(step.firstEvent, step.lastEvent + 1);
  const start = (): Values => new Map(Object.entries(step.stateBefore));
  return [
    ...programmedTooEarly(view, step, events, start()).slice(0, 1),
    ...closedTooEarly(view, events, start()).slice(0, 1),
    ...freedUnderHandler(events, start()).slice(0, 1),
  ];
};
