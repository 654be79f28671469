/**
 * What our links, lenses and tree rows do: show a finding's line, its trace, its scenario, its rule. Arguments come
 * through URIs and keybindings, so each is checked before it is used.
 */
import * as vscode from 'vscode';
import type { Span } from '../place';
import { RULES } from '../review/catalog';
import type { Finding, Review } from '../review/types';
import type { Trace } from '../scenario/types';
import { BEFORE } from './counterparts';
import { LINKS } from './names';
import { place } from './places';
import type { ReviewStore, Subject } from './review-store';
import type { SelectionStore } from './selection';
import type { TopologyPanel } from './topology-panel';

/** What a link names; every part may be missing or stale. */
export interface Address {
  readonly subject?: string;
  readonly series?: number;
  readonly finding?: string;
  readonly trace?: string;
  readonly event?: number;
  readonly scenario?: string;
  readonly machine?: string;
  readonly at?: Span;
}

interface Target {
  readonly subject: Subject;
  readonly review: Review;
  readonly finding: Finding | undefined;
}

function isAddress(value: unknown): value is Address {
  return typeof value === 'object' && value !== null;
}

function isSpan(value: unknown): value is Span {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    'line' in value &&
    typeof value.message === 'number' &&
    typeof value.line === 'number'
  );
}

/** A tree node passes itself: it holds subject and review as values. */
export function addressOf(value: unknown): Address {
  if (!isAddress(value)) return {};
  if (!('kind' in value)) return value;
  const node = value as {
    readonly subject?: { readonly key?: string; readonly reviews?: readonly unknown[] };
    readonly review?: unknown;
    readonly finding?: { readonly id?: string };
    readonly scenario?: string;
    readonly machine?: string;
  };
  return {
    ...(node.subject?.key === undefined
      ? {}
      : { subject: node.subject.key, series: node.subject.reviews?.indexOf(node.review) ?? 0 }),
    ...(node.finding?.id === undefined ? {} : { finding: node.finding.id }),
    ...(node.scenario === undefined ? {} : { scenario: node.scenario }),
    ...(node.machine === undefined ? {} : { machine: node.machine }),
  };
}

/** The trace to show for a scenario and machine: the last prefix that violates it, else the last one that ran. */
export function traceOfScenario(review: Review, scenario: string, machine: string | undefined): Trace | undefined {
  const traces = Object.values(review.traces)
    .filter((trace) => trace.scenario === scenario && (machine === undefined || trace.machine === machine))
    .sort((a, b) => b.prefix - a.prefix);
  return traces.find(({ violations }) => violations.length > 0) ?? traces[0];
}

/** Shows a span in the editor. @returns false when its text is gone */
export async function revealSpan(
  subject: Subject,
  review: Review,
  span: Span,
  preserveFocus: boolean,
): Promise<boolean> {
  const there = place(subject, review, span);
  if (there === null) return false;
  const shown = vscode.window.visibleTextEditors.find(
    ({ document }) => document.uri.toString() === there.uri.toString(),
  );
  const document = await vscode.workspace.openTextDocument(there.uri);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One,
    preserveFocus,
    preview: false,
  });
  const start = new vscode.Position(
    there.range.start.line,
    Math.min(there.range.start.character, document.lineAt(there.range.start.line).text.length),
  );
  editor.selection = new vscode.Selection(start, start);
  editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return true;
}

export function registerLinks(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly selection: SelectionStore; readonly panel: TopologyPanel },
): void {
  const targetOf = (address: Address): Target | undefined => {
    const subject = deps.store.subjects().find(({ key }) => key === address.subject);
    const review = subject?.reviews[address.series ?? 0];
    if (subject === undefined || review === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('This series is no longer under review.'));
      return undefined;
    }
    return { subject, review, finding: review.findings.find(({ id }) => id === address.finding) };
  };

  const show = (address: Address, against?: string): void => {
    const target = targetOf(address);
    if (target === undefined) return;
    const { subject, review, finding } = target;
    const id =
      address.trace ??
      finding?.trace ??
      (address.scenario === undefined ? undefined : traceOfScenario(review, address.scenario, address.machine)?.id);
    const trace = id === undefined || id === null ? undefined : review.traces[id];
    if (trace === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('No run stands behind this: there is no trace to show.'));
      return;
    }
    deps.selection.set({ scenario: trace.scenario, machine: trace.machine });
    deps.panel.show({ subject, review, trace, event: address.event ?? trace.violations[0]?.event ?? 0 }, against);
  };

  context.subscriptions.push(
    vscode.commands.registerCommand(LINKS.showTrace, (value: unknown) => show(addressOf(value))),
    vscode.commands.registerCommand(LINKS.compareBefore, (value: unknown) => show(addressOf(value), BEFORE)),
    vscode.commands.registerCommand(LINKS.runScenarioOf, async (value: unknown) => {
      const address = addressOf(value);
      const before = targetOf(address);
      if (before === undefined) return;
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Running the scenario…') },
        (_progress, token) => deps.store.again(before.subject.key, token),
      );
      // The text may have changed the trace's number; its scenario and machine name it still.
      const after = targetOf(address);
      const same = address.trace !== undefined && after?.review.traces[address.trace] !== undefined;
      const { trace: _trace, event: _event, ...lasting } = address;
      show(same ? address : lasting);
    }),
    vscode.commands.registerCommand(LINKS.aboutRule, async (rule: unknown) => {
      const known = RULES.find(({ id }) => id === rule);
      if (known === undefined) return;
      const page = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules', `${known.id}.md`);
      try {
        await vscode.workspace.fs.stat(page);
        await vscode.commands.executeCommand('markdown.showPreviewToSide', page);
      } catch {
        void vscode.window.showInformationMessage(`${known.title} (${known.id}) · ${known.class} · ${known.severity}`);
      }
    }),
    vscode.commands.registerCommand(LINKS.reveal, async (value: unknown) => {
      const address = addressOf(value);
      const target = targetOf(address);
      const span = target?.finding?.at ?? (isSpan(address.at) ? address.at : undefined);
      if (target === undefined || span === undefined) return;
      if (!(await revealSpan(target.subject, target.review, span, false)))
        void vscode.window.showInformationMessage(vscode.l10n.t('This line was edited since the review.'));
    }),
  );
}
