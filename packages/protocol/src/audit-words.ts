/** What a line of the audit log tells of. */
export const auditKinds = ['change', 'outcome', 'signature', 'alarm'] as const
/** What became of what was asked, and of the run that it started. */
export const auditStates = ['ok', 'refused', 'failed', 'succeeded', 'canceled', 'undone'] as const
