/**
 * What assistants that the user runs may ask: a review, a scenario, a finding's reasons. Text goes out; nothing is changed, and no file
 * outside the workspace is read. The same question gets the same answer.
 */
import * as vscode from 'vscode';
import { commentOf } from '../report/reply';
import type { Finding, Review } from '../review/types';
import type { Analyst } from './analyst';
import { spanLabel } from './patch-lines';
import { patchName } from './places';
import type { ReviewStore, Subject } from './review-store';

interface Deps {
  readonly store: ReviewStore;
  readonly analyst: Analyst;
  readonly subjectInView: () => Subject | undefined;
}

interface Asked {
  readonly file?: unknown;
  readonly scenario?: unknown;
  readonly design?: unknown;
  readonly finding?: unknown;
}

/** Characters of an answer at most. */
const LONGEST = 40_000;

function answer(text: string): vscode.LanguageModelToolResult {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n[cut after ${LONGEST} characters]` : text;
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(cut)]);
}

/** The text of a review for a reader that is no person: English, one line a finding. */
function reviewText(review: Review): string {
  const { series, findings, matrix, coverage } = review;
  const executed = coverage.filter((one) => one.executed).length;
  const violated = matrix.filter(({ verdict }) => verdict === 'violated').length;
  return [
    `Series: ${series.subject} (v${series.version}, ${series.patches.length} patches)`,
    ...review.choices.map(({ what, value, because }) => `Chosen ${what}: ${value} (${because})`),
    `Scenario runs: ${matrix.length}, violated: ${violated}. Functions executed: ${executed} of ${coverage.length}.`,
    `Findings: ${findings.length}`,
    ...findings.map(
      (finding) =>
        `- [id ${finding.id}] ${finding.severity} ${finding.class} at ${spanLabel(review, finding.at)}: ${finding.message}`,
    ),
  ].join('\n');
}

function findingText(review: Review, finding: Finding): string {
  return [
    `${finding.title} (${finding.severity}, ${finding.class}) at ${spanLabel(review, finding.at)}`,
    `Rule: ${finding.rule}. Evidence: ${finding.evidence}.`,
    finding.introducedBy > 0 ? `Since patch ${finding.introducedBy}.` : 'There before the series.',
    ...(finding.fixedBy === null ? [] : [`Fixed by patch ${finding.fixedBy}.`]),
    commentOf(finding),
    ...(finding.state === null ? [] : [`State: ${finding.state}`]),
    ...finding.related.map(
      ({ at, patch, message }) => `See ${patchName(review, patch)} ${spanLabel(review, at)}: ${message}`,
    ),
  ].join('\n');
}

/** A file of the workspace by its path there; a way out of it is refused. */
function workspaceUri(file: string): vscode.Uri {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const asked = file.startsWith('/') ? uri.with({ path: file }) : vscode.Uri.joinPath(uri, file);
    const base = uri.path.endsWith('/') ? uri.path : `${uri.path}/`;
    if (vscode.Uri.joinPath(asked, '.').path.startsWith(base)) return asked;
  }
  throw new Error(`${file} is not in the workspace.`);
}

/** Asks about the series of a file, or the one on screen. A file that nobody has open is reviewed for this question alone. */
async function aboutSeries(
  deps: Deps,
  { file }: Asked,
  token: vscode.CancellationToken,
  tell: (subject: Subject) => string,
): Promise<string> {
  const named = typeof file === 'string' && file !== '';
  const uri = named ? workspaceUri(file) : [...(deps.subjectInView()?.uris.values() ?? [])][0];
  if (uri === undefined) throw new Error('No patch series is open. Name a file of the workspace.');
  const passing = deps.store.subjectOf(uri) === undefined ? await deps.store.open([uri], token) : undefined;
  try {
    const subject = await deps.store.fresh(uri, token);
    if (subject === undefined || subject.reviews.length === 0) throw new Error(`${uri.path} holds no patch mail.`);
    return tell(subject);
  } finally {
    if (passing !== undefined) deps.store.close(passing.key);
  }
}

export function registerLanguageModelTools(context: vscode.ExtensionContext, deps: Deps): void {
  // Editors built on VS Code without this interface have no `lm`.
  const lm = (vscode as { readonly lm?: Partial<typeof vscode.lm> }).lm;
  const register = lm?.registerTool;
  if (lm === undefined || register === undefined) return;
  const tool = (
    name: string,
    says: (asked: Asked) => string,
    invoke: (asked: Asked, token: vscode.CancellationToken) => Promise<string>,
  ): vscode.Disposable =>
    register.call(lm, name, {
      prepareInvocation: ({ input }: { readonly input: unknown }) => ({
        invocationMessage: says((input ?? {}) as Asked),
      }),
      invoke: async ({ input }: { readonly input: unknown }, token: vscode.CancellationToken) =>
        answer(await invoke((input ?? {}) as Asked, token)),
    });
  context.subscriptions.push(
    tool(
      'doorbell_reviewSeries',
      () => vscode.l10n.t('Reviewing the patch series'),
      (asked, token) => aboutSeries(deps, asked, token, ({ reviews }) => reviews.map(reviewText).join('\n\n')),
    ),
    tool(
      'doorbell_explainFinding',
      () => vscode.l10n.t('Looking up a finding'),
      (asked, token) =>
        aboutSeries(deps, asked, token, ({ reviews }) => {
          for (const review of reviews)
            for (const finding of review.findings)
              if (finding.id === asked.finding) return findingText(review, finding);
          throw new Error('There is no finding of this id; reviewSeries lists them.');
        }),
    ),
    tool(
      'doorbell_runScenario',
      () => vscode.l10n.t('Running a scenario'),
      async ({ scenario, design }, token) => {
        const known = await deps.analyst.scenarios(token);
        if (known === null) throw new Error('Cancelled.');
        if (typeof scenario !== 'string' || known.scenarios.every(({ id }) => id !== scenario))
          throw new Error(`There is no such scenario. There are: ${known.scenarios.map(({ id }) => id).join(', ')}.`);
        if (design !== undefined && (typeof design !== 'string' || !known.designs.includes(design)))
          throw new Error(`There is no such design. There are: ${known.designs.join(', ')}.`);
        const runs = await deps.analyst.run(scenario, design ?? null, token);
        if (runs === null) throw new Error('Cancelled.');
        return runs
          .map((run) => {
            const why =
              run.traces.flatMap(({ violations }) => violations.map(({ message }) => message))[0] ?? run.reason;
            return `${run.machine}, ${run.design}: ${run.verdict}${why === null ? '' : ` (${why})`}`;
          })
          .join('\n');
      },
    ),
  );
}
