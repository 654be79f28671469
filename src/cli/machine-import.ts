/** `doorbell machine import`: a machine from what a host tells about itself (docs/machine-import.md). */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { reason } from '../node/files';
import { importMachineFrom } from '../scenario/host-dump/machine';
import type { DumpFile } from '../scenario/host-dump/read';
import type { Command } from './arguments';
import type { Terminal } from './review';

/** A dump of one host is far smaller. Bytes. */
const LARGEST = 64 << 20;

export async function importMachine(
  command: Extract<Command, { kind: 'import' }>,
  terminal: Terminal,
): Promise<number> {
  const files: DumpFile[] = [];
  for (const name of command.files) {
    try {
      const found = await stat(name);
      const names = found.isDirectory()
        ? (await readdir(name, { withFileTypes: true }))
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(name, entry.name))
            .sort()
        : [name];
      for (const file of names) {
        if ((await stat(file)).size > LARGEST) {
          terminal.complain(`${file} is too large to be a dump of one host.`);
          return 2;
        }
        files.push({ name: file, text: await readFile(file, 'utf8') });
      }
    } catch (problem) {
      terminal.complain(reason(name, problem));
      return 2;
    }
  }
  const imported = importMachineFrom(files, command.id);
  if (imported.kind === 'errors') {
    for (const { file, line, message } of imported.errors)
      terminal.complain(`${file}${line > 0 ? `:${line}` : ''}: ${message}`);
    return 2;
  }
  const json = JSON.stringify(imported.machine, null, 2);
  if (command.format === 'json') await terminal.write(`${json}\n`);
  else await terminal.write(`${imported.notes.map((note) => `// ${note}\n`).join('')}${json}\n`);
  return 0;
}
