/** How the panel writes what the state holds: addresses in hex, sizes in binary units, interrupts as people call them. */

/** `0x8000040`; a negative or fractional number is written as it is. */
export function hex(value: number): string {
  return Number.isInteger(value) && value >= 0 ? `0x${value.toString(16)}` : String(value);
}

/** `4 KiB`, `1 MiB`; a size that is no multiple of 1 KiB stays hex. Bytes. */
export function sizeLabel(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  if (bytes <= 0 || !Number.isInteger(value)) return hex(bytes);
  while (value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${units[unit]}`;
}

/** `SPI 84` of `spi:84`, `CPU 1 vector 0x23` of `cpu1:0x23`; an unknown key stays as it is. */
export function interruptLabel(key: string): string {
  const vector = /^cpu(\d+):(0x[0-9a-f]+)$/.exec(key);
  if (vector !== null) return `CPU ${vector[1]} · ${vector[2]}`;
  const numbered = /^([a-z]+):(\d+)$/.exec(key);
  if (numbered === null) return key;
  const kind = numbered[1] ?? '';
  const word = kind === 'bank' ? 'MSI bank' : kind.toUpperCase();
  return `${word} ${numbered[2]}`;
}

/** The state's key of an interrupt that a sentence names (`SPI 84`, `vector 0x22 of CPU 0`); null for any other text. */
export function interruptKeyOf(name: string): string | null {
  const vector = /^vector (0x[0-9a-f]+) of CPU (\d+)$/.exec(name);
  if (vector !== null) return `cpu${vector[2]}:${vector[1]}`;
  const numbered = /^(SPI|LPI) (\d+)$/.exec(name);
  if (numbered !== null) return `${(numbered[1] ?? '').toLowerCase()}:${numbered[2]}`;
  const bank = /^MSI bank interrupt (\d+)$/.exec(name);
  if (bank !== null) return `bank:${bank[1]}`;
  const imsic = /^IMSIC identity (\d+)/.exec(name);
  return imsic === null ? null : `imsic:${imsic[1]}`;
}

/** One mapping of a domain, as its path and value say it. */
export interface Mapping {
  readonly iova: number;
  readonly physical: number;
  /** Bytes. */
  readonly size: number;
  /** `RAM` or a controller's name. */
  readonly target: string;
}

/** Reads `PHYSICAL+SIZE TARGET`; null when it is not of that form. */
export function mappingOf(iova: string, value: string | number): Mapping | null {
  const match = /^(0x[0-9a-f]+)\+(0x[0-9a-f]+|\d+) (.+)$/.exec(String(value));
  if (match === null) return null;
  return { iova: Number(iova), physical: Number(match[1]), size: Number(match[2]), target: match[3] ?? '' };
}

/** `0x8000000 → v2m0`, `0x40000000 → RAM 1 GiB`. */
export function mappingLabel(map: Mapping): string {
  return `${hex(map.iova)} → ${map.target}${map.target === 'RAM' ? ` ${sizeLabel(map.size)}` : ''}`;
}

/** The doorbell register of a controller, as its manual names it, with its offset; null for a controller without one register. */
export function doorRegister(kind: string): string | null {
  switch (kind) {
    case 'gicv2m':
      return 'SETSPI_NS +0x40';
    case 'mbi':
      return 'SETSPI_NSR +0x40';
    case 'its':
      return 'TRANSLATER +0x10040';
    default:
      return null;
  }
}

/** What the field calls a kind of controller. */
export function controllerKind(kind: string): string {
  switch (kind) {
    case 'gicv2m':
      return 'GICv2m';
    case 'its':
      return 'GICv3 ITS';
    case 'mbi':
      return 'GICv3 MBI';
    case 'apic':
      return 'local APICs';
    case 'imsic':
      return 'IMSIC';
    case 'fsl-msi':
      return 'MSI bank';
    case 'phb-msi':
      return 'PHB MSI';
    default:
      return kind;
  }
}

/** A path of the flat state as a row shows it: `01:10.0 vector 0 address`, `domain 1 0x8000000`. */
export function pathLabel(path: string): string {
  const [kind = '', name = '', third = '', fourth = '', fifth = ''] = path.split('/');
  switch (kind) {
    case 'devices':
      return third === 'vectors' ? `${name} vector ${fourth} ${fifth}` : `${name} ${third}`;
    case 'domains':
      return third === 'maps' ? `domain ${name} ${fourth}` : `domain ${name} ${third}`;
    case 'windows':
      return third === 'pages' ? `window ${name} ${fourth}` : `window ${name} ${third}`;
    case 'interrupts':
      return `${interruptLabel(name)} ${third}`;
    default:
      return [name, third, fourth, fifth].filter((part) => part !== '').join(' ');
  }
}

/** A value of the flat state as a row shows it; addresses and MSI data in hex, mappings as `v2m0 at 0x8020000`. */
export function valueLabel(path: string, value: string | number): string {
  const parts = path.split('/');
  const last = parts[parts.length - 1] ?? '';
  if (typeof value === 'number') {
    if (last === 'size' || last === 'granule') return sizeLabel(value);
    return last === 'address' || last === 'data' || last === 'base' ? hex(value) : String(value);
  }
  const map = parts[2] === 'maps' ? mappingOf(last, value) : null;
  return map === null ? value : `${map.target} ${hex(map.physical)}`;
}
