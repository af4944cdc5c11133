import { deepEqual, equal, match, notEqual, throws } from 'node:assert/strict'
import { isServiceFault } from '../service-fault.ts'
import type { ServiceDefinition, ServiceSystem } from '../service-system.ts'
import { waitUntilGone, waitUntilRunning, waitUntilStopped } from '../wait-for-state.ts'

export interface ServiceContractOptions {
  readonly system: ServiceSystem
  /** Of a service that is not there yet; its program runs, and stops when it is asked. */
  readonly name: string
  readonly definition: ServiceDefinition
  /** Called after each step, such as to write it down. */
  readonly onStep?: (step: string) => void
  /** Whether the system keeps the account that it was told, as Wine does not. */
  readonly keepsAccount?: boolean
}

/** A service from its making to its end, as any system has it; throws `AssertionError` where it is not so. */
export async function proveServices(options: ServiceContractOptions): Promise<void> {
  const { system, name, definition, onStep = () => {}, keepsAccount = true } = options
  const { services } = system
  const waiting = { services, times: { askMs: 50, patienceMs: 60_000 } }

  equal(services.status(name), null)
  equal(services.defined(name), null)
  throws(
    () => services.start(name),
    (error) => isServiceFault(error, 'absent'),
  )
  throws(
    () => services.remove(name),
    (error) => isServiceFault(error, 'absent'),
  )
  onStep('one that is not there is told to be absent')

  const lacking = services.create(name, definition)
  onStep(`made; lacking: ${lacking.join(', ') || 'nothing'}`)
  equal(services.status(name)?.state, 'stopped')
  equal(services.status(name)?.pid, null)
  equal(services.defined(name)?.commandLine, definition.commandLine)
  equal(services.defined(name)?.displayName, definition.displayName)
  if (keepsAccount) equal(services.defined(name)?.account, definition.account)
  throws(
    () => services.create(name, definition),
    (error) => isServiceFault(error, 'exists'),
  )
  services.stop(name)
  onStep('no second one is made, and to stop one that does not run does nothing')

  services.start(name)
  const running = await waitUntilRunning(name, waiting)
  notEqual(running.pid, null)
  services.start(name)
  equal(services.status(name)?.pid, running.pid)
  onStep('it runs, and to start it again does nothing')

  const displayName = `${definition.displayName} 2`
  deepEqual(services.change(name, { ...definition, displayName }), lacking)
  equal(services.defined(name)?.displayName, displayName)
  equal(services.status(name)?.state, 'running')
  onStep('it is changed while it runs')

  services.stop(name)
  await waitUntilStopped(name, waiting)
  const ended = services.status(name)
  deepEqual([ended?.state, ended?.exitCode, ended?.pid], ['stopped', 0, null])
  onStep('it has stopped in good order')

  services.start(name)
  match((await waitUntilRunning(name, waiting)).state, /^running$/u)
  services.remove(name)
  equal(services.status(name)?.state, 'running')
  throws(
    () => services.change(name, definition),
    (error) => isServiceFault(error, 'leaving'),
  )
  onStep('one that runs is removed when it ends, and is not changed any more')
  services.stop(name)
  await waitUntilGone(name, waiting)
  equal(services.status(name), null)
  onStep('it is gone')
}
