/** An option of a command: with the name of its value, or null when it takes none. */
export interface ControllerOption {
  readonly name: string
  readonly value: string | null
  readonly does: string
  readonly isRepeated?: boolean
}

/** What `varve controller` does beside serving: told by the command line, carried out by the controller's own program. */
export interface ControllerCommand {
  /** Its name and operands, such as `restore <file>`. */
  readonly usage: string
  readonly does: string
  readonly options: readonly ControllerOption[]
}

const data = {
  name: 'data',
  value: 'folder',
  does: 'what the controller keeps (VARVE_DATA; .varve/controller when not said)',
} as const

export const controllerCommands = {
  backup: {
    usage: 'backup',
    does: 'write all that the controller keeps into one encrypted file, also while it runs',
    options: [
      data,
      { name: 'to', value: 'file', does: 'the backup; it must not be there yet' },
      {
        name: 'passphrase-file',
        value: 'file',
        does: 'encrypt with its first line (or VARVE_BACKUP_PASSPHRASE; else it is asked for)',
      },
      {
        name: 'recipient',
        value: 'key',
        does: 'encrypt to this public key of age (age1…) instead; may be repeated',
        isRepeated: true,
      },
      { name: 'overwrite', value: null, does: 'replace a file of that name, once the new one is proven' },
    ],
  },
  restore: {
    usage: 'restore <file>',
    does: 'make a data folder from a backup; the fleet goes on from it',
    options: [
      { ...data, does: 'a new or an empty folder (VARVE_DATA; .varve/controller when not said)' },
      {
        name: 'passphrase-file',
        value: 'file',
        does: 'its first line opens the backup (or VARVE_BACKUP_PASSPHRASE; else it is asked for)',
      },
      { name: 'identity-file', value: 'file', does: 'the private key of age that opens it' },
    ],
  },
  support: {
    usage: 'support',
    does: 'write what helps to find a fault into one archive, without secrets',
    options: [
      data,
      {
        name: 'to',
        value: 'file',
        does: 'the archive, such as varve-support.tar.gz; it must not be there yet',
      },
      {
        name: 'log',
        value: 'file',
        does: 'the end of this log too; may be repeated',
        isRepeated: true,
      },
    ],
  },
} as const satisfies Readonly<Record<string, ControllerCommand>>

export type ControllerCommandName = keyof typeof controllerCommands

/** Whether a word is the name of one of them. */
export function isControllerCommand(word: string | undefined): word is ControllerCommandName {
  return word !== undefined && Object.hasOwn(controllerCommands, word)
}
