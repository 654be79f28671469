/**
 * Machines written out in full in a scenario file.
 */
import type { Node } from 'jsonc-parser';
import type { DeviceSpec, MachineSpec, RangeSpec } from '../machine/types';
import { derivedId } from './derive';
import type { Reader } from './json-reader';
import { list, members, name, oneOf, required, text, whole } from './json-reader';
import { controller, iommu } from './parse-units';
import type { DerivedMachine } from './types';

function device(reader: Reader, node: Node): DeviceSpec | undefined {
  const all = members(reader, node, 'a device', ['name', 'requesterId', 'alias', 'vectors', 'group']);
  if (all === null) return undefined;
  required(reader, node, all, 'a device', ['name', 'requesterId', 'vectors']);
  const its = name(reader, all.get('name'), 'name');
  const requesterId = whole(reader, all.get('requesterId'), 'requesterId', 0xffff);
  const alias = whole(reader, all.get('alias'), 'alias', 0xffff);
  const vectors = whole(reader, all.get('vectors'), 'vectors', 2048);
  const group = whole(reader, all.get('group'), 'group');
  if (its === undefined || requesterId === undefined || vectors === undefined) return undefined;
  return {
    name: its,
    requesterId,
    vectors,
    ...(alias === undefined ? {} : { alias }),
    ...(group === undefined ? {} : { group }),
  };
}

function range(reader: Reader, node: Node): RangeSpec | undefined {
  const all = members(reader, node, 'a range', ['name', 'base', 'size', 'kind']);
  if (all === null) return undefined;
  required(reader, node, all, 'a range', ['name', 'base', 'size']);
  const its = name(reader, all.get('name'), 'name');
  const base = whole(reader, all.get('base'), 'base');
  const size = whole(reader, all.get('size'), 'size');
  const kind = oneOf(reader, all.get('kind'), 'kind', ['ram', 'mmio'] as const);
  return its === undefined || base === undefined || size === undefined
    ? undefined
    : { name: its, base, size, ...(kind === undefined ? {} : { kind }) };
}

function reservedRange(reader: Reader, node: Node): { base: number; size: number } | undefined {
  const all = members(reader, node, 'a reserved range', ['base', 'size']);
  if (all === null) return undefined;
  required(reader, node, all, 'a reserved range', ['base', 'size']);
  const base = whole(reader, all.get('base'), 'base');
  const size = whole(reader, all.get('size'), 'size', Number.MAX_SAFE_INTEGER, 1);
  return base === undefined || size === undefined ? undefined : { base, size };
}

/** A preset with changes. */
function derived(reader: Reader, node: Node): DerivedMachine | undefined {
  const all = members(reader, node, 'a changed preset', ['preset', 'id', 'granule', 'functions', 'cpus']);
  if (all === null) return undefined;
  const preset = name(reader, all.get('preset'), 'preset');
  const granule = oneOf(reader, all.get('granule'), 'granule', [4096, 16384, 65536] as const);
  const functions = whole(reader, all.get('functions'), 'functions', 64, 1);
  const cpus = whole(reader, all.get('cpus'), 'cpus', 256, 1);
  if (preset === undefined) return undefined;
  const changes = {
    ...(granule === undefined ? {} : { granule }),
    ...(functions === undefined ? {} : { functions }),
    ...(cpus === undefined ? {} : { cpus }),
  };
  return { id: name(reader, all.get('id'), 'id') ?? derivedId(preset, changes), preset, ...changes };
}

/** A preset's id, a changed preset, or a machine with all its parts; undefined when something in it is wrong (then it is written down). */
export function machine(reader: Reader, node: Node): string | DerivedMachine | MachineSpec | undefined {
  if (node.type === 'string') return text(reader, node, 'a machine');
  if (node.type === 'object' && node.children?.some((one) => one.children?.[0]?.value === 'preset') === true)
    return derived(reader, node);
  const all = members(reader, node, 'a machine', [
    'id',
    'title',
    'architecture',
    'cpus',
    'memory',
    'devices',
    'iommu',
    'controllers',
    'reserved',
  ]);
  if (all === null) return undefined;
  required(reader, node, all, 'a machine', ['id', 'architecture', 'memory', 'devices', 'iommu', 'controllers']);
  const id = name(reader, all.get('id'), 'id');
  const title = text(reader, all.get('title'), 'title') ?? id;
  const architecture = oneOf(reader, all.get('architecture'), 'architecture', [
    'arm64',
    'x86',
    'powerpc',
    'riscv',
  ] as const);
  const cpus = whole(reader, all.get('cpus'), 'cpus', 256, 1) ?? 1;
  const memory = list(reader, all.get('memory'), 'memory', (child) => range(reader, child));
  const devices = list(reader, all.get('devices'), 'devices', (child) => device(reader, child));
  const unit = iommu(reader, all.get('iommu'));
  const controllers = list(reader, all.get('controllers'), 'controllers', (child) => controller(reader, child));
  if (
    id === undefined ||
    title === undefined ||
    architecture === undefined ||
    memory === undefined ||
    devices === undefined ||
    unit === undefined ||
    controllers === undefined
  )
    return undefined;
  const kept = list(reader, all.get('reserved'), 'reserved', (child) => reservedRange(reader, child));
  const reserved = kept === undefined ? {} : { reserved: kept };
  return { id, title, architecture, cpus, memory, devices, iommu: unit, controllers, ...reserved };
}
