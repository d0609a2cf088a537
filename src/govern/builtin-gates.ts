import { accumulated } from './accumulated-gate.ts'
import { baseModel } from './base-model-gate.ts'
import { canaries } from './canaries-gate.ts'
import { decontaminated } from './decontaminated-gate.ts'
import { edgeCases, examFirst } from './evaluation-gates.ts'
import type { Gate } from './gate.ts'
import { bias, drift, judgeCalibrated, personalData, residualError } from './known-gates.ts'
import { licenses } from './licenses-gate.ts'
import { mirroredExam } from './mirrored-exam-gate.ts'
import { nearDuplicates } from './near-duplicates-gate.ts'
import { otherFamily } from './other-family-gate.ts'
import { privacyChecked } from './privacy-gate.ts'
import { realRows } from './real-rows-gate.ts'
import { robots } from './robots-gate.ts'
import { seeded } from './seeded-gate.ts'
import { terms } from './terms-gate.ts'

/** The gates of this version, in the order they are reported: may we, is it whole, how good is it. */
export const builtinGates: readonly Gate[] = [
  ...[terms, licenses, robots, baseModel],
  ...[
    decontaminated,
    mirroredExam,
    otherFamily,
    examFirst,
    seeded,
    realRows,
    accumulated,
    edgeCases,
    privacyChecked,
    canaries,
  ],
  ...[nearDuplicates, drift, bias, personalData, residualError, judgeCalibrated],
]
export const gateIds: readonly string[] = builtinGates.map(gate => gate.id)
