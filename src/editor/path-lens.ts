/** Over each hunk that runs: which step of the path it is, how many findings it has, and the scenario to run. */
import * as vscode from 'vscode';
import type { Change, Hunk } from '../patch/types';
import type { Review } from '../review/types';
import type { Trace } from '../scenario/types';
import { SELECTOR } from './hovers';
import { LINKS, SETTINGS } from './names';
import { hunkEnd, tracesAt } from './patch-lines';
import { placeIn } from './places';
import { clipped } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import type { ScenarioTitles } from './scenario-titles';
import { isOn, onSettingChange } from './settings';
import { stageName } from './stage-names';

/** The trace that shows a hunk best: a violated one before a quiet one. */
function traceOf(review: Review, change: Change, hunk: Hunk): Trace | undefined {
  let quiet: Trace | undefined;
  for (const { line } of hunk.lines) {
    const [first] = tracesAt(review, change.message, line);
    if (first === undefined) continue;
    if (first.violations.length > 0) return first;
    quiet ??= first;
  }
  return quiet;
}

export function registerPathLens(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly titles: ScenarioTitles },
): void {
  const changed = new vscode.EventEmitter<void>();
  const lensesOf = (
    document: vscode.TextDocument,
    subject: Subject,
    review: Review,
    change: Change,
    hunk: Hunk,
  ): vscode.CodeLens[] => {
    const inside = (at: { readonly message: number; readonly line: number }): boolean =>
      at.message === change.message && at.line >= hunk.line && at.line <= hunkEnd(hunk);
    const stages = review.stages.filter(({ at }) => inside(at));
    const findings = review.findings.filter(({ at }) => inside(at));
    const trace = traceOf(review, change, hunk);
    const span = { message: change.message, line: hunk.line, column: 0, endLine: hunk.line, endColumn: 2 };
    const range = placeIn(document.uri, subject, review, span);
    if (range === null || (stages.length === 0 && findings.length === 0 && trace === undefined)) return [];
    const words: string[] = [];
    const [first] = stages;
    const last = stages[stages.length - 1];
    if (first !== undefined && last !== undefined) {
      const step =
        first.step === last.step || first.stage !== last.stage
          ? vscode.l10n.t('step {0} of {1}', first.step, first.steps)
          : vscode.l10n.t(
              'steps {0}–{1} of {2}',
              Math.min(first.step, last.step),
              Math.max(first.step, last.step),
              first.steps,
            );
      words.push(`${stageName(first.stage)} · ${step}`);
    }
    if (findings.length > 0)
      words.push(findings.length === 1 ? vscode.l10n.t('1 finding') : vscode.l10n.t('{0} findings', findings.length));
    const series = subject.reviews.indexOf(review);
    const [worst] = findings;
    const lenses: vscode.CodeLens[] = [];
    if (words.length > 0) {
      const target =
        worst === undefined
          ? { command: '' }
          : { command: LINKS.reveal, arguments: [{ subject: subject.key, series, finding: worst.id }] };
      lenses.push(new vscode.CodeLens(range, { title: words.join(' · '), ...target }));
    }
    if (trace !== undefined) {
      const event = trace.events.find(({ at }) => at?.kind === 'message' && inside(at))?.index ?? 0;
      const address = {
        subject: subject.key,
        series,
        trace: trace.id,
        event,
        scenario: trace.scenario,
        machine: trace.machine,
      };
      lenses.push(
        new vscode.CodeLens(range, {
          title: `▶ ${vscode.l10n.t('Run “{0}”', clipped(deps.titles.titleOf(trace.scenario), 50))}`,
          command: LINKS.runScenarioOf,
          arguments: [address],
        }),
        new vscode.CodeLens(range, {
          title: vscode.l10n.t('Show in topology'),
          command: LINKS.showTrace,
          arguments: [address],
        }),
      );
    }
    return lenses;
  };

  context.subscriptions.push(
    changed,
    deps.store.onDidReview(() => changed.fire()),
    deps.titles.onDidLearn(() => changed.fire()),
    onSettingChange(() => changed.fire()),
    vscode.languages.registerCodeLensProvider(SELECTOR, {
      onDidChangeCodeLenses: changed.event,
      async provideCodeLenses(document, token) {
        if (!isOn(SETTINGS.pathLens)) return [];
        const subject = await deps.store.fresh(document.uri, token);
        if (subject === undefined) return [];
        return subject.reviews.flatMap((review) =>
          review.changes.flatMap((change) =>
            change.files.flatMap((file) =>
              file.hunks.flatMap((hunk) => lensesOf(document, subject, review, change, hunk)),
            ),
          ),
        );
      },
    }),
  );
}
