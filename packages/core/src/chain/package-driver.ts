import { checkImage } from './check-image.ts'
import { inspectChain, openChain } from './open-chain.ts'
import { ovaDriver } from '../formats/ova/driver.ts'

/** The driver of packages, whose disks are images of any format. */
export const packageDriver = ovaDriver({ open: openChain, inspect: inspectChain, check: checkImage })
