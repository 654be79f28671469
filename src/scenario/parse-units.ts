/**
 * IOMMUs and MSI controllers written out in a scenario file: which keys each kind has, what it needs, what stands where nothing is said.
 * In: nodes. Out: specs of `machine/types.ts`, or errors written down.
 */
import type { Node } from 'jsonc-parser';
import type { ControllerSpec, IommuSpec } from '../machine/types';
import type { Reader } from './json-reader';
import { at, members, name, oneOf, required, whole, yesNo } from './json-reader';

const CONTROLLER_KINDS = ['gicv2m', 'its', 'apic', 'mbi', 'fsl-msi', 'phb-msi', 'imsic'] as const;
const IOMMU_KINDS = ['smmuv3', 'smmuv2', 'vtd', 'amdvi', 'pamu', 'phb', 'riscv', 'none'] as const;

const CONTROLLER_NEEDS: Readonly<Record<(typeof CONTROLLER_KINDS)[number], readonly string[]>> = {
  gicv2m: ['base', 'spiBase', 'spiCount'],
  its: ['base', 'deviceBits'],
  apic: [],
  mbi: ['base', 'spiBase', 'spiCount'],
  'fsl-msi': ['base'],
  'phb-msi': ['base', 'count'],
  imsic: ['base', 'guestFiles', 'identities'],
};

/** As `whole`, and a power of two. */
function power(reader: Reader, node: Node | undefined, what: string, most: number): number | undefined {
  const value = whole(reader, node, what, most, 1);
  if (value === undefined || node === undefined || Number.isInteger(Math.log2(value))) return value;
  at(reader, 'value', `${what} must be a power of two`, node);
  return undefined;
}

export function controller(reader: Reader, node: Node): ControllerSpec | undefined {
  const all = members(reader, node, 'a controller', [
    'kind',
    'name',
    'base',
    'spiBase',
    'spiCount',
    'deviceBits',
    'firstBus',
    'lastBus',
    'perDomain',
    'count',
    'guestFiles',
    'identities',
  ]);
  if (all === null) return undefined;
  required(reader, node, all, 'a controller', ['kind', 'name']);
  const kind = oneOf(reader, all.get('kind'), 'kind', CONTROLLER_KINDS);
  const its = name(reader, all.get('name'), 'name');
  if (kind === undefined || its === undefined) return undefined;
  required(reader, node, all, `a controller of kind ${kind}`, CONTROLLER_NEEDS[kind]);
  const base = whole(reader, all.get('base'), 'base');
  const number = (key: string, most: number, least = 0) => whole(reader, all.get(key), key, most, least);
  if (kind === 'apic') return { kind, name: its };
  switch (kind) {
    case 'its': {
      const deviceBits = number('deviceBits', 32, 1);
      const firstBus = number('firstBus', 255);
      const lastBus = number('lastBus', 255);
      return base === undefined || deviceBits === undefined
        ? undefined
        : {
            kind,
            name: its,
            base,
            deviceBits,
            ...(firstBus === undefined ? {} : { firstBus }),
            ...(lastBus === undefined ? {} : { lastBus }),
          };
    }
    case 'gicv2m':
    case 'mbi': {
      const spiBase = number('spiBase', 1019, 32);
      const spiCount = number('spiCount', 988, 1);
      return base === undefined || spiBase === undefined || spiCount === undefined
        ? undefined
        : { kind, name: its, base, spiBase, spiCount };
    }
    case 'fsl-msi': {
      const perDomain = yesNo(reader, all.get('perDomain'), 'perDomain') ?? false;
      return base === undefined ? undefined : { kind, name: its, base, perDomain };
    }
    case 'phb-msi': {
      const count = power(reader, all.get('count'), 'count', 4096);
      return base === undefined || count === undefined ? undefined : { kind, name: its, base, count };
    }
    case 'imsic': {
      const guestFiles = number('guestFiles', 63);
      const identities = number('identities', 2047, 1);
      return base === undefined || guestFiles === undefined || identities === undefined
        ? undefined
        : { kind, name: its, base, guestFiles, identities };
    }
  }
}

export function iommu(reader: Reader, node: Node | undefined): IommuSpec | undefined {
  if (node === undefined) return undefined;
  const all = members(reader, node, 'iommu', [
    'kind',
    'name',
    'granule',
    'addressBits',
    'remapping',
    'compatibility',
    'eim',
    'sourceCheck',
    'posting',
    'streamRegisters',
    'contextBanks',
    'subwindows',
    'filePerDomain',
  ]);
  if (all === null) return undefined;
  required(reader, node, all, 'iommu', ['kind']);
  const kind = oneOf(reader, all.get('kind'), 'kind', IOMMU_KINDS);
  if (kind === undefined) return undefined;
  if (kind === 'none') return { kind };
  required(reader, node, all, `an iommu of kind ${kind}`, ['name', 'addressBits']);
  const its = name(reader, all.get('name'), 'name');
  const addressBits = whole(reader, all.get('addressBits'), 'addressBits', 52, 32);
  const flag = (key: string, otherwise: boolean) => yesNo(reader, all.get(key), key) ?? otherwise;
  const granule = oneOf(reader, all.get('granule'), 'granule', [4096, 16384, 65536] as const) ?? 4096;
  const streamRegisters = whole(reader, all.get('streamRegisters'), 'streamRegisters', 128, 1) ?? 64;
  const contextBanks = whole(reader, all.get('contextBanks'), 'contextBanks', 128, 1) ?? 16;
  const subwindows = power(reader, all.get('subwindows'), 'subwindows', 256) ?? 256;
  const posting = yesNo(reader, all.get('posting'), 'posting');
  const remapping = flag('remapping', true);
  const compatibility = flag('compatibility', false);
  const eim = flag('eim', true);
  const sourceCheck = flag('sourceCheck', true);
  const filePerDomain = flag('filePerDomain', true);
  if (its === undefined || addressBits === undefined) return undefined;
  switch (kind) {
    case 'smmuv3':
      return { kind, name: its, granule, addressBits };
    case 'smmuv2':
      return { kind, name: its, granule, addressBits, streamRegisters, contextBanks };
    case 'amdvi':
      return { kind, name: its, remapping, addressBits };
    case 'pamu':
      return { kind, name: its, addressBits, subwindows };
    case 'phb':
      return { kind, name: its, addressBits };
    case 'riscv':
      return { kind, name: its, addressBits, filePerDomain };
    case 'vtd':
      return {
        kind,
        name: its,
        remapping,
        compatibility,
        eim,
        addressBits,
        sourceCheck,
        ...(posting === undefined ? {} : { posting }),
      };
  }
}
