/**
 * The tree "Passthrough Review": series → cover, patches with their marks, findings by class, scenarios × prefixes,
 * and what was tried and why.
 */
import * as vscode from 'vscode';
import type { Span } from '../place';
import type { Finding, FindingClass, MatrixCell, Review } from '../review/types';
import type { Verdict } from '../scenario/types';
import type { Patch } from '../series/types';
import { claimText } from './claim-text';
import { type Mark, markOf, patchMark, SHAPES, summary, worstFirst, worstVerdict } from './marks';
import { LINKS, VIEWS } from './names';
import { spanLabel } from './patch-lines';
import { patchName } from './places';
import { clipped, plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';

interface Of {
  readonly subject: Subject;
  readonly review: Review;
}

export type TreeNode =
  | { readonly kind: 'subject'; readonly subject: Subject }
  | ({ readonly kind: 'series' } & Of)
  | ({ readonly kind: 'cover'; readonly message: number } & Of)
  | ({ readonly kind: 'patch'; readonly patch: Patch } & Of)
  | ({ readonly kind: 'findings' } & Of)
  | ({ readonly kind: 'class'; readonly class: FindingClass } & Of)
  | ({ readonly kind: 'finding'; readonly finding: Finding; readonly under: 'class' | 'patch' } & Of)
  | ({ readonly kind: 'claims' } & Of)
  | ({ readonly kind: 'claim'; readonly at: number } & Of)
  | ({ readonly kind: 'scenarios' } & Of)
  | ({ readonly kind: 'scenario'; readonly scenario: string } & Of)
  | ({ readonly kind: 'run'; readonly scenario: string; readonly machine: string } & Of)
  | ({ readonly kind: 'cell'; readonly cell: MatrixCell } & Of)
  | ({ readonly kind: 'choices' } & Of)
  | ({ readonly kind: 'choice'; readonly at: number } & Of)
  | ({ readonly kind: 'damages' } & Of)
  | ({ readonly kind: 'damage'; readonly at: number } & Of);

const VERDICT_MARK: Readonly<Record<Verdict, Mark | 'holds' | 'undecided' | null>> = {
  violated: 'violated',
  holds: 'holds',
  undecided: 'undecided',
  'n/a': null,
};

/** `✓✓✕✕✓`: one shape per prefix, a dot where the scenario does not apply. */
export function strip(cells: readonly MatrixCell[]): string {
  return [...cells]
    .sort((a, b) => a.prefix - b.prefix)
    .map(({ verdict }) => {
      const mark = VERDICT_MARK[verdict];
      return mark === null ? '·' : SHAPES[mark];
    })
    .join('');
}

const CLASSES: readonly FindingClass[] = [
  'isolation',
  'window',
  'lifetime',
  'context',
  'uapi',
  'arith',
  'described',
  'bisect',
];

function className(of: FindingClass): string {
  const names: Readonly<Record<FindingClass, string>> = {
    isolation: vscode.l10n.t('Interrupt isolation'),
    window: vscode.l10n.t('MSI window'),
    lifetime: vscode.l10n.t('Lifetime'),
    context: vscode.l10n.t('Context and locks'),
    uapi: vscode.l10n.t('User interface'),
    arith: vscode.l10n.t('Arithmetic'),
    described: vscode.l10n.t('Described against done'),
    bisect: vscode.l10n.t('Between patches'),
  };
  return names[of];
}

function childrenOf(node: TreeNode): readonly TreeNode[] {
  switch (node.kind) {
    case 'subject': {
      const { subject } = node;
      return subject.reviews.map((review) => ({ kind: 'series', subject, review }));
    }
    case 'series': {
      const { subject, review } = node;
      const { series } = review;
      const cover: TreeNode[] =
        series.cover === null ? [] : [{ kind: 'cover', subject, review, message: series.cover }];
      const patches = series.patches.map((patch): TreeNode => ({ kind: 'patch', subject, review, patch }));
      const rest: TreeNode[] = [];
      if (review.findings.length > 0) rest.push({ kind: 'findings', subject, review });
      if (review.claims.some(({ verdict }) => verdict !== 'untried')) rest.push({ kind: 'claims', subject, review });
      if (review.matrix.length > 0) rest.push({ kind: 'scenarios', subject, review });
      if (review.choices.length > 0) rest.push({ kind: 'choices', subject, review });
      if (review.damage.length > 0) rest.push({ kind: 'damages', subject, review });
      return [...cover, ...patches, ...rest];
    }
    case 'patch': {
      const { subject, review, patch } = node;
      return worstFirst(review.findings.filter((finding) => finding.patch === patch.index)).map((finding) => ({
        kind: 'finding',
        subject,
        review,
        finding,
        under: 'patch',
      }));
    }
    case 'findings': {
      const { subject, review } = node;
      return CLASSES.filter((name) => review.findings.some((finding) => finding.class === name)).map((name) => ({
        kind: 'class',
        subject,
        review,
        class: name,
      }));
    }
    case 'class': {
      const { subject, review } = node;
      return worstFirst(review.findings.filter((finding) => finding.class === node.class)).map((finding) => ({
        kind: 'finding',
        subject,
        review,
        finding,
        under: 'class',
      }));
    }
    case 'claims':
      return node.review.claims.flatMap((claim, at) =>
        claim.verdict === 'untried' ? [] : [{ kind: 'claim', subject: node.subject, review: node.review, at }],
      );
    case 'scenarios': {
      const { subject, review } = node;
      const names = new Set(review.matrix.map(({ scenario }) => scenario));
      return [...names].map((scenario) => ({ kind: 'scenario', subject, review, scenario }));
    }
    case 'scenario': {
      const { subject, review, scenario } = node;
      const machines = new Set(cellsOf(node).map(({ machine }) => machine));
      return [...machines].map((machine) => ({ kind: 'run', subject, review, scenario, machine }));
    }
    case 'run': {
      const { subject, review } = node;
      return cellsOf(node)
        .sort((a, b) => a.prefix - b.prefix)
        .map((cell) => ({ kind: 'cell', subject, review, cell }));
    }
    case 'choices':
      return node.review.choices.map((_, at) => ({ kind: 'choice', subject: node.subject, review: node.review, at }));
    case 'damages':
      return node.review.damage.map((_, at) => ({ kind: 'damage', subject: node.subject, review: node.review, at }));
    default:
      return [];
  }
}

/** The runs of one scenario, on one machine or on all. */
function cellsOf(node: {
  readonly review: Review;
  readonly scenario: string;
  readonly machine?: string;
}): MatrixCell[] {
  return node.review.matrix.filter(
    ({ scenario, machine }) => scenario === node.scenario && (node.machine === undefined || machine === node.machine),
  );
}

/** Stable over reviews, so that the tree keeps what is open. */
function identity(node: TreeNode): string {
  if (node.kind === 'subject') return node.subject.key;
  const base = `${node.subject.key}/${node.subject.reviews.indexOf(node.review)}/${node.kind}`;
  switch (node.kind) {
    case 'patch':
      return `${base}/${node.patch.index}/${node.patch.message}`;
    case 'class':
      return `${base}/${node.class}`;
    case 'finding':
      return `${base}/${node.under}/${node.finding.id}`;
    case 'scenario':
      return `${base}/${node.scenario}`;
    case 'run':
      return `${base}/${node.scenario}/${node.machine}`;
    case 'cell':
      return `${base}/${node.cell.scenario}/${node.cell.machine}/${node.cell.prefix}`;
    case 'claim':
    case 'choice':
    case 'damage':
      return `${base}/${node.at}`;
    default:
      return base;
  }
}

export function registerReviewTree(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly selection: SelectionStore; readonly titles: ScenarioTitles },
): vscode.TreeView<TreeNode> {
  const changed = new vscode.EventEmitter<void>();
  const icon = (mark: Mark | 'holds' | 'undecided'): { readonly light: vscode.Uri; readonly dark: vscode.Uri } => ({
    light: vscode.Uri.joinPath(context.extensionUri, 'media', 'gutter', `${mark}-light.svg`),
    dark: vscode.Uri.joinPath(context.extensionUri, 'media', 'gutter', `${mark}-dark.svg`),
  });
  const reveal = (
    subject: Subject,
    review: Review,
    where: { readonly finding: string } | { readonly at: Span },
  ): vscode.Command => ({
    title: vscode.l10n.t('Show'),
    command: LINKS.reveal,
    arguments: [{ subject: subject.key, series: subject.reviews.indexOf(review), ...where }],
  });
  const lineOf = (message: number, line: number): { readonly at: Span } => ({
    at: { message, line, column: 0, endLine: line, endColumn: 0 },
  });

  const itemOf = (node: TreeNode): vscode.TreeItem => {
    const leaf = vscode.TreeItemCollapsibleState.None;
    const closed = vscode.TreeItemCollapsibleState.Collapsed;
    const opened = vscode.TreeItemCollapsibleState.Expanded;
    switch (node.kind) {
      case 'subject': {
        const [name] = node.subject.uris.keys();
        const item = new vscode.TreeItem(plain(name ?? ''), node.subject.reviews.length > 0 ? opened : leaf);
        item.contextValue = 'subject';
        item.description =
          node.subject.state === 'failed'
            ? plain(node.subject.why ?? '')
            : node.subject.state === 'reviewing'
              ? vscode.l10n.t('reviewing…')
              : vscode.l10n.t('no patch mail found');
        item.iconPath = new vscode.ThemeIcon(node.subject.state === 'failed' ? 'error' : 'mail');
        return item;
      }
      case 'series': {
        const { series } = node.review;
        const item = new vscode.TreeItem(clipped(series.subject, 120), opened);
        const sums = summary(node.review, deps.selection.get());
        item.description = [
          `v${series.version}`,
          sums.findings === 0
            ? vscode.l10n.t('no finding')
            : sums.findings === 1
              ? vscode.l10n.t('1 finding')
              : vscode.l10n.t('{0} findings', sums.findings),
        ].join(' · ');
        item.iconPath = new vscode.ThemeIcon('mail');
        item.contextValue = 'series';
        item.tooltip = plain(series.subject);
        return item;
      }
      case 'cover': {
        const item = new vscode.TreeItem(vscode.l10n.t('Cover letter'), leaf);
        item.iconPath = new vscode.ThemeIcon('note');
        item.command = reveal(node.subject, node.review, lineOf(node.message, 1));
        return item;
      }
      case 'patch': {
        const own = node.review.findings.filter((finding) => finding.patch === node.patch.index);
        const mark = patchMark(node.review, node.patch.index);
        const item = new vscode.TreeItem(
          `${patchName(node.review, node.patch.index)} ${clipped(node.patch.title, 110)}`,
          own.length > 0 ? closed : leaf,
        );
        item.iconPath = mark === null ? new vscode.ThemeIcon('dash') : icon(mark);
        if (own.length > 0) item.description = String(own.length);
        const untried = vscode.l10n.t('No scenario runs what this patch changes.');
        item.tooltip = mark === null ? `${plain(node.patch.title)}\n\n${untried}` : plain(node.patch.title);
        item.command = reveal(node.subject, node.review, lineOf(node.patch.message, 1));
        item.accessibilityInformation = {
          label: `${item.label as string}, ${mark ?? untried}, ${vscode.l10n.t('{0} findings', own.length)}`,
        };
        return item;
      }
      case 'findings': {
        const item = new vscode.TreeItem(vscode.l10n.t('Findings'), opened);
        item.iconPath = new vscode.ThemeIcon('warning');
        item.description = String(node.review.findings.length);
        return item;
      }
      case 'class': {
        const item = new vscode.TreeItem(className(node.class), closed);
        item.description = String(node.review.findings.filter((finding) => finding.class === node.class).length);
        return item;
      }
      case 'finding': {
        const { finding, review } = node;
        const item = new vscode.TreeItem(clipped(finding.short, 100), leaf);
        item.iconPath = icon(markOf(finding));
        item.description =
          node.under === 'class'
            ? spanLabel(review, finding.at)
            : finding.fixedBy === null
              ? ''
              : vscode.l10n.t('fixed by {0}', patchName(review, finding.fixedBy));
        item.tooltip = plain(`${finding.title}: ${finding.message}`);
        item.command = reveal(node.subject, review, { finding: finding.id });
        item.contextValue = finding.trace === null ? 'finding' : 'findingWithTrace';
        item.accessibilityInformation = { label: `${finding.severity}: ${plain(finding.short)}` };
        return item;
      }
      case 'claims': {
        const item = new vscode.TreeItem(
          vscode.l10n.t('What the text says'),
          node.review.series.patches.length === 0 ? opened : closed,
        );
        item.iconPath = new vscode.ThemeIcon('comment');
        item.description = String(childrenOf(node).length);
        return item;
      }
      case 'claim': {
        const claim = node.review.claims[node.at];
        const item = new vscode.TreeItem(claim === undefined ? '' : clipped(claimText(claim), 100), leaf);
        if (claim === undefined) return item;
        item.description = spanLabel(node.review, claim.at);
        item.tooltip = plain(`${claim.text} — ${claim.finding}`);
        item.command = reveal(node.subject, node.review, { at: claim.at });
        item.accessibilityInformation = { label: `${claim.verdict}: ${plain(claim.finding)}` };
        return item;
      }
      case 'scenarios': {
        const item = new vscode.TreeItem(vscode.l10n.t('Scenarios × patches'), opened);
        item.iconPath = new vscode.ThemeIcon('beaker');
        return item;
      }
      case 'scenario': {
        const cells = cellsOf(node);
        const item = new vscode.TreeItem(clipped(deps.titles.titleOf(node.scenario), 80), closed);
        const mark = VERDICT_MARK[worstVerdict(cells.map(({ verdict }) => verdict))];
        item.iconPath = mark === null ? new vscode.ThemeIcon('dash') : icon(mark);
        const machines = new Set(cells.map(({ machine }) => machine)).size;
        item.description = machines === 1 ? vscode.l10n.t('1 machine') : vscode.l10n.t('{0} machines', machines);
        item.contextValue = 'scenario';
        return item;
      }
      case 'run': {
        const cells = cellsOf(node);
        const item = new vscode.TreeItem(strip(cells), closed);
        item.description = plain(node.machine);
        item.accessibilityInformation = {
          label: `${plain(node.machine)}: ${cells.map(({ prefix, verdict }) => `${prefix} ${verdict}`).join(', ')}`,
        };
        item.tooltip = vscode.l10n.t(
          'Verdict after 0, 1, 2 … patches: ✓ holds, ✕ violated, ? undecided, · does not apply',
        );
        item.contextValue = 'scenario';
        return item;
      }
      case 'cell': {
        const { cell, review } = node;
        const label =
          cell.prefix === 0
            ? vscode.l10n.t('before the series')
            : vscode.l10n.t('after {0}', patchName(review, cell.prefix));
        const item = new vscode.TreeItem(label, leaf);
        const mark = VERDICT_MARK[cell.verdict];
        item.iconPath = mark === null ? new vscode.ThemeIcon('dash') : icon(mark);
        item.description = cell.reason === null ? cell.verdict : plain(`${cell.verdict} · ${cell.reason}`);
        if (cell.trace !== null && review.traces[cell.trace] !== undefined)
          item.command = {
            title: vscode.l10n.t('Show trace'),
            command: LINKS.showTrace,
            arguments: [{ subject: node.subject.key, series: node.subject.reviews.indexOf(review), trace: cell.trace }],
          };
        return item;
      }
      case 'choices': {
        const item = new vscode.TreeItem(vscode.l10n.t('What was tried, and why'), closed);
        item.iconPath = new vscode.ThemeIcon('info');
        return item;
      }
      case 'choice': {
        const choice = node.review.choices[node.at];
        const item = new vscode.TreeItem(plain(choice === undefined ? '' : `${choice.what}: ${choice.value}`), leaf);
        item.description = plain(choice?.because ?? '');
        item.tooltip = item.description;
        return item;
      }
      case 'damages': {
        const item = new vscode.TreeItem(vscode.l10n.t('Damage in the text'), closed);
        item.iconPath = new vscode.ThemeIcon('debug-disconnect');
        item.description = String(node.review.damage.length);
        return item;
      }
      case 'damage': {
        const damage = node.review.damage[node.at];
        const item = new vscode.TreeItem(plain(damage?.message ?? ''), leaf);
        item.tooltip = plain(damage?.message ?? '');
        if (damage !== undefined && damage.at !== null)
          item.command = reveal(node.subject, node.review, { at: damage.at });
        return item;
      }
    }
  };

  const view = vscode.window.createTreeView<TreeNode>(VIEWS.review, {
    showCollapseAll: true,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem(node) {
        const item = itemOf(node);
        item.id = identity(node);
        return item;
      },
      getChildren(node) {
        if (node !== undefined) return [...childrenOf(node)];
        return deps.store
          .subjects()
          .flatMap((subject): TreeNode[] =>
            subject.reviews.length === 1
              ? [...childrenOf({ kind: 'subject', subject })]
              : [{ kind: 'subject', subject }],
          );
      },
    },
  });
  const refresh = (): void => {
    changed.fire();
    const count = deps.store
      .subjects()
      .reduce(
        (sum, { reviews }) => sum + reviews.reduce((all, review) => all + summary(review, null).violations, 0),
        0,
      );
    view.badge =
      count === 0
        ? undefined
        : {
            value: count,
            tooltip: count === 1 ? vscode.l10n.t('1 violation') : vscode.l10n.t('{0} violations', count),
          };
  };
  context.subscriptions.push(
    view,
    changed,
    deps.store.onDidReview(refresh),
    deps.titles.onDidLearn(refresh),
    deps.selection.onDidChange(refresh),
  );
  refresh();
  return view;
}
