/**
 * Hovers: what a line does in the model and why it matters, as a chain of reasons with the document that says so.
 * Trusted only for our own links; all text of a mail is escaped.
 */
import * as vscode from 'vscode';
import { asClause } from '../report/plain';
import type { Finding, Review, StageLine } from '../review/types';
import { code, commandLink, escaped, prose } from './markdown';
import { type LineUsage, markOf, pageBar, SHAPES, worstFirst } from './marks';
import { LINKS, MAIL_LANGUAGES, SCHEME } from './names';
import { patchName, placeIn } from './places';
import type { ReviewStore, Subject } from './review-store';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';
import { isSaidAbove } from './squiggle';
import { stageName } from './stage-names';
import { usageLines } from './window-usage';

/** How the links of a hover name a finding; plain data, because it travels through a URI. */
export interface FindingAddress {
  readonly subject: string;
  readonly series: number;
  readonly finding: string;
}

/** How far what was read goes, in a reader's words. */
function evidenceText(evidence: Finding['evidence']): string {
  const texts: Readonly<Record<Finding['evidence'], string>> = {
    full: vscode.l10n.t('the whole function is in sight'),
    spliced: vscode.l10n.t('the hunks of the mail laid over the function of the design'),
    fragment: vscode.l10n.t('only a part of the function is in the mail'),
    prose: vscode.l10n.t('the text of the mail'),
  };
  return texts[evidence];
}

/** What documents our providers serve. */
export const SELECTOR: vscode.DocumentSelector = [
  ...MAIL_LANGUAGES.map((language) => ({ language })),
  { scheme: SCHEME },
];

function history(review: Review, finding: Finding): string {
  const since =
    finding.introducedBy > 0
      ? vscode.l10n.t('since {0}', patchName(review, finding.introducedBy))
      : vscode.l10n.t('there before the series');
  return finding.fixedBy === null
    ? since
    : `${since}, ${vscode.l10n.t('fixed by {0}', patchName(review, finding.fixedBy))}`;
}

/** Text of the review with its full stop. It begins as it is: its first word may be a name of the code. */
function sentence(text: string): string {
  return /[.!?…:]$/.test(text) ? text : `${text}.`;
}

/** One finding as Markdown. Exported for the tests. @param said its message stands above already */
export function findingMarkdown(subject: Subject, review: Review, finding: Finding, said = false): string {
  const address: FindingAddress = {
    subject: subject.key,
    series: subject.reviews.indexOf(review),
    finding: finding.id,
  };
  const head = `**${SHAPES[markOf(finding)]} ${escaped(finding.title)}** · ${escaped(finding.class)} · ${escaped(finding.severity)} · ${escaped(history(review, finding))}`;
  const lines = said ? [head] : [head, prose(sentence(finding.message))];
  const reasons = finding.why.map(
    ({ text, reference }) =>
      `*${vscode.l10n.t('because')}* ${prose(sentence(asClause(text)))}${reference === null ? '' : ` *(${escaped(reference)})*`}`,
  );
  lines.push(...reasons);
  if (finding.state !== null) lines.push(`*${vscode.l10n.t('state')}* ${prose(finding.state)}`);
  if (finding.trace === null && finding.evidence !== 'full')
    lines.push(`*${vscode.l10n.t('evidence')}* ${escaped(evidenceText(finding.evidence))}`);
  const trace = finding.trace === null ? undefined : review.traces[finding.trace];
  const links = [
    ...(trace === undefined
      ? []
      : [
          commandLink(vscode.l10n.t('Show trace'), LINKS.showTrace, [address]),
          ...(trace.prefix === 0
            ? []
            : [commandLink(vscode.l10n.t('Compare with the run before this patch'), LINKS.compareBefore, [address])]),
          commandLink(vscode.l10n.t('Run scenario'), LINKS.runScenarioOf, [
            { ...address, scenario: trace.scenario, machine: trace.machine },
          ]),
        ]),
    commandLink(vscode.l10n.t('Add to reply'), LINKS.addToReply, [address]),
    commandLink(vscode.l10n.t('About this rule'), LINKS.aboutRule, [finding.rule]),
  ];
  return `${lines.join('  \n')}\n\n${links.join(' · ')}`;
}

function usageMarkdown(titles: ScenarioTitles, { report, event }: LineUsage): string {
  const change =
    event.delta > 0
      ? vscode.l10n.t('takes {0}', event.delta)
      : event.delta < 0
        ? vscode.l10n.t('gives back {0}', -event.delta)
        : vscode.l10n.t('takes none');
  const head = `**▤ ${vscode.l10n.t('MSI window')}** ${pageBar(event.used, event.total)} ${vscode.l10n.t('{0} of {1} pages in use', event.used, event.total)} · ${escaped(change)}`;
  const place = `${code(`0x${report.base.toString(16)}`)} + ${code(`0x${report.size.toString(16)}`)}, ${vscode.l10n.t('pages of {0} KiB', report.granule / 1024)}`;
  const doors = event.doorbells.length === 0 ? '' : ` · ${event.doorbells.map(escaped).join(', ')}`;
  const need =
    report.pagesNeeded > 0 ? ` · ${escaped(vscode.l10n.t('{0} needed at the fullest', report.pagesNeeded))}` : '';
  return `${head}  \n${place}${doors}${need}  \n*${escaped(titles.titleOf(report.scenario))} · ${escaped(report.machine)}*`;
}

function stageMarkdown({ stage, step, steps, does, function: name }: StageLine): string {
  return `*${vscode.l10n.t('path')}* ${escaped(stageName(stage))} · ${vscode.l10n.t('step {0} of {1}', step, steps)} · ${code(name)} ${prose(does)}`;
}

export function registerHovers(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly selection: SelectionStore; readonly titles: ScenarioTitles },
): void {
  const markdown = (text: string): vscode.MarkdownString => {
    const value = new vscode.MarkdownString(text);
    value.isTrusted = { enabledCommands: Object.values(LINKS) };
    return value;
  };
  context.subscriptions.push(
    vscode.languages.registerHoverProvider(SELECTOR, {
      async provideHover(document, position, token) {
        const subject = await deps.store.fresh(document.uri, token);
        if (subject === undefined || token.isCancellationRequested) return undefined;
        const parts: string[] = [];
        for (const review of subject.reviews) {
          const ranges = new Map(
            review.findings.flatMap((finding) => {
              const range = placeIn(document.uri, subject, review, finding.at);
              return range?.start.line === position.line ? [[finding, range] as const] : [];
            }),
          );
          for (const finding of worstFirst([...ranges.keys()])) {
            const range = ranges.get(finding);
            const said = range !== undefined && isSaidAbove(document, finding, range, position);
            parts.push(findingMarkdown(subject, review, finding, said));
          }
        }
        for (const { line, usage } of usageLines(document.uri, deps.store, deps.selection))
          if (line === position.line) parts.push(usageMarkdown(deps.titles, usage));
        for (const review of subject.reviews)
          for (const stage of review.stages)
            if (placeIn(document.uri, subject, review, stage.at)?.start.line === position.line)
              parts.push(stageMarkdown(stage));
        return parts.length === 0
          ? undefined
          : new vscode.Hover(parts.map(markdown), document.lineAt(position.line).range);
      },
    }),
  );
}
