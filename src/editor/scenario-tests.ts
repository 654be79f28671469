/**
 * The Testing view: a test for each scenario after each patch. A failure's message is the finding, and its place the line of
 * the patch. Running them reviews the series anew; run continuously, each new review is shown by itself.
 */
import * as vscode from 'vscode';
import type { Review } from '../review/types';
import { prose } from './markdown';
import { place } from './places';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { type Outcome, scenarioRows } from './scenario-outcomes';
import type { ScenarioTitles } from './scenario-titles';

interface Deps {
  readonly store: ReviewStore;
  readonly titles: ScenarioTitles;
}

/** Ids of tests: the subject's key, then series, scenario and prefix. */
const idOf = (...parts: readonly (string | number)[]): string => parts.join('\n');

const OUTCOMES: Readonly<Record<Outcome['kind'], string>> = { passed: '✓', failed: '✕', skipped: '·' };

function prefixLabel(review: Review, prefix: number): string {
  return prefix === 0
    ? vscode.l10n.t('before the series')
    : vscode.l10n.t('after {0}', `${prefix}/${review.series.total}`);
}

/** As Markdown, for it is wrapped where plain text is cut off. */
function said(text: string): vscode.TestMessage {
  return new vscode.TestMessage(new vscode.MarkdownString(prose(text)));
}

/** What a failed test says, each with the line it is about. Exported for the tests. */
export function messagesOf(subject: Subject, review: Review, outcome: Outcome): vscode.TestMessage[] {
  const messages = outcome.findings.map((finding) => {
    const message = said(`${finding.title}: ${finding.message}`);
    const there = place(subject, review, finding.at);
    if (there !== null) message.location = new vscode.Location(there.uri, there.range);
    return message;
  });
  return messages.length > 0 ? messages : [said(outcome.why ?? '')];
}

/** The view's tests, and what runs them. */
export interface ScenarioTests {
  readonly items: vscode.TestItemCollection;
  readonly profile: vscode.TestRunProfile;
}

export function registerScenarioTests(context: vscode.ExtensionContext, deps: Deps): ScenarioTests {
  const controller = vscode.tests.createTestController('doorbell.scenarios', 'Doorbell');
  /** What stands behind the items of the newest reviews. */
  const outcomes = new Map<string, { readonly subject: string; readonly series: number; readonly outcome: Outcome }>();
  /** Requests that run continuously. */
  const continuous = new Set<vscode.TestRunRequest>();

  const fill = (): void => {
    outcomes.clear();
    const items = deps.store.subjects().map((subject) => {
      const [only] = subject.reviews;
      const top = controller.createTestItem(
        subject.key,
        plain(only?.series.subject || subject.key),
        [...subject.uris.values()][0],
      );
      top.children.replace(
        subject.reviews.flatMap((review, series) =>
          scenarioRows(review).map(({ scenario, outcomes: all }) => {
            const row = controller.createTestItem(
              idOf(subject.key, series, scenario),
              plain(deps.titles.titleOf(scenario)),
            );
            if (subject.reviews.length > 1) row.description = plain(review.series.subject);
            row.children.replace(
              all.map((outcome) => {
                const id = idOf(subject.key, series, scenario, outcome.prefix);
                outcomes.set(id, { subject: subject.key, series, outcome });
                const cell = controller.createTestItem(id, prefixLabel(review, outcome.prefix));
                cell.sortText = String(outcome.prefix).padStart(4, '0');
                if (outcome.kind === 'skipped' && outcome.why !== null) cell.description = plain(outcome.why);
                return cell;
              }),
            );
            return row;
          }),
        ),
      );
      return top;
    });
    controller.items.replace(items.filter((item) => item.children.size > 0));
  };

  /** The cells below the chosen items, without the excluded ones. */
  const chosen = (request: vscode.TestRunRequest): vscode.TestItem[] => {
    const excluded = new Set(request.exclude?.map(({ id }) => id));
    const cells = (item: vscode.TestItem): vscode.TestItem[] => {
      if (excluded.has(item.id)) return [];
      const below: vscode.TestItem[] = [];
      for (const [, child] of item.children) below.push(...cells(child));
      return item.children.size === 0 ? [item] : below;
    };
    const tops: vscode.TestItem[] = [];
    if (request.include === undefined) for (const [, item] of controller.items) tops.push(item);
    // An item may be of an older review: what counts is its name.
    else for (const { id } of request.include) tops.push(...named(id));
    return tops.flatMap(cells);
  };
  const named = (id: string): vscode.TestItem[] => {
    const search = (items: vscode.TestItemCollection): vscode.TestItem[] => {
      const found: vscode.TestItem[] = [];
      for (const [, item] of items) {
        if (item.id === id) found.push(item);
        else if (id.startsWith(item.id)) found.push(...search(item.children));
      }
      return found;
    };
    return search(controller.items);
  };

  const publish = (request: vscode.TestRunRequest, run = controller.createTestRun(request)): void => {
    for (const item of chosen(request)) {
      const known = outcomes.get(item.id);
      const subject = deps.store.subjects().find(({ key }) => key === known?.subject);
      const review = subject?.reviews[known?.series ?? -1];
      if (known === undefined || subject === undefined || review === undefined) run.skipped(item);
      else if (known.outcome.kind === 'passed') run.passed(item);
      else if (known.outcome.kind === 'skipped') run.skipped(item);
      else run.failed(item, messagesOf(subject, review, known.outcome));
      if (known !== undefined) {
        const why = known.outcome.why === null ? '' : `: ${plain(known.outcome.why)}`;
        const row = item.parent === undefined ? '' : `${item.parent.label}, `;
        run.appendOutput(`${OUTCOMES[known.outcome.kind]} ${row}${item.label}${why}\r\n`, undefined, item);
      }
    }
    run.end();
  };

  const run = async (request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> => {
    if (request.continuous) {
      continuous.add(request);
      token.onCancellationRequested(() => continuous.delete(request));
      return;
    }
    const subjects = new Set(
      chosen(request)
        .map(({ id }) => outcomes.get(id)?.subject)
        .filter((key) => key !== undefined),
    );
    const shown = controller.createTestRun(request);
    for (const item of chosen(request)) shown.started(item);
    for (const key of subjects) await deps.store.again(key, token);
    if (token.isCancellationRequested) shown.end();
    else publish(request, shown);
  };
  const profile = controller.createRunProfile(
    vscode.l10n.t('Run scenarios'),
    vscode.TestRunProfileKind.Run,
    run,
    true,
    undefined,
    true,
  );
  controller.refreshHandler = async (token) => {
    for (const { key } of deps.store.subjects()) await deps.store.again(key, token);
  };

  context.subscriptions.push(
    controller,
    deps.store.onDidReview(() => {
      fill();
      for (const request of continuous) publish(request);
    }),
    deps.titles.onDidLearn(fill),
  );
  fill();
  return { items: controller.items, profile };
}
