/**
 * Widths and signs of the integer types kernel code uses, and of the expressions of one function. In: a program, the structures
 * known around it. Out: what type an expression has, or null where it cannot be told. `long`, pointers and sizes count 64 bits.
 */
import type { Expression, Program } from '../../code/types';
import type { Surroundings } from './types';

export interface IntegerType {
  readonly bits: 1 | 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** 64 bits on 32-bit kernels too. */
  readonly always: boolean;
}

const named = (bits: IntegerType['bits'], signed: boolean, always = true): IntegerType => ({ bits, signed, always });

const TYPES: ReadonlyMap<string, IntegerType> = new Map([
  ...['u8', '__u8', 'uint8_t', 'unsigned char'].map((name) => [name, named(8, false)] as const),
  ...['s8', '__s8', 'signed char'].map((name) => [name, named(8, true)] as const),
  ...['u16', '__u16', 'uint16_t', 'unsigned short', '__le16', '__be16'].map(
    (name) => [name, named(16, false)] as const,
  ),
  ...['s16', '__s16', 'short'].map((name) => [name, named(16, true)] as const),
  ...['u32', '__u32', 'uint32_t', 'unsigned int', 'unsigned', 'uint', '__le32', '__be32', 'gfp_t', 'ioasid_t'].map(
    (name) => [name, named(32, false)] as const,
  ),
  ...['s32', '__s32', 'int32_t', 'int', 'signed', 'signed int'].map((name) => [name, named(32, true)] as const),
  ...['u64', '__u64', 'uint64_t', 'unsigned long long', 'dma_addr_t', 'phys_addr_t', 'resource_size_t'].map(
    (name) => [name, named(64, false)] as const,
  ),
  ...['gpa_t', 'gfn_t', 'hpa_t', 'hfn_t', 'gva_t', '__le64', '__be64'].map((name) => [name, named(64, false)] as const),
  ...['s64', '__s64', 'int64_t', 'long long', 'loff_t'].map((name) => [name, named(64, true)] as const),
  ...['unsigned long', 'size_t', 'uintptr_t', 'irq_hw_number_t'].map(
    (name) => [name, named(64, false, false)] as const,
  ),
  ...['long', 'ssize_t', 'long int', 'intptr_t'].map((name) => [name, named(64, true, false)] as const),
  ...['bool', '_Bool'].map((name) => [name, named(1, false)] as const),
]);

const INT = named(32, true);

/** The type a declaration names: `const u32` gives 32 bits without a sign; pointers, structures and what is not listed give null. */
export function integerType(written: string): IntegerType | null {
  const bare = written
    .replace(/\b(?:const|volatile|register|__user|__iomem|__maybe_unused)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return TYPES.get(bare) ?? null;
}

/** The name of the structure that a type is, or points to: `struct vfio_dma *` gives `vfio_dma`. */
export function structureOf(written: string): string | null {
  return /^(?:const )?(?:struct|union) (\w+)(?: \*)?$/.exec(written.trim())?.[1] ?? null;
}

/** The types a program declares: name → type as written; null for a name that means two things in it. */
export function declaredTypes(program: Program): ReadonlyMap<string, string | null> {
  const known = declared.get(program);
  if (known !== undefined) return known;
  const types = new Map<string, string | null>();
  const note = (name: string, type: string, array: boolean) => {
    const written = array ? `${type} []` : type;
    types.set(name, types.has(name) && types.get(name) !== written ? null : written);
  };
  for (const parameter of program.parameters) note(parameter.name, parameter.type, parameter.array !== null);
  for (const node of program.nodes)
    if (node.kind === 'declare') note(node.variable.name, node.variable.type, node.variable.array !== null);
  declared.set(program, types);
  return types;
}
const declared = new WeakMap<Program, ReadonlyMap<string, string | null>>();

/** The type as written of a name, a field or an element; null where it cannot be told. */
export function writtenType(expression: Expression, program: Program, around: Surroundings): string | null {
  if (expression.kind === 'cast') return expression.type;
  if (expression.kind === 'name') return declaredTypes(program).get(expression.name) ?? null;
  if (expression.kind === 'unary' && expression.operator === '*') {
    const of = writtenType(expression.operand, program, around);
    return of?.endsWith(' *') ? of.slice(0, -2) : null;
  }
  if (expression.kind === 'index') {
    const of = writtenType(expression.base, program, around);
    if (of?.endsWith(' []')) return of.slice(0, -3);
    return of?.endsWith(' *') ? of.slice(0, -2) : null;
  }
  if (expression.kind === 'field') {
    const of = writtenType(expression.base, program, around);
    const structure = of === null ? null : around.structures.get(structureOf(of) ?? '');
    return structure?.fields.find((field) => field.name === expression.field)?.type ?? null;
  }
  if (expression.kind === 'call' && expression.target.kind === 'name')
    return around.programs.get(expression.target.name)?.returns ?? null;
  return null;
}

function literal(text: string): IntegerType {
  const suffix = /[uUlL]+$/.exec(text)?.[0].toLowerCase() ?? '';
  const wide = suffix.includes('l') || Number(text.replace(/[uUlL]+$/, '')) > 0xffffffff;
  return named(wide ? 64 : 32, !suffix.includes('u'), suffix.includes('ll') || !suffix.includes('l'));
}

/** The type of a calculation of two: the wider one, and on equal width the one without a sign. */
function common(a: IntegerType | null, b: IntegerType | null): IntegerType | null {
  if (a === null || b === null) return null;
  const left = a.bits < 32 ? INT : a;
  const right = b.bits < 32 ? INT : b;
  if (left.bits !== right.bits) return left.bits > right.bits ? left : right;
  return { bits: left.bits, signed: left.signed && right.signed, always: left.always || right.always };
}

/** The integer type an expression is calculated in; null where it cannot be told. */
export function typeOf(expression: Expression, program: Program, around: Surroundings): IntegerType | null {
  switch (expression.kind) {
    case 'number':
      return literal(expression.text);
    case 'sizeof':
      return named(64, false, false);
    case 'conditional':
      return common(typeOf(expression.then, program, around), typeOf(expression.otherwise, program, around));
    case 'unary':
      if (expression.operator === '!') return INT;
      if (expression.operator === '-' || expression.operator === '~' || expression.operator === '+')
        return common(typeOf(expression.operand, program, around), INT);
      break;
    case 'binary':
      if (/^(?:==|!=|<|>|<=|>=|&&|\|\|)$/.test(expression.operator)) return INT;
      if (expression.operator === '<<' || expression.operator === '>>')
        return common(typeOf(expression.left, program, around), INT);
      return common(typeOf(expression.left, program, around), typeOf(expression.right, program, around));
    case 'name': {
      const constant = around.constants?.get(expression.name);
      // Constants of constants are not followed: two may name each other.
      if (constant !== undefined) return typeOf(constant, program, { ...around, constants: new Map() });
      break;
    }
    default:
      break;
  }
  const written = writtenType(expression, program, around);
  return written === null ? null : integerType(written);
}
