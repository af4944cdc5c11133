import type { Grant, PersonView, SessionView, SignInLink } from '@varve/protocol/people'
import type { CommandContext, Outcome } from '../command.ts'
import { UsageError } from '../command.ts'
import { askFleet, type FleetOptions } from '../fleet.ts'
import { exitCodes } from '../exit-codes.ts'
import { printDone } from '../output/print-done.ts'
import { table } from '../output/table.ts'
import { minute } from '../output/minute.ts'
import { rightsOf, roleOf, type RightOptions } from './grant-options.ts'

export interface GrantOptions extends FleetOptions, RightOptions {
  /** Bounds that there were are taken away. */
  readonly everywhere?: boolean
}

const columns = [
  { title: 'NAME', cut: 'middle' },
  { title: 'ROLE' },
  { title: 'WHERE', cut: 'end' },
  { title: 'SIGNED IN' },
  { title: 'BY', cut: 'end' },
  { title: 'STATE' },
] as const

const sessionColumns = [
  { title: 'SESSION', cut: 'middle' },
  { title: 'PERSON', cut: 'middle' },
  { title: 'KIND' },
  { title: 'FROM' },
  { title: 'SINCE' },
  { title: 'UNTIL' },
] as const

/** `varve people` */
export async function people(options: FleetOptions, context: CommandContext): Outcome {
  const all = await askFleet(options, context, ({ api }) => api.people.list.query())
  if (context.json) context.print(JSON.stringify(all, null, 2))
  else if (all.length === 0) context.print('Nobody may sign in yet: varve people add NAME admin.')
  else context.print(table(columns, all.map(personRow), context.config))
  return exitCodes.ok
}

/** `varve people add NAME [ROLE]` */
export async function peopleAdd(
  name: string,
  role: string | undefined,
  options: GrantOptions,
  context: CommandContext,
): Outcome {
  const grant = grantOf(role ?? 'viewer', options)
  const link = await askFleet(options, context, ({ api }) => api.people.add.mutate({ name, ...grant }))
  return showLink(link, context)
}

/** `varve people role NAME ROLE` */
export async function peopleRole(
  name: string,
  role: string,
  options: GrantOptions,
  context: CommandContext,
): Outcome {
  const grant = grantOf(role, options)
  const person = await askFleet(options, context, async ({ api }) => {
    const isSaid = grant.rights !== null || options.everywhere === true || grant.role !== 'operator'
    const known = isSaid ? null : (await api.people.list.query()).find((one) => one.name === name)
    if (known?.rights)
      throw new UsageError(
        `${name} works${whereInWords(known).replace(/^,/u, '')} only: say --everywhere, or where again.`,
      )
    return await api.people.setGrant.mutate({ name, ...grant })
  })
  return printDone(context, person, `${name} is ${withArticle(person.role)} now${whereInWords(person)}.`)
}

/** `varve people link NAME` */
export async function peopleLink(
  name: string,
  options: FleetOptions & { readonly forget?: boolean },
  context: CommandContext,
): Outcome {
  const forgets = options.forget === true
  const link = await askFleet(options, context, ({ api }) => api.people.link.mutate({ name, forgets }))
  return showLink(link, context)
}

/** `varve people disable NAME`, `varve people enable NAME` */
export async function peopleDisable(
  name: string,
  isDisabled: boolean,
  options: FleetOptions,
  context: CommandContext,
): Outcome {
  const person = await askFleet(options, context, ({ api }) =>
    api.people.setDisabled.mutate({ name, isDisabled }),
  )
  return printDone(context, person, isDisabled ? `${name} is kept out.` : `${name} may sign in again.`)
}

/** `varve people remove NAME` */
export async function peopleRemove(name: string, options: FleetOptions, context: CommandContext): Outcome {
  await askFleet(options, context, ({ api }) => api.people.remove.mutate({ name }))
  return printDone(context, { removed: name }, `${name} is removed, with all sessions and keys.`)
}

/** `varve people sessions` */
export async function peopleSessions(
  options: FleetOptions & { readonly end?: string },
  context: CommandContext,
): Outcome {
  const { end } = options
  if (end !== undefined) {
    await askFleet(options, context, ({ api }) => api.people.endSession.mutate({ id: end }))
    return printDone(context, { ended: end }, `${end} is over.`)
  }
  const all = await askFleet(options, context, ({ api }) => api.people.sessions.query())
  if (context.json) context.print(JSON.stringify(all, null, 2))
  else if (all.length === 0) context.print('Nobody is signed in.')
  else context.print(table(sessionColumns, all.map(sessionRow), context.config))
  return exitCodes.ok
}

function showLink(link: SignInLink, context: CommandContext): typeof exitCodes.ok {
  const words = `Signs ${link.person} in once, until ${minute(link.expiresAt)}; it is not shown again:\n\n  ${link.url}\n`
  return printDone(context, link, words)
}

function grantOf(role: string, options: GrantOptions): Grant {
  const rights = rightsOf(options)
  const known = roleOf(role)
  if (rights !== null && known !== 'operator')
    throw new UsageError(
      `--hosts, --libraries and --operations are for operators: ${withArticle(known)} is not bound to places.`,
    )
  return { role: known, rights }
}

function personRow(person: PersonView): string[] {
  const by = [
    ...(person.isFromSingleSignOn ? ['single sign-on'] : []),
    ...(person.hasPassword ? [person.hasOneTimeCodes ? 'password and code' : 'password'] : []),
    ...(person.passkeys > 0 ? [`${person.passkeys} passkeys`.replace(/^1 passkeys$/u, '1 passkey')] : []),
    ...(person.keys > 0 ? [`${person.keys} keys`.replace(/^1 keys$/u, '1 key')] : []),
  ]
  return [
    person.name,
    person.role,
    whereInWords(person).replace(/^, /u, '') || 'everywhere',
    person.seenAt === null ? 'never' : minute(person.seenAt),
    by.join(', '),
    person.isDisabled ? 'kept out' : '',
  ]
}

/** Where a grant holds, for the end of a sentence; empty: everywhere. */
function whereInWords({ rights }: Pick<Grant, 'rights'>): string {
  if (rights === null) return ''
  if (rights.length === 0) return ', nowhere'
  const all = rights.map(({ hosts, libraries, operations }) =>
    [
      ...(operations === null ? [] : [operations.join(', ')]),
      ...(libraries === null ? [] : [`in ${libraries.join(', ')}`]),
      ...(hosts === null ? [] : [`on ${hosts.join(', ')}`]),
    ].join(' '),
  )
  return `, ${all.map((one) => one || 'everywhere').join('; ')}`
}

function sessionRow({ id, person, kind, address, madeAt, expiresAt }: SessionView): string[] {
  return [id, person, kind, address, minute(madeAt), minute(expiresAt)]
}

function withArticle(role: string): string {
  return `${/^[aeiou]/u.test(role) ? 'an' : 'a'} ${role}`
}
