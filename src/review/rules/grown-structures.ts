/**
 * Structures of userspace that grow, and the sizes by which the kernel tells old callers from new ones. In: a patch with what is known of the structures, and
 * functions. Out: hits where the smallest size grows with the structure, and where more is given back than the caller has room for.
 */
import type { Expression, Program, Structure } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ARGSZ_UNCHECKED, UAPI_GROWN } from '../catalog-uapi';
import { declaredTypes, structureOf } from './integer-types';
import { mentions } from './mentions';
import { isAdded, reach, reachBehind } from './reach';
import { operandsOf, scan } from './scan';
import type { PatchHit, PatchRule, PatchView, PathRule, RuleHit } from './types';
import { isUserHeader } from './uapi-text';

const SIZE_FIELD = /^(?:argsz|size|len|length|\w+_(?:size|len))$/;

/** The structure whose whole size an expression is. */
function wholeOf(expression: Expression, program: Program): string | null {
  const inner = withoutCasts(expression);
  if (inner.kind !== 'sizeof') return null;
  if (inner.type !== null) return structureOf(inner.type) ?? declaredStructure(inner.type, program);
  const operand = inner.operand === null ? null : withoutCasts(inner.operand);
  if (operand?.kind === 'name') return declaredStructure(operand.name, program);
  if (operand?.kind !== 'unary' || operand.operator !== '*') return null;
  const pointer = withoutCasts(operand.operand);
  return pointer.kind === 'name' ? declaredStructure(pointer.name, program) : null;
}

const declaredStructure = (name: string, program: Program): string | null => {
  const written = declaredTypes(program).get(name) ?? null;
  return written === null ? null : structureOf(written);
};

/** What a plain name was given, when one statement alone gives it something. */
function onlyValue(program: Program, name: string): Expression | null {
  const values: Expression[] = [];
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.variable.name === name && node.init !== null) values.push(node.init);
  for (const { expression } of scan(program))
    if (expression.kind === 'assign' && print(withoutCasts(expression.target)) === name) values.push(expression.value);
  return values.length === 1 ? (values[0] ?? null) : null;
}

interface Minimum {
  readonly structure: string;
  readonly at: Place;
  readonly text: string;
}

/** `if (op.argsz < minsz) return -EINVAL;` where the least size is that of the whole structure. */
function minimumsIn(program: Program): Minimum[] {
  const found: Minimum[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch' || node.loop) continue;
    for (const part of operandsOf(node.condition, '||')) {
      const one = withoutCasts(part);
      if (one.kind !== 'binary' || !/^(?:<|>|!=)$/.test(one.operator)) continue;
      const sides = one.operator === '>' ? [one.right, one.left] : [one.left, one.right];
      for (const [told, least] of one.operator === '!=' ? [sides, [...sides].reverse()] : [sides]) {
        if (told === undefined || least === undefined) continue;
        const field = withoutCasts(told);
        if (field.kind !== 'field' || !SIZE_FIELD.test(field.field)) continue;
        const size = withoutCasts(least);
        const value = size.kind === 'name' ? onlyValue(program, size.name) : size;
        const structure = value === null ? null : wholeOf(value, program);
        const own = withoutCasts(field.base);
        // The size that is told is that of the structure it stands in.
        if (structure === null || own.kind !== 'name' || declaredStructure(own.name, program) !== structure) continue;
        found.push({ structure, at: node.at, text: printShort(one) });
      }
    }
  }
  return found;
}

/** Members that the patch puts behind older ones of a structure that was there before, where none makes room for them. */
function grownBy(view: PatchView): ReadonlyMap<string, Structure['fields'][number]> {
  const grown = new Map<string, Structure['fields'][number]>();
  for (const file of view.change.files) {
    if (!isUserHeader(file.path) || file.kind !== 'modify') continue;
    for (const hunk of file.hunks)
      for (const [index, line] of hunk.lines.entries()) {
        const head = /^struct\s+(\w+)\s*\{/.exec(line.text)?.[1];
        if (head === undefined || line.kind !== 'context') continue;
        const rest = hunk.lines.slice(index + 1);
        const close = rest.findIndex((one) => one.kind !== 'delete' && /^\}/.test(one.text));
        const inside = close < 0 ? [] : rest.slice(0, close);
        const isField = (text: string): boolean => /^\t[\w\s]+[\s*]\w+(?:\[[^\]]*\])?\s*;/.test(text);
        if (
          inside.some(
            (one) =>
              one.kind === 'delete' &&
              isField(one.text.replace(/\/\*.*$/, '').trimEnd()) &&
              /pad|res|rsvd|unused|data\[/.test(one.text),
          )
        )
          continue;
        const added = inside.filter((one) => one.kind === 'add' && isField(one.text.replace(/\/\*.*$/, '').trimEnd()));
        const name = /(\w+)(?:\[[^\]]*\])?\s*;/.exec(added[0]?.text ?? '')?.[1];
        const structure = view.after.set.structures.get(head);
        const before = view.before.set.structures.get(head);
        // Made by this series: nobody uses it yet.
        if (name === undefined || (before?.at.kind === 'message' && before.at.added)) continue;
        const field = structure?.fields.find((one) => one.name === name);
        if (field !== undefined) grown.set(head, field);
      }
  }
  return grown;
}

/** The least size of an older structure is `sizeof`, and the structure gets new members: callers built before are refused. */
export const minimumGrownRule: PatchRule = (view) => {
  const grown = grownBy(view);
  if (grown.size === 0) return [];
  const hits: PatchHit[] = [];
  for (const touched of view.after.touched) {
    const { program } = touched;
    if (program === null || touched.removed === true) continue;
    for (const minimum of minimumsIn(program)) {
      const field = grown.get(minimum.structure);
      if (field === undefined) continue;
      hits.push({
        rule: UAPI_GROWN,
        at: minimum.at,
        message: `${minimum.text} asks for the whole of struct ${minimum.structure}, which now reaches to ${field.name} and what follows: callers built before pass less`,
        key: `${minimum.structure}|${field.name}`,
        why: [
          {
            text: 'they are refused; the least size stays offsetofend() of the last member that was always there, and new members are read only when the caller has them',
            reference: 'include/uapi/linux/vfio.h: argsz and flags of every structure',
          },
        ],
        related: [{ at: field.at, message: `struct ${minimum.structure} grows here` }],
        file: program.file,
        function: program.name,
      });
    }
  }
  return hits;
};

const isSize = (value: Expression): boolean => {
  const inner = withoutCasts(value);
  return inner.kind === 'sizeof' || (inner.kind === 'call' && /^offsetofend$/.test(calleeOf(inner) ?? ''));
};

/** Does the expression read the size that the caller told? */
function asksSize(expression: Expression): boolean {
  return /(?:->|\.)(?:argsz|user_size|usize)\b|\b(?:argsz|usize|user_size)\b/.test(print(expression));
}

/**
 * `minsz = offsetofend(struct info, ddw);` under a condition that says what the machine can do, and `copy_to_user(arg, &info, minsz)` behind it: nobody asked
 * whether the caller has the room.
 */
export const moreThanRoomRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'do' || !isAdded(node) || node.expression.kind !== 'assign') continue;
    const { operator, target, value } = node.expression;
    const size = withoutCasts(target);
    if (size.kind !== 'name' || !/^\w*(?:minsz|_sz|size|len)$/.test(size.name)) continue;
    if (!(operator === '=' && isSize(value)) && !(operator === '+=' && withoutCasts(value).kind === 'sizeof')) continue;
    const behind = reachBehind(
      program,
      index,
      (one) =>
        one.kind === 'do' &&
        one.expression.kind === 'assign' &&
        print(one.expression.target) === size.name &&
        one.expression.operator === '=',
    );
    const copy = scan(program).find(
      (seen) =>
        behind.has(seen.index) &&
        seen.expression.kind === 'call' &&
        /^_?_?copy_to_user$/.test(calleeOf(seen.expression) ?? '') &&
        print(withoutCasts(seen.expression.args[2] ?? seen.expression)) === size.name,
    );
    if (copy === undefined) continue;
    // The size that was raised is only reached through a condition of this function, which is in sight.
    const guards = program.nodes.flatMap((one, at) =>
      one.kind === 'branch' &&
      !one.loop &&
      reach(program, [one.then]).has(index) &&
      !reach(program, [one.otherwise]).has(index)
        ? [{ condition: one.condition, at }]
        : [],
    );
    if (guards.length === 0) continue;
    // Whatever asks what the caller told, before or after: a test against the same size as it was before is the only one that does not count.
    const first = firstMinimum(program, size.name);
    const asked = program.nodes.some((one, at) =>
      one.kind === 'branch'
        ? asksSize(one.condition) && !(at !== index && one.condition === first && !behind.has(at))
        : one.kind === 'do' && asksSize(one.expression) && !mentionsOnly(one.expression),
    );
    if (asked || guards.some(({ condition }) => mentions(condition, size.name))) continue;
    hits.push({
      rule: ARGSZ_UNCHECKED,
      at: node.at,
      message: `${printShort(size)} grows to ${printShort(value)} whatever the caller has room for, and as much is copied to it`,
      key: print(node.expression),
      why: [
        {
          text: 'a caller that passed the shorter structure gets the rest written over what lies behind it; grow only where argsz covers it',
          reference: 'include/uapi/linux/vfio.h: argsz and flags of every structure',
        },
      ],
      related: [{ at: copy.at, message: 'copied to userspace here' }],
    });
  }
  return hits;
};

/** The condition that holds what the caller told against the size as it first was: `info.argsz < minsz`. */
function firstMinimum(program: Program, size: string): Expression | null {
  const node = program.nodes.find(
    (one) =>
      one.kind === 'branch' &&
      operandsOf(one.condition, '||').some((part) => {
        const inner = withoutCasts(part);
        return inner.kind === 'binary' && /^[<>]$/.test(inner.operator) && asksSize(inner) && mentions(inner, size);
      }),
  );
  return node?.kind === 'branch' ? node.condition : null;
}

/** An assignment to the told size itself: `info.argsz = sizeof(info)` tells how much there is. */
const mentionsOnly = (expression: Expression): boolean =>
  expression.kind === 'assign' && /(?:->|\.)argsz$/.test(print(expression.target)) && !asksSize(expression.value);
