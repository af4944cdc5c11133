/** The image page's state in the URL. */
export interface ImagePageSearch {
  /** The migrate dialog is open. */
  readonly migrate?: true
  /** The dialog of this operation is open. */
  readonly do?: string
}

export function toImagePageSearch(search: Record<string, unknown>): ImagePageSearch {
  if (search['migrate'] === true) return { migrate: true }
  return operationIn(search)
}

function operationIn({ do: operation }: Record<string, unknown>): { readonly do?: string } {
  return typeof operation === 'string' && /^[a-z-]{1,64}$/u.test(operation) ? { do: operation } : {}
}

/** The host page's state in the URL: the dialog of this operation is open. */
export interface HostPageSearch {
  readonly do?: string
  /** What of the host's quarantine it is about. */
  readonly quarantine?: string
  /** The device or the folder on the host that it is about. */
  readonly target?: string
}

export function toHostPageSearch(search: Record<string, unknown>): HostPageSearch {
  const { quarantine, target } = search
  const isId = typeof quarantine === 'string' && /^[\w-]{1,64}$/u.test(quarantine)
  const isPath = typeof target === 'string' && target.startsWith('/') && target.length <= 4096
  return { ...operationIn(search), ...(isId ? { quarantine } : {}), ...(isPath ? { target } : {}) }
}

/** The run page's state in the URL. */
export interface RunPageSearch {
  /** The dialog that asks before it is canceled or undone is open. */
  readonly wish?: 'cancel' | 'undo'
  /** The dialog of this operation, with what the run has left, is open. */
  readonly do?: string
  /** The dialog of what mends the finding at this place is open. */
  readonly mend?: number
}

export function toRunPageSearch(search: Record<string, unknown>): RunPageSearch {
  const { wish, mend } = search
  if (wish === 'cancel' || wish === 'undo') return { wish }
  return Number.isInteger(mend) && Number(mend) >= 0 ? { mend: Number(mend) } : operationIn(search)
}

/** The migration page's state in the URL. */
export interface MigrationPageSearch {
  /** The dialog that asks before it cancels is open. */
  readonly cancel?: true
}

export function toMigrationPageSearch(search: Record<string, unknown>): MigrationPageSearch {
  return search['cancel'] === true ? { cancel: true } : {}
}

/** What the activity page shows. */
export interface ActivitySearch {
  readonly subject?: 'host' | 'image' | 'migration' | 'run'
}

export function toActivitySearch(search: Record<string, unknown>): ActivitySearch {
  const { subject } = search
  const subjects = ['host', 'image', 'migration', 'run'] as const
  const known = subjects.find((one) => one === subject)
  return known === undefined ? {} : { subject: known }
}

/** What the page shows that lets a command in. */
export interface DeviceSearch {
  /** The code that the command shows. */
  readonly user_code?: string
}

export function toDeviceSearch({ user_code: code }: Record<string, unknown>): DeviceSearch {
  const text = typeof code === 'number' ? String(code) : code
  return typeof text === 'string' && /^[\w-]{1,32}$/u.test(text) ? { user_code: text } : {}
}
