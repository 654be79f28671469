/**
 * What two things are compared by. In: conditions that a patch takes out and puts in. Out: a test of who owns something that lets
 * nobody’s pass, and a test for the same address space that asks for the same domain.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, print, visit, withoutCasts } from '../../code/walk';
import { OWNER_ABSENT } from '../catalog-isolation';
import { COMPARED_NARROWER } from '../catalog-window';
import { declaredTypes, structureOf } from './integer-types';
import { isAdded } from './reach';
import { bareCondition, errnoOf, operandsOf } from './scan';
import type { PatchHit, PatchRule } from './types';

/** Fields that say whose a thing is. */
const OWNER = /^(?:owner|holder|claimer|claimed_by|user|owned_by)$/;
const REFUSES = /^(?:EPERM|EBUSY|EACCES|EINVAL)$/;

interface Comparison {
  readonly left: Expression;
  readonly right: Expression;
  readonly operator: string;
}

/** All `a == b` and `a != b` of a condition. */
function comparisons(condition: Expression): Comparison[] {
  const found: Comparison[] = [];
  visit(condition, (inner) => {
    if (inner.kind === 'binary' && (inner.operator === '!=' || inner.operator === '=='))
      found.push({ left: withoutCasts(inner.left), right: withoutCasts(inner.right), operator: inner.operator });
  });
  return found;
}

const lastName = (expression: Expression): string =>
  expression.kind === 'field' ? expression.field : expression.kind === 'name' ? expression.name : '';

/** `p && p != q` in a condition: the owner that is asked for, else null. */
function asksOnlyPresent(condition: Expression): Expression | null {
  let found: Expression | null = null;
  visit(condition, (inner) => {
    if (inner.kind !== 'binary' || inner.operator !== '&&') return;
    const all = operandsOf(inner, '&&').map((one) => bareCondition(one));
    for (const one of all) {
      if (one.kind !== 'binary' || one.operator !== '!=') continue;
      const owner = [one.left, one.right]
        .map(withoutCasts)
        .find((side) => OWNER.test(lastName(side)) && side.kind === 'field');
      if (owner !== undefined && all.some((other) => print(withoutCasts(other)) === print(owner))) found = owner;
    }
  });
  return found;
}

/** Does a way of the branch leave with an error at once? */
function refuses(program: Program, from: number): boolean {
  const node = program.nodes[from];
  const errno =
    node?.kind === 'return'
      ? errnoOf(node.value)
      : node?.kind === 'do' && node.expression.kind === 'assign'
        ? errnoOf(node.expression.value)
        : null;
  return errno !== null && REFUSES.test(errno);
}

/** A foreign owner was refused, having none was too; now only the former is. */
export const ownerAbsentRule: PatchRule = ({ after }) => {
  const strict = new Set(
    after.touched.flatMap((one) =>
      (one.before()?.nodes ?? []).flatMap((node) =>
        node.kind === 'branch' &&
        refuses(one.before() as Program, node.then) &&
        asksOnlyPresent(node.condition) === null
          ? comparisons(node.condition).flatMap(({ left, right, operator }) =>
              operator === '!=' ? [left, right].map(lastName).filter((name) => OWNER.test(name)) : [],
            )
          : [],
      ),
    ),
  );
  if (strict.size === 0) return [];
  return after.touched.flatMap(({ program, removed, file, name }): PatchHit[] =>
    program === null || removed
      ? []
      : program.nodes.flatMap((node): PatchHit[] => {
          if (node.kind !== 'branch' || !isAdded(node) || !refuses(program, node.then)) return [];
          const owner = asksOnlyPresent(node.condition);
          if (owner === null || !strict.has(lastName(owner))) return [];
          return [
            {
              rule: OWNER_ABSENT,
              at: node.at,
              message: `${name}() refuses only another ${print(owner)}; one that is not set was refused before and is let through now`,
              why: [
                {
                  text: 'in use with no owner means in use by the kernel’s own drivers: nobody else may claim the devices then',
                  reference: 'iommu_device_use_default_domain() in drivers/iommu/iommu.c',
                },
              ],
              related: [],
              file,
              function: name,
            },
          ];
        }),
  );
};

/** Fields that name what several domains share: ranges are reserved in it, not in the domain. */
const SHARED = /^(?:ioas|iopt|iommu|container|ictx|mm)$/;
const RESERVES = /resv|reserve|msi|iova/;

const sameSense = (a: string, b: string): boolean => {
  const words = (text: string): string => text.replace(/^(?:old|new|cur|prev)_|_(?:old|new|cur|prev)$/g, '');
  return words(a) === words(b) || words(a).endsWith(`_${words(b)}`) || words(b).endsWith(`_${words(a)}`);
};

interface Shared {
  readonly a: string;
  readonly b: string;
  readonly field: string;
}

/** `a->ioas != b->ioas` in lines of a patch. */
const sharedCompared = (text: string): Shared[] =>
  [...text.matchAll(/(\w+)->(\w+)\s*[!=]=\s*(\w+)->(\w+)\b(?!->|\.)/g)].flatMap(
    ([, a = '', field = '', b = '', other]) => (field === other && SHARED.test(field) ? [{ a, b, field }] : []),
  );

/** Two things of one kind were the same when they had the same address space; now when they are one. */
export const comparedNarrowerRule: PatchRule = ({ change, after }) => {
  const linesOf = (kind: 'add' | 'delete'): string =>
    change.files
      .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines))
      .flatMap((line) => (line.kind === kind ? [line.text.trim()] : []))
      .join(' ');
  const added = linesOf('add');
  const old = sharedCompared(linesOf('delete')).filter(
    // The old test is still made in lines that are new.
    ({ field }) => !new RegExp(`(?:->|\\.)${field}\\s*[!=]=|[!=]=\\s*[\\w.>-]+(?:->|\\.)${field}\\b`).test(added),
  );
  if (old.length === 0) return [];
  return after.touched.flatMap(({ program, removed, file, name, before }): PatchHit[] => {
    if (program === null || removed) return [];
    const was = before();
    return program.nodes.flatMap((node): PatchHit[] => {
      if (node.kind !== 'branch' || !isAdded(node)) return [];
      // What it decides: whether ranges are taken or given back.
      const called = program.nodes.flatMap((one) => callsOf(one).map((call) => calleeOf(call) ?? ''));
      if (![name, ...called].some((text) => RESERVES.test(text))) return [];
      for (const { left, right } of comparisons(node.condition)) {
        if (left.kind !== 'name' || right.kind !== 'name') continue;
        const types = declaredTypes(program);
        const kind = structureOf(types.get(left.name) ?? '');
        if (kind === null || kind !== structureOf(types.get(right.name) ?? '')) continue;
        const pair = old.find(
          ({ a, b }) =>
            (sameSense(a, left.name) && sameSense(b, right.name)) ||
            (sameSense(a, right.name) && sameSense(b, left.name)),
        );
        if (pair === undefined) continue;
        const known = was?.nodes.some((one) => one.kind === 'branch' && print(one.condition) === print(node.condition));
        if (known === true) continue;
        return [
          {
            rule: COMPARED_NARROWER,
            at: node.at,
            message: `${pair.a}->${pair.field} and ${pair.b}->${pair.field} were compared, and ${name}() compares ${left.name} and ${right.name}: two of them can share one ${pair.field}`,
            why: [
              {
                text: 'ranges are reserved in what is shared: moving between two that share it must leave them as they are',
                reference: 'iommufd_group_do_replace_reserved_iova() in drivers/iommu/iommufd/device.c',
              },
            ],
            related: [],
            file,
            function: name,
          },
        ];
      }
      return [];
    });
  });
};
