/** Which git checkouts of the kernel may be asked for whole files. Where programs can be run only: not in a browser. */
import path from 'node:path';
import * as vscode from 'vscode';
import { KERNEL } from './names';

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
