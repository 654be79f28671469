/** Ranges of addresses in a text: `FEE0_0000h - FEEF_FFFFh`, `[0x8000000, 0x8100000)`, `0xfee00000..0xfeefffff`, with the size the text gives them. */
import type { WrittenRange } from './types';

const NUMBER = '(?:0x[0-9a-f_]{3,17}|[0-9a-f][0-9a-f_]{2,16}h)';
const RANGE = new RegExp(String.raw`(${NUMBER})\s*(?:-|–|—|\.\.+|,|to|through|until)\s*(${NUMBER})`, 'gi');
const SIZE = /\b(\d+)\s?([kmg])i?b(?:ytes?)?\b/i;
const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const digitsOf = (text: string): string => text.replace(/^0x|_|h$/gi, '');

/** Hex with groups of four, as manuals write it: `FEEF_FFFFh`. */
export function manualHex(value: number): string {
  const digits = value.toString(16).toUpperCase();
  const padded = digits.padStart(Math.max(8, Math.ceil(digits.length / 4) * 4), '0');
  return `${padded.replace(/(?=(?:.{4})+$)(?!^)/g, '_')}h`;
}

function mistakeOf(first: string, second: string, size: number | null): string | null {
  const start = Number.parseInt(digitsOf(first), 16);
  const end = Number.parseInt(digitsOf(second), 16);
  if (end < start) {
    const meant = size === null ? null : start + size;
    const lost = digitsOf(second).length < digitsOf(first).length ? ', a digit is missing' : '';
    return `the range ends (${second}) before it begins (${first})${lost}${meant === null ? '' : `: with the size given, its last byte is ${manualHex(meant - 1)}`}`;
  }
  if (size !== null && end - start !== size && end - start + 1 !== size)
    return `from ${first} to ${second} it is not the size given: its last byte would be ${manualHex(start + size - 1)}`;
  return null;
}

/** All ranges a text writes, in order. A size belongs to the range when the same text names exactly one of each. */
export function rangesIn(text: string): WrittenRange[] {
  const found = [...text.matchAll(RANGE)];
  const sized = found.length === 1 ? SIZE.exec(text) : null;
  const size = sized === null ? null : Number(sized[1]) * (UNITS[(sized[2] ?? '').toLowerCase()] ?? 1);
  return found.flatMap(([, first = '', second = '']) => {
    const start = Number.parseInt(digitsOf(first), 16);
    const end = Number.parseInt(digitsOf(second), 16);
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return [];
    return [{ start, end, size, mistake: mistakeOf(first, second, size) }];
  });
}
