/** Managed objects that nothing will ever find. In: one whole function. Out: hits of class lifetime. */
import type { ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import { ALLOCATED_UNUSED } from '../catalog-lifetime';
import { doings } from './calls';
import { says } from './conditions';
import { reads } from './results';
import type { PathRule, RuleHit } from './types';

/** Of what is not managed it is a leak, which another rule tells. */
const ALLOCATES = /^devm_k(?:[mz]alloc|malloc_array|calloc)$/;

/** An object that is allocated and filled, and that nothing keeps, hands on or gives back. */
export const allocatedUnusedRule: PathRule = (program) => {
  if (program.evidence === 'fragment' || program.nodes.some((node) => node.kind === 'unknown')) return [];
  return program.nodes.flatMap((node, index): RuleHit[] => {
    const doing = node.kind === 'do' || node.kind === 'declare' ? doings(node).at(-1) : undefined;
    const variable = doing?.into?.kind === 'name' ? doing.into.name : null;
    if (doing === undefined || variable === null || !doing.direct || !ALLOCATES.test(doing.name)) return [];
    if (!program.nodes.some((one) => one.kind === 'declare' && one.variable.name === variable)) return [];
    const users = program.nodes.filter((one, at) => at !== index && reads(one, variable));
    const only = (one: ProgramNode): boolean => {
      if (one.kind === 'branch') return says(one.condition, true, variable) !== null && doings(one).length === 0;
      if (one.kind !== 'do' || one.expression.kind !== 'assign' || doings(one).length > 0) return false;
      const target = print(one.expression.target);
      return (
        target.startsWith(`${variable}->`) && !new RegExp(`\\b${variable}\\b(?!->)`).test(print(one.expression.value))
      );
    };
    const filled = users.find((one) => one.kind === 'do');
    if (filled === undefined || !users.every(only)) return [];
    return [
      {
        rule: ALLOCATED_UNUSED,
        at: doing.call.at,
        message: `${variable} is allocated and filled in ${program.name}(), and nothing keeps it: the function has no effect`,
        key: variable,
        why: [{ text: 'no way stores it, returns it or hands it on', reference: null }],
        related: [{ at: filled.at, message: 'filled here' }],
      },
    ];
  });
};
