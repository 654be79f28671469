/**
 * Measures the editor from within an extension host. Comes in: a workspace with `sample.mbox` and `large.mbox`. Goes out: the figures, as JSON in the file that
 * DOORBELL_BENCH_RESULT names. `bench/editor.mjs` starts it.
 */
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { DoorbellApi } from '../../src/editor/extension';

/** Wall and processor time of the host's thread in milliseconds, and the turns of its event loop that took longest. */
interface Turns {
  readonly longestWall: number;
  readonly longestProcessor: number;
  /** Turns with more than 50 ms of the thread's own processor time. */
  readonly over50: readonly number[];
}

/** Processor time of this thread in milliseconds; a busy machine stretches wall time, not this. Null where Node cannot tell (before 23.9). */
function processor(): number | null {
  const read = (process as { threadCpuUsage?: () => { readonly user: number; readonly system: number } })
    .threadCpuUsage;
  if (read === undefined) return null;
  const { user, system } = read.call(process);
  return (user + system) / 1000;
}

/** Looks at each turn of the event loop until it is stopped. */
function watchTurns(): () => Turns {
  let wall = performance.now();
  let busy = processor() ?? 0;
  let longestWall = 0;
  const turns: number[] = [];
  const timer = setInterval(() => {
    const [nowWall, nowBusy] = [performance.now(), processor() ?? performance.now()];
    longestWall = Math.max(longestWall, nowWall - wall);
    turns.push(nowBusy - busy);
    [wall, busy] = [nowWall, nowBusy];
  }, 1);
  return () => {
    clearInterval(timer);
    return { longestWall, longestProcessor: Math.max(...turns), over50: turns.filter((turn) => turn > 50) };
  };
}

function once(event: vscode.Event<void>, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const listener = event(() => {
      if (!holds()) return;
      listener.dispose();
      resolve();
    });
  });
}

async function opened(api: DoorbellApi, name: string) {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder === undefined) throw new Error('no folder is open');
  const uri = vscode.Uri.joinPath(folder.uri, name);
  const stop = watchTurns();
  const began = performance.now();
  const [host, all] = [processor() ?? 0, process.cpuUsage()];
  const since = () => {
    const { user, system } = process.cpuUsage(all);
    return { wall: performance.now() - began, host: (processor() ?? 0) - host, process: (user + system) / 1000 };
  };
  const has = (): boolean => (api.store.subjectOf(uri)?.reviews.length ?? 0) > 0;
  const marks = once(api.store.onDidReview, has).then(since);
  const whole = once(api.store.onDidReview, () => has() && api.store.subjectOf(uri)?.state === 'ready').then(since);
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document);
  const times = { firstMarks: await marks, whole: await whole };
  return { uri, editor, times, turns: stop() };
}

/** Types into the first patch and takes the time from the last key to the review of the new text. */
async function typed(api: DoorbellApi, editor: vscode.TextEditor, keys: number) {
  const stop = watchTurns();
  const text = editor.document.getText();
  const line = text.slice(0, text.lastIndexOf('\n+\tret = ')).split('\n').length;
  const at = new vscode.Position(line, editor.document.lineAt(line).text.length);
  for (let key = 0; key < keys; key++)
    await editor.edit((edit) => edit.insert(at.translate(0, key), 'x'), {
      undoStopBefore: false,
      undoStopAfter: false,
    });
  const began = performance.now();
  const busy = process.cpuUsage();
  const ready = () => api.store.subjectOf(editor.document.uri)?.state === 'ready';
  await once(api.store.onDidReview, ready);
  const { user, system } = process.cpuUsage(busy);
  const wall = performance.now() - began;
  const turns = stop();
  await vscode.commands.executeCommand('workbench.action.files.revert');
  return { wall, process: (user + system) / 1000, turns };
}

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<DoorbellApi>('doorbell.doorbell');
  if (extension === undefined) throw new Error('the extension is not there');
  const [began, busy] = [performance.now(), processor() ?? 0];
  const api = await extension.activate();
  const activation = { wall: performance.now() - began, host: (processor() ?? 0) - busy };
  const sample = await opened(api, 'sample.mbox');
  const edit = await typed(api, sample.editor, 20);
  const large = await opened(api, 'large.mbox');
  const largeEdit = await typed(api, large.editor, 20);
  const figures = {
    activation,
    sample: { times: sample.times, turns: sample.turns, edit },
    large: { times: large.times, turns: large.turns, edit: largeEdit },
  };
  const { DOORBELL_BENCH_RESULT: result } = process.env;
  if (result) writeFileSync(result, JSON.stringify(figures));
}
