const quiet = '--disable-warning=ExperimentalWarning'

/**
 * How Node is started for the command, as `varve` at the root does: a command is over before it pays to collect what is
 * young, so it gets room for that from the start.
 */
export const commandFlags = [quiet, '--min-semi-space-size=16'] as const

/** The same for services, which take more room as they need it. */
export const serviceFlags = [quiet] as const
