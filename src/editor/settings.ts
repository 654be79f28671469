/** The settings as values. */
import * as vscode from 'vscode';
import type { SettingId } from './names';

/** A switch below `doorbell.`; on unless the user turned it off. */
export function isOn(setting: SettingId): boolean {
  return vscode.workspace.getConfiguration('doorbell').get<boolean>(setting) ?? true;
}

export function onSettingChange(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('doorbell')) listener();
  });
}
