import { accumulated } from './accumulated-gate.ts'
import { decontaminated } from './decontaminated-gate.ts'
import type { Gate } from './gate.ts'
import { privacyChecked } from './privacy-gate.ts'
import { terms } from './terms-gate.ts'

/** The gates of this version, in the order they are reported. */
export const builtinGates: readonly Gate[] = [terms, decontaminated, accumulated, privacyChecked]
export const gateIds: readonly string[] = builtinGates.map(gate => gate.id)
