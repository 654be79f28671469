/**
 * The domain of a device taken for one of the driver's own paging domains. In: functions of a patch. Out: hits of class described where nothing asks for
 * its kind first.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { DOMAIN_KIND } from '../catalog-contracts';
import { doings, written } from './calls';
import { isAdded, reach } from './reach';
import type { PatchHit, PatchRule } from './types';

/** v6.7: identity and blocked domains became static objects that are no driver's structure. */
const STATIC_DOMAINS = Date.UTC(2023, 10, 1);

/** Give whatever domain the device is attached to. */
const GIVES = /^(?:iommu_get_domain_for_dev(?:_pasid)?|iommu_driver_get_domain_for_dev)$/;
/** Make the driver's structure of it, by `container_of()`. */
const MAKES = /^container_of(?:_const)?$|^to_\w*domain\w*$|(?:^|_)domain_to_\w+$|^\w+_to_\w*domain$/;
/** Ask what kind of domain it is. */
const ASKS = /(?:^|_)(?:is|has)_|paging|nested|identity|blocked|(?:^|_)type(?:_|$)|owner/;
const KIND = /^(?:type|ops|owner|cookie_type)$/;

const isIt = (expression: Expression | undefined, domain: string): boolean =>
  expression !== undefined && print(withoutCasts(expression)) === domain;

/** Does the node ask for the kind of the domain: `d->type`, `d->ops`, `d == &static_domain`, `is_paging(d)`? */
function asks(node: ProgramNode, domain: string): boolean {
  let found = false;
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind === 'field' && KIND.test(inner.field) && isIt(inner.base, domain)) found = true;
      if (inner.kind === 'call' && ASKS.test(calleeOf(inner) ?? '') && inner.args.some((arg) => isIt(arg, domain)))
        found = true;
      if (
        inner.kind === 'binary' &&
        /^[!=]=$/.test(inner.operator) &&
        [inner.left, inner.right].some((one) => isIt(one, domain))
      ) {
        const other = isIt(inner.left, domain) ? inner.right : inner.left;
        const bare = withoutCasts(other);
        if (!(bare.kind === 'number' && bare.value === 0)) found = true;
      }
    });
  return found;
}

interface Made {
  readonly name: string;
  readonly node: ProgramNode;
}

/** The first node that makes the driver's structure of the domain, on ways from `starts` on which nobody asked. */
function madeOf(program: Program, starts: readonly number[], domain: string): Made | null {
  const way = reach(
    program,
    starts,
    (node) => node.kind === 'unknown' || asks(node, domain) || written(node).includes(domain),
  );
  for (const index of [...way].sort((a, b) => a - b)) {
    const node = program.nodes[index];
    if (node === undefined || asks(node, domain)) continue;
    for (const { name, call } of doings(node))
      if (MAKES.test(name) && isIt(call.args[0], domain)) return { name, node };
  }
  return null;
}

function sourcesIn(program: Program): { readonly source: string; readonly domain: string; readonly made: Made }[] {
  return program.nodes.flatMap((node, index) => {
    for (const { name, into, call } of doings(node)) {
      if (!GIVES.test(name)) continue;
      // `to_door_domain(iommu_get_domain_for_dev(dev))`
      const around = doings(node).find((one) => MAKES.test(one.name) && one.call.args[0] === call);
      if (around !== undefined) return [{ source: name, domain: `${name}()`, made: { name: around.name, node } }];
      if (into?.kind !== 'name' || !('next' in node)) continue;
      const made = madeOf(program, [node.next], into.name);
      if (made !== null && index >= 0) return [{ source: name, domain: into.name, made }];
    }
    return [];
  });
}

export const domainKindRule: PatchRule = ({ message, after }) => {
  if (message.date === null || message.date < STATIC_DOMAINS) return [];
  return after.touched.flatMap(({ program, file, name }): PatchHit[] => {
    if (program === null) return [];
    return sourcesIn(program).flatMap(({ source, domain, made }): PatchHit[] => {
      const helper = after.set.programs.get(made.name);
      if (!isAdded(made.node) || helper?.nodes.some((node) => asks(node, helper.parameters[0]?.name ?? ''))) return [];
      return [
        {
          rule: DOMAIN_KIND,
          at: made.node.at,
          message: `${domain === `${source}()` ? `what ${domain} gives` : domain} may be an identity, blocked or nested domain, and ${made.name}() takes it for a paging domain of the driver`,
          key: `${source}|${made.name}`,
          why: [
            {
              text: `${source}() gives whatever the device is attached to; static domains are part of no structure of the driver, and container_of() on them leads to foreign memory`,
              reference: 'include/linux/iommu.h: iommu_domain type, __IOMMU_DOMAIN_PAGING',
            },
          ],
          related: [],
          file,
          function: name,
        },
      ];
    });
  });
};
