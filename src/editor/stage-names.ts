/** The stages of a passed-through device's life, as people call them. */
import * as vscode from 'vscode';
import type { Stage } from '../scenario/types';

export function stageName(stage: Stage): string {
  const names: Readonly<Record<Stage, string>> = {
    attach: vscode.l10n.t('Attach'),
    'register-window': vscode.l10n.t('Register window'),
    'unregister-window': vscode.l10n.t('Unregister window'),
    map: vscode.l10n.t('DMA map'),
    unmap: vscode.l10n.t('DMA unmap'),
    enable: vscode.l10n.t('MSI enable'),
    affinity: vscode.l10n.t('Set affinity'),
    mask: vscode.l10n.t('MSI mask'),
    unmask: vscode.l10n.t('MSI unmask'),
    disable: vscode.l10n.t('MSI disable'),
    detach: vscode.l10n.t('Detach'),
    replace: vscode.l10n.t('Replace domain'),
    release: vscode.l10n.t('Release'),
    ioctl: vscode.l10n.t('User call'),
    fire: vscode.l10n.t('Interrupt'),
    forge: vscode.l10n.t('Forged write'),
  };
  return names[stage];
}
