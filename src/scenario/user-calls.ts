/**
 * The calls that a scenario's user makes itself (`ioctl` steps): words made numbers, answers kept for later calls.
 * In: a scenario's calls, the host they are made on. Out: what the host is asked; what came back and should not have.
 */
import type { FileCall, StageInput } from '../host/host';
import { IOMMUFD_FILE } from '../host/iommufd-stages';
import { fieldsOf } from '../host/layout';
import { USER_BASE } from '../host/primitives/iommu';
import type { ProgramSet } from '../host/types';
import type { Scenario, UserCall } from './types';
import { hex } from './view';
import type { AskedHost } from './world';

export interface UserCalls {
  /** The call on the host's side; null when the design has no such command. */
  made(call: UserCall, input: StageInput): FileCall | null;
  /** After a call that succeeded: keeps what later calls ask for; sentences on what it gave and should not have. */
  given(call: UserCall, agent: string): readonly string[];
}

/** Fields of a named call that another call asks for. */
function wantedOf(scenario: Scenario, name: string): readonly string[] {
  return scenario.steps.flatMap((step) =>
    Object.values(step.call?.fields ?? {}).flatMap((value) =>
      typeof value === 'string' && value.startsWith(`${name}.`) ? [value.slice(name.length + 1)] : [],
    ),
  );
}

export function userCalls(scenario: Scenario, { observed }: AskedHost, set: ProgramSet): UserCalls {
  const kept = new Map<string, number>();
  const number = (value: number | string, input: StageInput): number => {
    if (typeof value === 'number') return value;
    if (value === 'iommufd') return IOMMUFD_FILE;
    if (value === 'space') return observed?.space(input.agent, 0) ?? 0;
    if (value === 'memory') return USER_BASE + input.physical;
    // A call that gave nothing: 0 is no object's number.
    return kept.get(`${input.agent}/${value}`) ?? 0;
  };
  return {
    made(call, input) {
      if (
        observed === undefined ||
        !set.constants.has(call.command) ||
        (call.type !== undefined && fieldsOf(set, call.type) === null)
      )
        return null;
      if (call.file === 'iommufd' && !set.programs.has('iommufd_fops_ioctl')) return null;
      const fields = Object.fromEntries(
        Object.entries(call.fields).map(([name, value]) => [name, number(value, input)]),
      );
      const argument = call.type === undefined ? (call.value ?? 0) : { type: call.type, fields };
      return { call: 'ioctl', file: call.file, command: call.command, argument };
    },
    given(call, agent) {
      if (call.as !== undefined)
        for (const field of wantedOf(scenario, call.as))
          kept.set(`${agent}/${call.as}.${field}`, observed?.answer(agent, field) ?? 0);
      return Object.entries(call.gives ?? {}).flatMap(([field, wanted]) => {
        const found = observed?.answer(agent, field) ?? null;
        return found === wanted
          ? []
          : [`gives ${field} ${found === null ? 'unknown' : hex(found)}, the scenario needs ${hex(wanted)}`];
      });
    },
  };
}
