import { checkImage } from './check-image.ts'
import { inspectChain, openChain } from './open-chain.ts'
import { machineDriver } from '../formats/machine/driver.ts'
import { pvmMachine } from '../formats/pvm/config.ts'
import { utmMachine } from '../formats/utm/config.ts'

const images = { open: openChain, inspect: inspectChain, check: checkImage }

/** The drivers of machines' folders, whose disks are images of any format. */
export const utmDriver = machineDriver(utmMachine, images)
export const pvmDriver = machineDriver(pvmMachine, images)
