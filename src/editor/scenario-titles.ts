/** The library's scenarios, asked once from the worker; until it answers a title is made of the id. */
import * as vscode from 'vscode';
import type { ScenarioSummary } from '../protocol';
import type { Analyst } from './analyst';

export interface ScenarioTitles {
  titleOf(id: string): string;
  /** All scenarios; empty when the worker could not say. */
  all(): Promise<readonly ScenarioSummary[]>;
  readonly onDidLearn: vscode.Event<void>;
}

/** `two-guests-one-frame` → `Two guests one frame`. */
function spelled(id: string): string {
  const words = id.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function registerScenarioTitles(
  context: vscode.ExtensionContext,
  deps: { readonly analyst: Analyst; readonly log: vscode.LogOutputChannel },
): ScenarioTitles {
  const learned = new vscode.EventEmitter<void>();
  const never = new vscode.CancellationTokenSource();
  context.subscriptions.push(learned, never);
  let known: ReadonlyMap<string, ScenarioSummary> = new Map();
  let asking: Promise<void> | null = null;
  const ask = (): Promise<void> =>
    (asking ??= deps.analyst.scenarios(never.token).then(
      (answer) => {
        if (answer === null) return;
        known = new Map(answer.scenarios.map((scenario) => [scenario.id, scenario]));
        learned.fire();
      },
      (error: unknown) => {
        asking = null;
        deps.log.error(error instanceof Error ? error : String(error));
      },
    ));
  return {
    titleOf(id) {
      void ask();
      return known.get(id)?.title ?? spelled(id);
    },
    async all() {
      await ask();
      return [...known.values()];
    },
    onDidLearn: learned.event,
  };
}
