import { successors } from '../../code/lower';
import type { Program, ProgramNode } from '../../code/types';
import { expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { MISMATCHED_RELEASE, READY_AFTER_INSTALL } from '../catalog-lifetime';
import { type Doing, doings, named, written } from './calls';
import { explore } from './explore';
import type { PathRule, RuleHit } from './types';

/** What comes from one of `takes` goes back by one of `gives`; the other families' `gives` do not know it. */
interface Family {
  readonly takes: RegExp;
  readonly gives: RegExp;
  /** How it goes back, for the message. */
  readonly by: string;
}

/** Families of one group are easily exchanged; what is of no family is of no interest. */
const GROUPS: readonly (readonly Family[])[] = [
  [
    { takes: /^dma_map_single(?:_attrs)?$/, gives: /^dma_unmap_single(?:_attrs)?$/, by: 'dma_unmap_single()' },
    { takes: /^dma_map_page(?:_attrs)?$/, gives: /^dma_unmap_page(?:_attrs)?$/, by: 'dma_unmap_page()' },
    { takes: /^dma_map_resource$/, gives: /^dma_unmap_resource$/, by: 'dma_unmap_resource()' },
  ],
  [
    {
      takes: /^k[mzc]alloc(?:_node|_array)?$|^kmemdup$|^kstrdup$|^kasprintf$/,
      gives: /^(?:kfree\w*|kvfree)$/,
      by: 'kfree()',
    },
    { takes: /^v[mz]alloc(?:_node|_user|_32)?$/, gives: /^(?:vfree|kvfree)$/, by: 'vfree()' },
    { takes: /^kv[mzc]alloc(?:_node|_array)?$/, gives: /^kvfree\w*$/, by: 'kvfree()' },
    { takes: /^(?:__get_free_pages?|get_zeroed_page)$/, gives: /^free_pages?(?:_exact)?$/, by: 'free_pages()' },
    { takes: /^alloc_pages?(?:_node)?$/, gives: /^(?:__free_pages?|put_page)$/, by: '__free_pages()' },
    {
      takes: /^dma_alloc_(?:coherent|attrs|wc)$/,
      gives: /^dma_free_(?:coherent|attrs|wc)$/,
      by: 'dma_free_coherent()',
    },
    { takes: /^(?:ioremap\w*|of_iomap|pci_iomap)$/, gives: /^(?:iounmap|pci_iounmap)$/, by: 'iounmap()' },
  ],
];

interface Given {
  readonly text: string;
  readonly call: string;
  readonly family: Family;
  readonly group: readonly Family[];
  readonly at: Place;
}

function takenBy(doing: Doing): Given | null {
  if (!doing.direct || doing.into === null) return null;
  for (const group of GROUPS) {
    const family = group.find((one) => one.takes.test(doing.name));
    if (family !== undefined) return { text: print(doing.into), call: doing.name, family, group, at: doing.call.at };
  }
  return null;
}

/** Something goes back by the call of another family than the one it came from. */
export const mismatchedReleaseRule: PathRule = (program) => {
  if (!program.nodes.some((node) => doings(node).some((doing) => takenBy(doing) !== null))) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<Place>();
  explore<readonly Given[]>(program, {
    initial: [],
    key: (state) => state.map((one) => `${one.text}${one.call}`).join(),
    unseen: () => [],
    step(state, node) {
      let known = state;
      for (const doing of doings(node)) {
        const one = doing.direct
          ? known.find((other) => doing.call.args.some((arg) => named(arg) === other.text))
          : undefined;
        const other = one?.group.find((family) => family.gives.test(doing.name));
        if (
          one !== undefined &&
          other !== undefined &&
          !one.family.gives.test(doing.name) &&
          !seen.has(doing.call.at)
        ) {
          seen.add(doing.call.at);
          hits.push(say(one, doing));
        }
      }
      const writes = written(node);
      known = known.filter((one) => !writes.includes(one.text));
      for (const doing of doings(node)) {
        const given = takenBy(doing);
        if (given !== null) known = [...known.filter((one) => one.text !== given.text), given];
      }
      return known;
    },
  });
  return hits;
};

function say(one: Given, doing: Doing): RuleHit {
  return {
    rule: MISMATCHED_RELEASE,
    at: doing.call.at,
    message: `${doing.name}() gives back ${one.text}, which came from ${one.call}()`,
    key: `${one.text}|${doing.name}`,
    why: [{ text: `what ${one.call}() gives goes back by ${one.family.by}`, reference: null }],
    related: [{ at: one.at, message: `${one.text} comes from ${one.call}() here` }],
  };
}

/** Installs a handler: which arguments are the handler and what it is given. */
const INSTALLS: Readonly<Record<string, readonly [handler: number, data: number]>> = {
  request_irq: [1, 4],
  request_threaded_irq: [1, 5],
  request_any_context_irq: [1, 4],
};

/** A handler may run as soon as it is installed: what it reads has to be there by then. */
export const readyAfterInstallRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries())
    for (const doing of doings(node)) {
      const places = doing.direct ? INSTALLS[doing.name] : undefined;
      const handler = places === undefined ? undefined : doing.call.args[places[0]];
      const data = places === undefined ? undefined : doing.call.args[places[1]];
      if (handler?.kind !== 'name' || data === undefined) continue;
      const body = programs.get(handler.name);
      if (body === undefined || body.evidence === 'fragment') continue;
      const base = named(data);
      for (const field of fieldsRead(body)) {
        const sets = program.nodes.flatMap((one, at) => (setsField(one, base, field) ? [at] : []));
        const late = sets.filter((at) => at !== index && follows(program, index, at));
        const first = late[0] === undefined ? undefined : program.nodes[late[0]];
        if (first === undefined || sets.length !== late.length) continue;
        hits.push({
          rule: READY_AFTER_INSTALL,
          at: first.at,
          message: `${field} is set here, after ${doing.name}() has installed ${handler.name}(), which reads it`,
          key: `${handler.name}|${field}`,
          why: [
            {
              text: 'an interrupt that comes in between finds it unset',
              reference: 'Documentation/core-api/genericirq.rst',
            },
          ],
          related: [{ at: doing.call.at, message: `${handler.name}() is installed here` }],
        });
      }
    }
  return hits;
};

/** The fields that a handler reads of what it is given, its second argument: `ctx->trigger` after `ctx = arg`. */
function fieldsRead(handler: Program): ReadonlySet<string> {
  const parameter = handler.parameters[1]?.name;
  const names = new Set<string>(parameter === undefined ? [] : [parameter]);
  const fields = new Set<string>();
  for (const node of handler.nodes)
    if (node.kind === 'declare' && node.init !== null && names.has(print(withoutCasts(node.init))))
      names.add(node.variable.name);
  for (const node of handler.nodes)
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind === 'field' && inner.arrow && names.has(print(withoutCasts(inner.base))))
          fields.add(inner.field);
      });
  for (const node of handler.nodes)
    if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.target.kind === 'field')
      fields.delete(node.expression.target.field);
  return fields;
}

function setsField(node: ProgramNode, base: string, field: string): boolean {
  if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return false;
  const { target, value } = node.expression;
  if (target.kind !== 'field' || target.field !== field || named(target.base) !== base) return false;
  // Taking it back is no preparation.
  return !(value.kind === 'number' && value.value === 0) && print(value) !== 'NULL';
}

function follows(program: Program, from: number, to: number): boolean {
  const seen = new Set<number>();
  const start = program.nodes[from];
  const work = start === undefined ? [] : [...successors(start)];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (at === to) return true;
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    work.push(...successors(node));
  }
  return false;
}
