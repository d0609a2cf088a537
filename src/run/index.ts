/** The engine: runs a checked plan over a workspace. One task loop for every kind of run. */
export {
  type AuditTarget,
  askJudge,
  auditOfRelease,
  auditOfStep,
  type Draw,
  type Drawn,
  drawRows,
  type Judge,
  type Judged,
  judgeFor,
  readCall,
} from './audit.ts'
export { auditFolder, conclude, type Evidence, inPercent, keepEvidence, type PeopleSaid } from './audit-evidence.ts'
export { type BiasReport, biasOf, biasOfRelease, biasOfRun, biasVerdict } from './bias.ts'
export { cancelBatches } from './cancel-batches.ts'
export { laboratory } from './collapse.ts'
export { type Funnel, funnelErrors } from './counts.ts'
export {
  type AtHand,
  type Change,
  type Cost,
  compareReleases,
  compareRuns,
  compareShapes,
  type Flat,
  grouped,
  type Mark,
  type Otherwise,
  outputRows,
  type ReleaseDiff,
  type RowDiff,
  type RunDiff,
  runNamed,
  type Shape,
  type ShapeDiff,
  type StepDiff,
  sameStep,
  shapeOf,
  type Why,
} from './diff/index.ts'
export { bytesBelow, type DiskForecast, forecastDisk, roomBeside } from './disk-forecast.ts'
export {
  type Ability,
  type Check,
  checkMachine,
  checkRecipe,
  checkWorkspace,
  type Probe,
  type Probed,
  probeTeacher,
} from './doctor/index.ts'
export {
  beginErasure,
  type Certificate,
  carryOut,
  type Erasure,
  erasureKey,
  findErasure,
  openPlace,
  pendingErasure,
  type Wanted,
} from './erase/index.ts'
export {
  type Evaluated,
  type EvaluationOptions,
  evaluationPlan,
  isExamRecipe,
  judgesOf,
  type Override,
  runEvaluation,
  studentOf,
} from './evaluation.ts'
export { type ExamAsked, examRecipe } from './exam-recipe.ts'
export { type ExamSet, examsOfFile, examsOfRelease, examsOfRun } from './exams.ts'
export {
  type ExportRequest,
  exportForPhase,
  exportRelease,
  type PhaseExport,
} from './export.ts'
export { gateFacts, type LeafTeacher, leafTeachers, teacherFacts, termsRoute, writerFacts } from './facts.ts'
export { type Against, againstBudget, type Estimate, type Figures, type Forecast, forecast } from './forecast.ts'
export {
  findNeeded,
  findWaste,
  type Kept,
  type Needed,
  removeWaste,
  sumOf,
  type Waste,
  type WasteKind,
  wasteKinds,
} from './gc/index.ts'
export {
  backgroundLog,
  type CommandEnd,
  listRuns,
  noteEnd,
  type PastRun,
  readEnd,
  readRun,
  readRunPlan,
} from './log.ts'
export { type Looked, lookAhead, lookAt } from './look.ts'
export { keepMeasured, type MeasuredFile, measuredOf } from './measured.ts'
export { forecastPlan, type PlanForecast } from './pilot.ts'
export { filesOf, madeProject, type Outside, openProject, type Project, wordsOf } from './project.ts'
export { callsBehind, type Exchange, exchanges, type Rejected, type RejectFilter, rejectsOf } from './rejects.ts'
export { gatesOf, type ReleaseOutcome, releaseFolder, releaseRun, signerFor } from './release.ts'
export { isReplay, type Replay, type ReplayOptions, replay } from './replay.ts'
export { driftVerdict, type Report, type ReportSide, reportOn, rowsOfFiles } from './report.ts'
export { type Retried, retry } from './retry.ts'
export { type Round, type RoundsOptions, type RoundsResult, runRounds } from './rounds.ts'
export { type RunOptions, type RunResult, run } from './run.ts'
export { type Clock, openSession, type Session, systemClock } from './session.ts'
export { readShard, type ShardRef, shardsOf } from './shards.ts'
export { readSpending, type Spending, worthOf } from './spending.ts'
export {
  type Ancestor,
  ancestorsOf,
  callsOf,
  recordsById,
  recordsOf,
  rootsOf,
  type Story,
  stageOf,
  tellStory,
} from './story.ts'
export { checkKeys, checkTerms } from './teachers.ts'
export {
  checkPrepared,
  curveOf,
  type EvaluateServed,
  type ExportRows,
  type ModelLineage,
  type PhaseEstimate,
  type PhaseName,
  type Prepared,
  placesIn,
  prepareTraining,
  readState,
  readTraining,
  recordedModel,
  runTraining,
  type Served,
  type State,
  type TellTraining,
  type Total,
  type TrainInput,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingPlan,
  type TrainingResult,
  type TrainRelease,
  type Warning,
  type WhichModel,
  type WrittenTraining,
  writeTraining,
} from './training/index.ts'
export { unansweredBy } from './unanswered.ts'
export { isRestricted, lastFinished, type VerdictChange, verdictChanges } from './verdicts.ts'
export { newestRelease, releasedBy, releaseOfRecipe } from './which-release.ts'
