import { attachByQemu, attachNbd } from '../actions/attach-nbd.ts'
import { attachLoop } from '../actions/attach-loop.ts'
import { hideFromUdev } from '../actions/hide-from-udev.ts'
import { loadModule } from '../actions/load-module.ts'
import { readPartitions } from '../actions/read-partitions.ts'
import { reserveDevice } from '../actions/reserve-device.ts'
import { serveDevice } from '../actions/serve-device.ts'
import { quick, step, type DraftStep } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'
import type { AttachFacts } from './facts.ts'
import type { AttachRequest } from './request.ts'
import { moduleFor, type Wanted, type Way } from './ways.ts'

interface Attaching {
  readonly facts: AttachFacts
  readonly request: Pick<AttachRequest, 'image' | 'inUse'>
  readonly wanted: Wanted
  readonly way: Way
  readonly purpose: 'attach' | 'mount'
  /** Put behind the ids, where a plan attaches twice. */
  readonly mark?: string
}

const reserved = (field: string, mark: string) => from(`reserve${mark}`, field)

/** From an image to a device with its partitions; the first step names the attachment and the device. */
export function attachSteps(attaching: Attaching): DraftStep[] {
  const { facts, request, wanted, way, purpose, mark = '' } = attaching
  const { host, image, ways } = facts
  const { isWritten, isThrowAway } = wanted
  const module = moduleFor(ways, way)
  const device = { attachment: reserved('attachment', mark), image, device: reserved('device', mark) }
  const isServed = way === 'nbd-client' || (way === 'qemu-nbd' && !isWritten)
  return [
    ...(module === null
      ? []
      : [step(loadModule, { id: `load${mark}`, host, input: { module }, estimate: quick })]),
    step(reserveDevice, {
      id: `reserve${mark}`,
      host,
      input: { attachment: freshId, image, how: way, isReadOnly: !isWritten, isThrowAway, purpose },
      estimate: quick,
    }),
    ...(ways.hasUdev
      ? [
          step(hideFromUdev, {
            id: `hide${mark}`,
            host,
            input: { attachment: device.attachment, device: device.device },
            estimate: quick,
          }),
        ]
      : []),
    ...(isServed
      ? [
          step(serveDevice, {
            id: `serve${mark}`,
            host,
            input: {
              attachment: reserved('attachment', mark),
              image: { ...request.image, path: image },
              device: reserved('device', mark),
              socket: reserved('socket', mark),
              inUse: request.inUse,
              isThrowAway,
            },
            estimate: quick,
          }),
        ]
      : []),
    attachStep(attaching, device, isServed),
    step(readPartitions, { id: `partitions${mark}`, host, input: device, estimate: quick }),
  ]
}

function attachStep(
  { facts: { host, sectorSize }, wanted: { isWritten, isThrowAway }, way, mark = '' }: Attaching,
  device: {
    readonly attachment: ReturnType<typeof from>
    readonly image: string
    readonly device: ReturnType<typeof from>
  },
  isServed: boolean,
): DraftStep {
  const place = { id: `attach${mark}`, host, estimate: quick }
  const sectors = sectorSize === 512 ? {} : { sectorSize }
  const isReadOnly = !isWritten && !isThrowAway
  switch (way) {
    case 'loop':
      return step(attachLoop, {
        ...place,
        input: { ...device, isReadOnly, ...sectors },
        ...(isWritten && { needs: ['nobody else uses the image'] }),
      })
    case 'nbd-client':
      return step(attachNbd, {
        ...place,
        input: { ...device, socket: reserved('socket', mark), isReadOnly, ...sectors },
      })
    case 'qemu-nbd':
      return step(attachByQemu, {
        ...place,
        input: {
          ...device,
          socket: isServed ? reserved('socket', mark) : null,
          processFile: reserved('processFile', mark),
          isReadOnly,
        },
        ...(isWritten && { needs: ['nobody else uses the image'] }),
      })
  }
}
