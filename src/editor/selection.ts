/** The scenario and machine that the user looks at: window usage, status bar and panel follow it. */
import * as vscode from 'vscode';
import type { Selection } from './marks';

export interface SelectionStore {
  get(): Selection | null;
  set(selection: Selection | null): void;
  readonly onDidChange: vscode.Event<void>;
}

export function registerSelection(context: vscode.ExtensionContext): SelectionStore {
  const changed = new vscode.EventEmitter<void>();
  let now: Selection | null = null;
  context.subscriptions.push(changed);
  return {
    get: () => now,
    set(selection) {
      if (selection?.scenario === now?.scenario && selection?.machine === now?.machine) return;
      now = selection;
      changed.fire();
    },
    onDidChange: changed.event,
  };
}
