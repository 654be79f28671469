/**
 * The command line `doorbell`. In: argv. Out: reports on standard output, complaints on standard error, an exit status: 0, 1 for findings, 2 for input that cannot be
 * used. Bad input never shows a stack trace.
 */
import { version } from '../../package.json';
import { printable } from '../report/plain';
import { HELP, readArguments } from './arguments';
import { compare } from './compare';
import { explore } from './explore';
import { importMachine } from './machine-import';
import { provisionCommand } from './provision';
import { replay } from './replay';
import type { Terminal } from './review';
import { review } from './review';
import { scenarios, simulate } from './simulate';

const terminal: Terminal = {
  write: (text) =>
    new Promise((resolve) => {
      if (process.stdout.write(text)) resolve();
      else process.stdout.once('drain', resolve);
    }),
  complain: (message) => void process.stderr.write(`doorbell: ${printable(message)}\n`),
  colours: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
};

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      await terminal.write(HELP);
      return 0;
    case 'version':
      await terminal.write(`doorbell ${version}\n`);
      return 0;
    case 'wrong':
      terminal.complain(command.message);
      terminal.complain('doorbell --help tells more.');
      return 2;
    case 'review':
      return review(command, terminal);
    case 'compare':
      return compare(command, terminal);
    case 'simulate':
      return simulate(command, terminal);
    case 'scenarios':
      return scenarios(command, terminal);
    case 'explore':
      return explore(command, terminal);
    case 'provision':
      return provisionCommand(command, terminal);
    case 'replay':
      return replay(command, terminal);
    case 'import':
      return importMachine(command, terminal);
  }
}

// The reader of a pipe may leave early (`doorbell review … | head`): nothing is left to say then.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => process.exit(problem.code === 'EPIPE' ? 0 : 2));
process.stderr.on('error', () => process.exit(2));

main().then(
  (status) => {
    process.exitCode = status;
  },
  (problem: unknown) => {
    terminal.complain(`This is a mistake of doorbell: ${problem instanceof Error ? problem.message : String(problem)}`);
    if (process.env.DOORBELL_DEBUG && problem instanceof Error) process.stderr.write(`${problem.stack}\n`);
    process.exitCode = 2;
  },
);
