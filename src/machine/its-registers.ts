/**
 * Registers by which an ITS tells what it is: widths, kinds of tables, where its queue and tables lie.
 * In: an ITS, an offset into its control page. Out: 64 bits; null where this model has no register to read.
 * Source: GIC architecture (IHI 0069) 12.19 (ITS register descriptions).
 */
import type { Its } from './its';
import type { Word } from './word';
import { highHalf, lowHalf } from './word';

/** Offsets in bytes. */
export const GITS = {
  ctlr: 0x0000,
  iidr: 0x0004,
  typer: 0x0008,
  cbaser: 0x0080,
  cwriter: 0x0088,
  creadr: 0x0090,
  /** Eight of them, 8 bytes apart. */
  baser: 0x0100,
  pidr2: 0xffe8,
} as const;

const VALID = 0x8000_0000;
const PAGE = 4096;
/** Bytes of an entry of each table: `its.ts`. */
const ENTRY_BYTES = 8;
/** GITS_BASER.Type: devices, collections. */
const TABLES = [1, 4] as const;
/** Bits of a collection's number: an ITT entry has room for as many. */
const COLLECTION_BITS = 16;

/** GITS_TYPER: physical LPIs, sizes of entries, widths; redistributors by processor number (PTA 0); no collections without memory (HCC 0). */
function typer(its: Its): Word {
  return {
    lo: 1 + (ENTRY_BYTES - 1) * 0x10 + (its.eventBits - 1) * 0x100 + (its.deviceBits - 1) * 0x2000,
    // CIDbits in 35:32, which CIL in bit 36 says are to be looked at.
    hi: COLLECTION_BITS - 1 + 0x10,
  };
}

/** GITS_BASER: valid 63, kind of table 58:56, bytes of an entry less one 52:48, address 47:12, pages of 4 KiB less one 7:0. */
function baser(its: Its, n: number): Word {
  const type = TABLES[n];
  if (type === undefined) return { lo: 0, hi: 0 };
  const table = n === 0 ? its.deviceTable : its.collectionTable;
  const entries = n === 0 ? its.deviceEntries : its.collectionEntries;
  const pages = Math.ceil((entries * ENTRY_BYTES) / PAGE);
  const about = type * 0x100_0000 + (ENTRY_BYTES - 1) * 0x1_0000;
  return {
    lo: lowHalf(table) + Math.min(255, Math.max(0, pages - 1)),
    hi: about + (highHalf(table) & 0xffff) + (pages > 0 ? VALID : 0),
  };
}

/** The register at an offset; 32-bit ones in the low half. */
export function readItsRegister(its: Its, offset: number): Word | null {
  switch (offset) {
    case GITS.ctlr:
      // Enabled 0; Quiescent 31 when no command waits.
      return { lo: (its.enabled ? 1 : 0) + (its.commandRead === its.commandWrite ? VALID : 0), hi: 0 };
    case GITS.iidr:
      // No implementer that a code was given to.
      return { lo: 0, hi: 0 };
    case GITS.typer:
      return typer(its);
    case GITS.cbaser:
      return {
        lo: lowHalf(its.commandBase) + Math.max(0, its.commandSize / PAGE - 1),
        hi: highHalf(its.commandBase) + (its.commandSize > 0 ? VALID : 0),
      };
    case GITS.cwriter:
      return { lo: its.commandWrite, hi: 0 };
    case GITS.creadr:
      return { lo: its.commandRead, hi: 0 };
    case GITS.pidr2:
      // ArchRev 7:4: GICv3.
      return { lo: 0x30, hi: 0 };
    default: {
      const n = (offset - GITS.baser) / 8;
      return Number.isInteger(n) && n >= 0 && n < 8 ? baser(its, n) : null;
    }
  }
}

/** What a driver asks of GITS_TYPER before it makes tables: bits of a DeviceID and of an EventID, bytes of an ITT entry. */
export function itsWidths(its: Its): {
  readonly deviceBits: number;
  readonly eventBits: number;
  readonly entryBytes: number;
} {
  const { lo } = typer(its);
  return {
    deviceBits: ((lo >>> 13) & 0x1f) + 1,
    eventBits: ((lo >>> 8) & 0x1f) + 1,
    entryBytes: ((lo >>> 4) & 0xf) + 1,
  };
}
