import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { applied, commitsOf, git, mailsOf, planted, samples, versions } from './series';

/** For each line of a mail: the file whose hunk it stands in, or null in prose. */
function filesByLine(mail: readonly string[]): (string | null)[] {
  let file: string | null = null;
  return mail.map((line) => {
    const header = /^diff --git a\/(\S+) /.exec(line);
    if (header !== null) file = header[1]!;
    if (line === '-- ') file = null;
    return file;
  });
}

/** Name of the function that 1-based `line` of a C file stands in: the last head at column 0 before it. */
function functionAt(text: string, line: number): string | null {
  const lines = text.split('\n');
  for (let i = line - 1; i >= 0; i--) {
    const head = /^[A-Za-z_][^;={]*?(\w+)\(/.exec(lines[i]!);
    if (head !== null) return head[1]!;
  }
  return null;
}

function blobId(bytes: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(bytes)}\0${bytes}`)
    .digest('hex');
}

// Many small git commands: slow on a busy machine.
describe.each(versions)('version %i', { timeout: 60_000 }, (version) => {
  const mails = mailsOf(version);

  it('is a thread of a cover and ten patches', () => {
    expect(mails).toHaveLength(11);
    const cover = /^Message-Id: (<.*@example\.org>)$/m.exec(mails[0]!.join('\n'))![1];
    mails.forEach((mail, index) => {
      const text = mail.join('\n');
      const tag = version === 1 ? 'PATCH' : `PATCH v${version}`;
      expect(text).toContain(`\nSubject: [${tag} ${String(index).padStart(2, '0')}/10] `);
      if (index > 0) expect(text).toContain(`\nIn-Reply-To: ${cover}\n`);
    });
  });

  it('applies patch by patch, with the blobs its index lines name', () => {
    const directory = applied(version);
    const commits = commitsOf(directory);
    expect(commits).toHaveLength(10);
    commits.forEach((commit, index) => {
      const mail = mails[index + 1]!.join('\n');
      for (const [, name, after] of mail.matchAll(/^diff --git a\/(\S+) .*\nindex [0-9a-f]+\.\.([0-9a-f]+)/gm))
        expect(blobId(git(directory, ['show', `${commit}:${name}`])).startsWith(after!)).toBe(true);
    });
  });

  it('has each planted line where the list says', () => {
    const directory = applied(version);
    const commits = ['base', ...commitsOf(directory)];
    for (const defect of [...planted.defects, ...planted.inherent].filter((d) => d.version === version)) {
      for (const place of [defect, ...(defect.also ?? [])]) {
        const mail = mails[place.patch]!;
        const at = mail[place.mailLine - 1]!;
        expect(at, defect.id).toContain(place.line);
        const inPatch = at.startsWith('+');
        const same = mail.filter((line) => line.includes(place.line) && (!inPatch || line.startsWith('+')));
        expect(same, `${defect.id} is not unique`).toHaveLength(1);
      }
      if (defect.file === null) continue;
      expect(filesByLine(mails[defect.patch]!)[defect.mailLine - 1]).toBe(defect.file);
      const post = git(directory, ['show', `${commits[defect.patch]}:${defect.file}`]);
      const inFunction = post
        .split('\n')
        .flatMap((line, i) => (line.includes(defect.line) ? [functionAt(post, i + 1)] : []));
      expect(inFunction, defect.id).toContain(defect.function);
    }
  });
});

describe('the list of defects', () => {
  it('covers every class in version 1 and names patches that exist', () => {
    const first = planted.defects.filter((d) => d.version === 1);
    expect(first.length).toBeGreaterThanOrEqual(10);
    const classes = ['isolation', 'window', 'lifetime', 'context', 'uapi', 'arith', 'described', 'bisect'];
    expect([...new Set(first.map((d) => d.class))].sort()).toEqual([...classes].sort());
    for (const defect of planted.defects) {
      expect(defect.since).toBeGreaterThanOrEqual(1);
      expect(defect.since).toBeLessThanOrEqual(10);
      if (defect.fixedBy !== null) expect(defect.fixedBy).toBeGreaterThan(defect.since);
      expect(defect.why.length).toBeGreaterThan(20);
    }
  });

  it('has each defect once per version', () => {
    const keys = [...planted.defects, ...planted.inherent].map((d) => `${d.id} ${d.version}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('leaves in version 2 what the README says stays', () => {
    const second = planted.defects.filter((d) => d.version === 2).map((d) => d.id);
    expect(second.sort()).toEqual(['first-vector-left-on-error', 'message-says-unmapped-on-detach', 'window-over-ram']);
    const readme = readFileSync(path.join(samples, 'README.md'), 'utf8');
    for (const id of second) expect(readme).toContain(`\`${id}\``);
  });
});
