import type { Use } from './use.ts'

/** Why a file cannot be written, where that tells what to do. */
export type NotWritableWhy =
  | 'read-only-filesystem'
  | 'name-too-long'
  | 'name-not-for-windows'
  | 'too-many-open-files'
  | 'file-too-large'
  | 'privacy'
/** Why a file is not read that is there; left out: rights. */
export type NotReadableWhy = 'privacy' | 'in-icloud'
/** What came instead of a controller's answer. */
export type ControllerGoneWhy = 'refused' | 'unknown-name' | 'silent' | 'not-a-controller' | 'other'
/** What a request to a controller can name. */
export type FleetThing =
  'host' | 'image' | 'library' | 'migration' | 'run' | 'schedule' | 'person' | 'session' | 'key'
/** What to do about a file that cannot be written. */
export const notWritableRemedy: Readonly<Record<NotWritableWhy | 'rights', string>> = {
  rights: 'Give the user that runs Varve the right to write there, or choose another folder.',
  'read-only-filesystem': 'Choose a folder on another filesystem, or mount that one for writing.',
  'name-too-long': 'Choose a shorter name.',
  'name-not-for-windows': 'Choose another name.',
  'too-many-open-files': 'Close other programs, or raise the limit of open files (ulimit -n).',
  'file-too-large': 'Choose another filesystem, or a format of several files.',
  privacy: `${fullDiskAccess('the program that runs Varve')} A file that is locked is unlocked by: chflags nouchg FILE.`,
}

/** What to do about a file that is not read; `program` runs Varve. */
export const notReadableRemedy: Readonly<Record<NotReadableWhy | 'rights', (program: string) => string>> = {
  rights: () => 'Give the user that runs Varve the right to read it.',
  privacy: fullDiskAccess,
  'in-icloud': () => 'Have it downloaded: in Finder, Download Now, or brctl download FILE. Then try again.',
}

/** Terminal answers for what is started in it. */
function fullDiskAccess(program: string): string {
  return `In System Settings, Privacy & Security, Full Disk Access, switch on ${program}, or Terminal where you started it there; then start it anew.`
}

const startController =
  'Start it with "varve controller", or name another with --controller or VARVE_CONTROLLER.'

/** What to say and to do when no controller answers. */
export const controllerGone: Readonly<
  Record<ControllerGoneWhy, { readonly message: (reason: string) => string; readonly remedy: string }>
> = {
  refused: { message: () => 'no controller listens there', remedy: startController },
  'unknown-name': {
    message: (reason) => `the name of its host cannot be resolved (${reason})`,
    remedy: 'Check the spelling of the address, and the name service of this host.',
  },
  silent: {
    message: () => 'the controller does not answer',
    remedy: 'Check that it runs and that no firewall lies between.',
  },
  'not-a-controller': {
    message: (reason) => `what answers there is not a Varve controller (${reason})`,
    remedy: 'Check the address and the port of the controller.',
  },
  other: { message: (reason) => `the controller cannot be reached: ${reason}`, remedy: startController },
}

/** Where the names of a fleet are found. */
export const fleetRemedy: Readonly<Record<FleetThing, string>> = {
  host: '"varve hosts" lists the hosts of the fleet.',
  image: '"varve images" lists the images of the fleet, each as HOST:NAME.',
  library: '"varve hosts" lists the hosts with their libraries.',
  migration: '"varve migrations" lists them with their numbers.',
  run: '"varve runs --fleet" lists them with their numbers.',
  schedule: '"varve schedule" lists them, each as HOST:LIBRARY.',
  person: '"varve people" lists the people of the fleet.',
  session: '"varve people sessions" lists who is signed in.',
  key: '"varve keys" lists them with their ids.',
}

/** What makes the users of a file let go of it, where it is more than to stop a machine or program; null: it is not. */
export function releaseWords(uses: readonly Use[]): string | null {
  const disk = uses.find((use) => use.by === 'attached' && use.device !== undefined)
  if (disk?.by === 'attached') return `Detach it (hdiutil detach ${disk.device ?? ''})`
  const names = uses.flatMap((use) => (use.by === 'distribution' ? [use.name] : []))
  if (names.length === 0) return null
  const isOfDocker = names.some((name) => /^docker-desktop/iu.test(name))
  return `${isOfDocker ? 'Quit Docker Desktop, then end' : 'End'} what WSL runs with: wsl --shutdown`
}
