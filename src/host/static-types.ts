/**
 * The C type of an expression, as far as declarations in sight tell: needed where a number leaves the range in which
 * all integer types agree, and for sizes. In: an expression and the frame's declared types. Out: a type's text.
 */
import type { Expression } from '../code/types';
import type { IntegerType } from './integers';
import { commonType, INT, integerType, LONG, promote, UINT, ULONG } from './integers';
import { fieldType, pointee } from './layout';
import type { ProgramSet } from './types';

export type TypesInSight = ReadonlyMap<string, string>;

/** Type as written, blanks folded; empty when nothing says it. */
export function typeOf(set: ProgramSet, types: TypesInSight, of: Expression): string {
  switch (of.kind) {
    case 'name':
      return types.get(of.name) ?? set.globals?.get(of.name)?.variable.type ?? '';
    case 'field':
      return fieldType(set, typeOf(set, types, of.base), of.field);
    case 'index': {
      const base = typeOf(set, types, of.base);
      const array = /\s*\[[^\]]*\]$/.exec(base);
      return array ? base.slice(0, array.index) : pointee(base);
    }
    case 'cast':
      return of.type;
    case 'call':
      return of.target.kind === 'name'
        ? (set.programs.get(of.target.name)?.returns ?? RESULT_TYPES[of.target.name] ?? '')
        : '';
    case 'unary':
      if (of.operator === '*') return pointee(typeOf(set, types, of.operand));
      if (of.operator === '&') {
        const inner = typeOf(set, types, of.operand);
        return inner ? `${inner} *` : '';
      }
      return '';
    case 'assign':
      return typeOf(set, types, of.target);
    case 'conditional':
      return typeOf(set, types, of.then) || typeOf(set, types, of.otherwise);
    default:
      return '';
  }
}

const RESULT_TYPES: Readonly<Record<string, string>> = {
  lower_32_bits: 'u32',
  upper_32_bits: 'u32',
  iova_dma_addr: 'dma_addr_t',
  iova_pfn: 'unsigned long',
  iova_shift: 'unsigned long',
  iommu_iova_to_phys: 'phys_addr_t',
  iommu_unmap: 'size_t',
  readl: 'u32',
  readl_relaxed: 'u32',
  atomic_read: 'int',
};

/** The integer type an expression has in arithmetic; null when unknown. */
export function integerTypeOf(set: ProgramSet, types: TypesInSight, of: Expression): IntegerType | null {
  switch (of.kind) {
    case 'number':
      return literalType(of.value, of.text);
    case 'sizeof':
      return ULONG;
    case 'binary': {
      if (['<', '>', '<=', '>=', '==', '!=', '&&', '||'].includes(of.operator)) return INT;
      const left = integerTypeOf(set, types, of.left);
      if (of.operator === '<<' || of.operator === '>>') return left === null ? null : promote(left);
      const right = integerTypeOf(set, types, of.right);
      if (left === null && right === null) return null;
      if (left === null || right === null) {
        const known = left ?? right;
        return known?.bits === 64 && !known.signed ? known : null;
      }
      return commonType(left, right);
    }
    case 'unary': {
      if (of.operator === '!') return INT;
      if (of.operator === '*' || of.operator === '&') break;
      const inner = integerTypeOf(set, types, of.operand);
      return inner === null ? null : promote(inner);
    }
    case 'conditional': {
      const then = integerTypeOf(set, types, of.then);
      const otherwise = integerTypeOf(set, types, of.otherwise);
      return then && otherwise ? commonType(then, otherwise) : (then ?? otherwise);
    }
    case 'update':
      return integerTypeOf(set, types, of.target);
    case 'comma': {
      const last = of.items.at(-1);
      return last ? integerTypeOf(set, types, last) : null;
    }
    default:
      break;
  }
  const type = typeOf(set, types, of);
  if (type === '') return null;
  return type.includes('*') ? ULONG : integerType(type);
}

function literalType(value: number, text: string): IntegerType {
  const suffix = /[uUlL]+$/.exec(text)?.[0].toLowerCase() ?? '';
  const unsigned = suffix.includes('u');
  if (suffix.includes('l')) return unsigned ? ULONG : LONG;
  if (value <= 0x7fffffff) return unsigned ? UINT : INT;
  if (value <= 0xffffffff && (unsigned || text.startsWith('0x') || text.startsWith('0X'))) return UINT;
  return unsigned ? ULONG : LONG;
}

/** An expression as C text, for messages; long parts are cut. */
export function textOf(of: Expression): string {
  switch (of.kind) {
    case 'number':
      return of.text || String(of.value);
    case 'string':
      return JSON.stringify(of.value);
    case 'name':
      return of.name;
    case 'field':
      return `${textOf(of.base)}${of.arrow ? '->' : '.'}${of.field}`;
    case 'index':
      return `${textOf(of.base)}[${textOf(of.index)}]`;
    case 'call':
      return `${textOf(of.target)}(${of.args.map(textOf).join(', ')})`;
    case 'unary':
      return `${of.operator}${of.operand.kind === 'binary' ? `(${textOf(of.operand)})` : textOf(of.operand)}`;
    case 'update':
      return of.prefix ? `${of.operator}${textOf(of.target)}` : `${textOf(of.target)}${of.operator}`;
    case 'binary':
      return `${textOf(of.left)} ${of.operator} ${textOf(of.right)}`;
    case 'assign':
      return `${textOf(of.target)} ${of.operator} ${textOf(of.value)}`;
    case 'conditional':
      return `${textOf(of.condition)} ? ${textOf(of.then)} : ${textOf(of.otherwise)}`;
    case 'cast':
      return `(${of.type})${textOf(of.operand)}`;
    case 'sizeof':
      return `sizeof(${of.type ?? (of.operand ? textOf(of.operand) : '')})`;
    case 'comma':
      return of.items.map(textOf).join(', ');
    case 'initializer':
      return '{ … }';
    case 'type':
      return of.type;
    case 'unknown':
      return of.text.length > 60 ? `${of.text.slice(0, 57)}…` : of.text;
  }
}
