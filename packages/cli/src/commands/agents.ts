import type { JoinTokenView, TrustView } from '@varve/protocol/trust'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { askFleet, type FleetOptions } from '../fleet.ts'
import { installWords } from '../output/install-words.ts'
import { minute } from '../output/minute.ts'
import { printDone } from '../output/print-done.ts'
import { table } from '../output/table.ts'

export interface TokenOptions extends FleetOptions {
  /** Seconds. */
  readonly valid?: number
}

const memberColumns = [
  { title: 'NAME', cut: 'middle' },
  { title: 'WHAT' },
  { title: 'STATE' },
  { title: 'GOOD UNTIL' },
  { title: 'SERIAL', cut: 'end' },
  { title: 'WHY', cut: 'end' },
] as const

const tokenColumns = [
  { title: 'TOKEN' },
  { title: 'FOR', cut: 'middle' },
  { title: 'STATE' },
  { title: 'UNTIL' },
  { title: 'USED BY', cut: 'middle' },
] as const

/** `varve agents`: who has a certificate, and by what the fleet is known. */
export async function agents(options: FleetOptions, context: CommandContext): Outcome {
  const view = await askFleet(options, context, ({ api }) => api.trust.view.query())
  if (context.json) {
    context.print(JSON.stringify(view, null, 2))
    return exitCodes.ok
  }
  const [newest] = view.roots
  context.print(`Fleet ${view.fleet}, key ${newest?.pin ?? ''}`)
  for (const root of view.roots.slice(1))
    context.print(
      `  the older key ${root.pin} is believed until ${root.members} more certificates have moved on`,
    )
  if (view.isOpen)
    context.print('Plain text is spoken with other machines too, and everybody there is answered.')
  if (view.members.length === 0)
    context.print('No host has joined with a certificate yet: varve agents token.')
  else context.print(table(memberColumns, view.members.map(memberRow), context.config))
  return exitCodes.ok
}

/** `varve agents token`: the command, and the lines, to give to a host. */
export async function agentsToken(
  name: string | undefined,
  options: TokenOptions,
  context: CommandContext,
): Outcome {
  const { valid } = options
  const wish = {
    ...(name !== undefined && { pattern: name }),
    ...(valid !== undefined && { validSeconds: valid }),
  }
  const made = await askFleet(options, context, ({ api }) => api.trust.makeToken.mutate(wish))
  const until = `until ${minute(made.token.expiresAt)}`
  const whom = made.token.pattern === '*' ? 'one host' : `one host called ${made.token.pattern}`
  context.print(
    context.json
      ? JSON.stringify(made, null, 2)
      : `For ${whom}, ${until}; it is not shown again:\n\n  ${made.command}\n\n${installWords(made.install)}`,
  )
  return exitCodes.ok
}

/** `varve agents tokens` */
export async function agentsTokens(options: FleetOptions, context: CommandContext): Outcome {
  const { tokens } = await askFleet(options, context, ({ api }) => api.trust.view.query())
  if (context.json) context.print(JSON.stringify(tokens, null, 2))
  else if (tokens.length === 0) context.print('No token was made yet: varve agents token.')
  else context.print(table(tokenColumns, tokens.map(tokenRow), context.config))
  return exitCodes.ok
}

/** `varve agents cancel TOKEN` */
export async function agentsCancel(id: string, options: FleetOptions, context: CommandContext): Outcome {
  await askFleet(options, context, ({ api }) => api.trust.cancelToken.mutate({ id }))
  return printDone(context, { canceled: id }, `${id} lets nobody in any more.`)
}

/** `varve agents revoke HOST` */
export async function agentsRevoke(host: string, options: FleetOptions, context: CommandContext): Outcome {
  await askFleet(options, context, ({ api }) => api.trust.revoke.mutate({ name: host }))
  const words = `${host} is cut off; it comes back by a new token only: varve agents token ${host}`
  return printDone(context, { revoked: host }, words)
}

/** `varve agents allow HOST` */
export async function agentsAllow(host: string, options: FleetOptions, context: CommandContext): Outcome {
  await askFleet(options, context, ({ api }) => api.trust.allow.mutate({ name: host }))
  return printDone(context, { allowed: host }, `${host} may come back.`)
}

/** `varve agents rotate` */
export async function agentsRotate(options: FleetOptions, context: CommandContext): Outcome {
  const view = await askFleet(options, context, ({ api }) => api.trust.rotate.mutate())
  return printDone(context, view, `The fleet has a new key: ${view.pin}. Its hosts move to it by themselves.`)
}

function memberRow({ name, kind, state, notAfter, serial, reason }: TrustView['members'][number]): string[] {
  return [name, kind === 'tool' ? 'tool' : 'host', state, minute(notAfter), serial, reason]
}

function tokenRow({ id, pattern, state, expiresAt, usedBy }: JoinTokenView): string[] {
  return [id, pattern, state, minute(expiresAt), usedBy ?? '']
}
