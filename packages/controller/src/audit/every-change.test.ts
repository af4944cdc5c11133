import type { Caller, Context } from '../router/context.ts'
import { appRouter } from '../router/root.ts'
import { expect, test } from 'vitest'
import type { AuditCall, AuditService } from './audit-log.ts'

const procedures = appRouter._def.procedures as unknown as Readonly<
  Record<string, { readonly _def: { readonly type: string } }>
>
const mutations = Object.keys(procedures).filter((path) => procedures[path]?._def.type === 'mutation')

function contextFor(identity: Caller['identity'], calls: [AuditCall, string][]): Context {
  const audit: Pick<AuditService, 'around'> = {
    async around(call, work, judge) {
      const value = await work()
      calls.push([call, judge(value).state])
      return value
    },
  }
  const caller: Caller = {
    peer: '192.0.2.1',
    origin: 'http://127.0.0.1:7070',
    identity,
    isAlive: async () => true,
    end: () => undefined,
    call: (work) => work(),
    stream: () => ({ [Symbol.dispose]: () => undefined }),
    drained: async () => undefined,
  }
  return { services: { audit }, caller } as unknown as Context
}

const ofAgents = (path: string) => path.startsWith('agents.')

test('there are changes, and all that are not of agents are known to be of people', () => {
  expect(mutations.filter(ofAgents).length).toBeGreaterThan(5)
  expect(mutations.filter((path) => !ofAgents(path)).length).toBeGreaterThan(15)
})

/** Calls a procedure as the server does, with an input that none takes. */
async function call(path: string, context: Context): Promise<unknown> {
  const [router = '', name = ''] = path.split('.')
  const caller = appRouter.createCaller(context) as unknown as Record<
    string,
    Record<string, (input: unknown) => Promise<unknown>>
  >
  return await caller[router]?.[name]?.({ none: Symbol.iterator.toString(), id: 7, name: 7 })
}

test.each(mutations.filter((path) => !ofAgents(path)))(
  '%s is a line, whoever asks and however it ends',
  async (path) => {
    const identities: readonly Caller['identity'][] = [
      { kind: 'local' },
      { kind: 'nobody', why: null },
      { kind: 'agent', host: 'north', serial: '01' },
    ]
    for (const identity of identities) {
      const calls: [AuditCall, string][] = []
      await expect(call(path, contextFor(identity, calls))).rejects.toThrow()
      expect(calls).toHaveLength(1)
      const [[line, state] = []] = calls
      expect(line).toMatchObject({ what: path, peer: '192.0.2.1', who: { kind: identity.kind } })
      expect(['refused', 'failed']).toContain(state)
    }
  },
)
