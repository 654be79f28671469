/** The settings as values. */
import * as vscode from 'vscode';
import { KERNEL, SETTINGS, type SettingId } from './names';

/** A switch below `doorbell.`; on unless the user turned it off. */
export function isOn(setting: SettingId): boolean {
  return vscode.workspace.getConfiguration('doorbell').get<boolean>(setting) ?? true;
}

/** The design that the user wants patches applied to; undefined: the one that the evidence chooses. */
export function wantedDesign(): string | undefined {
  const value = vscode.workspace.getConfiguration('doorbell').get<string>(SETTINGS.design);
  return value === undefined || value === 'auto' ? undefined : value;
}

export function onKernelChange(listener: () => void): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`doorbell.${KERNEL}`)) listener();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(listener),
  );
}

export function onSettingChange(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('doorbell')) listener();
  });
}

export function onDesignChange(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`doorbell.${SETTINGS.design}`)) listener();
  });
}
