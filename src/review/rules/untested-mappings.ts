/** DMA mappings that nobody asks `dma_mapping_error()` about. In: a function known in full. */
import { callsOf, expressionsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import { MAPPING_UNTESTED } from '../catalog-lifetime';
import { doings } from './calls';
import { variablesOf } from './flow';
import { askedIn } from './reads';
import type { PathRule, RuleHit } from './types';

/** Names of helpers that may ask in the function's stead. */
const MAY_ASK = /mapping_error|valid|check|verify/;

/** A mapping in a variable of the function that is used, and of which nothing in the function asks whether it failed. */
export const untestedMappingRule: PathRule = (program) => {
  if (program.evidence !== 'full' || program.nodes.some((node) => node.kind === 'unknown')) return [];
  const locals = variablesOf(program);
  return program.nodes.flatMap((node) =>
    doings(node).flatMap((doing): RuleHit[] => {
      if (!doing.direct || doing.into === null || node.kind === 'branch') return [];
      if (primitive(doing.name)?.fails.includes('DMA_MAPPING_ERROR') !== true) return [];
      const into = print(doing.into);
      if (doing.into.kind !== 'name' || !locals.has(into)) return [];
      const names = new Set([into]);
      for (const one of program.nodes)
        if (one.kind === 'do' && one.expression.kind === 'assign' && namesIn(one.expression.value).has(into))
          names.add(print(withoutCasts(one.expression.target)));
      const mentions = (text: string): boolean => [...names].some((name) => text === name);
      const asked = program.nodes.some(
        (one) =>
          [...askedIn(one)].some(mentions) ||
          callsOf(one).some(
            (call) =>
              MAY_ASK.test(print(call.target)) &&
              call.args.some((arg) => [...namesIn(arg)].some((name) => names.has(name))),
          ) ||
          (one.kind === 'return' &&
            one.value !== null &&
            [...names].some((name) => namesIn(one.value ?? { kind: 'name', name: '' }).has(name))),
      );
      const user = program.nodes.find(
        (one) => one !== node && expressionsOf(one).some((expression) => namesIn(expression).has(into)),
      );
      if (asked || user === undefined) return [];
      return [
        {
          rule: MAPPING_UNTESTED,
          at: doing.call.at,
          message: `nothing asks dma_mapping_error() whether ${doing.name}() gave ${into} an address`,
          key: `${into}|${doing.name}`,
          why: [
            {
              text: 'without an IOMMU or with a full one the mapping fails, and the device is given an address that is none',
              reference: 'Documentation/core-api/dma-api-howto.rst',
            },
          ],
          related: [{ at: user.at, message: `${into} is used here` }],
        },
      ];
    }),
  );
};
