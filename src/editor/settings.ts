/** The settings as values. */
import path from 'node:path';
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

/**
 * The folders of git to read kernel files from: those of the setting, or else the workspace's own folders that look like a kernel
 * checkout. None in a workspace that is not trusted, and none where there are no files.
 */
export async function kernelFolders(): Promise<string[]> {
  if (!vscode.workspace.isTrusted) return [];
  const own = (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file');
  const named = vscode.workspace.getConfiguration('doorbell').get<readonly unknown[]>(KERNEL) ?? [];
  const folders = named.filter((one): one is string => typeof one === 'string' && one.trim() !== '');
  const base = own[0]?.uri.fsPath;
  if (folders.length > 0)
    return folders.map((one) => {
      const folder = one.trim().replace(/^~(?=$|[/\\])/, process.env.HOME ?? process.env.USERPROFILE ?? '~');
      return base === undefined
        ? folder
        : path.resolve(
            base,
            folder.replace(/\$\{workspaceFolder\}/, () => base),
          );
    });
  const kernels = await Promise.all(
    own.map(async ({ uri }) => {
      const has = (name: string): Promise<boolean> =>
        Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.joinPath(uri, name))).then(
          () => true,
          () => false,
        );
      return (await has('.git')) && (await has('Kbuild')) && (await has('drivers/iommu')) ? [uri.fsPath] : [];
    }),
  );
  return kernels.flat();
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
