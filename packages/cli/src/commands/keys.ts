import type { ApiKeyView } from '@varve/protocol/people'
import type { CommandContext, Outcome } from '../command.ts'
import { UsageError } from '../command.ts'
import { askFleet, type FleetOptions } from '../fleet.ts'
import { exitCodes } from '../exit-codes.ts'
import { printDone } from '../output/print-done.ts'
import { table } from '../output/table.ts'
import { minute } from '../output/minute.ts'
import { rightsOf, roleOf, type RightOptions } from './grant-options.ts'

export interface MakeKeyOptions extends FleetOptions, RightOptions {
  readonly role: string
  readonly days: string
}

interface WhoseOptions extends FleetOptions {
  readonly anyone?: boolean
}

const columns = [
  { title: 'KEY', cut: 'middle' },
  { title: 'PERSON', cut: 'middle' },
  { title: 'NAME', cut: 'end' },
  { title: 'ROLE' },
  { title: 'BEGINS' },
  { title: 'UNTIL' },
  { title: 'LAST USED' },
] as const

/** `varve keys` */
export async function keys(options: WhoseOptions, context: CommandContext): Outcome {
  const all = await askFleet(options, context, ({ api }) =>
    options.anyone === true ? api.people.keys.query() : api.account.keys.query(),
  )
  if (context.json) context.print(JSON.stringify(all, null, 2))
  else if (all.length === 0) context.print('There are no keys: varve keys make NAME.')
  else context.print(table(columns, all.map(keyRow), context.config))
  return exitCodes.ok
}

/** `varve keys make NAME` */
export async function keysMake(name: string, options: MakeKeyOptions, context: CommandContext): Outcome {
  const wish = {
    name,
    role: roleOf(options.role),
    rights: rightsOf(options),
    validDays: daysOf(options.days),
  }
  const made = await askFleet(options, context, ({ api }) => api.account.makeKey.mutate(wish))
  const until = made.key.expiresAt === null ? 'without an end' : `until ${minute(made.key.expiresAt)}`
  const words = `For ${made.key.role}s’ work as ${made.key.person}, ${until}; it is not shown again:\n\n  ${made.text}\n\nThe command takes it from VARVE_KEY, other programs send it as "Authorization: Bearer …".`
  return printDone(context, made, words)
}

/** `varve keys revoke KEY` */
export async function keysRevoke(id: string, options: WhoseOptions, context: CommandContext): Outcome {
  await askFleet(options, context, ({ api }) =>
    options.anyone === true ? api.people.revokeKey.mutate({ id }) : api.account.revokeKey.mutate({ id }),
  )
  return printDone(context, { revoked: id }, `${id} lets nobody in any more.`)
}

function daysOf(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= 3660) return days
  throw new UsageError(`--days ${text}: a whole number from 1 to 3660.`)
}

function keyRow({ id, person, name, role, start, expiresAt, usedAt }: ApiKeyView): string[] {
  return [
    id,
    person,
    name,
    role,
    `${start}…`,
    expiresAt === null ? 'no end' : minute(expiresAt),
    usedAt === null ? 'never' : minute(usedAt),
  ]
}
