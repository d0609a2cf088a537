import type { Phase } from '../phase.ts'
import type { Config } from './settings.ts'

/**
 * Where the trainer itself reports to. Figures reach an MLflow server by our own runner, which reads them back; only where
 * the recipe sets the trainer's own key for MLflow does the trainer get address and experiment, or each run would stand there
 * twice.
 */
export function reportTo({ track, set }: Phase): string | string[] {
  const own = set.report_to
  if (typeof own === 'string' || Array.isArray(own)) return own as string | string[]
  return track.wandb ? 'wandb' : 'none'
}

/** Environment that transformers reads projects and servers from. */
export function trackingEnv(phase: Phase): { [name: string]: string } | undefined {
  const { wandb, mlflow } = phase.track
  const asked = [reportTo(phase)].flat()
  const env = {
    ...(wandb && (asked.includes('wandb') || asked.includes('all')) ? { WANDB_PROJECT: wandb } : {}),
    ...(mlflow && (asked.includes('mlflow') || asked.includes('all'))
      ? { MLFLOW_TRACKING_URI: mlflow.uri, MLFLOW_EXPERIMENT_NAME: mlflow.experiment }
      : {}),
  }
  return Object.keys(env).length > 0 ? env : undefined
}

/** The same as keys of axolotl. */
export function axolotlTracking({ name, track, set }: Phase): Config {
  return {
    ...(track.wandb ? { use_wandb: true, wandb_project: track.wandb, wandb_name: name } : {}),
    ...(track.mlflow && set.use_mlflow === true
      ? {
          mlflow_tracking_uri: track.mlflow.uri,
          mlflow_experiment_name: track.mlflow.experiment,
          mlflow_run_name: name,
        }
      : {}),
  }
}
