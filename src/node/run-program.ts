/**
 * Another program run once: arguments as a list, never through a shell. In: name, arguments, folder. Out: what it printed, or why there
 * is nothing. Knows no VS Code.
 */
import { spawn } from 'node:child_process';

export type Outcome =
  | { readonly kind: 'done'; readonly code: number; readonly output: Uint8Array; readonly complaint: string }
  /** There is no such program. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'cancelled' }
  /** It printed more than `most` bytes. */
  | { readonly kind: 'too-much' };

export interface Order {
  readonly program: string;
  readonly args: readonly string[];
  /** Folder it runs in; absent: ours. */
  readonly folder?: string;
  /** Bytes of output at most. */
  readonly most: number;
  /** Called with what ends it. */
  readonly onCancel?: (end: () => void) => void;
}

export type RunProgram = (order: Order) => Promise<Outcome>;

/** Never rejects. The program gets no input, no terminal to ask on, and no variables that name another repository. */
export const runProgram: RunProgram = ({ program, args, folder, most, onCancel }) =>
  new Promise((settle) => {
    const env: NodeJS.ProcessEnv = {};
    for (const [name, value] of Object.entries(process.env)) if (!/^GIT_/.test(name)) env[name] = value;
    const child = spawn(program, [...args], {
      cwd: folder,
      env: { ...env, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_PAGER: 'cat', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const pieces: Buffer[] = [];
    let size = 0;
    let complaint = '';
    let ended: Outcome | null = null;
    const end = (outcome: Outcome): void => {
      ended ??= outcome;
      child.kill();
    };
    onCancel?.(() => end({ kind: 'cancelled' }));
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > most) end({ kind: 'too-much' });
      else pieces.push(piece);
    });
    child.stderr.on('data', (piece: Buffer) => {
      if (complaint.length < 4000) complaint += piece.toString();
    });
    child.on('error', () => settle(ended ?? { kind: 'missing' }));
    child.on('close', (code) =>
      settle(ended ?? { kind: 'done', code: code ?? 1, output: new Uint8Array(Buffer.concat(pieces)), complaint }),
    );
  });
