/** The image page's state in the URL. */
export interface ImagePageSearch {
  /** The migrate dialog is open. */
  readonly migrate?: true
}

export function toImagePageSearch(search: Record<string, unknown>): ImagePageSearch {
  return search['migrate'] === true ? { migrate: true } : {}
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
  readonly subject?: 'host' | 'image' | 'migration'
}

export function toActivitySearch(search: Record<string, unknown>): ActivitySearch {
  const { subject } = search
  return subject === 'host' || subject === 'image' || subject === 'migration' ? { subject } : {}
}
