/**
 * Blobs of the user's checkouts, by id. In: folders of git (work trees or bare repositories) and the ids a series names. Out: for each id
 * its text, or why it cannot be had. `git cat-file` is asked, one process a folder, kept for the next series; no work tree is read, nothing is written, and a
 * partial clone fetches nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { BlobAnswer } from '../code/whole-file';

export interface BlobStore {
  /** No folder was named. */
  readonly empty: boolean;
  /** Answers for all ids, the first folder that has a blob decides. Never rejects. */
  fetch(ids: readonly string[]): Promise<ReadonlyMap<string, BlobAnswer>>;
  /** One sentence for each folder that could not be asked, so far. */
  problems(): readonly string[];
  close(): void;
}

/** Larger blobs are not read, in bytes: the kernel's largest hand-written file has a third of it. */
const MAX_BLOB = 2 * 1024 * 1024;
/** Text kept for the next review, in characters, over all folders. */
const MAX_KEPT = 48 * 1024 * 1024;
/** A folder that does not answer for this long is given up, in milliseconds. */
const PATIENCE = 20_000;

/** The folders are opened when they are first asked. */
export function openBlobs(folders: readonly string[]): BlobStore {
  const repositories = folders.map(openRepository);
  const kept = new Map<string, BlobAnswer>();
  let size = 0;
  const keep = (id: string, answer: BlobAnswer): void => {
    if (answer.kind !== 'text') return;
    kept.set(id, answer);
    size += answer.text.length;
    for (const [old, one] of kept) {
      if (size <= MAX_KEPT) break;
      kept.delete(old);
      size -= one.kind === 'text' ? one.text.length : 0;
    }
  };
  return {
    empty: folders.length === 0,
    async fetch(ids) {
      const answers = new Map<string, BlobAnswer>();
      for (const id of ids) {
        const known = kept.get(id);
        if (known !== undefined) answers.set(id, known);
      }
      for (const repository of repositories) {
        const open = ids.filter((id) => answers.get(id)?.kind !== 'text');
        if (open.length === 0) break;
        for (const [id, answer] of await repository.ask(open)) {
          const known = answers.get(id);
          if (known === undefined || answer.kind === 'text' || known.kind === 'missing') answers.set(id, answer);
          keep(id, answer);
        }
      }
      for (const id of ids) if (!answers.has(id)) answers.set(id, { kind: 'missing' });
      return answers;
    },
    problems: () => repositories.flatMap((repository) => repository.problem() ?? []),
    close() {
      for (const repository of repositories) repository.close();
    },
  };
}

interface Repository {
  /** Answers for the ids asked; none when the folder cannot be asked. */
  ask(ids: readonly string[]): Promise<ReadonlyMap<string, BlobAnswer>>;
  problem(): string | null;
  close(): void;
}

interface Round {
  readonly ids: readonly string[];
  readonly answers: Map<string, BlobAnswer>;
  readonly settle: (answers: ReadonlyMap<string, BlobAnswer>) => void;
  readonly timer: NodeJS.Timeout;
}

function openRepository(folder: string): Repository {
  let child: ChildProcess | null = null;
  let round: Round | null = null;
  let problem: string | null = null;
  let said = '';
  const reader = createReader((answer) => {
    const id = round?.ids[round.answers.size];
    if (round === null || id === undefined) return;
    round.answers.set(id, answer);
    if (round.answers.size === round.ids.length) end();
  });
  const end = (): void => {
    const ended = round;
    round = null;
    hold(child, false);
    if (ended === null) return;
    clearTimeout(ended.timer);
    ended.settle(ended.answers);
  };
  const give = (why: string): void => {
    problem ??= `No blob can be read from ${folder}: ${why}`;
    child?.kill();
    child = null;
    end();
  };
  const start = (): ChildProcess => {
    const started = spawn('git', ['-C', folder, 'cat-file', '--batch'], {
      env: environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    started.on('error', () => give('git could not be run.'));
    started.on('close', () => {
      if (child === started) give(reasonOf(said));
    });
    started.stdin.on('error', () => {});
    started.stdout.on('data', reader.read);
    started.stderr.on('data', (piece: Buffer) => {
      if (said.length < 2000) said += piece.toString();
    });
    return started;
  };
  return {
    ask(ids) {
      if (problem !== null) return Promise.resolve(new Map());
      return new Promise((settle) => {
        const timer = setTimeout(() => give('git did not answer in time.'), PATIENCE);
        child ??= start();
        hold(child, true);
        round = { ids, answers: new Map(), settle, timer };
        child.stdin?.write(ids.map((id) => `${id}^{blob}\n`).join(''));
      });
    },
    problem: () => problem,
    close() {
      const last = child;
      child = null;
      last?.kill();
      end();
    },
  };
}

/** An idle process shall not keep this one alive. */
function hold(child: ChildProcess | null, alive: boolean): void {
  if (child === null) return;
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    // Pipes are sockets, which can be held or let go; their type does not say so.
    const pipe = handle as { readonly ref?: () => void; readonly unref?: () => void } | null;
    if (alive) pipe?.ref?.();
    else pipe?.unref?.();
  }
}

/** Git as nobody configured it: not the repository of a hook that runs us, nothing over the network, English. */
function environment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) if (!/^GIT_/.test(name)) env[name] = value;
  return {
    ...env,
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    LC_ALL: 'C',
  };
}

function reasonOf(said: string): string {
  const line = said
    .split('\n')
    .find((one) => one.startsWith('fatal: '))
    ?.slice('fatal: '.length)
    .trim();
  if (line === undefined || line === '') return 'git ended.';
  return /not a git repository/.test(line) ? 'it is no git repository.' : `git says “${line}”.`;
}

/** Reads the answers of `cat-file --batch`: a line, and behind it the blob, as many bytes as the line says. */
function createReader(each: (answer: BlobAnswer) => void): { readonly read: (piece: Buffer) => void } {
  let pieces: Buffer[] = [];
  let length = 0;
  /** Bytes needed before it is worth looking. */
  let wanted = 1;
  const look = (): void => {
    let bytes = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
    for (;;) {
      const lineEnd = bytes.indexOf(10);
      if (lineEnd < 0) break;
      const line = bytes.toString('latin1', 0, lineEnd);
      const found = /^[0-9a-f]{40,64} (\w+) (\d+)$/.exec(line);
      if (found === null) {
        bytes = bytes.subarray(lineEnd + 1);
        each({ kind: line.endsWith(' ambiguous') ? 'ambiguous' : 'missing' });
        continue;
      }
      const size = Number(found[2]);
      const end = lineEnd + 1 + size + 1;
      if (bytes.length < end) {
        wanted = end;
        break;
      }
      each(found[1] === 'blob' ? textOf(bytes.subarray(lineEnd + 1, end - 1)) : { kind: 'missing' });
      bytes = bytes.subarray(end);
      wanted = 1;
    }
    pieces = bytes.length === 0 ? [] : [bytes];
    length = bytes.length;
  };
  return {
    read(piece) {
      pieces.push(piece);
      length += piece.length;
      if (length >= wanted) look();
    },
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Buffer): BlobAnswer {
  if (bytes.length > MAX_BLOB || bytes.includes(0)) return { kind: 'unreadable' };
  try {
    return { kind: 'text', text: UTF8.decode(bytes) };
  } catch {
    return { kind: 'text', text: bytes.toString('latin1') };
  }
}
