/**
 * What the user of a review knows better: findings that are dismissed with a reason, facts of functions, the design, the machines.
 * In: the text of a corrections file (JSON with comments) and findings. Out: what holds of it, with a place for everything that is
 * wrong or meets nothing any more. A finding is known again by `identity.ts`, never by a line number. Knows no files.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { DESIGN_NAMES } from '../host/designs/names';
import type { Fact, ReturnShape } from '../kernel/primitives';
import { machinePresets } from '../machine/presets';
import type { Damage } from '../place';
import {
  complain,
  list,
  members,
  oneOf,
  type Reader,
  required,
  type ScenarioError,
  text,
  whole,
  yesNo,
} from '../scenario/json-reader';
import type { Series } from '../series/types';
import { type Identity, identityOf, normalLine, normalTitle } from './identity';
import { readComments } from './reviewer-comments';
import type { Finding } from './types';

/** A corrections file as it is handed over. */
export interface CorrectionsText {
  /** As the user knows it. */
  readonly name: string;
  readonly text: string;
  /** The series is the only one it can be meant for: then whatever meets nothing is said. */
  readonly alone: boolean;
}

/** Where something stands in the file: 1-based line, 0-based columns. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

export interface Dismissal extends Identity {
  readonly reason: string;
  /** Of several findings with one identity, the n-th, counted from 1; null: all of them. */
  readonly occurrence: number | null;
  readonly at: FilePlace;
}

export interface GivenFact extends Fact {
  readonly reason: string | null;
  readonly at: FilePlace;
}

export interface CorrectionProblem {
  /** `invalid`: it cannot be read. `unused`: it can, and meets nothing in the series. */
  readonly kind: 'invalid' | 'unused';
  readonly message: string;
  readonly at: FilePlace;
}

export interface Corrections {
  readonly dismissals: readonly Dismissal[];
  readonly facts: readonly GivenFact[];
  readonly design: string | null;
  readonly machines: readonly string[] | null;
  readonly problems: readonly CorrectionProblem[];
}

/** What came of the corrections in one review. */
export interface Corrected {
  readonly dismissed: readonly { readonly finding: Finding; readonly reason: string }[];
  readonly facts: readonly GivenFact[];
  readonly problems: readonly CorrectionProblem[];
}

export const NO_CORRECTIONS: Corrections = { dismissals: [], facts: [], design: null, machines: null, problems: [] };

const RETURNS: readonly ReturnShape[] = ['void', 'err', 'ptr_null', 'ptr_err', 'count', 'bool', 'value'];

/** Reads one file. What cannot be read is a problem with its place; the rest holds. */
export function parseCorrections({ name, text: source }: Pick<CorrectionsText, 'name' | 'text'>): Corrections {
  const syntax: ParseError[] = [];
  const root = parseTree(source, syntax, { allowTrailingComma: true });
  const reader: Reader = { text: source, errors: [] };
  for (const { error, offset, length } of syntax)
    complain(reader, 'syntax', `not JSON with comments: ${spoken(printParseErrorCode(error))}`, offset, length);
  const read = root === undefined ? null : readRoot(reader, root, name);
  if (root === undefined && syntax.length === 0) complain(reader, 'syntax', 'the file is empty', 0, 0);
  return { ...(read ?? NO_CORRECTIONS), problems: reader.errors.map((error) => problemOf(error, name)) };
}

/** `CommaExpected` → `comma expected`. */
function spoken(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function problemOf({ message, line, column, endLine, endColumn }: ScenarioError, file: string): CorrectionProblem {
  return { kind: 'invalid', message, at: { file, line, column, endColumn: endLine === line ? endColumn : column + 1 } };
}

function placeOf(reader: Reader, node: Node, file: string): FilePlace {
  const before = reader.text.slice(0, node.offset);
  const line = before.split('\n').length;
  const column = node.offset - (before.lastIndexOf('\n') + 1);
  const length = reader.text.slice(node.offset, node.offset + node.length).split('\n')[0]?.length ?? 0;
  return { file, line, column, endColumn: column + length };
}

function readRoot(reader: Reader, root: Node, file: string): Omit<Corrections, 'problems'> | null {
  const all = members(reader, root, 'a corrections file', [
    '$schema',
    'dismissed',
    'facts',
    'design',
    'machines',
    'comments',
  ]);

  if (all === null) return null;
  // The editor shows them; a review only says which cannot be read.
  readComments(reader, all.get('comments'));
  const dismissals = list(reader, all.get('dismissed'), '“dismissed”', (node) => dismissal(reader, node, file)) ?? [];
  const facts = list(reader, all.get('facts'), '“facts”', (node) => fact(reader, node, file)) ?? [];
  const names: readonly string[] = DESIGN_NAMES;
  const presets = machinePresets.map((machine) => machine.id);
  const machines = list(reader, all.get('machines'), '“machines”', (node) => oneOf(reader, node, 'a machine', presets));
  return {
    dismissals,
    facts,
    design: oneOf(reader, all.get('design'), '“design”', names) ?? null,
    machines: machines === undefined || machines.length === 0 ? null : machines,
  };
}

function dismissal(reader: Reader, node: Node, file: string): Dismissal | undefined {
  const all = members(reader, node, 'a dismissed finding', [
    'rule',
    'patch',
    'function',
    'line',
    'occurrence',
    'reason',
  ]);
  if (all === null) return undefined;
  required(reader, node, all, 'a dismissed finding', ['rule', 'line', 'reason']);
  const rule = text(reader, all.get('rule'), '“rule”');
  const line = text(reader, all.get('line'), '“line”');
  const reason = text(reader, all.get('reason'), '“reason”');
  if (rule === undefined || line === undefined || reason === undefined) return undefined;
  return {
    rule,
    line: normalLine(line, false),
    reason,
    function: optionalText(reader, all.get('function'), '“function”'),
    patch: optionalText(reader, all.get('patch'), '“patch”'),
    occurrence: whole(reader, all.get('occurrence'), '“occurrence”', 10_000, 1) ?? null,
    at: placeOf(reader, node, file),
  };
}

function optionalText(reader: Reader, node: Node | undefined, what: string): string | null {
  return node?.type === 'null' ? null : (text(reader, node, what) ?? null);
}

function fact(reader: Reader, node: Node, file: string): GivenFact | undefined {
  const all = members(reader, node, 'a fact', ['function', 'sleeps', 'takes', 'releases', 'returns', 'reason']);
  if (all === null) return undefined;
  required(reader, node, all, 'a fact', ['function']);
  const name = text(reader, all.get('function'), '“function”');
  const sleeps = yesNo(reader, all.get('sleeps'), '“sleeps”');
  const takes = whole(reader, all.get('takes'), '“takes”', 20, 1);
  const releases = whole(reader, all.get('releases'), '“releases”', 20, 1);
  const returns = oneOf(reader, all.get('returns'), '“returns”', RETURNS);
  if (name === undefined) return undefined;
  if (sleeps === undefined && takes === undefined && releases === undefined && returns === undefined) {
    complain(reader, 'missing', 'a fact says one of “sleeps”, “takes”, “releases”, “returns”', node.offset, 1);
    return undefined;
  }
  return {
    function: name,
    reason: optionalText(reader, all.get('reason'), '“reason”'),
    ...(sleeps === undefined ? {} : { sleeps }),
    // People count arguments from 1.
    ...(takes === undefined ? {} : { takes: takes - 1 }),
    ...(releases === undefined ? {} : { releases: releases - 1 }),
    ...(returns === undefined ? {} : { returns }),
    at: placeOf(reader, node, file),
  };
}

/** Several files as one; the first that names a design or machines decides. */
export function correctionsOf(texts: readonly CorrectionsText[]): Corrections {
  const all = texts.map(parseCorrections);
  return {
    dismissals: all.flatMap((one) => one.dismissals),
    facts: all.flatMap((one) => one.facts),
    design: all.find((one) => one.design !== null)?.design ?? null,
    machines: all.find((one) => one.machines !== null)?.machines ?? null,
    problems: all.flatMap((one) => one.problems),
  };
}

interface Known {
  readonly finding: Finding;
  readonly identity: Identity;
  /** Counted from 1 among those of the same identity. */
  readonly occurrence: number;
}

function knownFindings(series: Series, findings: readonly Finding[]): Known[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const identity = identityOf(series, finding);
    const key = JSON.stringify([identity.rule, identity.function, identity.line, identity.patch]);
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    return { finding, identity, occurrence };
  });
}

function meets(one: Known, dismissal: Dismissal): boolean {
  const { identity, occurrence } = one;
  return (
    identity.rule === dismissal.rule &&
    identity.line === dismissal.line &&
    (identity.function ?? null) === dismissal.function &&
    (dismissal.occurrence === null || dismissal.occurrence === occurrence)
  );
}

function samePatch(identity: Identity, dismissal: Dismissal): boolean {
  return (
    dismissal.patch !== null && identity.patch !== null && normalTitle(identity.patch) === normalTitle(dismissal.patch)
  );
}

/**
 * Takes dismissed findings out. Where no finding of the patch that a dismissal names meets it, one of another patch does (the patch
 * may have been given another title). `alone`: whatever meets nothing is said; else only what names a patch of this series.
 */
export function dismiss(
  series: Series,
  findings: readonly Finding[],
  corrections: Corrections,
  alone: boolean,
): { readonly findings: readonly Finding[] } & Corrected {
  const known = knownFindings(series, findings);
  const gone = new Map<Finding, string>();
  const problems: CorrectionProblem[] = [...corrections.problems];
  const titles = new Set([...series.patches.map((patch) => normalTitle(patch.title)), normalTitle(series.subject)]);
  for (const dismissal of corrections.dismissals) {
    const all = known.filter((one) => meets(one, dismissal));
    const own = all.filter(({ identity }) => samePatch(identity, dismissal));
    const met = own.length > 0 || dismissal.patch === null || titles.has(normalTitle(dismissal.patch)) ? own : all;
    for (const { finding } of dismissal.patch === null ? all : met) gone.set(finding, dismissal.reason);
    if ((dismissal.patch === null ? all : met).length > 0) continue;
    if (alone || (dismissal.patch !== null && titles.has(normalTitle(dismissal.patch))))
      problems.push({
        kind: 'unused',
        message: `no finding ${dismissal.rule} is left at “${dismissal.line}”${dismissal.function === null ? '' : ` in ${dismissal.function}()`}: it was repaired, or its line was rewritten`,
        at: dismissal.at,
      });
  }
  for (const given of corrections.facts)
    if (alone && !series.messages.some((message) => message.lines.some((line) => line.includes(given.function))))
      problems.push({ kind: 'unused', message: `no mail of the series names ${given.function}()`, at: given.at });
  return {
    findings: findings.filter((finding) => !gone.has(finding)),
    dismissed: [...gone].map(([finding, reason]) => ({ finding, reason })),
    facts: corrections.facts,
    problems,
  };
}

/** Problems as damage of the review: they have no place in the mails, so that the sentence names the file's. */
export function problemDamage(problems: readonly CorrectionProblem[]): Damage[] {
  return problems.map(({ kind, message, at }) => ({
    code: kind === 'invalid' ? 'correction-invalid' : 'correction-unused',
    message: `${at.file}:${at.line}:${at.column + 1}: ${message}.`,
    at: null,
  }));
}

/** The identity of a finding as a dismissal writes it down, with the occurrence where it needs one. */
export function dismissalOf(
  series: Series,
  findings: readonly Finding[],
  finding: Finding,
  reason: string,
): Omit<Dismissal, 'at'> | null {
  const known = knownFindings(series, findings);
  const one = known.find((each) => each.finding.id === finding.id);
  if (one === undefined) return null;
  const same = known.filter((each) => JSON.stringify(each.identity) === JSON.stringify(one.identity));
  return { ...one.identity, reason, occurrence: same.length > 1 ? one.occurrence : null };
}
