/**
 * What a Linux host tells about its machine, line by line.
 * In: texts with their names: links and reserved regions of /sys/kernel/iommu_groups, `lspci -vvnn`, `dmesg`, /proc/interrupts, in any number of files. Out: the
 * facts in them, and what is wrong, with file and line. Knows nothing of machines of the model.
 */

export interface DumpFile {
  readonly name: string;
  readonly text: string;
}

export interface DumpError {
  readonly code: 'unreadable' | 'contradiction' | 'missing' | 'unsupported';
  readonly message: string;
  readonly file: string;
  /** 1-based; 0: the whole file. */
  readonly line: number;
}

export interface Function {
  readonly requesterId: number;
  readonly bridge: boolean;
  /** Of a bridge: the bus behind it, and whether devices there carry the bridge's id (PCIe to PCI). */
  readonly secondaryBus: number | null;
  readonly toConventional: boolean;
  readonly msix: number;
  readonly msi: number;
  readonly title: string;
  readonly file: string;
  readonly line: number;
}

export interface Span {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

export interface HostFacts {
  readonly functions: ReadonlyMap<number, Function>;
  /** Requester id → number of its IOMMU group. */
  readonly groups: ReadonlyMap<number, number>;
  readonly cpus: number | null;
  readonly memory: readonly Span[];
  readonly mmio: readonly Span[];
  readonly dmar: boolean;
  readonly amd: boolean;
  readonly remapping: boolean;
  readonly x2apic: boolean;
  readonly nosid: boolean;
  readonly smmuv3: boolean;
  readonly smmuv2: boolean;
  readonly addressBits: number | null;
  readonly pageSize: 4096 | 16384 | 65536;
  readonly frames: readonly { readonly range: Span; readonly firstSpi: number; readonly lastSpi: number }[];
  readonly its: readonly Span[];
  /** By number of the group: ranges that are kept from DMA, other than those for interrupts. */
  readonly reserved: ReadonlyMap<number, readonly Span[]>;
  readonly errors: readonly DumpError[];
  /** Devices of other PCI segments than 0, which the model's requester ids cannot name. */
  readonly otherSegments: number;
}

const ADDRESS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i;
const LONGEST_LINE = 2000;
/** Lines of one file; a host's dmesg has some thousands. */
const MOST_LINES = 500_000;

/** `0000:01:10.0` as requester id; null in another segment, undefined when it is no address. */
function requesterIdOf(text: string): number | null | undefined {
  const match = ADDRESS.exec(text);
  if (match === null) return undefined;
  const device = Number.parseInt(match[3] ?? '', 16);
  if (device > 31) return undefined;
  if (match[1] !== undefined && Number.parseInt(match[1], 16) !== 0) return null;
  return (Number.parseInt(match[2] ?? '', 16) << 8) | (device << 3) | Number(match[4]);
}

/** `[mem 0x8080000-0x809ffff]`; null when it is none, or beyond 2^53. */
function spanOf(line: string): Span | null {
  const match = /\[mem (0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})[\] ]/i.exec(line);
  if (match === null) return null;
  const start = Number(match[1]);
  const end = Number(match[2]);
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && end >= start ? { start, end } : null;
}

interface Draft {
  readonly functions: Map<number, Function>;
  readonly groups: Map<number, number>;
  cpus: number | null;
  memory: Span[];
  mmio: Span[];
  dmar: boolean;
  amd: boolean;
  remapping: boolean;
  x2apic: boolean;
  nosid: boolean;
  smmuv3: boolean;
  smmuv2: boolean;
  addressBits: number | null;
  pageSize: 4096 | 16384 | 65536;
  frames: { range: Span; firstSpi: number; lastSpi: number }[];
  its: Span[];
  readonly reserved: Map<number, Span[]>;
  errors: DumpError[];
  otherSegments: number;
}

export function readHost(files: readonly DumpFile[]): HostFacts {
  const draft: Draft = {
    functions: new Map(),
    groups: new Map(),
    cpus: null,
    memory: [],
    mmio: [],
    dmar: false,
    amd: false,
    remapping: false,
    x2apic: false,
    nosid: false,
    smmuv3: false,
    smmuv2: false,
    addressBits: null,
    pageSize: 4096,
    frames: [],
    its: [],
    reserved: new Map(),
    errors: [],
    otherSegments: 0,
  };
  for (const file of files) readFile(draft, file);
  return draft;
}

function readFile(draft: Draft, file: DumpFile): void {
  const lines = file.text.split(/\r?\n/);
  if (lines.length > MOST_LINES) {
    draft.errors.push({
      code: 'unreadable',
      message: `more than ${MOST_LINES} lines: this is no dump of one host`,
      file: file.name,
      line: 0,
    });
    return;
  }
  let current: number | null = null;
  for (const [i, whole] of lines.entries()) {
    const line = whole.slice(0, LONGEST_LINE);
    const complain = (code: DumpError['code'], message: string): void => {
      if (draft.errors.length < 100) draft.errors.push({ code, message, file: file.name, line: i + 1 });
    };
    if (line.includes('iommu_groups/')) {
      groupLine(draft, line, complain);
      continue;
    }
    const header = /^([0-9a-f:.]{7,16}) (.{3,})$/i.exec(line);
    const id = header === null ? undefined : requesterIdOf(header[1] ?? '');
    if (header !== null && id !== undefined) {
      current = id;
      if (id === null) draft.otherSegments++;
      else if (draft.functions.has(id)) {
        complain('contradiction', `${header[1]} is described twice`);
        current = null;
      } else
        draft.functions.set(id, {
          requesterId: id,
          bridge:
            /\[06[0-9a-f]{2}\]/i.test(header[2] ?? '') || /\bbridge\b/i.test((header[2] ?? '').split(':')[0] ?? ''),
          secondaryBus: null,
          toConventional: false,
          msix: 0,
          msi: 0,
          title: header[2] ?? '',
          file: file.name,
          line: i + 1,
        });
      continue;
    }
    if (/^\s+\S/.test(line) && current !== null) capabilityLine(draft, current, line, complain);
    else if (/^\s+CPU0\b/.test(line)) {
      const cpus = line.trim().split(/\s+/).length;
      if (draft.cpus === null || draft.cpus < cpus) draft.cpus = cpus;
    } else {
      current = line.trim() === '' ? null : current;
      kernelLine(draft, line, complain);
    }
  }
}

type Complain = (code: DumpError['code'], message: string) => void;

function groupLine(draft: Draft, line: string, complain: Complain): void {
  if (line.includes('/reserved_regions')) {
    regionLine(draft, line, complain);
    return;
  }
  if (/iommu_groups\/\d+(\/(devices|type|name))?:?\s*$/.test(line)) return;
  const match = /iommu_groups\/([^/\s]+)\/devices\/(\S+)/.exec(line);
  const id = match === null ? undefined : requesterIdOf(match[2] ?? '');
  if (match === null || !/^\d{1,6}$/.test(match[1] ?? '')) {
    complain('unreadable', 'a link of /sys/kernel/iommu_groups is …/NUMBER/devices/ADDRESS');
    return;
  }
  // Platform devices have groups too, and no address.
  if (id === undefined) return;
  if (id === null) {
    draft.otherSegments++;
    return;
  }
  const group = Number(match[1]);
  const before = draft.groups.get(id);
  if (before !== undefined && before !== group)
    complain('contradiction', `${match[2]} is in group ${before} and in group ${group}`);
  else draft.groups.set(id, group);
}

/** `…/iommu_groups/3/reserved_regions:0x80000000 0x80ffffff reserved`, ends included; a line without a region is a file's name alone. */
function regionLine(draft: Draft, line: string, complain: Complain): void {
  const match = /iommu_groups\/(\d{1,6})\/reserved_regions:\s*(\S.*)$/.exec(line);
  if (match === null) return;
  const region = /^(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) ([a-z-]+)$/i.exec((match[2] ?? '').trim());
  const [start, end] = [Number(region?.[1]), Number(region?.[2])];
  if (region === null || end < start) {
    complain('unreadable', 'a line of reserved_regions is START END TYPE');
    return;
  }
  const group = Number(match[1]);
  const known = draft.reserved.get(group) ?? [];
  draft.reserved.set(group, known);
  // The interrupt range and the window for doorbells are the driver's; what has no end below 2^53 is the end of the IOMMU's width.
  if ((region[3] === 'reserved' || region[3]?.startsWith('direct') === true) && Number.isSafeInteger(end))
    known.push({ start, end });
}

function capabilityLine(draft: Draft, id: number, line: string, complain: Complain): void {
  const known = draft.functions.get(id);
  if (known === undefined) return;
  const msix = /MSI-X: .*\bCount=(\d+)/.exec(line);
  const msi = /\bMSI: .*\bCount=\d+\/(\d+)/.exec(line);
  const bus = /\bsecondary=([0-9a-f]{2})\b/i.exec(line);
  if (msix !== null) {
    const count = Number(msix[1]);
    if (count < 1 || count > 2048) complain('unreadable', `an MSI-X table has 1 to 2048 entries, not ${msix[1]}`);
    else draft.functions.set(id, { ...known, msix: count });
  } else if (msi !== null) draft.functions.set(id, { ...known, msi: Math.min(32, Number(msi[1])) });
  else if (bus !== null) draft.functions.set(id, { ...known, secondaryBus: Number.parseInt(bus[1] ?? '', 16) });
  else if (/PCI-Express to PCI\/PCI-X Bridge/i.test(line)) draft.functions.set(id, { ...known, toConventional: true });
}

function kernelLine(draft: Draft, line: string, complain: Complain): void {
  const number = (pattern: RegExp): number | null => {
    const found = pattern.exec(line)?.[1];
    return found === undefined ? null : Number(found);
  };
  if (/\bintremap=\S*nosid/.test(line)) draft.nosid = true;
  if (/\bDMAR(-IR)?: /.test(line)) draft.dmar = true;
  if (/\bAMD-Vi: /.test(line)) draft.amd = true;
  if (/DMAR-IR: Enabled IRQ remapping|AMD-Vi: Interrupt remapping enabled|\bIR-(PCI-)?MSI/.test(line))
    draft.remapping = true;
  if (/Enabled IRQ remapping in x2apic mode/.test(line)) draft.x2apic = true;
  if (/\barm-smmu-v3\b/.test(line)) draft.smmuv3 = true;
  else if (/\barm-smmu\b/.test(line)) draft.smmuv2 = true;
  const width = number(/Host address width (\d{1,3})/) ?? (draft.smmuv3 ? number(/\bias (\d{1,2})-bit/) : null);
  if (width !== null) {
    if (width < 32 || width > 52) complain('unreadable', `addresses have 32 to 52 bits here, not ${width}`);
    else draft.addressBits = width;
  }
  const pages = /\b(4|16|64)k pages\b/i.exec(line);
  if (pages !== null) draft.pageSize = pages[1] === '64' ? 65536 : pages[1] === '16' ? 16384 : 4096;
  const cpus = number(/Brought up \d+ nodes?, (\d{1,5}) CPUs/i);
  if (cpus !== null) draft.cpus = cpus;
  const span = spanOf(line);
  if (span === null) return;
  const spi = /GICv2m: .*\bSPI\[(\d+):(\d+)\]/i.exec(line);
  if (spi !== null) draft.frames.push({ range: span, firstSpi: Number(spi[1]), lastSpi: Number(spi[2]) });
  else if (/\bITS \[mem/.test(line)) draft.its.push(span);
  else if (/BIOS-e820: .*\busable\b/.test(line) || /\bnode +\d+: \[mem/.test(line)) draft.memory.push(span);
  else if (/root bus resource/.test(line)) draft.mmio.push(span);
}
