/**
 * Sizes and offsets of C types, consistent with each other: what programs compare (`argsz`, `minsz`, `offsetofend`)
 * comes out as on a 64-bit kernel for structures whose fields are known, and as a fixed plausible size for others.
 */

import { integerType } from './integers';
import type { ProgramSet } from './types';
import { unwatched } from './watched';

/** User structures whose size is part of the UAPI and that a diff seldom shows. */
const UAPI: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'struct vfio_iommu_type1_dma_map': [
    ['argsz', '__u32'],
    ['flags', '__u32'],
    ['vaddr', '__u64'],
    ['iova', '__u64'],
    ['size', '__u64'],
  ],
  'struct vfio_iommu_type1_dma_unmap': [
    ['argsz', '__u32'],
    ['flags', '__u32'],
    ['iova', '__u64'],
    ['size', '__u64'],
  ],
  'struct vfio_iommu_type1_info': [
    ['argsz', '__u32'],
    ['flags', '__u32'],
    ['iova_pgsizes', '__u64'],
  ],
  'struct vfio_irq_set': [
    ['argsz', '__u32'],
    ['flags', '__u32'],
    ['index', '__u32'],
    ['start', '__u32'],
    ['count', '__u32'],
  ],
  'struct msi_msg': [
    ['address_lo', 'u32'],
    ['address_hi', 'u32'],
    ['data', 'u32'],
  ],
  'struct resource': [
    ['start', 'resource_size_t'],
    ['end', 'resource_size_t'],
  ],
  'struct msix_entry': [
    ['vector', 'u32'],
    ['entry', 'u16'],
  ],
  'struct iova': [
    ['pfn_hi', 'unsigned long'],
    ['pfn_lo', 'unsigned long'],
  ],
  'struct iova_domain': [
    ['granule', 'unsigned long'],
    ['start_pfn', 'unsigned long'],
    ['dma_32bit_pfn', 'unsigned long'],
  ],
  'struct iommu_domain_geometry': [
    ['aperture_start', 'dma_addr_t'],
    ['aperture_end', 'dma_addr_t'],
    ['force_aperture', 'bool'],
  ],
  'struct irq_data': [
    ['mask', 'u32'],
    ['irq', 'unsigned int'],
    ['hwirq', 'irq_hw_number_t'],
  ],
};

const OPAQUE = 64;

/** Fields of a structure with their types in order; null when nobody knows them. */
export function fieldsOf(set: ProgramSet, type: string): readonly (readonly [string, string])[] | null {
  const name = type.replace(/^(const )?(struct|union) /, '');
  const found = set.structures.get(name) ?? set.structures.get(type);
  if (found) return found.fields.map((field) => [field.name, field.type] as const);
  return UAPI[type.startsWith('struct ') ? type : `struct ${name}`] ?? null;
}

/** The fields of one type, and those somebody asked for. */
interface KnownFields {
  readonly types: ReadonlyMap<string, string> | null;
  readonly asked: Set<string>;
}

const fieldTypes = new WeakMap<ProgramSet, Map<string, KnownFields>>();

const NONE: ReadonlyMap<string, KnownFields> = new Map();

const typesOfStructure = new WeakMap<object, ReadonlyMap<string, string>>();
const typesOfUapi = new Map<string, ReadonlyMap<string, string> | null>();

/** By type, the fields whose types were asked for in a set so far. */
export function fieldsAsked(set: ProgramSet): ReadonlyMap<string, { readonly asked: ReadonlySet<string> }> {
  return fieldTypes.get(set) ?? NONE;
}

/** The types of a structure's fields, or of the structure a pointer leads to; null when nobody knows them. One map for one structure. */
export function typesOf(set: ProgramSet, type: string): ReadonlyMap<string, string> | null {
  const bare = type.replace(/\s*\*\s*$/, '').replace(/^const /, '');
  const structure = set.structures.get(bare.replace(/^(const )?(struct|union) /, '')) ?? set.structures.get(bare);
  let types = structure === undefined ? typesOfUapi.get(bare) : typesOfStructure.get(structure);
  if (types === undefined) {
    const fields = fieldsOf(set, bare);
    types = fields === null ? null : new Map(fields);
    if (structure === undefined) typesOfUapi.set(bare, types);
    else if (types !== null) typesOfStructure.set(structure, types);
  }
  return types;
}

/** Declared type of a field; empty when nobody knows it. A watched set takes down the field alone: see `fieldsAsked`. */
export function fieldType(set: ProgramSet, type: string, field: string): string {
  let ofSet = fieldTypes.get(set);
  if (!ofSet) {
    ofSet = new Map();
    fieldTypes.set(set, ofSet);
  }
  let fields = ofSet.get(type);
  if (fields === undefined) {
    fields = { types: typesOf(unwatched(set), type), asked: new Set() };
    ofSet.set(type, fields);
  }
  fields.asked.add(field);
  return fields.types?.get(field) ?? '';
}

const structTypes = new Map<string, boolean>();

/** True for a structure or union held by value. */
export function isStructType(type: string): boolean {
  let answer = structTypes.get(type);
  if (answer === undefined) {
    answer = !type.includes('*') && /\b(struct|union)\b/.test(type);
    structTypes.set(type, answer);
  }
  return answer;
}

/** What a pointer of this type points to; empty when it is none. */
export function pointee(type: string): string {
  const at = type.lastIndexOf('*');
  return at < 0 ? '' : type.slice(0, at).trim();
}

const sizes = new WeakMap<ProgramSet, Map<string, number>>();

/** Bytes of a type. */
export function sizeOf(set: ProgramSet, type: string): number {
  let ofSet = sizes.get(set);
  if (!ofSet) {
    ofSet = new Map();
    sizes.set(set, ofSet);
  }
  let size = ofSet.get(type);
  if (size === undefined) {
    size = measure(set, type, 0);
    ofSet.set(type, size);
  }
  return size;
}

function measure(set: ProgramSet, type: string, depth: number): number {
  const array = /\[(\d*)\]\s*$/.exec(type);
  if (array) return Number(array[1] ?? 0) * measure(set, type.slice(0, array.index).trim(), depth);
  if (type.includes('*')) return 8;
  const integer = integerType(type);
  if (integer) return integer.bits === 1 ? 1 : integer.bits / 8;
  const fields = depth < 8 ? fieldsOf(set, type) : null;
  if (!fields) return OPAQUE;
  let size = 0;
  let align = 1;
  for (const [, of] of fields) {
    const bytes = measure(set, of, depth + 1);
    const unit = Math.min(8, Math.max(1, bytes));
    align = Math.max(align, unit > 4 ? 8 : unit > 2 ? 4 : unit);
    size = Math.ceil(size / (unit > 4 ? 8 : unit > 2 ? 4 : unit)) * (unit > 4 ? 8 : unit > 2 ? 4 : unit) + bytes;
  }
  return Math.max(1, Math.ceil(size / align) * align);
}

/** Byte offset just behind a field (or of its start), for `offsetofend` and `offsetof`. */
export function offsetOf(set: ProgramSet, type: string, field: string, end: boolean): number {
  const fields = fieldsOf(set, type);
  if (!fields) return end ? OPAQUE / 2 : OPAQUE / 2 - 8;
  let size = 0;
  for (const [name, of] of fields) {
    const bytes = sizeOf(set, of);
    const unit = bytes > 4 ? 8 : bytes > 2 ? 4 : Math.max(1, bytes);
    size = Math.ceil(size / unit) * unit;
    if (name === field) return end ? size + bytes : size;
    size += bytes;
  }
  return size;
}
