/**
 * The pin interrupt of a PCI function: its line, the handlers on it, and the bit of the command register that keeps it quiet
 * (PCI Local Bus Specification 3.0, 6.2.2: bit 10).
 */
import { requesterName } from '../../scenario/state';
import type { Value } from '../values';
import type { Call, DeviceRecord, Primitive, World } from '../world';
import { effect, incident, injected } from '../world';
import { interrupts } from './interrupts';
import { deviceOf } from './iommu';
import { registersOf } from './pci';

const EBUSY = -16;
const COMMAND = 4;
const INTX_DISABLE = 0x400;
/** Lines of the legacy interrupt controller lie below the numbers that are handed out for messages. */
const FIRST_LINE = 16;
const LAST_LINE = 31;

const handlers = new WeakMap<World, Map<number, Value[]>>();

function handlersOf(world: World): Map<number, Value[]> {
  let of = handlers.get(world);
  if (!of) {
    of = new Map();
    handlers.set(world, of);
  }
  return of;
}

/** The line of the function with this number in the machine's list, when it has a pin. */
export function lineOf(position: number): number {
  return FIRST_LINE + (position % (LAST_LINE - FIRST_LINE + 1));
}

/** How many handlers are on a line. */
export function handlersOn(world: World, line: number): number {
  return handlersOf(world).get(line)?.length ?? 0;
}

const isLine = (value: Value | undefined): value is number =>
  typeof value === 'number' && value >= FIRST_LINE && value <= LAST_LINE;

const request =
  (otherwise: Primitive | undefined): Primitive =>
  (call) => {
    const line = call.args[0];
    if (!isLine(line)) return otherwise?.(call) ?? 0;
    const failed = injected(call);
    if (failed !== null) return failed || EBUSY;
    const of = handlersOf(call.world);
    of.set(line, [...(of.get(line) ?? []), call.args.at(-1) ?? 0]);
    effect(call.world, call.at, `request irq ${line}: the pin has a handler`);
    return 0;
  };

const release =
  (otherwise: Primitive | undefined): Primitive =>
  (call) => {
    const line = call.args[0];
    if (!isLine(line)) return otherwise?.(call) ?? 0;
    const of = handlersOf(call.world);
    const held = of.get(line) ?? [];
    const at = held.indexOf(call.args[1] ?? 0);
    if (at < 0) {
      incident(call.world, 'double-free', `irq ${line} is freed but this handler is not on it`, call.at);
      return 0;
    }
    of.set(line, held.toSpliced(at, 1));
    effect(call.world, call.at, `free irq ${line}: the pin's handler is gone`);
    return 0;
  };

function switchPin(call: Call, device: DeviceRecord, on: boolean): void {
  const { config } = registersOf(device);
  const now = config.get(COMMAND) ?? 0;
  const next = on ? now & ~INTX_DISABLE : now | INTX_DISABLE;
  if (next === now) return;
  config.set(COMMAND, next);
  effect(call.world, call.at, `${requesterName(device.requesterId)}: INTx ${on ? 'allowed' : 'kept quiet'}`);
}

const intx: Primitive = (call) => {
  const device = deviceOf(call.world, call.args[0]);
  if (device !== null && typeof call.args[1] === 'number') switchPin(call, device, call.args[1] !== 0);
  return 0;
};

export const pins: Readonly<Record<string, Primitive>> = {
  request_irq: request(interrupts.request_irq),
  free_irq: release(interrupts.free_irq),
  pci_intx: intx,
  pci_intx_for_msi: intx,
  pci_is_pcie: (call) => {
    const device = deviceOf(call.world, call.args[0]);
    return device === null ? 0 : (call.world.options.functions?.get(device.requesterId)?.express ?? true) ? 1 : 0;
  },
};
