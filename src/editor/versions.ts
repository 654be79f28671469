/**
 * The tree "Versions and Corrections": what became of findings and patches since another version of the series, and which findings are
 * dismissed and why. Versions in one file are compared unasked; another file is chosen by a command.
 */
import * as vscode from 'vscode';
import { summaryOf } from '../report/comparison';
import type { Finding, Review } from '../review/types';
import { type Comparison, compareVersions, type FindingPair, isVersionOf } from '../review/versions';
import type { Analyst } from './analyst';
import { COMMANDS, LINKS, VIEWS } from './names';
import { clipped, plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';

interface Compared {
  readonly subject: Subject;
  /** Which of the subject's series is the newer one. */
  readonly review: Review;
  /** Null when the older version is of another file: its lines cannot be shown. */
  readonly older: Review | null;
  readonly comparison: Comparison;
}

type Section = FindingPair['kind'] | 'patches' | 'verdicts' | 'windows';

type Node =
  | { readonly kind: 'compared'; readonly of: Compared }
  | { readonly kind: 'section'; readonly of: Compared; readonly section: Section }
  | { readonly kind: 'pair'; readonly of: Compared; readonly pair: FindingPair }
  | { readonly kind: 'line'; readonly label: string; readonly detail: string }
  | { readonly kind: 'dismissals'; readonly subject: Subject; readonly review: Review }
  | {
      readonly kind: 'dismissal';
      readonly subject: Subject;
      readonly review: Review;
      readonly finding: Finding;
      readonly reason: string;
    };

const ICONS: Readonly<Record<Section, string>> = {
  new: 'add',
  kept: 'warning',
  fixed: 'check',
  dropped: 'trash',
  patches: 'git-commit',
  verdicts: 'beaker',
  windows: 'layout',
};

const SECTIONS: readonly Section[] = ['new', 'kept', 'fixed', 'dropped', 'patches', 'verdicts', 'windows'];

function titleOf(section: Section): string {
  switch (section) {
    case 'new':
      return vscode.l10n.t('New');
    case 'kept':
      return vscode.l10n.t('Still there');
    case 'fixed':
      return vscode.l10n.t('Fixed');
    case 'dropped':
      return vscode.l10n.t('Gone with its patch');
    case 'patches':
      return vscode.l10n.t('Patches');
    case 'verdicts':
      return vscode.l10n.t('Verdicts after the last patch');
    case 'windows':
      return vscode.l10n.t('MSI window after the last patch');
  }
}

function rowsOf(of: Compared, section: Section): readonly Node[] {
  const { comparison } = of;
  switch (section) {
    case 'patches':
      return comparison.patches.map((pair) => ({
        kind: 'line',
        label: `${pair.old ?? '–'} → ${pair.new ?? '–'}  ${pair.title}`,
        detail:
          pair.kind === 'same'
            ? vscode.l10n.t('the same')
            : pair.kind === 'changed'
              ? `+${pair.gained} −${pair.lost}`
              : pair.kind === 'added'
                ? vscode.l10n.t('added')
                : pair.into === null
                  ? vscode.l10n.t('dropped')
                  : vscode.l10n.t('now in patch {0}', pair.into),
      }));
    case 'verdicts':
      return comparison.verdicts.map((one) => ({
        kind: 'line',
        label: `${one.old ?? '–'} → ${one.new ?? '–'}`,
        detail: `${one.scenario} · ${one.machine}`,
      }));
    case 'windows':
      return comparison.windows.map((one) => {
        const usage = (window: typeof one.old): string =>
          window === null ? '–' : `${window.pagesUsed}/${Math.floor(window.size / Math.max(window.granule, 1))}`;
        return {
          kind: 'line',
          label: `${usage(one.old)} → ${usage(one.new)}`,
          detail: `${one.scenario} · ${one.machine}`,
        };
      });
    default:
      return comparison.findings
        .filter((pair) => pair.kind === section)
        .map((pair): Node => ({ kind: 'pair', of, pair }));
  }
}

export interface VersionsView {
  /** What is compared now; read by tests. */
  compared(): readonly Comparison[];
  /** The other versions of a series that are under review, or were chosen to compare with. */
  others(review: Review): readonly Review[];
}

export function registerVersions(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly analyst: Analyst; readonly subjectInView: () => Subject | undefined },
): VersionsView {
  const changed = new vscode.EventEmitter<void>();
  /** Reviews of files that were chosen to compare with, by subject. */
  const chosen = new Map<string, readonly Review[]>();

  const comparedOf = (subject: Subject): Compared[] =>
    subject.reviews.flatMap((review): Compared[] => {
      const others = chosen.get(subject.key) ?? [];
      const foreign =
        others.find((one) => isVersionOf(one.series, review.series)) ??
        (subject.reviews.length === 1 ? others[0] : undefined);
      if (foreign !== undefined) {
        const newer = foreign.series.version > review.series.version;
        return [
          {
            subject,
            review,
            older: null,
            comparison: newer ? compareVersions(review, foreign) : compareVersions(foreign, review),
          },
        ];
      }
      const [older] = subject.reviews
        .filter((one) => one.series.version < review.series.version && isVersionOf(one.series, review.series))
        .sort((a, b) => b.series.version - a.series.version);
      return older === undefined ? [] : [{ subject, review, older, comparison: compareVersions(older, review) }];
    });

  const roots = (): Node[] =>
    deps.store
      .subjects()
      .flatMap((subject) => [
        ...comparedOf(subject).map((of): Node => ({ kind: 'compared', of })),
        ...subject.reviews
          .filter((review) => (review.corrections?.dismissed.length ?? 0) > 0)
          .map((review): Node => ({ kind: 'dismissals', subject, review })),
      ]);

  const childrenOf = (node: Node): readonly Node[] => {
    if (node.kind === 'compared')
      return SECTIONS.filter((section) => rowsOf(node.of, section).length > 0).map((section) => ({
        kind: 'section',
        of: node.of,
        section,
      }));
    if (node.kind === 'section') return rowsOf(node.of, node.section);
    if (node.kind === 'dismissals')
      return (node.review.corrections?.dismissed ?? []).map(({ finding, reason }) => ({
        kind: 'dismissal',
        subject: node.subject,
        review: node.review,
        finding,
        reason,
      }));
    return [];
  };

  const reveal = (subject: Subject, review: Review, finding: Finding): vscode.Command => ({
    title: vscode.l10n.t('Show'),
    command: LINKS.reveal,
    arguments: [{ subject: subject.key, series: subject.reviews.indexOf(review), at: finding.at }],
  });

  const itemOf = (node: Node): vscode.TreeItem => {
    const { None: leaf, Collapsed: closed, Expanded: opened } = vscode.TreeItemCollapsibleState;
    switch (node.kind) {
      case 'compared': {
        const { old, new: now } = node.of.comparison;
        const item = new vscode.TreeItem(`v${old.version} → v${now.version}`, opened);
        item.description = plain(summaryOf(node.of.comparison));
        item.tooltip = plain(now.subject);
        item.iconPath = new vscode.ThemeIcon('git-compare');
        return item;
      }
      case 'section': {
        const item = new vscode.TreeItem(
          titleOf(node.section),
          node.section === 'new' || node.section === 'kept' ? opened : closed,
        );
        item.description = String(rowsOf(node.of, node.section).length);
        item.iconPath = new vscode.ThemeIcon(ICONS[node.section]);
        return item;
      }
      case 'pair': {
        const finding = node.pair.new ?? node.pair.old;
        const item = new vscode.TreeItem(clipped(finding?.short ?? '', 100), leaf);
        item.description = plain(
          `${finding?.function == null ? '' : `${finding.function}() · `}${finding?.rule ?? ''}`,
        );
        item.tooltip = plain(finding === null ? '' : `${finding.title}: ${finding.message}`);
        const review = node.pair.new !== null ? node.of.review : node.of.older;
        // Of a version in another file nothing can be shown; and where the chosen file is the newer one, that is the other side.
        const own = finding !== null && review?.findings.includes(finding) === true;
        if (own && review !== null) item.command = reveal(node.of.subject, review, finding);
        return item;
      }
      case 'line': {
        const item = new vscode.TreeItem(clipped(plain(node.label), 110), leaf);
        item.description = plain(node.detail);
        return item;
      }
      case 'dismissals': {
        const item = new vscode.TreeItem(vscode.l10n.t('Dismissed'), closed);
        item.description = String(node.review.corrections?.dismissed.length ?? 0);
        item.iconPath = new vscode.ThemeIcon('circle-slash');
        return item;
      }
      case 'dismissal': {
        const item = new vscode.TreeItem(clipped(node.finding.short, 100), leaf);
        item.description = plain(node.reason);
        item.tooltip = plain(`${node.finding.message}\n${node.reason}`);
        item.command = reveal(node.subject, node.review, node.finding);
        item.contextValue = 'dismissal';
        return item;
      }
    }
  };

  const refresh = (): void => {
    const keys = new Set(deps.store.subjects().map(({ key }) => key));
    for (const key of chosen.keys()) if (!keys.has(key)) chosen.delete(key);
    void vscode.commands.executeCommand('setContext', 'doorbell.hasVersions', roots().length > 0);
    changed.fire();
  };

  const compare = async (given: unknown): Promise<void> => {
    const subject = deps.subjectInView();
    if (subject === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Open a series first.'));
      return;
    }
    const files =
      given instanceof vscode.Uri
        ? [given]
        : await vscode.window.showOpenDialog({
            canSelectMany: true,
            title: vscode.l10n.t('The other version of this series'),
            filters: {
              [vscode.l10n.t('Patch mails')]: ['mbox', 'mbx', 'eml', 'patch', 'diff'],
              [vscode.l10n.t('All files')]: ['*'],
            },
          });
    if (files === undefined || files.length === 0) return;
    const sources = await Promise.all(
      files.map(async (uri) => ({
        name: vscode.workspace.asRelativePath(uri, false),
        bytes: await vscode.workspace.fs.readFile(uri),
      })),
    );
    const reviews = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Reviewing the other version'),
        cancellable: true,
      },
      (_progress, token) => deps.analyst.review(sources, token),
    );
    if (reviews === null) return;
    const patched = reviews.filter((review) => review.series.patches.length > 0);
    if (patched.length === 0) {
      void vscode.window.showWarningMessage(vscode.l10n.t('No patch mail was found in these files.'));
      return;
    }
    chosen.set(subject.key, patched);
    refresh();
    await vscode.commands.executeCommand(`${VIEWS.versions}.focus`);
  };

  const view = vscode.window.createTreeView<Node>(VIEWS.versions, {
    showCollapseAll: true,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: itemOf,
      getChildren: (node) => [...(node === undefined ? roots() : childrenOf(node))],
    },
  });
  context.subscriptions.push(
    view,
    changed,
    deps.store.onDidReview(refresh),
    vscode.commands.registerCommand(COMMANDS.compareVersions, compare),
  );
  refresh();
  return {
    others: (review) => {
      const subject = deps.store.subjects().find(({ reviews }) => reviews.includes(review));
      if (subject === undefined) return [];
      return [...subject.reviews, ...(chosen.get(subject.key) ?? [])].filter(
        (one) => one.series.version !== review.series.version && isVersionOf(one.series, review.series),
      );
    },
    compared: () => deps.store.subjects().flatMap((subject) => comparedOf(subject).map((one) => one.comparison)),
  };
}
