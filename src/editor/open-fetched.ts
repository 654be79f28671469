/**
 * Opening a series that is no file: from the clipboard, as a range of a checkout through VS Code's own git, or through the user's b4.
 * Programs get lists of arguments, never a line for a shell, and run in trusted workspaces alone; the network is b4's affair.
 */
import * as vscode from 'vscode';
import type { Outcome, RunProgram } from '../node/run-program';
import { COMMANDS } from './names';
import { b4Mbox, formatPatch, messageIdOf, rangeOf } from './opening';
import { holdsPatchMail } from './patch-mail';
import { plain } from './plain-text';
import type { ReviewStore } from './review-store';
import { chooseWhenSeveral } from './series-choice';
import type { SeriesDocuments } from './series-documents';

interface Deps {
  readonly store: ReviewStore;
  readonly documents: SeriesDocuments;
  /** Null where no program can be run: in a browser. */
  readonly run: RunProgram | null;
}

/** Output beyond this is refused, in bytes. */
const MOST = 64 << 20;

/** As much of the API of VS Code's git extension as is used here. */
interface GitApi {
  readonly git: { readonly path: string };
  readonly repositories: readonly { readonly rootUri: vscode.Uri }[];
}

const warn = (text: string): void => void vscode.window.showWarningMessage(text);

async function opened(deps: Deps, name: string, text: string): Promise<void> {
  const document = await deps.documents.show(name, text);
  void chooseWhenSeveral(deps.store, document.uri);
}

/** True where programs may be run; says why not otherwise. */
function mayRun(deps: Deps): deps is Deps & { readonly run: RunProgram } {
  if (deps.run === null) {
    warn(vscode.l10n.t('No program can be run here: open the series as a file, or from the clipboard.'));
    return false;
  }
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  void vscode.window
    .showWarningMessage(vscode.l10n.t('Programs are run only in a workspace that you trust.'), manage)
    .then((pressed) => {
      if (pressed === manage) void vscode.commands.executeCommand('workbench.trust.manage');
    });
  return false;
}

function running(
  title: string,
  run: RunProgram,
  program: string,
  args: readonly string[],
  folder?: string,
): Thenable<Outcome> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_progress, token) =>
      run({
        program,
        args,
        most: MOST,
        onCancel: (end) => token.onCancellationRequested(end),
        ...(folder === undefined ? {} : { folder }),
      }),
  );
}

/** The text that a program printed; says what went wrong otherwise. */
function textOf(outcome: Outcome, program: string, missing: string): string | null {
  switch (outcome.kind) {
    case 'cancelled':
      return null;
    case 'missing':
      warn(missing);
      return null;
    case 'too-much':
      warn(vscode.l10n.t('{0} printed more than {1} MB: that is no series.', program, MOST >> 20));
      return null;
    case 'done': {
      if (outcome.code === 0) return new TextDecoder().decode(outcome.output);
      const lines = outcome.complaint.split('\n').filter((line) => line.trim() !== '');
      warn(vscode.l10n.t('{0} says: {1}', program, plain(lines.at(-1) ?? String(outcome.code))));
      return null;
    }
  }
}

async function fromClipboard(deps: Deps): Promise<void> {
  const text = await vscode.env.clipboard.readText();
  if (holdsPatchMail(text)) {
    await opened(deps, 'clipboard', text);
    return;
  }
  const id = messageIdOf(text);
  if (id !== null) {
    await throughB4(deps, id);
    return;
  }
  warn(
    vscode.l10n.t(
      'The clipboard holds no patch mail: copy a whole mail with its headers, an mbox, a Message-ID or the address of a mail archive.',
    ),
  );
}

async function throughB4(deps: Deps, given: unknown): Promise<void> {
  const asked =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Open a series with b4'),
          prompt: vscode.l10n.t(
            'A Message-ID, or the address of a mail in an archive. b4 fetches it; Doorbell itself does not.',
          ),
          placeHolder: '20160112-example@example.org',
          validateInput: (text) =>
            text.trim() === '' || messageIdOf(text) !== null
              ? undefined
              : vscode.l10n.t('This is neither a Message-ID nor the address of a mail.'),
        });
  if (asked === undefined || asked.trim() === '') return;
  const id = messageIdOf(asked);
  if (id === null) {
    warn(vscode.l10n.t('This is neither a Message-ID nor the address of a mail.'));
    return;
  }
  if (!mayRun(deps)) return;
  const outcome = await running(vscode.l10n.t('b4 is fetching the thread'), deps.run, 'b4', b4Mbox(id));
  const text = textOf(
    outcome,
    'b4',
    vscode.l10n.t(
      'b4 is not installed, and Doorbell itself never uses the network: save the thread as an mbox and open that.',
    ),
  );
  if (text === null) return;
  if (holdsPatchMail(text)) await opened(deps, id, text);
  else warn(vscode.l10n.t('b4 found no patch mail under {0}.', plain(id)));
}

async function gitApi(): Promise<GitApi | null> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>('vscode.git');
  if (extension === undefined) return null;
  try {
    return (await extension.activate()).getAPI(1);
  } catch {
    // Its API throws while git is switched off in the settings.
    return null;
  }
}

async function chooseRepository(api: GitApi): Promise<vscode.Uri | undefined> {
  const [only, ...more] = api.repositories;
  if (only === undefined) {
    warn(vscode.l10n.t('No git repository is open: open the folder of a checkout first.'));
    return undefined;
  }
  if (more.length === 0) return only.rootUri;
  const picked = await vscode.window.showQuickPick(
    api.repositories.map(({ rootUri }) => ({ label: vscode.workspace.asRelativePath(rootUri, true), rootUri })),
    { title: vscode.l10n.t('Review a git range'), placeHolder: vscode.l10n.t('Of which checkout?') },
  );
  return picked?.rootUri;
}

/** @param given `{ folder, range }` of a caller that knows both; anything else asks */
async function gitRange(deps: Deps, given: unknown): Promise<void> {
  if (!mayRun(deps)) return;
  const named = typeof given === 'object' && given !== null ? (given as { folder?: unknown; range?: unknown }) : {};
  const api = await gitApi();
  if (api === null) {
    warn(
      vscode.l10n.t(
        'VS Code’s own git extension is switched off, or git is not installed: ranges are read through it.',
      ),
    );
    return;
  }
  const root = named.folder instanceof vscode.Uri ? named.folder : await chooseRepository(api);
  if (root === undefined) return;
  const refused = vscode.l10n.t('Two revisions with two dots between them, as in {0}.', 'origin/master..HEAD');
  const asked =
    typeof named.range === 'string'
      ? named.range
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Review a git range'),
          prompt: refused,
          value: 'origin/master..HEAD',
          validateInput: (text) => (rangeOf(text) === null ? refused : undefined),
        });
  if (asked === undefined) return;
  const range = rangeOf(asked);
  if (range === null) {
    warn(refused);
    return;
  }
  const name = `${range.base}..${range.head}`;
  const outcome = await running(
    vscode.l10n.t('git is writing the patches'),
    deps.run,
    api.git.path,
    formatPatch(range),
    root.fsPath,
  );
  const text = textOf(outcome, 'git', vscode.l10n.t('git could not be run.'));
  if (text === null) return;
  if (text.trim() === '') warn(vscode.l10n.t('There is no commit in {0}.', plain(name)));
  else await opened(deps, name, text);
}

export function registerOpenFetched(context: vscode.ExtensionContext, deps: Deps): void {
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.openClipboard, () => fromClipboard(deps)),
    vscode.commands.registerCommand(COMMANDS.openWithB4, (given: unknown) => throughB4(deps, given)),
    vscode.commands.registerCommand(COMMANDS.reviewGitRange, (given: unknown) => gitRange(deps, given)),
  );
}
