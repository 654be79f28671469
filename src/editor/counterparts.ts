/**
 * What the trace on display can be held against: the run before its patch, other runs of the series, built-in designs without the
 * series, another version. Comes in: what the panel shows. Goes out: a list, and the trace behind an entry of it, which is run when
 * the review kept none.
 */
import * as vscode from 'vscode';
import { DESIGN_NAMES } from '../host/designs/names';
import type { Counterpart } from '../protocol';
import type { Review } from '../review/types';
import type { Trace } from '../scenario/types';
import type { Analyst, Interest } from './analyst';
import type { ReviewStore, Subject } from './review-store';

/** What is on display, as far as it matters here. */
export interface OnDisplay {
  readonly subject: Subject | null;
  readonly review: Review | null;
  readonly trace: Trace;
  readonly runs?: readonly { readonly trace: Trace }[];
}

/** A trace to show beside it. */
export interface Found {
  readonly trace: Trace;
  /** The review its places belong to; null when they name built-in programs alone. */
  readonly review: Review | null;
  readonly title: string;
  readonly earlier: boolean;
}

interface Deps {
  readonly store: ReviewStore;
  readonly analyst: Analyst;
  /** Other versions of a series, of whatever file. */
  readonly versions: (review: Review) => readonly Review[];
}

/** Key of the run before the patch: the same for every trace. */
export const BEFORE = 'before';

/** A scenario without its parameters. */
const plainId = (scenario: string): string => scenario.replace(/\[.*$/, '');

function prefixTitle(prefix: number, total: number): string {
  return prefix === 0 ? vscode.l10n.t('before the series') : vscode.l10n.t('patches 1–{0} of {1}', prefix, total);
}

function runTitle(trace: Trace, display: OnDisplay): string {
  const { review, trace: own } = display;
  return [
    ...(trace.machine === own.machine ? [] : [trace.machine]),
    ...(trace.design === own.design ? [] : [trace.design]),
    ...(review === null ? [] : [prefixTitle(trace.prefix, review.series.total)]),
    ...(trace.injected === null ? [] : [vscode.l10n.t('{0} fails', trace.injected)]),
  ].join(' · ');
}

/** The traces of the same scenario that are at hand, but the one on display. */
function atHand({ review, runs, trace }: OnDisplay): Trace[] {
  const all = review === null ? (runs ?? []).map((one) => one.trace) : Object.values(review.traces);
  return all.filter((other) => other.id !== trace.id && plainId(other.scenario) === plainId(trace.scenario));
}

function versionTitle(review: Review): string {
  return `v${review.series.version}`;
}

/** Of some traces, the one that answers to this one best: same machine, same prefix from the end, same failure made. */
function answering(traces: readonly Trace[], own: Trace): Trace | undefined {
  const same = traces.filter((one) => one.scenario === own.scenario && one.machine === own.machine);
  return same.find(({ injected }) => injected === own.injected) ?? same.sort((a, b) => b.prefix - a.prefix)[0];
}

export function counterpartsOf(display: OnDisplay, deps: Deps): Counterpart[] {
  const { review, trace } = display;
  const series = vscode.l10n.t('Runs of this series');
  const list: Counterpart[] = [];
  if (review !== null && trace.prefix > 0)
    list.push({ key: BEFORE, label: vscode.l10n.t('the run before this patch'), group: series });
  for (const other of atHand(display))
    list.push({
      key: `trace:${other.id}`,
      label: runTitle(other, display) || other.id,
      group: review === null ? vscode.l10n.t('Other runs') : series,
    });
  if (review === null) return list;
  for (const design of DESIGN_NAMES)
    list.push({ key: `design:${design}`, label: design, group: vscode.l10n.t('Designs without the series') });
  for (const other of deps.versions(review))
    if (answering(Object.values(other.traces), trace) !== undefined)
      list.push({
        key: `version:${other.series.version}`,
        label: versionTitle(other),
        group: vscode.l10n.t('Other versions'),
      });
  return list;
}

/** The trace behind a key; undefined when there is none, or interest was lost. */
export async function counterpart(
  key: string,
  display: OnDisplay,
  deps: Deps,
  interest: Interest,
): Promise<Found | undefined> {
  const { subject, review, trace } = display;
  const kind = key.replace(/:.*$/, '');
  const rest = key.slice(kind.length + 1);
  switch (kind) {
    case BEFORE: {
      if (subject === null || review === null || trace.prefix === 0) return undefined;
      const wanted = { scenario: trace.scenario, machine: trace.machine, prefix: trace.prefix - 1 };
      const reviews = await deps.store.withRuns(subject.key, [wanted], interest);
      const again = reviews?.[subject.reviews.indexOf(review)];
      const cell = again?.matrix.find(
        (one) => one.scenario === wanted.scenario && one.machine === wanted.machine && one.prefix === wanted.prefix,
      );
      const plain = cell?.trace == null ? undefined : again?.traces[cell.trace];
      if (again === undefined || plain === undefined) return undefined;
      const same = Object.values(again.traces).find(
        (one) =>
          one.scenario === plain.scenario &&
          one.machine === plain.machine &&
          one.prefix === plain.prefix &&
          one.injected === trace.injected,
      );
      return {
        trace: same ?? plain,
        review: again,
        title: prefixTitle(wanted.prefix, review.series.total),
        earlier: true,
      };
    }
    case 'trace': {
      const found = atHand(display).find(({ id }) => id === rest);
      if (found === undefined) return undefined;
      return {
        trace: found,
        review,
        title: runTitle(found, display) || found.id,
        earlier: found.prefix <= trace.prefix,
      };
    }
    case 'design': {
      const runs = await deps.analyst.run(plainId(trace.scenario), rest, interest);
      const found = answering(runs?.flatMap(({ traces }) => traces) ?? [], trace);
      if (found === undefined) return undefined;
      return { trace: found, review: null, title: vscode.l10n.t('design {0} alone', rest), earlier: true };
    }
    case 'version': {
      const other =
        review === null ? undefined : deps.versions(review).find(({ series }) => String(series.version) === rest);
      const found = other === undefined ? undefined : answering(Object.values(other.traces), trace);
      if (review === null || other === undefined || found === undefined) return undefined;
      return {
        trace: found,
        review: other,
        title: versionTitle(other),
        earlier: other.series.version < review.series.version,
      };
    }
    default:
      return undefined;
  }
}
