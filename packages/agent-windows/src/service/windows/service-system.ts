import type { ServiceSystem } from '../service-system.ts'
import { windowsAccountRights } from './account-rights.ts'
import { windowsEventLogs } from './event-logs.ts'
import { windowsServices } from './service-control.ts'

/** Services of the Windows that this process runs on. */
export const windowsServiceSystem: ServiceSystem = {
  services: windowsServices,
  rights: windowsAccountRights,
  events: windowsEventLogs,
}
