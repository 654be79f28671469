/** A member that is freed and keeps its value, where it was cleared before the patch. In: a function after the patch, and before it. */
import type { Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { NO_LONGER_CLEARED } from '../catalog-handovers';
import { doings, named, readsPlace, written } from './calls';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

/** Gives memory back; which argument it is. */
const FREES: Readonly<Record<string, number>> = {
  kfree: 0,
  kvfree: 0,
  vfree: 0,
  kfree_sensitive: 0,
  free_percpu: 0,
  bitmap_free: 0,
  kmem_cache_free: 1,
  mempool_free: 0,
  eventfd_ctx_put: 0,
  fput: 0,
  dma_free_coherent: 2,
};

interface Freed {
  readonly index: number;
  readonly text: string;
  readonly name: string;
  readonly at: RuleHit['at'];
}

/** The members that a program frees. */
function frees(program: Program): Freed[] {
  return program.nodes.flatMap((node, index) =>
    doings(node).flatMap((doing) => {
      const place = doing.direct && Object.hasOwn(FREES, doing.name) ? FREES[doing.name] : undefined;
      const text = place === undefined ? '' : named(doing.call.args[place]);
      return /(?:->|\.)\w+$/.test(text) ? [{ index, text, name: doing.name, at: doing.call.at }] : [];
    }),
  );
}

/** `p->x` given NULL, 0 or another value; or what it lies in wiped or freed. */
function clears(program: Program, index: number, text: string): boolean {
  const node = program.nodes[index];
  if (node === undefined) return false;
  if (written(node).includes(text)) return true;
  const base = /^(.*?)(?:->|\.)\w+$/.exec(text)?.[1] ?? text;
  const root = /^\w+/.exec(text)?.[0] ?? text;
  return doings(node).some(
    (doing) =>
      /free|release|destroy|put|memset|memzero|init|reset|clear|abort|teardown/.test(doing.name) &&
      doing.call.args.some(
        (arg) =>
          named(arg) === base ||
          named(arg) === root ||
          (named(arg) !== text && print(withoutCasts(arg)) === `&${text}`),
      ),
  );
}

/** A member is freed on a way that ends without it being cleared, and before the patch it was cleared wherever it was freed. */
export const noLongerClearedRule: PathRule = (program, { before }) => {
  const now = frees(program);
  const was = now.length === 0 ? null : (before?.() ?? null);
  if (was === null) return [];
  const earlier = frees(was);
  const hits: RuleHit[] = [];
  for (const one of now) {
    const same = earlier.filter((each) => each.text === one.text);
    const always =
      same.length > 0 &&
      same.every((each) =>
        [...reachBehind(was, each.index)].some((at) =>
          written(was.nodes[at] ?? { kind: 'return', value: null, at: each.at }).includes(one.text),
        ),
      );
    if (!always) continue;
    const behind = [...reachBehind(program, one.index)];
    // What nobody has seen may clear it; so may a helper that is given the object.
    if (behind.some((at) => clears(program, at, one.text) || isGap(program, at))) continue;
    if (
      program.nodes.some(
        (node) =>
          node.kind === 'declare' &&
          readsPlace(one.text, node.variable.name) &&
          node.init === null &&
          !node.variable.type.includes('*'),
      )
    )
      continue;
    hits.push({
      rule: NO_LONGER_CLEARED,
      at: one.at,
      message: `${one.name}(${one.text}) leaves ${one.text} as it is; before the patch it was cleared here`,
      key: one.text,
      why: [
        {
          text: 'the object lives on, and whoever tears it down or tries again finds a pointer to freed memory',
          reference: null,
        },
      ],
      related: same.slice(0, 1).map((each) => ({ at: each.at, message: 'freed and cleared here before' })),
    });
  }
  return hits;
};

function isGap(program: Program, index: number): boolean {
  const node = program.nodes[index];
  return node?.kind === 'unknown' && node.gap === true;
}
