// A program for Windows, run by node.exe: proves the service control manager under the contract of the port, with itself as
// the service. Its words: `prove FILE` writes a line for each step to the file; `serve FILE` is what the system starts.
import { appendFileSync } from 'node:fs'
import { commandLine } from '../command-line.ts'
import { agentService, passThrough } from '../definition.ts'
import { runService } from '../run-service.ts'
import { virtualAccountSid } from '../virtual-account.ts'
import { windowsServiceProcess } from '../windows/service-process.ts'
import { windowsServiceSystem } from '../windows/service-system.ts'
import { proveServices } from './service-contract.ts'

const name = 'varve-proof'
const [word, file = ''] = process.argv.slice(2)
const note = (line: string): void => appendFileSync(file, `${line}\n`)

async function prove(): Promise<void> {
  const script = process.argv[1] ?? ''
  const definition = agentService(
    { node: process.execPath, nodeWords: [], script },
    { data: file, privileges: [passThrough] },
  )
  await proveServices({
    system: windowsServiceSystem,
    name,
    definition: { ...definition, commandLine: commandLine([process.execPath, script, 'serve', file]) },
    onStep: note,
  })
  proveRights()
}

/** Users, who may do nothing that everybody may not. */
const users = 'S-1-5-32-545'

function proveRights(): void {
  const { rights } = windowsServiceSystem
  const account = virtualAccountSid(name)
  note(`rights: ${rights.join(users, account)} ${rights.join('S-1-5-32-999', account)}`)
  rights.leave(users, account)
  note(`privilege: ${rights.grant(account, passThrough)} ${rights.grant(account, 'SeNoSuchPrivilege')}`)
  rights.revoke(account)
}

async function serve(): Promise<number> {
  windowsServiceSystem.events.addSource(name)
  using log = windowsServiceSystem.events.open(name)
  const events = {
    report(event: Parameters<typeof log.report>[0]) {
      note(`event ${event.kind} ${event.id} ${event.text}`)
      log.report(event)
    },
    [Symbol.dispose]() {},
  }
  const code = await runService({
    name,
    process: windowsServiceProcess(),
    events,
    start: async () => ({ stop: async () => {}, due: new Promise<void>(() => {}) }),
  })
  windowsServiceSystem.events.removeSource(name)
  return code
}

const work = word === 'serve' ? serve() : prove().then(() => note('proven'))
work.then(
  (code) => process.exit(code ?? 0),
  (error: unknown) => {
    note(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exit(1)
  },
)
