/**
 * Replay of RISC-V IOMMU MSI page tables: one request a row, with the device context, the second-stage pages and the entries it meets.
 */

import type { GuestMapping, RiscvAccess, RiscvContext, RiscvResult, SecondStageMode } from '../riscv-msi';
import { translateRiscv } from '../riscv-msi';
import type { Word } from '../word';
import { parseWord } from '../word';
import type { Fields, ReplaySet } from './verdict';
import { compare, fieldsOf, namesOf, numberOf } from './verdict';

interface Place {
  readonly page: number;
  readonly offset: number;
}

/** A 64-bit address as page number and offset; null when it cannot be read. */
function placeOf(value: unknown): Place | null {
  const word = typeof value === 'string' ? parseWord(value) : null;
  return word === null ? null : { page: word.hi * 2 ** 20 + (word.lo >>> 12), offset: word.lo & 0xfff };
}

function placeText(value: unknown): string {
  const place = placeOf(value);
  return place === null ? '?' : `${place.page}+${place.offset}`;
}

const MODES: readonly SecondStageMode[] = ['bare', 'sv39x4', 'sv48x4', 'sv57x4'];
const ACCESSES: readonly RiscvAccess[] = ['read', 'write', 'exec'];
const TRANSACTION: Readonly<Record<RiscvAccess, number>> = { exec: 1, read: 2, write: 3 };

function expectation(value: unknown): string | null {
  const out = fieldsOf(value);
  switch (out?.k) {
    case 'msi':
    case 'second-stage':
      return `${out.k} ${placeText(out.pa)}`;
    case 'mrif':
      return `mrif ${placeText(out.mrif)} ${placeText(out.notice)} ${numberOf(out.nid)}`;
    case 'fault':
      return `fault ${numberOf(out.cause)} ${placeText(out.iotval)} ${placeText(out.iotval2)} ${numberOf(out.ttyp)}`;
    default:
      return null;
  }
}

/** The result in the words of `expectation`. The second value of a guest page fault is the guest address without its two lowest bits. */
function resultText(result: RiscvResult, at: Place, access: RiscvAccess): string {
  switch (result.kind) {
    case 'msi':
    case 'second-stage':
      return `${result.kind} ${result.page}+${at.offset}`;
    case 'mrif':
      return `mrif ${Math.floor(result.file / 8)}+${(result.file % 8) * 512} ${result.noticePage}+0 ${result.noticeId}`;
    case 'fault': {
      const second = result.guestFault ? `${at.page}+${at.offset & ~3}` : '0+0';
      return `fault ${result.cause} ${at.page}+${at.offset} ${second} ${TRANSACTION[access]}`;
    }
  }
}

function contextOf(dc: Fields): RiscvContext | null {
  const deviceId = numberOf(dc.did);
  const msiTable = numberOf(dc.msi_ppn);
  const mask = numberOf(dc.mask);
  const pattern = numberOf(dc.pattern);
  const msiMode = numberOf(dc.msi_mode);
  const secondStage = MODES.find((mode) => mode === dc.iohgatp);
  if (
    deviceId === null ||
    msiTable === null ||
    mask === null ||
    pattern === null ||
    msiMode === null ||
    secondStage === undefined
  )
    return null;
  return { deviceId, valid: dc.v === 1, secondStage, msiMode, msiTable, mask, pattern };
}

function replayRow(row: Fields): ReturnType<ReplaySet['replay']> {
  const cap = fieldsOf(row.cap);
  const dc = fieldsOf(row.dc);
  const req = fieldsOf(row.req);
  const context = dc === null ? null : contextOf(dc);
  const at = placeOf(req?.gpa);
  const deviceId = numberOf(req?.did);
  const physicalBits = numberOf(cap?.pas);
  const access = ACCESSES.find((candidate) => candidate === req?.op);
  const widest = MODES.find((mode) => mode === cap?.widest);
  const expected = typeof row.out === 'string' ? row.out : expectation(row.out);
  if (context === null || at === null || deviceId === null || physicalBits === null || access === undefined)
    return UNREADABLE;
  if (widest === undefined || expected === null || !Array.isArray(row.gmap) || !Array.isArray(row.pte))
    return UNREADABLE;
  const pages = guestPages(row.gmap);
  const entries = msiEntries(row.pte);
  const inject = fieldsOf(row.inject);
  const broken = placeOf(inject?.addr);
  const memory = {
    guestPage: (page: number) => pages.get(page) ?? null,
    msiEntry: (table: number, index: number) => {
      const page = table + Math.floor((index * 16) / 4096);
      if (broken !== null && broken.page === page && broken.offset === (index * 16) % 4096)
        return inject?.kind === 'data-corruption' ? 'corrupted' : 'access-fault';
      return entries.get(index) ?? { lo: ZERO, hi: ZERO };
    },
  } as const;
  const result = translateRiscv(
    { widest, mrif: cap?.mrif === 1, physicalBits },
    context,
    memory,
    deviceId,
    at.page,
    access,
  );
  return compare(expected, resultText(result, at, access), namesOf(row.quirk));
}

const UNREADABLE = { kind: 'unreadable', why: 'not a row of this set' } as const;
const ZERO: Word = { lo: 0, hi: 0 };

function guestPages(list: readonly unknown[]): Map<number, GuestMapping> {
  const pages = new Map<number, GuestMapping>();
  for (const item of list) {
    const fields = fieldsOf(item);
    const guest = placeOf(fields?.gpa);
    const physical = placeOf(fields?.pa);
    if (guest !== null && physical !== null)
      pages.set(guest.page, { page: physical.page, permissions: typeof fields?.perm === 'string' ? fields.perm : '' });
  }
  return pages;
}

function msiEntries(list: readonly unknown[]): Map<number, { readonly lo: Word; readonly hi: Word }> {
  const entries = new Map<number, { readonly lo: Word; readonly hi: Word }>();
  for (const item of list) {
    const fields = fieldsOf(item);
    const index = numberOf(fields?.i);
    const lo = parseWord(fields?.lo);
    const hi = parseWord(fields?.hi);
    if (index !== null && lo !== null && hi !== null) entries.set(index, { lo, hi });
  }
  return entries;
}

/** The compact form of a recorded row: what is replayed, with the expectation as text. */
export function packRiscvRow(value: unknown): Fields | null {
  const row = fieldsOf(value);
  const out = row === null ? null : expectation(row.out);
  if (row === null || out === null) return null;
  const { cap, dc, gmap, pte, inject, req } = row;
  return { cap, dc, gmap, pte, ...(inject === null ? {} : { inject }), req, out };
}

export const riscvMsiSet: ReplaySet = {
  name: 'riscv-msi',
  unit: 'requests',
  replay(value) {
    const row = fieldsOf(value);
    return row === null ? UNREADABLE : replayRow(row);
  },
};
