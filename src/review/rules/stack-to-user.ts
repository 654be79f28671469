import type { Expression, Program, Structure } from '../../code/types';
import { calleeOf, print, withoutCasts } from '../../code/walk';
import { STACK_TO_USER } from '../catalog-uapi';
import { integerType, structureOf } from './integer-types';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** Is it the address of the variable? */
const isAddressOf = (expression: Expression | undefined, name: string): boolean => {
  const inner = expression === undefined ? null : withoutCasts(expression);
  return inner?.kind === 'unary' && inner.operator === '&' && print(withoutCasts(inner.operand)) === name;
};

/** Calls whose second argument goes to userspace, as many bytes of it as the third says. */
const COPIES_OUT = /^(?:copy_to_user|vfio_info_add_capability)$/;

/** Where bytes of the structure stay as they were on the stack: a field never set, or a hole of the layout; null when there are none. */
function leftover(structure: Structure, set: ReadonlySet<string>): string | null {
  let offset = 0;
  let widest = 1;
  // Behind a field of unknown size no hole can be told.
  let told = true;
  for (const field of structure.fields) {
    if (field.name.includes('.')) continue;
    if (!set.has(field.name)) return `${field.name} is never set`;
    const type = integerType(field.type);
    if (type === null) told = false;
    if (type === null || !told) continue;
    const size = type.bits === 1 ? 1 : type.bits / 8;
    if (offset % size !== 0) return `the bytes before ${field.name} are never set`;
    offset += size;
    widest = Math.max(widest, size);
  }
  return !told || offset % widest === 0 ? null : 'the bytes behind the last field are never set';
}

/** A structure on the stack is copied to userspace though not all of it was ever set. */
export const stackToUserRule: PathRule = (program, { structures }) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'declare' || node.init !== null || node.variable.array !== null) continue;
    const { name } = node.variable;
    const structure = structures.get(structureOf(node.variable.type) ?? '');
    if (structure === undefined || node.variable.type.endsWith('*')) continue;
    if (program.nodes.filter((one) => one.kind === 'declare' && one.variable.name === name).length > 1) continue;
    const what = uses(program, name);
    if (what.copied === null || what.whole) continue;
    const left = leftover(structure, what.fields);
    if (left === null) continue;
    hits.push({
      ...localHit(
        STACK_TO_USER,
        what.copied,
        `struct ${structure.name} goes to userspace from the stack, and ${left}`,
        'what the stack held before is read by userspace',
        'Documentation/process/botching-up-ioctls.rst: clear structures before they are filled',
      ),
      related: [{ at: node.at, message: `${name} is declared without a value` }],
    });
  }
  return hits;
};

/** The member whose address is taken where it may stand for the whole: `&cap.header`. Null for anything else. */
function structureOfFirst(expression: Expression | undefined, name: string): string | null {
  const inner = expression === undefined ? null : withoutCasts(expression);
  const of = inner?.kind === 'unary' && inner.operator === '&' ? withoutCasts(inner.operand) : null;
  return of?.kind === 'field' && print(of.base) === name && /^(?:header|hdr|h)$/.test(of.field) ? of.field : null;
}

/** How the variable is filled and where it is copied out whole. */
function uses(
  program: Program,
  name: string,
): { readonly copied: RuleHit['at'] | null; readonly whole: boolean; readonly fields: ReadonlySet<string> } {
  const fields = new Set<string>();
  let copied: RuleHit['at'] | null = null;
  let whole = false;
  for (const { expression, at } of scan(program)) {
    if (expression.kind === 'assign') {
      const target = withoutCasts(expression.target);
      if (target.kind === 'name' && target.name === name) whole = true;
      if (target.kind === 'field' && print(target.base) === name) fields.add(target.field);
      // `cap.header.id = …` fills the header, as far as anyone sees.
      if (target.kind === 'field' && target.base.kind === 'field') {
        if (print(target.base.base) === name) fields.add(target.base.field);
        else whole = true;
      }
      if (isAddressOf(expression.value, name)) whole = true;
    }
    if (expression.kind !== 'call') continue;
    const first = structureOfFirst(expression.args[1], name);
    const place = first === null ? expression.args.findIndex((arg) => isAddressOf(arg, name)) : 1;
    if (first !== null) fields.add(first);
    if (COPIES_OUT.test(calleeOf(expression) ?? '') && place === 1) {
      const size = expression.args[2];
      const text = size === undefined ? '' : print(size);
      if (text === `sizeof(${name})` || /^sizeof\(struct \w+\)$/.test(text)) copied ??= at;
    } else if (place >= 0) whole = true;
    // A field that goes out by its address is filled elsewhere.
    for (const arg of expression.args) {
      const inner = withoutCasts(arg);
      if (
        inner.kind === 'unary' &&
        inner.operator === '&' &&
        inner.operand.kind === 'field' &&
        print(inner.operand.base) === name
      )
        fields.add(inner.operand.field);
      if (inner.kind === 'field' && print(inner.base) === name) fields.add(inner.field);
    }
  }
  return { copied, whole, fields };
}
