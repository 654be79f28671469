/** Entries in Problems: each finding, with the related lines along its trace; damage of the input as hints. */
import * as vscode from 'vscode';
import type { Finding, Review, Severity } from '../review/types';
import { LINKS, SOURCE } from './names';
import { patchName, place } from './places';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { squiggle } from './squiggle';

const SEVERITIES: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

function diagnosticOf(subject: Subject, review: Review, finding: Finding, range: vscode.Range): vscode.Diagnostic {
  const fixed =
    finding.fixedBy === null ? '' : ` (${vscode.l10n.t('fixed by {0}', patchName(review, finding.fixedBy))})`;
  const severity =
    finding.fixedBy !== null && finding.severity === 'error'
      ? vscode.DiagnosticSeverity.Warning
      : SEVERITIES[finding.severity];
  const diagnostic = new vscode.Diagnostic(
    squiggle(finding, range),
    plain(`${finding.title}: ${finding.message}${fixed}`),
    severity,
  );
  diagnostic.source = SOURCE;
  const about = `command:${LINKS.aboutRule}?${encodeURIComponent(JSON.stringify([finding.rule]))}`;
  diagnostic.code = { value: finding.rule, target: vscode.Uri.parse(about) };
  diagnostic.relatedInformation = finding.related.flatMap((related) => {
    const there = place(subject, review, related.at);
    if (there === null) return [];
    return [
      new vscode.DiagnosticRelatedInformation(
        new vscode.Location(there.uri, there.range),
        plain(`${patchName(review, related.patch)}: ${related.message}`),
      ),
    ];
  });
  return diagnostic;
}

export function registerDiagnostics(context: vscode.ExtensionContext, deps: { readonly store: ReviewStore }): void {
  const collection = vscode.languages.createDiagnosticCollection('doorbell');
  const publish = (): void => {
    const entries = new Map<string, { readonly uri: vscode.Uri; readonly diagnostics: vscode.Diagnostic[] }>();
    const add = (uri: vscode.Uri, diagnostic: vscode.Diagnostic): void => {
      const entry = entries.get(uri.toString()) ?? { uri, diagnostics: [] };
      entry.diagnostics.push(diagnostic);
      entries.set(uri.toString(), entry);
    };
    for (const subject of deps.store.subjects())
      for (const review of subject.reviews) {
        for (const finding of review.findings) {
          const there = place(subject, review, finding.at);
          if (there !== null) add(there.uri, diagnosticOf(subject, review, finding, there.range));
        }
        for (const damage of review.damage) {
          const there = damage.at === null ? null : place(subject, review, damage.at);
          if (there === null) continue;
          const diagnostic = new vscode.Diagnostic(
            there.range,
            plain(damage.message),
            vscode.DiagnosticSeverity.Information,
          );
          diagnostic.source = SOURCE;
          diagnostic.code = damage.code;
          add(there.uri, diagnostic);
        }
      }
    const gone: [vscode.Uri, undefined][] = [];
    collection.forEach((uri) => {
      if (!entries.has(uri.toString())) gone.push([uri, undefined]);
    });
    collection.set([
      ...gone,
      ...[...entries.values()].map(({ uri, diagnostics }): [vscode.Uri, vscode.Diagnostic[]] => [uri, diagnostics]),
    ]);
  };
  context.subscriptions.push(collection, deps.store.onDidReview(publish), deps.store.onDidMove(publish));
  publish();
}
